// SPDX-License-Identifier: Apache-2.0
#include "domain/gate.h"

#include <gtest/gtest.h>

namespace otaru::domain {
namespace {

bool holds(const Gate& gate, int64_t succeeded, int64_t failed) {
  return weigh(gate, {succeeded, failed}).holds;
}

TEST(Gate, without_conditions_always_holds) {
  EXPECT_TRUE(holds({}, 0, 0));
  EXPECT_TRUE(holds({}, 0, 5));
}

TEST(Gate, wants_its_sample) {
  Gate gate;
  gate.sample_min = 3;
  EXPECT_FALSE(holds(gate, 2, 0));
  EXPECT_TRUE(holds(gate, 2, 1));
}

TEST(Gate, weighs_shares_without_rounding) {
  Gate gate;
  gate.success_ppm_min = 950'000;
  EXPECT_FALSE(holds(gate, 0, 0));  // nothing succeeded yet
  EXPECT_TRUE(holds(gate, 1, 0));
  EXPECT_TRUE(holds(gate, 95, 5));
  EXPECT_FALSE(holds(gate, 9499, 501));
  Gate failures;
  failures.failure_ppm_max = 50'000;
  EXPECT_TRUE(holds(failures, 0, 0));
  EXPECT_TRUE(holds(failures, 95, 5));
  EXPECT_FALSE(holds(failures, 94, 6));
  failures.failure_ppm_max = 0;
  EXPECT_TRUE(holds(failures, 10'000'000, 0));
  EXPECT_FALSE(holds(failures, 999'999, 1));
  failures.failure_ppm_max = kWholeShare;
  EXPECT_TRUE(holds(failures, 0, 10'000'000));
}

TEST(Gate, says_its_numbers) {
  EXPECT_EQ(weigh({}, {37, 3}).numbers,
            "37 of 40 ended tasks succeeded (92.5 %), 3 failed (7.5 %)");
  EXPECT_EQ(weigh({}, {0, 0}).numbers, "0 of 0 ended tasks succeeded (0 %), 0 failed (0 %)");
}

}  // namespace
}  // namespace otaru::domain
