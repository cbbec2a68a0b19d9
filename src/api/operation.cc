// SPDX-License-Identifier: Apache-2.0
// Health, readiness, numbers, and who one is.
#include "api/handlers.h"

namespace otaru::api {
namespace {

http::Response plain_text(int status, std::string_view type, std::string text) {
  http::Response out(status);
  out.slot(http::Slot::date)
      .header("Content-Type", type)
      .slot(http::Slot::content_length)
      .header("Cache-Control", "no-store")
      .slot(http::Slot::connection_if_close)
      .text(std::move(text));
  return out;
}

}  // namespace

Answer healthz(Call&) {
  return plain_text(200, "text/plain; charset=utf-8", "ok\n");
}

Answer readyz(Call& call) {
  if (call.parts.not_ready) {
    if (const auto why = call.parts.not_ready()) {
      return plain_text(503, "text/plain; charset=utf-8", *why + "\n");
    }
  }
  return plain_text(200, "text/plain; charset=utf-8", "ready\n");
}

Answer metrics(Call& call) {
  return plain_text(200, "text/plain; version=0.0.4; charset=utf-8", call.parts.metrics());
}

Answer describe_server(Call& call) {
  base::JsonWriter out;
  out.begin_object();
  out.member("name", "otaru");
  out.member("version", call.parts.version);
  out.member("api", "v1");
  time_member(out, "time", call.parts.engine->clock().now());
  out.member("key", call.actor.name());
  out.member("tenant", call.tenant_name(call.actor.tenant));
  out.member("role", name_of(call.actor.role));
  out.end_object();
  return json_response(200, out.take());
}

}  // namespace otaru::api
