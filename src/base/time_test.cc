// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace otaru::base {
namespace {

TEST(Time, IsWrittenInTheThreeForms) {
  const Time time{1'777'636'800'007};
  EXPECT_EQ(iso8601(time), "2026-05-01T12:00:00.007Z");
  EXPECT_EQ(http_date(time), "Fri, 01 May 2026 12:00:00 GMT");
  EXPECT_EQ(local_stamp(time), "2026-05-01,12:00:00");
  EXPECT_EQ(http_date(Time{784'111'777'000}), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110 5.6.7
  EXPECT_EQ(iso8601(Time{-1}), "1969-12-31T23:59:59.999Z");
}

TEST(Time, IsoTextIsReadBack) {
  SeededRandom random(11);
  for (int round = 0; round < 1000; ++round) {
    const Time time{static_cast<int64_t>(random.below(253'402'300'799'000))};
    Time read;
    ASSERT_TRUE(parse_iso8601(iso8601(time), read)) << iso8601(time);
    EXPECT_EQ(read, time);
  }
  Time read;
  EXPECT_TRUE(parse_iso8601("2026-05-01T12:00:00Z", read));
  EXPECT_EQ(read.ms, 1'777'636'800'000);
  EXPECT_TRUE(parse_iso8601("2026-05-01T12:00:00.5+00:00", read));
  EXPECT_EQ(read.ms, 1'777'636'800'500);
  EXPECT_TRUE(parse_iso8601("2028-02-29T00:00:00Z", read));
}

TEST(Time, WhatIsNoTimeIsRefused) {
  for (const std::string text :
       {"", "2026-05-01", "2026-05-01T12:00:00", "2026-05-01 12:00:00Z", "2026-13-01T12:00:00Z",
        "2026-00-01T12:00:00Z", "2026-02-29T12:00:00Z", "2026-04-31T12:00:00Z",
        "2026-05-01T24:00:00Z", "2026-05-01T12:60:00Z", "2026-05-01T12:00:00+02:00",
        "2026-05-01T12:00:00Zx", "2026-5-1T12:00:00Z", "+026-05-01T12:00:00Z",
        "2026-05-01T12:00:00.Z", "2026-05- 1T12:00:00Z"}) {
    Time read{5};
    EXPECT_FALSE(parse_iso8601(text, read)) << text;
    EXPECT_EQ(read.ms, 5) << text;
  }
}

TEST(Time, ManualClockMovesWhenTold) {
  ManualClock clock(Time{1000});
  EXPECT_EQ(clock.now().ms, 1000);
  clock.advance(kMinuteMs);
  EXPECT_EQ(clock.now().ms, 61'000);
  EXPECT_EQ(clock.now() - Time{1000}, kMinuteMs);
  EXPECT_EQ((clock.now() + kSecondMs).seconds(), 62);
}

}  // namespace
}  // namespace otaru::base
