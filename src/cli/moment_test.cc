// SPDX-License-Identifier: Apache-2.0
#include "cli/moment.h"

#include <gtest/gtest.h>

namespace otaru::cli {
namespace {

TEST(CliMoment, TimesAndSpansFromNow) {
  const base::Time now{1'000'000};
  EXPECT_EQ(parse_moment("1970-01-02T00:00:00Z", now)->ms, base::kDayMs);
  EXPECT_EQ(parse_moment("+90s", now)->ms, now.ms + 90'000);
  EXPECT_EQ(parse_moment("+90m", now)->ms, now.ms + 90 * base::kMinuteMs);
  EXPECT_EQ(parse_moment("+2h", now)->ms, now.ms + 2 * base::kHourMs);
  EXPECT_EQ(parse_moment("+3d", now)->ms, now.ms + 3 * base::kDayMs);
  for (const auto* wrong : {"", "+", "+h", "+2", "2h", "+-2h", "+2w", "+9999999d", "tomorrow"}) {
    EXPECT_FALSE(parse_moment(wrong, now)) << wrong;
  }
}

}  // namespace
}  // namespace otaru::cli
