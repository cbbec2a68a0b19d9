// SPDX-License-Identifier: Apache-2.0
// Wall time as milliseconds since 1970 UTC. Time is always a parameter: only server/ owns a real
// Clock, tests and the simulation own a virtual one.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <string>

namespace otaru::base {

struct Time {
  int64_t ms = 0;
  constexpr int64_t seconds() const { return ms / 1000; }
  friend constexpr auto operator<=>(Time, Time) = default;
  constexpr Time operator+(int64_t milliseconds) const { return Time{ms + milliseconds}; }
  constexpr int64_t operator-(Time other) const { return ms - other.ms; }
};

inline constexpr int64_t kSecondMs = 1000;
inline constexpr int64_t kMinuteMs = 60 * kSecondMs;
inline constexpr int64_t kHourMs = 60 * kMinuteMs;
inline constexpr int64_t kDayMs = 24 * kHourMs;

class Clock {
 public:
  virtual ~Clock();
  virtual Time now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override;
};

// Moves only when told to. Threads: any.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : ms_(start.ms) {}
  Time now() const override { return Time{ms_.load()}; }
  void advance(int64_t milliseconds) { ms_ += milliseconds; }
  void set(Time t) { ms_ = t.ms; }

 private:
  std::atomic<int64_t> ms_;
};

std::string iso8601(Time t);      // 2026-05-01T12:00:00.000Z
std::string http_date(Time t);    // Fri, 01 May 2026 12:00:00 GMT (RFC 9110 5.6.7)
std::string local_stamp(Time t);  // 2026-05-01,12:00:00 (UTC), the OOMI releaseTime form
bool parse_iso8601(const std::string& text, Time& out);

}  // namespace otaru::base
