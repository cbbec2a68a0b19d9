// SPDX-License-Identifier: Apache-2.0
#include "domain/window.h"

#include <algorithm>

#include "base/limits.h"
#include "domain/facts.h"

namespace otaru::domain {
namespace {

constexpr int64_t kMinuteS = 60;
constexpr int64_t kDayS = 24 * 3600;
constexpr int64_t kDayMinutes = 24 * 60;
// A window of one day of the week comes every seven days; what spring or the date line can skip is
// one of them.
constexpr int64_t kHorizonS = 21 * kDayS;

// One opening of a window by the wall clock: seconds as if the clock showed UTC.
struct Opening {
  int64_t from_s;
  int64_t to_s;
};

std::optional<Opening> opening_on(const Window& window, int64_t day) {
  if ((window.days >> base::weekday_of(day) & 1) == 0) return {};
  const int64_t ends = window.to_minute > window.from_minute ? day : day + 1;
  return Opening{day * kDayS + window.from_minute * kMinuteS,
                 ends * kDayS + window.to_minute * kMinuteS};
}

// The latest end of what is open at this time of the wall clock; `local_s` itself: nothing is.
int64_t open_until(const Windows& windows, int64_t local_s) {
  int64_t until = local_s;
  const int64_t today = base::floor_div(local_s, kDayS);
  for (const Window& window : windows.list) {
    for (const int64_t day : {today - 1, today}) {
      const auto opening = opening_on(window, day);
      if (opening && opening->from_s <= local_s) until = std::max(until, opening->to_s);
    }
  }
  return until;
}

// The next time of the wall clock, from this one on, at which something opens.
std::optional<int64_t> opens_from(const Windows& windows, int64_t local_s) {
  std::optional<int64_t> best;
  const int64_t today = base::floor_div(local_s, kDayS);
  for (const Window& window : windows.list) {
    for (int64_t day = today; day <= today + 7; ++day) {
      const auto opening = opening_on(window, day);
      if (!opening || opening->from_s < local_s) continue;
      if (!best || opening->from_s < *best) best = opening->from_s;
      break;  // later days of this window open later
    }
  }
  return best;
}

}  // namespace

base::Status check_windows(const Windows& windows) {
  if (windows.list.size() > base::limits::kWindowsMax) {
    return base::fail_rule(
        base::Code::too_large, "windows", "max_items",
        "there are more than " + std::to_string(base::limits::kWindowsMax) + " windows");
  }
  for (const Window& window : windows.list) {
    if (window.days <= 0 || window.days > kEveryDay || window.from_minute < 0 ||
        window.from_minute >= kDayMinutes || window.to_minute < 0 ||
        window.to_minute >= kDayMinutes) {
      return base::fail_rule(base::Code::invalid, "windows", "window",
                             "a window has no day, or a time that no clock shows");
    }
  }
  if (!windows.time_zone.empty()) OTARU_CHECK(base::TimeZone::find(windows.time_zone));
  return {};
}

bool open(const Windows& windows, const base::TimeZone& zone, base::Time now) {
  if (windows.list.empty()) return true;
  const int64_t local_s = zone.local_s(now);
  return open_until(windows, local_s) > local_s;
}

std::optional<base::Time> next_opening(const Windows& windows, const base::TimeZone& zone,
                                       base::Time now) {
  if (open(windows, zone, now)) return now;
  // From here on only whole seconds matter: nothing opens between them.
  const int64_t begin_s = base::floor_div(now.ms, base::kSecondMs);
  for (int64_t at_s = begin_s; at_s < begin_s + kHorizonS;) {
    const base::TimeZone::Stretch stretch = zone.stretch_at(at_s);
    const int64_t local_s = at_s + stretch.offset_s;
    if (open_until(windows, local_s) > local_s) return base::Time{at_s * base::kSecondMs};
    const auto opens = opens_from(windows, local_s);
    if (opens && *opens - stretch.offset_s < stretch.end_s) {
      return base::Time{(*opens - stretch.offset_s) * base::kSecondMs};
    }
    if (!opens && stretch.end_s >= begin_s + kHorizonS) return {};
    at_s = stretch.end_s;
  }
  return {};
}

std::optional<base::Time> closes_at(const Windows& windows, const base::TimeZone& zone,
                                    base::Time now) {
  if (windows.list.empty() || !open(windows, zone, now)) return {};
  const int64_t begin_s = base::floor_div(now.ms, base::kSecondMs);
  for (int64_t at_s = begin_s; at_s < begin_s + kHorizonS;) {
    const base::TimeZone::Stretch stretch = zone.stretch_at(at_s);
    const int64_t local_s = at_s + stretch.offset_s;
    const int64_t until_s = open_until(windows, local_s);
    if (until_s == local_s) return base::Time{at_s * base::kSecondMs};
    // What follows on it, or what the changed clock shows, may be open as well.
    at_s = std::min(until_s - stretch.offset_s, stretch.end_s);
  }
  return {};
}

DeviceZone zone_of(const TextMap& attributes, const TextMap& reported, const Windows& windows) {
  const std::string* set = find_text(attributes, facts::kTimeZone);
  const std::string* said = find_text(reported, facts::kTimeZone);
  const std::array<std::string_view, 3> names = {set == nullptr ? std::string_view() : *set,
                                                 said == nullptr ? std::string_view() : *said,
                                                 windows.time_zone};
  DeviceZone out;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) continue;
    if (const auto zone = base::TimeZone::lookup(names[i])) {
      out.zone = *zone;
      out.source = static_cast<DeviceZone::Source>(i);
      return out;
    }
    out.passed_over[i] = names[i];
  }
  return out;
}

std::string DeviceZone::text() const {
  const auto whose = [](Source from) -> std::string_view {
    switch (from) {
      case Source::attribute:
        return "set for the device";
      case Source::reported:
        return "reported by the device";
      case Source::deployment:
        return "the deployment's";
      case Source::utc:
        return "nobody says another";
    }
    return "";
  };
  std::string out = zone.name() + " (" + std::string(whose(source));
  for (size_t i = 0; i < passed_over.size(); ++i) {
    if (passed_over[i].empty()) continue;
    out += "; '" + std::string(passed_over[i]) + "', " +
           std::string(whose(static_cast<Source>(i))) + ", is no time zone";
  }
  return out + ")";
}

}  // namespace otaru::domain
