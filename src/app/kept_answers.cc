// SPDX-License-Identifier: Apache-2.0
#include "app/kept_answers.h"

#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;

constexpr size_t kDroppedAtOnceMax = 64;  // more leave with the next writes

bool is_over(base::Time at, base::Time now) {
  return at.ms + limits::kKeptAnswerMs <= now.ms;
}

}  // namespace

std::string KeptAnswers::key_of(std::string_view kind, int64_t id, std::string_view given) {
  return std::string(kind) + "\n" + std::to_string(id) + "\n" + std::string(given);
}

std::string KeptAnswers::actor_of(std::string_view key) {
  return std::string(key.substr(0, key.rfind('\n')));
}

void KeptAnswers::erase(const std::string& key) {
  const auto at = rows_.find(key);
  if (at == rows_.end()) return;
  by_age_.erase({at->second.at, key});
  const auto count = per_actor_.find(actor_of(key));
  if (--count->second == 0) per_actor_.erase(count);
  rows_.erase(at);
}

void KeptAnswers::put(const KeptAnswer& row) {
  const std::lock_guard lock(mutex_);
  erase(row.key);
  by_age_.emplace(row.at, row.key);
  ++per_actor_[actor_of(row.key)];
  rows_.emplace(row.key, row);
}

std::optional<KeptAnswer> KeptAnswers::find(const std::string& key, base::Time now) const {
  const std::lock_guard lock(mutex_);
  const auto at = rows_.find(key);
  if (at == rows_.end() || is_over(at->second.at, now)) return std::nullopt;
  return at->second;
}

std::vector<std::string> KeptAnswers::drop_expired(base::Time now) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  while (!by_age_.empty() && is_over(by_age_.begin()->first, now) &&
         out.size() < kDroppedAtOnceMax) {
    out.push_back(by_age_.begin()->second);
    erase(out.back());
  }
  return out;
}

base::Status KeptAnswers::check_room(std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto count = per_actor_.find(actor_of(key));
  const size_t own = count == per_actor_.end() ? 0 : count->second;
  if (rows_.size() < limits::kKeptAnswersMax && own < limits::kKeptAnswersPerActorMax) return {};
  return base::fail_field(base::Code::exhausted, "Idempotency-Key",
                          "too many answers of the last day are kept",
                          "send the request without this header, or tomorrow");
}

}  // namespace otaru::app
