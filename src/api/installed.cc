// SPDX-License-Identifier: Apache-2.0
#include "api/installed.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"
#include "domain/device_filter.h"
#include "domain/filter.h"

namespace otaru::api {
namespace {

namespace limits = base::limits;
using domain::TaskState;

constexpr size_t kRowsPerScan = 1'000;

struct Count {
  int64_t found = 0;
  bool all = false;  // every row was looked at
};

// A text of the filter language.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

std::string devices_filter(const Call& call, const domain::Release& release) {
  const domain::Product& product = *call.snapshot->product(release.product)->product;
  std::string filter = "product == " + quoted(product.name);
  const auto& products = call.snapshot->rows().products;
  const bool namesakes = std::any_of(
      products.begin(), products.end(), [&product](const domain::Product& other) {
        return other.id != product.id && other.tenant == product.tenant &&
               other.name == product.name;
      });
  if (namesakes) filter += " and product.feature == " + quoted(product.feature);
  return filter + " and version == " + quoted(release.version);
}

Count count_devices(const Call& call, domain::TenantId tenant, const std::string& text) {
  Count count;
  const auto wanted = domain::Filter::compile(text, domain::device_words());
  if (!wanted) return count;
  app::DeviceFilter filter;
  filter.tenant = tenant;
  filter.limit = kRowsPerScan;
  for (size_t scanned = 0; scanned < limits::kInstalledScanMax; scanned += filter.limit) {
    const auto rows = call.store().list_devices(filter);
    if (!rows) return count;
    for (const auto& row : *rows) {
      const domain::DeviceSubject subject(*call.snapshot, row.device, row.last_seen);
      if (wanted->matches(subject)) ++count.found;
    }
    if (rows->size() < filter.limit) {
      count.all = true;
      return count;
    }
    const auto& last = rows->back().device;
    filter.after = std::to_string(last.tenant.value) + "\n" + last.key;
  }
  return count;
}

// Not by tenant: a release has one, and the bound is on rows that are looked at.
Count count_open_tasks(const Call& call, domain::ReleaseId release) {
  Count count;
  size_t scanned = 0;
  for (const auto state :
       {TaskState::pending, TaskState::downloading, TaskState::upgrading, TaskState::paused}) {
    app::TaskFilter filter;
    filter.state = state;
    filter.limit = kRowsPerScan;
    while (true) {
      if (scanned >= limits::kInstalledScanMax) return count;
      const auto rows = call.store().list_tasks(filter);
      if (!rows) return count;
      scanned += rows->size();
      count.found +=
          std::count_if(rows->begin(), rows->end(),
                        [release](const domain::Task& task) { return task.target == release; });
      if (rows->size() < filter.limit) break;
      filter.before_id = rows->back().id.value;
    }
  }
  count.all = true;
  return count;
}

}  // namespace

void installed_member(base::JsonWriter& out, const Call& call, const domain::Release& release) {
  const domain::TenantId tenant = call.tenant_of(release);
  const std::string filter = devices_filter(call, release);
  const Count devices = count_devices(call, tenant, filter);
  const Count tasks = count_open_tasks(call, release.id);
  out.key("installed");
  out.begin_object();
  out.member("devices", devices.found);
  out.member("open_tasks", tasks.found);
  out.member("counted_all", devices.all && tasks.all);
  out.member("list", "/api/v1/devices?tenant=" + base::percent_encode(call.tenant_name(tenant)) +
                         "&filter=" + base::percent_encode(filter));
  out.end_object();
}

}  // namespace otaru::api
