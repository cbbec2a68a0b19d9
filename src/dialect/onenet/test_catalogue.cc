// SPDX-License-Identifier: Apache-2.0
#include "dialect/onenet/test_catalogue.h"

#include "base/encoding.h"
#include "base/hash.h"
#include "dialect/onenet/authorization.h"

namespace otaru::dialect::onenet {
namespace {

using domain::CatalogueRows;
using domain::Deployment;
using domain::DeploymentId;
using domain::PackageKind;
using domain::ProductId;
using domain::ReleaseId;

class Builder {
 public:
  explicit Builder(const app::Secrets& secrets) : secrets_(secrets) {}

  ProductId product(std::string_view manufacturer, std::string_view module, std::string_view name,
                    domain::ProductType type, domain::TenantId tenant = domain::kDefaultTenant) {
    domain::Product row;
    row.id = ProductId{static_cast<int64_t>(rows_.products.size()) + 1};
    row.tenant = tenant;
    row.name = std::string(name);
    row.manufacturer = std::string(manufacturer);
    row.module = std::string(module);
    row.type = type;
    row.created_at = tests::kWorldStart;
    rows_.products.push_back(row);
    return row.id;
  }

  ReleaseId release(ProductId product, std::string_view version) {
    domain::Release row;
    row.id = ReleaseId{static_cast<int64_t>(rows_.releases.size()) + 1};
    row.product = product;
    row.version = std::string(version);
    row.state = domain::ReleaseState::published;
    row.sequence = row.id.value;
    row.created_at = row.published_at = tests::kWorldStart;
    rows_.releases.push_back(row);
    return row.id;
  }

  domain::Package& package(ReleaseId release, std::string_view file_name, const std::string& bytes,
                           std::string_view base_version = {}) {
    domain::Package row;
    row.id = domain::PackageId{static_cast<int64_t>(rows_.packages.size()) + 1};
    row.release = release;
    row.kind = base_version.empty() ? PackageKind::full : PackageKind::delta;
    row.base_version = std::string(base_version);
    row.file_name = std::string(file_name);
    row.format = "raw";
    row.size_bytes = static_cast<int64_t>(bytes.size());
    base::MultiHasher hasher;
    hasher.update(bytes);
    row.digests = hasher.finish();
    row.created_at = row.updated_at = tests::kWorldStart;
    rows_.packages.push_back(row);
    return rows_.packages.back();
  }

  Deployment& deployment(DeploymentId id, domain::TenantId tenant = domain::kDefaultTenant) {
    Deployment row;
    row.id = id;
    row.tenant = tenant;
    row.name = "deployment " + std::to_string(id.value);
    row.state = domain::DeploymentState::running;
    row.created_at = row.updated_at = tests::kWorldStart;
    rows_.deployments.push_back(row);
    return rows_.deployments.back();
  }

  void policy(DeploymentId id, ProductId product,
              domain::TenantId tenant = domain::kDefaultTenant) {
    Deployment& row = deployment(id, tenant);
    row.target.newest_in_channel = "stable";
    row.target.product = product;
    row.signal_min = 10;
    row.power_min_percent = 50;
  }

  Deployment& named(DeploymentId id, ReleaseId release, std::vector<std::string> keys) {
    Deployment& row = deployment(id);
    row.target.release = release;
    row.everyone = false;
    row.device_keys = domain::KeySet::of(std::move(keys));
    return row;
  }

  void credential(std::string_view name, std::string_view key, domain::TenantId tenant,
                  bool disabled = false) {
    domain::Credential row;
    row.id = domain::CredentialId{static_cast<int64_t>(rows_.credentials.size()) + 1};
    row.tenant = tenant;
    row.kind = domain::CredentialKind::onenet_product;
    row.name = std::string(name);
    row.secret = secrets_.seal_text(key);
    row.disabled = disabled;
    row.created_at = tests::kWorldStart;
    rows_.credentials.push_back(row);
  }

  CatalogueRows& rows() { return rows_; }

 private:
  const app::Secrets& secrets_;
  CatalogueRows rows_;
};

std::string repeated(std::string_view text, size_t size) {
  std::string out;
  while (out.size() < size) out += text;
  out.resize(size);
  return out;
}

void add_seed_example(Builder& b) {
  const auto m5310 = b.product("001", "00107", "M5310", domain::ProductType::firmware);
  const auto release = b.release(m5310, "1.2");
  // The document's own md5, which is none: transcripts print it literally.
  b.package(release, "m5310.bin", seed_file()).digests.md5 = "dfkdajkfd";
  Deployment& task = b.named(kSeedTask, release, {"6523"});
  task.signal_min = 12;
  task.power_min_percent = 90;
  task.retry_count = 10;
  task.retry_interval_s = 90;
}

void add_policies(Builder& b) {
  const auto m5311 = b.product("001", "00108", "M5311", domain::ProductType::firmware);
  b.package(b.release(m5311, "V1.0.0"), "120.bin", large_file());
  const auto newest = b.release(m5311, "V1.0.1");
  b.package(newest, "121.bin", small_file());
  b.policy(kPolicy, m5311);
  const auto esp32 = b.product("101", "10101", "ESP32", domain::ProductType::software);
  b.package(b.release(esp32, "2.0"), "esp32.bin", large_file());
  b.policy(kSoftPolicy, esp32);
}

void add_named(Builder& b) {
  const auto bc95 = b.product("014", "01404", "BC95-G", domain::ProductType::firmware);
  b.release(bc95, "3.0");
  b.package(b.release(bc95, "3.1"), "3.0-3.1.diff", repeated("delta", 40), "3.0");
  b.named(kDeltaTask, ReleaseId{6}, {"9001", "9002"}).mode = domain::PackageMode::delta_only;
  // Written with names instead of codes, as an operator may.
  const auto bc26 = b.product("移远通信", "BC26", "BC26", domain::ProductType::firmware);
  const auto five = b.release(bc26, "5.0");
  b.package(five, "bc26.bin", repeated("bc26", 300));
  b.named(kNamedTask, five, {"8001", "8002"});
  const auto bc28 = b.product("014", "01401", "BC28", domain::ProductType::firmware);
  const auto longest = b.release(bc28, "V1234567890.12345678");
  b.package(longest, "bc28.bin", repeated("bc28", 4000));
  Deployment& task = b.named(kLongTask, longest, {"7001"});
  task.signal_min = task.power_min_percent = 2147483647;
  task.retry_count = task.retry_interval_s = 2147483647;
}

}  // namespace

std::string seed_file() {
  return repeated("seed ", 123);
}
std::string small_file() {
  return "0123456789abcdefghijkl";
}
std::string large_file() {
  return repeated("The quick brown fox jumps over the lazy dog. ", 100000);
}

CatalogueRows test_catalogue(const app::Secrets& secrets) {
  Builder b(secrets);
  b.rows().tenants.push_back({domain::kDefaultTenant, "default", tests::kWorldStart});
  b.rows().tenants.push_back({kSecondTenant, "second", tests::kWorldStart});
  add_seed_example(b);
  add_policies(b);
  add_named(b);
  b.credential("123123", kTestKey, domain::kDefaultTenant);
  b.credential("456456", kOtherKey, kSecondTenant);
  b.credential("999999", kTestKey, domain::kDefaultTenant, true);
  return std::move(b.rows());
}

std::unique_ptr<tests::World> make_test_world(OnenetConfig config) {
  auto world = std::make_unique<tests::World>();
  for (const auto& bytes : {seed_file(), small_file(), large_file(), repeated("delta", 40),
                            repeated("bc26", 300), repeated("bc28", 4000)}) {
    (void)world->put_blob(bytes);
  }
  world->load(test_catalogue(world->secrets()));
  world->add(make_onenet(std::move(config), world->secrets()));
  return world;
}

std::string test_authorization() {
  return write_authorization(
      {base::HashKind::sha1, "products/123123", kTestEt, *base::unbase64(kTestKey), true});
}

}  // namespace otaru::dialect::onenet
