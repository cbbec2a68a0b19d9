// SPDX-License-Identifier: Apache-2.0
// Building the snapshot. Every view and pointer of the index leads into rows_, which never changes
// once the snapshot is built.
#include "domain/snapshot.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "domain/audience_index.h"
#include "domain/device_filter.h"
#include "domain/products_meant.h"
#include "domain/rows_check.h"
#include "domain/version_index.h"

namespace otaru::domain {

// Keys of several texts that a look-up can make without allocating.
struct SnapshotKey {
  int64_t number = 0;  // tenant, product or credential kind
  std::string_view first;
  std::string_view second;
  friend bool operator==(const SnapshotKey&, const SnapshotKey&) = default;
};

struct SnapshotKeyHash {
  size_t operator()(const SnapshotKey& key) const noexcept {
    constexpr size_t kOdd = 0x9E3779B97F4A7C15ull;
    const std::hash<std::string_view> hash;
    size_t out = static_cast<size_t>(key.number) * kOdd;
    out = (out ^ hash(key.first)) * kOdd;
    return (out ^ (out >> 29) ^ hash(key.second)) * kOdd;
  }
};

template <class Value>
using SnapshotMap = std::unordered_map<SnapshotKey, Value, SnapshotKeyHash>;

template <class Row>
using RowsOf = std::unordered_map<decltype(Row::id), const Row*>;

struct TenantParts {
  std::vector<const CompiledProduct*> products;
  std::vector<const Kit*> kits;
  std::vector<const CompiledDeployment*> running;
  std::vector<const CompiledDeployment*> running_kits;
  std::vector<const CompiledDeployment*> picking;
  std::shared_ptr<const AudienceIndex> picking_index;
  std::vector<std::pair<uint32_t, const CompiledDeployment*>> listing;  // sorted by list number
  std::vector<const CompiledGroup*> groups;
};

namespace {

template <class Row>
RowsOf<Row> index_rows(const std::vector<Row>& rows) {
  RowsOf<Row> out;
  out.reserve(rows.size());
  for (const Row& row : rows) out.emplace(row.id, &row);
  return out;
}

template <class Map, class Key>
auto find_value(const Map& map, const Key& key) -> typename Map::mapped_type {
  const auto at = map.find(key);
  return at == map.end() ? nullptr : at->second;
}

int64_t number_of(CredentialKind kind) {
  return static_cast<int64_t>(kind);
}

int64_t number_of(TenantId tenant, CredentialKind kind) {
  return tenant.value * 64 + number_of(kind);
}

// The same manufacturer and module may make a firmware and a software product.
int64_t number_of(TenantId tenant, ProductType type) {
  return tenant.value * 2 + (type == ProductType::software ? 1 : 0);
}

// It compiles: check_rows() has tried.
Filter compiled_filter(const std::string& text, const FilterVocabulary& words) {
  auto filter = Filter::compile(text, words);
  OTARU_ASSERT(filter.has_value());
  return std::move(*filter);
}

}  // namespace

struct Snapshot::Index {
  std::vector<CompiledProduct> products;        // as rows.products
  std::vector<CompiledDeployment> deployments;  // as rows.deployments
  std::vector<CompiledGroup> groups;            // as rows.groups
  std::unordered_map<TenantId, TenantParts> parts;
  RowsOf<Tenant> tenants;
  RowsOf<Release> releases;
  RowsOf<Package> packages;
  RowsOf<Kit> kits;
  RowsOf<Credential> credentials;
  std::unordered_map<std::string_view, const Tenant*> tenants_by_name;
  std::unordered_map<ProductId, CompiledProduct*> products_by_id;
  std::unordered_map<DeploymentId, const CompiledDeployment*> deployments_by_id;
  SnapshotMap<std::vector<const CompiledProduct*>> products_by_name;  // name, feature; by id
  SnapshotMap<const CompiledProduct*> products_by_module;
  SnapshotMap<const Release*> releases_by_version;
  SnapshotMap<const Package*> packages_by_content;  // tenant, SHA-256, name; of published releases
  std::unordered_map<GroupId, const CompiledGroup*> groups_by_id;
  SnapshotMap<const CompiledGroup*> groups_by_name;
  SnapshotMap<const Credential*> credentials_by_name;
  SnapshotMap<const Credential*> credentials_by_secret;
  SnapshotMap<const Credential*> first_credentials;
  RowsOf<User> users;
  std::unordered_map<std::string_view, const User*> users_by_name;
  std::unordered_map<std::string_view, const User*> users_by_link;
  SnapshotMap<const User*> users_by_subject;
  std::shared_ptr<const ListTable> lists;

  Index(const CatalogueRows& rows, const Index* before);
  void add_products(const CatalogueRows& rows);
  void add_releases(const CatalogueRows& rows);
  void add_files(const CompiledRelease& compiled);
  void add_deployments(const CatalogueRows& rows);
  void add_targets(CompiledDeployment& compiled);
  void attach(const CompiledDeployment& compiled);
  bool has_stones(const CompiledDeployment& compiled) const;
  void add_audience(CompiledDeployment& compiled);
  std::vector<const CompiledGroup*> groups_named(const std::vector<GroupId>& ids) const;
  void attach_to(CompiledProduct& product, const CompiledDeployment& compiled);
  void add_kits(const CatalogueRows& rows);
  void add_credentials(const CatalogueRows& rows);
  void add_groups(const CatalogueRows& rows);
  void add_audiences(const Index* before);
  void add_users(const CatalogueRows& rows);
};

Snapshot::Index::Index(const CatalogueRows& rows, const Index* before)
    : tenants(index_rows(rows.tenants)),
      releases(index_rows(rows.releases)),
      packages(index_rows(rows.packages)),
      kits(index_rows(rows.kits)),
      credentials(index_rows(rows.credentials)),
      users(index_rows(rows.users)) {
  for (const Tenant& row : rows.tenants) {
    tenants_by_name.emplace(row.name, &row);
    parts.try_emplace(row.id);
  }
  add_products(rows);
  add_releases(rows);
  add_kits(rows);
  add_groups(rows);
  add_deployments(rows);
  add_credentials(rows);
  add_audiences(before);
  add_users(rows);
}

void Snapshot::Index::add_products(const CatalogueRows& rows) {
  products.resize(rows.products.size());
  for (size_t i = 0; i < rows.products.size(); ++i) {
    const Product& row = rows.products[i];
    CompiledProduct& compiled = products[i];
    compiled.product = &row;
    products_by_id.emplace(row.id, &compiled);
    parts[row.tenant].products.push_back(&compiled);
    products_by_name[SnapshotKey{row.tenant.value, row.name, row.feature}].push_back(&compiled);
    if (row.manufacturer.empty() && row.module.empty()) continue;
    const SnapshotKey key{number_of(row.tenant, row.type), row.manufacturer, row.module};
    products_by_module.emplace(key, &compiled);
  }
}

void Snapshot::Index::add_releases(const CatalogueRows& rows) {
  std::unordered_map<ReleaseId, std::vector<const Package*>> files;
  for (const Package& row : rows.packages) files[row.release].push_back(&row);
  std::unordered_map<ProductId, std::vector<CompiledRelease>> by_product;
  for (const Release& row : rows.releases) {
    CompiledRelease compiled;
    compiled.release = &row;
    if (const auto at = files.find(row.id); at != files.end()) compiled.packages = at->second;
    add_files(compiled);
    by_product[row.product].push_back(std::move(compiled));
    // The same text may stand for several releases (one per language, or a revoked one and its
    // successor): the published one is meant, then the oldest.
    const Release*& entry = releases_by_version[SnapshotKey{row.product.value, row.version, {}}];
    const bool better = entry == nullptr || (row.state == ReleaseState::published &&
                                             entry->state != ReleaseState::published);
    if (better) entry = &row;
  }
  for (CompiledProduct& product : products) {
    compile_versions(product, by_product[product.product->id]);
  }
}

void Snapshot::Index::add_files(const CompiledRelease& compiled) {
  if (compiled.release->state != ReleaseState::published) return;
  const TenantId tenant = products_by_id.at(compiled.release->product)->product->tenant;
  for (const Package* row : compiled.packages) {
    if (!row->permissions.empty()) continue;
    packages_by_content.emplace(SnapshotKey{tenant.value, row->digests.sha256, row->file_name},
                                row);
  }
}

void Snapshot::Index::add_kits(const CatalogueRows& rows) {
  std::vector<std::pair<VersionKey, const Kit*>> sorted;
  for (const Kit& row : rows.kits) {
    if (row.state != ReleaseState::published) continue;
    VersionKey key;
    if (parse_version_key(VersionScheme::dotted, row.version, key) != VersionFault::none) continue;
    sorted.emplace_back(key, &row);
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return compare_keys(VersionScheme::dotted, a.first, b.first) < 0;
  });
  for (const auto& entry : sorted) parts[entry.second->tenant].kits.push_back(entry.second);
}

void Snapshot::Index::add_targets(CompiledDeployment& compiled) {
  const DeploymentTarget& target = compiled.deployment->target;
  bool published = true;
  std::vector<std::pair<ReleaseId, const KitItem*>> wanted;
  if (target.release) wanted.emplace_back(target.release, nullptr);
  if (target.kit) {
    const Kit& kit = *kits.at(target.kit);
    published = kit.state == ReleaseState::published;
    for (const KitItem& item : kit.items) wanted.emplace_back(item.release, &item);
  }
  for (const auto& [id, item] : wanted) {
    CompiledTarget entry{releases.at(id)->product, id, -1, item};
    const std::vector<CompiledRelease>& list = products_by_id.at(entry.product)->releases;
    const auto at = std::find_if(
        list.begin(), list.end(),
        [&entry](const CompiledRelease& release) { return release.release->id == entry.release; });
    if (published && at != list.end()) entry.index = at - list.begin();
    compiled.targets.push_back(entry);
  }
  std::sort(compiled.targets.begin(), compiled.targets.end(),
            [](const CompiledTarget& a, const CompiledTarget& b) { return a.product < b.product; });
}

// A group that is gone has no devices; check_rows() holds those that are still asked for.
std::vector<const CompiledGroup*> Snapshot::Index::groups_named(
    const std::vector<GroupId>& ids) const {
  std::vector<const CompiledGroup*> out;
  for (const GroupId id : ids) {
    if (const CompiledGroup* group = find_value(groups_by_id, id)) out.push_back(group);
  }
  return out;
}

void Snapshot::Index::add_audience(CompiledDeployment& compiled) {
  const Deployment& row = *compiled.deployment;
  const Audience& audience = row.audience;
  compiled.groups = groups_named(audience.groups);
  compiled.excluded_groups = groups_named(audience.excluded_groups);
  compiled.filter = compiled_filter(audience.filter, device_words());
  compiled.excluded_filter = compiled_filter(audience.excluded_filter, device_words());
  compiled.excludes = !row.excluded_keys.empty() || !compiled.excluded_groups.empty() ||
                      !compiled.excluded_filter.everything();
  compiled.narrows = !compiled.filter.everything() || !audience.hardware.empty() ||
                     audience.share_ppm < kWholeShare;
  for (const Wave& wave : row.waves) {
    compiled.waves.push_back(
        CompiledWave{groups_named(wave.groups), compiled_filter(wave.filter, device_words())});
  }
}

bool Snapshot::Index::has_stones(const CompiledDeployment& compiled) const {
  const Deployment& row = *compiled.deployment;
  const auto any = [](const CompiledProduct& product) {
    return std::any_of(
        product.releases.begin(), product.releases.end(),
        [](const CompiledRelease& release) { return !release.release->min_version.empty(); });
  };
  if (row.from_versions.empty()) return false;  // nobody asks
  if (row.target.product) return any(*products_by_id.at(row.target.product));
  if (!row.target.newest_in_channel.empty()) {
    const auto& all = parts.at(row.tenant).products;
    return std::any_of(all.begin(), all.end(),
                       [&](const CompiledProduct* product) { return any(*product); });
  }
  return std::any_of(
      compiled.targets.begin(), compiled.targets.end(),
      [&](const CompiledTarget& target) { return any(*products_by_id.at(target.product)); });
}

void Snapshot::Index::attach_to(CompiledProduct& product, const CompiledDeployment& compiled) {
  const Deployment& row = *compiled.deployment;
  const bool running = row.state != DeploymentState::paused;
  (running ? product.running : product.paused).push_back(&compiled);
  if (row.heals || !row.downgrade_reason.empty()) product.taking_back.push_back(&compiled);
}

void Snapshot::Index::attach(const CompiledDeployment& compiled) {
  const Deployment& row = *compiled.deployment;
  // A scheduled one begins by itself when its time comes: no change of the catalogue is needed.
  const bool running =
      row.state == DeploymentState::running || row.state == DeploymentState::scheduled;
  if (!running && row.state != DeploymentState::paused) return;
  TenantParts& tenant = parts[row.tenant];
  const bool everything = !row.target.newest_in_channel.empty() && !row.target.product;
  if (running) {
    tenant.running.push_back(&compiled);
    if (row.target.kit || everything) tenant.running_kits.push_back(&compiled);
    if (picks_devices(compiled)) tenant.picking.push_back(&compiled);
  }
  if (everything) {
    for (const CompiledProduct* product : tenant.products) {
      attach_to(*products_by_id.at(product->product->id), compiled);
    }
  }
  if (row.target.product) attach_to(*products_by_id.at(row.target.product), compiled);
  for (const CompiledTarget& target : compiled.targets) {
    attach_to(*products_by_id.at(target.product), compiled);
  }
}

void Snapshot::Index::add_deployments(const CatalogueRows& rows) {
  deployments.resize(rows.deployments.size());
  std::vector<const CompiledDeployment*> ordered;
  for (size_t i = 0; i < rows.deployments.size(); ++i) {
    const Deployment& row = rows.deployments[i];
    CompiledDeployment& compiled = deployments[i];
    compiled.deployment = &row;
    deployments_by_id.emplace(row.id, &compiled);
    add_targets(compiled);
    add_audience(compiled);
    compiled.has_stones = has_stones(compiled);
    ordered.push_back(&compiled);
  }
  std::sort(ordered.begin(), ordered.end(),
            [](const auto* a, const auto* b) { return looked_at_before(*a, *b); });
  for (const CompiledDeployment* compiled : ordered) attach(*compiled);
}

void Snapshot::Index::add_credentials(const CatalogueRows& rows) {
  for (const Credential& row : rows.credentials) {
    credentials_by_name.emplace(SnapshotKey{number_of(row.kind), row.name, {}}, &row);
    if (!row.disabled) {
      first_credentials.emplace(SnapshotKey{number_of(row.tenant, row.kind), {}, {}}, &row);
    }
    if (row.secret.empty()) continue;
    credentials_by_secret.emplace(SnapshotKey{number_of(row.kind), row.secret, {}}, &row);
  }
}

void Snapshot::Index::add_groups(const CatalogueRows& rows) {
  groups.resize(rows.groups.size());
  for (size_t i = 0; i < rows.groups.size(); ++i) {
    const Group& row = rows.groups[i];
    CompiledGroup& compiled = groups[i];
    compiled.group = &row;
    compiled.filter = compiled_filter(row.filter, group_words());
    groups_by_id.emplace(row.id, &compiled);
    groups_by_name.emplace(SnapshotKey{row.tenant.value, row.name, {}}, &compiled);
    parts[row.tenant].groups.push_back(&compiled);
  }
}

void Snapshot::Index::add_audiences(const Index* before) {
  std::vector<KeySet> wanted;
  std::vector<AudienceNeeds> needs(deployments.size());
  for (size_t i = 0; i < deployments.size(); ++i) {
    const Deployment& row = *deployments[i].deployment;
    // Of drafts too, so that starting one has nothing left to do.
    if (!row.everyone && !has_ended(row.state)) wanted.push_back(row.device_keys);
    if (has_ended(row.state)) continue;
    needs[i] = audience_needs(deployments[i], [&](std::string_view name) {
      return find_value(groups_by_name, SnapshotKey{row.tenant.value, name, {}});
    });
  }
  lists = ListTable::build(wanted, before == nullptr ? nullptr : before->lists.get());
  const auto index_of = [&](const std::vector<const CompiledDeployment*>& ordered,
                            const CompiledProduct& product) {
    std::vector<const AudienceNeeds*> own;
    own.reserve(ordered.size());
    for (const CompiledDeployment* compiled : ordered) {
      own.push_back(&needs[static_cast<size_t>(compiled - deployments.data())]);
    }
    return AudienceIndex::build(ordered, own, product.versions.get(), lists);
  };
  const auto index_of_picking = [&](const std::vector<const CompiledDeployment*>& ordered) {
    // What a device runs says nothing here.
    std::vector<AudienceNeeds> kept;
    kept.reserve(ordered.size());
    std::vector<const AudienceNeeds*> own;
    for (const CompiledDeployment* compiled : ordered) {
      kept.push_back(needs[static_cast<size_t>(compiled - deployments.data())]);
      std::erase_if(kept.back(), [](const AudienceNeed& need) { return need.versions; });
      own.push_back(&kept.back());
    }
    return AudienceIndex::build(ordered, own, nullptr, lists);
  };
  for (auto& [id, tenant] : parts) {
    for (const CompiledDeployment* compiled : tenant.running) {
      const Deployment& row = *compiled->deployment;
      if (row.everyone || row.device_keys.empty()) continue;
      tenant.listing.emplace_back(lists->number_of(row.device_keys), compiled);
    }
    std::sort(tenant.listing.begin(), tenant.listing.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    tenant.picking_index = index_of_picking(tenant.picking);
  }
  for (CompiledProduct& product : products) {
    product.running_index = index_of(product.running, product);
    product.paused_index = index_of(product.paused, product);
  }
}

void Snapshot::Index::add_users(const CatalogueRows& rows) {
  for (const User& row : rows.users) {
    users_by_name.emplace(row.name, &row);
    if (!row.link_hash.empty()) users_by_link.emplace(row.link_hash, &row);
    if (row.oidc_subject.empty()) continue;
    users_by_subject.emplace(SnapshotKey{0, row.oidc_issuer, row.oidc_subject}, &row);
  }
}

bool looked_at_before(const CompiledDeployment& a, const CompiledDeployment& b) {
  const Deployment& left = *a.deployment;
  const Deployment& right = *b.deployment;
  if (left.priority != right.priority) return left.priority > right.priority;
  return left.id > right.id;
}

bool CompiledDeployment::has_device(std::string_view key) const {
  return deployment->everyone || deployment->device_keys.contains(key);
}

Snapshot::Snapshot() = default;
Snapshot::~Snapshot() = default;

base::Result<std::shared_ptr<const Snapshot>> Snapshot::build(CatalogueRows rows,
                                                              const Snapshot* before) {
  struct Made final : Snapshot {};
  auto made = std::make_shared<Made>();
  made->rows_ = std::move(rows);
  OTARU_CHECK(check_rows(made->rows_));
  made->index_ =
      std::make_unique<Index>(made->rows_, before == nullptr ? nullptr : before->index_.get());
  return std::shared_ptr<const Snapshot>(std::move(made));
}

const Tenant* Snapshot::tenant(TenantId id) const {
  return find_value(index_->tenants, id);
}

const Tenant* Snapshot::tenant(std::string_view name) const {
  return find_value(index_->tenants_by_name, name);
}

const CompiledProduct* Snapshot::product(ProductId id) const {
  return find_value(index_->products_by_id, id);
}

const CompiledProduct* Snapshot::product(TenantId tenant, std::string_view name,
                                         std::string_view feature,
                                         std::optional<std::string_view> model) const {
  const auto at = index_->products_by_name.find(SnapshotKey{tenant.value, name, feature});
  if (at == index_->products_by_name.end()) return nullptr;
  for (const CompiledProduct* candidate : at->second) {
    if (!model || candidate->product->model == *model) return candidate;
  }
  return nullptr;
}

const CompiledProduct* Snapshot::product(TenantId tenant, std::string_view manufacturer,
                                         std::string_view module, ProductType type) const {
  return find_value(index_->products_by_module,
                    SnapshotKey{number_of(tenant, type), manufacturer, module});
}

std::span<const CompiledProduct* const> Snapshot::products_of(TenantId tenant) const {
  const auto at = index_->parts.find(tenant);
  if (at == index_->parts.end()) return {};
  return at->second.products;
}

const Release* Snapshot::release(ReleaseId id) const {
  return find_value(index_->releases, id);
}

const Release* Snapshot::release(ProductId product, std::string_view version) const {
  return find_value(index_->releases_by_version, SnapshotKey{product.value, version, {}});
}

const Package* Snapshot::package(PackageId id) const {
  return find_value(index_->packages, id);
}

const Package* Snapshot::package(TenantId tenant, std::string_view sha256,
                                 std::string_view name) const {
  return find_value(index_->packages_by_content, SnapshotKey{tenant.value, sha256, name});
}

const Kit* Snapshot::kit(KitId id) const {
  return find_value(index_->kits, id);
}

std::span<const Kit* const> Snapshot::kits_of(TenantId tenant) const {
  const auto at = index_->parts.find(tenant);
  if (at == index_->parts.end()) return {};
  return at->second.kits;
}

const CompiledDeployment* Snapshot::deployment(DeploymentId id) const {
  return find_value(index_->deployments_by_id, id);
}

std::span<const CompiledDeployment* const> Snapshot::running_of(TenantId tenant) const {
  const auto at = index_->parts.find(tenant);
  if (at == index_->parts.end()) return {};
  return at->second.running;
}

Snapshot::Picking Snapshot::picking_of(TenantId tenant) const {
  const auto at = index_->parts.find(tenant);
  if (at == index_->parts.end()) return {};
  return {at->second.picking, at->second.picking_index.get()};
}

void Listing::add(const CompiledDeployment* compiled) {
  size_t at = count_;
  while (at > 0 && looked_at_before(*compiled, *found_[at - 1])) --at;
  if (at == found_.size()) return;
  count_ = std::min(count_ + 1, found_.size());
  for (size_t i = count_ - 1; i > at; --i) found_[i] = found_[i - 1];
  found_[at] = compiled;
}

Listing Snapshot::listing(TenantId tenant, std::string_view device_key) const {
  Listing out;
  const auto at = index_->parts.find(tenant);
  if (at == index_->parts.end() || at->second.listing.empty()) return out;
  const auto& listing = at->second.listing;
  index_->lists->visit(device_key, [&](uint32_t number) {
    auto entry = std::lower_bound(listing.begin(), listing.end(), number,
                                  [](const auto& a, uint32_t wanted) { return a.first < wanted; });
    for (; entry != listing.end() && entry->first == number; ++entry) {
      if (entry->second->has_device(device_key)) out.add(entry->second);
    }
  });
  return out;
}

std::span<const CompiledDeployment* const> Snapshot::running_kits_of(TenantId tenant) const {
  const auto at = index_->parts.find(tenant);
  if (at == index_->parts.end()) return {};
  return at->second.running_kits;
}

const CompiledGroup* Snapshot::group(GroupId id) const {
  return find_value(index_->groups_by_id, id);
}

const CompiledGroup* Snapshot::group(TenantId tenant, std::string_view name) const {
  return find_value(index_->groups_by_name, SnapshotKey{tenant.value, name, {}});
}

std::span<const CompiledGroup* const> Snapshot::groups_of(TenantId tenant) const {
  const auto at = index_->parts.find(tenant);
  if (at == index_->parts.end()) return {};
  return at->second.groups;
}

const Credential* Snapshot::credential(CredentialId id) const {
  return find_value(index_->credentials, id);
}

const Credential* Snapshot::credential(CredentialKind kind, std::string_view name) const {
  return find_value(index_->credentials_by_name, SnapshotKey{number_of(kind), name, {}});
}

const Credential* Snapshot::credential_by_secret(CredentialKind kind,
                                                 std::string_view secret) const {
  return find_value(index_->credentials_by_secret, SnapshotKey{number_of(kind), secret, {}});
}

const Credential* Snapshot::first_credential(TenantId tenant, CredentialKind kind) const {
  return find_value(index_->first_credentials, SnapshotKey{number_of(tenant, kind), {}, {}});
}

const User* Snapshot::user(UserId id) const {
  return find_value(index_->users, id);
}

const User* Snapshot::user(std::string_view name) const {
  return find_value(index_->users_by_name, name);
}

const User* Snapshot::user_by_link(std::string_view link_hash) const {
  return find_value(index_->users_by_link, link_hash);
}

const User* Snapshot::user_by_subject(std::string_view issuer, std::string_view subject) const {
  return find_value(index_->users_by_subject, SnapshotKey{0, issuer, subject});
}

}  // namespace otaru::domain
