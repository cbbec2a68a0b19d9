// SPDX-License-Identifier: Apache-2.0
#include "base/duration.h"

#include <gtest/gtest.h>

namespace otaru::base {
namespace {

TEST(Duration, TextsAreReadBack) {
  const std::pair<int64_t, const char*> rows[] = {
      {0, "00:00:00"}, {1, "00:00:01"},        {300, "00:05:00"},    {86'399, "23:59:59"},
      {86'400, "P1D"}, {129'605, "P1DT12H5S"}, {90'060, "P1DT1H1M"}, {30 * 86'400, "P30D"},
  };
  for (const auto& [seconds, text] : rows) {
    EXPECT_EQ(duration_text(seconds), text);
    EXPECT_EQ(parse_duration(text).value_or(-1), seconds) << text;
  }
  EXPECT_EQ(parse_duration("PT5M").value_or(-1), 300);
  EXPECT_EQ(parse_duration("PT90S").value_or(-1), 90);
}

TEST(Duration, OthersAreRefused) {
  for (const char* text :
       {"",   "5",      "0:05:00", "24:00:00",     "00:60:00", "00:00:60", "00:05",
        "P",  "PT",     "P1M",     "P1W",          "PT1D",     "P-1D",     "P1.5D",
        "1D", "P1D12H", "PTT5M",   "P9999999999D", "+0:00:01", "00:05:00 "}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

}  // namespace
}  // namespace otaru::base
