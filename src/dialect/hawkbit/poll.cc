// SPDX-License-Identifier: Apache-2.0
#include "dialect/hawkbit/poll.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "dialect/hawkbit/mapping.h"
#include "dialect/waits.h"
#include "domain/facts.h"
#include "domain/products_meant.h"

namespace otaru::dialect::hawkbit {
namespace {

namespace limits = base::limits;
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

const domain::CompiledProduct* product_of_slot(const domain::Snapshot& catalogue,
                                               domain::TenantId tenant, std::string_view slot) {
  const size_t slash = slot.find('/');
  if (slash != std::string_view::npos) {
    return catalogue.product(tenant, slot.substr(0, slash), slot.substr(slash + 1));
  }
  const auto* found = catalogue.product(tenant, slot, "");
  for (const PartRow& row : part_table()) {
    if (found != nullptr) break;
    found = catalogue.product(tenant, slot, row.type);
  }
  return found;
}

class WantedList {
 public:
  WantedList(const Device& device, std::vector<Wanted>& out) : device_(device), out_(out) {}

  void add(domain::ProductId product, std::string_view slot) {
    const bool known = std::any_of(out_.begin(), out_.end(),
                                   [&](const Wanted& has) { return has.product == product; });
    if (known || out_.size() >= limits::kComponentsPerDeviceMax) return;
    const auto* component = device_.component(slot);
    const bool stated = component != nullptr && component->product == product;
    out_.push_back({product, std::string(slot), stated ? component->version : std::string()});
  }

 private:
  const Device& device_;
  std::vector<Wanted>& out_;
};

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
  return out;
}

std::vector<Wanted> wanted_of(const Device& device, const domain::Snapshot& catalogue,
                              base::Time now) {
  std::vector<Wanted> out;
  WantedList list(device, out);
  for (const auto& component : device.components) {
    if (component.product) list.add(component.product, component.slot);
  }
  for (const Task& task : device.tasks) {
    if (domain::is_open(task.state)) list.add(task.product, task.slot);
  }
  std::string_view names =
      domain::facts::find(device.attributes, device.reported, kProductAttribute);
  while (!names.empty()) {
    const size_t comma = names.find(',');
    const auto* product =
        product_of_slot(catalogue, device.tenant, base::trim(names.substr(0, comma)));
    if (product != nullptr) list.add(product->product->id, slot_of(*product->product));
    names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
  }
  std::vector<domain::ProductId> meant;
  domain::products_meant(catalogue, device, now, meant);
  for (const domain::ProductId id : meant) {
    list.add(id, slot_of(*catalogue.product(id)->product));
  }
  return out;
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
  const std::vector<Wanted> wanted = wanted_of(known, gateway_.catalogue(), gateway_.now());
  if (wanted.empty()) return {};
  const Labels labels = labels_of(known);
  static const domain::CheckDefaults kDefaults = check_defaults();
  for (const Wanted& one : wanted) {
    domain::CheckIn check_in = kDefaults.check_in();
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
