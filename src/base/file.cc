// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace otaru::base {

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Result<size_t> File::read(int64_t offset, char* into, size_t count) const {
  size_t done = 0;
  while (done < count) {
    const ssize_t got =
        ::pread(fd_, into + done, count - done, offset + static_cast<int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Code::unavailable, "a file cannot be read", std::strerror(errno));
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

}  // namespace otaru::base
