// SPDX-License-Identifier: Apache-2.0
// Tenants and settings.
#include <iterator>

#include "api/handlers.h"
#include "api/listing.h"

namespace otaru::api {
namespace {

void write_tenant(base::JsonWriter& out, const domain::Tenant& row) {
  out.begin_object();
  out.member("id", row.id.value);
  out.member("name", row.name);
  time_member(out, "created_at", row.created_at);
  out.end_object();
}

void write_setting(base::JsonWriter& out, std::string_view name, std::string_view value) {
  out.begin_object();
  out.member("name", name);
  out.member("value", value);
  out.end_object();
}

// A tenant's name has no dot: no tenant's settings begin like another's.
std::string own_settings(const Call& call) {
  return "tenant." + std::string(call.tenant_name(call.actor.tenant)) + ".";
}

bool may_set(const Call& call, std::string_view name) {
  return call.actor.may(domain::Permission::server_manage) || name.starts_with(own_settings(call));
}

}  // namespace

Answer list_tenants(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  const auto options = query.list_options();
  OTARU_CHECK(query.done());
  return list_rows(
      call, tenant_list_words(), call.snapshot->rows().tenants, options,
      [&](const domain::Tenant& row) { return call.sees(row.id); }, write_tenant);
}

Answer create_tenant(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const std::string name = fields.required_text("name");
  OTARU_CHECK(fields.done());
  OTARU_TRY(row, call.catalogue().create_tenant(call.by(), name));
  base::JsonWriter out;
  write_tenant(out, row);
  return json_response(201, out.take());
}

Answer list_settings(Call& call) {
  const auto& rows = call.snapshot->rows().settings;
  domain::TextMap seen;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(seen),
               [&](const auto& setting) { return may_set(call, setting.first); });
  return list_all(seen, [](base::JsonWriter& out, const auto& setting) {
    write_setting(out, setting.first, setting.second);
  });
}

Answer put_setting(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const std::string value = fields.required_text("value");
  OTARU_CHECK(fields.done());
  OTARU_TRY(name, call.key());
  if (!may_set(call, name)) {
    return base::fail_field(base::Code::forbidden, "name", "this is a setting of the server",
                            "a tenant's own begin with " + own_settings(call));
  }
  OTARU_CHECK(call.catalogue().put_setting(call.by(), name, value));
  base::JsonWriter out;
  write_setting(out, name, value);
  return json_response(200, out.take());
}

}  // namespace otaru::api
