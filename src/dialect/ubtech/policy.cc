// SPDX-License-Identifier: Apache-2.0
#include "dialect/ubtech/policy.h"

#include <utility>

namespace otaru::dialect::ubtech {
namespace {

http::Response& finish(http::Response& response, std::string body) {
  response.header("Content-Type", kJsonType)
      .slot(http::Slot::content_length)
      .slot(http::Slot::date)
      .slot(http::Slot::connection_if_close)
      .text(std::move(body));
  return response;
}

}  // namespace

http::Response token_response(std::string body) {
  http::Response response(200);
  response.header("Cache-Control", "no-store").header("Pragma", "no-cache");
  finish(response, std::move(body));
  return response;
}

http::Response oauth_error_response(const OauthError& error) {
  http::Response response(error.status);
  response.header("Cache-Control", "no-store").header("Pragma", "no-cache");
  const std::string challenge = render_challenge(error);
  if (!challenge.empty()) response.header("WWW-Authenticate", challenge);
  finish(response, render_oauth_error(error));
  return response;
}

http::Response method_response(std::string_view method, std::string_view allowed) {
  http::Response response(405);
  response.header("Cache-Control", "no-store").header("Pragma", "no-cache");
  response.header("Allow", allowed);
  finish(response, render_oauth_error(method_not_allowed(method)));
  return response;
}

http::Response result_response(int status, std::string body) {
  http::Response response(status);
  // Every answer depends on who asks and when, and the address holds a token.
  response.header("Cache-Control", "no-store");
  finish(response, std::move(body));
  return response;
}

http::Response for_client(http::Response response, const http::Request& request) {
  if (request.version_minor > 0) return response;
  for (auto& header : response.headers) {
    if (header.slot == http::Slot::connection_if_close) header.slot = http::Slot::connection;
  }
  return response;
}

}  // namespace otaru::dialect::ubtech
