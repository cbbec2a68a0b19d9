// SPDX-License-Identifier: Apache-2.0
// Consent: what somebody behind a device says of its updates, and the tasks that wait for it.
#include <algorithm>

#include "app/device_gateway.h"
#include "app/touched.h"
#include "base/limits.h"
#include "domain/consent.h"
#include "domain/plan.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using domain::ConsentStep;
using domain::Task;
using domain::TaskEvent;
using domain::TaskState;

base::Status check_until(const ConsentSaid& said, base::Time now) {
  const bool may = said.step == ConsentStep::chosen || said.step == ConsentStep::postponed;
  if (!said.until) {
    if (said.step != ConsentStep::postponed) return {};
    return base::fail_rule(base::Code::invalid, "until", "required", "until when is missing");
  }
  if (!may) {
    return base::fail_rule(base::Code::invalid, "until", "unknown",
                           "only what is postponed has a time");
  }
  if (*said.until > now && *said.until - now <= limits::kConsentPostponeMs) return {};
  return base::fail_rule(base::Code::invalid, "until", "range",
                         "the time is not within the " +
                             std::to_string(limits::kConsentPostponeMs / base::kDayMs) +
                             " days from now",
                         "a device that wants no updates at all opts out");
}

// Before it is under way.
bool can_be_answered(const Task& task) {
  return task.state == TaskState::awaiting_consent || task.state == TaskState::pending;
}

Task* task_of(domain::Device& device, domain::TaskId id) {
  const auto at = std::find_if(device.tasks.begin(), device.tasks.end(),
                               [id](const Task& task) { return task.id == id; });
  return at == device.tasks.end() ? nullptr : &*at;
}

}  // namespace

base::Status DeviceGateway::consent(DeviceRef device, const ConsentSaid& said) {
  OTARU_CHECK(check_until(said, now_));
  Touched& what = touched(device);
  std::string by(door_);
  if (!said.who.empty()) by += ": " + std::string(said.who.substr(0, limits::kNameBytesMax));
  if (said.task) {
    const Task* known = what.current().task(said.task);
    if (known == nullptr) return base::fail(base::Code::not_found, "there is no such task");
    if (!can_be_answered(*known)) {
      return base::fail_field(
          base::Code::precondition, "",
          "the task is " + std::string(domain::name_of(known->state)) + ": it is too late to ask",
          domain::is_open(known->state) ? "cancel or pause the task" : "");
    }
  }
  domain::Consent next = what.current().consent;
  switch (said.step) {
    case ConsentStep::chosen:
      next.choice = said.choice;
      next.postponed_until = said.until;
      next.by = by;
      next.at = now_;
      break;
    case ConsentStep::postponed:
      next.postponed_until = said.until;
      break;
    case ConsentStep::granted: {
      if (next.choice == domain::ConsentChoice::opted_out) {
        return base::fail_field(base::Code::precondition, "", "the device opted out of updates",
                                "set another choice for the device first");
      }
      next.postponed_until.reset();
      Task& task = *task_of(what.working(), said.task);
      if (task.state == TaskState::awaiting_consent && !claim(task)) {
        // It may begin, but not now: the next check that finds a place lets it.
        task.result = std::string(domain::kConsentGiven);
        remark(what, task, "agreed", said.who);
        break;
      }
      OTARU_CHECK(move(what, task, TaskEvent::consent, said.who));
      break;
    }
    case ConsentStep::refused: {
      Task& task = *task_of(what.working(), said.task);
      task.result = std::string(domain::kConsentRefused);
      OTARU_CHECK(move(what, task, TaskEvent::cancel, "consent refused by " + by));
      break;
    }
  }
  next.history.push_back({said.step, said.choice, said.until, said.task, std::move(by), now_});
  if (next.history.size() > limits::kConsentNotesMax) next.history.erase(next.history.begin());
  what.working().consent = std::move(next);
  what.identity_changed = true;
  return {};
}

const Task* DeviceGateway::ask_for_consent(Touched& what, const domain::CheckIn& check_in,
                                           const domain::Decision& decision) {
  const auto* compiled = snapshot_->deployment(decision.deployment);
  const auto* release = snapshot_->release(decision.release);
  const auto* product = snapshot_->product(check_in.product);
  if (compiled == nullptr || release == nullptr || product == nullptr) return nullptr;
  // What it will be offered if somebody agrees soon; the check then looks again.
  domain::PlanRules rules = check_in.rules;
  rules.mode = compiled->deployment->mode;
  rules.labels = check_in.labels;
  rules.strict_labels = check_in.strict_labels;
  domain::Plan plan;
  for (const auto& entry : product->releases) {
    if (entry.release != release) continue;
    plan = plan_update(*product, entry, check_in.version, check_in.permissions, rules);
  }
  if (plan.chain.empty()) return nullptr;
  Task& task = new_task(what, decision.deployment, *release, check_in.slot);
  for (const domain::Package* package : plan.chain) task.chain.push_back(package->id);
  task.state = TaskState::awaiting_consent;
  task.from_version = std::string(check_in.version);
  task.wave = decision.wave;
  task.stepping = decision.stepping;
  note_task(what, task, task.state, "created", domain::name_of(decision.reason));
  return &task;
}

}  // namespace otaru::app
