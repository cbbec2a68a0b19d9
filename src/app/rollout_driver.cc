// SPDX-License-Identifier: Apache-2.0
#include "app/rollout_driver.h"

#include <algorithm>
#include <chrono>

#include "base/limits.h"
#include "base/log.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;
using domain::Deployment;
using domain::DeploymentState;
using What = RolloutStep::What;

// Tasks fall due without the driver being told.
constexpr int64_t kDriverTickMs = 1'000;

RolloutStep make_step(What what, const Deployment& row, std::string why) {
  RolloutStep out;
  out.what = what;
  out.deployment = row.id;
  out.open_waves = row.rollout.open_waves;
  out.why = std::move(why);
  return out;
}

bool may_have_something_due(const Deployment& row) {
  switch (row.state) {
    case DeploymentState::scheduled:
      return true;
    case DeploymentState::running:
      return row.deadline || row.waves.size() > 1;
    case DeploymentState::paused:
      return row.deadline.has_value();
    case DeploymentState::draft:
    case DeploymentState::awaiting_approval:
    case DeploymentState::finished:
    case DeploymentState::cancelled:
    case DeploymentState::rolled_back:
      return false;
  }
  return false;
}

What what_of(domain::BrakeAction action) {
  switch (action) {
    case domain::BrakeAction::pause:
      return What::pause;
    case domain::BrakeAction::cancel:
      return What::cancel;
    case domain::BrakeAction::roll_back:
      return What::roll_back;
  }
  return What::pause;
}

std::string seconds(int64_t ms) {
  return std::to_string(ms / 1'000) + " s";
}

}  // namespace

RolloutDriver::RolloutDriver(Engine& engine, CatalogueService& catalogue, Mode mode)
    : engine_(engine), catalogue_(catalogue), mode_(mode) {}

RolloutDriver::~RolloutDriver() {
  stop();
}

void RolloutDriver::stop() {
  {
    const std::lock_guard lock(wake_mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

base::Status RolloutDriver::start() {
  up_since_ = engine_.clock().now();
  OTARU_TRY(open, engine_.store().deployments_with_open_tasks());
  const auto snapshot = engine_.snapshot();
  for (const auto id : open) {
    const auto* found = snapshot->deployment(id);
    if (found == nullptr || domain::has_ended(found->deployment->state)) to_sweep_[id] = {};
  }
  if (mode_ == Mode::thread) thread_ = std::thread([this] { run(); });
  return {};
}

void RolloutDriver::wake() {
  {
    const std::lock_guard lock(wake_mutex_);
    woken_ = true;
  }
  wake_.notify_all();
}

std::optional<base::Time> RolloutDriver::next_known() const {
  const std::lock_guard lock(wake_mutex_);
  return next_;
}

void RolloutDriver::note(base::Time at) {
  const std::lock_guard lock(wake_mutex_);
  if (!next_ || at < *next_) next_ = at;
}

void RolloutDriver::run() {
  while (true) {
    const bool more = drive(engine_.clock().now());
    std::unique_lock lock(wake_mutex_);
    if (stopping_) return;
    int64_t pause = kDriverTickMs;
    if (next_) pause = std::clamp<int64_t>(*next_ - engine_.clock().now(), 0, kDriverTickMs);
    if (!more) {
      wake_.wait_for(lock, std::chrono::milliseconds(pause),
                     [this] { return stopping_ || woken_; });
    }
    if (stopping_) return;
    woken_ = false;
  }
}

bool RolloutDriver::drive(base::Time now) {
  const std::lock_guard lock(turn_mutex_);
  {
    const std::lock_guard wake_lock(wake_mutex_);
    next_.reset();
  }
  look_at_catalogue(now);
  bool more = take(steps_due(now));
  if (more) look_at_catalogue(now);
  const auto count = [&more](const char* what, const base::Result<bool>& done) {
    if (done) {
      more = more || *done;
      return;
    }
    base::log::warn("rollout.failed", {{"doing", what}, {"message", done.error().message}});
  };
  count("tasks that are due", take_due_tasks(now));
  count("tasks of ended deployments", sweep_ended(now));
  return more;
}

// What may be due, and what has ended since the last turn.
void RolloutDriver::look_at_catalogue(base::Time now) {
  const auto snapshot = engine_.snapshot();
  if (snapshot == seen_) return;
  watched_.clear();
  std::map<domain::DeploymentId, bool> known;
  for (const auto& row : snapshot->rows().deployments) {
    if (may_have_something_due(row)) watched_.push_back(row.id);
    const bool ended = domain::has_ended(row.state);
    const auto before = known_.find(row.id);
    const bool new_end = ended && before != known_.end() && !before->second;
    if (new_end) to_sweep_[row.id] = {{}, now + limits::kSweepAgainMs};
    known.emplace(row.id, ended);
  }
  for (const auto& [id, ended] : known_) {
    if (!known.contains(id)) to_sweep_[id] = {{}, now + limits::kSweepAgainMs};
  }
  known_ = std::move(known);
  seen_ = snapshot;
}

// --- Steps of deployments ------------------------------------------------------------------------

std::vector<RolloutStep> RolloutDriver::steps_due(base::Time now) {
  std::vector<RolloutStep> out = brakes_tripped();
  for (const auto id : watched_) {
    const bool braked = std::any_of(out.begin(), out.end(),
                                    [id](const auto& step) { return step.deployment == id; });
    if (braked) continue;
    const auto* found = seen_->deployment(id);
    if (auto step = step_of(*found->deployment, now)) out.push_back(std::move(*step));
  }
  return out;
}

// The board lets nothing begin any more; what is left to do is what the brake says.
std::vector<RolloutStep> RolloutDriver::brakes_tripped() const {
  std::vector<RolloutStep> out;
  for (auto& tripped : engine_.board().tripped()) {
    const auto* found = seen_->deployment(tripped.deployment);
    if (found == nullptr || found->deployment->state != DeploymentState::running) continue;
    auto step = make_step(what_of(tripped.brake.action), *found->deployment,
                          "brake " + std::to_string(tripped.index + 1) + ": " + tripped.why);
    step.back_to = {tripped.brake.back_to_release, tripped.brake.back_to_kit};
    out.push_back(std::move(step));
  }
  return out;
}

std::optional<RolloutStep> RolloutDriver::step_of(const Deployment& row, base::Time now) {
  if (row.deadline) {
    if (*row.deadline <= now) return make_step(What::finish, row, "the deadline has passed");
    note(*row.deadline);
  }
  if (row.state == DeploymentState::scheduled) {
    if (!row.starts_at || *row.starts_at <= now) {
      return make_step(What::start, row, "its time has come");
    }
    note(*row.starts_at);
    return std::nullopt;
  }
  if (row.state != DeploymentState::running) return std::nullopt;
  return gate_step(row, now);
}

std::optional<RolloutStep> RolloutDriver::gate_step(const Deployment& row, base::Time now) {
  const auto open = row.rollout.open_waves;
  if (open < 1 || open >= static_cast<int64_t>(row.waves.size())) return std::nullopt;
  const domain::Wave& wave = row.waves[static_cast<size_t>(open - 1)];
  const auto verdict = catalogue_.weigh_gate(row);
  const auto& met = row.rollout.gate_met_at;
  if (!verdict.holds) {
    if (!met) return std::nullopt;
    return make_step(What::gate, row,
                     "the gate of wave " + wave.name + " holds no more: " + verdict.numbers);
  }
  if ((wave.gate.soak_ms > 0 || wave.gate.approval) && !met) {
    auto step = make_step(What::gate, row,
                          "the gate of wave " + wave.name + " holds: " + verdict.numbers);
    step.gate_met_at = now;
    return step;
  }
  const base::Time soaked = met ? *met + wave.gate.soak_ms : now;
  if (soaked > now) {
    note(soaked);
    return std::nullopt;
  }
  if (wave.gate.approval && !row.rollout.next_approved) return std::nullopt;
  std::string why = "the gate of wave " + wave.name + " holds";
  if (wave.gate.soak_ms > 0) why += " for " + seconds(now - *met);
  return make_step(What::open_wave, row, why + ": " + verdict.numbers);
}

// True when something was done.
bool RolloutDriver::take(std::vector<RolloutStep> steps) {
  if (steps.empty()) return false;
  const auto taken = catalogue_.take_steps(steps);
  if (taken) return *taken > 0;
  base::log::warn("rollout.step_failed",
                  {{"steps", steps.size()}, {"message", taken.error().message}});
  if (taken.error().code == Code::unavailable || taken.error().code == Code::exhausted) {
    return false;
  }
  // One of them cannot be done, and must not keep the others from it.
  bool any = false;
  for (auto& step : steps) {
    auto alone = catalogue_.take_steps({&step, 1});
    const bool lost = !alone && step.what == What::roll_back;
    if (lost) {
      // Nothing to lead devices back to: then at least no other one gets it.
      step.what = What::cancel;
      step.why += "; not rolled back: " + alone.error().message;
      alone = catalogue_.take_steps({&step, 1});
    }
    any = any || (alone && *alone > 0);
  }
  return any;
}

// --- Tasks ---------------------------------------------------------------------------------------

base::Result<bool> RolloutDriver::take_due_tasks(base::Time now) {
  OTARU_TRY(tasks, engine_.store().due_tasks(now, limits::kDueTasksPerTurn));
  if (tasks.empty()) return false;
  std::vector<domain::DeviceId> devices;
  devices.reserve(tasks.size());
  for (const auto& task : tasks) devices.push_back(task.device);
  OTARU_TRY(seen, engine_.last_seen(devices));
  std::vector<char> kept(tasks.size(), 1);
  OTARU_CHECK(engine_.run_many(
      kServerDoor, tasks.size(), [&](size_t i, DeviceGateway& gateway) -> base::Status {
        OTARU_TRY(device, gateway.identify_by_task(tasks[i].id));
        OTARU_TRY(carried, gateway.fall_due(device, tasks[i].id, {seen[i], up_since_}));
        kept[i] = carried ? 1 : 0;
        return {};
      }));
  // Too many newer tasks push one out of its device's memory, and nobody can change it any more.
  WriteBatch forgotten;
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (kept[i] != 0) continue;
    tasks[i].due_at = {};
    forgotten.ops.emplace_back(std::move(tasks[i]));
  }
  if (!forgotten.ops.empty()) OTARU_CHECK(engine_.write_and_wait(std::move(forgotten)));
  return tasks.size() == limits::kDueTasksPerTurn;
}

base::Result<bool> RolloutDriver::sweep_ended(base::Time now) {
  for (auto at = to_sweep_.begin(); at != to_sweep_.end();) {
    auto& sweep = at->second;
    OTARU_TRY(tasks,
              engine_.store().open_tasks(at->first, sweep.after, limits::kSweptTasksPerTurn));
    if (tasks.empty() && now >= sweep.again_until) {
      at = to_sweep_.erase(at);
      continue;
    }
    ++at;
    sweep.after = tasks.empty() ? domain::TaskId() : tasks.back().id;
    if (tasks.empty()) {
      note(sweep.again_until);
      continue;
    }
    // Looking at a device is enough: what has ended is ended then (DeviceGateway::settle).
    OTARU_CHECK(engine_.run_many(kServerDoor, tasks.size(),
                                 [&](size_t i, DeviceGateway& gateway) -> base::Status {
                                   OTARU_CHECK(gateway.identify_by_task(tasks[i].id));
                                   return {};
                                 }));
    if (tasks.size() == limits::kSweptTasksPerTurn) return true;
  }
  return false;
}

}  // namespace otaru::app
