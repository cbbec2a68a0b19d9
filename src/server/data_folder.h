// SPDX-License-Identifier: Apache-2.0
// The folder a server lives in: one process at a time, its master key, its paths.
#pragma once

#include <string>

#include "base/result.h"

namespace otaru::server {

class DataFolder {
 public:
  // Creates the folder (0700) if need be and locks it for this process. Code::conflict: another
  // process has it, the message says which. Code::unavailable: cannot be created or written.
  static base::Result<DataFolder> open(const std::string& path);
  ~DataFolder();
  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&&) = delete;

  std::string database() const { return path_ + "/otaru.db"; }
  const std::string& path() const { return path_; }
  // The 32 random bytes that everything secret is derived from (file master.key, 0600), made at
  // the first call. Code::invalid when the file has another size or others may read it.
  base::Result<std::string> master_key() const;

 private:
  DataFolder(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}
  std::string path_;
  int lock_fd_ = -1;
};

}  // namespace otaru::server
