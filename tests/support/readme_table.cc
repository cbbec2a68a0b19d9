// SPDX-License-Identifier: Apache-2.0
#include "tests/support/readme_table.h"

#include <fstream>

#include "base/encoding.h"

namespace otaru::tests {
namespace {

TableRow cells_of(std::string_view line) {
  TableRow cells;
  line.remove_prefix(1);
  while (!line.empty()) {
    const size_t end = std::min(line.find('|'), line.size());
    cells.emplace_back(base::trim(line.substr(0, end)));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return cells;
}

}  // namespace

std::vector<TableRow> readme_table(const std::string& path, std::string_view heading) {
  std::ifstream in(path);
  std::string line;
  bool found = false;
  std::vector<TableRow> rows;
  size_t seen = 0;
  while (std::getline(in, line)) {
    const std::string_view text = base::trim(line);
    if (!found) {
      found = text == heading;
    } else if (text.starts_with("|")) {
      if (++seen > 2) rows.push_back(cells_of(text));  // behind the head and its rule
    } else if (seen > 0 || text.starts_with("#")) {
      break;
    }
  }
  return rows;
}

}  // namespace otaru::tests
