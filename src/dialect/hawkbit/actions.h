// SPDX-License-Identifier: Apache-2.0
// Actions: what a device is told to install at once. The tasks of one device that were born in the
// same check for the same deployment are one action: of a kit, a chunk for each. Nothing of it is
// kept; it is read off the tasks.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "domain/device.h"
#include "domain/snapshot.h"

namespace otaru::dialect::hawkbit {

struct Action {
  domain::TaskId id;  // the smallest of its tasks; fits a signed 32-bit integer (domain/ids.h)
  domain::DeploymentId deployment;
  std::vector<const domain::Task*> tasks;  // in the order to install them

  bool open() const;
  // Of all of it: of what is open, what is furthest; else failed before succeeded before the rest.
  domain::TaskState state() const;
  // It was ended by somebody else, and the device has not said yet that it stopped.
  bool to_be_stopped(base::Time now) const;
};

// The one that the task belongs to. Refers to the device's tasks.
Action action_of(const domain::Device& device, const domain::Snapshot& catalogue,
                 const domain::Task& task);
// By the id that the device was told, as text.
std::optional<Action> find_action(const domain::Device& device, const domain::Snapshot& catalogue,
                                  std::string_view id);

}  // namespace otaru::dialect::hawkbit
