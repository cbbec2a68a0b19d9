// SPDX-License-Identifier: Apache-2.0
#include "domain/rows_check.h"

#include <algorithm>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/limits.h"
#include "domain/device_filter.h"
#include "domain/names.h"
#include "domain/version_key.h"

namespace otaru::domain {
namespace {

namespace limits = base::limits;

template <class Row>
std::string row_name(std::string_view kind, const Row& row) {
  return std::string(kind) + " " + std::to_string(row.id.value);
}

base::Status broken(std::string row, std::string_view why) {
  row += ": ";
  row += why;
  return base::fail(base::Code::invalid, std::move(row));
}

tl::unexpected<base::Error> too_long(const std::string& row, std::string_view what,
                                     size_t bytes_max) {
  return base::fail(base::Code::too_large, row + ": " + std::string(what) + " is longer than " +
                                               std::to_string(bytes_max) + " bytes");
}

base::Status check_length(const std::string& row, std::string_view what, std::string_view text,
                          size_t bytes_max) {
  if (text.size() <= bytes_max) return {};
  return too_long(row, what, bytes_max);
}

// The rows of one kind by id, once it is known that ids are positive and ascending.
template <class Row>
class RowsById {
 public:
  RowsById(std::string_view kind, const std::vector<Row>& rows, size_t rows_max)
      : kind_(kind), rows_(rows), rows_max_(rows_max) {}

  base::Status check() const {
    if (rows_.size() > rows_max_) {
      return base::fail(base::Code::exhausted, "more than " + std::to_string(rows_max_) +
                                                   " rows of " + std::string(kind_));
    }
    int64_t last = 0;
    for (const Row& row : rows_) {
      if (row.id.value <= last)
        return broken(row_name(kind_, row), "ids must be positive, ascending");
      last = row.id.value;
    }
    return {};
  }

  template <class RowId>
  const Row* find(RowId id) const {
    const auto at = std::lower_bound(rows_.begin(), rows_.end(), id,
                                     [](const Row& row, RowId wanted) { return row.id < wanted; });
    return at != rows_.end() && at->id == id ? &*at : nullptr;
  }

 private:
  std::string_view kind_;
  const std::vector<Row>& rows_;
  size_t rows_max_;
};

class RowsCheck {
 public:
  explicit RowsCheck(const CatalogueRows& rows)
      : rows_(rows),
        tenants_("tenant", rows.tenants, limits::kTenantsMax),
        products_("product", rows.products, limits::kProductsMax),
        releases_("release", rows.releases, limits::kReleasesMax),
        packages_("package", rows.packages, limits::kPackagesMax),
        kits_("kit", rows.kits, limits::kKitsMax),
        deployments_("deployment", rows.deployments, limits::kDeploymentsMax),
        credentials_("credential", rows.credentials, limits::kCredentialsMax),
        groups_("group", rows.groups, limits::kGroupsMax),
        users_("user", rows.users, limits::kUsersMax) {}

  base::Status run() {
    OTARU_CHECK(tenants_.check());
    OTARU_CHECK(products_.check());
    OTARU_CHECK(releases_.check());
    OTARU_CHECK(packages_.check());
    OTARU_CHECK(kits_.check());
    OTARU_CHECK(deployments_.check());
    OTARU_CHECK(credentials_.check());
    OTARU_CHECK(groups_.check());
    OTARU_CHECK(users_.check());
    for (const Tenant& row : rows_.tenants) OTARU_CHECK(check_tenant(row));
    for (const Product& row : rows_.products) OTARU_CHECK(check_product(row));
    for (const Release& row : rows_.releases) OTARU_CHECK(check_release(row));
    for (const Package& row : rows_.packages) OTARU_CHECK(check_package(row));
    for (const Kit& row : rows_.kits) OTARU_CHECK(check_kit(row));
    for (const Deployment& row : rows_.deployments) OTARU_CHECK(check_deployment(row));
    for (const Credential& row : rows_.credentials) OTARU_CHECK(check_credential(row));
    for (const Group& row : rows_.groups) OTARU_CHECK(check_group(row));
    for (const User& row : rows_.users) OTARU_CHECK(check_user(row));
    return {};
  }

 private:
  base::Status check_tenant(const Tenant& row) {
    const std::string name = row_name("tenant", row);
    OTARU_CHECK(check_length(name, "name", row.name, limits::kNameBytesMax));
    if (row.name.empty()) return broken(name, "it has no name");
    for (const char c : row.name) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
      if (!plain) return broken(name, "its name has more than a-z, 0-9 and '-'");
    }
    if (!unique_.insert("t\n" + row.name).second) return broken(name, "its name is taken");
    return {};
  }

  base::Status check_product(const Product& row) {
    const std::string name = row_name("product", row);
    if (tenants_.find(row.tenant) == nullptr) return broken(name, "its tenant does not exist");
    if (row.name.empty()) return broken(name, "it has no name");
    for (const std::string* text : {&row.name, &row.model, &row.hw_version, &row.feature,
                                    &row.manufacturer, &row.module, &row.version_format.pattern}) {
      OTARU_CHECK(check_length(name, "a text", *text, limits::kNameBytesMax));
    }
    const std::string tenant = std::to_string(row.tenant.value);
    if (!unique_.insert(joined({"p", tenant, row.name, row.model, row.feature})).second) {
      return broken(name, "its name, model and feature are taken");
    }
    if (row.manufacturer.empty() && row.module.empty()) return {};
    const std::string key = joined({"m", tenant, row.manufacturer, row.module, name_of(row.type)});
    if (!unique_.insert(key).second) {
      return broken(name, "its manufacturer, module and type are taken");
    }
    return {};
  }

  base::Status check_release(const Release& row) {
    const std::string name = row_name("release", row);
    const Product* product = products_.find(row.product);
    if (product == nullptr) return broken(name, "its product does not exist");
    OTARU_CHECK(check_length(name, "channel", row.channel, limits::kNameBytesMax));
    if (row.channel.empty()) return broken(name, "it has no channel");
    for (const TextMap* map : {&row.labels, &row.notes}) OTARU_CHECK(check_texts(name, *map));
    if (auto status = validate_version(product->version_format, row.version); !status) {
      return broken(name, status.error().message);
    }
    if (row.sequence < 0) return broken(name, "its sequence is negative");
    OTARU_CHECK(check_min_version(name, row, *product));
    OTARU_CHECK(check_requirements(name, row.requirements, *product));
    if (product->version_format.scheme != VersionScheme::publish_order) return {};
    if (row.state == ReleaseState::published && row.sequence == 0) {
      return broken(name, "it is published but has no sequence (scheme publish_order)");
    }
    if (row.sequence > 0) {
      int64_t& newest = sequences_[joined({std::to_string(row.product.value), row.version})];
      newest = std::max(newest, row.sequence);
    }
    return {};
  }

  // Names in order of publishing can only be told apart once they are published.
  static base::Status check_min_version(const std::string& name, const Release& row,
                                        const Product& product) {
    if (row.min_version.empty()) return {};
    const VersionScheme scheme = product.version_format.scheme;
    VersionKey least;
    VersionKey own;
    if (parse_version_key(scheme, row.min_version, least) != VersionFault::none ||
        parse_version_key(scheme, row.version, own) != VersionFault::none) {
      return broken(name, "its minimum version does not fit the product's version scheme");
    }
    const bool older = scheme == VersionScheme::publish_order
                           ? row.min_version != row.version
                           : compare_keys(scheme, least, own) < 0;
    if (older) return {};
    return broken(name, "its minimum version is not older than itself");
  }

  base::Status check_requirements(const std::string& name, const std::vector<Requirement>& list,
                                  const Product& own) const {
    for (const Requirement& wanted : list) {
      const Product* other = products_.find(wanted.product);
      if (other == nullptr) return broken(name, "a product that it requires does not exist");
      if (other->tenant != own.tenant) {
        return broken(name, "a product that it requires belongs to another tenant");
      }
      if (other->id == own.id) return broken(name, "it requires a version of its own product");
      VersionKey key;
      if (parse_version_key(other->version_format.scheme, wanted.version_min, key) !=
          VersionFault::none) {
        return broken(name, "a version that it requires does not fit that product's scheme");
      }
    }
    return {};
  }

  base::Status check_package(const Package& row) {
    const std::string name = row_name("package", row);
    const Release* release = releases_.find(row.release);
    if (release == nullptr) return broken(name, "its release does not exist");
    OTARU_CHECK(check_length(name, "file name", row.file_name, limits::kNameBytesMax));
    OTARU_CHECK(check_length(name, "format", row.format, limits::kNameBytesMax));
    if (row.size_bytes < 0 || row.size_bytes > limits::kBlobBytesMax) {
      return base::fail(base::Code::too_large, name + ": its size is out of range");
    }
    if (row.kind == PackageKind::full) {
      if (row.base_version.empty()) return {};
      return broken(name, "a full package has no base version");
    }
    return check_base(name, row, *release, *products_.find(release->product));
  }

  // A delta must lead upwards, so that no chain of them can run in circles.
  base::Status check_base(const std::string& name, const Package& row, const Release& release,
                          const Product& product) {
    const VersionScheme scheme = product.version_format.scheme;
    VersionKey base;
    VersionKey own;
    if (parse_version_key(scheme, row.base_version, base) != VersionFault::none ||
        parse_version_key(scheme, release.version, own) != VersionFault::none) {
      return broken(name, "its base version does not fit the product's version scheme");
    }
    const std::string_view not_older = "its base version is not older than its release";
    if (scheme != VersionScheme::publish_order) {
      if (compare_keys(scheme, base, own) >= 0) return broken(name, not_older);
      return {};
    }
    if (row.base_version == release.version) return broken(name, not_older);
    // A base that was never published here is older than everything; a draft has no place yet.
    const auto at = sequences_.find(joined({std::to_string(product.id.value), row.base_version}));
    if (at != sequences_.end() && release.sequence > 0 && at->second >= release.sequence) {
      return broken(name, not_older);
    }
    return {};
  }

  base::Status check_kit(const Kit& row) {
    const std::string name = row_name("kit", row);
    if (tenants_.find(row.tenant) == nullptr) return broken(name, "its tenant does not exist");
    OTARU_CHECK(check_length(name, "channel", row.channel, limits::kNameBytesMax));
    OTARU_CHECK(check_texts(name, row.notes));
    VersionKey key;
    if (parse_version_key(VersionScheme::dotted, row.version, key) != VersionFault::none) {
      return broken(name, "its version '" + printable(row.version) + "' is not a dotted number");
    }
    std::set<ProductId> seen;
    for (const KitItem& item : row.items) {
      const Release* release = releases_.find(item.release);
      if (release == nullptr) return broken(name, "a release of it does not exist");
      if (products_.find(release->product)->tenant != row.tenant) {
        return broken(name, "a release of it belongs to another tenant");
      }
      if (!seen.insert(release->product).second) {
        return broken(name, "it has two releases of one product");
      }
      const Product& product = *products_.find(release->product);
      OTARU_CHECK(check_requirements(name, item.requirements, product));
    }
    return {};
  }

  base::Status check_target(const std::string& name, const Deployment& row) {
    const DeploymentTarget& target = row.target;
    const int given = (target.release ? 1 : 0) + (target.kit ? 1 : 0) +
                      (target.newest_in_channel.empty() ? 0 : 1);
    if (given != 1) {
      return broken(name, "it must name exactly one of release, kit and channel");
    }
    if (target.product && target.newest_in_channel.empty()) {
      return broken(name, "a product is only named together with a channel");
    }
    if (target.release) {
      const Release* release = releases_.find(target.release);
      if (release == nullptr) return broken(name, "its release does not exist");
      if (products_.find(release->product)->tenant != row.tenant) {
        return broken(name, "its release belongs to another tenant");
      }
    }
    if (target.kit) {
      const Kit* kit = kits_.find(target.kit);
      if (kit == nullptr) return broken(name, "its kit does not exist");
      if (kit->tenant != row.tenant) return broken(name, "its kit belongs to another tenant");
    }
    if (target.product) {
      const Product* product = products_.find(target.product);
      if (product == nullptr) return broken(name, "its product does not exist");
      if (product->tenant != row.tenant)
        return broken(name, "its product belongs to another tenant");
    }
    return {};
  }

  base::Status check_deployment(const Deployment& row) {
    const std::string name = row_name("deployment", row);
    if (tenants_.find(row.tenant) == nullptr) return broken(name, "its tenant does not exist");
    OTARU_CHECK(check_length(name, "name", row.name, limits::kNameBytesMax));
    OTARU_CHECK(check_length(name, "channel", row.target.newest_in_channel, limits::kNameBytesMax));
    OTARU_CHECK(check_target(name, row));
    if (row.attempts_max < 0) return broken(name, "its number of attempts is negative");
    for (const KeySet* keys : {&row.device_keys, &row.excluded_keys}) {
      if (keys->size() > limits::kExplicitDevicesMax) {
        return base::fail(base::Code::exhausted, name + ": its list of devices is too long");
      }
      if (keys->longest_bytes() > limits::kDeviceKeyBytesMax) {
        return too_long(name, "a device key", limits::kDeviceKeyBytesMax);
      }
    }
    for (const std::string& version : row.from_versions) {
      OTARU_CHECK(check_length(name, "a source version", version, limits::kVersionBytesMax));
    }
    return check_whom(name, row);
  }

  // Audience and waves.
  base::Status check_whom(const std::string& name, const Deployment& row) {
    const Audience& audience = row.audience;
    OTARU_CHECK(check_groups(name, row, audience.groups));
    OTARU_CHECK(check_groups(name, row, audience.excluded_groups));
    OTARU_CHECK(check_filter(name, "the filter of its audience", audience.filter));
    OTARU_CHECK(check_filter(name, "the filter of its exclusions", audience.excluded_filter));
    OTARU_CHECK(check_share(name, audience.share_ppm));
    for (const std::string& hardware : audience.hardware) {
      OTARU_CHECK(check_length(name, "a hardware version", hardware, limits::kNameBytesMax));
    }
    for (const Wave& wave : row.waves) {
      OTARU_CHECK(check_length(name, "the name of a wave", wave.name, limits::kNameBytesMax));
      OTARU_CHECK(check_groups(name, row, wave.groups));
      OTARU_CHECK(check_filter(name, "the filter of a wave", wave.filter));
      OTARU_CHECK(check_share(name, wave.share_ppm));
    }
    return {};
  }

  // What has ended asks for nobody, and does not hold a group that is to go.
  base::Status check_groups(const std::string& name, const Deployment& row,
                            const std::vector<GroupId>& groups) {
    if (has_ended(row.state)) return {};
    for (const GroupId id : groups) {
      const Group* group = groups_.find(id);
      if (group == nullptr) return broken(name, "a group of it does not exist");
      if (group->tenant != row.tenant) return broken(name, "a group of it is another tenant's");
    }
    return {};
  }

  static base::Status check_filter(const std::string& name, std::string_view what,
                                   const std::string& text) {
    const auto filter = Filter::compile(text, device_words());
    if (!filter) return broken(name, std::string(what) + ": " + filter.error().message);
    if (!filter->mentions(kLastSeenWord)) return {};
    return broken(name, std::string(what) + ": last_seen says nothing, who asks is seen now");
  }

  static base::Status check_share(const std::string& name, int64_t share_ppm) {
    if (share_ppm >= 0 && share_ppm <= kWholeShare) return {};
    return broken(name, "a share of it is not between nothing and everything");
  }

  base::Status check_credential(const Credential& row) {
    const std::string name = row_name("credential", row);
    if (tenants_.find(row.tenant) == nullptr) return broken(name, "its tenant does not exist");
    OTARU_CHECK(check_length(name, "name", row.name, limits::kNameBytesMax));
    if (!is_named(row.kind)) return {};
    if (!unique_.insert(joined({"c", name_of(row.kind), row.name})).second) {
      return broken(name, "its name is taken");
    }
    return {};
  }

  base::Status check_group(const Group& row) {
    const std::string name = row_name("group", row);
    if (tenants_.find(row.tenant) == nullptr) return broken(name, "its tenant does not exist");
    OTARU_CHECK(check_length(name, "name", row.name, limits::kNameBytesMax));
    if (row.name.empty()) return broken(name, "it has no name");
    if (!unique_.insert(joined({"g", std::to_string(row.tenant.value), row.name})).second) {
      return broken(name, "its name is taken");
    }
    if (const auto filter = Filter::compile(row.filter, group_words()); !filter) {
      return broken(name, "its filter: " + filter.error().message);
    }
    return {};
  }

  static base::Status check_texts(const std::string& name, const TextMap& map) {
    for (const auto& entry : map) {
      OTARU_CHECK(check_length(name, "a label", entry.first, limits::kNameBytesMax));
      OTARU_CHECK(check_length(name, "a text", entry.second, limits::kTextBytesMax));
    }
    return {};
  }

  base::Status check_user(const User& row) {
    const std::string name = row_name("user", row);
    if (row.tenant && tenants_.find(row.tenant) == nullptr) {
      return broken(name, "its tenant does not exist");
    }
    if (row.name.empty()) return broken(name, "it has no name");
    for (const std::string* text : {&row.name, &row.display_name, &row.email, &row.oidc_issuer,
                                    &row.oidc_subject, &row.password_hash, &row.link_hash}) {
      OTARU_CHECK(check_length(name, "a text", *text, limits::kNameBytesMax));
    }
    if (!unique_.insert(joined({"u", row.name})).second) return broken(name, "its name is taken");
    if (row.oidc_subject.empty()) return {};
    if (!unique_.insert(joined({"s", row.oidc_issuer, row.oidc_subject})).second) {
      return broken(name, "another user is this subject of that issuer");
    }
    return {};
  }

  // One key of several texts; lengths in front keep "ab","c" apart from "a","bc".
  static std::string joined(std::initializer_list<std::string_view> texts) {
    std::string out;
    for (const std::string_view text : texts) {
      out += std::to_string(text.size());
      out += '\n';
      out += text;
    }
    return out;
  }

  const CatalogueRows& rows_;
  RowsById<Tenant> tenants_;
  RowsById<Product> products_;
  RowsById<Release> releases_;
  RowsById<Package> packages_;
  RowsById<Kit> kits_;
  RowsById<Deployment> deployments_;
  RowsById<Credential> credentials_;
  RowsById<Group> groups_;
  RowsById<User> users_;
  std::unordered_set<std::string> unique_;
  std::unordered_map<std::string, int64_t> sequences_;  // publish_order: product, text -> newest
};

}  // namespace

base::Status check_rows(const CatalogueRows& rows) {
  return RowsCheck(rows).run();
}

}  // namespace otaru::domain
