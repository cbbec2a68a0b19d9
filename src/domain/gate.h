// SPDX-License-Identifier: Apache-2.0
// Whether the gate of a wave holds: the numbers of its tasks against what the deployment asks for.
// Time (soak) and people (approval) come on top (app/rollout_driver.h). Pure.
#pragma once

#include <cstdint>
#include <string>

#include "domain/deployment.h"

namespace otaru::domain {

// The tasks of one wave that have ended. One that succeeded, and whose device then fell silent or
// said that it is not well, counts as failed.
struct GateCounts {
  int64_t succeeded = 0;
  int64_t failed = 0;
};

struct GateVerdict {
  bool holds = false;
  std::string numbers;  // "37 of 40 ended tasks succeeded (92.5 %), 3 failed (7.5 %)", for people
};

// A share of nothing is no share: a gate that asks for successes needs at least one.
GateVerdict weigh(const Gate& gate, const GateCounts& counts);

}  // namespace otaru::domain
