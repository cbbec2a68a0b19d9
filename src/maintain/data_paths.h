// SPDX-License-Identifier: Apache-2.0
// Where things lie in a data folder, and whose it is now. One definition for the server and for
// what looks at its folder from outside.
#pragma once

#include <string>

#include "base/result.h"

namespace otaru::maintain {

struct DataPaths {
  std::string root;
  std::string database() const { return root + "/otaru.db"; }
  std::string master_key() const { return root + "/master.key"; }
  std::string lock() const { return root + "/lock"; }
};

// Whether a server runs on the folder.
bool in_use(const DataPaths& paths);

// The lock that a server holds while it runs. Code::conflict while one does.
class FolderLock {
 public:
  static base::Result<FolderLock> take(const DataPaths& paths);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FolderLock& operator=(FolderLock&&) = delete;

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace otaru::maintain
