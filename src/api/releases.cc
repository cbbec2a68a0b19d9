// SPDX-License-Identifier: Apache-2.0
#include "api/deployment_plan.h"
#include "api/handlers.h"
#include "api/installed.h"
#include "api/listing.h"

namespace otaru::api {
namespace {

void release_members(base::JsonWriter& out, const Call& call, const domain::Release& row) {
  out.member("id", row.id.value);
  out.member("tenant", call.tenant_name(call.tenant_of(row)));
  out.member("product", row.product.value);
  out.member("version", row.version);
  out.member("channel", row.channel);
  out.member("state", domain::name_of(row.state));
  out.member("sequence", row.sequence);
  text_map_member(out, "labels", row.labels);
  text_map_member(out, "notes", row.notes);
  out.member("security", row.security);
  out.member("force", row.force);
  out.member("min_version", row.min_version);
  write_requirements(out, row.requirements);
  time_member(out, "created_at", row.created_at);
  if (row.sequence == 0) {
    out.null_member("published_at");
  } else {
    time_member(out, "published_at", row.published_at);
  }
}

void write_release(base::JsonWriter& out, const Call& call, const domain::Release& row) {
  out.begin_object();
  release_members(out, call, row);
  out.end_object();
}

http::Response release_response(int status, const Call& call, const domain::Release& row) {
  base::JsonWriter out;
  write_release(out, call, row);
  return json_response(status, out.take());
}

app::ReleaseChange read_release(Fields& fields) {
  app::ReleaseChange with;
  with.version = fields.text("version");
  with.channel = fields.text("channel");
  with.labels = fields.text_map("labels");
  with.notes = fields.text_map("notes");
  with.security = fields.flag("security");
  with.force = fields.flag("force");
  with.min_version = fields.text("min_version");
  with.requirements = read_requirements(fields);
  return with;
}

}  // namespace

Answer list_releases(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(tenant, call.scope(query.text("tenant")));
  const auto product = query.integer("product");
  const auto version = query.text("version");
  const auto channel = query.text("channel");
  const auto state = query.word("state", domain::parse_release_state);
  const auto options = query.list_options();
  OTARU_CHECK(query.done());
  const auto keep = [&, tenant = tenant](const domain::Release& row) {
    return (!tenant || call.tenant_of(row) == *tenant) &&
           (!product || row.product.value == *product) && (!version || row.version == *version) &&
           (!channel || row.channel == *channel) && (!state || row.state == *state);
  };
  return list_rows(call, release_list_words(), call.snapshot->rows().releases, options, keep,
                   [&](base::JsonWriter& out, const auto& row) { write_release(out, call, row); });
}

Answer create_release(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const int64_t product = fields.required_integer("product");
  const auto with = read_release(fields);
  OTARU_CHECK(fields.done());
  OTARU_TRY(of, call.product(product, "product"));
  OTARU_TRY(row, call.catalogue().create_release(call.by(), of->id, with));
  return release_response(201, call, row);
}

Answer get_release(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(row, call.release(id, "id"));
  return release_response(200, call, *row);
}

Answer update_release(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const auto with = read_release(fields);
  OTARU_CHECK(fields.done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.release(id, "id"));
  OTARU_TRY(row, call.catalogue().update_release(call.by(), known->id, with));
  return release_response(200, call, row);
}

Answer delete_release(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.release(id, "id"));
  OTARU_CHECK(call.catalogue().delete_release(call.by(), known->id));
  return no_content();
}

Answer publish_release(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::optional));
  OTARU_CHECK(body.fields().done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.release(id, "id"));
  OTARU_TRY(row, call.catalogue().publish_release(call.by(), known->id));
  return release_response(200, call, row);
}

Answer revoke_release(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::optional));
  OTARU_CHECK(body.fields().done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.release(id, "id"));
  OTARU_TRY(row, call.catalogue().revoke_release(call.by(), known->id));
  base::JsonWriter out;
  out.begin_object();
  release_members(out, call, row);
  installed_member(out, call, row);
  out.end_object();
  return json_response(200, out.take());
}

}  // namespace otaru::api
