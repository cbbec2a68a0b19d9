// SPDX-License-Identifier: Apache-2.0
#include "dialect/ubtech/seed_world.h"

#include <string>
#include <utility>

namespace otaru::dialect::ubtech {
namespace {

using domain::CredentialKind;

class SeedRows {
 public:
  explicit SeedRows(tests::World& world) : world_(world) {
    rows.tenants = {{domain::TenantId{1}, "default", tests::kWorldStart},
                    {domain::TenantId{2}, "other", tests::kWorldStart}};
  }

  void product(int64_t id, std::string name, std::string model, int64_t tenant = 1) {
    domain::Product row;
    row.id = domain::ProductId{id};
    row.tenant = domain::TenantId{tenant};
    row.name = std::move(name);
    row.model = std::move(model);
    row.created_at = tests::kWorldStart;
    rows.products.push_back(std::move(row));
  }

  void release(int64_t id, int64_t product, std::string version, domain::TextMap labels = {}) {
    domain::Release row;
    row.id = domain::ReleaseId{id};
    row.product = domain::ProductId{product};
    row.version = std::move(version);
    row.state = domain::ReleaseState::published;
    row.sequence = id;
    row.labels = std::move(labels);
    row.created_at = row.published_at = tests::kWorldStart;
    rows.releases.push_back(std::move(row));
  }

  void package(int64_t id, int64_t release, std::string base_version, std::string file_name,
               std::string_view bytes) {
    const app::BlobInfo blob = world_.put_blob(bytes);
    domain::Package row;
    row.id = domain::PackageId{id};
    row.release = domain::ReleaseId{release};
    row.kind = base_version.empty() ? domain::PackageKind::full : domain::PackageKind::delta;
    row.base_version = std::move(base_version);
    row.file_name = std::move(file_name);
    row.format = "raw";
    row.size_bytes = blob.size_bytes;
    row.digests = blob.digests;
    row.created_at = row.updated_at = tests::kWorldStart;
    rows.packages.push_back(std::move(row));
  }

  domain::Deployment& deployment(int64_t id, int64_t product, int64_t tenant = 1) {
    domain::Deployment row;
    row.id = domain::DeploymentId{id};
    row.tenant = domain::TenantId{tenant};
    row.name = "deployment " + std::to_string(id);
    row.state = domain::DeploymentState::running;
    row.target.newest_in_channel = "stable";
    row.target.product = domain::ProductId{product};
    row.created_at = row.updated_at = tests::kWorldStart;
    rows.deployments.push_back(std::move(row));
    return rows.deployments.back();
  }

  domain::Credential& credential(CredentialKind kind, std::string name, std::string_view secret,
                                 int64_t tenant = 1) {
    domain::Credential row;
    row.id = domain::CredentialId{static_cast<int64_t>(rows.credentials.size()) + 1};
    row.tenant = domain::TenantId{tenant};
    row.kind = kind;
    row.name = std::move(name);
    row.secret = world_.secrets().keyed_hash(app::kOauthSecretPurpose, secret);
    row.created_at = tests::kWorldStart;
    rows.credentials.push_back(std::move(row));
    return rows.credentials.back();
  }

  domain::CatalogueRows rows;

 private:
  tests::World& world_;
};

void add_products(SeedRows& seed) {
  seed.product(1, "com.ubtechinc.alpha2services", "service5mic");
  seed.product(2, "com.ubtechinc.full", "main");
  seed.product(3, "com.ubtechinc.listed", "main");
  seed.product(4, "com.ubtechinc.idle", "main");
  seed.product(5, "com.ubtechinc.foreign", "main", 2);
  seed.release(1, 1, "17", {{"language", "CN"}});
  seed.release(2, 1, "18", {{"language", "CN"}});
  seed.release(3, 2, "2.0", {{"robot_version", "2"}});
  seed.release(4, 3, "9");
  seed.release(5, 4, "5");
  seed.release(6, 5, "2");
  seed.package(23, 1, "6", "Alpha2Services-1.1.1.32--17--5mic.patch", kPatch17);
  seed.package(25, 2, "17", "Alpha2Services-1.1.2.32--18--5mic.patch", kPatch18);
  seed.package(31, 3, "", "full;2.0.bin", "full image 2.0\n");
  seed.package(32, 4, "", "listed-9.bin", "listed image 9\n");
  seed.package(33, 6, "", "foreign-2.bin", "foreign image 2\n");
  seed.deployment(1, 1);
  seed.deployment(2, 2);
  auto& listed = seed.deployment(3, 3);
  listed.everyone = false;
  listed.device_keys = {"listed-1"};
  seed.deployment(4, 5, 2);
}

void add_credentials(SeedRows& seed) {
  seed.credential(CredentialKind::oauth_client, "mobile_1", "secret_1");
  auto& brief = seed.credential(CredentialKind::oauth_client, "brief_1", "secret_2");
  brief.attributes = {
      {"grants", "password"}, {"scopes", "read"}, {"access_token_validity_s", "60"}};
  auto& other = seed.credential(CredentialKind::oauth_client, "other_1", "secret_3", 2);
  other.attributes = {{"refresh_token_validity_s", "3600"}};
  seed.credential(CredentialKind::oauth_user, "aa", "aa");
  seed.credential(CredentialKind::oauth_user, "locked", "aa").attributes = {{"locked", "true"}};
  seed.credential(CredentialKind::oauth_user, "off", "aa").disabled = true;
  seed.credential(CredentialKind::oauth_user, "foreign", "aa", 2);
}

}  // namespace

std::unique_ptr<tests::World> make_seed_world(const UbtechConfig& config) {
  auto world = std::make_unique<tests::World>();
  SeedRows seed(*world);
  add_products(seed);
  add_credentials(seed);
  world->load(seed.rows);
  domain::Device blocked;
  blocked.id = domain::DeviceId{256 * 7 + domain::bucket_for(domain::kDefaultTenant, "blocked-1")};
  blocked.tenant = domain::kDefaultTenant;
  blocked.key = "blocked-1";
  blocked.door = "operator";
  blocked.blocked = true;
  blocked.created_at = tests::kWorldStart;
  world->put_device(blocked);
  world->add(make_ubtech(config, world->secrets(), world->random()));
  return world;
}

}  // namespace otaru::dialect::ubtech
