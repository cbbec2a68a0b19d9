// SPDX-License-Identifier: Apache-2.0
#include "inspect/key_file.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"

namespace otaru::inspect {

std::vector<KeyLine> read_key_lines(std::string_view text, char separator) {
  std::vector<KeyLine> out;
  std::string_view group;
  size_t begin = 0;
  while (begin < text.size() && out.size() < base::limits::kInspectEntriesMax) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = base::trim(text.substr(begin, end - begin));
    begin = end + 1;
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '[' && line.back() == ']') {
      group = line.substr(1, line.size() - 2);
      continue;
    }
    const size_t middle = line.find(separator);
    if (middle == std::string_view::npos) continue;
    const std::string_view value = base::trim(line.substr(middle + 1));
    out.push_back({group, base::trim(line.substr(0, middle)), value,
                   static_cast<size_t>(value.data() - text.data())});
  }
  return out;
}

const KeyLine* find_key(const std::vector<KeyLine>& lines, std::string_view group,
                        std::string_view key) {
  const auto found = std::find_if(lines.begin(), lines.end(), [&](const KeyLine& line) {
    return line.group == group && line.key == key;
  });
  return found == lines.end() ? nullptr : &*found;
}

}  // namespace otaru::inspect
