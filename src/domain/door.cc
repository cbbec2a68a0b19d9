// SPDX-License-Identifier: Apache-2.0
#include "domain/door.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"
#include "domain/facts.h"
#include "domain/products_meant.h"

namespace otaru::domain {
namespace {

const CheckDefaults& unknown_door() {
  static const CheckDefaults kUnknown = [] {
    CheckDefaults out;
    out.attributes_are_labels = true;
    out.names_no_product = true;
    return out;
  }();
  return kUnknown;
}

const CompiledProduct* product_named(const Snapshot& snapshot, TenantId tenant,
                                     std::string_view name) {
  const size_t slash = name.find('/');
  if (slash != std::string_view::npos) {
    return snapshot.product(tenant, name.substr(0, slash), name.substr(slash + 1));
  }
  const CompiledProduct* found = snapshot.product(tenant, name, "");
  for (const std::string_view feature : kFeatures) {
    if (found != nullptr) break;
    found = snapshot.product(tenant, name, feature);
  }
  return found;
}

class AskedList {
 public:
  AskedList(const Device& device, std::vector<Component>& out) : device_(device), out_(out) {}

  void add(ProductId product, std::string_view slot) {
    const bool known = std::any_of(out_.begin(), out_.end(),
                                   [&](const Component& has) { return has.product == product; });
    if (known || out_.size() >= base::limits::kComponentsPerDeviceMax) return;
    const Component* component = device_.component(slot);
    if (component != nullptr && component->product == product) {
      out_.push_back(*component);
    } else {
      out_.push_back({std::string(slot), product, {}, {}});
    }
  }

 private:
  const Device& device_;
  std::vector<Component>& out_;
};

}  // namespace

std::string component_name(const Product& product) {
  return product.feature.empty() ? product.name : product.name + "/" + product.feature;
}

std::vector<Component> asked_components(const Snapshot& snapshot, const Device& device,
                                        const CheckDefaults& door, base::Time now) {
  if (!door.names_no_product) return device.components;
  std::vector<Component> out;
  AskedList list(device, out);
  for (const Component& component : device.components) {
    if (component.product) list.add(component.product, component.slot);
  }
  for (const Task& task : device.tasks) {
    if (is_open(task.state)) list.add(task.product, task.slot);
  }
  std::string_view names = facts::find(device.attributes, device.reported, kProductAttribute);
  while (!names.empty()) {
    const size_t comma = names.find(',');
    const CompiledProduct* product =
        product_named(snapshot, device.tenant, base::trim(names.substr(0, comma)));
    if (product != nullptr) list.add(product->product->id, component_name(*product->product));
    names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
  }
  std::vector<ProductId> meant;
  products_meant(snapshot, device, now, meant);
  for (const ProductId id : meant) {
    list.add(id, component_name(*snapshot.product(id)->product));
  }
  return out;
}

CheckIn CheckDefaults::check_in() const {
  CheckIn out;
  out.rules = rules;
  out.strict_labels = strict_labels;
  out.download_only_allowed = download_only_allowed;
  out.keeps_thresholds = keeps_thresholds;
  return out;
}

void Doors::add(std::string name, CheckDefaults defaults) {
  doors_.emplace_back(std::move(name), std::move(defaults));
}

const CheckDefaults& Doors::of(std::string_view name) const {
  for (const auto& door : doors_) {
    if (door.first == name) return door.second;
  }
  return unknown_door();
}

bool Doors::has(std::string_view name) const {
  return std::any_of(doors_.begin(), doors_.end(),
                     [&](const auto& door) { return door.first == name; });
}

std::vector<std::string_view> Doors::names() const {
  std::vector<std::string_view> out;
  for (const auto& door : doors_) out.emplace_back(door.first);
  return out;
}

StoredCheck::StoredCheck(const Device& device, const Component& component,
                         const CheckDefaults& door)
    : device_(device), door_(door), permissions_(door.permissions), check_in_(door.check_in()) {
  check_in_.product = component.product;
  check_in_.slot = component.slot;
  check_in_.version = component.version;
  if (door.attributes_are_labels) {
    for (const auto& entry : device.attributes) labels_.emplace_back(entry.first, entry.second);
  }
  if (door.reported_are_labels) {
    for (const auto& entry : device.reported) {
      const bool set =
          door.attributes_are_labels && find_text(device.attributes, entry.first) != nullptr;
      if (!set) labels_.emplace_back(entry.first, entry.second);
    }
  }
  for (const std::string& name : door.labels) {
    const std::string* value = find_text(device.attributes, name);
    if (value == nullptr) value = find_text(device.reported, name);
    if (value != nullptr) labels_.emplace_back(name, *value);
  }
  check_in_.labels = labels_;
  check_in_.permissions = permissions_;
}

void StoredCheck::state(std::string_view label, std::string_view value) {
  const auto known = std::find_if(labels_.begin(), labels_.end(),
                                  [&](const auto& entry) { return entry.first == label; });
  if (known != labels_.end()) {
    known->second = value;
  } else {
    labels_.emplace_back(label, value);
  }
  check_in_.labels = labels_;
}

void StoredCheck::permit(std::span<const int64_t> permissions) {
  permissions_.insert(permissions_.end(), permissions.begin(), permissions.end());
  check_in_.permissions = permissions_;
}

Decision StoredCheck::decide(const Snapshot& snapshot, base::Time now, Trace* trace,
                             const Admissions* live) const {
  Decision decision = domain::decide(snapshot, device_, check_in_, now, trace, live);
  if (!door_.reinstalls || decision.has_offer()) return decision;
  CheckIn again = check_in_;
  again.reinstall_allowed = true;
  Trace steps;
  Decision second =
      domain::decide(snapshot, device_, again, now, trace != nullptr ? &steps : nullptr, live);
  if (!second.has_offer()) return decision;
  if (trace != nullptr) *trace = std::move(steps);
  return second;
}

}  // namespace otaru::domain
