// SPDX-License-Identifier: Apache-2.0
// The two stops of a browser that logs in through an identity provider. The browser comes back from
// another site, so the cookie in between is SameSite=Lax, and the answer is a page that goes on by
// itself: a redirect would still count as the other site's, and the session's cookie, which is
// Strict, would stay at home.
#include "api/handlers.h"
#include "app/oidc_people.h"
#include "base/limits.h"
#include "base/log.h"

namespace otaru::api {
namespace {

using base::Code;

constexpr std::string_view kCookie = "otaru-oidc";
constexpr std::string_view kHome = "/api/v1/login";

base::Status check_configured(const Call& call) {
  if (call.parts.oidc != nullptr) return {};
  return base::fail_field(Code::not_found, "", "this server has no identity provider",
                          "set oidc.issuer and oidc.client_id");
}

void oidc_cookie(const Call& call, http::Response& response, std::string_view value,
                 int64_t seconds) {
  std::string text(kCookie);
  text += "=" + std::string(value) + "; Path=/api/v1/oidc; Max-Age=" + std::to_string(seconds) +
          "; HttpOnly; SameSite=Lax";
  if (is_secure(call)) text += "; Secure";
  response.header("Set-Cookie", text);
}

// A page without anything but words; `forward` goes on to the log-in page at once.
http::Response words(int status, std::string_view text, bool forward) {
  std::string body = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">";
  if (forward) body += "<meta http-equiv=\"refresh\" content=\"0;url=" + std::string(kHome) + "\">";
  body += "<title>Otaru</title></head><body><p>" + std::string(text) + "</p><p><a href=\"" +
          std::string(kHome) + "\">Go on</a></p></body></html>\n";
  http::Response out(status);
  out.slot(http::Slot::date)
      .header("Content-Type", "text/html; charset=utf-8")
      .slot(http::Slot::content_length)
      .header("Cache-Control", "no-store")
      .header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
      .header("X-Content-Type-Options", "nosniff")
      .header("Referrer-Policy", "no-referrer")
      .slot(http::Slot::connection_if_close)
      .text(std::move(body));
  return out;
}

// What a person sees; why exactly is for the log.
http::Response sorry(const Call& call, const base::Error& error) {
  base::log::warn("oidc.refused", {{"why", error.detail.empty() ? error.message : error.detail},
                                   {"peer", call.request.peer}});
  const int status = error.code == Code::unavailable ? 503
                     : error.code == Code::forbidden ? 403
                                                     : 401;
  std::string text = error.message + (error.remedy.empty() ? "." : "; " + error.remedy + ".");
  auto response = words(status, text, false);
  oidc_cookie(call, response, "", 0);
  return response;
}

}  // namespace

Answer begin_oidc(Call& call) {
  OTARU_CHECK(check_configured(call));
  const auto begun = call.parts.oidc->begin();
  if (!begun) return sorry(call, begun.error());
  http::Response response(302);
  response.slot(http::Slot::date)
      .header("Location", begun->url)
      .slot(http::Slot::content_length)
      .header("Cache-Control", "no-store");
  oidc_cookie(call, response, begun->cookie, base::limits::kOidcLoginMs / 1000);
  response.slot(http::Slot::connection_if_close);
  return response;
}

Answer finish_oidc(Call& call) {
  OTARU_CHECK(check_configured(call));
  OTARU_TRY(query, Query::of(call.request));
  const std::string code = query.text("code").value_or("");
  const std::string state = query.text("state").value_or("");
  if (auto wait = slowed_down(call, "")) return std::move(*wait);
  if (const auto refused = query.text("error")) {
    return sorry(call, {Code::unauthenticated, "the identity provider did not let you in",
                        "OpenID Connect: error " + refused->substr(0, 100)});
  }
  const auto who = call.parts.oidc->finish(code, state, cookie_of(call, kCookie));
  if (!who) return sorry(call, who.error());
  const auto made =
      app::log_in_by_provider(call.access(), call.catalogue(), *call.parts.engine->snapshot(),
                              *call.parts.oidc_rules, *who, facts_of(call));
  if (!made) return sorry(call, made.error());
  auto response = words(200, "You are logged in.", true);
  set_session_cookie(call, response, made->token);
  oidc_cookie(call, response, "", 0);
  return response;
}

}  // namespace otaru::api
