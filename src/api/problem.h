// SPDX-License-Identifier: Apache-2.0
// Answers: JSON, nothing, and problem details (RFC 9457) for everything that went wrong.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

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
  std::string_view rule = {};                        // the rule that was broken: "required"
  const std::vector<base::Error>* others = nullptr;  // more that is wrong
};
http::Response problem(const Problem& what);
// Code::internal is logged with an incident id; only the id leaves the server.
http::Response problem(const base::Error& error, std::string_view incident_seed, int status = 0);

// What a code means, in words that do not depend on the request: GET /problems/{code}.
struct ProblemKind {
  std::string_view code;
  int status;  // the usual one
  std::string_view title;
  std::string_view meaning;
  std::string_view remedy;
};
std::span<const ProblemKind> problem_kinds();
const ProblemKind* problem_kind(std::string_view code);

}  // namespace otaru::api
