// SPDX-License-Identifier: Apache-2.0
#include "maintain/data_paths.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace otaru::maintain {

using base::Code;

base::Result<FolderLock> FolderLock::take(const DataPaths& paths) {
  const int fd = ::open(paths.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    return base::fail(Code::unavailable, "cannot write to the data folder " + paths.root + ": " +
                                             std::strerror(errno));
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return FolderLock(fd);
  ::close(fd);
  return base::fail(Code::conflict, "a server runs on " + paths.root + "; stop it first");
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

bool in_use(const DataPaths& paths) {
  const int fd = ::open(paths.lock().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  const bool taken = ::flock(fd, LOCK_EX | LOCK_NB) != 0;
  ::close(fd);
  return taken;
}

}  // namespace otaru::maintain
