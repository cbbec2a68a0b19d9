// SPDX-License-Identifier: Apache-2.0
// Internal to domain: which of many explicit lists may hold a device key, in one look-up.
//
// Hashes of all keys of all lists stand in a few runs, each a table over several lists. A run never
// changes and is shared by the snapshots that want its lists, so that a new snapshot costs only
// what its new lists have; small runs are merged, so that there are few.
//
// Threads: any, it never changes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "domain/key_set.h"

namespace otaru::domain {

class ListTable {
 public:
  // Of these sets, which may repeat and be empty; what `before` has of them is taken over.
  static std::shared_ptr<const ListTable> build(std::span<const KeySet> wanted,
                                                const ListTable* before);

  // The number of a set in this table; kNone if it is not in it.
  static constexpr uint32_t kNone = ~uint32_t{0};
  uint32_t number_of(const KeySet& set) const;

  // Calls with the number of every set that has a key of this hash: nearly always of this key.
  template <class Visit>
  void visit(std::string_view key, const Visit& use) const {
    if (runs_.empty()) return;
    const uint64_t hash = hash_of(key);
    for (const Placed& placed : runs_) {
      for (const uint64_t entry : placed.run->bucket(hash)) {
        if ((entry ^ hash) >> kMemberBits != 0) continue;
        const uint32_t number = placed.numbers[entry & kMemberMask];
        if (number != kNone) use(number);
      }
    }
  }

  size_t runs() const { return runs_.size(); }
  size_t entries() const;
  // Whether the run with most entries is the very one of the other table.
  bool shares_largest_run(const ListTable& other) const;

 private:
  // An entry is the upper bits of a key's hash and the number of its set within the run.
  static constexpr int kMemberBits = 15;  // limits::kDeploymentsMax fits
  static constexpr uint64_t kMemberMask = (uint64_t{1} << kMemberBits) - 1;
  static uint64_t hash_of(std::string_view key);

  struct Run {
    std::vector<KeySet> members;
    std::vector<uint64_t> entries;     // by bucket: the topmost bits of the hash
    std::vector<uint32_t> beginnings;  // of the buckets, and the end
    int shift = 64;

    explicit Run(std::vector<KeySet> sets);
    std::span<const uint64_t> bucket(uint64_t hash) const {
      const size_t at = shift == 64 ? 0 : static_cast<size_t>(hash >> shift);
      return std::span(entries).subspan(beginnings[at], beginnings[at + 1] - beginnings[at]);
    }
  };
  struct Placed {
    std::shared_ptr<const Run> run;
    std::vector<uint32_t> numbers;  // of the run's members in this table
  };
  std::vector<Placed> runs_;
  std::unordered_map<const void*, uint32_t> numbers_;
};

}  // namespace otaru::domain
