// SPDX-License-Identifier: Apache-2.0
#include "inspect/device_tree.h"

#include <algorithm>

#include "base/limits.h"

namespace otaru::inspect {
namespace {

constexpr uint32_t kBeginNode = 1;
constexpr uint32_t kEndNode = 2;
constexpr uint32_t kProperty = 3;
constexpr uint32_t kNop = 4;
constexpr uint32_t kEnd = 9;
// The specification allows 31 bytes for names; real trees have a few longer ones.
constexpr size_t kTreeNameBytesMax = 256;
constexpr size_t kTreeValueBytesMax = 16 * 1024;
constexpr uint64_t kTreeDepthMax = 64;

uint64_t aligned(uint64_t at) {
  return (at + 3) & ~uint64_t{3};
}

class Walk {
 public:
  Walk(const Reader& reader, size_t depth_max, Tree& tree)
      : reader_(reader), depth_max_(depth_max), tree_(tree) {}

  base::Status run(const Header& head) {
    at_ = head.u32(8);
    OTARU_TRY(strings, reader_.bytes(head.u32(12), head.u32(32)));
    strings_ = std::move(strings);
    bool more = true;
    while (more) {
      OTARU_TRY(going, token());
      more = going;
    }
    return {};
  }

 private:
  // One token; false at the end, whichever kind of end it is.
  base::Result<bool> token() {
    OTARU_TRY(bytes, reader_.bytes(at_, 12 + kTreeNameBytesMax));
    const Header h(std::move(bytes), Endian::big);
    if (!h.has(4)) return false;
    switch (h.u32(0)) {
      case kBeginNode:
        return begin(h);
      case kEndNode:
        return end_node();
      case kProperty:
        return property(h);
      case kNop:
        at_ += 4;
        return true;
      case kEnd:
        tree_.whole = depth_ == 0 && !tree_.nodes.empty();
        return false;
      default:
        return false;
    }
  }

  base::Result<bool> begin(const Header& h) {
    const std::string_view rest = h.raw(4, kTreeNameBytesMax);
    const size_t length = rest.find('\0');
    if (length == std::string_view::npos || depth_ >= kTreeDepthMax) return false;
    at_ = aligned(at_ + 4 + length + 1);
    if (depth_ <= depth_max_) {
      // One root, and no more nodes than anybody wants to see.
      if (depth_ == 0 && !tree_.nodes.empty()) return false;
      if (tree_.nodes.size() >= base::limits::kInspectEntriesMax) return false;
      TreeNode node;
      node.name = rest.substr(0, length);
      node.depth = static_cast<size_t>(depth_);
      node.parent = current_;
      node.path = depth_ == 0   ? "/"
                  : depth_ == 1 ? "/" + node.name
                                : tree_.nodes[current_].path + "/" + node.name;
      tree_.nodes.push_back(std::move(node));
      current_ = tree_.nodes.size() - 1;
    }
    ++depth_;
    return true;
  }

  base::Result<bool> end_node() {
    if (depth_ == 0) return false;
    --depth_;
    if (depth_ <= depth_max_) current_ = tree_.nodes[current_].parent;
    at_ += 4;
    return true;
  }

  base::Result<bool> property(const Header& h) {
    const uint64_t size = h.u32(4);
    if (!h.has(12) || depth_ == 0 || size > reader_.size() - at_ - 12) return false;
    if (depth_ <= depth_max_ + 1) {
      if (properties_ >= base::limits::kInspectEntriesMax) return false;
      ++properties_;
      tree_.nodes[current_].properties.push_back({name_at(h.u32(8)), at_ + 12, size});
    }
    at_ = aligned(at_ + 12 + size);
    return true;
  }

  std::string name_at(uint32_t offset) const {
    if (offset >= strings_.size()) return {};
    const std::string_view name = std::string_view(strings_).substr(offset, kTreeNameBytesMax);
    return std::string(name.substr(0, name.find('\0')));
  }

  const Reader& reader_;
  const size_t depth_max_;
  Tree& tree_;
  std::string strings_;
  uint64_t at_ = 0;
  uint64_t depth_ = 0;  // of the node that would begin now
  size_t current_ = 0;
  size_t properties_ = 0;
};

}  // namespace

const TreeProperty* TreeNode::find(std::string_view property) const {
  for (const auto& p : properties) {
    if (p.name == property) return &p;
  }
  return nullptr;
}

const TreeNode* Tree::find(std::string_view path) const {
  for (const auto& node : nodes) {
    if (node.path == path) return &node;
  }
  return nullptr;
}

std::vector<const TreeNode*> Tree::children(const TreeNode& node) const {
  const auto index = static_cast<size_t>(&node - nodes.data());
  std::vector<const TreeNode*> out;
  for (size_t i = index + 1; i < nodes.size() && nodes[i].depth > node.depth; ++i) {
    if (nodes[i].parent == index) out.push_back(&nodes[i]);
  }
  return out;
}

base::Result<Tree> read_tree(const Reader& reader, size_t depth_max) {
  Tree tree;
  OTARU_TRY(bytes, reader.bytes(0, kFdtHeaderBytes));
  const Header head(std::move(bytes), Endian::big);
  tree.total_size = head.u32(4);
  if (!head.has(kFdtHeaderBytes) || head.u32(0) != kFdtMagic) return tree;
  OTARU_CHECK(Walk(reader, depth_max, tree).run(head));
  return tree;
}

base::Result<std::string> tree_text(const Reader& reader, const TreeProperty* property) {
  if (property == nullptr) return std::string();
  const auto size = static_cast<size_t>(std::min<uint64_t>(property->size, kTreeValueBytesMax));
  OTARU_TRY(bytes, reader.bytes(property->offset, size));
  return bytes.substr(0, bytes.find('\0'));
}

base::Result<std::vector<std::string>> tree_texts(const Reader& reader,
                                                  const TreeProperty* property) {
  std::vector<std::string> out;
  if (property == nullptr) return out;
  const auto size = static_cast<size_t>(std::min<uint64_t>(property->size, kTreeValueBytesMax));
  OTARU_TRY(bytes, reader.bytes(property->offset, size));
  for (size_t at = 0; at < bytes.size() && out.size() < base::limits::kInspectFactsMax;) {
    const size_t end = std::min(bytes.find('\0', at), bytes.size());
    if (end > at) out.push_back(bytes.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

base::Result<std::optional<uint64_t>> tree_number(const Reader& reader,
                                                  const TreeProperty* property) {
  if (property == nullptr || (property->size != 4 && property->size != 8)) {
    return std::optional<uint64_t>();
  }
  OTARU_TRY(bytes, reader.bytes(property->offset, static_cast<size_t>(property->size)));
  const Header h(std::move(bytes), Endian::big);
  if (!h.has(static_cast<size_t>(property->size))) return std::optional<uint64_t>();
  return std::optional<uint64_t>(property->size == 4 ? h.u32(0) : h.u64(0));
}

}  // namespace otaru::inspect
