// SPDX-License-Identifier: Apache-2.0
// What operators publish: tenants, products, releases, packages, kits, deployments, credentials.
// Plain values, exactly what the stores keep; the rules over them live in snapshot.h and decide.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/time.h"
#include "domain/access.h"
#include "domain/deployment.h"
#include "domain/ids.h"
#include "domain/text_map.h"
#include "domain/version.h"

namespace otaru::domain {

struct Tenant {
  TenantId id;
  std::string name;  // unique, [a-z0-9-]
  base::Time created_at;
  friend bool operator==(const Tenant&, const Tenant&) = default;
};

enum class ProductType { firmware, software };  // OneNET type 1 FOTA / 2 SOTA

// One updatable thing. Unique per tenant: (name, model, feature) and, when set,
// (manufacturer, module, type).
struct Product {
  ProductId id;
  TenantId tenant;
  std::string name;          // OOMI product, UBTech package_name
  std::string model;         // OOMI model; UBTech file_name
  std::string hw_version;    // shown to devices, never matched on
  std::string feature;       // variant, e.g. OOMI "zwave_freq_29"; empty if none
  std::string manufacturer;  // OneNET manufacturer code, e.g. "001"
  std::string module;        // OneNET module code, e.g. "00107"
  ProductType type = ProductType::firmware;
  VersionFormat version_format;
  base::Time created_at;
  friend bool operator==(const Product&, const Product&) = default;
};

enum class ReleaseState { draft, published, revoked };

// Another product on the same device that must be there, at that version or a newer one.
struct Requirement {
  ProductId product;
  std::string version_min;
  friend bool operator==(const Requirement&, const Requirement&) = default;
};

// One version of one product. Immutable once published (only state may change to revoked).
struct Release {
  ReleaseId id;
  ProductId product;
  std::string version;
  std::string channel = "stable";
  ReleaseState state = ReleaseState::draft;
  int64_t sequence = 0;   // order of publishing within the product; 0 while a draft
  TextMap labels;         // a device must match each of them: language=CN, robot_version=1
  TextMap notes;          // per language: "zh", "en"
  bool security = false;  // fixes a vulnerability
  bool force = false;     // also offered to a device that runs this very version (reinstall)
  // A stepping stone: a device that runs less is led there first; empty: from anywhere.
  std::string min_version;
  std::vector<Requirement> requirements;
  base::Time created_at;
  base::Time published_at;
  friend bool operator==(const Release&, const Release&) = default;
};

enum class PackageKind { full, delta };

// One file that brings a device to a release.
struct Package {
  PackageId id;
  ReleaseId release;
  PackageKind kind = PackageKind::full;
  std::string base_version;  // delta: the version it applies to; empty for full
  std::string file_name;     // what downloads are called; ASCII, no blanks, no path
  std::string format;        // "raw", "swu", "bsdiff" ...
  int64_t size_bytes = 0;
  base::Digests digests;  // lower-case hex; sha256 names the blob
  // Permission ids of which a requester must hold one (OOMI); empty: visible to everyone.
  std::vector<int64_t> permissions;
  bool hidden = false;  // OOMI publicStatus=false: never offered
  base::Time created_at;
  base::Time updated_at;
  friend bool operator==(const Package&, const Package&) = default;
};

struct KitItem {
  KitItemId id;
  ReleaseId release;
  // Items of a lower stage are installed first; what a device does not have is skipped.
  int64_t stage = 0;
  std::vector<Requirement> requirements;
  base::Time created_at;
  base::Time updated_at;
  friend bool operator==(const KitItem&, const KitItem&) = default;
};

// A named set of releases that belong together (OOMI "big version").
struct Kit {
  KitId id;
  TenantId tenant;
  std::string version;
  VersionFormat version_format{VersionScheme::dotted, "#N.#N.#N.#N"};
  std::string channel = "stable";
  ReleaseState state = ReleaseState::draft;
  TextMap notes;
  std::vector<int64_t> permissions;
  std::vector<KitItem> items;
  std::optional<base::Time> released_at;
  std::string upgrade_method = "query";
  base::Time created_at;
  base::Time updated_at;
  friend bool operator==(const Kit&, const Kit&) = default;
};

enum class CredentialKind {
  api_key,         // operators; secret kept as SHA-256
  onenet_product,  // name = OneNET product id, secret = access key (sealed at rest)
  oauth_client,    // UBTech; secret kept as keyed hash
  oauth_user,      // UBTech; secret kept as keyed hash
  oomi_account,    // name = account id; secret = access token (aat), kept as keyed hash
  download_basic,  // the pair OOMI prints into its answers; secret sealed at rest
  // hawkBit gateway token: speaks for every device of its tenant; secret kept as keyed hash
  hawkbit_gateway,
};

// Whether clients say its name, and without a tenant: then no other tenant may use that name.
bool is_named(CredentialKind kind);

// A credential of a tenant. `secret` is never the secret itself: what it is depends on the kind.
struct Credential {
  CredentialId id;
  TenantId tenant;
  CredentialKind kind = CredentialKind::api_key;
  std::string name;
  std::string secret;                // hash (hex) or sealed bytes (hex)
  TextMap attributes;                // grants, scopes, token lifetimes, role ...
  std::vector<int64_t> permissions;  // OOMI: permission ids that the account holds
  bool disabled = false;
  base::Time created_at;
  std::optional<base::Time> expires_at;  // of an API key: from then on it is none
  friend bool operator==(const Credential&, const Credential&) = default;
};

// Devices under one name: those that were put into it (the device knows, Device::groups), and with
// a filter those that match it. Unique per tenant: the name.
struct Group {
  GroupId id;
  TenantId tenant;
  std::string name;
  std::string description;
  std::string filter;  // canonical text (filter.h); empty: only those that were put into it
  base::Time created_at;
  base::Time updated_at;
  friend bool operator==(const Group&, const Group&) = default;
};

// A person who works with the server. Names are unique over all tenants: people log in by them.
struct User {
  UserId id;
  TenantId tenant;  // zero: every tenant
  std::string name;
  std::string display_name;
  std::string email;
  Role role = Role::viewer;
  std::string password_hash;  // Argon2id; empty: none yet
  base::Time password_changed_at;
  // The one-time link with which the person sets a password: keyed hash of its token; empty: none.
  std::string link_hash;
  base::Time link_expires_at;
  std::string oidc_issuer;  // who vouches for the person, and as whom
  std::string oidc_subject;
  bool disabled = false;
  bool must_change = false;  // the password, before anything else
  base::Time created_at;
  base::Time updated_at;

  Reach reach() const { return tenant ? Reach::tenant : Reach::server; }
  friend bool operator==(const User&, const User&) = default;
};

// Everything above of all tenants, as a store loads it, each list sorted by id.
struct CatalogueRows {
  std::vector<Tenant> tenants;
  std::vector<Product> products;
  std::vector<Release> releases;
  std::vector<Package> packages;
  std::vector<Kit> kits;
  std::vector<Deployment> deployments;
  std::vector<Credential> credentials;
  std::vector<Group> groups;
  std::vector<User> users;
  TextMap settings;  // server settings, small
};

std::string_view name_of(ProductType v);
std::string_view name_of(ReleaseState v);
std::string_view name_of(PackageKind v);
std::string_view name_of(CredentialKind v);
// Inverse of name_of; Code::invalid with the list of accepted words.
base::Result<ProductType> parse_product_type(std::string_view text);
base::Result<ReleaseState> parse_release_state(std::string_view text);
base::Result<PackageKind> parse_package_kind(std::string_view text);
base::Result<CredentialKind> parse_credential_kind(std::string_view text);

}  // namespace otaru::domain
