// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"
#include "api/listing.h"

namespace otaru::api {
namespace {

void write_group(base::JsonWriter& out, const Call& call, const domain::Group& row) {
  out.begin_object();
  out.member("id", row.id.value);
  out.member("tenant", call.tenant_name(row.tenant));
  out.member("name", row.name);
  out.member("description", row.description);
  out.member("filter", row.filter);
  time_member(out, "created_at", row.created_at);
  time_member(out, "updated_at", row.updated_at);
  out.end_object();
}

http::Response group_response(int status, const Call& call, const domain::Group& row) {
  base::JsonWriter out;
  write_group(out, call, row);
  return json_response(status, out.take());
}

app::GroupChange read_group(Fields& fields) {
  app::GroupChange with;
  with.name = fields.text("name");
  with.description = fields.text("description");
  with.filter = fields.text("filter");
  return with;
}

}  // namespace

Answer list_groups(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(tenant, call.scope(query.text("tenant")));
  const auto options = query.list_options();
  OTARU_CHECK(query.done());
  const auto keep = [&, tenant = tenant](const domain::Group& row) {
    return !tenant || row.tenant == *tenant;
  };
  return list_rows(call, group_list_words(), call.snapshot->rows().groups, options, keep,
                   [&](base::JsonWriter& out, const auto& row) { write_group(out, call, row); });
}

Answer create_group(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const auto tenant_name = fields.text("tenant");
  const auto with = read_group(fields);
  OTARU_CHECK(fields.done());
  OTARU_TRY(tenant, call.tenant(tenant_name));
  OTARU_TRY(row, call.catalogue().create_group(call.by(), tenant, with));
  return group_response(201, call, row);
}

Answer get_group(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(row, call.group(id, "id"));
  return group_response(200, call, *row);
}

Answer update_group(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const auto with = read_group(fields);
  OTARU_CHECK(fields.done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.group(id, "id"));
  OTARU_TRY(row, call.catalogue().update_group(call.by(), known->id, with));
  return group_response(200, call, row);
}

Answer delete_group(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.group(id, "id"));
  OTARU_CHECK(call.catalogue().delete_group(call.by(), known->id));
  return no_content();
}

Answer change_group_devices(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const auto add = fields.texts("add");
  const auto remove = fields.texts("remove");
  OTARU_CHECK(fields.done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.group(id, "id"));
  OTARU_CHECK(call.parts.fleet->change_members(call.by(), known->id,
                                               add.value_or(std::vector<std::string>()),
                                               remove.value_or(std::vector<std::string>())));
  return group_response(200, call, *known);
}

}  // namespace otaru::api
