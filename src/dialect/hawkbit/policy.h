// SPDX-License-Identifier: Apache-2.0
// The heads of what devices get: which headers, in which order. Framing is always Content-Length.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace otaru::dialect::hawkbit {

// Resources with links are HAL; clients that only name plain JSON in Accept get that.
http::Response resource_response(const http::Request& request, std::string body);
// The same with an entity tag: 304 without a body when the device has it already.
http::Response tagged_response(const http::Request& request, std::string body);
http::Response text_response(std::string body, std::string_view file_name);
// Reports are answered with 200 and no body, never with 204: SWUpdate takes any other status for a
// failure, does not install, and repeats itself for ever.
http::Response taken_response();
// For clients that look at nothing but the status and when to ask again.
http::Response status_only(int status, std::string_view retry_after);
http::Response error_response(const base::Error& error);
http::Response status_response(int status, std::string_view why);

}  // namespace otaru::dialect::hawkbit
