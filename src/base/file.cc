// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <unistd.h>

namespace otaru::base {

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace otaru::base
