// SPDX-License-Identifier: Apache-2.0
// Refusals in hawkBit's words: HTTP status and errorCode. Source: Eclipse hawkBit, "Direct Device
// Integration API", response codes of each resource.
#pragma once

#include <string_view>

#include "base/result.h"

namespace otaru::dialect::hawkbit {

struct Refusal {
  int status = 500;
  std::string_view code;  // errorCode
};
Refusal refusal_for(base::Code code);

// errorCode of what the HTTP layer refuses.
std::string_view code_for_status(int status);

}  // namespace otaru::dialect::hawkbit
