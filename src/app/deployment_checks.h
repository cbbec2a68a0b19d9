// SPDX-License-Identifier: Apache-2.0
// Internal to app: what is refused of a deployment's plan. Each refusal names the member
// ("waves[1].gate.success_percent", in the words of the API), the rule and the remedy; the first
// one that is found is told. Pure.
#pragma once

#include <compare>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "domain/deployment.h"
#include "domain/snapshot.h"

namespace otaru::app {

// Whether a start needs a first wave of test devices: "true" or "false". A tenant's own setting is
// "tenant.NAME." and this, and counts instead.
inline constexpr std::string_view kTestWaveSetting = "deployments.test_wave_required";

// What one deployment says, held against itself and the catalogue.
base::Status check_plan(const domain::Snapshot& snapshot, const domain::Deployment& row);
// What may change of one that has been started (Code::precondition with the reason).
base::Status check_change(const domain::Deployment& before, const domain::Deployment& after);
// What must hold when it starts, or goes on.
base::Status check_ready(const domain::Snapshot& snapshot, const domain::Deployment& row,
                         base::Time now);

// Whether the audience, its exclusions or a wave names the group.
bool names_group(const domain::Deployment& row, domain::GroupId group);

// Which of two releases of a product is newer; empty: they have no order.
std::optional<std::strong_ordering> order_of(const domain::Snapshot& snapshot,
                                             const domain::Release& a, const domain::Release& b);

}  // namespace otaru::app
