// SPDX-License-Identifier: Apache-2.0
#include "app/engine.h"

#include <algorithm>

#include "app/events.h"
#include "app/journal_changes.h"
#include "app/latch.h"
#include "app/rider.h"
#include "app/touched.h"
#include "base/limits.h"
#include "base/log.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;

std::atomic<uint64_t> g_engine_numbers{1};

// A read may race with an eviction and has to be repeated; more than this means something is wrong.
constexpr int kReadAttemptsMax = 100;
constexpr int kBlockingAttemptsMax = 1000;

struct CachedSnapshot {
  uint64_t engine = 0;
  uint64_t version = 0;
  std::shared_ptr<const domain::Snapshot> snapshot;
};

}  // namespace

Engine::Engine(const EngineParts& parts)
    : parts_(parts),
      devices_(parts.resident_bytes_max),
      engine_number_(g_engine_numbers.fetch_add(1)),
      events_(*parts.store),
      journal_(*parts.store),
      committer_(*parts.store, parts.commit_mode) {
  auto empty = domain::Snapshot::build({});
  OTARU_ASSERT(empty.has_value());
  snapshot_ = *empty;
  committer_.set_event_log(events_);
  committer_.set_journal(&journal_);
  committer_.set_failure_handler([this](const auto& drain) { on_commit_failed(drain); });
}

Engine::~Engine() = default;

base::Status Engine::start() {
  OTARU_TRY(rows, parts_.store->load_catalogue());
  OTARU_TRY(snapshot, domain::Snapshot::build(std::move(rows)));
  set_snapshot(snapshot);
  OTARU_CHECK(board_.load(*parts_.store, snapshot, clock().now()));
  OTARU_CHECK(events_.start());
  OTARU_TRY(sessions, parts_.store->load_sessions());
  for (const auto& row : sessions) sessions_.put(row);
  OTARU_TRY(answers, parts_.store->load_kept_answers());
  for (const auto& row : answers) kept_answers_.put(row);
  OTARU_TRY(water, parts_.store->high_water());
  OTARU_ASSERT(water.device.size() == device_ids_.size() && water.task.size() == task_ids_.size());
  for (size_t b = 0; b < device_ids_.size(); ++b) {
    device_ids_[b] = water.device[b] >> 8;
    task_ids_[b] = water.task[b] >> 8;
  }
  device_count_ = water.device_count;
  {
    const std::lock_guard lock(devices_of_mutex_);
    devices_of_.clear();
    for (const auto& [tenant, count] : water.devices_of) devices_of_[tenant].devices = count;
    for (const auto& [tenant, count] : water.pending_of) devices_of_[tenant].pending = count;
  }
  return journal_.start();
}

std::string Engine::tenant_name(domain::TenantId tenant) const {
  const auto now = snapshot();
  const auto* row = now->tenant(tenant);
  return row == nullptr ? std::string() : row->name;
}

std::shared_ptr<const domain::Snapshot> Engine::snapshot() const {
  thread_local CachedSnapshot cached;
  const uint64_t version = snapshot_version_.load(std::memory_order_acquire);
  if (cached.engine != engine_number_ || cached.version != version) {
    const std::lock_guard lock(snapshot_mutex_);
    cached = {engine_number_, snapshot_version_.load(std::memory_order_relaxed), snapshot_};
  }
  return cached.snapshot;
}

void Engine::set_snapshot(std::shared_ptr<const domain::Snapshot> next) {
  const std::lock_guard lock(snapshot_mutex_);
  board_.follow(next);
  snapshot_ = std::move(next);
  snapshot_version_.fetch_add(1, std::memory_order_release);
}

int64_t Engine::device_count(domain::TenantId tenant) const {
  const std::lock_guard lock(devices_of_mutex_);
  const auto found = devices_of_.find(tenant);
  return found == devices_of_.end() ? 0 : found->second.devices;
}

int64_t Engine::pending_count(domain::TenantId tenant) const {
  const std::lock_guard lock(devices_of_mutex_);
  const auto found = devices_of_.find(tenant);
  return found == devices_of_.end() ? 0 : found->second.pending;
}

domain::DeviceId Engine::next_device_id(int64_t bucket) {
  return domain::DeviceId{((++device_ids_[static_cast<size_t>(bucket)]) << 8) | bucket};
}

domain::TaskId Engine::next_task_id(int64_t bucket) {
  return domain::TaskId{((++task_ids_[static_cast<size_t>(bucket)]) << 8) | bucket};
}

// Only for the request that asked: a later one may find more lines.
base::Status Engine::read_history(domain::TaskId task, size_t lines_max, LoadedRows& loaded) {
  OTARU_TRY(lines, parts_.store->task_history(task));
  if (lines.size() > lines_max) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(lines_max));
  }
  loaded.histories.push_back({task, lines_max, std::move(lines)});
  return {};
}

void Engine::load(const DeviceGateway& gateway, std::shared_ptr<LoadedRows> loaded,
                  std::function<void(const base::Status&)> then) {
  const auto& miss = gateway.miss_;
  OTARU_ASSERT(miss.any);
  stats_.loads += 1;
  if (miss.history) {
    parts_.readers->post([this, task = miss.task, lines_max = miss.lines_max,
                          loaded = std::move(loaded), then = std::move(then)] {
      const base::Status status = read_history(task, lines_max, *loaded);
      if (!status) {
        base::log::error("store.read_failed", {{"message", status.error().message},
                                               {"detail", status.error().detail}});
      }
      then(status);
    });
    return;
  }
  std::string load_key;
  int64_t bucket = 0;
  if (miss.task) {
    bucket = base::bucket_of(miss.task);
    load_key = "task\n" + std::to_string(miss.task.value);
  } else {
    bucket = domain::bucket_for(miss.tenant, miss.key);
    load_key = std::to_string(miss.tenant.value) + "\n" + miss.key;
  }
  if (!devices_.begin_load(bucket, load_key, std::move(then))) return;
  parts_.readers->post([this, tenant = miss.tenant, key = miss.key, task = miss.task, bucket,
                        load_key] { read_missed(tenant, key, task, bucket, load_key); });
}

void Engine::read_missed(domain::TenantId tenant, const std::string& key, domain::TaskId task,
                         int64_t bucket, const std::string& load_key) {
  const auto read_once = [&]() -> base::Result<bool> {
    const uint64_t mark = devices_.eviction_mark(bucket);
    if (!task) {
      OTARU_TRY(found, parts_.store->find_device(tenant, key));
      DeviceState state;
      if (found) state = std::make_shared<const domain::Device>(std::move(*found));
      return devices_.store_loaded(bucket, mark, tenant, key, std::move(state));
    }
    OTARU_TRY(row, parts_.store->find_task(task));
    DeviceState state;
    if (row) {
      OTARU_TRY(found, parts_.store->find_device(row->device));
      if (found) state = std::make_shared<const domain::Device>(std::move(*found));
    }
    return devices_.store_loaded_task(bucket, mark, task, std::move(state));
  };
  base::Status status = base::fail(Code::unavailable, "the device could not be loaded");
  for (int i = 0; i < kReadAttemptsMax; ++i) {
    auto stored = read_once();
    if (!stored) {
      base::log::error("store.read_failed",
                       {{"message", stored.error().message}, {"detail", stored.error().detail}});
      status = base::fail(std::move(stored).error());
      break;
    }
    if (*stored) {
      status = {};
      break;
    }
  }
  for (const auto& then : devices_.finish_load(bucket, load_key)) then(status);
}

WriteBatch Engine::batch_of(const DeviceGateway& gateway) const {
  WriteBatch batch;
  for (const auto& what : gateway.devices_) {
    if (!what->changed()) continue;
    if (what->erased) {
      batch.ops.emplace_back(Erase<domain::DeviceId>{what->current().id});
      batch.events.push_back(device_event(what->current(), "device.deleted", gateway.now_));
      continue;
    }
    if (what->identity_changed) {
      batch.ops.emplace_back(PutDevice::of(*what->next));
    }
    for (const auto id : what->changed_tasks) {
      // A task trimmed in the same unit of work was ended and written before; nothing is lost.
      if (const auto* task = what->current().task(id)) batch.ops.emplace_back(*task);
    }
    for (const auto& entry : what->history) batch.ops.emplace_back(entry);
    for (const auto& line : what->logs) batch.ops.emplace_back(line);
    if (what->born) {
      batch.events.push_back(device_event(what->current(), "device.registered", gateway.now_));
    }
    batch.events.insert(batch.events.end(), what->events.begin(), what->events.end());
  }
  for (const auto& op : gateway.session_ops_) batch.ops.push_back(op);
  return batch;
}

std::vector<domain::TaskCount> Engine::differences_of(const DeviceGateway& gateway) {
  std::vector<domain::TaskCount> out;
  for (const auto& what : gateway.devices_) {
    const domain::Device* before = what->base.get();
    if (what->erased) {
      if (before == nullptr) continue;
      for (const auto& task : before->tasks) out.push_back(domain::counted(task, -1));
      for (const auto& task : what->forgotten) out.push_back(domain::counted(task, -1));
      continue;
    }
    for (const auto id : what->changed_tasks) {
      const domain::Task* is = what->current().task(id);
      if (is == nullptr) continue;
      const domain::Task* was = before == nullptr ? nullptr : before->task(id);
      const auto now = domain::counted(*is, 1);
      if (was != nullptr) {
        if (domain::counted(*was, 1) == now) continue;
        out.push_back(domain::counted(*was, -1));
      }
      out.push_back(now);
    }
  }
  return out;
}

// A task that is counted for the first time is one difference more than one that only changes; what
// is erased with its device has been all the same.
void Engine::add_stats(const std::vector<domain::TaskCount>& differences) {
  int64_t created = 0;
  int64_t succeeded = 0;
  int64_t failed = 0;
  for (const auto& difference : differences) {
    created += difference.n;
    if (difference.state == domain::TaskState::succeeded) succeeded += difference.n;
    if (difference.state == domain::TaskState::failed) failed += difference.n;
  }
  stats_.tasks_created += std::max<int64_t>(0, created);
  stats_.tasks_succeeded += std::max<int64_t>(0, succeeded);
  stats_.tasks_failed += std::max<int64_t>(0, failed);
}

Engine::DeviceDifference Engine::difference_of(domain::TenantId tenant,
                                               const domain::Device* before,
                                               const domain::Device* after) {
  const auto counted = [](const domain::Device* device) { return device == nullptr ? 0 : 1; };
  const auto waits = [](const domain::Device* device) {
    return device != nullptr && device->pending ? 1 : 0;
  };
  return {tenant, counted(after) - counted(before), waits(after) - waits(before)};
}

void Engine::take_back_devices(std::vector<DeviceDifference> differences) {
  for (auto& entry : differences) {
    entry.devices = -entry.devices;
    entry.pending = -entry.pending;
  }
  count_devices(differences, PendingLimit::ignored);
}

bool Engine::count_devices(std::span<const DeviceDifference> differences, PendingLimit limit) {
  if (differences.empty()) return true;
  const std::lock_guard lock(devices_of_mutex_);
  if (limit == PendingLimit::holds) {
    for (const auto& entry : differences) {
      if (entry.pending <= 0) continue;
      if (devices_of_[entry.tenant].pending + entry.pending > limits::kPendingDevicesMax) {
        return false;
      }
    }
  }
  for (const auto& entry : differences) {
    device_count_ += entry.devices;
    devices_of_[entry.tenant].devices += entry.devices;
    devices_of_[entry.tenant].pending += entry.pending;
  }
  return true;
}

void Engine::add_entry(const DeviceGateway& gateway, WriteBatch& batch) const {
  Changes changes;
  Deed deed = gateway.signed_->deed;
  for (const auto& what : gateway.devices_) {
    if (!what->changed()) continue;
    if (const auto* tenant = gateway.snapshot_->tenant(what->tenant)) deed.tenant = tenant->name;
    const domain::Device* before = what->base.get();
    const domain::Device& after = what->current();
    changes.row("device", what->key, before, what->erased ? nullptr : &after);
    if (what->erased) continue;
    for (const auto id : what->changed_tasks) {
      changes.row("task", std::to_string(id.value), before == nullptr ? nullptr : before->task(id),
                  after.task(id));
    }
  }
  if (changes.empty()) return;
  batch.journal.push_back(make_entry(gateway.signed_->actor, gateway.now_, deed, changes.take()));
}

bool Engine::has_changes(const DeviceGateway& gateway) const {
  if (!gateway.session_ops_.empty()) return true;
  return std::any_of(gateway.devices_.begin(), gateway.devices_.end(),
                     [](const auto& what) { return what->changed(); });
}

void Engine::note_visit(const DeviceGateway& gateway) {
  for (const auto& what : gateway.devices_) note_seen(what->current().id, gateway.now_);
}

CommitOutcome Engine::commit(DeviceGateway& gateway, Committer::Done durable) {
  OTARU_ASSERT(!gateway.miss_.any);
  std::vector<DeviceTable::Change> changes;
  std::vector<std::pair<domain::TenantId, std::string>> pinned;
  std::vector<DeviceDifference> by_tenant;  // nearly always empty
  for (const auto& what : gateway.devices_) {
    if (!what->changed()) continue;
    what->working();
    changes.push_back({what->tenant, what->key, what->base, nullptr});
    pinned.emplace_back(what->tenant, what->key);
    const auto difference =
        difference_of(what->tenant, what->base.get(), what->erased ? nullptr : &what->current());
    if (difference.devices == 0 && difference.pending == 0) continue;
    by_tenant.push_back(difference);
  }
  if (changes.empty() && gateway.session_ops_.empty()) return CommitOutcome::nothing_to_wait_for;
  // An operator's change does not mean that the device was there.
  std::vector<domain::DeviceId> seen;
  std::vector<domain::DeviceId> erased;
  for (const auto& what : gateway.devices_) {
    if (what->erased) {
      erased.push_back(what->current().id);
    } else if (gateway.door_ != kOperatorDoor && gateway.door_ != kServerDoor) {
      seen.push_back(what->current().id);
    }
  }

  WriteBatch batch = batch_of(gateway);
  const auto differences = differences_of(gateway);
  batch.counted = differences;
  if (gateway.signed_) add_entry(gateway, batch);
  Rider::board(batch);
  size_t at = 0;
  for (const auto& what : gateway.devices_) {
    if (!what->changed()) continue;
    // An erased device leaves a tombstone.
    if (!what->erased) changes[at].next = DeviceState(std::move(what->next));
    ++at;
  }
  std::unique_lock session_lock(session_mutex_, std::defer_lock);
  if (!gateway.session_ops_.empty()) {
    session_lock.lock();
    for (const auto& [key, before] : gateway.sessions_before_) {
      if (sessions_.find(key) != before) {
        stats_.conflicts += 1;
        return CommitOutcome::conflict;
      }
    }
  }
  bool braked = false;
  const auto swapped = devices_.swap(changes, [&] {
    // Counted before it can fail: the failure takes it back on the committer's thread. When another
    // device took the last place, the handler is run again and finds that there is none.
    braked = !count_devices(by_tenant, PendingLimit::holds);
    if (braked) return false;
    braked = !board_.enter(differences, gateway.places_);
    if (braked) {
      take_back_devices(by_tenant);
      return false;
    }
    const auto queued = committer_.submit(
        std::move(batch),
        [this, pinned, by_tenant, done = std::move(durable)](const base::Status& status) {
          for (const auto& [tenant, key] : pinned) devices_.unpin(tenant, key);
          if (!status) take_back_devices(by_tenant);
          if (done) done(status);
        });
    if (queued) return true;
    board_.leave(differences);
    take_back_devices(by_tenant);
    return false;
  });
  if (swapped.conflict || braked) {
    stats_.conflicts += 1;
    return CommitOutcome::conflict;
  }
  if (!swapped.swapped) return CommitOutcome::refused;
  for (const auto& op : gateway.session_ops_) {
    if (const auto* row = std::get_if<SessionRow>(&op)) sessions_.put(*row);
    if (const auto* gone = std::get_if<EraseText>(&op)) sessions_.erase(gone->key);
  }
  add_stats(differences);
  for (const auto id : seen) note_seen(id, gateway.now_);
  for (const auto id : erased) forget_seen(id);
  return CommitOutcome::queued;
}

void Engine::on_commit_failed(const std::function<std::vector<const WriteBatch*>()>& drain) {
  std::vector<const WriteBatch*> failed;
  const std::lock_guard session_lock(session_mutex_);
  devices_.forget_all([&] { failed = drain(); });
  for (const auto* batch : failed) {
    board_.leave(batch->counted);
    for (const auto& op : batch->ops) {
      if (const auto* row = std::get_if<SessionRow>(&op)) sessions_.erase(row->key);
    }
  }
}

void Engine::note_seen(domain::DeviceId device, base::Time at) {
  auto& shard = seen_[static_cast<size_t>(base::bucket_of(device))];
  const std::lock_guard lock(shard.mutex);
  const bool full = shard.seen.size() >= limits::kSeenPendingMax / seen_.size();
  if (full && !shard.seen.contains(device)) return;
  shard.seen[device] = at;
}

void Engine::forget_seen(domain::DeviceId device) {
  auto& shard = seen_[static_cast<size_t>(base::bucket_of(device))];
  const std::lock_guard lock(shard.mutex);
  shard.seen.erase(device);
}

// One small transaction after the other, so that devices wait for none of them for long.
void Engine::prune_events(int64_t rounds) {
  const auto prune = rounds > 0 ? events_.next_prune() : std::nullopt;
  if (!prune) {
    pruning_ = false;
    return;
  }
  WriteBatch batch;
  batch.ops.emplace_back(*prune);
  const auto submitted =
      committer_.submit(std::move(batch), [this, rounds, up_to = prune->up_to](const auto& status) {
        if (status) events_.pruned(up_to);
        prune_events(status ? rounds - 1 : 0);
      });
  if (!submitted) pruning_ = false;
}

void Engine::tick(base::Time now) {
  if (!pruning_.exchange(true)) prune_events(limits::kEventPrunesPerTick);
  if (now.ms - seen_flushed_at_ms_.load() < limits::kSeenFlushMs) return;
  seen_flushed_at_ms_ = now.ms;
  WriteBatch batch;
  for (auto& shard : seen_) {
    const std::lock_guard lock(shard.mutex);
    for (const auto& [device, at] : shard.seen) batch.ops.emplace_back(Seen{device, at});
    shard.seen.clear();
  }
  if (batch.ops.empty()) return;
  // By bucket, then id: one pass over the narrow table's tree.
  std::sort(batch.ops.begin(), batch.ops.end(), [](const WriteOp& a, const WriteOp& b) {
    const auto x = std::get<Seen>(a).device;
    const auto y = std::get<Seen>(b).device;
    return std::pair(base::bucket_of(x), x.value) < std::pair(base::bucket_of(y), y.value);
  });
  std::vector<WriteOp> visits = batch.ops;
  if (committer_.submit(std::move(batch), nullptr)) return;
  // The queue is full. Nobody relies on it, but a device must not look silent for it.
  for (const auto& op : visits) {
    const auto& visit = std::get<Seen>(op);
    auto& shard = seen_[static_cast<size_t>(base::bucket_of(visit.device))];
    const std::lock_guard lock(shard.mutex);
    if (shard.seen.size() < limits::kSeenPendingMax / seen_.size()) {
      shard.seen.emplace(visit.device, visit.at);
    }
  }
}

base::Status Engine::flush() {
  seen_flushed_at_ms_ = INT64_MIN / 2;
  tick(clock().now());
  return committer_.flush();
}

base::Status Engine::write_and_wait(WriteBatch batch) {
  Rider::board(batch);
  const auto latch = std::make_shared<Latch>();
  OTARU_CHECK(committer_.submit(std::move(batch),
                                [latch](const base::Status& status) { latch->set(status); }));
  if (parts_.commit_mode == Committer::Mode::manual) {
    while (committer_.pump()) {
    }
  }
  return latch->wait();
}

base::Status Engine::run_blocking(std::string_view door,
                                  const std::function<base::Status(DeviceGateway&)>& work) {
  auto loaded = std::make_shared<LoadedRows>();
  for (int i = 0; i < kBlockingAttemptsMax; ++i) {
    DeviceGateway gateway(*this, door, clock().now(), loaded);
    const base::Status done = work(gateway);
    if (missed(gateway)) {
      OTARU_CHECK(load_now(gateway, loaded.get()));
      continue;
    }
    OTARU_CHECK(done);
    const auto latch = std::make_shared<Latch>();
    switch (commit(gateway, [latch](const base::Status& status) { latch->set(status); })) {
      case CommitOutcome::nothing_to_wait_for:
        return {};
      case CommitOutcome::conflict:
        loaded = std::make_shared<LoadedRows>();
        continue;
      case CommitOutcome::refused:
        return base::fail(Code::exhausted, "too many changes are waiting to be stored");
      case CommitOutcome::queued:
        if (parts_.commit_mode == Committer::Mode::manual) {
          while (committer_.pump()) {
          }
        }
        return latch->wait();
    }
  }
  return base::fail(Code::unavailable, "the device kept changing; try again");
}

}  // namespace otaru::app
