// SPDX-License-Identifier: Apache-2.0
#include "app/rate_table.h"

#include <algorithm>

namespace otaru::app {

void RateTable::put(const std::string& key, int64_t fresh_at) {
  const auto known = fresh_at_.find(key);
  if (known != fresh_at_.end()) {
    order_.erase({known->second, key});
    known->second = fresh_at;
  } else {
    if (fresh_at_.size() >= entries_max_) {
      fresh_at_.erase(order_.begin()->second);
      order_.erase(order_.begin());
    }
    fresh_at_.emplace(key, fresh_at);
  }
  order_.emplace(fresh_at, key);
}

int64_t RateTable::take(std::string_view key, base::Time now) {
  const std::lock_guard lock(mutex_);
  while (!order_.empty() && order_.begin()->first <= now.ms) {
    fresh_at_.erase(order_.begin()->second);
    order_.erase(order_.begin());
  }
  const std::string name(key);
  const auto known = fresh_at_.find(name);
  const int64_t fresh_at = known == fresh_at_.end() ? now.ms : known->second;
  const int64_t wait = fresh_at - now.ms - (burst_ - 1) * refill_ms_;
  if (wait > 0) return wait;
  put(name, fresh_at + refill_ms_);
  return 0;
}

void RateTable::give_back(std::string_view key, base::Time now) {
  const std::lock_guard lock(mutex_);
  const std::string name(key);
  const auto known = fresh_at_.find(name);
  if (known == fresh_at_.end()) return;
  put(name, std::max(now.ms, known->second - refill_ms_));
}

size_t RateTable::size() const {
  const std::lock_guard lock(mutex_);
  return fresh_at_.size();
}

}  // namespace otaru::app
