// SPDX-License-Identifier: Apache-2.0
#include "api/problem.h"

#include "base/encoding.h"
#include "base/hash.h"
#include "base/log.h"

namespace otaru::api {
namespace {

int status_of(base::Code code) {
  switch (code) {
    case base::Code::invalid:
      return 400;
    case base::Code::unauthenticated:
      return 401;
    case base::Code::forbidden:
      return 403;
    case base::Code::not_found:
      return 404;
    case base::Code::conflict:
      return 409;
    case base::Code::precondition:
      return 409;
    case base::Code::gone:
      return 410;
    case base::Code::too_large:
      return 413;
    case base::Code::exhausted:
      return 429;
    case base::Code::unavailable:
      return 503;
    case base::Code::timeout:
      return 504;
    case base::Code::internal:
      return 500;
  }
  return 500;
}

// What helps when the one who refused had nothing special to say.
std::string_view general_remedy(base::Code code) {
  switch (code) {
    case base::Code::unauthenticated:
      return "send Authorization: Bearer KEY with a living API key";
    case base::Code::forbidden:
      return "use a key whose role allows it";
    case base::Code::exhausted:
    case base::Code::unavailable:
    case base::Code::timeout:
      return "try again later";
    case base::Code::invalid:
    case base::Code::not_found:
    case base::Code::conflict:
    case base::Code::precondition:
    case base::Code::gone:
    case base::Code::too_large:
    case base::Code::internal:
      break;
  }
  return "";
}

http::Response framed(int status, std::string_view type, std::string body) {
  http::Response out(status);
  out.slot(http::Slot::date)
      .header("Content-Type", type)
      .slot(http::Slot::content_length)
      .header("Cache-Control", "no-store")
      .slot(http::Slot::connection_if_close)
      .text(std::move(body));
  return out;
}

void member_or_null(base::JsonWriter& out, std::string_view name, std::string_view text) {
  if (text.empty()) {
    out.null_member(name);
  } else {
    out.member(name, text);
  }
}

}  // namespace

http::Response json_response(int status, std::string body) {
  return framed(status, "application/json", std::move(body));
}

http::Response no_content() {
  http::Response out(204);
  out.framing = http::Framing::none;
  out.slot(http::Slot::date).slot(http::Slot::connection_if_close);
  return out;
}

http::Response problem(const Problem& what) {
  base::JsonWriter out;
  out.begin_object();
  out.member("type", "about:blank");
  out.member("title", http::reason_phrase(what.status));
  out.member("status", what.status);
  out.member("code", what.code);
  out.member("detail", what.detail);
  member_or_null(out, "field", what.field);
  member_or_null(out, "remedy", what.remedy);
  out.end_object();
  auto response = framed(what.status, "application/problem+json", out.take());
  if (what.status == 401) response.header("WWW-Authenticate", "Bearer realm=\"otaru\"");
  return response;
}

http::Response problem(const base::Error& error, std::string_view incident_seed, int status) {
  Problem what;
  what.status = status == 0 ? status_of(error.code) : status;
  what.code = base::code_name(error.code);
  what.detail = error.message;
  what.field = error.field;
  what.remedy = error.remedy.empty() ? general_remedy(error.code) : std::string_view(error.remedy);
  std::string incident;
  if (error.code == base::Code::internal) {
    incident = base::hex(base::digest(base::HashKind::sha256, incident_seed).substr(0, 6));
    base::log::error(
        "api.internal",
        {{"incident", incident}, {"message", error.message}, {"detail", error.detail}});
    incident = "an internal error; the server's log has it as incident " + incident;
    what.detail = incident;
  }
  return problem(what);
}

}  // namespace otaru::api
