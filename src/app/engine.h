// SPDX-License-Identifier: Apache-2.0
// The engine: current catalogue snapshot, resident devices, living sessions, id allocation and the
// committer, and the protocol by which a unit of work (DeviceGateway) becomes effect.
//
//   for (;;) {
//     DeviceGateway gateway(engine, "onenet", clock.now());
//     auto response = handler(gateway);
//     if (engine.missed(gateway)) { engine.load(gateway, [run again]); return; }
//     switch (engine.commit(gateway, [respond](status) {...})) ...
//   }
//
// Threads: any, except start().
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "app/committer.h"
#include "app/device_gateway.h"
#include "app/device_table.h"
#include "app/event_log.h"
#include "app/executor.h"
#include "app/journal.h"
#include "app/kept_answers.h"
#include "app/ports/blob.h"
#include "app/ports/store.h"
#include "app/rollout_board.h"
#include "app/session_table.h"
#include "base/time.h"

namespace otaru::app {

struct EngineParts {
  Store* store = nullptr;
  BlobStore* blobs = nullptr;
  Executor* readers = nullptr;  // store reads on a miss
  const base::Clock* clock = nullptr;
  Committer::Mode commit_mode = Committer::Mode::thread;
  size_t resident_bytes_max = base::limits::kResidentDeviceBytesMax;
};

enum class CommitOutcome {
  nothing_to_wait_for,  // answer now; `durable` is not called
  queued,               // `durable` is called when it is so, or failed
  conflict,             // somebody changed a device meanwhile: run the handler again
  refused,              // the queue is full; `durable` is not called
};

class Engine {
 public:
  explicit Engine(const EngineParts& parts);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Reads the catalogue, the sessions and the id high water marks.
  base::Status start();
  // Writes what is gathered (last seen) and waits until everything is durable.
  base::Status flush();

  std::shared_ptr<const domain::Snapshot> snapshot() const;
  void set_snapshot(std::shared_ptr<const domain::Snapshot> next);

  bool missed(const DeviceGateway& gateway) const { return gateway.miss_.any; }
  // Loads what the gateway missed (concurrent misses share one read), then calls `then` on the
  // executor's thread. A failing store: then(error).
  // `loaded`: what is not a device is put there; it is for the next gateway of the request, which
  // is made when `then` was called.
  void load(const DeviceGateway& gateway, std::shared_ptr<LoadedRows> loaded,
            std::function<void(const base::Status&)> then);
  CommitOutcome commit(DeviceGateway& gateway, Committer::Done durable);
  // Whether commit() would have anything to make durable. Without changes a visit is only noted.
  bool has_changes(const DeviceGateway& gateway) const;
  void note_visit(const DeviceGateway& gateway);

  // "Last seen": gathered in memory, written in batches. Call tick() now and then (about once per
  // second, or by the virtual clock): it flushes when kSeenFlushMs passed. Also lets old events go.
  void tick(base::Time now);

  Store& store() { return *parts_.store; }
  BlobStore& blobs() { return *parts_.blobs; }
  Committer& committer() { return committer_; }
  DeviceTable& devices() { return devices_; }
  EventLog& events() { return events_; }
  RolloutBoard& board() { return board_; }
  const Journal& journal() const { return journal_; }
  // For Deed::tenant; empty for one that is not there.
  std::string tenant_name(domain::TenantId tenant) const;
  KeptAnswers& kept_answers() { return kept_answers_; }
  const base::Clock& clock() const { return *parts_.clock; }

  // An operator's write: submitted and waited for. Not from a committer callback.
  base::Status write_and_wait(WriteBatch batch);
  // An operator's change of one device, through the same optimistic protocol as a device's own.
  // Blocks; `work` may run several times.
  base::Status run_blocking(std::string_view door,
                            const std::function<base::Status(DeviceGateway&)>& work);

  // The same for many devices, each by itself, and one wait for all of them. One that is erased
  // meanwhile (Code::not_found of `work`) is left out; any other error ends it, with those that
  // were changed before it. `work` may run several times for each.
  using ManyWork = std::function<base::Status(size_t index, DeviceGateway& gateway)>;
  base::Status run_many(std::string_view door, size_t count, const ManyWork& work);
  // When devices were there last, what is still gathered included; ms 0: never. Blocks.
  base::Result<std::vector<base::Time>> last_seen(std::span<const domain::DeviceId> devices);

  // Changes of many devices of one tenant in one transaction, correct against what the devices do
  // meanwhile, without a load and a wait for each. `keys` are different from one another; at most
  // kBulkDevicesMax. `work` says whether `next` is to be written; `now` is null for a device that
  // is not known. It may run again for a device that changed meanwhile: the last time counts.
  // `finish` adds what belongs into the same transaction, after the last run of `work`. Blocks.
  using BulkWork =
      std::function<bool(size_t index, const domain::Device* now, domain::Device& next)>;
  base::Status write_devices(domain::TenantId tenant, std::span<const std::string> keys,
                             const BulkWork& work,
                             const std::function<void(WriteBatch& batch)>& finish);

  domain::DeviceId next_device_id(int64_t bucket);
  domain::TaskId next_task_id(int64_t bucket);
  int64_t device_count() const { return device_count_.load(); }
  int64_t device_count(domain::TenantId tenant) const;
  int64_t pending_count(domain::TenantId tenant) const;  // of those, Device::pending

  struct Stats {
    std::atomic<int64_t> loads{0};
    std::atomic<int64_t> conflicts{0};
    std::atomic<int64_t> tasks_created{0};
    std::atomic<int64_t> tasks_succeeded{0};
    std::atomic<int64_t> tasks_failed{0};
    std::atomic<int64_t> offers{0};
  };
  Stats& stats() { return stats_; }

 private:
  friend class DeviceGateway;
  base::Status load_now(const DeviceGateway& gateway, LoadedRows* loaded);
  base::Status read_history(domain::TaskId task, size_t lines_max, LoadedRows& loaded);
  void pump_if_manual();
  void note_seen(domain::DeviceId device, base::Time at);
  void forget_seen(domain::DeviceId device);
  void read_missed(domain::TenantId tenant, const std::string& key, domain::TaskId task,
                   int64_t bucket, const std::string& load_key);
  WriteBatch batch_of(const DeviceGateway& gateway) const;
  void prune_events(int64_t rounds);
  void add_entry(const DeviceGateway& gateway, WriteBatch& batch) const;
  // What becomes of the counters; also the statistics, once per unit of work that is committed.
  static std::vector<domain::TaskCount> differences_of(const DeviceGateway& gateway);
  void add_stats(const std::vector<domain::TaskCount>& differences);
  struct DeviceDifference {
    domain::TenantId tenant;
    int64_t devices = 0;
    int64_t pending = 0;
  };
  // By one device, before and after; null: it is not there.
  static DeviceDifference difference_of(domain::TenantId tenant, const domain::Device* before,
                                        const domain::Device* after);
  void take_back_devices(std::vector<DeviceDifference> differences);
  enum class PendingLimit { holds, ignored };
  // False, and nothing is counted: more would wait for approval than may.
  bool count_devices(std::span<const DeviceDifference> differences, PendingLimit limit);
  void on_commit_failed(const std::function<std::vector<const WriteBatch*>()>& drain);

  EngineParts parts_;
  DeviceTable devices_;
  SessionTable sessions_;
  KeptAnswers kept_answers_;
  Stats stats_;
  // The pointer changes rarely and is read by every check: threads keep a copy of it and only take
  // the mutex when the version moved (std::atomic<shared_ptr> of g++ 12 is a lock, too, and one
  // that ThreadSanitizer cannot see through).
  const uint64_t engine_number_;
  std::atomic<uint64_t> snapshot_version_{1};
  mutable std::mutex snapshot_mutex_;
  std::shared_ptr<const domain::Snapshot> snapshot_;  // guarded by snapshot_mutex_
  std::array<std::atomic<int64_t>, static_cast<size_t>(base::kBucketCount)> device_ids_{};
  std::array<std::atomic<int64_t>, static_cast<size_t>(base::kBucketCount)> task_ids_{};
  std::atomic<int64_t> device_count_{0};
  struct DeviceCounts {
    int64_t devices = 0;
    int64_t pending = 0;
  };
  mutable std::mutex devices_of_mutex_;  // taken when devices come, go or are approved
  std::unordered_map<domain::TenantId, DeviceCounts> devices_of_;  // guarded by devices_of_mutex_
  // Gathered visits, by bucket so that threads do not meet.
  struct SeenShard {
    std::mutex mutex;
    std::unordered_map<domain::DeviceId, base::Time> seen;  // guarded by mutex
  };
  std::array<SeenShard, static_cast<size_t>(base::kBucketCount)> seen_;
  std::atomic<int64_t> seen_flushed_at_ms_{0};
  std::mutex session_mutex_;  // one unit of work with session changes commits at a time
  EventLog events_;
  RolloutBoard board_;
  std::atomic<bool> pruning_{false};
  Journal journal_;
  Committer committer_;  // last: its thread uses all of the above
};

}  // namespace otaru::app
