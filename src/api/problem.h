// SPDX-License-Identifier: Apache-2.0
// Answers: JSON, nothing, and problem details (RFC 9457) for everything that went wrong.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "http/message.h"

namespace otaru::api {

http::Response json_response(int status, std::string body);
http::Response no_content();

struct Problem {
  int status = 500;
  std::string_view code;  // "conflict": a word for programs
  std::string_view detail;
  std::string_view field;
  std::string_view remedy;
};
http::Response problem(const Problem& what);
// Code::internal is logged with an incident id; only the id leaves the server.
http::Response problem(const base::Error& error, std::string_view incident_seed, int status = 0);

}  // namespace otaru::api
