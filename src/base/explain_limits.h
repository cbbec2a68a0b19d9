// SPDX-License-Identifier: Apache-2.0
// Limits of what is told about decisions: explanations and dry runs. Beside limits.h, which nearly
// everything includes, so that these few do not make it all be built again.
#pragma once

#include <cstddef>
#include <cstdint>

namespace otaru::base::limits {

// Deployments of one product that an explanation shows; the ended ones of so long are among them.
inline constexpr size_t kExplainDeploymentsMax = 200;
inline constexpr int64_t kExplainEndedMs = 7ll * 24 * 3600 * 1000;
// Dry runs read the whole fleet: so many at once, so many waiting for their turn; the newest
// results are kept in memory (a few 10 kB each) until the server stops.
inline constexpr size_t kDryRunsAtOnce = 1;
inline constexpr size_t kDryRunsWaitingMax = 8;
inline constexpr size_t kDryRunsKept = 100;
inline constexpr size_t kDryRunPageDevices = 500;  // of one read
inline constexpr size_t kDryRunSampleMax = 5;      // devices shown of those that share a reason
inline constexpr size_t kDryRunVersionsMax = 200;  // source versions told apart

}  // namespace otaru::base::limits
