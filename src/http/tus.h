// SPDX-License-Identifier: Apache-2.0
// The header values of the tus resumable upload protocol 1.0.0
// (https://tus.io/protocols/resumable-upload). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/result.h"

namespace otaru::http {

inline constexpr std::string_view kTusVersion = "1.0.0";
inline constexpr int kStatusChecksumMismatch = 460;  // of the extension Checksum

// Upload-Metadata: "filename d29ybGQ=,is_confidential". Keys are not empty, ASCII without blanks
// and commas, each once; values are base64, or left out.
using TusMetadata = std::vector<std::pair<std::string, std::string>>;
base::Result<TusMetadata> parse_tus_metadata(std::string_view text);
const std::string* find_tus_metadata(const TusMetadata& metadata, std::string_view key);

// Upload-Checksum: "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=".
struct TusChecksum {
  base::HashKind kind = base::HashKind::sha256;
  std::string digest;  // raw
};
inline constexpr std::string_view kTusChecksumAlgorithms = "sha1,sha256,md5";
base::Result<TusChecksum> parse_tus_checksum(std::string_view text);

// A name that files may have here, out of what a client calls its file: no folders, and '_' for
// every character that header, URL or shell could misread. "upload" when nothing is left.
std::string plain_file_name(std::string_view text);

}  // namespace otaru::http
