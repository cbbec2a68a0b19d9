// SPDX-License-Identifier: Apache-2.0
// What a deployment asks of a device's state before an update begins: signal, power, free space,
// network. Pure functions of the deployment, what is known of the device (facts.h), and the bytes
// of the offer; they allocate nothing, except for text().
//
// What operators set under a name of facts.h goes before what the device reported. A fact that is
// not known, or is no number, is met unless the deployment is strict.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/deployment.h"
#include "domain/device.h"

namespace otaru::domain {

enum class Condition { signal, power, free_space, network };

struct ConditionResult {
  Condition condition = Condition::signal;
  bool met = true;
  bool known = true;
  int64_t at_least = 0;                                // of numbers
  const std::vector<std::string>* networks = nullptr;  // of the network; lives in the deployment
  std::string_view found;  // as it was set or reported; lives in the device
  // "signal is -97, at least -90 is wanted"; "power is not known, at least 50 % is wanted".
  std::string text() const;
};

// One condition; empty: the deployment does not have it.
std::optional<ConditionResult> look_at(Condition condition, const Deployment& deployment,
                                       const Device& device, int64_t offer_bytes);
// Who waits for signal and power: where a protocol hands them to the device
// (CheckIn::keeps_thresholds) they are the device's business, and not looked at.
enum class Thresholds { ours, the_devices };
// The first that is not met, in the order of the enumeration; empty: all are.
std::optional<ConditionResult> unmet_condition(const Deployment& deployment, const Device& device,
                                               int64_t offer_bytes,
                                               Thresholds whose = Thresholds::ours);
// All that the deployment has, for the trace; "none" without any.
std::string conditions_text(const Deployment& deployment, const Device& device, int64_t offer_bytes,
                            Thresholds whose = Thresholds::ours);

std::string_view name_of(Condition v);  // static: Decision::label

}  // namespace otaru::domain
