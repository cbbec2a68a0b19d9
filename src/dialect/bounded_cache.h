// SPDX-License-Identifier: Apache-2.0
// A cache of what costs much to compute and never changes: text to value, bounded, for many
// threads. Two generations per shard: when the young one is full it becomes the old one, and the
// old one goes; what is in use moves to the young one again. Values are small and copied out.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace otaru::dialect {

template <class Value>
class BoundedCache {
 public:
  explicit BoundedCache(size_t entries_max) : half_(entries_max / kShards / 2) {}

  std::optional<Value> find(std::string_view key) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    const auto young = shard.young.find(key);
    if (young != shard.young.end()) return young->second;
    const auto old = shard.old.find(key);
    if (old == shard.old.end()) return std::nullopt;
    auto node = shard.old.extract(old);
    Value value = node.mapped();
    make_room(shard);
    shard.young.insert(std::move(node));
    return value;
  }

  void put(std::string_view key, Value value) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    make_room(shard);
    shard.young.insert_or_assign(std::string(key), std::move(value));
  }

  size_t count() {
    size_t sum = 0;
    for (auto& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      sum += shard.young.size() + shard.old.size();
    }
    return sum;
  }

 private:
  static constexpr size_t kShards = 16;
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Map = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;
  struct Shard {
    std::mutex mutex;
    Map young;  // guarded by mutex
    Map old;    // guarded by mutex
  };

  // The high bits: the map uses the low ones.
  Shard& shard_of(std::string_view key) { return shards_[(Hash{}(key) >> 48) % kShards]; }

  void make_room(Shard& shard) {
    if (shard.young.size() < half_) return;
    shard.old = std::move(shard.young);
    shard.young = Map{};
  }

  size_t half_;
  std::array<Shard, kShards> shards_;
};

}  // namespace otaru::dialect
