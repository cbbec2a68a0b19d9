// SPDX-License-Identifier: Apache-2.0
#include "cli/moment.h"

#include "base/encoding.h"

namespace otaru::cli {
namespace {

constexpr int64_t kCountMax = 100'000;

int64_t unit_ms(char unit) {
  if (unit == 's') return base::kSecondMs;
  if (unit == 'm') return base::kMinuteMs;
  if (unit == 'h') return base::kHourMs;
  return unit == 'd' ? base::kDayMs : 0;
}

}  // namespace

base::Result<base::Time> parse_moment(const std::string& text, base::Time now) {
  base::Time at;
  if (base::parse_iso8601(text, at)) return at;
  if (text.size() > 2 && text.front() == '+') {
    const auto count = base::parse_int(std::string_view(text).substr(1, text.size() - 2));
    const int64_t unit = unit_ms(text.back());
    if (count && *count >= 0 && *count <= kCountMax && unit > 0) return now + *count * unit;
  }
  return base::fail(base::Code::invalid,
                    "'" + text + "' is no time; give 2026-05-01T12:00:00Z, or +90m, +2h, +3d");
}

}  // namespace otaru::cli
