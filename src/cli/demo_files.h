// SPDX-License-Identifier: Apache-2.0
// Where the demonstration's firmware comes from: real files of small Debian packages, installed or
// fetched without root, or the user's own.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace otaru::cli {

// Two files that stand for two versions of one firmware.
struct FirmwarePair {
  std::string origin;  // "firmware-ath9k-htc 1.4.0-..." or the folder
  std::string older;   // paths
  std::string newer;
};

// Four pairs. Fetches what is not installed into `scratch` with apt-get. Code::precondition says
// which command would help.
base::Result<std::vector<FirmwarePair>> debian_firmware(const std::string& scratch, bool talkative);
// Four pairs out of the regular files of a folder, by name; a folder of two files gives them four
// times. Code::invalid with fewer than two.
base::Result<std::vector<FirmwarePair>> folder_firmware(const std::string& folder);

}  // namespace otaru::cli
