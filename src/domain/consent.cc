// SPDX-License-Identifier: Apache-2.0
#include "domain/consent.h"

namespace otaru::domain {
namespace {

enum class Said { nothing, yes, under_way };

Said said_of(const Task* task, const Deployment& deployment) {
  if (task == nullptr || task->deployment != deployment.id) return Said::nothing;
  switch (task->state) {
    case TaskState::pending:
      return Said::yes;
    case TaskState::downloading:
    case TaskState::upgrading:
    case TaskState::paused:
      return Said::under_way;
    case TaskState::awaiting_consent:
      if (task->result == kConsentGiven) return Said::yes;
      break;
    case TaskState::succeeded:
    case TaskState::failed:
    case TaskState::cancelled:
    case TaskState::expired:
      break;
  }
  return Said::nothing;
}

bool refused(const Deployment& deployment, const Device& device) {
  for (const Task& task : device.tasks) {
    if (task.deployment == deployment.id && task.state == TaskState::cancelled &&
        task.result == kConsentRefused && task.updated_at >= device.consent.at) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool end_acknowledged(const Task& task) {
  const bool stopped = task.state == TaskState::cancelled || task.state == TaskState::expired;
  return stopped && (task.result.ends_with(kEndAcknowledged) || task.result == kConsentRefused);
}

std::string acknowledged_result(const Task& task) {
  std::string out;
  if (cancelled_by_operator(task)) out = std::string(kCancelledByOperator) + ", ";
  out += kEndAcknowledged;
  return out;
}

ConsentAnswer consent_of(const Deployment& deployment, const Device& device, const Task* open_task,
                         base::Time now) {
  const Consent& consent = device.consent;
  const Said said = said_of(open_task, deployment);
  if (deployment.urgency == Urgency::forced || said == Said::under_way) return {};
  if (consent.choice == ConsentChoice::opted_out) return {ConsentVerdict::refused, {}};
  if (consent.postponed_until && *consent.postponed_until > now) {
    return {ConsentVerdict::postponed, consent.postponed_until};
  }
  if (refused(deployment, device)) return {ConsentVerdict::refused, {}};
  const bool asked =
      consent.choice == ConsentChoice::ask ||
      (consent.choice == ConsentChoice::unset && deployment.consent == ConsentMode::ask);
  if (!asked || said == Said::yes) return {};
  return {ConsentVerdict::needed, {}};
}

std::string consent_text(const Deployment& deployment, const Device& device) {
  const Consent& consent = device.consent;
  std::string out = deployment.urgency == Urgency::forced    ? "forced, nobody is asked"
                    : deployment.consent == ConsentMode::ask ? "the deployment asks"
                                                             : "the deployment does not ask";
  if (consent.choice != ConsentChoice::unset) {
    out += "; the device chose " + std::string(name_of(consent.choice));
    if (!consent.by.empty()) out += " (" + consent.by + ", " + base::iso8601(consent.at) + ")";
  }
  if (consent.postponed_until) {
    out += "; postponed until " + base::iso8601(*consent.postponed_until);
  }
  if (refused(deployment, device)) out += "; the update was refused";
  return out;
}

}  // namespace otaru::domain
