// SPDX-License-Identifier: Apache-2.0
#include "inspect/verity.h"

#include <string>
#include <vector>

#include "base/hash.h"

namespace otaru::inspect {
namespace {

constexpr size_t kVerityBlockBytes = 4096;
constexpr size_t kVerityHashBytes = 32;
constexpr uint64_t kHashesPerBlock = kVerityBlockBytes / kVerityHashBytes;

// One level of the tree: hashes are gathered until they fill a block.
struct VerityLevel {
  uint64_t offset = 0;  // in the tree
  uint64_t blocks = 0;
  uint64_t done = 0;
  std::string gathered{};
};

class VerityTree {
 public:
  VerityTree(const Reader& tree, std::string_view salt, uint64_t data_blocks)
      : tree_(tree), salt_(salt) {
    for (uint64_t below = data_blocks; below > 1;) {
      const uint64_t blocks = (below + kHashesPerBlock - 1) / kHashesPerBlock;
      levels_.push_back({0, blocks});
      below = blocks;
    }
    uint64_t at = 0;
    for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
      level->offset = at;
      at += level->blocks * kVerityBlockBytes;
    }
    bytes_ = at;
  }

  base::Status add_data(std::string_view block) { return add(0, hash(block)); }
  base::Status finish() {
    for (size_t i = 0; i < levels_.size(); ++i) OTARU_CHECK(flush(i));
    return {};
  }
  const std::string& root() const { return root_; }
  bool tree_right() const { return tree_right_; }
  uint64_t bytes() const { return bytes_; }

 private:
  std::string hash(std::string_view block) const {
    base::Hasher hasher(base::HashKind::sha256);
    hasher.update(salt_);
    hasher.update(block);
    return hasher.finish();
  }

  base::Status add(size_t index, std::string hash) {
    if (index == levels_.size()) {
      root_ = std::move(hash);
      return {};
    }
    levels_[index].gathered += hash;
    return levels_[index].gathered.size() < kVerityBlockBytes ? base::Status() : flush(index);
  }

  base::Status flush(size_t index) {
    VerityLevel& level = levels_[index];
    if (level.gathered.empty()) return {};
    std::string block = std::move(level.gathered);
    level.gathered.clear();
    block.resize(kVerityBlockBytes, '\0');
    OTARU_TRY(stored, tree_.bytes(level.offset + level.done * kVerityBlockBytes, block.size()));
    ++level.done;
    tree_right_ = tree_right_ && stored == block;
    return add(index + 1, hash(block));
  }

  Reader tree_;
  std::string salt_;
  std::vector<VerityLevel> levels_;
  std::string root_;
  uint64_t bytes_ = 0;
  bool tree_right_ = true;
};

}  // namespace

base::Result<VerityCheck> check_verity(const Reader& data, const Reader& tree,
                                       std::string_view root, std::string_view salt) {
  if (data.size() == 0 || data.size() % kVerityBlockBytes != 0) return VerityCheck::data_wrong;
  VerityTree made(tree, salt, data.size() / kVerityBlockBytes);
  base::Status status;
  OTARU_TRY(whole, data.stream(0, data.size(), [&](std::string_view piece) {
    // (Pieces are whole blocks: both sizes are powers of two.)
    for (size_t at = 0; at < piece.size() && status; at += kVerityBlockBytes) {
      status = made.add_data(piece.substr(at, kVerityBlockBytes));
    }
  }));
  OTARU_CHECK(status);
  if (!whole) return VerityCheck::not_read;
  OTARU_CHECK(made.finish());
  if (data.budget().exhausted) return VerityCheck::not_read;
  if (made.root() != root) return VerityCheck::data_wrong;
  return made.tree_right() && made.bytes() == tree.size() ? VerityCheck::right
                                                          : VerityCheck::tree_wrong;
}

}  // namespace otaru::inspect
