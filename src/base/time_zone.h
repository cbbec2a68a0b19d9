// SPDX-License-Identifier: Apache-2.0
// The clock on the wall at a place: which offset from UTC holds when. The database is the system's
// (/usr/share/zoneinfo, Debian's tzdata), read with Howard Hinnant's date; it is read whole, once,
// into flat tables, so that what asks for a zone while it answers a device neither allocates, nor
// locks, nor reads a file. A newer tzdata counts from the next start.
//
// Debian's files say every change until 2037; from then on the offset that holds last goes on.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace otaru::base {

class TimeZone {
 public:
  TimeZone() = default;  // UTC

  // "Asia/Shanghai" (any case), "UTC", "Z", or an offset: "+08:00", "+0800", "+8", and the same
  // behind UTC or GMT, as devices write it: "GMT+8" is east of Greenwich. ("Etc/GMT+8" is the
  // database's own name, and west of it.) Empty when it is none of them. Allocates nothing.
  static std::optional<TimeZone> lookup(std::string_view name);
  // The same for people: Code::invalid (rule "time_zone") says which name may be meant.
  static Result<TimeZone> find(std::string_view name);
  // Reads the database now rather than with the first name (some 10 ms).
  // Code::unavailable: it is not there; then only UTC and offsets are known.
  static Status prepare();

  std::string name() const;  // as the database spells it; "UTC", "+08:00"

  // The stretch of time around `t` with one offset: from `begin` to before `end`.
  struct Stretch {
    int64_t begin_s = std::numeric_limits<int64_t>::min();
    int64_t end_s = std::numeric_limits<int64_t>::max();
    int32_t offset_s = 0;  // local minus UTC
  };
  Stretch stretch_at(int64_t utc_s) const;
  // Seconds of the wall clock, counted as if it were UTC (1970-01-01 00:00 local is 0).
  int64_t local_s(Time t) const;

  // The moments at which the wall clock shows a time: one, or none when the clock was put forward
  // over it (`first` is the moment of that), or two when it was put back.
  struct Moments {
    int count = 1;
    int64_t first_s = 0;
    int64_t second_s = 0;  // with two
  };
  Moments moments_of(int64_t local_seconds) const;

  // "Sun 2026-03-29 03:10 +02:00", for people.
  std::string text(Time t) const;

  struct Table;
  friend bool operator==(const TimeZone&, const TimeZone&) = default;

 private:
  TimeZone(const Table* table, int32_t offset_s) : table_(table), offset_s_(offset_s) {}

  const Table* table_ = nullptr;  // lives as long as the process; none: a fixed offset
  int32_t offset_s_ = 0;
};

// Monday is 0. `days` since 1970-01-01.
constexpr int weekday_of(int64_t days) {
  return static_cast<int>(((days + 3) % 7 + 7) % 7);
}

// Rounded down, also below zero.
constexpr int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

}  // namespace otaru::base
