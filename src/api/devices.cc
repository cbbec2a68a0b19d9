// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"

namespace otaru::api {
namespace {

using base::Code;

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

}  // namespace

base::Result<app::DeviceListing> named_device(Call& call, Query& query) {
  OTARU_TRY(tenant, call.tenant(query.text("tenant")));
  OTARU_TRY(key, call.key());
  return stored_device(call, tenant, key);
}

Answer list_devices(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  app::DeviceFilter filter;
  OTARU_TRY(tenant, call.scope(query.text("tenant")));
  filter.tenant = tenant;
  filter.key_prefix = query.text("prefix").value_or("");
  const Page page = query.page();
  OTARU_CHECK(query.done());
  const auto after = base::unhex(page.cursor);
  if (!after) return base::fail(wrong_cursor().error());
  filter.after = *after;
  filter.limit = page.limit + 1;
  auto rows = call.store().list_devices(filter);
  if (!rows) {
    if (rows.error().code == Code::invalid) return base::fail(wrong_cursor().error());
    return base::fail(std::move(rows).error());
  }
  const bool more = rows->size() > page.limit;
  if (more) rows->pop_back();
  base::JsonWriter out;
  out.begin_object();
  out.key("items");
  out.begin_array();
  for (const auto& row : *rows) write_device(out, call, row);
  out.end_array();
  if (more) {
    const auto& last = rows->back().device;
    out.member("next_cursor", base::hex(std::to_string(last.tenant.value) + "\n" + last.key));
  } else {
    out.null_member("next_cursor");
  }
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
