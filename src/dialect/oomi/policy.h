// SPDX-License-Identifier: Apache-2.0
// The bytes around an answer: which headers, in which order. Clients of this protocol read JSON by
// key and headers by name; the set is small and fixed so that transcripts stay readable.
#pragma once

#include <string>

#include "dialect/oomi/errors.h"
#include "http/message.h"

namespace otaru::dialect::oomi {

// Date, Content-Type, Content-Length, Connection.
http::Response json_response(std::string body, int status = 200);
http::Response plain_response(Answer answer, int status = 200);

}  // namespace otaru::dialect::oomi
