// SPDX-License-Identifier: Apache-2.0
// What a filter costs per device, beside the plainest loop over the same devices.
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "domain/device_filter.h"

namespace {

using otaru::domain::Device;

constexpr size_t kDevices = 100'000;
constexpr int kRounds = 10;

std::vector<Device> make_fleet() {
  std::vector<Device> fleet(kDevices);
  for (size_t i = 0; i < fleet.size(); ++i) {
    Device& device = fleet[i];
    device.tenant = otaru::domain::kDefaultTenant;
    device.key = "device-" + std::to_string(i);
    device.tags = {i % 3 == 0 ? "beta" : "stable"};
    device.attributes = {{"floor", std::to_string(i % 30)},
                         {"site", "site-" + std::to_string(i % 9)}};
    device.components = {
        {"firmware", otaru::domain::ProductId{1}, "2." + std::to_string(i % 4), {}}};
  }
  return fleet;
}

std::shared_ptr<const otaru::domain::Snapshot> make_snapshot() {
  otaru::domain::CatalogueRows rows;
  rows.tenants.push_back({otaru::domain::kDefaultTenant, "default", {}});
  otaru::domain::Product product;
  product.id = otaru::domain::ProductId{1};
  product.tenant = otaru::domain::kDefaultTenant;
  product.name = "M5310";
  rows.products.push_back(product);
  return *otaru::domain::Snapshot::build(std::move(rows));
}

template <class Holds>
double ns_per_device(const std::vector<Device>& fleet, size_t& found, const Holds& holds) {
  const std::clock_t begun = std::clock();  // processor time: other work does not count
  for (int round = 0; round < kRounds; ++round) {
    found = 0;
    for (const Device& device : fleet) found += holds(device) ? 1 : 0;
  }
  const double seconds = static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
  return seconds * 1e9 / static_cast<double>(kDevices) / kRounds;
}

}  // namespace

int main() {
  const auto fleet = make_fleet();
  const auto snapshot = make_snapshot();
  size_t found = 0;
  const double plain = ns_per_device(fleet, found, [](const Device& device) {
    return device.key.ends_with("7") && device.components.size() == 1;
  });
  std::printf("%-70s %7.1f ns/device, %zu match\n", "one comparison in C++", plain, found);
  for (const char* text :
       {R"(key == "device-7")", R"(tag in ("beta", "lab"))", R"(site == "site-7" and floor >= 10)",
        R"(product == "M5310" and version < "2.1" and tag in ("beta", "lab"))",
        R"(key like "*7*9*" or not component(version >= "2.2"))"}) {
    const auto filter = otaru::domain::Filter::compile(text, otaru::domain::device_words());
    const double ns = ns_per_device(fleet, found, [&](const Device& device) {
      return filter->matches(otaru::domain::DeviceSubject(*snapshot, device, {}));
    });
    std::printf("%-70s %7.1f ns/device, %zu match\n", text, ns, found);
  }
  return 0;
}
