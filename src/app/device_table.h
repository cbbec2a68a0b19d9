// SPDX-License-Identifier: Apache-2.0
// The devices that are in memory: 256 shards by bucket, each a small hash map with an LRU list and
// a byte budget. A state is immutable and shared by pointer; changing a device swaps the pointer,
// and whoever computed from an older pointer has to start again (optimistic concurrency).
//
// An entry may be a tombstone: "this key was looked up and is not in the store", so that unknown
// devices cost one read, not one per request. Entries with writes that are not durable yet are
// pinned: forgetting them would let a reload see an older state.
//
// Threads: any; a shard's mutex is held for a look-up or a swap, never across I/O.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "domain/device.h"

namespace otaru::app {

using DeviceState = std::shared_ptr<const domain::Device>;

class DeviceTable {
 public:
  using Loaded = std::function<void(const base::Status&)>;

  explicit DeviceTable(size_t bytes_max = base::limits::kResidentDeviceBytesMax);

  struct Lookup {
    bool resident = false;  // false: not in memory, load it
    DeviceState device;     // null with resident: known not to exist
  };
  Lookup find(domain::TenantId tenant, std::string_view key);
  Lookup find_by_task(domain::TaskId task);

  // Coalesced loading: true for the first caller, who must load and then call finish_load(); the
  // others' `then` runs after that.
  bool begin_load(int64_t bucket, const std::string& load_key, Loaded then);
  // A marker of the shard's evictions before reading the store. A load is only stored while it is
  // still the same; otherwise the read may be older than what was forgotten meanwhile.
  uint64_t eviction_mark(int64_t bucket);
  // Returns false when the mark is stale: read again. `device` null: tombstone for (tenant, key).
  bool store_loaded(int64_t bucket, uint64_t mark, domain::TenantId tenant, std::string_view key,
                    DeviceState device);
  // The same for a task that was looked up: its device, or null when there is no such task. A task
  // too old to be kept with its device is remembered as that device's.
  bool store_loaded_task(int64_t bucket, uint64_t mark, domain::TaskId task, DeviceState device);
  // Removes the load and returns who waits.
  std::vector<Loaded> finish_load(int64_t bucket, const std::string& load_key);

  // One compare-and-swap over several devices: `expected` must still be current for each.
  struct Change {
    domain::TenantId tenant;
    std::string_view key;
    DeviceState expected;  // null: expects a tombstone (a device is being born)
    DeviceState next;
  };
  // Holds the shards' locks while `submit` runs, so that the order of writes is the order of
  // states. submit() false: nothing changed, returns false too with conflict=false.
  struct SwapResult {
    bool swapped = false;
    bool conflict = false;
  };
  SwapResult swap(std::vector<Change>& changes, const std::function<bool()>& submit);
  void unpin(domain::TenantId tenant, std::string_view key);

  // For changes of many devices at once, of which most are not in memory and need not come: like
  // find(), but nothing counts as used.
  Lookup peek(domain::TenantId tenant, std::string_view key);
  struct BulkChange {
    domain::TenantId tenant;
    std::string_view key;
    bool resident = false;  // `expected` was in memory; else it was read from the store ...
    uint64_t mark = 0;      // ... after this eviction mark, and the device must still not be there
    DeviceState expected;
    DeviceState next;
    bool conflict = false;  // set by bulk_swap
  };
  // As swap(): all or nothing. What was not resident is held until bulk_done() says that it is
  // durable, because a load before that would read an older state, and then goes again, so that an
  // import of a million devices does not drive out those that are in use.
  SwapResult bulk_swap(std::vector<BulkChange>& changes, const std::function<bool()>& submit);
  void bulk_done(domain::TenantId tenant, std::string_view key);

  // Locks every shard, runs `inside`, and forgets everything.
  void forget_all(const std::function<void()>& inside);
  void forget(domain::TenantId tenant, std::string_view key);

  size_t bytes() const;
  size_t count() const;

 private:
  struct Entry {
    std::string key;  // tenant + '\n' + key
    DeviceState device;
    size_t weight = 0;
    uint32_t pins = 0;
    bool passing = false;  // only held until it is durable, and nobody has asked for it
  };
  using Lru = std::list<Entry>;  // front: most recently used
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  struct Shard {
    mutable std::mutex mutex;
    Lru lru;
    std::unordered_map<std::string_view, Lru::iterator, Hash> by_key;
    std::unordered_map<domain::TaskId, Lru::iterator> by_task;
    // Tasks no resident device carries: whose they are ("" = they do not exist). Bounded.
    std::unordered_map<domain::TaskId, std::string> other_tasks;
    std::unordered_map<std::string, std::vector<Loaded>> loads;
    size_t bytes = 0;
    uint64_t evictions = 0;
  };

  Shard& shard(int64_t bucket) { return shards_[static_cast<size_t>(bucket)]; }
  void assign(Shard& where, Lru::iterator entry, DeviceState next);
  Lru::iterator insert(Shard& where, std::string full_key, DeviceState device);
  void erase(Shard& where, Lru::iterator entry);
  void shrink(Shard& where);

  size_t bytes_max_per_shard_;
  std::array<Shard, static_cast<size_t>(base::kBucketCount)> shards_;
};

}  // namespace otaru::app
