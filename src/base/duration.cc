// SPDX-License-Identifier: Apache-2.0
#include "base/duration.h"

#include <optional>

#include "base/encoding.h"

namespace otaru::base {
namespace {

std::string two_digits(int64_t number) {
  std::string out = std::to_string(number);
  return out.size() < 2 ? "0" + out : out;
}

constexpr int64_t kMinuteSeconds = 60;
constexpr int64_t kHourSeconds = 3600;
constexpr int64_t kDaySeconds = 86'400;

// "HH:MM:SS"
std::optional<int64_t> read_clock(std::string_view text) {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
  const auto hours = parse_uint(text.substr(0, 2));
  const auto minutes = parse_uint(text.substr(3, 2));
  const auto seconds = parse_uint(text.substr(6, 2));
  if (!hours || !minutes || !seconds) return std::nullopt;
  if (*hours > 23 || *minutes > 59 || *seconds > 59) return std::nullopt;
  return static_cast<int64_t>(*hours) * kHourSeconds +
         static_cast<int64_t>(*minutes) * kMinuteSeconds + static_cast<int64_t>(*seconds);
}

// "P1D", "PT5M", "P1DT12H30M"
std::optional<int64_t> read_duration(std::string_view text) {
  if (!text.starts_with('P')) return std::nullopt;
  text.remove_prefix(1);
  int64_t total = 0;
  bool time = false;
  bool any = false;
  while (!text.empty()) {
    if (text.front() == 'T' && !time) {
      time = true;
      text.remove_prefix(1);
      continue;
    }
    const size_t digits = text.find_first_not_of("0123456789");
    if (digits == std::string_view::npos || digits == 0 || digits > 9) return std::nullopt;
    const int64_t number = *parse_int(text.substr(0, digits));
    const char unit = text[digits];
    text.remove_prefix(digits + 1);
    int64_t seconds = 0;
    if (!time && unit == 'D') seconds = kDaySeconds;
    if (time && unit == 'H') seconds = kHourSeconds;
    if (time && unit == 'M') seconds = kMinuteSeconds;
    if (time && unit == 'S') seconds = 1;
    if (seconds == 0) return std::nullopt;
    total += number * seconds;
    any = true;
  }
  return any ? std::optional(total) : std::nullopt;
}

}  // namespace

std::string duration_text(int64_t seconds) {
  const int64_t hours = seconds % kDaySeconds / kHourSeconds;
  const int64_t minutes = seconds % kHourSeconds / kMinuteSeconds;
  const int64_t rest = seconds % kMinuteSeconds;
  if (seconds < kDaySeconds) {
    return two_digits(hours) + ":" + two_digits(minutes) + ":" + two_digits(rest);
  }
  std::string out = "P" + std::to_string(seconds / kDaySeconds) + "D";
  if (seconds % kDaySeconds != 0) out += 'T';
  if (hours != 0) out += std::to_string(hours) + "H";
  if (minutes != 0) out += std::to_string(minutes) + "M";
  if (rest != 0) out += std::to_string(rest) + "S";
  return out;
}

Result<int64_t> parse_duration(std::string_view text) {
  auto seconds = read_clock(text);
  if (!seconds) seconds = read_duration(text);
  if (!seconds) {
    return fail(Code::invalid,
                "'" + std::string(text) + "' is no duration like 00:05:00, PT5M or P1DT12H");
  }
  return *seconds;
}

}  // namespace otaru::base
