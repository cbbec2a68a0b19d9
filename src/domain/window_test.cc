// SPDX-License-Identifier: Apache-2.0
#include "domain/window.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/random.h"

namespace otaru::domain {
namespace {

base::Time utc(const std::string& iso) {
  base::Time out;
  EXPECT_TRUE(base::parse_iso8601(iso, out)) << iso;
  return out;
}

base::TimeZone place(std::string_view name) {
  const auto found = base::TimeZone::lookup(name);
  EXPECT_TRUE(found) << name;
  return found.value_or(base::TimeZone());
}

Windows windows(std::string_view text) {
  const auto list = parse_windows(text);
  EXPECT_TRUE(list) << text << ": " << list.error().message;
  return Windows{list.value_or(std::vector<Window>{}), ""};
}

std::string shown(const std::optional<base::Time>& time) {
  return time ? base::iso8601(*time).substr(0, 16) : "never";
}

TEST(WindowTest, AFewNights) {
  const base::TimeZone shanghai = place("Asia/Shanghai");
  const Windows nights = windows("Mon-Fri 22:00-06:00");
  // 2026-05-01 is a Friday; 22:00 there is 14:00 UTC.
  EXPECT_FALSE(open(nights, shanghai, utc("2026-05-01T13:59:59.999Z")));
  EXPECT_TRUE(open(nights, shanghai, utc("2026-05-01T14:00:00Z")));
  EXPECT_TRUE(open(nights, shanghai, utc("2026-05-01T21:59:59.999Z")));  // Saturday, 05:59
  EXPECT_FALSE(open(nights, shanghai, utc("2026-05-01T22:00:00Z")));
  EXPECT_FALSE(open(nights, shanghai, utc("2026-05-02T14:00:00Z")));  // Saturday night
  EXPECT_FALSE(open(nights, shanghai, utc("2026-05-03T20:00:00Z")));  // Monday, 04:00
  EXPECT_EQ(shown(next_opening(nights, shanghai, utc("2026-05-01T22:00:00Z"))), "2026-05-04T14:00");
  EXPECT_EQ(shown(closes_at(nights, shanghai, utc("2026-05-01T14:00:00Z"))), "2026-05-01T22:00");
  EXPECT_EQ(next_opening(nights, shanghai, utc("2026-05-01T15:00:00.500Z")),
            utc("2026-05-01T15:00:00.500Z"));
  EXPECT_EQ(closes_at(nights, shanghai, utc("2026-05-01T22:00:00Z")), std::nullopt);
}

TEST(WindowTest, WithoutWindowsAndWithoutAnEnd) {
  const base::Time now = utc("2026-05-01T12:00:00Z");
  EXPECT_TRUE(open({}, {}, now));
  EXPECT_EQ(next_opening({}, {}, now), now);
  EXPECT_EQ(closes_at({}, {}, now), std::nullopt);
  EXPECT_TRUE(open(windows("daily 00:00-24:00"), {}, now));
  EXPECT_EQ(closes_at(windows("daily 00:00-24:00"), {}, now), std::nullopt);
  // Two that meet are one.
  EXPECT_EQ(shown(closes_at(windows("daily 10:00-12:00; daily 12:00-13:00"), {},
                            utc("2026-05-01T10:00:00Z"))),
            "2026-05-01T13:00");
  // A day that is none never opens; check_windows() refuses it.
  Windows none;
  none.list = {Window{0, 60, 120}};
  EXPECT_EQ(next_opening(none, {}, now), std::nullopt);
  EXPECT_FALSE(check_windows(none));
}

TEST(WindowTest, WhatTheClockSkipsInSpring) {
  const base::TimeZone berlin = place("Europe/Berlin");
  // 2026-03-29: 02:00 becomes 03:00, at 01:00 UTC.
  const Windows wide = windows("daily 02:00-04:00");
  const base::Time before = utc("2026-03-29T00:30:00Z");
  EXPECT_EQ(shown(next_opening(wide, berlin, before)), "2026-03-29T01:00");
  EXPECT_EQ(shown(closes_at(wide, berlin, utc("2026-03-29T01:00:00Z"))), "2026-03-29T02:00");
  const Windows narrow = windows("daily 02:00-03:00");
  EXPECT_FALSE(open(narrow, berlin, utc("2026-03-29T01:00:00Z")));
  EXPECT_EQ(shown(next_opening(narrow, berlin, before)), "2026-03-30T00:00");
  // Once a week, and that was the night.
  EXPECT_EQ(shown(next_opening(windows("Sun 02:15-02:45"), berlin, before)), "2026-04-05T00:15");
}

TEST(WindowTest, WhatTheClockShowsTwiceInAutumn) {
  const base::TimeZone berlin = place("Europe/Berlin");
  // 2026-10-25: 03:00 becomes 02:00, at 01:00 UTC.
  const Windows wide = windows("daily 01:00-04:00");
  EXPECT_EQ(shown(next_opening(wide, berlin, utc("2026-10-24T12:00:00Z"))), "2026-10-24T23:00");
  EXPECT_EQ(shown(closes_at(wide, berlin, utc("2026-10-24T23:00:00Z"))), "2026-10-25T03:00");
  const Windows early = windows("daily 02:00-02:30");
  EXPECT_EQ(shown(closes_at(early, berlin, utc("2026-10-25T00:00:00Z"))), "2026-10-25T00:30");
  EXPECT_EQ(shown(next_opening(early, berlin, utc("2026-10-25T00:30:00Z"))), "2026-10-25T01:00");
  EXPECT_EQ(shown(closes_at(early, berlin, utc("2026-10-25T01:00:00Z"))), "2026-10-25T01:30");
  // Half an hour on Lord Howe Island: 02:00 becomes 01:30.
  const base::TimeZone lord_howe = place("Australia/Lord_Howe");
  const base::Time night = utc("2026-04-04T14:30:00Z");
  EXPECT_EQ(shown(closes_at(windows("daily 01:30-02:00"), lord_howe, night)), "2026-04-04T15:30");
}

TEST(WindowTest, ADayThatTheCalendarSkipped) {
  const base::TimeZone apia = place("Pacific/Apia");  // 2011-12-30 was no day there
  const base::Time friday = utc("2011-12-30T10:00:00Z");
  // Begins on Friday, which was none: what is left of it is Saturday morning.
  EXPECT_EQ(shown(closes_at(windows("Fri 22:00-06:00"), apia, friday)), "2011-12-30T16:00");
  // Ends on Friday: ends with Thursday.
  EXPECT_EQ(closes_at(windows("Thu 22:00-06:00"), apia, utc("2011-12-30T09:00:00Z")), friday);
  EXPECT_EQ(shown(next_opening(windows("Fri 10:00-12:00"), apia, friday)), "2012-01-05T20:00");
}

// --- Against a walk, minute by minute, with the clock of the C library ---------------------------

class Walk {
 public:
  Walk(const Windows& windows, int64_t from_s, int64_t minutes) : from_s_(from_s) {
    for (int64_t i = 0; i < minutes; ++i) open_.push_back(open_at(windows, from_s + i * 60));
  }

  size_t size() const { return open_.size(); }
  base::Time time(size_t minute) const {
    return base::Time{(from_s_ + static_cast<int64_t>(minute) * 60) * 1000};
  }
  bool is_open(size_t minute) const { return open_[minute]; }
  // From `minute` on, the first that is open, or closed; empty if the walk ends before.
  std::optional<base::Time> first(size_t minute, bool wanted) const {
    while (minute < open_.size() && open_[minute] != wanted) ++minute;
    if (minute == open_.size()) return {};
    return time(minute);
  }

 private:
  static bool open_at(const Windows& windows, int64_t utc_s) {
    const auto moment = static_cast<std::time_t>(utc_s);
    std::tm tm{};
    localtime_r(&moment, &tm);
    const int minute = tm.tm_hour * 60 + tm.tm_min;
    const int today = (tm.tm_wday + 6) % 7;
    const int yesterday = (today + 6) % 7;
    for (const Window& window : windows.list) {
      const bool begins_today = (window.days & (1 << today)) != 0;
      const bool began_yesterday = (window.days & (1 << yesterday)) != 0;
      if (window.to_minute > window.from_minute) {
        if (begins_today && minute >= window.from_minute && minute < window.to_minute) return true;
      } else if ((begins_today && minute >= window.from_minute) ||
                 (began_yesterday && minute < window.to_minute)) {
        return true;
      }
    }
    return false;
  }

  int64_t from_s_;
  std::vector<bool> open_;
};

Windows random_windows(base::SeededRandom& random) {
  Windows out;
  const size_t count = 1 + random.below(3);
  for (size_t i = 0; i < count; ++i) {
    Window window;
    // Mostly in the hours in which clocks are changed, and with round times.
    const auto minute = [&random] {
      const auto hour =
          static_cast<int64_t>(random.below(3) == 0 ? random.below(24) : random.below(5));
      return hour * 60 + static_cast<int64_t>(random.below(4)) * 15;
    };
    window.days = static_cast<int64_t>(1 + random.below(127));
    window.from_minute = minute();
    window.to_minute = minute();
    out.list.push_back(window);
  }
  return out;
}

void compare(const Windows& windows, const base::TimeZone& zone, int64_t around_s,
             base::SeededRandom& random) {
  constexpr int64_t kDay = 24 * 3600;
  const Walk walk(windows, around_s - 3 * kDay, 14 * 24 * 60);
  const auto where = [&](size_t minute) {
    return zone.name() + " " + text_of(windows.list) + " at " + base::iso8601(walk.time(minute));
  };
  for (size_t minute = 0; minute < walk.size(); ++minute) {
    ASSERT_EQ(open(windows, zone, walk.time(minute)), walk.is_open(minute)) << where(minute);
  }
  for (int round = 0; round < 40; ++round) {
    const size_t minute = random.below(4 * 24 * 60);
    const base::Time time = walk.time(minute);
    const auto opens = walk.first(minute, true);
    if (opens) {
      ASSERT_EQ(next_opening(windows, zone, time), opens) << where(minute);
      // Also from between two seconds.
      if (!walk.is_open(minute)) {
        ASSERT_EQ(next_opening(windows, zone, time + 1), opens) << where(minute);
      }
    }
    if (!walk.is_open(minute)) {
      ASSERT_EQ(closes_at(windows, zone, time), std::nullopt) << where(minute);
      continue;
    }
    const auto closes = walk.first(minute, false);
    const auto said = closes_at(windows, zone, time);
    if (closes) {
      ASSERT_EQ(said, closes) << where(minute);
    } else {
      ASSERT_TRUE(!said || *said >= walk.time(walk.size() - 1)) << where(minute);
    }
  }
}

TEST(WindowTest, AgreesWithAWalkMinuteByMinute) {
  constexpr uint64_t kSeed = 4'711;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  base::SeededRandom random(kSeed);
  for (const char* name :
       {"Africa/Casablanca", "America/New_York", "America/St_Johns", "America/Sao_Paulo",
        "Antarctica/Troll", "Asia/Gaza", "Asia/Kathmandu", "Asia/Pyongyang", "Asia/Shanghai",
        "Atlantic/Azores", "Australia/Lord_Howe", "Europe/Berlin", "Europe/Istanbul",
        "Pacific/Apia", "Pacific/Chatham", "America/Caracas"}) {
    const base::TimeZone zone = place(name);
    setenv("TZ", (std::string(":") + name).c_str(), 1);
    tzset();
    // Every change of two stretches of years, and some days without one.
    for (const char* year : {"2010", "2025"}) {
      const int64_t begin_s = utc(std::string(year) + "-01-01T00:00:00Z").seconds();
      const int64_t end_s = begin_s + 3 * 365 * 24 * 3600;
      compare(random_windows(random), zone,
              begin_s + static_cast<int64_t>(random.below(1'000)) * 24 * 3600, random);
      for (int64_t t = zone.stretch_at(begin_s).end_s; t < end_s; t = zone.stretch_at(t).end_s) {
        compare(random_windows(random), zone, t - t % 60, random);
        if (testing::Test::HasFatalFailure()) break;
      }
    }
  }
  unsetenv("TZ");
  tzset();
}

// --- Whose clock ---------------------------------------------------------------------------------

TEST(WindowTest, TheClockOfTheDeviceCounts) {
  const TextMap none;
  const TextMap tokyo{{"time_zone", "Asia/Tokyo"}};
  const TextMap cairo{{"time_zone", "Africa/Cairo"}};
  const TextMap wrong{{"time_zone", "Moon/Tycho"}};
  const Windows here{{}, "Asia/Shanghai"};
  const auto text = [](const TextMap& set, const TextMap& said, const Windows& windows) {
    return zone_of(set, said, windows).text();
  };
  EXPECT_EQ(text(cairo, tokyo, here), "Africa/Cairo (set for the device)");
  EXPECT_EQ(text(none, tokyo, here), "Asia/Tokyo (reported by the device)");
  EXPECT_EQ(text(none, none, here), "Asia/Shanghai (the deployment's)");
  EXPECT_EQ(text(none, none, {}), "UTC (nobody says another)");
  EXPECT_EQ(
      text(wrong, tokyo, here),
      "Asia/Tokyo (reported by the device; 'Moon/Tycho', set for the device, is no time zone)");
  EXPECT_EQ(text(none, wrong, here),
            "Asia/Shanghai (the deployment's; 'Moon/Tycho', reported by the device, is no time "
            "zone)");
  EXPECT_EQ(zone_of(wrong, wrong, Windows{{}, "nowhere"}).source, DeviceZone::Source::utc);
}

// --- As people write them ------------------------------------------------------------------------

TEST(WindowTest, IsReadAndWritten) {
  const auto round = [](std::string_view text) { return text_of(windows(text).list); };
  for (const char* text : {"Mon-Fri 22:00-06:00", "daily 02:00-04:00", "Sat,Sun 00:00-24:00",
                           "Mon 00:00-00:01", "Mon,Wed-Fri,Sun 23:59-23:58", "Tue 22:00-24:00",
                           "Mon-Fri 22:00-06:00; Sat,Sun 00:00-24:00"}) {
    EXPECT_EQ(round(text), text);
  }
  EXPECT_EQ(round("mon-FRI 22:00 - 06:00;sat 01:00-02:00"), "Mon-Fri 22:00-06:00; Sat 01:00-02:00");
  EXPECT_EQ(round("02:00-04:00"), "daily 02:00-04:00");
  EXPECT_EQ(round("Mon-Sun 02:00-04:00"), "daily 02:00-04:00");
  EXPECT_EQ(round("Fri-Mon 02:00-04:00"), "Mon,Fri-Sun 02:00-04:00");
  EXPECT_EQ(round("Mon 10:00-00:00"), "Mon 10:00-24:00");
  const Window window = *parse_window("Sat,Sun 01:30-24:00");
  EXPECT_EQ(window, (Window{0x60, 90, 0}));
}

TEST(WindowTest, WhatIsWrongIsSaidWithItsColumn) {
  const auto message = [](std::string_view text) {
    const auto read = parse_windows(text);
    EXPECT_FALSE(read) << text;
    EXPECT_EQ(read.error().rule, "window");
    EXPECT_FALSE(read.error().remedy.empty());
    return read.error().message;
  };
  EXPECT_EQ(message(""), "column 1: expected a time from 00:00 to 23:59");
  EXPECT_EQ(message("Mon-Fri 2:00-04:00"), "column 9: expected a time from 00:00 to 23:59");
  EXPECT_EQ(message("Mon-Fri 24:00-04:00"), "column 9: expected a time from 00:00 to 23:59");
  EXPECT_EQ(message("Mon-Fri 22:00-24:30"), "column 15: expected a time from 00:00 to 24:00");
  EXPECT_EQ(message("Mon-Fre 22:00-06:00"),
            "column 5: expected Mon, Tue, Wed, Thu, Fri, Sat, Sun or daily");
  EXPECT_EQ(message("Mon22:00-06:00"), "column 4: expected a blank and a time such as 22:00");
  EXPECT_EQ(message("Mon 22:00"), "column 10: expected '-' and the time at which the window ends");
  EXPECT_EQ(message("Mon 22:00-06:00 Tue 1"),
            "column 17: expected the end, or ';' and another window");
  EXPECT_EQ(message("daily 02:00-04:00;"), "column 19: expected a time from 00:00 to 23:59");
  EXPECT_EQ(message("daily 02:000-04:00"), "column 12: expected two digits of minutes");
  EXPECT_EQ(message("daily 02:60-04:00"), "column 7: expected a time from 00:00 to 23:59");
  EXPECT_FALSE(parse_window("Mon 01:00-02:00; Tue 01:00-02:00"));
  EXPECT_FALSE(parse_window(std::string("Mon 01:00-02:00\0", 16)));
}

TEST(WindowTest, ThereAreNotTooMany) {
  std::string text = "daily 02:00-04:00";
  for (size_t i = 1; i < base::limits::kWindowsMax; ++i) text += ";daily 02:00-04:00";
  Windows most = windows(text);
  EXPECT_TRUE(check_windows(most));
  EXPECT_FALSE(parse_windows(text + ";daily 02:00-04:00"));
  most.list.push_back(most.list[0]);
  EXPECT_EQ(check_windows(most).error().code, base::Code::too_large);
  EXPECT_EQ(check_windows(Windows{{}, "Asia/Shangai"}).error().rule, "time_zone");
  EXPECT_FALSE(check_windows(Windows{{Window{0x80, 0, 1}}, ""}));
  EXPECT_FALSE(check_windows(Windows{{Window{1, 0, 1'440}}, ""}));
  EXPECT_FALSE(check_windows(Windows{{Window{1, -1, 1}}, ""}));
}

}  // namespace
}  // namespace otaru::domain
