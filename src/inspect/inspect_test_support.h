// SPDX-License-Identifier: Apache-2.0
// For tests: what every format must bear. A sample is cut at every byte and its bits are flipped;
// each time there are findings, they are proper JSON, and reading stays within bounds.
#pragma once

#include <string>
#include <string_view>

#include "inspect/inspect.h"

namespace otaru::inspect {

// Findings of bytes; fails the test on an error.
Findings findings_of(std::string bytes);
// The value of the first fact of that name with that evidence field, or "".
std::string fact_at(const Findings& findings, FactName name, std::string_view field);
// Cuts and flips, all of small files and the telling part of large ones.
void expect_bears_damage(const std::string& bytes);

}  // namespace otaru::inspect
