// SPDX-License-Identifier: Apache-2.0
// What running deployments that cannot concern a device add to its check: decide() on a product
// with one deployment for everyone (the device is up to date) and many others.
//
//   bench_audience                    ns per check, and the ratio to the one deployment alone
//   bench_audience KIND COUNT CHECKS  only that, for counting instructions (valgrind
//   --tool=callgrind)
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "domain/decide.h"

namespace {

namespace domain = otaru::domain;
namespace base = otaru::base;

constexpr std::string_view kKinds[] = {"lists",    "long lists", "filters", "groups",
                                       "hardware", "versions",   "mixed"};
constexpr int64_t kGroups = 1'000;
constexpr base::Time kNow{1'700'000'000'000};

domain::KeySet list_of(int64_t n, int64_t keys) {
  std::vector<std::string> out;
  for (int64_t i = 0; i < keys; ++i) out.push_back("86" + std::to_string(n * 1'000'000 + i));
  return domain::KeySet::of(std::move(out));
}

void narrow(domain::Deployment& row, std::string_view kind, int64_t n) {
  if (kind == "mixed") kind = kKinds[static_cast<size_t>(n) % 6];
  if (kind == "lists" || kind == "long lists") {
    row.everyone = false;
    row.device_keys = list_of(n, kind == "lists" ? 100 : 2'000);
  } else if (kind == "filters") {
    row.audience.filter = "site == \"site-" + std::to_string(n) + "\" and not tag == \"old\"";
  } else if (kind == "groups") {
    row.everyone = false;
    row.audience.groups = {domain::GroupId{n % kGroups + 1}};
  } else if (kind == "hardware") {
    row.audience.hardware = {"rev " + std::to_string(n)};
  } else {
    row.from_versions = {"0." + std::to_string(n)};
  }
}

std::shared_ptr<const domain::Snapshot> snapshot_with(std::string_view kind, int64_t count) {
  domain::CatalogueRows rows;
  rows.tenants.push_back({domain::kDefaultTenant, "default", kNow});
  domain::Product product;
  product.id = domain::ProductId{1};
  product.tenant = domain::kDefaultTenant;
  product.name = "lamp";
  rows.products.push_back(product);
  domain::Release release;
  release.id = domain::ReleaseId{1};
  release.product = product.id;
  release.version = "2.0";
  release.state = domain::ReleaseState::published;
  release.sequence = 1;
  rows.releases.push_back(release);
  domain::Package package;
  package.id = domain::PackageId{1};
  package.release = release.id;
  package.size_bytes = 1'000;
  package.file_name = "lamp.bin";
  package.digests.sha256 = std::string(64, 'a');
  rows.packages.push_back(package);
  for (int64_t i = 1; i <= kGroups; ++i) {
    domain::Group group;
    group.id = domain::GroupId{i};
    group.tenant = domain::kDefaultTenant;
    group.name = "group " + std::to_string(i);
    rows.groups.push_back(group);
  }
  for (int64_t i = 0; i <= count; ++i) {
    domain::Deployment row;
    row.id = domain::DeploymentId{i + 1};
    row.tenant = domain::kDefaultTenant;
    row.name = "deployment " + std::to_string(i);
    row.state = domain::DeploymentState::running;
    row.target.newest_in_channel = "stable";
    row.target.product = product.id;
    if (i > 0) narrow(row, kind, i);
    rows.deployments.push_back(std::move(row));
  }
  auto built = domain::Snapshot::build(std::move(rows));
  OTARU_ASSERT(built.has_value());
  return *built;
}

// Processor time per check.
double checks(const domain::Snapshot& snapshot, int64_t count) {
  domain::Device device;
  device.id = domain::DeviceId{256};
  device.tenant = domain::kDefaultTenant;
  device.key = "861234050000017";
  device.door = "onenet";
  device.groups = {domain::GroupId{kGroups + 1}};
  device.tags = {"beta", "lab"};
  device.attributes = {{"floor", "3"}, {"site", "site-x"}};
  device.reported = {{"battery_percent", "80"}, {"hw_version", "rev x"}, {"signal", "20"}};
  device.components = {{"firmware", domain::ProductId{1}, "2.0", kNow}};
  domain::CheckIn check;
  check.product = domain::ProductId{1};
  check.slot = "firmware";
  check.version = "2.0";
  const std::clock_t begun = std::clock();
  for (int64_t i = 0; i < count; ++i) {
    const auto decision = domain::decide(snapshot, device, check, kNow);
    OTARU_ASSERT(decision.reason == domain::Reason::up_to_date);
  }
  return static_cast<double>(std::clock() - begun) * 1e9 / CLOCKS_PER_SEC /
         static_cast<double>(count);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4) {
    checks(*snapshot_with(argv[1], std::atoll(argv[2])), std::atoll(argv[3]));
    return 0;
  }
  constexpr int64_t kChecks = 100'000;
  for (const std::string_view kind : kKinds) {
    for (const int64_t count : {10, 100, 1'000}) {
      const auto alone = snapshot_with(kind, 0);
      const auto many = snapshot_with(kind, count);
      std::vector<double> ratios;
      double ns = 0;
      for (int round = 0; round < 5; ++round) {
        const double one = checks(*alone, kChecks);
        ns = checks(*many, kChecks);
        ratios.push_back(ns / one);
      }
      std::sort(ratios.begin(), ratios.end());
      std::printf("%5lld x %-10s %7.0f ns per check, %5.2f times one alone\n",
                  static_cast<long long>(count), std::string(kind).c_str(), ns, ratios[2]);
    }
  }
  return 0;
}
