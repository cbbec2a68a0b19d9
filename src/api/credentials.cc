// SPDX-License-Identifier: Apache-2.0
// Credentials. Nobody may gain more than they have: keys that reach every tenant are made and
// changed by those who do.
#include "api/handlers.h"
#include "api/listing.h"

namespace otaru::api {
namespace {

using base::Code;
using domain::Credential;

void write_credential(base::JsonWriter& out, const Call& call, const Credential& row,
                      const std::string* secret) {
  out.begin_object();
  out.member("id", row.id.value);
  out.member("tenant", call.tenant_name(row.tenant));
  out.member("kind", domain::name_of(row.kind));
  out.member("name", row.name);
  text_map_member(out, "attributes", row.attributes);
  integers_member(out, "permissions", row.permissions);
  out.member("disabled", row.disabled);
  time_member(out, "created_at", row.created_at);
  time_or_null_member(out, "expires_at", row.expires_at);
  const auto used = call.access().key_used_at(row.id);
  time_or_null_member(out, "last_used_at",
                      used.ms == 0 ? std::nullopt : std::optional<base::Time>(used));
  if (secret != nullptr) out.member("secret", *secret);
  out.end_object();
}

http::Response credential_response(int status, const Call& call, const Credential& row,
                                   const std::string* secret = nullptr) {
  base::JsonWriter out;
  write_credential(out, call, row, secret);
  return json_response(status, out.take());
}

base::Status check_reach(const Call& call, const Credential& row) {
  if (call.actor.everywhere() || row.kind != domain::CredentialKind::api_key ||
      app::reach_of(row) == domain::Reach::tenant) {
    return {};
  }
  return base::fail_field(Code::forbidden, "attributes.scope",
                          "keys that reach every tenant are the business of who does so",
                          "give the scope \"tenant\"");
}

base::Result<const Credential*> changeable(const Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.credential(id));
  OTARU_CHECK(check_reach(call, *known));
  return known;
}

}  // namespace

Answer list_credentials(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(tenant, call.scope(query.text("tenant")));
  const auto kind = query.word("kind", domain::parse_credential_kind);
  const auto options = query.list_options();
  OTARU_CHECK(query.done());
  const auto keep = [&, tenant = tenant](const Credential& row) {
    return (!tenant || row.tenant == *tenant) && (!kind || row.kind == *kind);
  };
  return list_rows(
      call, credential_list_words(), call.snapshot->rows().credentials, options, keep,
      [&](base::JsonWriter& out, const auto& row) { write_credential(out, call, row, nullptr); });
}

Answer create_credential(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  app::CredentialSpec spec;
  const auto tenant_name = fields.text("tenant");
  fields.required_text("kind");
  spec.kind =
      fields.word("kind", domain::parse_credential_kind).value_or(domain::CredentialKind::api_key);
  spec.name = fields.required_text("name");
  spec.secret = fields.text("secret");
  spec.attributes = fields.text_map("attributes").value_or(domain::TextMap());
  spec.permissions = fields.integers("permissions").value_or(std::vector<int64_t>());
  spec.expires_at = fields.time_or_null("expires_at").value_or(std::nullopt);
  OTARU_CHECK(fields.done());
  OTARU_TRY(tenant, call.tenant(tenant_name));
  spec.tenant = tenant;
  Credential wanted;
  wanted.kind = spec.kind;
  wanted.attributes = spec.attributes;
  OTARU_CHECK(check_reach(call, wanted));
  OTARU_TRY(made, call.catalogue().create_credential(call.by(), spec));
  return credential_response(201, call, made.credential, &made.secret);
}

Answer get_credential(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(row, call.credential(id));
  return credential_response(200, call, *row);
}

Answer update_credential(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  app::CredentialChange with;
  with.attributes = fields.text_changes("attributes");
  with.permissions = fields.integers("permissions");
  with.disabled = fields.flag("disabled");
  with.expires_at = fields.time_or_null("expires_at");
  OTARU_CHECK(fields.done());
  OTARU_TRY(known, changeable(call));
  Credential wanted = *known;
  for (const auto& [name, value] : with.attributes) {
    if (value) {
      domain::set_text(wanted.attributes, name, *value);
    } else {
      std::erase_if(wanted.attributes,
                    [&key = name](const auto& entry) { return entry.first == key; });
    }
  }
  OTARU_CHECK(check_reach(call, wanted));
  OTARU_TRY(row, call.catalogue().update_credential(call.by(), known->id, with));
  return credential_response(200, call, row);
}

Answer delete_credential(Call& call) {
  OTARU_TRY(known, changeable(call));
  OTARU_CHECK(call.catalogue().delete_credential(call.by(), known->id));
  return no_content();
}

Answer rotate_credential(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::optional));
  auto fields = body.fields();
  const auto secret = fields.text("secret");
  OTARU_CHECK(fields.done());
  OTARU_TRY(known, changeable(call));
  OTARU_TRY(made, call.catalogue().rotate_credential(call.by(), known->id, secret));
  return credential_response(200, call, made.credential, &made.secret);
}

}  // namespace otaru::api
