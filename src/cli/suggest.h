// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the known word nearest to a mistyped one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace otaru::cli {

// What other programs call it (rm: remove), the word that it begins, or the one with the fewest
// single-letter changes (neighbours swapped count one); empty when more than a third would change.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace otaru::cli
