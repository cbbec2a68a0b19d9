// SPDX-License-Identifier: Apache-2.0
// Internal to maintain: backup.json, which says what belongs to a backup.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace otaru::maintain {

struct Manifest {
  base::Time made_at;
  std::string made_by;  // version of the program
  int64_t schema = 0;
  std::string database;  // name of its file in the backup
  std::string database_sha256;
  int64_t database_bytes = 0;
  std::string master_key_sha256;
  int64_t files = 0;
  int64_t files_bytes = 0;
};

inline constexpr std::string_view kManifestName = "backup.json";

std::string manifest_text(const Manifest& manifest);
// Code::not_found: the folder holds no (finished) backup. Code::invalid: it is damaged, or of a
// later format.
base::Result<Manifest> read_manifest(const std::string& folder);

}  // namespace otaru::maintain
