// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_catalogue.h"

#include "dialect/hawkbit/hawkbit.h"
#include "dialect/onenet/onenet.h"
#include "dialect/oomi/oomi.h"
#include "dialect/ubtech/ubtech.h"

namespace otaru::tests {
namespace {

using domain::PackageKind;
using domain::ReleaseState;

constexpr const char* kGatewayToken = "token of the gateways";

class Builder {
 public:
  explicit Builder(World& world) : world_(world) {
    out_.rows.tenants.push_back({domain::kDefaultTenant, "default", kWorldStart});
  }

  SimProduct& product(domain::Product product, std::string key_prefix) {
    product.id = domain::ProductId{static_cast<int64_t>(out_.rows.products.size()) + 1};
    product.tenant = domain::kDefaultTenant;
    product.created_at = kWorldStart;
    out_.rows.products.push_back(product);
    out_.products.emplace_back();
    out_.products.back().id = product.id;
    out_.products.back().key_prefix = std::move(key_prefix);
    return out_.products.back();
  }

  domain::ReleaseId release(SimProduct& product, const std::string& version, bool second_wave) {
    domain::Release row;
    row.id = domain::ReleaseId{static_cast<int64_t>(out_.rows.releases.size()) + 1};
    row.product = product.id;
    row.version = version;
    row.state = second_wave ? ReleaseState::draft : ReleaseState::published;
    row.sequence = row.id.value;
    row.created_at = row.published_at = kWorldStart;
    out_.rows.releases.push_back(row);
    product.newest = version;
    return row.id;
  }

  void package(SimProduct& product, domain::ReleaseId release, const std::string& version,
               const std::string& file_name, size_t size, const std::string& base_version = {}) {
    domain::Package row;
    row.id = domain::PackageId{static_cast<int64_t>(out_.rows.packages.size()) + 1};
    row.release = release;
    row.kind = base_version.empty() ? PackageKind::full : PackageKind::delta;
    row.base_version = base_version;
    row.file_name = file_name;
    row.format = "raw";
    base::SeededRandom bytes(static_cast<uint64_t>(row.id.value));
    const auto info = world_.put_blob(bytes.bytes(size));
    row.size_bytes = info.size_bytes;
    row.digests = info.digests;
    row.created_at = row.updated_at = kWorldStart;
    product.images[version].insert(row.digests.sha256);
    out_.rows.packages.push_back(std::move(row));
  }

  void credential(domain::CredentialKind kind, const std::string& name, std::string secret) {
    domain::Credential row;
    row.id = domain::CredentialId{static_cast<int64_t>(out_.rows.credentials.size()) + 1};
    row.tenant = domain::kDefaultTenant;
    row.kind = kind;
    row.name = name;
    row.secret = std::move(secret);
    row.created_at = kWorldStart;
    out_.rows.credentials.push_back(std::move(row));
  }

  // Of one release of each product, in the order of the products.
  domain::KitId kit(const std::string& version, size_t nth_release) {
    domain::Kit row;
    row.id = domain::KitId{static_cast<int64_t>(out_.rows.kits.size()) + 1};
    row.tenant = domain::kDefaultTenant;
    row.version = version;
    row.state = ReleaseState::published;
    row.created_at = row.updated_at = kWorldStart;
    for (const SimProduct& product : out_.products) {
      size_t at = 0;
      for (const domain::Release& release : out_.rows.releases) {
        if (release.product != product.id || at++ != nth_release) continue;
        const domain::KitItemId item{row.id.value * 100 + product.id.value};
        row.items.push_back({item, release.id, 0, {}, kWorldStart, kWorldStart});
      }
    }
    out_.rows.kits.push_back(row);
    return row.id;
  }

  void publish_everything() {
    for (domain::Release& release : out_.rows.releases) release.state = ReleaseState::published;
  }

  SimCatalogue take() { return std::move(out_); }

  SimCatalogue finish() {
    domain::Deployment row;
    row.id = domain::DeploymentId{1};
    row.tenant = domain::kDefaultTenant;
    row.name = "standing";
    row.state = domain::DeploymentState::running;
    row.target.newest_in_channel = "stable";
    row.attempts_max = 1'000;
    row.created_at = row.updated_at = kWorldStart;
    out_.rows.deployments.push_back(std::move(row));
    return take();
  }

 private:
  World& world_;
  SimCatalogue out_;
};

// `base`: what the devices run at first is a release too, so that they can be led back to it.
void add_oomi(Builder& builder, bool base = false) {
  domain::Product row;
  row.name = "OOMI_Cube_APP";
  row.model = "1";
  row.version_format.pattern = "V#N.#N.#N.#N";
  SimProduct& product = builder.product(row, "0A0B0C0D");
  product.make = dialect::make_oomi_device;
  product.words = {{"product", "OOMI_Cube_APP"}, {"version", "V2.0.5.8"}};
  if (base) {
    const auto before = builder.release(product, "V2.0.5.8", false);
    builder.package(product, before, "V2.0.5.8", "OOMI_Cube_APP-V0.0.0.0-V2.0.5.8.apk", 8'500);
  }
  const auto first = builder.release(product, "V2.0.6.9", false);
  builder.package(product, first, "V2.0.6.9", "OOMI_Cube_APP-V0.0.0.0-V2.0.6.9.apk", 9'000);
  const auto second = builder.release(product, "V2.0.6.10", true);
  builder.package(product, second, "V2.0.6.10", "OOMI_Cube_APP-V0.0.0.0-V2.0.6.10.apk", 9'500);
}

void add_onenet(Builder& builder, const std::string& style, const std::string& module,
                const std::string& prefix, bool base = false) {
  static const std::string kKey = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
  domain::Product row;
  row.name = "module " + module;
  row.manufacturer = "001";
  row.module = module;
  SimProduct& product = builder.product(row, prefix);
  product.make = dialect::make_onenet_device;
  product.words = {{"pid", "123123"}, {"access_key", kKey}, {"manuf", "001"},
                   {"model", module}, {"type", "1"},        {"version", "1.2"}};
  if (!style.empty()) product.words.emplace_back("style", style);
  if (base) {
    const auto before = builder.release(product, "1.2", false);
    builder.package(product, before, "1.2", "module-1.2.bin", 2'900);
  }
  const auto first = builder.release(product, "1.3", false);
  builder.package(product, first, "1.3", "module-1.3.bin", 3'000);
  builder.package(product, first, "1.3", "module-1.2-1.3.delta", 1'200, "1.2");
  const auto second = builder.release(product, "1.4", true);
  builder.package(product, second, "1.4", "module-1.4.bin", 3'100);
}

void add_ubtech(Builder& builder, bool base = false) {
  domain::Product row;
  row.name = "com.ubtechinc.alpha2services";
  row.model = "service5mic";
  row.version_format.scheme = domain::VersionScheme::integer;
  SimProduct& product = builder.product(row, "robot");
  product.make = dialect::make_ubtech_device;
  product.words = {
      {"client_id", "mobile_1"}, {"client_secret", "secret_1"}, {"username", "aa"},
      {"password", "aa"},        {"package_name", row.name},    {"file_name", row.model},
      {"language", "CN"},        {"robot_version", "1"},        {"version", "6"}};
  if (base) {
    const auto before = builder.release(product, "6", false);
    builder.package(product, before, "6", "Alpha2Services-1.1.0.32--6--5mic.zip", 6'000);
  }
  const auto first = builder.release(product, "17", false);
  builder.package(product, first, "17", "Alpha2Services-1.1.1.32--17--5mic.patch", 4'000, "6");
  const auto second = builder.release(product, "18", true);
  builder.package(product, second, "18", "Alpha2Services-1.1.2.32--18--5mic.patch", 4'200, "17");
}

// It does not say what it is but by an attribute, nor which version it runs but after a restart.
void add_hawkbit(Builder& builder, bool base = false) {
  domain::Product row;
  row.name = "gateway-os";
  SimProduct& product = builder.product(row, "gateway");
  product.make = dialect::make_hawkbit_device;
  product.words = {{"gateway_token", kGatewayToken}, {"product", row.name}, {"version", "1.0"}};
  if (base) {
    const auto before = builder.release(product, "1.0", false);
    builder.package(product, before, "1.0", "gateway-os-1.0.swu", 7'000);
  }
  const auto first = builder.release(product, "2.0", false);
  builder.package(product, first, "2.0", "gateway-os-2.0.swu", 7'200);
  const auto second = builder.release(product, "3.0", true);
  builder.package(product, second, "3.0", "gateway-os-3.0.swu", 7'400);
}

void add_credentials(Builder& builder, const World& world) {
  const auto& secrets = world.secrets();
  using Kind = domain::CredentialKind;
  builder.credential(Kind::onenet_product, "123123",
                     secrets.seal_text("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="));
  builder.credential(Kind::hawkbit_gateway, "gateways",
                     secrets.keyed_hash(app::kHawkbitGatewayPurpose, kGatewayToken));
  builder.credential(Kind::oauth_client, "mobile_1",
                     secrets.keyed_hash(app::kOauthSecretPurpose, "secret_1"));
  builder.credential(Kind::oauth_user, "aa", secrets.keyed_hash(app::kOauthSecretPurpose, "aa"));
}

}  // namespace

void add_sim_dialects(World& world, base::Random& token_random) {
  world.add(dialect::make_oomi({}, world.secrets()));
  world.add(dialect::make_onenet({}, world.secrets()));
  world.add(dialect::make_ubtech({}, world.secrets(), token_random));
  dialect::HawkbitConfig hawkbit;
  hawkbit.register_unknown = dialect::HawkbitRegister::yes;
  world.add(dialect::make_hawkbit(hawkbit, world.secrets()));
}

SimCatalogue make_sim_catalogue(World& world) {
  Builder builder(world);
  add_oomi(builder);
  add_onenet(builder, "", "00107", "52");
  add_onenet(builder, "esp8266", "00106", "61");
  add_ubtech(builder);
  add_hawkbit(builder);
  add_credentials(builder, world);
  return builder.finish();
}

SimCatalogue make_rollout_catalogue(World& world) {
  Builder builder(world);
  add_oomi(builder, true);
  add_onenet(builder, "", "00107", "52", true);
  add_onenet(builder, "esp8266", "00106", "61", true);
  add_ubtech(builder, true);
  add_hawkbit(builder, true);
  builder.publish_everything();
  builder.kit("1.0.0.0", 0);
  builder.kit("2.0.0.0", 1);
  builder.kit("3.0.0.0", 2);
  add_credentials(builder, world);
  return builder.take();
}

}  // namespace otaru::tests
