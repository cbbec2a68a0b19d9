// SPDX-License-Identifier: Apache-2.0
// Dates in headers, as they come: all three forms a recipient must accept (RFC 9110 5.6.7).
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace otaru::http {

// Whole seconds; nothing when the text is none of the three forms.
std::optional<base::Time> parse_http_date(std::string_view text);

}  // namespace otaru::http
