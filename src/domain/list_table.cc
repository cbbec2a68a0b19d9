// SPDX-License-Identifier: Apache-2.0
#include "domain/list_table.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/limits.h"

namespace otaru::domain {

uint64_t ListTable::hash_of(std::string_view key) {
  return base::stable_hash(key, 0x6c69737473);
}

ListTable::Run::Run(std::vector<KeySet> sets) : members(std::move(sets)) {
  size_t count = 0;
  for (const KeySet& set : members) count += set.size();
  std::vector<uint64_t> unsorted;
  unsorted.reserve(count);
  for (size_t member = 0; member < members.size(); ++member) {
    auto reader = members[member].read();
    while (reader.next()) {
      unsorted.push_back((hash_of(reader.key()) & ~kMemberMask) | member);
    }
  }
  // About four entries in a bucket.
  int bits = 0;
  while ((size_t{4} << bits) < count) ++bits;
  shift = 64 - bits;
  const auto bucket_at = [this](uint64_t hash) {
    return shift == 64 ? size_t{0} : static_cast<size_t>(hash >> shift);
  };
  beginnings.assign((size_t{1} << bits) + 1, 0);
  for (const uint64_t entry : unsorted) ++beginnings[bucket_at(entry) + 1];
  for (size_t i = 1; i < beginnings.size(); ++i) beginnings[i] += beginnings[i - 1];
  entries.resize(count);
  std::vector<uint32_t> next(beginnings.begin(), beginnings.end() - 1);
  for (const uint64_t entry : unsorted) entries[next[bucket_at(entry)]++] = entry;
}

std::shared_ptr<const ListTable> ListTable::build(std::span<const KeySet> wanted,
                                                  const ListTable* before) {
  static_assert(base::limits::kDeploymentsMax <= kMemberMask);
  auto out = std::make_shared<ListTable>();
  std::vector<KeySet> missing;
  for (const KeySet& set : wanted) {
    const auto number = static_cast<uint32_t>(out->numbers_.size());
    if (!set.empty() && out->numbers_.emplace(set.identity(), number).second) {
      missing.push_back(set);
    }
  }
  // Runs of which at least half is wanted stay, those with the most entries first.
  std::vector<std::shared_ptr<const Run>> kept;
  if (before != nullptr) {
    for (const Placed& placed : before->runs_) {
      size_t used = 0;
      for (const KeySet& set : placed.run->members) {
        if (out->numbers_.count(set.identity()) == 1) used += set.size();
      }
      if (used * 2 >= placed.run->entries.size()) kept.push_back(placed.run);
    }
  }
  std::sort(kept.begin(), kept.end(),
            [](const auto& a, const auto& b) { return a->entries.size() > b->entries.size(); });
  std::unordered_map<const void*, size_t> held;
  for (const auto& run : kept) {
    for (const KeySet& set : run->members) ++held[set.identity()];
  }
  std::erase_if(missing, [&](const KeySet& set) { return held.count(set.identity()) == 1; });
  // New lists go into a run of their own, together with runs that are not much larger.
  size_t fresh = 0;
  for (const KeySet& set : missing) fresh += set.size();
  while (fresh > 0 && !kept.empty() && kept.back()->entries.size() <= fresh * 2) {
    for (const KeySet& set : kept.back()->members) {
      if (out->numbers_.count(set.identity()) == 0) continue;
      missing.push_back(set);
      fresh += set.size();
    }
    kept.pop_back();
  }
  if (!missing.empty()) kept.push_back(std::make_shared<const Run>(std::move(missing)));
  for (auto& run : kept) {
    Placed placed{std::move(run), {}};
    for (const KeySet& set : placed.run->members) placed.numbers.push_back(out->number_of(set));
    out->runs_.push_back(std::move(placed));
  }
  return out;
}

uint32_t ListTable::number_of(const KeySet& set) const {
  const auto at = numbers_.find(set.identity());
  return at == numbers_.end() ? kNone : at->second;
}

size_t ListTable::entries() const {
  size_t out = 0;
  for (const Placed& placed : runs_) out += placed.run->entries.size();
  return out;
}

bool ListTable::shares_largest_run(const ListTable& other) const {
  return !runs_.empty() && !other.runs_.empty() && runs_.front().run == other.runs_.front().run;
}

}  // namespace otaru::domain
