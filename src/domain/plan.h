// SPDX-License-Identifier: Apache-2.0
// The patch graph: which packages, in which order, bring a device from the version it reports to a
// release. Versions are nodes, deltas are edges weighted by size, a full package is an edge from
// anywhere.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/catalogue.h"
#include "domain/ids.h"
#include "domain/snapshot.h"

namespace otaru::domain {

enum class PlanOrder {
  cheapest,     // fewest bytes, a full package competes with chains
  full_first,   // a full package if there is one, else the cheapest chain (OOMI)
  delta_first,  // the cheapest chain if there is one, else a full package (UBTech)
};

// Has a say in which releases a chain may lead through.
class PlanVeto {
 public:
  virtual bool forbids(size_t release) const = 0;  // an index into CompiledProduct::releases

 protected:
  ~PlanVeto() = default;
};

struct PlanRules {
  PlanOrder order = PlanOrder::cheapest;
  PackageMode mode = PackageMode::any;  // from the deployment
  int64_t steps_max = 16;               // what the protocol can carry; 1 = a single package
  // OOMI rule 3: when the newest release cannot be reached, the highest one that can.
  bool accept_lower_release = false;
  // As in CheckIn, added by decide(): a chain must not lead through a release that is not meant
  // for this device (another language, another robot).
  std::span<const std::pair<std::string_view, std::string_view>> labels;
  bool strict_labels = false;
  // Added by decide(): nor through one that is taken back from this device.
  const PlanVeto* veto = nullptr;
};

enum class PlanFailure {
  none,
  no_package,    // nothing visible leads there from anywhere
  base_unknown,  // only deltas, and none starts (or chains) from the reported version
};

struct Plan {
  std::vector<const Package*> chain;  // in order of applying; empty if there is none
  int64_t bytes = 0;
  PlanFailure failure = PlanFailure::none;
};

// Whether a requester with these permissions may see the package (hidden, permissions).
bool visible(const Package& package, std::span<const int64_t> permissions);

// The best chain from `from_version` to `target` (an element of product.releases). Deltas match
// their base by the product's version order (so "V1.02" is "1.2"), and must lead upwards.
Plan plan_update(const CompiledProduct& product, const CompiledRelease& target,
                 std::string_view from_version, std::span<const int64_t> permissions,
                 const PlanRules& rules);

}  // namespace otaru::domain
