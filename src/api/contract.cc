// SPDX-License-Identifier: Apache-2.0
// The API describes itself: openapi.yaml as written and as JSON, pages to read and try it, and what
// the codes of problems mean. Nothing of it is secret, so none of it needs a key.
#include "api/contract_text.h"
#include "api/handlers.h"
#include "base/hash.h"

namespace otaru::api {
namespace {

// Scripts, styles and requests only from this server, nothing inside the page, no frames around it.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

http::Response built_in(const Call& call, std::string_view type, std::string_view text) {
  const std::string tag =
      '"' + base::hex(base::digest(base::HashKind::sha256, text).substr(0, 8)) + '"';
  const bool known = call.request.header("If-None-Match") == tag;
  http::Response out(known ? 304 : 200);
  if (known) out.framing = http::Framing::none;
  out.slot(http::Slot::date)
      .header("Content-Type", type)
      .slot(http::Slot::content_length)
      .header("Cache-Control", "no-cache")
      .header("ETag", tag)
      .header("X-Content-Type-Options", "nosniff")
      .header("Referrer-Policy", "no-referrer")
      .header("Content-Security-Policy", kPolicy)
      .slot(http::Slot::connection_if_close);
  if (!known) out.text(std::string(text));
  return out;
}

}  // namespace

Answer describe_problem(Call& call) {
  const auto* kind = problem_kind(call.params.front());
  if (kind == nullptr) {
    return base::fail_field(base::Code::not_found, "code", "there is no such code of problems");
  }
  base::JsonWriter out;
  out.begin_object();
  out.member("code", kind->code);
  out.member("status", kind->status);
  out.member("title", kind->title);
  out.member("meaning", kind->meaning);
  out.member("remedy", kind->remedy);
  out.end_object();
  return json_response(200, out.take());
}

Answer openapi_yaml(Call& call) {
  return built_in(call, "application/yaml", openapi_yaml_text());
}

Answer openapi_json(Call& call) {
  return built_in(call, "application/json", openapi_json_text());
}

Answer docs_page(Call& call) {
  return built_in(call, "text/html; charset=utf-8", docs_html_text());
}

Answer docs_file(Call& call) {
  const auto file = call.params.front();
  if (file == "page.js") {
    return built_in(call, "text/javascript; charset=utf-8", docs_js_text());
  }
  if (file == "page.css") return built_in(call, "text/css; charset=utf-8", docs_css_text());
  return base::fail_field(base::Code::not_found, "file", "there is no such file");
}

}  // namespace otaru::api
