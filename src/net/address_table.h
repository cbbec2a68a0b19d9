// SPDX-License-Identifier: Apache-2.0
// How many connections each peer address has open, over all threads. Asked once per connection.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <unordered_map>

namespace otaru::net {

// IPv4 as mapped IPv6; of IPv6 the /64, because one site owns that much.
struct AddressKey {
  uint64_t high = 0;
  uint64_t low = 0;
  friend bool operator==(const AddressKey&, const AddressKey&) = default;
};

class AddressTable {
 public:
  // Counts one more, unless there are `max` already.
  bool enter(const AddressKey& key, size_t max) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    size_t& count = shard.open[key];
    if (count >= max) return false;
    ++count;
    return true;
  }
  void leave(const AddressKey& key) {
    Shard& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    const auto it = shard.open.find(key);
    if (it != shard.open.end() && --it->second == 0) shard.open.erase(it);
  }

 private:
  struct Hash {
    size_t operator()(const AddressKey& key) const {
      uint64_t h = (key.high ^ (key.low * 0x9E3779B97F4A7C15ull)) * 0xBF58476D1CE4E5B9ull;
      return static_cast<size_t>(h ^ (h >> 32));
    }
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<AddressKey, size_t, Hash> open;
  };
  Shard& shard_of(const AddressKey& key) { return shards_[Hash{}(key) % shards_.size()]; }

  std::array<Shard, 16> shards_;
};

}  // namespace otaru::net
