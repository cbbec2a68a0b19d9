// SPDX-License-Identifier: Apache-2.0
#include "dialect/hawkbit/policy.h"

#include <utility>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/limits.h"
#include "dialect/hawkbit/codec.h"
#include "dialect/hawkbit/errors.h"
#include "http/ranges.h"

namespace otaru::dialect::hawkbit {
namespace {

constexpr std::string_view kHal = "application/hal+json;charset=UTF-8";
constexpr std::string_view kJson = "application/json;charset=UTF-8";

std::string_view type_for(const http::Request& request) {
  const auto accept = request.header("Accept");
  if (!accept) return kHal;
  const bool hal = accept->find("hal+json") != std::string_view::npos ||
                   accept->find("*/*") != std::string_view::npos;
  return hal || accept->find("application/json") == std::string_view::npos ? kHal : kJson;
}

http::Response& finish(http::Response& response, std::string body) {
  response.slot(http::Slot::content_length)
      .slot(http::Slot::date)
      .slot(http::Slot::connection_if_close)
      .text(std::move(body));
  return response;
}

std::string tag_of(std::string_view body) {
  const uint64_t hash = base::stable_hash(body);
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(hash >> shift & 0xff);
  return "\"" + base::hex(bytes) + "\"";
}

http::Response refused(int status, std::string_view code, std::string_view message) {
  http::Response response(status);
  // RFC 9110 11.6.1 wants a challenge; hawkBit has no body here.
  if (status == 401) {
    response.header("WWW-Authenticate", "TargetToken, GatewayToken");
    return std::move(finish(response, ""));
  }
  response.header("Content-Type", kJson);
  if (status == 503) {
    response.header("Retry-After", std::to_string(base::limits::kHawkbitBusyRetrySeconds));
  }
  return std::move(finish(response, render_error(code, message)));
}

}  // namespace

http::Response resource_response(const http::Request& request, std::string body) {
  http::Response response(200);
  response.header("Content-Type", type_for(request));
  return std::move(finish(response, std::move(body)));
}

http::Response tagged_response(const http::Request& request, std::string body) {
  const std::string tag = tag_of(body);
  if (http::check_preconditions(request, tag, {}) == http::Precondition::not_modified) {
    http::Response response(304);
    response.framing = http::Framing::none;
    response.header("ETag", tag).slot(http::Slot::date).slot(http::Slot::connection_if_close);
    return response;
  }
  http::Response response(200);
  response.header("Content-Type", type_for(request)).header("ETag", tag);
  return std::move(finish(response, std::move(body)));
}

http::Response text_response(std::string body, std::string_view file_name) {
  http::Response response(200);
  response.header("Content-Type", "text/plain;charset=US-ASCII");
  response.header("Content-Disposition", "attachment;filename=\"" + std::string(file_name) + "\"");
  return std::move(finish(response, std::move(body)));
}

http::Response taken_response() {
  http::Response response(200);
  return std::move(finish(response, ""));
}

http::Response status_only(int status, std::string_view retry_after) {
  http::Response response(status);
  response.header("Retry-After", retry_after);
  return std::move(finish(response, ""));
}

http::Response error_response(const base::Error& error) {
  const Refusal refusal = refusal_for(error.code);
  return refused(refusal.status, refusal.code, error.message);
}

http::Response status_response(int status, std::string_view why) {
  return refused(status, code_for_status(status), why);
}

}  // namespace otaru::dialect::hawkbit
