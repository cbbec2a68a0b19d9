// SPDX-License-Identifier: Apache-2.0
#include "dialect/waits.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace otaru::dialect {
namespace {

domain::Decision waiting(domain::Reason reason, std::optional<base::Time> retry_at) {
  domain::Decision decision;
  decision.reason = reason;
  decision.retry_at = retry_at;
  return decision;
}

TEST(Waits, SecondsAreRoundedUpAndLimited) {
  const base::Time now{1'000'000};
  const auto seconds = [&](int64_t ms) {
    return seconds_to_wait(waiting(domain::Reason::rate_limited, now + ms), now).value_or(-1);
  };
  EXPECT_EQ(seconds(1), 1);
  EXPECT_EQ(seconds(1'000), 1);
  EXPECT_EQ(seconds(1'001), 2);
  EXPECT_EQ(seconds(0), 1);
  EXPECT_EQ(seconds(-5'000), 1) << "has come meanwhile";
  EXPECT_EQ(seconds(90 * base::kDayMs), base::limits::kRetryAfterSecondsMax);
}

TEST(Waits, OnlyWhoWaitsIsToldWhen) {
  const base::Time now{1'000'000};
  int waits = 0;
  for (int i = 0; i <= static_cast<int>(domain::Reason::rate_limited); ++i) {
    const auto reason = static_cast<domain::Reason>(i);
    const auto decision = waiting(reason, now + 5'000);
    EXPECT_EQ(seconds_to_wait(decision, now).has_value(), has_to_wait(reason));
    EXPECT_FALSE(seconds_to_wait(waiting(reason, {}), now));
    if (has_to_wait(reason)) ++waits;
  }
  EXPECT_EQ(waits, 11);
}

}  // namespace
}  // namespace otaru::dialect
