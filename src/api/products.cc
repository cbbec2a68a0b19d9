// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"
#include "api/listing.h"

namespace otaru::api {
namespace {

void write_product(base::JsonWriter& out, const Call& call, const domain::Product& row) {
  out.begin_object();
  out.member("id", row.id.value);
  out.member("tenant", call.tenant_name(row.tenant));
  out.member("name", row.name);
  out.member("model", row.model);
  out.member("hw_version", row.hw_version);
  out.member("feature", row.feature);
  out.member("manufacturer", row.manufacturer);
  out.member("module", row.module);
  out.member("type", domain::name_of(row.type));
  out.member("version_scheme", domain::scheme_name(row.version_format.scheme));
  out.member("version_pattern", row.version_format.pattern);
  time_member(out, "created_at", row.created_at);
  out.end_object();
}

http::Response product_response(int status, const Call& call, const domain::Product& row) {
  base::JsonWriter out;
  write_product(out, call, row);
  return json_response(status, out.take());
}

app::ProductChange read_product(Fields& fields) {
  app::ProductChange with;
  with.name = fields.text("name");
  with.model = fields.text("model");
  with.hw_version = fields.text("hw_version");
  with.feature = fields.text("feature");
  with.manufacturer = fields.text("manufacturer");
  with.module = fields.text("module");
  with.type = fields.word("type", domain::parse_product_type);
  with.version_scheme = fields.word("version_scheme", domain::parse_scheme);
  with.version_pattern = fields.text("version_pattern");
  return with;
}

}  // namespace

Answer list_products(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(tenant, call.scope(query.text("tenant")));
  const auto name = query.text("name");
  const auto model = query.text("model");
  const auto options = query.list_options();
  OTARU_CHECK(query.done());
  const auto keep = [&, tenant = tenant](const domain::Product& row) {
    return (!tenant || row.tenant == *tenant) && (!name || row.name == *name) &&
           (!model || row.model == *model);
  };
  return list_rows(call, product_list_words(), call.snapshot->rows().products, options, keep,
                   [&](base::JsonWriter& out, const auto& row) { write_product(out, call, row); });
}

Answer create_product(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const auto tenant_name = fields.text("tenant");
  const auto with = read_product(fields);
  OTARU_CHECK(fields.done());
  OTARU_TRY(tenant, call.tenant(tenant_name));
  OTARU_TRY(row, call.catalogue().create_product(call.by(), tenant, with));
  return product_response(201, call, row);
}

Answer get_product(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(row, call.product(id, "id"));
  return product_response(200, call, *row);
}

Answer update_product(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const auto with = read_product(fields);
  OTARU_CHECK(fields.done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.product(id, "id"));
  OTARU_TRY(row, call.catalogue().update_product(call.by(), known->id, with));
  return product_response(200, call, row);
}

Answer delete_product(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.product(id, "id"));
  OTARU_CHECK(call.catalogue().delete_product(call.by(), known->id));
  return no_content();
}

}  // namespace otaru::api
