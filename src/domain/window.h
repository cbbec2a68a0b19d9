// SPDX-License-Identifier: Apache-2.0
// Maintenance windows: the hours of the week in which a device may begin an update, in its own
// local time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace otaru::domain {

struct Window {
  int64_t days = 0x7f;      // bit 0 Monday ... bit 6 Sunday: the day on which it begins
  int64_t from_minute = 0;  // of the local day
  int64_t to_minute = 0;    // not after from_minute: on the next day
  friend bool operator==(const Window&, const Window&) = default;
};

struct Windows {
  std::vector<Window> list;  // empty: always
  std::string time_zone;     // where a device does not say its own; IANA name, or "+08:00"
  friend bool operator==(const Windows&, const Windows&) = default;
};

}  // namespace otaru::domain
