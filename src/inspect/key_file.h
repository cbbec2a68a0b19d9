// SPDX-License-Identifier: Apache-2.0
// Text of groups and "key=value" lines with the offset of each value: RAUC manifests (GLib key
// files, "Desktop Entry Specification", basic format), Android OTA metadata (no groups), Debian
// control fields (another separator). Bounded by its lines.
#pragma once

#include <string_view>
#include <vector>

namespace otaru::inspect {

struct KeyLine {
  std::string_view group;  // "image.rootfs"; empty before the first
  std::string_view key;
  std::string_view value;
  size_t offset = 0;  // of the value in the text
};

// Views into `text`. Comments (#) and lines without the separator are left out.
std::vector<KeyLine> read_key_lines(std::string_view text, char separator = '=');
// The first of that group and key, or null.
const KeyLine* find_key(const std::vector<KeyLine>& lines, std::string_view group,
                        std::string_view key);

}  // namespace otaru::inspect
