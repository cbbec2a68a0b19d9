// SPDX-License-Identifier: Apache-2.0
#include "dialect/waits.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace otaru::dialect {
namespace {

TEST(Waits, SecondsAreRoundedUpAndLimited) {
  const base::Time now{1'000'000};
  const auto seconds = [&](int64_t ms) {
    return seconds_until(now + ms, now).value_or(-1);
  };
  EXPECT_EQ(seconds(1), 1);
  EXPECT_EQ(seconds(1'000), 1);
  EXPECT_EQ(seconds(1'001), 2);
  EXPECT_EQ(seconds(0), 1);
  EXPECT_EQ(seconds(-5'000), 1) << "has come meanwhile";
  EXPECT_EQ(seconds(90 * base::kDayMs), base::limits::kRetryAfterSecondsMax);
}

TEST(Waits, WhoWaitsForNothingKnownIsToldNothing) {
  EXPECT_FALSE(seconds_until({}, base::Time{1'000'000}));
}

}  // namespace
}  // namespace otaru::dialect
