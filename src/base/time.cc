// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <string_view>

namespace otaru::base {
namespace {

std::tm utc(Time t) {
  const auto seconds = static_cast<std::time_t>(t.ms >= 0 ? t.ms / 1000 : (t.ms - 999) / 1000);
  std::tm out{};
  gmtime_r(&seconds, &out);
  return out;
}

}  // namespace

Clock::~Clock() = default;

Time SystemClock::now() const {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return Time{std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

std::string iso8601(Time t) {
  const std::tm tm = utc(t);
  const int64_t millis = ((t.ms % 1000) + 1000) % 1000;
  char out[64];
  std::snprintf(out, sizeof out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
                tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                static_cast<int>(millis));
  return out;
}

std::string http_date(Time t) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm tm = utc(t);
  char out[64];
  std::snprintf(out, sizeof out, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[tm.tm_wday],
                tm.tm_mday, kMonths[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                tm.tm_sec);
  return out;
}

std::string local_stamp(Time t) {
  const std::tm tm = utc(t);
  char out[64];
  std::snprintf(out, sizeof out, "%04d-%02d-%02d,%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
                tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
  return out;
}

bool parse_iso8601(const std::string& text, Time& out) {
  // 2026-05-01T12:00:00[.fraction](Z|+00:00), nothing else: whoever writes a time here means UTC.
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= kShape.size()) return false;
  for (size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return false;
  }
  const auto number = [&text](size_t at, size_t digits) {
    int value = 0;
    for (size_t i = 0; i < digits; ++i) value = value * 10 + (text[at + i] - '0');
    return value;
  };
  int64_t millis = 0;
  size_t at = kShape.size();
  if (text[at] == '.') {
    const size_t from = ++at;
    int64_t scale = 100;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) {
      millis += (text[at] - '0') * scale;
    }
    if (at == from) return false;
  }
  const std::string_view zone = std::string_view(text).substr(at);
  if (zone != "Z" && zone != "+00:00") return false;
  std::tm tm{};
  tm.tm_year = number(0, 4) - 1900;
  tm.tm_mon = number(5, 2) - 1;
  tm.tm_mday = number(8, 2);
  tm.tm_hour = number(11, 2);
  tm.tm_min = number(14, 2);
  tm.tm_sec = number(17, 2);
  const std::tm wanted = tm;
  const int64_t seconds = timegm(&tm);
  // timegm() moves what does not exist (31 April, 24:00) elsewhere.
  if (tm.tm_mon != wanted.tm_mon || tm.tm_mday != wanted.tm_mday || tm.tm_hour != wanted.tm_hour ||
      tm.tm_min != wanted.tm_min || tm.tm_sec != wanted.tm_sec) {
    return false;
  }
  out = Time{seconds * 1000 + millis};
  return true;
}

}  // namespace otaru::base
