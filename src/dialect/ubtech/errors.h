// SPDX-License-Identifier: Apache-2.0
// Everything UBTech's interface says when it does not say yes: the vendor's result codes for the
// file endpoints, the OAuth2 errors of Spring Security for tokens. One table each.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/decide.h"

namespace otaru::dialect::ubtech {

// The vendor document's "return codes" table, the same for download and callback.
enum class ResultCode {
  success = 100,
  no_version = 102,    // "no such version"
  not_entitled = 103,  // "the machine may not upgrade"
  no_language = 104,   // "no version in this language"
  server_error = 500,
};
// "101" (created) is in the vendor's table, but nothing here needs it (docs/dialects/ubtech.md).
std::string_view code_text(ResultCode code);

// Order of checks: robot entitled (103), language (104), version (102).
ResultCode code_for(const domain::Decision& decision);
ResultCode code_for(base::Code code);
// The HTTP status beside a "500": 200 for what the robot did wrong, so that the code is read;
// 500 and 503 for what the server could not do, so that nobody takes it for an answer.
int status_for(base::Code code);

// An OAuth2 error answer (RFC 6749 5.2 as Spring Security OAuth 2.0.x writes it).
struct OauthError {
  // What stands in front of the error in WWW-Authenticate; each place in Spring has its own.
  enum class Challenge {
    none,   // no such header (everything but 401)
    form,   // Form realm="oauth", ...: client_id and client_secret as parameters were refused
    basic,  // Basic realm="oauth", ...: a Basic header was refused
    realm,  // Bearer realm="oauth", ...: the entry point in front of a resource
    bare,   // Bearer ...: raised inside the token endpoint
  };
  int status = 400;
  std::string error;
  std::string description;
  Challenge challenge = Challenge::none;
  std::string scope;  // the extra key of invalid_scope; empty: left out
};

OauthError unauthorized(OauthError::Challenge challenge, std::string_view description);
OauthError invalid_client(OauthError::Challenge challenge, std::string_view description);
OauthError invalid_token(OauthError::Challenge challenge, std::string_view description);
OauthError bad_request(std::string_view error, std::string_view description);
OauthError method_not_allowed(std::string_view method);
OauthError oauth_error_for(base::Code code);

// `text` + ": " + `value` when the value is short plain ASCII without quotes, else `text` alone:
// descriptions also stand in a header.
std::string with_value(std::string_view text, std::string_view value);

std::string render_oauth_error(const OauthError& error);
std::string render_challenge(const OauthError& error);  // value of WWW-Authenticate; empty if none

}  // namespace otaru::dialect::ubtech
