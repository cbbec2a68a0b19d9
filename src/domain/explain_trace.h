// SPDX-License-Identifier: Apache-2.0
// The whole reasoning for people: the decision, and every deployment of the product beside it, also
// those that the decision never came to, and those that do not run.
#pragma once

#include <vector>

#include "domain/decide.h"
#include "domain/door.h"

namespace otaru::domain {

enum class Standing {
  decided,      // its answer is the device's
  looked_at,    // it had its turn, and another one decided
  not_reached,  // another one decided before it had its turn
  not_running,  // paused, or waits for approval: looked at as if it ran
  ended,        // lately; not looked at
};
std::string_view name_of(Standing v);

struct DeploymentView {
  const Deployment* deployment = nullptr;  // lives in the snapshot
  Standing standing = Standing::not_reached;
  Decision decision;  // what it says when it is asked alone; nothing of one that ended
  Trace trace;        // its rules, with the values compared
};

struct Explanation {
  Decision decision;
  Trace trace;  // of the decision, in the order in which rules were looked at
  // Those that were looked at or would have been, in their order; then the others, youngest first.
  // At most kExplainDeploymentsMax.
  std::vector<DeploymentView> deployments;
};

// `live`: as for decide(); none for another time than now.
Explanation explain_all(const Snapshot& snapshot, const Device& device, const StoredCheck& check,
                        base::Time now, const Admissions* live = nullptr);

// What one deployment says to a device, asked alone.
DeploymentView look_alone(const Snapshot& snapshot, const Device& device, const CheckIn& check_in,
                          DeploymentId deployment, base::Time now);

// One sentence about a deployment of an explanation: what it says to this device, or that it does
// not run.
std::string explain(const Snapshot& snapshot, const Device& device, const CheckIn& check_in,
                    const DeploymentView& view, std::string_view language);

}  // namespace otaru::domain
