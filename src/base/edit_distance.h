// SPDX-License-Identifier: Apache-2.0
// How far two words are apart, for "did you mean".
#pragma once

#include <cstddef>
#include <string_view>

namespace otaru::base {

// The fewest single-letter changes (neighbours swapped count one) that make `b` of `a`.
size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace otaru::base
