// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/simulation.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/sim/rollout_simulation.h"

namespace otaru::tests {
namespace {

std::string joined(const SimulationReport& report) {
  std::string out;
  for (const auto& line : report.violations) out += line + "\n";
  return out;
}

// Every seed that ever failed, and some that never did: tests/sim/seeds.txt.
TEST(Simulation, RecordedSeedsHold) {
  std::ifstream in(OTARU_SOURCE_DIR "/tests/sim/seeds.txt");
  size_t count = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    SimulationOptions options;
    options.seed = std::stoull(line);
    options.devices = 1'000;
    options.faulty_steps = 30'000;
    const auto report = simulate(options);
    EXPECT_TRUE(report.violations.empty()) << "seed " << options.seed << "\n" << joined(report);
    EXPECT_GT(report.crashes, 0) << "the faults are real";
    EXPECT_GT(report.lost, 0);
    EXPECT_GT(report.repeated, 0);
    EXPECT_GE(report.installs, 1'000);
    ++count;
  }
  EXPECT_GE(count, 3u);
}

RolloutReport held(const RolloutOptions& options) {
  auto report = simulate_rollout(options);
  std::string all;
  for (const auto& line : report.violations) all += line + "\n";
  EXPECT_TRUE(report.violations.empty()) << "seed " << options.seed << "\n" << all;
  EXPECT_GT(report.crashes, 0) << "the faults are real";
  EXPECT_GT(report.lost, 0);
  EXPECT_GT(report.bad_installs, 0) << "somebody has to be hurt";
  EXPECT_GT(report.healed, 0);
  EXPECT_GT(report.verified, 5);
  EXPECT_LT(report.born_bad, static_cast<int64_t>(options.devices) / 2) << "it stopped in time";
  return report;
}

TEST(RolloutSimulation, ABadReleaseIsStoppedAndHealed) {
  RolloutOptions options;
  const auto report = held(options);
  EXPECT_LE(report.most_in_a_minute, options.per_minute);
  EXPECT_LE(report.most_open, options.concurrent_max);
  EXPECT_LT(report.born_bad, 1'000) << "one in a hundred, of 100 000";
  EXPECT_NE(report.stopped_by.find("failed"), std::string::npos) << report.stopped_by;
}

TEST(RolloutSimulation, EveryBrakeNotices) {
  for (const auto harm : {domain::BrakeKind::silence, domain::BrakeKind::health}) {
    for (const uint64_t seed : {1}) {
      RolloutOptions options;
      options.seed = seed;
      options.harm = harm;
      options.devices = 4'000;
      options.crash_per_million = 300;
      held(options);
    }
  }
}

// Where many want to begin at once: the limits are reached, and not passed.
TEST(RolloutSimulation, TheLimitsAreReached) {
  RolloutOptions options;
  options.devices = 5'000;
  options.crash_per_million = 1'000;
  options.harmed_percent = 18;
  options.per_minute = 20;
  options.concurrent_max = 40;
  const auto report = held(options);
  EXPECT_EQ(report.most_in_a_minute, 20);
}

TEST(RolloutSimulation, OneSeedIsOneRun) {
  RolloutOptions options;
  options.devices = 1'000;
  options.crash_per_million = 1'500;
  options.seed = 5;
  const auto first = simulate_rollout(options);
  const auto second = simulate_rollout(options);
  EXPECT_EQ(first.fingerprint, second.fingerprint);
  EXPECT_EQ(first.exchanges, second.exchanges);
}

TEST(Simulation, OneSeedIsOneRun) {
  SimulationOptions options;
  options.seed = 42;
  options.devices = 60;
  options.faulty_steps = 3'000;
  const auto first = simulate(options);
  const auto second = simulate(options);
  EXPECT_EQ(first.fingerprint, second.fingerprint);
  EXPECT_EQ(first.exchanges, second.exchanges);
  options.seed = 43;
  EXPECT_NE(simulate(options).fingerprint, first.fingerprint);
}

}  // namespace
}  // namespace otaru::tests
