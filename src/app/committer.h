// SPDX-License-Identifier: Apache-2.0
// Group commit: many units of work, one transaction, one fsync. Requests submit their batch and are
// told when it is durable; nobody else writes to the store.
//
// While one transaction is being made durable the next group gathers by itself, so under load the
// groups grow and the cost of an fsync is shared; with one writer waiting alone it is applied at
// once. When a transaction fails, everything that was queued behind it fails too: it may have been
// computed from state that never became durable.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "app/event_log.h"
#include "app/journal.h"
#include "app/ports/store.h"
#include "base/result.h"

namespace otaru::app {

class Committer {
 public:
  using Done = std::function<void(const base::Status&)>;
  enum class Mode { thread, manual };

  // Called when a transaction failed, before its batches are told so. It must call `drain` once, at
  // a moment when no batch computed from the failed state can be submitted any more, and then
  // forget that state; it is handed the failed batches.
  using FailureHandler =
      std::function<void(const std::function<std::vector<const WriteBatch*>()>& drain)>;

  Committer(Store& store, Mode mode);
  ~Committer();  // finishes what is queued
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  void set_failure_handler(FailureHandler handler);  // before the first submit
  void set_event_log(EventLog& log);                 // before the first submit; outlives this
  // Numbers and chains the entries of batches just before they are applied, in that order. Before
  // the first submit; outlives the committer.
  void set_journal(Journal* journal);

  // Any thread. `done` runs once, on the committer's thread, in order of submission.
  // Code::exhausted when kCommitQueueMax batches are waiting: nothing was queued, done never runs.
  base::Status submit(WriteBatch batch, Done done);

  // Manual mode: applies what is queued as one group; false when nothing was.
  bool pump();
  // Waits until everything submitted before is durable or failed. Not from a done function.
  base::Status flush();

  struct Stats {
    std::atomic<int64_t> batches{0};
    std::atomic<int64_t> transactions{0};
    std::atomic<int64_t> failures{0};
  };
  const Stats& stats() const { return stats_; }
  size_t queued() const;

 private:
  struct Impl;
  void apply_group();
  base::Status stamp_and_apply(const std::vector<WriteBatch*>& batches);
  Store& store_;
  Stats stats_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otaru::app
