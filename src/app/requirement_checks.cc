// SPDX-License-Identifier: Apache-2.0
#include "app/requirement_checks.h"

#include <algorithm>
#include <map>

#include "app/input_checks.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;
using domain::Requirement;

// Whether the product at this version is at least at that one; what has no order is not.
bool at_least(const domain::Snapshot& snapshot, domain::ProductId product, std::string_view version,
              std::string_view least) {
  if (version == least) return true;
  const auto* compiled = snapshot.product(product);
  if (compiled == nullptr) return false;
  const auto& format = compiled->product->version_format;
  if (const auto order = domain::compare_versions(format, version, least)) return *order >= 0;
  // Only the order of publishing tells: a draft comes after all that were published.
  const auto* a = snapshot.release(product, version);
  const auto* b = snapshot.release(product, least);
  if (a == nullptr || b == nullptr || b->sequence == 0) return false;
  return a->sequence == 0 || a->sequence > b->sequence;
}

base::Status check_list(const domain::Snapshot& snapshot, domain::TenantId tenant,
                        domain::ProductId own, const std::string& at,
                        const std::vector<Requirement>& list) {
  if (list.size() > limits::kRequirementsMax) {
    return base::fail_rule(Code::too_large, at, "count",
                           "there are more than " + std::to_string(limits::kRequirementsMax));
  }
  for (size_t i = 0; i < list.size(); ++i) {
    const Requirement& one = list[i];
    const std::string here = at + "[" + std::to_string(i) + "].";
    const auto* product = snapshot.product(one.product);
    if (product == nullptr || product->product->tenant != tenant) {
      return base::fail_rule(Code::not_found, here + "product", "exists",
                             "there is no product " + std::to_string(one.product.value));
    }
    if (one.product == own) {
      return base::fail_rule(Code::invalid, here + "product", "other_product",
                             "it is the release's own product", "min_version says that");
    }
    const auto same = [&](const Requirement& other) { return other.product == one.product; };
    const auto place = list.begin() + static_cast<ptrdiff_t>(i);
    if (std::find_if(list.begin(), place, same) != place) {
      return base::fail_rule(Code::invalid, here + "product", "unique",
                             "the product is named twice", "the higher version is enough");
    }
    OTARU_CHECK(
        check_version(here + "version_min", product->product->version_format, one.version_min));
  }
  return {};
}

// Whether a requirement can only be met by something that, in the end, needs `product` at `version`
// itself. What is being looked at already counts as no obstacle, and so does what is left after so
// many releases that no catalogue of people has them.
class CircleSearch {
 public:
  CircleSearch(const domain::Snapshot& snapshot, domain::ProductId product,
               std::string_view version)
      : snapshot_(snapshot), product_(product), version_(version) {}

  bool needs_itself(const Requirement& wanted) {
    if (wanted.product == product_) {
      return at_least(snapshot_, product_, wanted.version_min, version_);
    }
    bool any = false;
    for (const auto& release : snapshot_.rows().releases) {
      if (++looks_ > limits::kRequirementLooksMax) return false;
      if (release.product != wanted.product || release.state == domain::ReleaseState::revoked ||
          !at_least(snapshot_, wanted.product, release.version, wanted.version_min)) {
        continue;
      }
      any = true;
      if (!release_needs_it(release)) return false;
    }
    return any;
  }

 private:
  bool release_needs_it(const domain::Release& release) {
    const auto [known, first] = seen_.emplace(release.id, false);
    if (!first) return known->second;
    for (const auto& one : release.requirements) {
      if (!needs_itself(one)) continue;
      return seen_[release.id] = true;
    }
    return false;
  }

  const domain::Snapshot& snapshot_;
  domain::ProductId product_;
  std::string_view version_;
  std::map<domain::ReleaseId, bool> seen_;
  size_t looks_ = 0;
};

const domain::KitItem* item_of(const domain::Snapshot& snapshot,
                               const std::vector<domain::KitItem>& items,
                               domain::ProductId product) {
  for (const auto& item : items) {
    if (snapshot.release(item.release)->product == product) return &item;
  }
  return nullptr;
}

// What an item waits for: its own requirements and its release's.
std::vector<Requirement> all_of(const domain::Snapshot& snapshot, const domain::KitItem& item) {
  auto out = item.requirements;
  const auto& more = snapshot.release(item.release)->requirements;
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

// Whether an item waits, however far around, for itself.
bool waits_for_itself(const domain::Snapshot& snapshot, const std::vector<domain::KitItem>& items,
                      const domain::KitItem& item) {
  std::vector<const domain::KitItem*> found{&item};
  for (size_t at = 0; at < found.size(); ++at) {
    for (const auto& one : all_of(snapshot, *found[at])) {
      const auto* next = item_of(snapshot, items, one.product);
      if (next == &item) return true;
      if (next == nullptr || std::find(found.begin(), found.end(), next) != found.end()) continue;
      found.push_back(next);
    }
  }
  return false;
}

}  // namespace

base::Status check_min_version(const domain::Snapshot& snapshot, const domain::Release& row) {
  if (row.min_version.empty()) return {};
  const auto& format = snapshot.product(row.product)->product->version_format;
  OTARU_CHECK(check_version("min_version", format, row.min_version));
  const auto refuse = [](std::string message, std::string remedy) {
    return base::fail_rule(Code::invalid, "min_version", "older", std::move(message),
                           std::move(remedy));
  };
  if (format.scheme == domain::VersionScheme::publish_order) {
    const auto* stone = snapshot.release(row.product, row.min_version);
    if (stone != nullptr && stone->sequence > 0 && stone->id != row.id) return {};
    return refuse("no published release of the product has this version",
                  "publish it first: the order of publishing says what is older");
  }
  const auto order = domain::compare_versions(format, row.min_version, row.version);
  if (order && *order == std::strong_ordering::less) return {};
  return refuse("it is not older than the release, " + row.version,
                "name the version that devices have to pass through");
}

base::Status check_requirements(const domain::Snapshot& snapshot, const domain::Release& row) {
  const auto tenant = snapshot.product(row.product)->product->tenant;
  OTARU_CHECK(check_list(snapshot, tenant, row.product, "requirements", row.requirements));
  CircleSearch search(snapshot, row.product, row.version);
  for (size_t i = 0; i < row.requirements.size(); ++i) {
    const Requirement& one = row.requirements[i];
    if (!search.needs_itself(one)) continue;
    return base::fail_rule(
        Code::invalid, "requirements[" + std::to_string(i) + "].version_min", "no_circle",
        "every release of product " + std::to_string(one.product.value) + " from " +
            one.version_min + " on needs this release, or a newer one, itself",
        "ask for an older version that does not");
  }
  return {};
}

base::Status check_kit_items(const domain::Snapshot& snapshot, domain::TenantId tenant,
                             const std::vector<domain::KitItem>& items) {
  if (items.size() > limits::kKitItemsMax) {
    return base::fail_rule(Code::too_large, "items", "count",
                           "there are more than " + std::to_string(limits::kKitItemsMax));
  }
  for (size_t i = 0; i < items.size(); ++i) {
    const domain::KitItem& item = items[i];
    const std::string at = "items[" + std::to_string(i) + "].";
    OTARU_CHECK(check_range(at + "stage", item.stage, 0, limits::kKitStageMax));
    const auto* release = snapshot.release(item.release);
    OTARU_CHECK(
        check_list(snapshot, tenant, release->product, at + "requirements", item.requirements));
    for (const auto& one : all_of(snapshot, item)) {
      const auto* other = item_of(snapshot, items, one.product);
      if (other == nullptr) continue;
      const auto& version = snapshot.release(other->release)->version;
      const std::string name = "product " + std::to_string(one.product.value);
      if (!at_least(snapshot, one.product, version, one.version_min)) {
        return base::fail_rule(
            Code::invalid, at + "requirements", "kit_has_less",
            "it needs " + name + " from " + one.version_min + " on, and the kit brings " + version,
            "take a newer release of it into the kit");
      }
      if (other->stage > item.stage) {
        return base::fail_rule(Code::invalid, at + "stage", "order",
                               "it waits for " + name +
                                   ", which the kit installs after it, in stage " +
                                   std::to_string(other->stage),
                               "give that one a lower stage, or this one a higher");
      }
    }
    if (!waits_for_itself(snapshot, items, item)) continue;
    return base::fail_rule(Code::invalid, at + "requirements", "no_circle",
                           "items of the kit wait for each other",
                           "take one of the requirements away");
  }
  return {};
}

}  // namespace otaru::app
