// SPDX-License-Identifier: Apache-2.0
// The living OAuth sessions, in memory with two indexes by token hash. Rows are written through the
// committer like every other state. Threads: any.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "app/ports/store.h"
#include "base/result.h"

namespace otaru::app {

class SessionTable {
 public:
  void put(const SessionRow& row);
  void erase(std::string_view key);
  std::optional<SessionRow> find(std::string_view key) const;
  // By access or refresh token index; nothing when no living row has it.
  std::optional<SessionRow> find_by_token(std::string_view token_index) const;
  size_t count() const;
  // Rows whose tokens are all past: to be erased when the table is full.
  std::optional<std::string> expired_key(base::Time now) const;

 private:
  void drop_indexes(const SessionRow& row);
  mutable std::mutex mutex_;
  std::unordered_map<std::string, SessionRow> rows_;
  std::unordered_map<std::string, std::string> by_token_;  // index -> key
};

}  // namespace otaru::app
