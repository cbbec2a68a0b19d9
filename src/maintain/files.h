// SPDX-License-Identifier: Apache-2.0
// Internal to maintain: small files written whole, and blobs copied and hashed.
#pragma once

#include <functional>
#include <string>

#include "app/ports/blob.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/result.h"

namespace otaru::maintain {

// A master key has 32; a larger file is something else.
inline constexpr size_t kMasterKeyBytesMax = 64;

base::Result<std::string> read_small(const std::string& path, size_t bytes_max);
// Durable, whole or not at all, mode 0600.
base::Status write_whole(const std::string& path, const std::string& text);
base::Status sync_folder(const std::string& path);

// Told the number of bytes read since the last call; false stops.
using Bytes = std::function<bool(int64_t more)>;
base::Result<std::string> sha256_of_file(const base::File& file, const Bytes& progress);
base::Result<std::string> sha256_of_path(const std::string& path, const Bytes& progress);

// Copies a blob; Code::internal when its bytes are not what its name says.
base::Status copy_blob(app::BlobStore& from, app::BlobStore& to, const std::string& sha256,
                       base::Random& random, const Bytes& progress);

base::Error interrupted();

}  // namespace otaru::maintain
