// SPDX-License-Identifier: Apache-2.0
#include "base/time_zone.h"

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

#include "base/edit_distance.h"

namespace otaru::base {

// Offsets of one place. `changes` are sorted; before the first of them `offset_s` holds.
struct TimeZone::Table {
  struct Change {
    int64_t at_s;
    int32_t offset_s;
  };
  std::string name;
  int32_t offset_s = 0;
  std::vector<Change> changes;
};

namespace {

constexpr int64_t kDayS = 24 * 3600;
// Nobody's clock is further off than that: from Baker Island to the Line Islands.
constexpr int64_t kOffsetMinS = -12 * 3600;
constexpr int64_t kOffsetMaxS = 14 * 3600;
// What the database knows about the time before does not concern devices.
constexpr int64_t kFirstS = -2'208'988'800;  // 1900-01-01
constexpr int64_t kLastS = 4'102'444'800;    // 2100-01-01
// The longest name of the database has 32 bytes ("America/Argentina/ComodRivadavia").
constexpr size_t kZoneNameBytesMax = 64;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool less_folded(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return lower(x) < lower(y); });
}

bool same_folded(std::string_view a, std::string_view b) {
  return a.size() == b.size() && !less_folded(a, b) && !less_folded(b, a);
}

TimeZone::Table flatten(const date::time_zone& zone) {
  TimeZone::Table table;
  table.name = zone.name();
  const auto at = [](int64_t seconds) { return date::sys_seconds{std::chrono::seconds{seconds}}; };
  date::sys_info info = zone.get_info(at(kFirstS));
  table.offset_s = static_cast<int32_t>(info.offset.count());
  int32_t now = table.offset_s;
  while (info.end < at(kLastS)) {
    const date::sys_seconds change = info.end;
    info = zone.get_info(change);
    const auto offset = static_cast<int32_t>(info.offset.count());
    // The database also has changes of the abbreviation alone.
    if (offset != now) table.changes.push_back({change.time_since_epoch().count(), offset});
    now = offset;
  }
  return table;
}

struct Database {
  std::vector<TimeZone::Table> tables;  // sorted by name, whatever its case
  std::string trouble;                  // why there are none

  Database() {
    // The library throws, for a folder that is not there and for a file that is broken.
    try {
      for (const date::time_zone& zone : date::get_tzdb().zones) {
        // Which zone this machine is in is not a place.
        if (zone.name() != "localtime") tables.push_back(flatten(zone));
      }
    } catch (const std::exception& thrown) {
      trouble = thrown.what();
    }
    std::sort(tables.begin(), tables.end(),
              [](const auto& a, const auto& b) { return less_folded(a.name, b.name); });
  }

  const TimeZone::Table* find(std::string_view name) const {
    const auto at = std::lower_bound(tables.begin(), tables.end(), name,
                                     [](const TimeZone::Table& table, std::string_view text) {
                                       return less_folded(table.name, text);
                                     });
    return at != tables.end() && same_folded(at->name, name) ? &*at : nullptr;
  }
};

const Database& database() {
  static const Database the_database;
  return the_database;
}

std::optional<int32_t> two_digits(std::string_view text) {
  if (text.empty() || text.size() > 2) return {};
  int32_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + (c - '0');
  }
  return value;
}

// "+08:00", "-0330", "+8".
std::optional<int32_t> parse_offset(std::string_view text) {
  if (text.size() < 2 || (text[0] != '+' && text[0] != '-')) return {};
  const bool west = text[0] == '-';
  text.remove_prefix(1);
  std::string_view hours = text;
  std::string_view minutes;
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    hours = text.substr(0, colon);
    minutes = text.substr(colon + 1);
    if (minutes.size() != 2) return {};
  } else if (text.size() == 4) {
    hours = text.substr(0, 2);
    minutes = text.substr(2);
  }
  const auto h = two_digits(hours);
  const auto m = minutes.empty() ? std::optional<int32_t>(0) : two_digits(minutes);
  if (!h || !m || *m > 59) return {};
  const int32_t offset = (west ? -1 : 1) * (*h * 3600 + *m * 60);
  if (offset < kOffsetMinS || offset > kOffsetMaxS) return {};
  return offset;
}

std::string offset_text(int64_t offset_s) {
  const int64_t minutes = (offset_s < 0 ? -offset_s : offset_s) / 60;
  char out[16];
  std::snprintf(out, sizeof out, "%c%02d:%02d", offset_s < 0 ? '-' : '+',
                static_cast<int>(minutes / 60 % 100), static_cast<int>(minutes % 60));
  return out;
}

// "shanghai" means Asia/Shanghai; "Asia/Shangai" too.
std::string similar_zone(std::string_view name) {
  std::string best;
  size_t best_distance = std::max<size_t>(name.size() / 4, 1) + 1;
  for (const TimeZone::Table& table : database().tables) {
    const std::string_view full = table.name;
    const std::string_view last = full.substr(full.rfind('/') + 1);
    if (same_folded(last, name)) return table.name;
    const size_t distance = edit_distance(full, name);
    if (distance < best_distance) {
      best_distance = distance;
      best = table.name;
    }
  }
  return best;
}

}  // namespace

std::optional<TimeZone> TimeZone::lookup(std::string_view name) {
  if (name.empty() || name.size() > kZoneNameBytesMax) return {};
  if (same_folded(name, "UTC") || same_folded(name, "Z")) return TimeZone();
  std::string_view offset = name;
  if (offset.size() > 3 &&
      (same_folded(offset.substr(0, 3), "UTC") || same_folded(offset.substr(0, 3), "GMT"))) {
    offset.remove_prefix(3);
  }
  if (const auto seconds = parse_offset(offset)) return TimeZone(nullptr, *seconds);
  if (const Table* table = database().find(name)) return TimeZone(table, 0);
  return {};
}

Result<TimeZone> TimeZone::find(std::string_view name) {
  if (const auto zone = lookup(name)) return *zone;
  const std::string shown(name.substr(0, kZoneNameBytesMax));
  if (const Status there = prepare(); !there) {
    return fail_rule(Code::invalid, "", "time_zone",
                     "time zone '" + shown + "' cannot be looked up: " + there.error().message,
                     there.error().remedy);
  }
  const std::string meant = name.size() > kZoneNameBytesMax ? "" : similar_zone(name);
  return fail_rule(Code::invalid, "", "time_zone", "there is no time zone '" + shown + "'",
                   (meant.empty() ? "" : "did you mean " + meant + "? ") +
                       std::string("Zones are named as in the IANA database (Asia/Shanghai), or "
                                   "are offsets (UTC, +08:00)"));
}

Status TimeZone::prepare() {
  if (!database().tables.empty()) return {};
  Error error{Code::unavailable, "the time zone database of this machine cannot be read",
              database().trouble};
  error.remedy = "install the package tzdata and start the server again";
  return fail(std::move(error));
}

std::string TimeZone::name() const {
  if (table_ != nullptr) return table_->name;
  return offset_s_ == 0 ? "UTC" : offset_text(offset_s_);
}

TimeZone::Stretch TimeZone::stretch_at(int64_t utc_s) const {
  Stretch out;
  out.offset_s = offset_s_;
  if (table_ == nullptr) return out;
  const auto& changes = table_->changes;
  const auto next =
      std::upper_bound(changes.begin(), changes.end(), utc_s,
                       [](int64_t at, const Table::Change& change) { return at < change.at_s; });
  out.offset_s = table_->offset_s;
  if (next != changes.end()) out.end_s = next->at_s;
  if (next != changes.begin()) {
    out.begin_s = std::prev(next)->at_s;
    out.offset_s = std::prev(next)->offset_s;
  }
  return out;
}

int64_t TimeZone::local_s(Time t) const {
  const int64_t utc_s = floor_div(t.ms, kSecondMs);
  return utc_s + stretch_at(utc_s).offset_s;
}

TimeZone::Moments TimeZone::moments_of(int64_t local_seconds) const {
  // No two clocks differ by more than a day and two hours, so the moment is within two of here; no
  // place changed its offset more than twice within so few days (a test walks all of them).
  Moments out{0, 0, 0};
  int64_t at = local_seconds - 2 * kDayS;
  int64_t jump = local_seconds;
  while (at <= local_seconds + 2 * kDayS) {
    const Stretch stretch = stretch_at(at);
    const int64_t moment = local_seconds - stretch.offset_s;
    if (moment >= stretch.begin_s && moment < stretch.end_s) {
      (out.count == 0 ? out.first_s : out.second_s) = moment;
      if (++out.count == 2) return out;
    }
    if (stretch.end_s == std::numeric_limits<int64_t>::max()) break;
    // The change that leads from before this time to behind it.
    if (stretch.end_s + stretch.offset_s <= local_seconds &&
        stretch.end_s + stretch_at(stretch.end_s).offset_s > local_seconds) {
      jump = stretch.end_s;
    }
    at = stretch.end_s;
  }
  if (out.count == 0) out.first_s = jump;
  return out;
}

std::string TimeZone::text(Time t) const {
  static constexpr std::array<const char*, 7> kDays = {"Mon", "Tue", "Wed", "Thu",
                                                       "Fri", "Sat", "Sun"};
  const int64_t utc_s = floor_div(t.ms, kSecondMs);
  const int32_t offset = stretch_at(utc_s).offset_s;
  const int64_t local = utc_s + offset;
  const std::string iso = iso8601(Time{local * kSecondMs});  // 2026-05-01T12:00:00.000Z
  const auto day = static_cast<size_t>(weekday_of(floor_div(local, kDayS)));
  return std::string(kDays[day]) + " " + iso.substr(0, 10) + " " + iso.substr(11, 5) + " " +
         offset_text(offset);
}

}  // namespace otaru::base
