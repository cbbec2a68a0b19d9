// SPDX-License-Identifier: Apache-2.0
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

}  // namespace otaru::api
