// SPDX-License-Identifier: Apache-2.0
// People. Nobody may gain more than they have: who reaches one tenant makes and sees people of that
// tenant only.
#include "api/handlers.h"
#include "api/listing.h"

namespace otaru::api {
namespace {

using base::Code;
using domain::User;

std::string_view state_of(const User& row) {
  if (row.disabled) return "disabled";
  return row.password_hash.empty() && row.oidc_subject.empty() ? "invited" : "active";
}

void write_user(base::JsonWriter& out, const Call& call, const User& row,
                const std::string* token) {
  const auto text_or_null = [&](std::string_view name, const std::string& text) {
    if (text.empty()) {
      out.null_member(name);
    } else {
      out.member(name, text);
    }
  };
  out.begin_object();
  out.member("id", row.id.value);
  text_or_null("tenant", std::string(call.tenant_name(row.tenant)));
  out.member("name", row.name);
  text_or_null("display_name", row.display_name);
  text_or_null("email", row.email);
  out.member("role", name_of(row.role));
  out.member("state", state_of(row));
  out.member("disabled", row.disabled);
  out.member("must_change_password", row.must_change);
  text_or_null("oidc_issuer", row.oidc_issuer);
  text_or_null("oidc_subject", row.oidc_subject);
  time_member(out, "created_at", row.created_at);
  const auto login = call.access().last_login_at(row.id);
  time_or_null_member(out, "last_login_at",
                      login.ms == 0 ? std::nullopt : std::optional<base::Time>(login));
  if (token != nullptr) {
    out.member("token", *token);
    out.member("link", "/api/v1/setup#" + *token);
    time_member(out, "link_expires_at", row.link_expires_at);
  }
  out.end_object();
}

http::Response user_response(int status, const Call& call, const User& row,
                             const std::string* token = nullptr) {
  base::JsonWriter out;
  write_user(out, call, row, token);
  return json_response(status, out.take());
}

base::Result<const User*> named_user(const Call& call) {
  OTARU_TRY(id, call.id());
  return call.user(id);
}

}  // namespace

Answer list_users(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(tenant, call.scope(query.text("tenant")));
  const auto options = query.list_options();
  OTARU_CHECK(query.done());
  const auto keep = [tenant = tenant](const User& row) { return !tenant || row.tenant == *tenant; };
  return list_rows(
      call, user_list_words(), call.snapshot->rows().users, options, keep,
      [&](base::JsonWriter& out, const auto& row) { write_user(out, call, row, nullptr); });
}

Answer create_user(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  User row;
  const auto tenant_name = fields.text("tenant");
  const bool everywhere = fields.flag("all_tenants").value_or(false);
  row.name = fields.required_text("name");
  row.display_name = fields.text("display_name").value_or("");
  row.email = fields.text("email").value_or("");
  row.role = fields.word("role", domain::parse_role).value_or(domain::Role::viewer);
  row.must_change = fields.flag("must_change_password").value_or(false);
  OTARU_CHECK(fields.done());
  if (everywhere && !call.actor.everywhere()) {
    return base::fail_field(Code::forbidden, "all_tenants",
                            "people of every tenant are the business of who reaches them all");
  }
  if (everywhere && tenant_name) {
    return base::fail_field(Code::invalid, "tenant", "it is either one tenant or all of them");
  }
  if (!everywhere) {
    OTARU_TRY(tenant, call.tenant(tenant_name));
    row.tenant = tenant;
  }
  OTARU_TRY(made, call.access().create_user(call.by(), row));
  return user_response(201, call, made.user, &made.token);
}

Answer get_user(Call& call) {
  OTARU_TRY(row, named_user(call));
  return user_response(200, call, *row);
}

Answer update_user(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  app::UserChange with;
  with.display_name = fields.text("display_name");
  with.email = fields.text("email");
  with.role = fields.word("role", domain::parse_role);
  with.disabled = fields.flag("disabled");
  with.must_change = fields.flag("must_change_password");
  OTARU_CHECK(fields.done());
  OTARU_TRY(known, named_user(call));
  OTARU_TRY(row, call.access().update_user(call.by(), known->id, with));
  return user_response(200, call, row);
}

Answer delete_user(Call& call) {
  OTARU_TRY(known, named_user(call));
  OTARU_CHECK(call.access().delete_user(call.by(), known->id));
  return no_content();
}

Answer invite_user(Call& call) {
  OTARU_TRY(known, named_user(call));
  OTARU_TRY(made, call.access().invite(call.by(), known->id));
  return user_response(200, call, made.user, &made.token);
}

Answer reset_user_password(Call& call) {
  OTARU_TRY(known, named_user(call));
  OTARU_TRY(made, call.access().reset_password(call.by(), known->id));
  return user_response(200, call, made.user, &made.token);
}

}  // namespace otaru::api
