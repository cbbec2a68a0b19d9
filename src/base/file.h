// SPDX-License-Identifier: Apache-2.0
// An open regular file that never changes while it is open: what the kernel copies downloads from.
// Owns the descriptor. Shared by pointer; reading by offset (pread, sendfile) from any thread.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/time.h"

namespace otaru::base {

class File {
 public:
  File(int fd, int64_t size, Time modified = {}) : fd_(fd), size_(size), modified_(modified) {}
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }
  int64_t size() const { return size_; }  // bytes
  Time modified() const { return modified_; }
  // How many bytes were read from `offset` on: fewer than asked for only at the end.
  // Code::unavailable: the disk failed.
  Result<size_t> read(int64_t offset, char* into, size_t count) const;

 private:
  int fd_;
  int64_t size_;
  Time modified_;
};

}  // namespace otaru::base
