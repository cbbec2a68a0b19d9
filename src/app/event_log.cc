// SPDX-License-Identifier: Apache-2.0
#include "app/event_log.h"

#include <algorithm>

namespace otaru::app {

namespace limits = base::limits;

base::Status EventLog::start() {
  OTARU_TRY(span, store_.event_span());
  const std::lock_guard lock(mutex_);
  span_ = span;
  stamped_ = span.newest;
  return {};
}

void EventLog::stamp(WriteBatch& batch) {
  for (Event& event : batch.events) {
    event.id = ++stamped_;
    unsettled_.push_back(std::make_shared<const Event>(event));
  }
}

void EventLog::settle(bool durable) {
  if (unsettled_.empty()) return;
  if (!durable) {
    stamped_ -= static_cast<int64_t>(unsettled_.size());
    unsettled_.clear();
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    for (auto& event : unsettled_) recent_.push_back(std::move(event));
    while (recent_.size() > limits::kEventsInMemory) recent_.pop_front();
    span_.newest = stamped_;
    if (span_.oldest == 0) span_.oldest = stamped_ - static_cast<int64_t>(unsettled_.size()) + 1;
  }
  unsettled_.clear();
  const std::lock_guard lock(listeners_mutex_);
  for (const auto& [number, wake] : listeners_) wake();
}

EventSpan EventLog::span() const {
  const std::lock_guard lock(mutex_);
  return span_;
}

std::optional<std::vector<EventPtr>> EventLog::recent(int64_t after, size_t limit) const {
  const std::lock_guard lock(mutex_);
  if (after >= span_.newest) return std::vector<EventPtr>();
  if (recent_.empty() || after + 1 < recent_.front()->id) return std::nullopt;
  const auto from = static_cast<size_t>(after + 1 - recent_.front()->id);
  const size_t count = std::min(limit, recent_.size() - from);
  const auto begin = recent_.begin() + static_cast<std::ptrdiff_t>(from);
  return std::vector<EventPtr>(begin, begin + static_cast<std::ptrdiff_t>(count));
}

base::Result<std::vector<EventPtr>> EventLog::read(int64_t after, size_t limit) const {
  if (auto known = recent(after, limit)) return std::move(*known);
  EventRange range;
  range.after = after;
  range.limit = limit;
  OTARU_TRY(rows, store_.read_events(range));
  std::vector<EventPtr> out;
  out.reserve(rows.size());
  for (auto& row : rows) out.push_back(std::make_shared<const Event>(std::move(row)));
  return out;
}

uint64_t EventLog::subscribe(std::function<void()> wake) {
  const std::lock_guard lock(listeners_mutex_);
  listeners_.emplace(++last_listener_, std::move(wake));
  return last_listener_;
}

void EventLog::unsubscribe(uint64_t number) {
  const std::lock_guard lock(listeners_mutex_);
  listeners_.erase(number);
}

void EventLog::set_owed_behind(int64_t id) {
  const std::lock_guard lock(mutex_);
  owed_behind_ = id;
}

std::optional<PruneEvents> EventLog::next_prune() const {
  const std::lock_guard lock(mutex_);
  if (span_.oldest == 0) return std::nullopt;
  int64_t up_to = std::min(span_.newest - kept_, owed_behind_);
  up_to = std::max(up_to, span_.newest - kept_max_);
  up_to = std::min(up_to, span_.oldest - 1 + limits::kEventPruneBatch);
  if (up_to < span_.oldest) return std::nullopt;
  return PruneEvents{up_to};
}

void EventLog::pruned(int64_t up_to) {
  const std::lock_guard lock(mutex_);
  span_.oldest = std::max(span_.oldest, up_to + 1);
}

void EventLog::set_kept(int64_t kept, int64_t kept_max) {
  const std::lock_guard lock(mutex_);
  kept_ = kept;
  kept_max_ = kept_max;
}

void write_event(base::JsonWriter& out, const Event& event, const domain::Snapshot& names) {
  out.begin_object();
  out.member("id", std::to_string(event.id));
  out.member("at", base::iso8601(event.at));
  const auto* tenant = names.tenant(event.tenant);
  if (tenant != nullptr) {
    out.member("tenant", tenant->name);
  } else {
    out.null_member("tenant");
  }
  out.member("type", event.type);
  out.key("data");
  out.raw(event.data.empty() ? std::string_view("{}") : std::string_view(event.data));
  out.end_object();
}

bool event_type_matches(std::string_view pattern, std::string_view type) {
  if (!pattern.ends_with('*')) return pattern == type;
  pattern.remove_suffix(1);
  return type.starts_with(pattern);
}

bool event_type_matches(const std::vector<std::string>& patterns, std::string_view type) {
  return patterns.empty() ||
         std::any_of(patterns.begin(), patterns.end(), [type](const std::string& pattern) {
           return event_type_matches(std::string_view(pattern), type);
         });
}

base::Status check_event_types(std::string_view field, const std::vector<std::string>& patterns) {
  const auto wrong = [&](std::string message) {
    return base::fail_field(base::Code::invalid, std::string(field), std::move(message),
                            "for example task.succeeded or deployment.*");
  };
  if (patterns.size() > limits::kEventTypesMax) return wrong("too many types");
  for (const auto& pattern : patterns) {
    std::string_view word = pattern;
    if (word.size() > limits::kEventTypeBytesMax) return wrong("a type is too long");
    const bool every = word == "*";
    if (word.ends_with(".*")) word.remove_suffix(2);
    const bool known = std::all_of(word.begin(), word.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || c == '_' || c == '.';
    });
    if (!every && (word.empty() || !known)) return wrong("'" + pattern + "' is no type of event");
  }
  return {};
}

}  // namespace otaru::app
