// SPDX-License-Identifier: Apache-2.0
// Internal to app: what releases and kits ask of what is on a device already. Refused is what no
// device could ever meet. Pure.
#pragma once

#include <vector>

#include "base/result.h"
#include "domain/snapshot.h"

namespace otaru::app {

// A stepping stone is older than the release, in the order of its product.
base::Status check_min_version(const domain::Snapshot& snapshot, const domain::Release& row);
// Of other products of the tenant, each once, and not in a circle.
base::Status check_requirements(const domain::Snapshot& snapshot, const domain::Release& row);
// The same of each item; and an item does not wait for one that the kit installs after it.
base::Status check_kit_items(const domain::Snapshot& snapshot, domain::TenantId tenant,
                             const std::vector<domain::KitItem>& items);

}  // namespace otaru::app
