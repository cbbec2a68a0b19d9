// SPDX-License-Identifier: Apache-2.0
#include "dialect/oomi/policy.h"

#include "dialect/oomi/codec.h"

namespace otaru::dialect::oomi {

http::Response json_response(std::string body, int status) {
  http::Response response(status);
  response.slot(http::Slot::date)
      .header("Content-Type", "application/json;charset=utf-8")
      .slot(http::Slot::content_length)
      .slot(http::Slot::connection)
      .text(std::move(body));
  return response;
}

http::Response plain_response(Answer answer, int status) {
  return json_response(plain_answer(answer), status);
}

http::Response come_back(http::Response response, std::optional<int64_t> seconds) {
  if (seconds) response.header("Retry-After", std::to_string(*seconds));
  return response;
}

}  // namespace otaru::dialect::oomi
