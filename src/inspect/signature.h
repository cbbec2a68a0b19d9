// SPDX-License-Identifier: Apache-2.0
// What formats with a CMS signature say about it, in the same words.
#pragma once

#include <string_view>

#include "inspect/cms.h"
#include "inspect/findings.h"

namespace otaru::inspect {

// Facts `signature` and `signer`, and a note: right for the certificate inside (and not more than
// that), wrong, or not to be checked. `what` is what was signed, for people: "sw-description".
void add_signature(Findings& findings, const Cms& cms, Cms::Check check, std::string_view what,
                   const Evidence& evidence);

}  // namespace otaru::inspect
