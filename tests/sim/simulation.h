// SPDX-License-Identifier: Apache-2.0
// Deterministic simulation: one server in one thread, simulated devices of every dialect, a virtual
// clock, a network that loses, cuts, repeats and reorders, and a process that dies between any two
// calls of the store port. Phase one looks for safety under faults; phase two switches the faults
// off and wants every device to converge. One seed is one run, bit for bit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace otaru::tests {

struct SimulationOptions {
  uint64_t seed = 1;
  size_t devices = 1000;
  int64_t faulty_steps = 40'000;      // device steps with faults
  int64_t calm_rounds_max = 400;      // rounds over all devices without faults
  int64_t lost_per_mille = 30;        // requests, and answers, that vanish
  int64_t cut_per_mille = 20;         // answers that end early
  int64_t repeated_per_mille = 15;    // requests that arrive a second time, later
  int64_t crash_per_million = 4'000;  // per call of the store port
};

struct SimulationReport {
  std::vector<std::string> violations;  // empty: it holds
  int64_t steps = 0;
  int64_t exchanges = 0;
  int64_t crashes = 0;
  int64_t lost = 0;
  int64_t repeated = 0;
  int64_t installs = 0;
  int64_t tasks = 0;
  std::string fingerprint;  // hash of the final store: equal for equal seeds
};

SimulationReport simulate(const SimulationOptions& options);

}  // namespace otaru::tests
