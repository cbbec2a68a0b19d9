// SPDX-License-Identifier: Apache-2.0
// Everything a robot can put into a query, a form body or an Authorization header. The first line
// of the input is the query, the second an Authorization header, the rest a form body.
#include <cstdint>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "dialect/ubtech/codec.h"
#include "dialect/ubtech/errors.h"

namespace {

using otaru::base::JsonDocument;
namespace ubtech = otaru::dialect::ubtech;

std::string_view cut_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

void check_file_endpoints(const ubtech::Params& params) {
  if (const auto query = ubtech::read_download(params)) {
    OTARU_ASSERT(!query->robot_id.empty() && !query->version.empty());
    // What was let through may stand in an answer.
    const auto answer = ubtech::render_offer("100", query->file_name, query->robot_id);
    OTARU_ASSERT(JsonDocument::parse(answer).has_value());
  }
  if (const auto query = ubtech::read_callback(params)) {
    OTARU_ASSERT(!query->ids.empty() && query->ids.size() <= 16);
    for (const auto& id : query->ids) OTARU_ASSERT(!id.empty());
  }
}

void check_errors(const ubtech::Params& params) {
  for (const auto name : {"grant_type", "scope", "refresh_token"}) {
    const auto value = params.text(name).value_or("");
    auto error = ubtech::invalid_token(ubtech::OauthError::Challenge::bare,
                                       ubtech::with_value("Invalid", value));
    OTARU_ASSERT(JsonDocument::parse(ubtech::render_oauth_error(error)).has_value());
    for (const char c : ubtech::render_challenge(error)) OTARU_ASSERT(c >= 0x20 && c < 0x7f);
    for (const auto word : ubtech::split_words(value)) OTARU_ASSERT(!word.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  otaru::http::Request request;
  request.query = cut_line(rest);
  const std::string_view authorization = cut_line(rest);
  request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"});
  request.body = std::string(rest);
  if (const auto token = ubtech::read_bearer(authorization)) {
    OTARU_ASSERT(token->find(',') == std::string_view::npos);
  }
  const auto pair = ubtech::read_basic(authorization);
  if (pair) OTARU_ASSERT(pair->id.find(':') == std::string::npos);
  const auto params = ubtech::Params::read(request);
  if (!params) return 0;
  check_file_endpoints(*params);
  check_errors(*params);
  return 0;
}
