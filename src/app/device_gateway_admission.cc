// SPDX-License-Identifier: Apache-2.0
// What a check has to do with the board: a place for every task that begins, the times at which the
// server acts by itself, what is watched after an installation, and reports that come too late.
#include <algorithm>
#include <limits>

#include "app/device_gateway.h"
#include "app/engine.h"
#include "app/touched.h"
#include "base/limits.h"
#include "domain/facts.h"
#include "domain/rollout.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using domain::Aftermath;
using domain::Task;
using domain::TaskEvent;
using domain::TaskState;

// The board as one device sees it: its own pending task of the component makes room for the one
// that takes its place, and what was refused a moment ago stays refused, so that deciding again
// ends.
class LiveView final : public domain::Admissions {
 public:
  LiveView(const RolloutBoard& board, const Task* open) : board_(board), open_(open) {}
  int64_t freed(domain::DeploymentId deployment) const {
    const bool gives_way = open_ != nullptr && open_->deployment == deployment &&
                           open_->state != TaskState::awaiting_consent;
    return gives_way ? 1 : 0;
  }
  domain::Admission look(domain::DeploymentId deployment, int64_t bytes,
                         base::Time now) const override {
    if (refused_ && deployment == refused_by_) return *refused_;
    return board_.look(deployment, bytes, now, freed(deployment));
  }
  bool has_refused(domain::DeploymentId deployment) const {
    return refused_.has_value() && refused_by_ == deployment;
  }
  domain::Decision wait(domain::Decision decision) const {
    decision.reason = refused_->braked ? domain::Reason::braked : domain::Reason::rate_limited;
    decision.offer.reset();
    decision.superseded = {};
    decision.label = refused_->limit;
    decision.retry_at = refused_->retry_at;
    return decision;
  }
  void refuse(domain::DeploymentId deployment, const domain::Admission& why) {
    refused_by_ = deployment;
    refused_ = why;
  }

 private:
  const RolloutBoard& board_;
  const Task* open_;
  domain::DeploymentId refused_by_;
  std::optional<domain::Admission> refused_;
};

// What ends in success twice, or fails twice, is a repetition and not too late.
bool repeats(const Task& task, TaskEvent event) {
  switch (task.state) {
    case TaskState::succeeded:
      return event != TaskEvent::failed;
    case TaskState::failed:
      return event == TaskEvent::failed;
    case TaskState::cancelled:
      return event == TaskEvent::cancel;
    case TaskState::expired:
      return event == TaskEvent::expire;
    case TaskState::pending:
    case TaskState::downloading:
    case TaskState::upgrading:
    case TaskState::paused:
    case TaskState::awaiting_consent:
      return true;
  }
  return true;
}

}  // namespace

domain::Decision DeviceGateway::decide_now(const Touched& what, const domain::CheckIn& check_in,
                                           TaskBirth birth) {
  const auto& device = what.current();
  RolloutBoard& board = engine_.board();
  LiveView live(board, device.open_task(check_in.slot));
  while (true) {
    auto decision = domain::decide(*snapshot_, device, check_in, now_, nullptr, &live);
    const bool waits = decision.reason == domain::Reason::rate_limited && decision.retry_at;
    if (birth == TaskBirth::none) return decision;
    if (waits) {
      decision.retry_at =
          board.come_back(decision.deployment, device.key, *decision.retry_at, now_);
    }
    if (!decision.offer) return decision;
    const Task* task = decision.task ? device.task(decision.task) : nullptr;
    if (task != nullptr && task->state != TaskState::awaiting_consent) return decision;
    const auto deployment = decision.offer->deployment;
    // A device that has a task of it is not asked about rates by decide(): here it needs a place
    // all the same, because its task waited for consent or gives way to a newer one.
    if (live.has_refused(deployment)) return live.wait(std::move(decision));
    auto reserved =
        board.reserve(deployment, decision.offer->bytes, now_, live.freed(deployment));
    if (reserved.place) {
      places_.push_back(std::move(reserved.place));
      return decision;
    }
    live.refuse(deployment, reserved.refusal);
  }
}

// For a task that begins without a check. Its bytes are those of its packages.
bool DeviceGateway::claim(const Task& task) {
  int64_t bytes = 0;
  for (const auto id : task.chain) {
    if (const auto* package = snapshot_->package(id)) bytes += package->size_bytes;
  }
  auto reserved = engine_.board().reserve(task.deployment, bytes, now_);
  if (!reserved.place) return false;
  places_.push_back(std::move(reserved.place));
  return true;
}

// Every word about an open task starts its time anew.
void DeviceGateway::set_due(Task& task) const {
  if (task.aftermath == Aftermath::watched) return;
  const auto* rules = snapshot_->deployment(task.deployment);
  const int64_t patience =
      rules == nullptr ? 0 : domain::patience_ms(*rules->deployment, task.state);
  task.due_at = patience > 0 ? now_ + patience : base::Time{};
}

// A device that says by itself which version it runs has come back already; one that says
// "installed" may be about to start anew, and has to come back within the time.
void DeviceGateway::begin_watch(Task& task, TaskEvent event) const {
  const auto* rules = snapshot_->deployment(task.deployment);
  if (rules == nullptr) return;
  const domain::Watch& watch = rules->deployment->watch;
  if (watch.silence_ms <= 0 && watch.health_ms <= 0) return;
  const bool is_back = event == TaskEvent::version_reported;
  const int64_t wait = watch.silence_ms > 0 && !is_back ? watch.silence_ms : watch.health_ms;
  task.aftermath = wait > 0 ? Aftermath::watched : Aftermath::healthy;
  task.due_at = wait > 0 ? now_ + wait : base::Time{};
}

void DeviceGateway::note_health(Touched& what, std::string_view said) {
  if (said != domain::facts::kUnhealthy) return;
  std::vector<domain::TaskId> blamed;
  for (const Task& task : what.current().tasks) {
    const auto* rules = snapshot_->deployment(task.deployment);
    if (rules == nullptr || rules->deployment->watch.health_ms <= 0) continue;
    const bool watched = task.aftermath == Aftermath::watched;
    const bool came_late = task.aftermath == Aftermath::silent &&
                           now_ - task.updated_at <= rules->deployment->watch.health_ms;
    if (watched || came_late) blamed.push_back(task.id);
  }
  for (const auto id : blamed) {
    auto& tasks = what.working().tasks;
    Task& task =
        *std::find_if(tasks.begin(), tasks.end(), [id](const Task& row) { return row.id == id; });
    task.aftermath = Aftermath::unhealthy;
    note_task(what, task, task.state, domain::facts::kUnhealthy, "the device says so");
  }
}

void DeviceGateway::note_late(Touched& what, domain::TaskId id, TaskEvent event,
                              std::string_view result, std::string_view detail) {
  const Task* known = what.current().task(id);
  if (door_ == kOperatorDoor || repeats(*known, event)) return;
  const bool runs_it = event == TaskEvent::installed || event == TaskEvent::version_reported;
  if (runs_it) {
    const std::string slot = known->slot;
    const std::string version = known->target_version;
    record_version(what, slot, known->product, version);
  }
  // A device that repeats itself does not write for ever: the history has an end, and so has this.
  known = what.current().task(id);
  if (known->history_count >= static_cast<int64_t>(limits::kHistoryPerTaskMax)) return;
  // Progress comes in a row; one line a minute tells it.
  const bool progress = event == TaskEvent::download_started || event == TaskEvent::downloaded;
  if (progress && now_ - known->updated_at < base::kMinuteMs) return;
  auto& tasks = what.working().tasks;
  Task& task =
      *std::find_if(tasks.begin(), tasks.end(), [id](const Task& row) { return row.id == id; });
  std::string words(result);
  if (!result.empty() && !detail.empty()) words += " ";
  words += detail;
  note_task(what, task, task.state, "late: " + std::string(domain::name_of(event)), words);
}

// The counters have to know all its tasks, also those that are too old to be kept in memory. They
// do not change any more; flushing makes sure that the store has their last state.
base::Status DeviceGateway::erase(DeviceRef device) {
  Touched& what = touched(device);
  what.erased = true;
  const auto& known = what.current();
  if (known.tasks.size() < limits::kTasksInStateMax) return {};
  OTARU_CHECK(engine_.committer().flush());
  TaskFilter filter;
  filter.device = known.id;
  filter.before_id = std::numeric_limits<int64_t>::max();
  filter.limit = limits::kVerifyTasksPage;
  while (true) {
    OTARU_TRY(page, engine_.store().list_tasks(filter));
    for (const auto& task : page) {
      if (what.base && what.base->task(task.id) == nullptr) what.forgotten.push_back(task);
    }
    if (page.size() < filter.limit) return {};
    filter.before_id = page.back().id.value;
  }
}

}  // namespace otaru::app
