// SPDX-License-Identifier: Apache-2.0
// Puts a fleet into the database of a server that is not running, through the store that the server
// itself uses: bench_fleet DATABASE COUNT. Keys are 1000000001 and up; each device has reported
// what it runs, as after its first check.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "app/ports/store.h"
#include "store/sqlite/sqlite_store.h"

namespace {

using otaru::app::WriteBatch;
namespace app = otaru::app;
namespace domain = otaru::domain;
namespace base = otaru::base;

constexpr int64_t kFirstKey = 1'000'000'001;
constexpr int64_t kPerTransaction = 10'000;

WriteBatch device_of(int64_t n) {
  domain::Device device;
  device.tenant = domain::kDefaultTenant;
  device.key = std::to_string(kFirstKey + n);
  const int64_t bucket = domain::bucket_for(device.tenant, device.key);
  device.id = domain::DeviceId((n + 1'000'000) * base::kBucketCount + bucket);
  device.door = "onenet";
  device.components = {{"firmware", domain::ProductId(1), "1.3", base::Time{1'700'000'000'000}}};
  device.created_at = base::Time{1'700'000'000'000};
  WriteBatch batch;
  batch.ops.emplace_back(app::PutDevice{std::move(device)});
  return batch;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bench_fleet DATABASE COUNT\n");
    return 2;
  }
  otaru::store::SqliteOptions options;
  options.path = argv[1];
  auto store = otaru::store::make_sqlite_store(options);
  OTARU_ASSERT(store.has_value());
  const int64_t count = std::atoll(argv[2]);
  for (int64_t first = 0; first < count; first += kPerTransaction) {
    std::vector<WriteBatch> batches;
    for (int64_t n = first; n < std::min(count, first + kPerTransaction); ++n) {
      batches.push_back(device_of(n));
    }
    std::vector<const WriteBatch*> pointers;
    for (const auto& batch : batches) pointers.push_back(&batch);
    const auto written = (*store)->apply(pointers);
    OTARU_ASSERT(written.has_value());
  }
  return 0;
}
