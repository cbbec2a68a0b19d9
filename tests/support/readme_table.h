// SPDX-License-Identifier: Apache-2.0
// Tables of a Markdown file, for tests that hold what people read against what the code does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace otaru::tests {

using TableRow = std::vector<std::string>;

// The rows of the first table below the line `heading` ("### States"), without its head; cells are
// trimmed. Empty when the file, the heading or the table is not there.
std::vector<TableRow> readme_table(const std::string& path, std::string_view heading);

}  // namespace otaru::tests
