// SPDX-License-Identifier: Apache-2.0
#include "app/session_table.h"

namespace otaru::app {

void SessionTable::drop_indexes(const SessionRow& row) {
  by_token_.erase(row.token_index);
  by_token_.erase(row.refresh_index);
}

void SessionTable::put(const SessionRow& row) {
  const std::lock_guard lock(mutex_);
  const auto [at, is_new] = rows_.try_emplace(row.key);
  if (!is_new) drop_indexes(at->second);
  at->second = row;
  if (!row.token_index.empty()) by_token_[row.token_index] = row.key;
  if (!row.refresh_index.empty()) by_token_[row.refresh_index] = row.key;
}

void SessionTable::erase(std::string_view key) {
  const std::lock_guard lock(mutex_);
  const auto found = rows_.find(std::string(key));
  if (found == rows_.end()) return;
  drop_indexes(found->second);
  rows_.erase(found);
}

std::optional<SessionRow> SessionTable::find(std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto found = rows_.find(std::string(key));
  if (found == rows_.end()) return std::nullopt;
  return found->second;
}

std::optional<SessionRow> SessionTable::find_by_token(std::string_view token_index) const {
  const std::lock_guard lock(mutex_);
  const auto index = by_token_.find(std::string(token_index));
  if (index == by_token_.end()) return std::nullopt;
  return rows_.at(index->second);
}

size_t SessionTable::count() const {
  const std::lock_guard lock(mutex_);
  return rows_.size();
}

std::optional<std::string> SessionTable::expired_key(base::Time now) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, row] : rows_) {
    const bool refresh_over = row.refresh_expires_at.ms != 0 && row.refresh_expires_at < now;
    if (row.expires_at < now && refresh_over) return key;
  }
  return std::nullopt;
}

}  // namespace otaru::app
