// SPDX-License-Identifier: Apache-2.0
// The bytes around an answer: which headers, in which order. Clients of this protocol read JSON by
// key and headers by name; the set is small and fixed so that transcripts stay readable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dialect/oomi/errors.h"
#include "http/message.h"

namespace otaru::dialect::oomi {

// Date, Content-Type, Content-Length, Connection.
http::Response json_response(std::string body, int status = 200);
http::Response plain_response(Answer answer, int status = 200);
// The same answer, to somebody for whom it is worth asking again after so many seconds:
// Retry-After (RFC 9110, 10.2.3) as the last header. The vendor's documents have no field for it;
// their clients read headers by name. Nothing is added without `seconds`.
http::Response come_back(http::Response response, std::optional<int64_t> seconds);

}  // namespace otaru::dialect::oomi
