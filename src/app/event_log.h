// SPDX-License-Identifier: Apache-2.0
// The log of events: gives ids in the order of commits, keeps the newest in memory, and wakes who
// listens. Everything that reads it (streams, webhooks, lists) reads by cursor: the id of the last
// event seen. What is no longer in memory is in the store, until it is pruned.
//
// Threads: stamp() and settle() on the committer's thread; the others from any.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "app/ports/store.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/result.h"
#include "domain/snapshot.h"

namespace otaru::app {

using EventPtr = std::shared_ptr<const Event>;

class EventLog {
 public:
  explicit EventLog(Store& store) : store_(store) {}
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  base::Status start();

  // Gives ids to the events of a batch that is about to be applied; one call per batch of a group.
  void stamp(WriteBatch& batch);
  // The group was applied: its events are told. Or it was not: their ids are given out again.
  void settle(bool durable);

  // Newest told, and oldest kept; newest 0: there has never been one.
  EventSpan span() const;
  // Events behind `after`, rising: from memory, or nothing when they have to be read.
  std::optional<std::vector<EventPtr>> recent(int64_t after, size_t limit) const;
  // The same from memory or the store; may block.
  base::Result<std::vector<EventPtr>> read(int64_t after, size_t limit) const;

  // `wake` is called after new events have been told, on the committer's thread: it must not block.
  // After unsubscribe() has returned it is not called any more.
  uint64_t subscribe(std::function<void()> wake);
  void unsubscribe(uint64_t number);

  // Events behind `id` are still owed to a webhook: kept beyond kEventsKept, up to kEventsKeptMax.
  void set_owed_behind(int64_t id);
  // The next few events that may go, if there are any; pruned() when they are gone.
  std::optional<PruneEvents> next_prune() const;
  void pruned(int64_t up_to);
  void set_kept(int64_t kept, int64_t kept_max);  // tests

 private:
  Store& store_;
  int64_t stamped_ = 0;              // committer's thread
  std::vector<EventPtr> unsettled_;  // committer's thread
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  EventSpan span_;
  std::deque<EventPtr> recent_;  // without gaps, the newest last
  int64_t owed_behind_ = INT64_MAX;
  int64_t kept_ = base::limits::kEventsKept;
  int64_t kept_max_ = base::limits::kEventsKeptMax;
  mutable std::mutex listeners_mutex_;  // held while they are called
  std::map<uint64_t, std::function<void()>> listeners_;
  uint64_t last_listener_ = 0;
};

// As lists, streams and webhooks show it: {"id": "12", "at", "tenant", "type", "data"}.
void write_event(base::JsonWriter& out, const Event& event, const domain::Snapshot& names);

// "task.succeeded" is matched by itself, by "task.*" and by "*".
bool event_type_matches(std::string_view pattern, std::string_view type);
// None given: every type.
bool event_type_matches(const std::vector<std::string>& patterns, std::string_view type);
// Words and dots, at most kEventTypeBytesMax, as above. Code::invalid.
base::Status check_event_types(std::string_view field, const std::vector<std::string>& patterns);

}  // namespace otaru::app
