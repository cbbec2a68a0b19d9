// SPDX-License-Identifier: Apache-2.0
// The text of a sw-description: libconfig syntax, or JSON, read into one tree in which every
// setting knows the byte it stands at.
//
// Not libconfig itself, because the packaged one (1.5) cannot be told to leave @include alone (the
// hook came with 1.7): a hostile file would make the server open its own files. It also ends the
// process when its scanner fails, compares every name with all earlier ones of its group, frees
// recursively, and knows lines but no offsets. What is read is the grammar of the libconfig manual,
// section 3 "Configuration Files", without @include, which is refused; JSON differs from it in
// quoted names and commas only, so one reader takes both. Depth, settings and lengths are bounded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace otaru::inspect {

struct ConfigNode {
  enum class Kind { group, list, text, number, flag };
  Kind kind = Kind::group;
  std::string name;         // within a group
  std::string text;         // of a scalar: a string unescaped, a number or flag as written
  size_t offset = 0;        // of the name; of the value in a list
  size_t value_offset = 0;  // of a scalar, within its quotes
  size_t value_size = 0;
  std::vector<ConfigNode> children;

  const ConfigNode* find(std::string_view child) const;  // of a group, or null
  // The text of a scalar child, empty when there is none.
  std::string_view text_of(std::string_view child) const;
};

// Code::invalid with the line that could not be read; Code::too_large beyond a limit.
base::Result<ConfigNode> read_config_text(std::string_view text);

}  // namespace otaru::inspect
