// SPDX-License-Identifier: Apache-2.0
#include "api/problem.h"

#include "base/encoding.h"
#include "base/hash.h"
#include "base/log.h"

namespace otaru::api {
namespace {

constexpr ProblemKind kKinds[] = {
    {"invalid", 400, "The request is wrong",
     "A member or parameter is missing, unknown, of the wrong kind or out of its range, or the "
     "body "
     "is not what the operation takes.",
     "Mend what field and rule name; the same request will stay wrong."},
    {"unauthenticated", 401, "Who asks is not known",
     "No living API key or session came with the request.",
     "Send Authorization: Bearer KEY, or log in again."},
    {"forbidden", 403, "Not allowed", "The role of who asks does not have the permission.",
     "Ask somebody whose role has it; docs/api.md has the matrix."},
    {"not_found", 404, "There is no such thing",
     "Nothing has this id, key or name, or what has it belongs to another tenant.",
     "Look it up in its list."},
    {"method_not_allowed", 405, "Not that method",
     "The path is there, but does not take the method.", "See the header Allow."},
    {"timeout", 504, "It took too long",
     "The request did not come, or the work did not end, in time.", "Try again later."},
    {"conflict", 409, "Something is there already",
     "It exists already, another is at it, or it was changed meanwhile.",
     "Read it again and decide; a name has to be another one."},
    {"precondition", 409, "Its state does not allow this",
     "The thing is in a state in which this cannot be done to it.",
     "See the state; the remedy of the answer says what would have to come first."},
    {"gone", 410, "It has ended", "It was there and has ended for good.", "Make a new one."},
    {"precondition_failed", 412, "It was changed meanwhile",
     "The entity tag in If-Match is not the current one.",
     "GET it again, look at what changed, and repeat the change with the new ETag."},
    {"too_large", 413, "Too large", "Over a named limit of size or length.",
     "Send less; the detail has the limit."},
    {"key_reused", 422, "The key came with another request",
     "This Idempotency-Key was used for a different request within the last day.",
     "Make a new key for every new request."},
    {"precondition_required", 428, "If-Match is needed",
     "The setting api.require_if_match is on: a change must say what it changes.",
     "GET it and send its ETag as If-Match."},
    {"exhausted", 429, "Over a limit", "Over a named limit of number or rate.", "Try again later."},
    {"internal", 500, "An error of the server",
     "Our fault. The server's log has it under the incident that the detail names.",
     "Tell who runs the server, with the incident."},
    {"unavailable", 503, "Not now", "A part that is needed is not there, such as a full disk.",
     "Try again later; nothing was changed."},
};

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

// Every fault of the input, the first one with them: [{"field", "rule", "detail", "remedy"}].
void write_faults(base::JsonWriter& out, const Problem& what) {
  const auto write = [&](std::string_view field, std::string_view rule, std::string_view detail,
                         std::string_view remedy) {
    out.begin_object();
    out.member("field", field);
    member_or_null(out, "rule", rule);
    out.member("detail", detail);
    member_or_null(out, "remedy", remedy);
    out.end_object();
  };
  out.key("errors");
  out.begin_array();
  if (!what.field.empty()) write(what.field, what.rule, what.detail, what.remedy);
  if (what.others != nullptr) {
    for (const auto& other : *what.others) {
      write(other.field, other.rule, other.message, other.remedy);
    }
  }
  out.end_array();
}

}  // namespace

std::span<const ProblemKind> problem_kinds() {
  return kKinds;
}

const ProblemKind* problem_kind(std::string_view code) {
  for (const auto& kind : kKinds) {
    if (kind.code == code) return &kind;
  }
  return nullptr;
}

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
  const auto* kind = problem_kind(what.code);
  out.member("type", "/problems/" + std::string(what.code));
  out.member("title", kind == nullptr ? http::reason_phrase(what.status) : kind->title);
  out.member("status", what.status);
  out.member("code", what.code);
  out.member("detail", what.detail);
  member_or_null(out, "field", what.field);
  member_or_null(out, "rule", what.rule);
  member_or_null(out, "remedy", what.remedy);
  write_faults(out, what);
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
  what.rule = error.rule;
  what.others = &error.others;
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
