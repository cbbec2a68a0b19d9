// SPDX-License-Identifier: Apache-2.0
// Answers to creations with an Idempotency-Key, in memory as they are in the store, for
// kKeptAnswerMs. Bounded in all, and for one actor so that it cannot crowd out the others. Threads:
// any; who works under one key at a time is the caller's business.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "app/ports/store.h"
#include "base/result.h"

namespace otaru::app {

class KeptAnswers {
 public:
  // "kind\nid\nkey": who asked, and the Idempotency-Key they gave.
  static std::string key_of(std::string_view kind, int64_t id, std::string_view given);

  void put(const KeptAnswer& row);
  std::optional<KeptAnswer> find(const std::string& key, base::Time now) const;
  // Forgets what is over and returns its keys, to be erased from the store with the next write.
  std::vector<std::string> drop_expired(base::Time now);
  // Code::exhausted when there is no room for one more of this actor.
  base::Status check_room(std::string_view key) const;

 private:
  static std::string actor_of(std::string_view key);
  void erase(const std::string& key);  // under mutex_
  mutable std::mutex mutex_;
  std::unordered_map<std::string, KeptAnswer> rows_;
  std::set<std::pair<base::Time, std::string>> by_age_;
  std::map<std::string, size_t> per_actor_;
};

}  // namespace otaru::app
