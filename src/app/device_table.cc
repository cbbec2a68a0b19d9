// SPDX-License-Identifier: Apache-2.0
#include "app/device_table.h"

#include <algorithm>
#include <charconv>

namespace otaru::app {
namespace {

// Tenant and key as one text in a caller's buffer: no allocation for a look-up.
class FullKey {
 public:
  FullKey(domain::TenantId tenant, std::string_view key) {
    const auto [end, error] = std::to_chars(buffer_, buffer_ + 24, tenant.value);
    char* at = end;
    *at++ = '\n';
    const size_t room = sizeof buffer_ - static_cast<size_t>(at - buffer_);
    // Longer keys never reach the table: identify() refuses them (kDeviceKeyBytesMax).
    const size_t length = std::min(key.size(), room);
    at = std::copy_n(key.data(), length, at);
    size_ = static_cast<size_t>(at - buffer_);
  }
  std::string_view view() const { return {buffer_, size_}; }

 private:
  char buffer_[32 + base::limits::kDeviceKeyBytesMax];
  size_t size_ = 0;
};

constexpr size_t kEntryOverhead = 200;   // list node, map nodes, control block
constexpr size_t kOtherTasksMax = 4096;  // per shard

size_t weight_of(const domain::Device* device, size_t key_bytes) {
  size_t bytes = kEntryOverhead + key_bytes;
  if (device == nullptr) return bytes;
  const auto map_bytes = [](const domain::TextMap& map) {
    size_t sum = map.capacity() * sizeof(map[0]);
    for (const auto& [key, value] : map) sum += key.size() + value.size();
    return sum;
  };
  bytes += sizeof(domain::Device) + device->key.size() + map_bytes(device->attributes) +
           map_bytes(device->reported) + device->groups.size() * sizeof(domain::GroupId);
  bytes += device->consent.by.size();
  for (const auto& note : device->consent.history) bytes += sizeof note + note.by.size();
  for (const auto& tag : device->tags) bytes += sizeof tag + tag.size();
  for (const auto& component : device->components) {
    bytes += sizeof component + component.slot.size() + component.version.size();
  }
  for (const auto& task : device->tasks) {
    bytes += sizeof task + 64 + task.chain.size() * sizeof(domain::PackageId) + task.slot.size();
  }
  return bytes;
}

}  // namespace

DeviceTable::DeviceTable(size_t bytes_max)
    : bytes_max_per_shard_(bytes_max / static_cast<size_t>(base::kBucketCount)) {}

DeviceTable::Lookup DeviceTable::find(domain::TenantId tenant, std::string_view key) {
  Shard& where = shard(domain::bucket_for(tenant, key));
  const FullKey full(tenant, key);
  const std::lock_guard lock(where.mutex);
  const auto found = where.by_key.find(full.view());
  if (found == where.by_key.end()) return {};
  found->second->passing = false;
  where.lru.splice(where.lru.begin(), where.lru, found->second);
  return {true, found->second->device};
}

DeviceTable::Lookup DeviceTable::find_by_task(domain::TaskId task) {
  Shard& where = shard(base::bucket_of(task));
  const std::lock_guard lock(where.mutex);
  const auto found = where.by_task.find(task);
  if (found != where.by_task.end()) {
    found->second->passing = false;
    where.lru.splice(where.lru.begin(), where.lru, found->second);
    return {true, found->second->device};
  }
  const auto other = where.other_tasks.find(task);
  if (other == where.other_tasks.end()) return {};
  if (other->second.empty()) return {true, nullptr};
  const auto owner = where.by_key.find(other->second);
  if (owner == where.by_key.end()) return {};
  owner->second->passing = false;
  return {true, owner->second->device};
}

bool DeviceTable::begin_load(int64_t bucket, const std::string& load_key, Loaded then) {
  Shard& where = shard(bucket);
  const std::lock_guard lock(where.mutex);
  auto [at, is_new] = where.loads.try_emplace(load_key);
  at->second.push_back(std::move(then));
  return is_new;
}

uint64_t DeviceTable::eviction_mark(int64_t bucket) {
  Shard& where = shard(bucket);
  const std::lock_guard lock(where.mutex);
  return where.evictions;
}

bool DeviceTable::store_loaded(int64_t bucket, uint64_t mark, domain::TenantId tenant,
                               std::string_view key, DeviceState device) {
  Shard& where = shard(bucket);
  const FullKey full(tenant, key);
  const std::lock_guard lock(where.mutex);
  if (where.evictions != mark) return false;
  // Already there: it was loaded or born meanwhile, and is at least as new.
  if (!where.by_key.contains(full.view())) {
    insert(where, std::string(full.view()), std::move(device));
    shrink(where);
  }
  return true;
}

bool DeviceTable::store_loaded_task(int64_t bucket, uint64_t mark, domain::TaskId task,
                                    DeviceState device) {
  std::string owner;
  if (device) {
    owner = std::string(FullKey(device->tenant, device->key).view());
    if (!store_loaded(bucket, mark, device->tenant, device->key, device)) return false;
  }
  Shard& where = shard(bucket);
  const std::lock_guard lock(where.mutex);
  if (!device && where.evictions != mark) return false;
  if (where.other_tasks.size() >= kOtherTasksMax) where.other_tasks.clear();
  where.other_tasks.insert_or_assign(task, std::move(owner));
  return true;
}

std::vector<DeviceTable::Loaded> DeviceTable::finish_load(int64_t bucket,
                                                          const std::string& load_key) {
  Shard& where = shard(bucket);
  const std::lock_guard lock(where.mutex);
  const auto found = where.loads.find(load_key);
  if (found == where.loads.end()) return {};
  auto waiting = std::move(found->second);
  where.loads.erase(found);
  return waiting;
}

DeviceTable::SwapResult DeviceTable::swap(std::vector<Change>& changes,
                                          const std::function<bool()>& submit) {
  std::vector<int64_t> buckets;
  buckets.reserve(changes.size());
  for (const auto& change : changes) {
    buckets.push_back(domain::bucket_for(change.tenant, change.key));
  }
  std::vector<int64_t> order = buckets;
  std::sort(order.begin(), order.end());
  order.erase(std::unique(order.begin(), order.end()), order.end());
  std::vector<std::unique_lock<std::mutex>> locks;
  locks.reserve(order.size());
  for (const int64_t bucket : order) locks.emplace_back(shard(bucket).mutex);

  std::vector<Lru::iterator> entries;
  entries.reserve(changes.size());
  for (size_t i = 0; i < changes.size(); ++i) {
    Shard& where = shard(buckets[i]);
    const FullKey full(changes[i].tenant, changes[i].key);
    const auto found = where.by_key.find(full.view());
    if (found == where.by_key.end() || found->second->device != changes[i].expected) {
      return {false, true};
    }
    entries.push_back(found->second);
  }
  if (!submit()) return {false, false};
  for (size_t i = 0; i < changes.size(); ++i) {
    Shard& where = shard(buckets[i]);
    assign(where, entries[i], std::move(changes[i].next));
    entries[i]->pins += 1;
    entries[i]->passing = false;
    where.lru.splice(where.lru.begin(), where.lru, entries[i]);
  }
  for (const int64_t bucket : order) shrink(shard(bucket));
  return {true, false};
}

DeviceTable::Lookup DeviceTable::peek(domain::TenantId tenant, std::string_view key) {
  Shard& where = shard(domain::bucket_for(tenant, key));
  const FullKey full(tenant, key);
  const std::lock_guard lock(where.mutex);
  const auto found = where.by_key.find(full.view());
  if (found == where.by_key.end()) return {};
  return {true, found->second->device};
}

DeviceTable::SwapResult DeviceTable::bulk_swap(std::vector<BulkChange>& changes,
                                               const std::function<bool()>& submit) {
  std::vector<int64_t> buckets;
  buckets.reserve(changes.size());
  for (const auto& change : changes) {
    buckets.push_back(domain::bucket_for(change.tenant, change.key));
  }
  std::vector<int64_t> order = buckets;
  std::sort(order.begin(), order.end());
  order.erase(std::unique(order.begin(), order.end()), order.end());
  std::vector<std::unique_lock<std::mutex>> locks;
  locks.reserve(order.size());
  for (const int64_t bucket : order) locks.emplace_back(shard(bucket).mutex);

  bool conflict = false;
  std::vector<Lru::iterator> entries(changes.size());
  for (size_t i = 0; i < changes.size(); ++i) {
    Shard& where = shard(buckets[i]);
    auto& change = changes[i];
    const auto found = where.by_key.find(FullKey(change.tenant, change.key).view());
    const bool there = found != where.by_key.end();
    change.conflict = change.resident ? !there || found->second->device != change.expected
                                      : there || where.evictions != change.mark;
    conflict = conflict || change.conflict;
    if (there) entries[i] = found->second;
  }
  if (conflict) return {false, true};
  if (!submit()) return {false, false};
  for (size_t i = 0; i < changes.size(); ++i) {
    Shard& where = shard(buckets[i]);
    auto& change = changes[i];
    if (change.resident) {
      assign(where, entries[i], std::move(change.next));
    } else {
      const FullKey full(change.tenant, change.key);
      entries[i] = insert(where, std::string(full.view()), std::move(change.next));
      entries[i]->passing = true;
      where.lru.splice(where.lru.end(), where.lru, entries[i]);
    }
    entries[i]->pins += 1;
  }
  return {true, false};
}

void DeviceTable::bulk_done(domain::TenantId tenant, std::string_view key) {
  Shard& where = shard(domain::bucket_for(tenant, key));
  const FullKey full(tenant, key);
  const std::lock_guard lock(where.mutex);
  const auto found = where.by_key.find(full.view());
  if (found == where.by_key.end() || found->second->pins == 0) return;
  found->second->pins -= 1;
  if (found->second->passing && found->second->pins == 0) erase(where, found->second);
}

void DeviceTable::unpin(domain::TenantId tenant, std::string_view key) {
  Shard& where = shard(domain::bucket_for(tenant, key));
  const FullKey full(tenant, key);
  const std::lock_guard lock(where.mutex);
  const auto found = where.by_key.find(full.view());
  // Gone, or a newer load: everything was forgotten after a failed commit.
  if (found == where.by_key.end() || found->second->pins == 0) return;
  found->second->pins -= 1;
}

void DeviceTable::forget_all(const std::function<void()>& inside) {
  std::vector<std::unique_lock<std::mutex>> locks;
  locks.reserve(shards_.size());
  for (auto& where : shards_) locks.emplace_back(where.mutex);
  inside();
  for (auto& where : shards_) {
    where.by_key.clear();
    where.by_task.clear();
    where.other_tasks.clear();
    where.lru.clear();
    where.bytes = 0;
    where.evictions += 1;
  }
}

void DeviceTable::forget(domain::TenantId tenant, std::string_view key) {
  Shard& where = shard(domain::bucket_for(tenant, key));
  const FullKey full(tenant, key);
  const std::lock_guard lock(where.mutex);
  const auto found = where.by_key.find(full.view());
  if (found != where.by_key.end()) erase(where, found->second);
}

size_t DeviceTable::bytes() const {
  size_t sum = 0;
  for (const auto& where : shards_) {
    const std::lock_guard lock(where.mutex);
    sum += where.bytes;
  }
  return sum;
}

size_t DeviceTable::count() const {
  size_t sum = 0;
  for (const auto& where : shards_) {
    const std::lock_guard lock(where.mutex);
    sum += where.lru.size();
  }
  return sum;
}

DeviceTable::Lru::iterator DeviceTable::insert(Shard& where, std::string full_key,
                                               DeviceState device) {
  where.lru.push_front(Entry{std::move(full_key), nullptr, 0, 0, false});
  const auto entry = where.lru.begin();
  where.by_key.emplace(entry->key, entry);
  assign(where, entry, std::move(device));
  return entry;
}

void DeviceTable::assign(Shard& where, Lru::iterator entry, DeviceState next) {
  if (entry->device) {
    for (const auto& task : entry->device->tasks) where.by_task.erase(task.id);
  }
  if (next) {
    for (const auto& task : next->tasks) {
      where.by_task[task.id] = entry;
      where.other_tasks.erase(task.id);
    }
  }
  where.bytes -= entry->weight;
  entry->weight = weight_of(next.get(), entry->key.size());
  where.bytes += entry->weight;
  entry->device = std::move(next);
}

void DeviceTable::erase(Shard& where, Lru::iterator entry) {
  if (entry->device) {
    for (const auto& task : entry->device->tasks) where.by_task.erase(task.id);
  }
  where.bytes -= entry->weight;
  where.by_key.erase(entry->key);
  where.lru.erase(entry);
  where.evictions += 1;
}

void DeviceTable::shrink(Shard& where) {
  auto at = where.lru.end();
  while (where.bytes > bytes_max_per_shard_ && at != where.lru.begin()) {
    --at;
    if (at == where.lru.begin()) return;  // never the one just used
    if (at->pins > 0) continue;
    const auto victim = at++;
    erase(where, victim);
  }
}

}  // namespace otaru::app
