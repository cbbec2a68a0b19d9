// SPDX-License-Identifier: Apache-2.0
#include "base/time_zone.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"

namespace otaru::base {
namespace {

constexpr int64_t k1902 = -2'145'916'800;
constexpr int64_t k2037 = 2'114'380'800;

Time at(const std::string& iso) {
  Time out;
  EXPECT_TRUE(parse_iso8601(iso, out)) << iso;
  return out;
}

TimeZone zone(std::string_view name) {
  const auto found = TimeZone::lookup(name);
  EXPECT_TRUE(found) << name;
  return found.value_or(TimeZone());
}

// With rules of every kind: half hours, no daylight saving, Ramadan, whole days skipped, links.
const std::vector<std::string> kSomeZones = {
    "Africa/Casablanca", "Africa/Monrovia",     "America/Argentina/Buenos_Aires",
    "America/Caracas",   "America/New_York",    "America/Sao_Paulo",
    "America/St_Johns",  "Antarctica/Troll",    "Asia/Kathmandu",
    "Asia/Pyongyang",    "Asia/Shanghai",       "Asia/Tehran",
    "Atlantic/Azores",   "Australia/Lord_Howe", "Europe/Berlin",
    "Europe/Dublin",     "Europe/Moscow",       "Pacific/Apia",
    "Pacific/Chatham",   "Pacific/Kiritimati",  "US/Pacific",
    "Asia/Calcutta",     "Asia/Gaza",           "PRC"};

TEST(TimeZone, IsFoundByNameAndByOffset) {
  EXPECT_EQ(zone("Asia/Shanghai").name(), "Asia/Shanghai");
  EXPECT_EQ(zone("asia/SHANGHAI").name(), "Asia/Shanghai");
  EXPECT_EQ(zone("UTC").name(), "UTC");
  EXPECT_EQ(zone("z").name(), "UTC");
  EXPECT_EQ(zone("+00:00").name(), "UTC");
  for (const char* text : {"+08:00", "+0800", "+8", "+08", "UTC+8", "GMT+8", "gmt+08:00"}) {
    EXPECT_EQ(zone(text).name(), "+08:00") << text;
    EXPECT_EQ(zone(text).local_s(Time{}), 8 * 3600) << text;
  }
  EXPECT_EQ(zone("-03:30").local_s(Time{}), -(3 * 3600 + 30 * 60));
  // The database counts the other way round.
  EXPECT_EQ(zone("Etc/GMT+8").local_s(Time{}), -8 * 3600);
  for (const char* text :
       {"", "Asia", "Asia/", "Mars/Olympus", "+", "+15", "-12:30", "+08:60", "+08:0", "+8:00:00",
        "+0x", "+080", "localtime", "Europe/Berlin ", "+-8", "UTC+", "GMT+99"}) {
    EXPECT_FALSE(TimeZone::lookup(text)) << text;
  }
  EXPECT_FALSE(TimeZone::lookup(std::string(100'000, 'A')));
  EXPECT_FALSE(TimeZone::lookup(std::string_view("Asia\0Shanghai", 13)));
}

TEST(TimeZone, AWrongNameSaysWhichIsMeant) {
  const auto remedy = [](std::string_view name) {
    const auto found = TimeZone::find(name);
    EXPECT_FALSE(found) << name;
    EXPECT_EQ(found.error().code, Code::invalid);
    EXPECT_EQ(found.error().rule, "time_zone");
    return found.error().remedy;
  };
  EXPECT_NE(remedy("shanghai").find("did you mean Asia/Shanghai?"), std::string::npos);
  EXPECT_NE(remedy("Asia/Shangai").find("did you mean Asia/Shanghai?"), std::string::npos);
  EXPECT_NE(remedy("Europe/Brelin").find("did you mean Europe/Berlin?"), std::string::npos);
  EXPECT_EQ(remedy("Mars/Olympus Mons").find("did you mean"), std::string::npos);
  EXPECT_EQ(remedy(std::string(100'000, 'A')).find("did you mean"), std::string::npos);
  EXPECT_TRUE(TimeZone::find("Asia/Shanghai"));
  EXPECT_TRUE(TimeZone::prepare());
}

// The C library reads the same files with code of its own.
TEST(TimeZone, OffsetsAreThoseOfTheCLibrary) {
  SeededRandom random(20'261'122);
  for (const std::string& name : kSomeZones) {
    const TimeZone tested = zone(name);
    setenv("TZ", (":" + name).c_str(), 1);
    tzset();
    const auto same_as_libc = [&](int64_t utc_s) {
      const auto moment = static_cast<std::time_t>(utc_s);
      std::tm tm{};
      localtime_r(&moment, &tm);
      ASSERT_EQ(tested.stretch_at(utc_s).offset_s, tm.tm_gmtoff) << name << " " << utc_s;
    };
    for (int round = 0; round < 2'000; ++round) {
      same_as_libc(k1902 + static_cast<int64_t>(random.below(k2037 - k1902)));
    }
    // And around every change.
    for (int64_t t = k1902; t < k2037;) {
      const TimeZone::Stretch stretch = tested.stretch_at(t);
      ASSERT_LE(stretch.begin_s, t);
      ASSERT_GT(stretch.end_s, t);
      same_as_libc(t);
      if (stretch.end_s >= k2037) break;
      same_as_libc(stretch.end_s - 1);
      same_as_libc(stretch.end_s);
      t = stretch.end_s;
    }
  }
  unsetenv("TZ");
  tzset();
}

TEST(TimeZone, WallTimesThatDoNotExistAndThoseThatComeTwice) {
  const auto local = [](const std::string& iso) { return at(iso).seconds(); };
  const TimeZone berlin = zone("Europe/Berlin");
  // 2026-03-29: 02:00 becomes 03:00.
  auto moments = berlin.moments_of(local("2026-03-29T02:30:00Z"));
  EXPECT_EQ(moments.count, 0);
  EXPECT_EQ(moments.first_s, at("2026-03-29T01:00:00Z").seconds());
  EXPECT_EQ(berlin.moments_of(local("2026-03-29T03:00:00Z")).count, 1);
  // 2026-10-25: 03:00 becomes 02:00.
  moments = berlin.moments_of(local("2026-10-25T02:30:00Z"));
  EXPECT_EQ(moments.count, 2);
  EXPECT_EQ(moments.first_s, at("2026-10-25T00:30:00Z").seconds());
  EXPECT_EQ(moments.second_s, at("2026-10-25T01:30:00Z").seconds());
  EXPECT_EQ(berlin.moments_of(local("2026-10-25T03:00:00Z")).count, 1);
  // Half an hour: 2026-04-05 02:00 becomes 01:30.
  const TimeZone lord_howe = zone("Australia/Lord_Howe");
  EXPECT_EQ(lord_howe.moments_of(local("2026-04-05T01:45:00Z")).count, 2);
  EXPECT_EQ(lord_howe.moments_of(local("2026-04-05T01:15:00Z")).count, 1);
  // Samoa went over the date line: 2011-12-30 was no day there.
  const TimeZone apia = zone("Pacific/Apia");
  moments = apia.moments_of(local("2011-12-30T12:00:00Z"));
  EXPECT_EQ(moments.count, 0);
  EXPECT_EQ(moments.first_s, at("2011-12-30T10:00:00Z").seconds());
  EXPECT_EQ(apia.text(Time{moments.first_s * 1000 - 1}), "Thu 2011-12-29 23:59 -10:00");
  EXPECT_EQ(apia.text(Time{moments.first_s * 1000}), "Sat 2011-12-31 00:00 +14:00");
}

TEST(TimeZone, ThereAndBackAgain) {
  SeededRandom random(7);
  for (const std::string& name : kSomeZones) {
    const TimeZone tested = zone(name);
    for (int round = 0; round < 2'000; ++round) {
      const int64_t utc_s = k1902 + static_cast<int64_t>(random.below(k2037 - k1902));
      const auto moments = tested.moments_of(utc_s + tested.stretch_at(utc_s).offset_s);
      ASSERT_GE(moments.count, 1) << name << " " << utc_s;
      EXPECT_TRUE(moments.first_s == utc_s || (moments.count == 2 && moments.second_s == utc_s))
          << name << " " << utc_s;
    }
  }
}

TEST(TimeZone, IsTheSameForAllThreads) {
  std::vector<std::thread> threads;
  std::vector<int64_t> sums(4);
  for (size_t i = 0; i < sums.size(); ++i) {
    threads.emplace_back([&sum = sums[i]] {
      for (int round = 0; round < 1'000; ++round) {
        for (const std::string& name : kSomeZones) {
          sum += TimeZone::lookup(name)->local_s(Time{1'777'636'800'000});
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int64_t sum : sums) EXPECT_EQ(sum, sums[0]);
}

TEST(TimeZone, DaysOfTheWeekAndDivisionBelowZero) {
  EXPECT_EQ(weekday_of(0), 3);  // 1970-01-01 was a Thursday
  EXPECT_EQ(weekday_of(-1), 2);
  EXPECT_EQ(weekday_of(-4), 6);
  EXPECT_EQ(weekday_of(4), 0);
  EXPECT_EQ(floor_div(-1, 60), -1);
  EXPECT_EQ(floor_div(-60, 60), -1);
  EXPECT_EQ(floor_div(59, 60), 0);
}

}  // namespace
}  // namespace otaru::base
