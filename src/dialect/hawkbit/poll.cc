// SPDX-License-Identifier: Apache-2.0
#include "dialect/hawkbit/poll.h"

#include <algorithm>
#include <utility>

#include "dialect/hawkbit/mapping.h"
#include "dialect/waits.h"

namespace otaru::dialect::hawkbit {
namespace {

using domain::Device;
using domain::Task;
using domain::TaskState;

using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

// What a release's labels are held against: everything that is known of the device, and what
// operators say of it before what it says itself.
Labels labels_of(const Device& device) {
  Labels out;
  out.reserve(device.attributes.size() + device.reported.size());
  for (const auto& [name, value] : device.attributes) out.emplace_back(name, value);
  for (const auto& [name, value] : device.reported) {
    if (domain::find_text(device.attributes, name) == nullptr) out.emplace_back(name, value);
  }
  return out;
}

const domain::CheckDefaults& defaults() {
  static const domain::CheckDefaults kDefaults = check_defaults();
  return kDefaults;
}

bool begun(const Task& task) {
  return task.state == TaskState::downloading || task.state == TaskState::upgrading;
}

}  // namespace

domain::CheckDefaults check_defaults() {
  domain::CheckDefaults out;
  // One file per module: clients such as rauc-hawkbit-updater take no more.
  out.rules.steps_max = 1;
  out.strict_labels = true;
  out.download_only_allowed = true;
  out.attributes_are_labels = true;
  out.reported_are_labels = true;
  out.names_no_product = true;
  return out;
}

std::vector<domain::Component> asked_components(const Visit& visit) {
  return domain::asked_components(visit.gateway.catalogue(), visit.gateway.describe(visit.device),
                                  defaults(), visit.gateway.now());
}

std::string_view config_data_wanted(const Device& device) {
  const std::string* asked = domain::find_text(device.attributes, kAskConfigData);
  return asked == nullptr ? std::string_view("received") : std::string_view(*asked);
}

bool config_data_missing(const Device& device) {
  const std::string* sent = domain::find_text(device.reported, kConfigDataSent);
  return sent == nullptr || *sent != config_data_wanted(device);
}

base::Status Poll::ask() {
  const Device& known = device();
  if (known.blocked) return {};
  const std::vector<domain::Component> asked = asked_components(visit_);
  if (asked.empty()) return {};
  const Labels labels = labels_of(known);
  for (const domain::Component& one : asked) {
    domain::CheckIn check_in = defaults().check_in();
    check_in.product = one.product;
    check_in.slot = one.slot;
    check_in.version = one.version;
    check_in.labels = labels;
    // The version is what is known already; the device states none here.
    OTARU_TRY(found, gateway_.check(visit_.device, check_in, app::TaskBirth::record,
                                    app::StatedVersion::keeps_task));
    note(found);
  }
  return {};
}

void Poll::note(const app::CheckResult& found) {
  const auto& decision = found.decision;
  const domain::TaskId id = found.task != nullptr ? found.task->id : decision.task;
  const Task* task = id ? gateway_.find_task(visit_.device, id) : nullptr;
  if (decision.retry_at && (!retry_at_ || *decision.retry_at < *retry_at_)) {
    retry_at_ = decision.retry_at;
  }
  if (task == nullptr) return;
  // SWUpdate breaks off, and fails, when the link vanishes while it downloads: pausing a deployment
  // lets nothing begin, and stops nothing.
  const bool goes_on = decision.reason == domain::Reason::deployment_paused && begun(*task);
  if (decision.has_offer() || goes_on) offered_.push_back(id);
  if (decision.reason == domain::Reason::consent_needed) asked_.push_back(id);
}

std::optional<Action> Poll::to_stop() const {
  const Device& known = device();
  if (known.blocked) return std::nullopt;
  for (auto task = known.tasks.rbegin(); task != known.tasks.rend(); ++task) {
    if (row_of(task->state).link != "cancelAction") continue;
    Action action = action_of(known, gateway_.catalogue(), *task);
    if (action.to_be_stopped(gateway_.now())) return action;
  }
  return std::nullopt;
}

std::optional<Action> Poll::best_of(const std::vector<domain::TaskId>& tasks) const {
  const Task* best = nullptr;
  for (const domain::TaskId id : tasks) {
    const Task* task = gateway_.find_task(visit_.device, id);
    if (task == nullptr) continue;
    const bool better = best == nullptr || (begun(*task) && !begun(*best)) ||
                        (begun(*task) == begun(*best) && task->id < best->id);
    if (better) best = task;
  }
  if (best == nullptr) return std::nullopt;
  return action_of(device(), gateway_.catalogue(), *best);
}

std::optional<Action> Poll::to_install() const {
  return best_of(offered_);
}

std::optional<Action> Poll::to_confirm() const {
  return best_of(asked_);
}

std::optional<Action> Poll::installed() const {
  const Device& known = device();
  const auto newest = std::find_if(known.tasks.begin(), known.tasks.end(), [](const Task& task) {
    return task.state == TaskState::succeeded;
  });
  if (newest == known.tasks.end()) return std::nullopt;
  Action action = action_of(known, gateway_.catalogue(), *newest);
  if (action.state() != TaskState::succeeded) return std::nullopt;
  return action;
}

int64_t Poll::sleep_s() const {
  const auto wait = seconds_until(retry_at_, gateway_.now());
  return wait ? std::min(visit_.polling_s, *wait) : visit_.polling_s;
}

}  // namespace otaru::dialect::hawkbit
