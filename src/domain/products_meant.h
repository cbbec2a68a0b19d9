// SPDX-License-Identifier: Apache-2.0
// Which products concern a device that does not say what it is (hawkBit's DDI): those that a
// running deployment installs on it because of what it is. "Because of what it is": the deployment
// lists its key, names one of its groups, or has a filter that holds only for a certain key, group,
// tag or attribute. What is for everyone, for a share of everyone, for a version or for a kind of
// hardware says nothing about which devices know the product, and neither does a deployment of
// every product.
//
// It is asked with every poll: an index leads to the few deployments that can mean the device.
#pragma once

#include <vector>

#include "domain/device.h"
#include "domain/snapshot.h"

namespace otaru::domain {

// Into `out`, by id, each once. Allocates nothing when nothing is meant.
void products_meant(const Snapshot& snapshot, const Device& device, base::Time now,
                    std::vector<ProductId>& out);

// Whether a deployment is of that kind.
bool picks_devices(const CompiledDeployment& compiled);

}  // namespace otaru::domain
