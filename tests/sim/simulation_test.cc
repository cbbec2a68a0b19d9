// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/simulation.h"

#include <gtest/gtest.h>

#include <fstream>

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
