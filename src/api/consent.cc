// SPDX-License-Identifier: Apache-2.0
// What those behind a device chose for the updates to come, and what they said before.
#include "api/handlers.h"
#include "api/listing.h"

namespace otaru::api {
namespace {

using base::Code;

http::Response consent_response(const domain::Consent& consent) {
  base::JsonWriter out;
  out.begin_object();
  out.member("choice", domain::name_of(consent.choice));
  time_or_null_member(out, "postponed_until", consent.postponed_until);
  out.member("by", consent.by);
  time_or_null_member(out, "at", consent.at.ms == 0 ? std::nullopt : std::optional(consent.at));
  out.key("history");
  out.begin_array();
  for (auto note = consent.history.rbegin(); note != consent.history.rend(); ++note) {
    out.begin_object();
    time_member(out, "at", note->at);
    out.member("by", note->by);
    out.member("step", domain::name_of(note->step));
    if (note->step == domain::ConsentStep::chosen) {
      out.member("choice", domain::name_of(note->choice));
    } else {
      out.null_member("choice");
    }
    time_or_null_member(out, "until", note->until);
    id_or_null_member(out, "task", note->task.value);
    out.end_object();
  }
  out.end_array();
  out.end_object();
  return json_response(200, out.take());
}

}  // namespace

Answer get_device_consent(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(device, named_device(call, query));
  OTARU_CHECK(query.done());
  return consent_response(device.device.consent);
}

Answer set_device_consent(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(device, named_device(call, query));
  OTARU_CHECK(query.done());
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const std::string choice = fields.required_text("choice");
  const auto until = fields.time_or_null("postponed_until");
  OTARU_CHECK(fields.done());
  auto parsed = domain::parse_consent_choice(choice);
  if (!parsed) {
    return base::fail_rule(Code::invalid, "choice", "enum", parsed.error().message);
  }
  const auto& row = device.device;
  auto done = call.parts.fleet->choose_consent(call.by(), row.tenant, row.key, *parsed,
                                               until.value_or(std::nullopt));
  if (!done) {
    if (done.error().field == "until") done.error().field = "postponed_until";
    return base::fail(std::move(done).error());
  }
  OTARU_TRY(now, call.store().find_device(row.tenant, row.key));
  if (!now) return base::fail(Code::not_found, "the device was deleted meanwhile");
  return consent_response(now->consent);
}

}  // namespace otaru::api
