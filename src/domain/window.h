// SPDX-License-Identifier: Apache-2.0
// Maintenance windows: when a device may be updated, by the clock on its own wall.
//
// A window is open exactly while the wall clock shows a time in it: from `from` to before `to`, on
// the day it begins on (one past midnight belongs to the day before). All else follows from that:
//  * put forward in spring: what is skipped is no time to be open in. 02:00-04:00 is open for one
//    hour that night, 02:00-03:00 not at all; it opens again the next day. Moving it to 03:00 would
//    update devices at an hour that was not agreed.
//  * put back in autumn: what the clock shows twice is open twice. 01:00-04:00 is open for four
//    hours, 02:00-02:30 opens two times half an hour.
//  * a window that begins on a day which the calendar skipped (Samoa, 2011-12-30) and goes past
//    midnight is open in the day behind it; one that would end on that day ends with the day
//    before.
// A rule for people needs to be one sentence; this one never updates a device while its clock shows
// a time outside the window, whatever the clock did.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/time_zone.h"
#include "domain/text_map.h"

namespace otaru::domain {

constexpr int64_t kEveryDay = 0x7f;

struct Window {
  int64_t days = kEveryDay;  // bit 0 Monday ... bit 6 Sunday: those it begins on
  int64_t from_minute = 0;   // of the day, 0 to 1439
  int64_t to_minute = 0;     // not after `from`: on the next day; equal: a whole day
  friend bool operator==(const Window&, const Window&) = default;
};

struct Windows {
  std::vector<Window> list;  // none: always open
  std::string time_zone;     // of devices that say none; empty: UTC
  friend bool operator==(const Windows&, const Windows&) = default;
};

// A row that a store or a request has: bits and minutes in their ranges, at most kWindowsMax, a
// zone that exists.
base::Status check_windows(const Windows& windows);

bool open(const Windows& windows, const base::TimeZone& zone, base::Time now);
// When it opens: `now` if it is open. Empty: not within three weeks, which no valid window reaches.
std::optional<base::Time> next_opening(const Windows& windows, const base::TimeZone& zone,
                                       base::Time now);
// When it closes that is open now; empty: never, or not within three weeks.
std::optional<base::Time> closes_at(const Windows& windows, const base::TimeZone& zone,
                                    base::Time now);

// Whose clock counts for a device, the first that exists of: the attribute `time_zone` that
// operators set, what the device reported under this name, the deployment's, UTC.
struct DeviceZone {
  enum class Source { attribute, reported, deployment, utc };
  base::TimeZone zone;
  Source source = Source::utc;
  // Names that were there and are no zones, in the order above; they point into what was asked.
  std::array<std::string_view, 3> passed_over = {};
  std::string text() const;  // "Asia/Shanghai (reported by the device)"; names what was passed over
};
DeviceZone zone_of(const TextMap& attributes, const TextMap& reported, const Windows& windows);

// "Mon-Fri 22:00-06:00", "Sat,Sun 00:00-24:00", "daily 02:00-04:00"; days in any case, a range may
// go past Sunday (Fri-Mon), no days: daily. Code::invalid (rule "window") with the column.
base::Result<Window> parse_window(std::string_view text);
// Several, separated by semicolons.
base::Result<std::vector<Window>> parse_windows(std::string_view text);
std::string text_of(const Window& window);
std::string text_of(const std::vector<Window>& windows);

}  // namespace otaru::domain
