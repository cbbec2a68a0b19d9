// SPDX-License-Identifier: Apache-2.0
// Internal to domain: which of a product's deployments a check has to look at, so that its cost
// does not grow with deployments that cannot match.
//
// Each deployment stands under one condition that every device it may serve fulfils: one of its
// lists or groups, an equality of its filter, its hardware, or a version it starts from. Of several
// the one is taken that fewest other deployments stand under. A check looks up what its device has
// (key, groups, tags, attributes, version) and gets a superset of the deployments that match, in
// the order to look at them; decide() then asks each as before. What has no such condition is
// always a candidate.
//
//   AudienceIndex::Candidates candidates(product.running, product.running_index.get(), who);
//   while (const CompiledDeployment* compiled = candidates.next()) ...
//
// Threads: any, it never changes. Asking allocates nothing.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "domain/device.h"
#include "domain/list_table.h"
#include "domain/snapshot.h"
#include "domain/version_key.h"

namespace otaru::domain {

// The conditions of one deployment: of each list of marks a device must have one.
struct AudienceNeed {
  struct Mark {
    uint64_t mark = 0;  // a hash of a property with its value
    uint32_t kind = 0;
    uint64_t name = 0;  // of an attribute: a hash
  };
  std::vector<Mark> marks;
  bool listed = false;    // or it is in the list
  bool versions = false;  // instead: it reports one of Deployment::from_versions
};
using AudienceNeeds = std::vector<AudienceNeed>;  // empty: none is known
// A group of the deployment's tenant, for filters that ask for one; null: there is none.
using GroupByName = std::function<const CompiledGroup*(std::string_view name)>;
AudienceNeeds audience_needs(const CompiledDeployment& compiled, const GroupByName& groups);

class AudienceIndex {
 public:
  // `ordered` in the order to look at them, with their needs; null when there is nothing to index.
  // `versions` of the product they are for; null for several products: no need is a version then.
  static std::shared_ptr<const AudienceIndex> build(
      std::span<const CompiledDeployment* const> ordered,
      std::span<const AudienceNeeds* const> needs, const VersionIndex* versions,
      std::shared_ptr<const ListTable> lists);

  // Places of the deployments that stand under the versions they start from: one that is no
  // candidate may still mean the device.
  std::span<const uint32_t> by_version() const { return by_version_; }

  class Candidates {
   public:
    // All of `ordered` without an index. What it refers to must outlive it.
    Candidates(std::span<const CompiledDeployment* const> ordered, const AudienceIndex* index,
               const Device& device, std::string_view version);
    const CompiledDeployment* next();  // null: no more

   private:
    static constexpr size_t kPostingsMax = 48;  // beyond: all of `ordered`
    static constexpr size_t kListedMax = 48;
    // Not a span, whose constructor would write all of them at every check.
    struct Posting {
      const uint32_t* next;
      const uint32_t* end;
    };
    void add(std::span<const uint32_t> posting);
    void add_mark(uint64_t mark);
    void add_marks(const Device& device);
    void add_attributes(const TextMap& map, uint32_t own_kind);
    void add_lists(std::string_view key);
    void add_versions(std::string_view version);

    std::span<const CompiledDeployment* const> ordered_;
    const AudienceIndex* index_;
    size_t at_ = 0;      // without an index
    size_t count_ = 0;   // of postings_
    size_t listed_ = 0;  // of listed_places_
    std::array<Posting, kPostingsMax> postings_;
    std::array<uint32_t, kListedMax> listed_places_;
  };

 private:
  friend class AudienceIndexBuilder;
  std::span<const uint32_t> posting(uint64_t mark) const;

  const VersionIndex* versions_ = nullptr;
  std::shared_ptr<const ListTable> lists_;
  uint32_t kinds_ = 0;            // of marks that occur: a bit each
  std::vector<uint64_t> names_;   // of attributes that occur: sorted hashes
  std::vector<uint64_t> marks_;   // sorted; places_[i] is what stands under marks_[i]
  std::vector<uint32_t> places_;  // places are indices into `ordered`
  std::vector<uint32_t> always_;
  std::vector<uint32_t> by_version_;
  std::vector<VersionKey> keys_;  // sorted, as marks_
  std::vector<uint32_t> key_places_;
  std::vector<std::string_view> texts_;  // versions that do not parse: sorted, as marks_
  std::vector<uint32_t> text_places_;
  std::vector<uint32_t> list_numbers_;  // sorted, as marks_
  std::vector<uint32_t> list_places_;
};

}  // namespace otaru::domain
