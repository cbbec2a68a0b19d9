// SPDX-License-Identifier: Apache-2.0
#include "dialect/oomi/fixture.h"

#include <algorithm>

namespace otaru::dialect::oomi {
namespace {

using domain::CatalogueRows;

constexpr base::Time kKitTime{1'515'146'770'000};
constexpr base::Time kReleaseTime{1'506'329'816'000};

void add_product(CatalogueRows& rows, int64_t id, const char* name, const char* pattern,
                 const char* hw_version, const char* feature = "", const char* model = "1") {
  domain::Product row;
  row.id = domain::ProductId{id};
  row.tenant = domain::kDefaultTenant;
  row.name = name;
  row.model = model;
  row.hw_version = hw_version;
  row.feature = feature;
  row.version_format.pattern = pattern;
  row.created_at = kKitTime;
  rows.products.push_back(row);
}

domain::Release& add_release(CatalogueRows& rows, int64_t id, int64_t product, const char* version,
                             const char* channel = "stable") {
  domain::Release row;
  row.id = domain::ReleaseId{id};
  row.product = domain::ProductId{product};
  row.version = version;
  row.channel = channel;
  row.state = domain::ReleaseState::published;
  row.sequence = id;
  row.created_at = kReleaseTime;
  row.published_at = kReleaseTime;
  rows.releases.push_back(row);
  return rows.releases.back();
}

domain::Package& add_package(CatalogueRows& rows, tests::World& world, int64_t id, int64_t release,
                             int64_t size, const char* file_name) {
  domain::Package row;
  row.id = domain::PackageId{id};
  row.release = domain::ReleaseId{release};
  row.file_name = file_name;
  row.format = "raw";
  const app::BlobInfo info = world.put_blob(blob_bytes(id, size));
  row.size_bytes = info.size_bytes;
  row.digests = info.digests;
  row.created_at = kReleaseTime;
  row.updated_at = kReleaseTime;
  rows.packages.push_back(row);
  return rows.packages.back();
}

domain::Kit& add_kit(CatalogueRows& rows, int64_t id, const char* version) {
  domain::Kit row;
  row.id = domain::KitId{id};
  row.tenant = domain::kDefaultTenant;
  row.version = version;
  row.state = domain::ReleaseState::published;
  row.notes = {{"zh", version}};
  row.created_at = kKitTime;
  row.updated_at = kKitTime;
  rows.kits.push_back(row);
  return rows.kits.back();
}

void add_item(domain::Kit& kit, int64_t id, int64_t release) {
  kit.items.push_back(
      {domain::KitItemId{id}, domain::ReleaseId{release}, 0, {}, kKitTime, kKitTime});
}

domain::Credential& add_credential(CatalogueRows& rows, int64_t id, domain::CredentialKind kind,
                                   std::string name) {
  domain::Credential row;
  row.id = domain::CredentialId{id};
  row.tenant = domain::kDefaultTenant;
  row.kind = kind;
  row.name = std::move(name);
  row.created_at = kKitTime;
  rows.credentials.push_back(row);
  return rows.credentials.back();
}

void add_products(CatalogueRows& rows) {
  const char* v4 = "V#N.#N.#N.#N";
  add_product(rows, 19, "OOMI_Cube_Zwave", v4, "V1.0.0.0", "zwave_freq_29");
  add_product(rows, 30, "OOMI_Touch_Firmware", v4, "V1.0.0.0");
  add_product(rows, 31, "OOMI_Cube_APP", v4, "V1.0.0.0");
  add_product(rows, 32, "OOMI_Touch_APP", v4, "V1.0.0.0");
  add_product(rows, 33, "OOMI_Cube_IR", v4, "V1.0.0.0");
  add_product(rows, 34, "OOMI_Cube_Firmware", v4, "V1.0.0.0");
  add_product(rows, 40, "OMMICUBE", "#NN.#NN", "1.0");
  add_product(rows, 41, "prosyst", "#N.#N.#N.#N", "1.0.0.0");
  add_product(rows, 42, "touch", "#N.#N.#N.#N", "1.0", "", "0");
  add_product(rows, 43, "OOMI_Empty", v4, "V1.0.0.0");
  add_product(rows, 44, "OOMI_Cube_Delta", v4, "V1.0.0.0");
}

// Versions that are only in kit 190 (V2.0.6.10, V1.4.0.0) are in a channel of their own: the two
// samples are from different days.
void add_releases(CatalogueRows& rows) {
  add_release(rows, 101, 34, "V0.2.0.4");
  add_release(rows, 102, 31, "V2.0.6.9");
  add_release(rows, 103, 31, "V2.0.6.10", "kit");
  add_release(rows, 104, 30, "V1.0.0.19");
  add_release(rows, 105, 32, "V2.0.6.6").notes = {{"zh", "V2.0.6.6"}, {"en", "V2.0.6.6 \"new\""}};
  add_release(rows, 106, 33, "V1.1.0.0").force = true;
  add_release(rows, 107, 33, "V1.4.0.0", "kit");
  add_release(rows, 108, 19, "V1.02.0.0").force = true;
  add_release(rows, 109, 40, "01.01");
  add_release(rows, 110, 41, "2.0.0.33").notes = {{"en", "1. Update the UI;\n2. Bugs fixing."}};
  add_release(rows, 111, 42, "1.0.0.9");
  add_release(rows, 112, 31, "V2.1.0.0");
  add_release(rows, 113, 44, "V1.5.0.0");
  add_release(rows, 114, 44, "V2.0.0.0");
}

void add_packages(CatalogueRows& rows, tests::World& world) {
  add_package(rows, world, 1001, 101, 4096, "cube.zip");
  add_package(rows, world, 1002, 102, 10'261'237, "cube_app.apk");
  add_package(rows, world, 1004, 104, 200'000, "touch.zip");
  add_package(rows, world, 1005, 105, 300'000, "touch_app.apk");
  add_package(rows, world, 1006, 106, 9785, "ir.zip");
  add_package(rows, world, 1008, 108, 261'365, "zwave.zip");
  domain::Package& delta = add_package(rows, world, 1009, 109, 777, "old.zip");
  delta.kind = domain::PackageKind::delta;
  delta.base_version = "00.10";
  add_package(rows, world, 1010, 110, 1024, "prosyst.apk");
  add_package(rows, world, 1011, 111, 512, "touch.bin");
  add_package(rows, world, 1012, 112, 2048, "beta.apk").permissions = {1};
  add_package(rows, world, 1013, 113, 600, "step.zip");
  domain::Package& step = add_package(rows, world, 1014, 114, 60, "step.zip");
  step.kind = domain::PackageKind::delta;
  step.base_version = "V1.5.0.0";
}

void add_kits(CatalogueRows& rows) {
  domain::Kit& old_kit = add_kit(rows, 189, "2.0.6.9");
  add_item(old_kit, 373, 101);
  add_item(old_kit, 374, 102);
  domain::Kit& kit = add_kit(rows, 190, "2.0.6.11");
  add_item(kit, 379, 101);
  add_item(kit, 380, 103);
  add_item(kit, 381, 104);
  add_item(kit, 382, 105);
  add_item(kit, 383, 107);
  add_item(kit, 384, 108);
  domain::Kit& beta = add_kit(rows, 191, "2.1.0.0");
  add_item(beta, 391, 112);
  beta.permissions = {1};
}

void add_credentials(CatalogueRows& rows, const app::Secrets& secrets, Fixture options) {
  add_credential(rows, 1, domain::CredentialKind::oomi_account, "111").permissions = {79};
  domain::Credential& beta = add_credential(rows, 2, domain::CredentialKind::oomi_account, "222");
  beta.permissions = {1, 79};
  beta.secret = secrets.keyed_hash(app::kOomiTokenPurpose, kBetaToken);
  if (!options.download_pair) return;
  add_credential(rows, 3, domain::CredentialKind::download_basic, std::string(kDownloadUser))
      .secret = secrets.seal_text(kDownloadPassword);
}

}  // namespace

std::string blob_bytes(int64_t package, int64_t size) {
  constexpr size_t kChunk = 1024;
  std::string out;
  out.reserve(static_cast<size_t>(size) + kChunk);
  for (int64_t chunk = 0; static_cast<int64_t>(out.size()) < size; ++chunk) {
    const std::string mark = std::to_string(package) + ":" + std::to_string(chunk) + ":";
    out += mark;
    out.append(kChunk - mark.size(), static_cast<char>('a' + chunk % 26));
  }
  out.resize(static_cast<size_t>(size));
  return out;
}

CatalogueRows fixture_rows(tests::World& world, Fixture options) {
  CatalogueRows rows;
  rows.tenants.push_back({domain::kDefaultTenant, "default", kKitTime});
  add_products(rows);
  add_releases(rows);
  add_packages(rows, world);
  add_kits(rows);
  add_credentials(rows, world.secrets(), options);
  domain::Deployment standing;
  standing.id = domain::DeploymentId{1};
  standing.tenant = domain::kDefaultTenant;
  standing.name = "stable";
  standing.state = domain::DeploymentState::running;
  standing.target.newest_in_channel = "stable";
  standing.created_at = kKitTime;
  standing.updated_at = kKitTime;
  rows.deployments.push_back(standing);
  return rows;
}

std::shared_ptr<tests::World> make_world(OomiConfig config, Fixture options) {
  auto world = std::make_shared<tests::World>();
  world->load(fixture_rows(*world, options));
  world->add(make_oomi(std::move(config), world->secrets()));
  return world;
}

}  // namespace otaru::dialect::oomi
