// SPDX-License-Identifier: Apache-2.0
// The port to what reads files' own descriptions. Implementations are bounded in time and memory,
// take any bytes, and fail only when the file cannot be read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace otaru::app {

// What a file ought to be. Empty: not known, and nothing is held against it.
struct FileExpectation {
  std::string product, model, hw_version, version, base_version;
};

// It is another product's, version's or device's.
struct FileMismatch {
  std::string field;     // "version", "base_version", "hardware"
  std::string sentence;  // what the file says, and where
  std::string remedy;
};

struct Inspection {
  std::string kind;  // "raw": not recognised
  std::string json;  // everything, as the API shows it
  std::vector<FileMismatch> mismatches;
};

class FileInspector {
 public:
  virtual ~FileInspector();
  // Blocks. Threads: any.
  virtual base::Result<Inspection> inspect(std::shared_ptr<const base::File> file,
                                           const FileExpectation& expected) const = 0;
};

}  // namespace otaru::app
