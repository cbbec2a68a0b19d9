// SPDX-License-Identifier: Apache-2.0
// The operator's list of devices, in the order of (tenant, key) over all buckets. The only index on
// keys is per bucket, because every further one would cost each new device a page of its own; so
// the list is merged from 256 ranges, a few entries of each at a time.
#include <algorithm>
#include <limits>

#include "store/rules.h"
#include "store/sqlite/sqlite_impl.h"

namespace otaru::store {
namespace {

using TenantMark = std::optional<domain::TenantId>;

// The smallest text after `text` in the order of bytes.
std::string just_after(std::string_view text) {
  return std::string(text) + '\0';
}

class DeviceMerge {
 public:
  struct Entry {
    std::string key;
    domain::DeviceId id;
  };
  DeviceMerge(ReadScope& scope, Query keys) : scope_(scope), keys_(keys) {}

  // The first tenant from `from` on that has devices.
  base::Result<TenantMark> next_tenant(domain::TenantId from);
  // Some entries of the tenant from `lower` on, without a gap and in order; `lower` moves behind
  // them, and `done` says that there are no more.
  base::Result<std::vector<Entry>> next_keys(domain::TenantId tenant, std::string& lower,
                                             size_t wanted, bool& done);
  base::Result<app::DeviceListing> load(domain::DeviceId id);

 private:
  ReadScope& scope_;
  Query keys_;  // which list of keys is merged
};

base::Result<TenantMark> DeviceMerge::next_tenant(domain::TenantId from) {
  TenantMark first;
  for (int64_t bucket = 0; bucket < base::kBucketCount; ++bucket) {
    Call call(scope_.asking(), Query::next_tenant_with_devices);
    call.bind(bucket).bind(from);
    if (call.next()) {
      domain::TenantId tenant;
      call.read_values(tenant);
      if (!first || tenant < *first) first = tenant;
    }
    OTARU_CHECK(call.status());
  }
  return first;
}

base::Result<std::vector<DeviceMerge::Entry>> DeviceMerge::next_keys(domain::TenantId tenant,
                                                                     std::string& lower,
                                                                     size_t wanted, bool& done) {
  // Twice its fair share from each bucket, so that one round is mostly enough.
  const size_t share = std::min<size_t>(wanted, 8192) * 2 / base::kBucketCount + 4;
  std::vector<Entry> entries;
  std::optional<std::string> complete_to;  // up to here no bucket holds anything unseen
  for (int64_t bucket = 0; bucket < base::kBucketCount; ++bucket) {
    Call call(scope_.asking(), keys_);
    call.bind(bucket).bind(tenant).bind(lower).bind(static_cast<int64_t>(share));
    size_t count = 0;
    for (; call.next(); ++count) {
      auto& entry = entries.emplace_back();
      call.read_values(entry.key, entry.id);
    }
    OTARU_CHECK(call.status());
    if (count == share && (!complete_to || entries.back().key < *complete_to)) {
      complete_to = entries.back().key;
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.key < b.key; });
  done = !complete_to;
  if (complete_to) {
    while (entries.back().key > *complete_to) entries.pop_back();
    lower = just_after(*complete_to);
  }
  return entries;
}

base::Result<app::DeviceListing> DeviceMerge::load(domain::DeviceId id) {
  const int64_t bucket = base::bucket_of(id);
  app::DeviceListing row;
  Call device(scope_.asking(), Query::device_by_id);
  device.bind(bucket).bind(id);
  if (device.next()) device.read(row.device);
  OTARU_CHECK(device.status());
  Call components(scope_.asking(), Query::components_of_device);
  components.bind(bucket).bind(id);
  while (components.next()) components.read(row.device.components.emplace_back());
  OTARU_CHECK(components.status());
  Call seen(scope_.asking(), Query::seen_at);
  seen.bind(bucket).bind(id);
  if (seen.next()) seen.read_values(row.last_seen);
  OTARU_CHECK(seen.status());
  return row;
}

}  // namespace

base::Result<std::vector<app::DeviceListing>> SqliteStore::list_devices(
    const app::DeviceFilter& filter) {
  DeviceCursor from{domain::TenantId(std::numeric_limits<int64_t>::min()), {}};
  if (filter.tenant) from.tenant = *filter.tenant;
  if (!filter.after.empty()) {
    OTARU_TRY(cursor, parse_device_cursor(filter.after));
    if (filter.tenant && cursor.tenant > *filter.tenant) return std::vector<app::DeviceListing>();
    if (cursor.tenant >= from.tenant) from = {cursor.tenant, just_after(cursor.key)};
  }
  ReadScope scope(readers_, *options_.probe, ReadScope::Kind::transaction);
  OTARU_CHECK(scope.status());
  DeviceMerge merge(scope, filter.pending ? Query::pending_keys_from : Query::device_keys_from);
  std::vector<app::DeviceListing> out;
  while (out.size() < filter.limit) {
    OTARU_TRY(tenant, merge.next_tenant(from.tenant));
    if (!tenant || (filter.tenant && *tenant != *filter.tenant)) break;
    std::string lower = *tenant == from.tenant ? from.key : std::string();
    lower = std::max(lower, filter.key_prefix);
    for (bool done = false; !done && out.size() < filter.limit;) {
      OTARU_TRY(entries, merge.next_keys(*tenant, lower, filter.limit - out.size(), done));
      for (const auto& entry : entries) {
        // Sorted: behind the first key without the prefix there is none with it.
        done = done || !entry.key.starts_with(filter.key_prefix);
        if (!entry.key.starts_with(filter.key_prefix) || out.size() == filter.limit) break;
        OTARU_TRY(row, merge.load(entry.id));
        out.push_back(std::move(row));
      }
    }
    if (tenant->value == std::numeric_limits<int64_t>::max()) break;
    from = {domain::TenantId(tenant->value + 1), {}};
  }
  return out;
}

}  // namespace otaru::store
