// SPDX-License-Identifier: Apache-2.0
#include "api/deployment_plan.h"
#include "api/handlers.h"
#include "api/listing.h"

namespace otaru::api {
namespace {

void write_kit(base::JsonWriter& out, const Call& call, const domain::Kit& row) {
  out.begin_object();
  out.member("id", row.id.value);
  out.member("tenant", call.tenant_name(row.tenant));
  out.member("version", row.version);
  out.member("version_pattern", row.version_format.pattern);
  out.member("channel", row.channel);
  out.member("state", domain::name_of(row.state));
  text_map_member(out, "notes", row.notes);
  integers_member(out, "permissions", row.permissions);
  out.key("items");
  out.begin_array();
  for (const auto& item : row.items) {
    out.begin_object();
    out.member("id", item.id.value);
    out.member("release", item.release.value);
    out.member("stage", item.stage);
    write_requirements(out, item.requirements);
    time_member(out, "created_at", item.created_at);
    time_member(out, "updated_at", item.updated_at);
    out.end_object();
  }
  out.end_array();
  time_or_null_member(out, "released_at", row.released_at);
  out.member("upgrade_method", row.upgrade_method);
  time_member(out, "created_at", row.created_at);
  time_member(out, "updated_at", row.updated_at);
  out.end_object();
}

http::Response kit_response(int status, const Call& call, const domain::Kit& row) {
  base::JsonWriter out;
  write_kit(out, call, row);
  return json_response(status, out.take());
}

std::optional<std::vector<app::KitItemSpec>> read_items(Fields& in) {
  auto rows = in.objects("items");
  if (!rows) return std::nullopt;
  std::vector<app::KitItemSpec> out;
  for (auto& fields : *rows) {
    app::KitItemSpec& item = out.emplace_back();
    item.release = domain::ReleaseId{fields.required_integer("release")};
    item.stage = fields.integer("stage").value_or(0);
    item.requirements = read_requirements(fields).value_or(std::vector<domain::Requirement>());
    in.include(fields);
  }
  return out;
}

app::KitChange read_kit(Fields& fields) {
  app::KitChange with;
  with.version = fields.text("version");
  with.version_pattern = fields.text("version_pattern");
  with.channel = fields.text("channel");
  with.notes = fields.text_map("notes");
  with.permissions = fields.integers("permissions");
  if (const auto releases = fields.integers("releases")) {
    with.releases.emplace();
    for (const int64_t id : *releases) with.releases->push_back(domain::ReleaseId{id});
  }
  with.items = read_items(fields);
  with.released_at = fields.time_or_null("released_at");
  with.upgrade_method = fields.text("upgrade_method");
  return with;
}

}  // namespace

Answer list_kits(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(tenant, call.scope(query.text("tenant")));
  const auto state = query.word("state", domain::parse_release_state);
  const auto options = query.list_options();
  OTARU_CHECK(query.done());
  const auto keep = [&, tenant = tenant](const domain::Kit& row) {
    return (!tenant || row.tenant == *tenant) && (!state || row.state == *state);
  };
  return list_rows(call, kit_list_words(), call.snapshot->rows().kits, options, keep,
                   [&](base::JsonWriter& out, const auto& row) { write_kit(out, call, row); });
}

Answer create_kit(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const auto tenant_name = fields.text("tenant");
  const auto with = read_kit(fields);
  OTARU_CHECK(fields.done());
  OTARU_TRY(tenant, call.tenant(tenant_name));
  OTARU_TRY(row, call.catalogue().create_kit(call.by(), tenant, with));
  return kit_response(201, call, row);
}

Answer get_kit(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(row, call.kit(id, "id"));
  return kit_response(200, call, *row);
}

Answer update_kit(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const auto with = read_kit(fields);
  OTARU_CHECK(fields.done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.kit(id, "id"));
  OTARU_TRY(row, call.catalogue().update_kit(call.by(), known->id, with));
  return kit_response(200, call, row);
}

Answer delete_kit(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.kit(id, "id"));
  OTARU_CHECK(call.catalogue().delete_kit(call.by(), known->id));
  return no_content();
}

Answer publish_kit(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::optional));
  OTARU_CHECK(body.fields().done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.kit(id, "id"));
  OTARU_TRY(row, call.catalogue().publish_kit(call.by(), known->id));
  return kit_response(200, call, row);
}

Answer revoke_kit(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::optional));
  OTARU_CHECK(body.fields().done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.kit(id, "id"));
  OTARU_TRY(row, call.catalogue().revoke_kit(call.by(), known->id));
  return kit_response(200, call, row);
}

}  // namespace otaru::api
