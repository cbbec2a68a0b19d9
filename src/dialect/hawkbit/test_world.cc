// SPDX-License-Identifier: Apache-2.0
#include "dialect/hawkbit/test_world.h"

#include <gtest/gtest.h>

#include <utility>

namespace otaru::dialect::hawkbit {
namespace {

class Rows {
 public:
  explicit Rows(tests::World& world) : world_(world) {
    rows.tenants = {{domain::TenantId{1}, "default", tests::kWorldStart},
                    {domain::TenantId{2}, "other", tests::kWorldStart}};
  }

  void product(int64_t id, std::string name, std::string feature) {
    domain::Product row;
    row.id = domain::ProductId{id};
    row.tenant = domain::kDefaultTenant;
    row.name = std::move(name);
    row.feature = std::move(feature);
    row.created_at = tests::kWorldStart;
    rows.products.push_back(std::move(row));
  }

  void release(int64_t id, int64_t product, std::string version, std::string file_name,
               std::string_view bytes) {
    domain::Release row;
    row.id = domain::ReleaseId{id};
    row.product = domain::ProductId{product};
    row.version = std::move(version);
    row.state = domain::ReleaseState::published;
    row.sequence = id;
    row.created_at = row.published_at = tests::kWorldStart;
    rows.releases.push_back(std::move(row));
    const app::BlobInfo blob = world_.put_blob(bytes);
    domain::Package package;
    package.id = domain::PackageId{20 + id};
    package.release = domain::ReleaseId{id};
    package.file_name = std::move(file_name);
    package.format = "swu";
    package.size_bytes = blob.size_bytes;
    package.digests = blob.digests;
    package.created_at = package.updated_at = tests::kWorldStart;
    rows.packages.push_back(std::move(package));
  }

  domain::Deployment& deployment(int64_t id) {
    domain::Deployment row;
    row.id = domain::DeploymentId{id};
    row.tenant = domain::kDefaultTenant;
    row.name = "deployment " + std::to_string(id);
    row.state = domain::DeploymentState::running;
    row.created_at = row.updated_at = tests::kWorldStart;
    rows.deployments.push_back(std::move(row));
    return rows.deployments.back();
  }
  domain::Deployment& newest(int64_t id, int64_t product) {
    auto& row = deployment(id);
    row.target.newest_in_channel = "stable";
    row.target.product = domain::ProductId{product};
    return row;
  }
  domain::Deployment& listed(domain::Deployment& row, std::string_view key) {
    row.everyone = false;
    row.device_keys = {std::string(key)};
    row.priority = 5;
    return row;
  }

  void gateway_token(int64_t id, int64_t tenant, std::string_view secret) {
    domain::Credential row;
    row.id = domain::CredentialId{id};
    row.tenant = domain::TenantId{tenant};
    row.kind = domain::CredentialKind::hawkbit_gateway;
    row.name = "site " + std::to_string(id);
    row.secret = world_.secrets().keyed_hash(app::kHawkbitGatewayPurpose, secret);
    row.created_at = tests::kWorldStart;
    rows.credentials.push_back(std::move(row));
  }

  domain::CatalogueRows rows;

 private:
  tests::World& world_;
};

void add_kit(Rows& seed) {
  domain::Kit kit;
  kit.id = domain::KitId{1};
  kit.tenant = domain::kDefaultTenant;
  kit.version = "1.1.0.0";
  kit.state = domain::ReleaseState::published;
  kit.released_at = kit.created_at = kit.updated_at = tests::kWorldStart;
  // The application goes first.
  const std::pair<int64_t, int64_t> items[] = {{4, 1}, {5, 0}};
  for (const auto& [release, stage] : items) {
    domain::KitItem item;
    item.id = domain::KitItemId{release};
    item.release = domain::ReleaseId{release};
    item.stage = stage;
    item.created_at = item.updated_at = tests::kWorldStart;
    kit.items.push_back(item);
  }
  seed.rows.kits.push_back(std::move(kit));
}

}  // namespace

void put_device(tests::World& world, std::string_view key, std::string_view product) {
  static int64_t next = 1000;
  domain::Device row;
  row.id = domain::DeviceId{256 * next++ + domain::bucket_for(domain::kDefaultTenant, key)};
  row.tenant = domain::kDefaultTenant;
  row.key = std::string(key);
  row.door = "operator";
  row.secret_sealed = world.secrets().seal_text("token-" + std::string(key));
  if (!product.empty()) row.attributes = {{"product", std::string(product)}};
  row.created_at = tests::kWorldStart;
  world.put_device(row);
}

std::unique_ptr<tests::World> make_test_world(const HawkbitConfig& config,
                                              server::DispatcherOptions options) {
  auto world = std::make_unique<tests::World>(std::move(options));
  Rows seed(*world);
  seed.product(1, "gateway-os", "os");
  seed.product(2, "gateway-app", "application");
  seed.product(3, "robot", "");
  seed.release(4, 1, "1.1", "gateway 1.1.swu", kGatewayImage);
  seed.release(5, 2, "2.0", "app-2.0.swu", "application 2.0\n");
  seed.release(6, 3, "3.0", "robot-3.0.bin", "robot 3.0\n");
  add_kit(seed);
  seed.newest(1, 1);
  seed.newest(2, 3);
  auto& kit = seed.listed(seed.deployment(3), "kit-1");
  kit.target.kit = domain::KitId{1};
  kit.urgency = domain::Urgency::forced;
  seed.listed(seed.newest(4, 1), "ask-1").consent = domain::ConsentMode::ask;
  seed.listed(seed.newest(5, 1), "fetch-1").urgency = domain::Urgency::download_only;
  seed.listed(seed.newest(6, 1), "stop-1").deadline = tests::kWorldStart + base::kHourMs;
  seed.listed(seed.newest(7, 1), "later-1").windows.list = {{domain::kEveryDay, 12 * 60 + 1, 780}};
  seed.gateway_token(1, 1, "gateway-secret");
  seed.gateway_token(2, 2, "other-secret");
  world->load(seed.rows);
  for (const char* key : {"gw-1", "gw-2", "gw-3"}) put_device(*world, key, "gateway-os");
  for (const char* key : {"kit-1", "ask-1", "fetch-1", "stop-1", "later-1", "idle-1"})
    put_device(*world, key, "");
  world->add(make_hawkbit(config, world->secrets()));
  return world;
}

WireReply Gateways::send(std::string_view method, const std::string& device, std::string_view path,
                         std::string_view body, std::string_view head) {
  std::string request(method);
  request += " /default/controller/v1/" + device + std::string(path) + " HTTP/1.1\r\nHost: h\r\n";
  if (head.find("Authorization") == std::string_view::npos) {
    request += "Authorization: TargetToken token-" + device + "\r\n";
  }
  request += head;
  request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  request += body;
  const auto reply = tests::parse_reply(world_->exchange(request));
  EXPECT_TRUE(reply);
  return reply ? *reply : WireReply{};
}

std::string Gateways::poll_for_action(const std::string& device) {
  const std::string body = get(device, "").body;
  const size_t at = body.find("/deploymentBase/");
  if (at == std::string::npos) return {};
  const size_t from = at + std::string_view("/deploymentBase/").size();
  return body.substr(from, body.find('?', from) - from);
}

WireReply Gateways::feedback(const std::string& device, const std::string& action,
                             std::string_view execution, std::string_view finished,
                             std::string_view details) {
  std::string body = R"({"id":")" + action + R"(","status":{"execution":")";
  body += execution;
  body += R"(","result":{"finished":")";
  body += finished;
  body += R"("},"details":[)";
  body += details;
  return post(device, "/deploymentBase/" + action + "/feedback", body + "]}}");
}

std::string Gateways::reported(const std::string& device, std::string_view name) {
  const auto row = world_->device(device);
  const std::string* text = row ? domain::find_text(row->reported, name) : nullptr;
  return text == nullptr ? std::string() : *text;
}

std::vector<domain::TaskHistory> Gateways::history_of(const std::string& device) {
  return *world_->store().task_history(task_of(device).id);
}

}  // namespace otaru::dialect::hawkbit
