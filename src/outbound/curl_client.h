// SPDX-License-Identifier: Apache-2.0
// The HTTP client of the server, over libcurl.
#pragma once

#include <memory>
#include <string>

#include "app/ports/http_client.h"

namespace otaru::outbound {

// `user_agent`: what others see in their logs.
std::unique_ptr<app::HttpClient> make_curl_client(std::string user_agent);

}  // namespace otaru::outbound
