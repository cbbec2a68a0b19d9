// SPDX-License-Identifier: Apache-2.0
// A fleet of every dialect goes through a bad release: a kit of good-looking releases is deployed
// in waves, the test devices do well, the first part of the fleet does not, a brake trips and rolls
// back, the devices are healed, and the next kit reaches them. Under a virtual clock, a network
// that loses and cuts, and a server that dies between any two calls of the store.
//
// RolloutWatch holds every commit against the deployments' limits; the board is compared with a
// recount; at the end nobody who can speak runs what was taken back. One seed is one run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "domain/deployment.h"

namespace otaru::tests {

struct RolloutOptions {
  uint64_t seed = 1;
  size_t devices = 100'000;
  // What goes wrong with the bad kit, and which brake is to notice.
  domain::BrakeKind harm = domain::BrakeKind::failures;
  int64_t harmed_percent = 35;
  int64_t per_minute = 300;
  int64_t concurrent_max = 100;
  int64_t lost_per_mille = 20;     // requests, and answers, that vanish
  int64_t cut_per_mille = 10;      // answers that end early
  int64_t crash_per_million = 60;  // per call of the store port; a start reads all devices' ids
  int64_t rounds_max = 60;         // over the fleet, for each act of the play
};

struct RolloutReport {
  std::vector<std::string> violations;  // empty: it holds
  int64_t steps = 0;
  int64_t exchanges = 0;
  int64_t crashes = 0;
  int64_t lost = 0;
  int64_t verified = 0;       // comparisons of the board with a recount
  int64_t bad_installs = 0;   // devices that ran the bad kit
  int64_t healed = 0;         // and were led back
  int64_t silent = 0;         // devices that will never speak again
  int64_t born_bad = 0;       // tasks of the bad deployment
  int64_t most_in_a_minute = 0;
  int64_t most_open = 0;
  std::string stopped_by;
  std::string fingerprint;
};

RolloutReport simulate_rollout(const RolloutOptions& options);

}  // namespace otaru::tests
