// SPDX-License-Identifier: Apache-2.0
// The whole catalogue, compiled for answering checks: immutable, shared by pointer, swapped as one.
// Building validates references; look-ups never allocate. Threads: any, it never changes.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "domain/catalogue.h"
#include "domain/filter.h"

namespace otaru::domain {

struct VersionIndex;  // parsed versions, patch graph and channels: version_index.h, internal
class AudienceIndex;  // which deployments a check has to look at: audience_index.h, internal

// One release with its packages, as the planner wants it.
struct CompiledRelease {
  const Release* release = nullptr;
  std::vector<const Package*> packages;  // by id
};

// A release that a deployment installs on one product.
struct CompiledTarget {
  ProductId product;
  ReleaseId release;
  int64_t index = -1;             // into CompiledProduct::releases; -1 while it is not published
  const KitItem* item = nullptr;  // of a kit
};

struct CompiledGroup {
  const Group* group = nullptr;
  Filter filter;  // everything() for a group without one: only those that were put into it
  bool by_filter() const { return !group->filter.empty(); }
};

struct CompiledWave {
  std::vector<const CompiledGroup*> groups;
  Filter filter;  // everything() for a wave without one
};

struct CompiledDeployment {
  const Deployment* deployment = nullptr;
  // What a release or kit stands for, sorted by product; empty for newest_in_channel.
  std::vector<CompiledTarget> targets;
  bool has_device(std::string_view key) const;  // everyone is meant, or the list has it
  // The audience beyond that; most deployments have none of it.
  bool excludes = false;  // keys, groups or a filter of exclusions
  bool narrows = false;   // filter, hardware or share
  std::vector<const CompiledGroup*> groups;
  std::vector<const CompiledGroup*> excluded_groups;
  Filter filter;
  Filter excluded_filter;
  std::vector<CompiledWave> waves;  // as Deployment::waves
  bool has_stones = false;          // a release of its products has a Release::min_version
};

// Priority descending, then the younger one first: the order in which they are looked at.
bool looked_at_before(const CompiledDeployment& a, const CompiledDeployment& b);

struct CompiledProduct {
  const Product* product = nullptr;
  // Published releases only, oldest first in the product's own version order.
  std::vector<CompiledRelease> releases;
  // Deployments in state running (or scheduled: decide() knows the time) that could install
  // something on it, in the order to look at them: priority descending, then younger id first.
  // Paused ones are kept apart for explaining.
  std::vector<const CompiledDeployment*> running;
  std::vector<const CompiledDeployment*> paused;
  // Of both, which concern a device at all; null: ask each.
  std::shared_ptr<const AudienceIndex> running_index;
  std::shared_ptr<const AudienceIndex> paused_index;
  // Of both, those that lead devices away from something (Deployment::heals, downgrade_reason):
  // what they take back is offered to their devices by nobody.
  std::vector<const CompiledDeployment*> taking_back;
  std::shared_ptr<const VersionIndex> versions;
  // The rank of a reported version among `releases` (index of the last release that is not newer),
  // -1 when older than all or unknown under publish_order; error when it does not parse.
  base::Result<int64_t> rank_of(std::string_view reported_version) const;
  // 1 if `release` is newer than the reported version, 0 if equal, -1 if older.
  base::Result<int> compare(const Release& release, std::string_view reported_version) const;
};

// Deployments that name one device, in the order to look at them; of more than fit the first.
class Listing {
 public:
  const CompiledDeployment* const* begin() const { return found_.data(); }
  const CompiledDeployment* const* end() const { return found_.data() + count_; }
  void add(const CompiledDeployment* compiled);

 private:
  std::array<const CompiledDeployment*, 32> found_{};
  size_t count_ = 0;
};

class Snapshot {
 public:
  // Code::invalid naming the row and the broken reference. Takes over the rows. What it has in
  // common with the one before, and is costly to make, is shared with it.
  static base::Result<std::shared_ptr<const Snapshot>> build(CatalogueRows rows,
                                                             const Snapshot* before = nullptr);

  const CatalogueRows& rows() const { return rows_; }
  const Tenant* tenant(TenantId id) const;
  const Tenant* tenant(std::string_view name) const;
  const CompiledProduct* product(ProductId id) const;
  // By (name, feature) in a tenant, any model when `model` is not given; nullptr if unknown. With
  // several models and none given: the one with the lowest id.
  const CompiledProduct* product(TenantId tenant, std::string_view name, std::string_view feature,
                                 std::optional<std::string_view> model = std::nullopt) const;
  const CompiledProduct* product(TenantId tenant, std::string_view manufacturer,
                                 std::string_view module, ProductType type) const;
  std::span<const CompiledProduct* const> products_of(TenantId tenant) const;
  const Release* release(ReleaseId id) const;                                 // any state
  const Release* release(ProductId product, std::string_view version) const;  // exact text
  const Package* package(PackageId id) const;
  // A file of a published release of the tenant by its SHA-256 (hex) and name; not one that only
  // some may see.
  const Package* package(TenantId tenant, std::string_view sha256, std::string_view name) const;
  const Kit* kit(KitId id) const;
  std::span<const Kit* const> kits_of(TenantId tenant) const;  // published, oldest first
  const CompiledDeployment* deployment(DeploymentId id) const;
  std::span<const CompiledDeployment* const> running_of(TenantId tenant) const;
  // Those of them that say what their devices are and which products they install
  // (products_meant.h), with the index of which concern a device; null: ask each.
  struct Picking {
    std::span<const CompiledDeployment* const> ordered;
    const AudienceIndex* index = nullptr;
  };
  Picking picking_of(TenantId tenant) const;
  // Those of them that are not for everyone and list this device.
  Listing listing(TenantId tenant, std::string_view device_key) const;
  // Those of them that decide_kit has to look at, in the same order.
  std::span<const CompiledDeployment* const> running_kits_of(TenantId tenant) const;
  const CompiledGroup* group(GroupId id) const;
  const CompiledGroup* group(TenantId tenant, std::string_view name) const;
  std::span<const CompiledGroup* const> groups_of(TenantId tenant) const;  // by id
  const Credential* credential(CredentialId id) const;
  // By (kind, name) over all tenants: names of device-facing credentials are unique per kind.
  const Credential* credential(CredentialKind kind, std::string_view name) const;
  const Credential* credential_by_secret(CredentialKind kind, std::string_view secret) const;
  // The tenant's enabled credential of that kind with the lowest id; nullptr if there is none.
  const Credential* first_credential(TenantId tenant, CredentialKind kind) const;

  const User* user(UserId id) const;
  const User* user(std::string_view name) const;
  const User* user_by_link(std::string_view link_hash) const;
  const User* user_by_subject(std::string_view issuer, std::string_view subject) const;

  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  Snapshot();
  struct Index;
  CatalogueRows rows_;
  std::unique_ptr<Index> index_;
};

}  // namespace otaru::domain
