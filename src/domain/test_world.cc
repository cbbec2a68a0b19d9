// SPDX-License-Identifier: Apache-2.0
#include "domain/test_world.h"

#include <gtest/gtest.h>

namespace otaru::domain {

TestWorld::TestWorld() {
  rows.products.reserve(kTestRowsMax);
  rows.releases.reserve(kTestRowsMax);
  rows.packages.reserve(kTestRowsMax);
  rows.kits.reserve(kTestRowsMax);
  rows.deployments.reserve(kTestRowsMax);
  rows.tenants.push_back(Tenant{kDefaultTenant, "default", {}});
  rows.tenants.push_back(Tenant{TenantId{2}, "other", {}});
  device.id = DeviceId{257};
  device.tenant = kDefaultTenant;
  device.key = "dev-1";
}

Product& TestWorld::product(std::string_view name, VersionScheme scheme) {
  Product& row = rows.products.emplace_back();
  row.id = ProductId{static_cast<int64_t>(rows.products.size())};
  row.tenant = kDefaultTenant;
  row.name = name;
  row.model = "1";
  row.version_format.scheme = scheme;
  return row;
}

Release& TestWorld::release(const Product& product, std::string_view version) {
  Release& row = rows.releases.emplace_back();
  row.id = ReleaseId{static_cast<int64_t>(rows.releases.size())};
  row.product = product.id;
  row.version = version;
  row.state = ReleaseState::published;
  row.sequence = row.id.value;
  return row;
}

Package& TestWorld::full(const Release& release, int64_t size_bytes) {
  Package& row = rows.packages.emplace_back();
  row.id = PackageId{static_cast<int64_t>(rows.packages.size())};
  row.release = release.id;
  row.size_bytes = size_bytes;
  return row;
}

Package& TestWorld::delta(const Release& release, std::string_view base_version,
                          int64_t size_bytes) {
  Package& row = full(release, size_bytes);
  row.kind = PackageKind::delta;
  row.base_version = base_version;
  return row;
}

Deployment& TestWorld::deployment() {
  Deployment& row = rows.deployments.emplace_back();
  row.id = DeploymentId{static_cast<int64_t>(rows.deployments.size())};
  row.tenant = kDefaultTenant;
  row.name = "d" + std::to_string(row.id.value);
  row.state = DeploymentState::running;
  return row;
}

Deployment& TestWorld::newest(std::string_view channel) {
  Deployment& row = deployment();
  row.target.newest_in_channel = channel;
  return row;
}

Deployment& TestWorld::deploy(const Release& release) {
  Deployment& row = deployment();
  row.target.release = release.id;
  return row;
}

Deployment& TestWorld::deploy(const Kit& kit) {
  Deployment& row = deployment();
  row.target.kit = kit.id;
  return row;
}

Kit& TestWorld::kit(std::string_view version, std::vector<ReleaseId> releases) {
  Kit& row = rows.kits.emplace_back();
  row.id = KitId{static_cast<int64_t>(rows.kits.size())};
  row.tenant = kDefaultTenant;
  row.version = version;
  row.state = ReleaseState::published;
  for (const ReleaseId id : releases) {
    KitItem& item = row.items.emplace_back();
    item.id = KitItemId{static_cast<int64_t>(row.items.size())};
    item.release = id;
  }
  return row;
}

Task& TestWorld::task(const Deployment& deployment, const Release& target,
                      std::vector<PackageId> chain, TaskState state) {
  Task row;
  row.id = TaskId{static_cast<int64_t>(device.tasks.size() + 1) * 256 + 1};
  row.device = device.id;
  row.deployment = deployment.id;
  row.product = target.product;
  row.target = target.id;
  row.target_version = target.version;
  row.slot = "slot";
  row.chain = std::move(chain);
  row.state = state;
  row.began = state == TaskState::failed || state == TaskState::upgrading;
  return *device.tasks.insert(device.tasks.begin(), std::move(row));
}

const Snapshot& TestWorld::build() {
  auto built = Snapshot::build(rows);
  EXPECT_TRUE(built.has_value()) << (built ? std::string() : built.error().message);
  snapshot = *built;
  return *snapshot;
}

base::Status TestWorld::try_build() const {
  OTARU_CHECK(Snapshot::build(rows));
  return {};
}

Decision TestWorld::check(const CheckIn& check_in, Trace* trace) {
  return decide(build(), device, check_in, now, trace);
}

std::string TestWorld::said(const CheckIn& check_in, std::string_view language) {
  const Decision decision = check(check_in);
  return explain(*snapshot, device, check_in, decision, language);
}

CheckIn check_in_of(const Product& product, std::string_view version) {
  CheckIn out;
  out.product = product.id;
  out.slot = "slot";
  out.version = version;
  return out;
}

}  // namespace otaru::domain
