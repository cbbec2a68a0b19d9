// SPDX-License-Identifier: Apache-2.0
// dm-verity: whether data, hash tree and root hash fit one another. Source: kernel documentation,
// "dm-verity", on-disk format version 1 with SHA-256, blocks of 4096 bytes, no superblock; the tree
// stands directly behind the data, the highest level first.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "inspect/reader.h"

namespace otaru::inspect {

enum class VerityCheck { right, data_wrong, tree_wrong, not_read };

// Raw root hash and salt.
base::Result<VerityCheck> check_verity(const Reader& data, const Reader& tree,
                                       std::string_view root, std::string_view salt);

}  // namespace otaru::inspect
