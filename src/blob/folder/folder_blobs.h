// SPDX-License-Identifier: Apache-2.0
// Blobs in a folder of the local disk:
//
//   blobs/ab/cdef...     a finished blob; its path is its SHA-256
//   uploads/<id>.part    a file being received
//   blobs/damaged/       files whose bytes are not what their name says, set aside by a check
//
// A blob appears by one rename, after its bytes are on the disk; what is under blobs/ is whole,
// ever. One process per folder: the server holds the lock of its data folder. Threads: any (a
// writer: one).
#pragma once

#include <memory>
#include <string>

#include "app/ports/blob.h"
#include "base/result.h"

namespace otaru::blob {

// Makes the folder if it is not there (rights 0700, files 0600). Code::unavailable when the disk or
// its rights do not let us.
base::Result<std::unique_ptr<app::BlobStore>> make_folder_blobs(const std::string& path);

}  // namespace otaru::blob
