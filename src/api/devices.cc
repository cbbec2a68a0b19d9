// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"
#include "api/listing.h"
#include "domain/device_filter.h"

namespace otaru::api {
namespace {

using base::Code;

// One request with a filter looks at so many devices, some 100 ms of work.
constexpr size_t kDevicesScannedMax = 10'000;
constexpr size_t kDevicesPerScan = 1'000;

base::Error unknown_device() {
  return base::fail_field(Code::not_found, "key", "there is no such device",
                          "a device is known once it has asked or was registered")
      .value();
}

void write_device(base::JsonWriter& out, const Call& call, const app::DeviceListing& row) {
  const auto& device = row.device;
  out.begin_object();
  out.member("id", device.id.value);
  out.member("tenant", call.tenant_name(device.tenant));
  out.member("key", device.key);
  out.member("door", device.door);
  out.member("blocked", device.blocked);
  out.member("pending", device.pending);
  out.member("has_secret", !device.secret_sealed.empty());
  text_map_member(out, "attributes", device.attributes);
  text_map_member(out, "reported", device.reported);
  texts_member(out, "tags", device.tags);
  out.key("groups");
  out.begin_array();
  for (const auto id : device.groups) {
    if (const auto* group = call.snapshot->group(id)) out.value(group->group->name);
  }
  out.end_array();
  out.key("components");
  out.begin_array();
  for (const auto& component : device.components) {
    out.begin_object();
    out.member("slot", component.slot);
    id_or_null_member(out, "product", component.product.value);
    out.member("version", component.version);
    time_member(out, "reported_at", component.reported_at);
    out.end_object();
  }
  out.end_array();
  time_member(out, "created_at", device.created_at);
  if (row.last_seen.ms == 0) {
    out.null_member("last_seen_at");
  } else {
    time_member(out, "last_seen_at", row.last_seen);
  }
  out.end_object();
}

// The device of this key as stored, with when it was last seen.
base::Result<app::DeviceListing> stored_device(const Call& call, domain::TenantId tenant,
                                               const std::string& key) {
  app::DeviceFilter filter;
  filter.tenant = tenant;
  filter.key_prefix = key;
  filter.limit = 1;
  OTARU_TRY(rows, call.store().list_devices(filter));
  if (key.empty() || rows.empty() || rows.front().device.key != key) {
    return base::fail(unknown_device());
  }
  return std::move(rows.front());
}

Answer device_response(int status, const Call& call, domain::TenantId tenant,
                       const std::string& key) {
  OTARU_TRY(row, stored_device(call, tenant, key));
  base::JsonWriter out;
  write_device(out, call, row);
  return json_response(status, out.take());
}

// Tenant and key of the path, for operations that look the device up themselves.
struct DeviceName {
  domain::TenantId tenant;
  std::string key;
};
base::Result<DeviceName> device_name(const Call& call, Query& query) {
  const auto tenant_name = query.text("tenant");
  OTARU_CHECK(query.done());
  OTARU_TRY(tenant, call.tenant(tenant_name));
  OTARU_TRY(key, call.key());
  return DeviceName{tenant, key};
}

// The gateway speaks to devices; operators are told more.
base::Error for_operators(base::Error error) {
  return error.code == Code::not_found ? unknown_device() : std::move(error);
}

// What a person says of a device that waits for approval.
Answer answer_pending(Call& call, base::Status (app::FleetService::*verb)(const app::Actor&,
                                                                          domain::TenantId,
                                                                          std::string_view)) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(name, device_name(call, query));
  if (auto done = (call.parts.fleet->*verb)(call.by(), name.tenant, name.key); !done) {
    return base::fail(for_operators(std::move(done).error()));
  }
  return device_response(200, call, name.tenant, name.key);
}

}  // namespace

base::Result<app::DeviceListing> named_device(Call& call, Query& query) {
  OTARU_TRY(tenant, call.tenant(query.text("tenant")));
  OTARU_TRY(key, call.key());
  return stored_device(call, tenant, key);
}

// In the order of (tenant, key). With a filter as many devices are looked at as one request may;
// what was found until then is a page, and its cursor leads on.
Answer list_devices(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  app::DeviceFilter filter;
  OTARU_TRY(tenant, call.scope(query.text("tenant")));
  filter.tenant = tenant;
  filter.key_prefix = query.text("prefix").value_or("");
  const auto pending = query.flag("pending");
  filter.pending = pending.value_or(false);
  const auto options = query.list_options();
  OTARU_CHECK(query.done());
  if (!options.sort.empty() && options.sort != "key") {
    return base::fail_field(Code::invalid, "sort", "devices are listed by key",
                            "leave it out, or say key");
  }
  OTARU_TRY(wanted, domain::Filter::compile(options.filter, domain::device_words()));
  const auto after = base::unhex(options.page.cursor);
  if (!after) return base::fail(wrong_cursor().error());
  filter.after = *after;
  base::JsonWriter out;
  out.begin_object();
  out.key("items");
  out.begin_array();
  size_t found = 0;
  size_t scanned = 0;
  bool more = true;
  while (more && found < options.page.limit && scanned < kDevicesScannedMax) {
    filter.limit = wanted.everything() ? options.page.limit + 1 : kDevicesPerScan;
    auto rows = call.store().list_devices(filter);
    if (!rows) {
      if (rows.error().code == Code::invalid) return base::fail(wrong_cursor().error());
      return base::fail(std::move(rows).error());
    }
    more = rows->size() == filter.limit;
    for (size_t i = 0; i < rows->size(); ++i) {
      if (found == options.page.limit) {
        more = true;
        break;
      }
      const auto& row = (*rows)[i];
      ++scanned;
      filter.after = std::to_string(row.device.tenant.value) + "\n" + row.device.key;
      const domain::DeviceSubject subject(*call.snapshot, row.device, row.last_seen);
      if (!wanted.matches(subject)) continue;
      if (pending && row.device.pending != *pending) continue;
      ++found;
      base::JsonWriter item;
      write_device(item, call, row);
      std::string json = item.take();
      if (!options.fields.empty()) {
        OTARU_TRY(some, with_fields(json, options.fields));
        json = std::move(some);
      }
      out.raw(json);
    }
  }
  out.end_array();
  if (more) {
    out.member("next_cursor", base::hex(filter.after));
  } else {
    out.null_member("next_cursor");
  }
  out.member("scanned", scanned);
  out.end_object();
  return json_response(200, out.take());
}

Answer register_device(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  app::DeviceSpec spec;
  const auto tenant_name = fields.text("tenant");
  spec.key = fields.required_text("key");
  spec.attributes = fields.text_map("attributes").value_or(domain::TextMap());
  spec.secret = fields.text("secret");
  OTARU_CHECK(fields.done());
  OTARU_TRY(tenant, call.tenant(tenant_name));
  spec.tenant = tenant;
  OTARU_CHECK(call.parts.fleet->register_device(call.by(), spec));
  return device_response(201, call, tenant, spec.key);
}

Answer get_device(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(name, device_name(call, query));
  return device_response(200, call, name.tenant, name.key);
}

Answer update_device(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(name, device_name(call, query));
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  app::DeviceChange with;
  with.blocked = fields.flag("blocked");
  with.attributes = fields.text_changes("attributes");
  with.tags = fields.texts("tags");
  with.groups = fields.texts("groups");
  OTARU_CHECK(fields.done());
  if (auto done = call.parts.fleet->update_device(call.by(), name.tenant, name.key, with); !done) {
    return base::fail(for_operators(std::move(done).error()));
  }
  return device_response(200, call, name.tenant, name.key);
}

Answer delete_device(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(name, device_name(call, query));
  if (auto done = call.parts.fleet->erase_device(call.by(), name.tenant, name.key); !done) {
    return base::fail(for_operators(std::move(done).error()));
  }
  return no_content();
}

Answer approve_device(Call& call) {
  return answer_pending(call, &app::FleetService::approve_device);
}

Answer reject_device(Call& call) {
  return answer_pending(call, &app::FleetService::reject_device);
}

Answer set_device_secret(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(name, device_name(call, query));
  OTARU_TRY(body, Body::of(call.request, Presence::optional));
  auto fields = body.fields();
  const auto given = fields.text("secret");
  OTARU_CHECK(fields.done());
  auto secret = call.parts.fleet->set_secret(call.by(), name.tenant, name.key, given);
  if (!secret) return base::fail(for_operators(std::move(secret).error()));
  base::JsonWriter out;
  out.begin_object();
  out.member("secret", *secret);
  out.end_object();
  return json_response(200, out.take());
}

Answer delete_device_secret(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(name, device_name(call, query));
  if (auto done = call.parts.fleet->clear_secret(call.by(), name.tenant, name.key); !done) {
    return base::fail(for_operators(std::move(done).error()));
  }
  return no_content();
}

Answer list_device_log(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(device, named_device(call, query));
  const Page page = query.page();
  OTARU_CHECK(query.done());
  OTARU_TRY(lines, call.store().device_log(device.device.id, page.limit));
  return list_all(lines, [](base::JsonWriter& out, const app::DeviceLogRow& line) {
    out.begin_object();
    time_member(out, "at", line.at);
    out.member("door", line.door);
    out.member("text", line.text);
    out.end_object();
  });
}

}  // namespace otaru::api
