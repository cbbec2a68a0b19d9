// SPDX-License-Identifier: Apache-2.0
// The heads of UBTech's answers: which headers, in which order. Framing is always Content-Length;
// a Tomcat of the time sent Date last and said nothing about the connection unless it closed it.
#pragma once

#include <string>
#include <string_view>

#include "dialect/ubtech/errors.h"
#include "http/message.h"

namespace otaru::dialect::ubtech {

inline constexpr std::string_view kJsonType = "application/json;charset=UTF-8";

// An answer of the token endpoint, never to be cached (RFC 6749 5.1).
http::Response token_response(std::string body);
http::Response oauth_error_response(const OauthError& error);
// A 405 names what is allowed (RFC 9110 15.5.6).
http::Response method_response(std::string_view method, std::string_view allowed);
// An answer of a file endpoint.
http::Response result_response(int status, std::string body);
// HTTP/1.0 clients that asked to keep the connection must be told (RFC 9112 C.2.2).
http::Response for_client(http::Response response, const http::Request& request);

}  // namespace otaru::dialect::ubtech
