// SPDX-License-Identifier: Apache-2.0
#include "domain/device_filter.h"

#include <algorithm>

#include "domain/version_index.h"

namespace otaru::domain {
namespace {

enum DeviceWord : size_t {
  kWordId,
  kWordTenant,
  kWordKey,
  kWordDoor,
  kWordBlocked,
  kWordPending,
  kWordCreatedAt,
  kWordLastSeen,
  kWordTag,
  kWordGroup,
  kWordProduct,
  kWordProductModel,
  kWordProductFeature,
  kWordVersion,
  kWordSlot,
  kWordReportedAt,
  kWordAttribute,
  kWordSet,
  kWordReported,
};

constexpr FilterName kDeviceNames[] = {
    {"id", FilterType::integer},
    {"tenant", FilterType::text},
    {"key", FilterType::text},
    {"door", FilterType::text},
    {"blocked", FilterType::boolean},
    {"pending", FilterType::boolean},
    {"created_at", FilterType::time},
    {"last_seen", FilterType::time},
    {"tag", FilterType::texts},
    {"group", FilterType::texts},
    {"product", FilterType::text, true},
    {"product.model", FilterType::text, true},
    {"product.feature", FilterType::text, true},
    {"version", FilterType::version, true},
    {"slot", FilterType::text, true},
    {"reported_at", FilterType::time, true},
    {"attribute.", FilterType::loose},
    {"set.", FilterType::loose},
    {"reported.", FilterType::loose},
};
constexpr FilterVocabulary kDeviceWords{"device", kDeviceNames, kWordAttribute};

FilterValue text_or_nothing(const std::string* text) {
  return text == nullptr ? FilterValue::nothing() : FilterValue::of(std::string_view(*text));
}

}  // namespace

const size_t kGroupWord = kWordGroup;
const size_t kLastSeenWord = kWordLastSeen;

const FilterVocabulary& device_words() {
  return kDeviceWords;
}
const FilterVocabulary& group_words() {
  return kDeviceWords;
}

uint64_t index_words() {
  uint64_t out = 0;
  for (const size_t name :
       {kWordKey, kWordDoor, kWordTag, kWordGroup, kWordAttribute, kWordSet, kWordReported}) {
    out |= uint64_t{1} << name;
  }
  return out;
}

uint64_t identity_words() {
  return index_words() & ~(uint64_t{1} << kWordDoor);
}

IndexWord index_word(size_t name) {
  switch (name) {
    case kWordKey:
      return IndexWord::key;
    case kWordDoor:
      return IndexWord::door;
    case kWordTag:
      return IndexWord::tag;
    case kWordGroup:
      return IndexWord::group;
    case kWordSet:
      return IndexWord::set;
    case kWordReported:
      return IndexWord::reported;
    default:
      return IndexWord::attribute;
  }
}

FilterValue DeviceSubject::value(size_t name, std::string_view key) const {
  switch (name) {
    case kWordId:
      return FilterValue::of(device_.id.value);
    case kWordTenant: {
      const auto* tenant = snapshot_.tenant(device_.tenant);
      return text_or_nothing(tenant == nullptr ? nullptr : &tenant->name);
    }
    case kWordKey:
      return FilterValue::of(std::string_view(device_.key));
    case kWordDoor:
      return FilterValue::of(std::string_view(device_.door));
    case kWordBlocked:
      return FilterValue::of(int64_t{device_.blocked ? 1 : 0});
    case kWordPending:
      return FilterValue::of(int64_t{device_.pending ? 1 : 0});
    case kWordCreatedAt:
      return FilterValue::of(device_.created_at.ms);
    case kWordLastSeen:
      return last_seen_.ms == 0 ? FilterValue::nothing() : FilterValue::of(last_seen_.ms);
    case kWordAttribute: {
      const std::string* set = find_text(device_.attributes, key);
      return text_or_nothing(set != nullptr ? set : find_text(device_.reported, key));
    }
    case kWordSet:
      return text_or_nothing(find_text(device_.attributes, key));
    case kWordReported:
      return text_or_nothing(find_text(device_.reported, key));
    default:
      return FilterValue::nothing();
  }
}

bool DeviceSubject::any_of(size_t name, TextTest test) const {
  if (name == kWordTag) {
    return std::any_of(device_.tags.begin(), device_.tags.end(),
                       [&](const std::string& tag) { return test(tag); });
  }
  if (name != kWordGroup) return false;
  for (const GroupId id : device_.groups) {
    const auto* group = snapshot_.group(id);
    if (group != nullptr && test(group->group->name)) return true;
  }
  if (groups_ == Groups::put_into) return false;
  for (const CompiledGroup* group : snapshot_.groups_of(device_.tenant)) {
    if (!group->by_filter() || !test(group->group->name)) continue;
    if (is_member(snapshot_, *group, device_, last_seen_)) return true;
  }
  return false;
}

FilterValue DeviceSubject::component_value(size_t at, size_t name, std::string_view) const {
  const Component& component = device_.components[at];
  if (name == kWordVersion) return FilterValue::of(std::string_view(component.version));
  if (name == kWordSlot) return FilterValue::of(std::string_view(component.slot));
  if (name == kWordReportedAt) return FilterValue::of(component.reported_at.ms);
  const auto* compiled = snapshot_.product(component.product);
  if (compiled == nullptr) return FilterValue::nothing();
  const Product& product = *compiled->product;
  if (name == kWordProduct) return FilterValue::of(std::string_view(product.name));
  if (name == kWordProductModel) return FilterValue::of(std::string_view(product.model));
  if (name == kWordProductFeature) return FilterValue::of(std::string_view(product.feature));
  return FilterValue::nothing();
}

std::optional<std::strong_ordering> DeviceSubject::compare_versions(size_t at, std::string_view a,
                                                                    std::string_view b) const {
  const auto* product = snapshot_.product(device_.components[at].product);
  VersionKey left;
  VersionKey right;
  if (product == nullptr) {
    constexpr auto kScheme = VersionScheme::dotted;
    if (parse_version_key(kScheme, a, left) != VersionFault::none ||
        parse_version_key(kScheme, b, right) != VersionFault::none) {
      return std::nullopt;
    }
    return compare_keys(kScheme, left, right);
  }
  const VersionIndex& index = *product->versions;
  if (index.parse(a, left) != VersionFault::none || index.parse(b, right) != VersionFault::none) {
    return std::nullopt;
  }
  // publish_order: the order of publishing, where both were published here.
  if (index.scheme == VersionScheme::publish_order && (!left.tail.empty() || !right.tail.empty())) {
    return std::nullopt;
  }
  return compare_keys(index.scheme, left, right);
}

bool is_member(const Snapshot& snapshot, const CompiledGroup& group, const Device& device,
               base::Time last_seen) {
  if (group.group->tenant != device.tenant) return false;
  if (std::binary_search(device.groups.begin(), device.groups.end(), group.group->id)) return true;
  if (!group.by_filter()) return false;
  return group.filter.matches(
      DeviceSubject(snapshot, device, last_seen, DeviceSubject::Groups::put_into));
}

}  // namespace otaru::domain
