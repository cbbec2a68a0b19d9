// SPDX-License-Identifier: Apache-2.0
// Durations as people and protocols write them: the time of a clock, or ISO 8601.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace otaru::base {

// Seconds, not negative: "00:05:00" below one day, from there up "P1DT12H30M5S".
std::string duration_text(int64_t seconds);
// The inverse; also "PT5M". Code::invalid. Years, months and weeks are none: nobody polls by them.
Result<int64_t> parse_duration(std::string_view text);

}  // namespace otaru::base
