// SPDX-License-Identifier: Apache-2.0
// Strong ids: a DeviceId is not a TaskId. Zero means "none".
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace otaru::base {

template <class Tag>
struct Id {
  int64_t value = 0;
  constexpr Id() = default;
  constexpr explicit Id(int64_t v) : value(v) {}
  constexpr explicit operator bool() const { return value != 0; }
  friend constexpr auto operator<=>(Id, Id) = default;
};

// Hot rows live in 256 buckets; the bucket is the low byte of a device or task id, so that every
// statement on a hot table can say `where b = ?` (docs/architecture.md, "Storage").
inline constexpr int64_t kBucketCount = 256;
template <class Tag>
constexpr int64_t bucket_of(Id<Tag> id) {
  return id.value & (kBucketCount - 1);
}

}  // namespace otaru::base

template <class Tag>
struct std::hash<otaru::base::Id<Tag>> {
  std::size_t operator()(otaru::base::Id<Tag> id) const noexcept {
    // Fibonacci hashing: ids are small consecutive numbers.
    return static_cast<std::size_t>(static_cast<uint64_t>(id.value) * 0x9E3779B97F4A7C15ull);
  }
};
