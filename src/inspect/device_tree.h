// SPDX-License-Identifier: Apache-2.0
// Flattened device trees, read without holding them: FIT images are trees whose properties may be
// hundreds of MiB. Source: Devicetree Specification v0.4, chapter 5 "Flattened Devicetree (DTB)
// Format".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "inspect/reader.h"

namespace otaru::inspect {

inline constexpr uint32_t kFdtMagic = 0xD00DFEED;
inline constexpr size_t kFdtHeaderBytes = 40;

struct TreeProperty {
  std::string name;
  uint64_t offset = 0;  // of the value in the window
  uint64_t size = 0;
};

struct TreeNode {
  std::string name;
  std::string path;  // "/images/kernel"; the root's is "/"
  size_t depth = 0;  // of the root: 0
  size_t parent = 0;
  std::vector<TreeProperty> properties;
  const TreeProperty* find(std::string_view property) const;
};

struct Tree {
  uint64_t total_size = 0;      // header's totalsize
  std::vector<TreeNode> nodes;  // in file order, the root first
  bool whole = false;           // the end was reached; else it is cut, damaged or over a limit

  const TreeNode* find(std::string_view path) const;
  std::vector<const TreeNode*> children(const TreeNode& node) const;
};

// The nodes down to `depth_max`; deeper ones are passed over. Never fails because of the content.
base::Result<Tree> read_tree(const Reader& reader, size_t depth_max);

// Values of properties: a text without its NUL, a list of texts, a big-endian number of 4 or 8
// bytes.
base::Result<std::string> tree_text(const Reader& reader, const TreeProperty* property);
base::Result<std::vector<std::string>> tree_texts(const Reader& reader,
                                                  const TreeProperty* property);
base::Result<std::optional<uint64_t>> tree_number(const Reader& reader,
                                                  const TreeProperty* property);

}  // namespace otaru::inspect
