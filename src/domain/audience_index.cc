// SPDX-License-Identifier: Apache-2.0
#include "domain/audience_index.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/hash.h"
#include "domain/device_filter.h"
#include "domain/facts.h"
#include "domain/version_index.h"

namespace otaru::domain {
namespace {

using Mark = AudienceNeed::Mark;

// What a mark is about.
enum MarkKind : uint32_t {
  kGroupMark,
  kKeyMark,
  kDoorMark,
  kTagMark,
  kAttributeMark,
  kSetMark,
  kReportedMark,
};
constexpr uint32_t kMarksOfAttributes = 1u << kAttributeMark | 1u << kSetMark | 1u << kReportedMark;

uint64_t mixed(uint64_t hash, uint64_t with) {
  hash = (hash ^ (with + 1)) * 0x9E3779B97F4A7C15ull;
  return hash ^ (hash >> 29);
}

uint64_t text_mark(MarkKind kind, std::string_view value) {
  return mixed(base::stable_hash(value), kind);
}
uint64_t group_mark(GroupId group) {
  return mixed(static_cast<uint64_t>(group.value), kGroupMark);
}
// Of an attribute. Values that filters hold for equal have one hash: "07" and "7".
uint64_t value_hash(uint64_t name, std::string_view value) {
  if (const auto number = loose_number(value)) return mixed(name, static_cast<uint64_t>(*number));
  return base::stable_hash(value, name);
}

Mark attribute_mark(MarkKind kind, std::string_view name, std::string_view value) {
  const uint64_t hash = base::stable_hash(name);
  return {mixed(value_hash(hash, value), kind), kind, hash};
}

const AudienceNeed* shortest(const std::vector<AudienceNeed>& needs) {
  const auto at = std::min_element(needs.begin(), needs.end(), [](const auto& a, const auto& b) {
    return a.marks.size() < b.marks.size();
  });
  return at == needs.end() ? nullptr : &*at;
}

Mark mark_of(const Filter::Equality& equality) {
  switch (index_word(equality.name)) {
    case IndexWord::group:
      break;  // several marks: add_group()
    case IndexWord::key:
      return {text_mark(kKeyMark, equality.value), kKeyMark, 0};
    case IndexWord::door:
      return {text_mark(kDoorMark, equality.value), kDoorMark, 0};
    case IndexWord::tag:
      return {text_mark(kTagMark, equality.value), kTagMark, 0};
    case IndexWord::attribute:
      return attribute_mark(kAttributeMark, equality.key, equality.value);
    case IndexWord::set:
      return attribute_mark(kSetMark, equality.key, equality.value);
    case IndexWord::reported:
      return attribute_mark(kReportedMark, equality.key, equality.value);
  }
  return {};
}

std::vector<AudienceNeed> needs_of(const Filter& filter, const GroupByName& groups,
                                   DeviceSubject::Groups which);

// In the group: put into it, or as its filter says. False: its filter has no such condition.
bool add_group(AudienceNeed& need, const CompiledGroup& group, const GroupByName& groups,
               DeviceSubject::Groups which) {
  need.marks.push_back({group_mark(group.group->id), kGroupMark, 0});
  if (which == DeviceSubject::Groups::put_into || !group.by_filter()) return true;
  const auto inner = needs_of(group.filter, groups, DeviceSubject::Groups::put_into);
  const AudienceNeed* least = shortest(inner);
  if (least == nullptr) return false;
  need.marks.insert(need.marks.end(), least->marks.begin(), least->marks.end());
  return true;
}

std::vector<AudienceNeed> needs_of(const Filter& filter, const GroupByName& groups,
                                   DeviceSubject::Groups which) {
  std::vector<AudienceNeed> out;
  for (const auto& equalities : filter.needs(index_words())) {
    AudienceNeed need;
    bool known = true;
    for (const auto& equality : equalities) {
      if (index_word(equality.name) != IndexWord::group) {
        need.marks.push_back(mark_of(equality));
      } else if (const CompiledGroup* group = groups(equality.value)) {
        known = add_group(need, *group, groups, which) && known;
      }
    }
    if (known) out.push_back(std::move(need));
  }
  return out;
}

// Listed, or in one of the groups.
std::optional<AudienceNeed> need_of_members(const CompiledDeployment& compiled,
                                            const GroupByName& groups) {
  if (compiled.deployment->everyone) return std::nullopt;
  AudienceNeed out;
  out.listed = true;
  for (const CompiledGroup* group : compiled.groups) {
    if (!add_group(out, *group, groups, DeviceSubject::Groups::all)) return std::nullopt;
  }
  return out;
}

// Sorts `keys` and, with them, what stands under each, once.
template <class Key, class Less>
void sort_together(std::vector<Key>& keys, std::vector<uint32_t>& places, const Less& less) {
  std::vector<size_t> order(keys.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (less(keys[a], keys[b])) return true;
    return !less(keys[b], keys[a]) && places[a] < places[b];
  });
  std::vector<Key> sorted_keys;
  std::vector<uint32_t> sorted_places;
  sorted_keys.reserve(order.size());
  sorted_places.reserve(order.size());
  for (const size_t i : order) {
    const bool again = !sorted_keys.empty() && sorted_places.back() == places[i] &&
                       !less(sorted_keys.back(), keys[i]);
    if (again) continue;
    sorted_keys.push_back(keys[i]);
    sorted_places.push_back(places[i]);
  }
  keys = std::move(sorted_keys);
  places = std::move(sorted_places);
}

template <class Key, class Less>
std::span<const uint32_t> find_posting(const std::vector<Key>& keys,
                                       const std::vector<uint32_t>& places, const Key& key,
                                       const Less& less) {
  const auto found = std::equal_range(keys.begin(), keys.end(), key, less);
  return std::span(places).subspan(static_cast<size_t>(found.first - keys.begin()),
                                   static_cast<size_t>(found.second - found.first));
}

}  // namespace

AudienceNeeds audience_needs(const CompiledDeployment& compiled, const GroupByName& groups) {
  const Deployment& row = *compiled.deployment;
  AudienceNeeds out = needs_of(compiled.filter, groups, DeviceSubject::Groups::all);
  if (auto members = need_of_members(compiled, groups)) out.push_back(std::move(*members));
  const auto& hardware = row.audience.hardware;
  if (!hardware.empty() && std::find(hardware.begin(), hardware.end(), "") == hardware.end()) {
    AudienceNeed& need = out.emplace_back();
    for (const std::string& one : hardware) {
      need.marks.push_back(attribute_mark(kAttributeMark, facts::kHwVersion, one));
    }
  }
  // Where stepping stones lie on the way, a device may report one of these instead.
  if (!row.from_versions.empty() && !compiled.has_stones) out.emplace_back().versions = true;
  return out;
}

// Chooses the condition that each deployment stands under, and puts it there.
class AudienceIndexBuilder {
 public:
  explicit AudienceIndexBuilder(AudienceIndex& index) : index_(index) {}

  void count(const Deployment& row, const AudienceNeeds& needs) {
    for (const AudienceNeed& need : needs) {
      for (const Mark& mark : need.marks) ++often_[mark.mark];
      if (!need.versions) continue;
      for (const std::string& version : row.from_versions) ++often_[base::stable_hash(version)];
    }
  }

  void add(uint32_t place, const CompiledDeployment& compiled, const AudienceNeeds& needs) {
    const AudienceNeed* best = nullptr;
    size_t least = std::numeric_limits<size_t>::max();
    for (const AudienceNeed& need : needs) {
      const size_t others = cost(*compiled.deployment, need);
      if (others >= least) continue;
      best = &need;
      least = others;
    }
    if (best == nullptr) {
      index_.always_.push_back(place);
    } else if (best->versions) {
      add_versions(place, *compiled.deployment);
    } else {
      for (const Mark& mark : best->marks) add_mark(place, mark);
      if (best->listed) add_list(place, compiled.deployment->device_keys);
    }
  }

  void finish() {
    sort_together(index_.marks_, index_.places_, std::less<>());
    sort_together(index_.list_numbers_, index_.list_places_, std::less<>());
    sort_together(index_.texts_, index_.text_places_, std::less<>());
    std::sort(index_.names_.begin(), index_.names_.end());
    const auto end = std::unique(index_.names_.begin(), index_.names_.end());
    index_.names_.erase(end, index_.names_.end());
    if (index_.versions_ == nullptr) return;
    const VersionScheme scheme = index_.versions_->scheme;
    sort_together(index_.keys_, index_.key_places_, [scheme](const auto& a, const auto& b) {
      return compare_keys(scheme, a, b) < 0;
    });
  }

 private:
  // Among how many deployments a device that fulfils it finds this one, roughly.
  size_t cost(const Deployment& row, const AudienceNeed& need) const {
    size_t out = 0;
    for (const Mark& mark : need.marks) out += often_.at(mark.mark);
    if (!need.versions) return out;
    for (const std::string& version : row.from_versions)
      out += often_.at(base::stable_hash(version));
    return out;
  }

  void add_mark(uint32_t place, const Mark& mark) {
    index_.marks_.push_back(mark.mark);
    index_.places_.push_back(place);
    index_.kinds_ |= 1u << mark.kind;
    if ((kMarksOfAttributes >> mark.kind & 1u) != 0) index_.names_.push_back(mark.name);
  }

  void add_list(uint32_t place, const KeySet& list) {
    const uint32_t number = index_.lists_->number_of(list);
    if (number == ListTable::kNone) return;  // it is empty
    index_.list_numbers_.push_back(number);
    index_.list_places_.push_back(place);
  }

  void add_versions(uint32_t place, const Deployment& row) {
    index_.by_version_.push_back(place);
    for (const std::string& version : row.from_versions) {
      VersionKey key;
      if (index_.versions_->parse(version, key) == VersionFault::none) {
        index_.keys_.push_back(key);
        index_.key_places_.push_back(place);
      } else {
        index_.texts_.push_back(version);
        index_.text_places_.push_back(place);
      }
    }
  }

  AudienceIndex& index_;
  std::unordered_map<uint64_t, size_t> often_;
};

std::shared_ptr<const AudienceIndex> AudienceIndex::build(
    std::span<const CompiledDeployment* const> ordered, std::span<const AudienceNeeds* const> needs,
    const VersionIndex* versions, std::shared_ptr<const ListTable> lists) {
  const bool any =
      std::any_of(needs.begin(), needs.end(), [](const AudienceNeeds* of) { return !of->empty(); });
  if (!any) return nullptr;
  auto out = std::make_shared<AudienceIndex>();
  out->versions_ = versions;
  out->lists_ = std::move(lists);
  AudienceIndexBuilder builder(*out);
  for (size_t i = 0; i < ordered.size(); ++i) builder.count(*ordered[i]->deployment, *needs[i]);
  for (size_t i = 0; i < ordered.size(); ++i) {
    builder.add(static_cast<uint32_t>(i), *ordered[i], *needs[i]);
  }
  builder.finish();
  return out;
}

std::span<const uint32_t> AudienceIndex::posting(uint64_t mark) const {
  return find_posting(marks_, places_, mark, std::less<>());
}

// --- Asking -------------------------------------------------------------------------------------

AudienceIndex::Candidates::Candidates(std::span<const CompiledDeployment* const> ordered,
                                      const AudienceIndex* index, const Device& device,
                                      std::string_view version)
    : ordered_(ordered), index_(index) {
  if (index_ == nullptr) return;
  add(index_->always_);
  if (index_->kinds_ != 0) add_marks(device);
  if (index_ != nullptr && !index_->list_numbers_.empty()) add_lists(device.key);
  if (index_ != nullptr && !index_->by_version_.empty()) add_versions(version);
}

void AudienceIndex::Candidates::add(std::span<const uint32_t> posting) {
  if (posting.empty() || index_ == nullptr) return;
  if (count_ == kPostingsMax) {
    index_ = nullptr;
    return;
  }
  postings_[count_++] = {posting.data(), posting.data() + posting.size()};
}

void AudienceIndex::Candidates::add_mark(uint64_t mark) {
  if (index_ != nullptr) add(index_->posting(mark));
}

void AudienceIndex::Candidates::add_marks(const Device& device) {
  const uint32_t kinds = index_->kinds_;
  const auto wanted = [kinds](MarkKind kind) { return (kinds >> kind & 1u) != 0; };
  if (wanted(kGroupMark)) {
    for (const GroupId group : device.groups) add_mark(group_mark(group));
  }
  if (wanted(kKeyMark)) add_mark(text_mark(kKeyMark, device.key));
  if (wanted(kDoorMark)) add_mark(text_mark(kDoorMark, device.door));
  if (wanted(kTagMark)) {
    for (const std::string& tag : device.tags) add_mark(text_mark(kTagMark, tag));
  }
  if ((kinds & kMarksOfAttributes) == 0) return;
  add_attributes(device.attributes, kSetMark);
  add_attributes(device.reported, kReportedMark);
}

void AudienceIndex::Candidates::add_attributes(const TextMap& map, uint32_t own_kind) {
  for (const auto& [name, value] : map) {
    if (index_ == nullptr) return;
    const uint64_t hash = base::stable_hash(name);
    if (!std::binary_search(index_->names_.begin(), index_->names_.end(), hash)) continue;
    const uint64_t with_value = value_hash(hash, value);
    add_mark(mixed(with_value, kAttributeMark));
    add_mark(mixed(with_value, own_kind));
  }
}

void AudienceIndex::Candidates::add_lists(std::string_view key) {
  index_->lists_->visit(key, [this](uint32_t number) {
    if (index_ == nullptr) return;
    for (const uint32_t place :
         find_posting(index_->list_numbers_, index_->list_places_, number, std::less<>())) {
      if (listed_ == kListedMax) {
        index_ = nullptr;
        return;
      }
      // Kept in order.
      size_t at = listed_++;
      for (; at > 0 && listed_places_[at - 1] > place; --at) {
        listed_places_[at] = listed_places_[at - 1];
      }
      listed_places_[at] = place;
    }
  });
  add(std::span(listed_places_).first(listed_));
}

void AudienceIndex::Candidates::add_versions(std::string_view version) {
  VersionKey key;
  if (index_->versions_->parse(version, key) != VersionFault::none) {
    add(find_posting(index_->texts_, index_->text_places_, version, std::less<>()));
    return;
  }
  const VersionScheme scheme = index_->versions_->scheme;
  add(find_posting(index_->keys_, index_->key_places_, key, [scheme](const auto& a, const auto& b) {
    return compare_keys(scheme, a, b) < 0;
  }));
}

const CompiledDeployment* AudienceIndex::Candidates::next() {
  if (index_ == nullptr) return at_ == ordered_.size() ? nullptr : ordered_[at_++];
  uint32_t first = std::numeric_limits<uint32_t>::max();
  for (size_t i = 0; i < count_; ++i) first = std::min(first, *postings_[i].next);
  if (first == std::numeric_limits<uint32_t>::max()) return nullptr;
  for (size_t i = 0; i < count_;) {
    if (*postings_[i].next == first) ++postings_[i].next;
    if (postings_[i].next == postings_[i].end) {
      postings_[i] = postings_[--count_];
    } else {
      ++i;
    }
  }
  return ordered_[first];
}

}  // namespace otaru::domain
