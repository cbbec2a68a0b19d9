// SPDX-License-Identifier: Apache-2.0
// How often something may be tried, per key: `burst` at once, then one every `refill_ms`. The table
// is bounded: what is nearest to a fresh start is forgotten first, so that a flood of new keys
// forgives nobody who is being slowed down. Threads: any.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/time.h"

namespace otaru::app {

class RateTable {
 public:
  RateTable(int64_t burst, int64_t refill_ms, size_t entries_max)
      : burst_(burst), refill_ms_(refill_ms), entries_max_(entries_max) {}

  // 0: go on, and it was counted. Otherwise the milliseconds to wait; it was not counted.
  int64_t take(std::string_view key, base::Time now);
  void give_back(std::string_view key, base::Time now);  // it was no attempt after all
  size_t size() const;

 private:
  void put(const std::string& key, int64_t fresh_at);

  const int64_t burst_;
  const int64_t refill_ms_;
  const size_t entries_max_;
  mutable std::mutex mutex_;
  // When a key will be as if it had never been seen (the theoretical arrival time of GCRA).
  std::unordered_map<std::string, int64_t> fresh_at_;
  std::set<std::pair<int64_t, std::string>> order_;
};

}  // namespace otaru::app
