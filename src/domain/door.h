// SPDX-License-Identifier: Apache-2.0
// How a protocol asks: what is the same in every check that comes through one door. The dialect
// builds its check-ins from it, and whoever asks in a device's stead (explain, the dry run) does
// the same, so that both get the same decision.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "domain/admission.h"
#include "domain/decide.h"

namespace otaru::domain {

struct CheckDefaults {
  PlanRules rules;
  bool strict_labels = false;
  bool download_only_allowed = false;
  bool keeps_thresholds = false;
  // A release that is to be installed again (Release::force) is offered when nothing else is.
  bool reinstalls = false;
  std::vector<int64_t> permissions;  // that every requester holds
  // The labels that a check states; they are reported attributes of the same names, unless
  // operators set one of that name.
  std::vector<std::string> labels;
  // Every attribute that operators set is a label: for devices whose protocol is not known yet.
  bool attributes_are_labels = false;
  // And so is every reported one, unless operators set one of that name.
  bool reported_are_labels = false;

  // Its devices do not say what they are (asked_components below).
  bool names_no_product = false;

  // A check-in with everything but who asks about what.
  CheckIn check_in() const;
};

// The doors of the product, by name.
class Doors {
 public:
  void add(std::string name, CheckDefaults defaults);
  // Of a door that is not here (the operators' one): a check of no known protocol.
  const CheckDefaults& of(std::string_view name) const;
  bool has(std::string_view name) const;
  std::vector<std::string_view> names() const;

 private:
  std::vector<std::pair<std::string, CheckDefaults>> doors_;
};

// The component that a product is on a device that does not name it itself: the product's name, "/"
// and its feature where it has one.
std::string component_name(const Product& product);
// Attribute that names what a device has: component names, separated by commas; the feature may be
// left out where it is one of kFeatures.
inline constexpr std::string_view kProductAttribute = "product";
inline constexpr std::string_view kFeatures[] = {"os", "application", "runtime"};

// What a device asks about through that door: the components that it has. Where devices do not say
// what they are, also those of its open tasks, those that kProductAttribute names, and those that a
// running deployment means it for by what it is (products_meant.h); at most
// kComponentsPerDeviceMax, each product once.
std::vector<Component> asked_components(const Snapshot& snapshot, const Device& device,
                                        const CheckDefaults& door, base::Time now);

// The check that a device would make about one of its components, as far as it is known from what
// is stored of it. Refers to what it was made from.
class StoredCheck {
 public:
  StoredCheck(const Device& device, const Component& component, const CheckDefaults& door);
  StoredCheck(const StoredCheck&) = delete;
  StoredCheck& operator=(const StoredCheck&) = delete;

  void state(std::string_view label, std::string_view value);  // instead of what is stored
  void permit(std::span<const int64_t> permissions);           // beside those of everybody
  const CheckIn& check_in() const { return check_in_; }

  Decision decide(const Snapshot& snapshot, base::Time now, Trace* trace = nullptr,
                  const Admissions* live = nullptr) const;

 private:
  const Device& device_;
  const CheckDefaults& door_;
  std::vector<std::pair<std::string_view, std::string_view>> labels_;
  std::vector<int64_t> permissions_;
  CheckIn check_in_;
};

}  // namespace otaru::domain
