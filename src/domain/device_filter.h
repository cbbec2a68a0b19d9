// SPDX-License-Identifier: Apache-2.0
// Devices under the filter language: the words there are (docs/filter.md), and a device as what a
// filter looks at. Evaluating allocates nothing.
#pragma once

#include "domain/device.h"
#include "domain/filter.h"
#include "domain/snapshot.h"

namespace otaru::domain {

const FilterVocabulary& device_words();
// The same for the filter of a group. It may ask for groups too, and then sees only what a device
// was put into: groups with a filter do not build on one another.
const FilterVocabulary& group_words();
// The name that asks for groups, in both.
extern const size_t kGroupWord;
// The name that asks when a device was seen, in both.
extern const size_t kLastSeenWord;

// The words of a device whose equalities the audience index looks up (audience_index.h): those that
// a device has few values of.
enum class IndexWord { key, door, tag, group, attribute, set, reported };
uint64_t index_words();             // a bit for each, as Filter::needs() takes them
IndexWord index_word(size_t name);  // of one of those
// Those of them that say which device is meant: not its door.
uint64_t identity_words();

class DeviceSubject final : public FilterSubject {
 public:
  enum class Groups { all, put_into };
  // All outlive it. `last_seen` ms 0: never.
  DeviceSubject(const Snapshot& snapshot, const Device& device, base::Time last_seen,
                Groups groups = Groups::all)
      : snapshot_(snapshot), device_(device), last_seen_(last_seen), groups_(groups) {}

  FilterValue value(size_t name, std::string_view key) const override;
  bool any_of(size_t name, TextTest test) const override;
  size_t components() const override { return device_.components.size(); }
  FilterValue component_value(size_t component, size_t name, std::string_view key) const override;
  std::optional<std::strong_ordering> compare_versions(size_t component, std::string_view a,
                                                       std::string_view b) const override;

 private:
  const Snapshot& snapshot_;
  const Device& device_;
  base::Time last_seen_;
  Groups groups_;
};

// Whether the device was put into the group, or matches its filter.
bool is_member(const Snapshot& snapshot, const CompiledGroup& group, const Device& device,
               base::Time last_seen);

}  // namespace otaru::domain
