// SPDX-License-Identifier: Apache-2.0
// Logging in and out, links, and what one is and has oneself.
#include "api/handlers.h"
#include "base/limits.h"

namespace otaru::api {
bool is_secure(const Call& call) {
  return call.request.tls || call.parts.behind_tls;
}

namespace {

using base::Code;

// The prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis 4.1.3.2).
std::string_view cookie_name(const Call& call) {
  return is_secure(call) ? "__Host-otaru" : "otaru";
}

void set_cookie(const Call& call, http::Response& response, std::string_view token,
                int64_t seconds) {
  std::string value(cookie_name(call));
  value += "=" + std::string(token) + "; Path=/; Max-Age=" + std::to_string(seconds) +
           "; HttpOnly; SameSite=Strict";
  if (is_secure(call)) value += "; Secure";
  response.header("Set-Cookie", value);
}

base::Status check_person(const Call& call) {
  if (call.actor.user != nullptr) return {};
  return base::fail_field(Code::precondition, "", "this is a key, not a person who is logged in");
}

void write_me(base::JsonWriter& out, const Call& call, const Caller& me) {
  out.begin_object();
  out.member("kind", me.user != nullptr ? "user" : "key");
  out.member("id", me.user != nullptr ? me.user->id.value : me.key->id.value);
  out.member("name", me.name());
  if (me.user != nullptr && !me.user->display_name.empty()) {
    out.member("display_name", me.user->display_name);
  } else {
    out.null_member("display_name");
  }
  out.member("tenant", call.tenant_name(me.tenant));
  out.member("role", name_of(me.role));
  out.member("scope", name_of(me.reach));
  out.key("permissions");
  out.begin_array();
  for (const auto permission : domain::all_permissions()) {
    if (me.may(permission)) out.value(name_of(permission));
  }
  out.end_array();
  out.member("must_change_password", me.user != nullptr && me.user->must_change);
  if (me.login) {
    out.member("session", me.login->login);
    out.member("csrf", call.access().csrf_token(me.login->login));
  } else {
    out.null_member("session");
    out.null_member("csrf");
  }
  out.end_object();
}

}  // namespace

std::optional<http::Response> slowed_down(const Call& call, std::string_view name) {
  const int64_t wait = call.access().take_attempt(name, call.request.peer);
  if (wait <= 0) return std::nullopt;
  const std::string seconds = std::to_string((wait + 999) / 1000);
  Problem what;
  what.status = 429;
  what.code = "exhausted";
  what.detail = "too many attempts";
  const std::string remedy = "try again in " + seconds + " seconds";
  what.remedy = remedy;
  auto response = problem(what);
  response.header("Retry-After", seconds);
  return response;
}

app::LoginFacts facts_of(const Call& call) {
  return {std::string(call.request.peer),
          std::string(call.request.header("User-Agent").value_or(""))};
}

std::string_view cookie_of(const Call& call, std::string_view wanted) {
  for (const auto& header : call.request.headers) {
    if (!base::iequals(header.name, "Cookie")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const size_t end = rest.find(';');
      const std::string_view pair = base::trim(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
      const size_t is = pair.find('=');
      if (is != std::string_view::npos && pair.substr(0, is) == wanted) return pair.substr(is + 1);
    }
  }
  return {};
}

std::string_view session_cookie(const Call& call) {
  return cookie_of(call, cookie_name(call));
}

void set_session_cookie(const Call& call, http::Response& response, std::string_view token) {
  set_cookie(call, response, token, base::limits::kLoginLifeMs / 1000);
}

http::Response logged_in(const Call& call, const app::NewLogin& made) {
  Caller me;
  me.user = &made.user;
  me.login = app::AccessService::Known{made.user.id, made.login.id, made.login.token_hash};
  me.tenant = made.user.tenant ? made.user.tenant : domain::kDefaultTenant;
  me.role = made.user.role;
  me.reach = made.user.reach();
  base::JsonWriter out;
  write_me(out, call, me);
  auto response = json_response(200, out.take());
  set_session_cookie(call, response, made.token);
  return response;
}

Answer log_in(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const std::string name = fields.required_text("name");
  const std::string password = fields.required_text("password");
  OTARU_CHECK(fields.done());
  if (auto wait = slowed_down(call, name)) return std::move(*wait);
  OTARU_TRY(made, call.access().log_in(name, password, facts_of(call)));
  return logged_in(call, made);
}

Answer log_out(Call& call) {
  OTARU_CHECK(check_person(call));
  OTARU_CHECK(call.access().log_out(call.actor.user->id, call.actor.login->login));
  auto response = no_content();
  set_cookie(call, response, "", 0);
  return response;
}

Answer set_up(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const std::string token = fields.required_text("token");
  const auto name = fields.text("name");
  const std::string password = fields.required_text("password");
  OTARU_CHECK(fields.done());
  if (auto wait = slowed_down(call, "")) return std::move(*wait);
  OTARU_TRY(user, call.access().set_up(token, name, password, call.request.peer));
  OTARU_TRY(made, call.access().log_in_as(user, facts_of(call)));
  return logged_in(call, made);
}

Answer get_me(Call& call) {
  base::JsonWriter out;
  write_me(out, call, call.actor);
  return json_response(200, out.take());
}

Answer change_password(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const std::string current = fields.required_text("current");
  const std::string password = fields.required_text("password");
  OTARU_CHECK(fields.done());
  OTARU_CHECK(check_person(call));
  const auto id = call.actor.user->id;
  if (auto wait = slowed_down(call, call.actor.user->name)) return std::move(*wait);
  OTARU_CHECK(call.access().change_password(call.by(), id, current, password));
  const auto snapshot = call.parts.engine->snapshot();
  const auto* user = snapshot->user(id);
  if (user == nullptr) return base::fail(Code::unauthenticated, "the session has ended");
  OTARU_TRY(made, call.access().log_in_as(*user, facts_of(call)));
  return logged_in(call, made);
}

Answer list_sessions(Call& call) {
  const auto rows = call.actor.user != nullptr ? call.access().logins_of(call.actor.user->id)
                                               : std::vector<app::LoginRow>();
  return list_all(rows, [&](base::JsonWriter& out, const app::LoginRow& row) {
    out.begin_object();
    out.member("id", row.id);
    out.member("this", call.actor.login && call.actor.login->login == row.id);
    out.member("peer", row.peer);
    out.member("agent", row.agent);
    time_member(out, "created_at", row.created_at);
    time_member(out, "used_at", row.used_at);
    time_member(out, "expires_at", row.expires_at);
    out.end_object();
  });
}

Answer end_session(Call& call) {
  OTARU_TRY(id, call.key());
  if (call.actor.user == nullptr) {
    return base::fail_field(Code::not_found, "id", "there is no such session");
  }
  OTARU_CHECK(call.access().log_out(call.actor.user->id, id));
  return no_content();
}

}  // namespace otaru::api
