// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the known word nearest to a mistyped one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace otaru::cli {

// The word with the fewest single-letter changes (Damerau-Levenshtein, neighbours swapped count
// one); empty when none is nearer than a third of the word's length plus one.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace otaru::cli
