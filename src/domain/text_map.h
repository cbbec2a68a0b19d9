// SPDX-License-Identifier: Apache-2.0
// Names and values of a row, few and in order.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace otaru::domain {

// Ordered small map of texts: labels, notes per language, attributes.
using TextMap = std::vector<std::pair<std::string, std::string>>;
const std::string* find_text(const TextMap& map, std::string_view key);  // nullptr if absent
void set_text(TextMap& map, std::string_view key, std::string_view value);

}  // namespace otaru::domain
