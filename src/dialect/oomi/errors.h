// SPDX-License-Identifier: Apache-2.0
// The vendor's answer codes, in one place. On the wire a code is a decimal string, "1" is success.
#pragma once

#include <string_view>

#include "base/result.h"
#include "domain/decide.h"

namespace otaru::dialect::oomi {

// docs/dialects/oomi.md, error table.
enum class Answer {
  success,          // 1
  failed,           // 2
  missing,          // 3: missing, null, empty, or not of the JSON type it must have
  malformed,        // 4: not JSON, too long, out of range, characters that cannot be
  no_kit,           // 7: the versions belong to no kit
  system,           // 40
  not_registered,   // 160
  unknown_product,  // 601
  no_firmware,      // 602
  newest,           // 603
  newest_detail,    // 630: 603 as /firmwares/detail spells it
  token_invalid,    // 2001
};

std::string_view code_of(Answer answer);
std::string_view note_of(Answer answer);

// What a failed verb of the gateway is called here.
Answer answer_of(base::Code code);

// What a decision without an offer is called: newest, no_firmware (nothing the asker may know
// of), unknown_product or missing (a version that is none).
Answer answer_of(domain::Reason reason);

// An HTTP-level refusal.
Answer answer_of_status(int status);

}  // namespace otaru::dialect::oomi
