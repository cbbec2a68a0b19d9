// SPDX-License-Identifier: Apache-2.0
// The blob port: files by their SHA-256. Written once, hashed while written, never changed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/hash.h"
#include "base/result.h"
#include "base/time.h"

namespace otaru::app {

struct BlobInfo {
  base::Digests digests;
  int64_t size_bytes = 0;
};

// An open blob: a file descriptor the kernel can copy from.
using OpenBlob = base::File;

// A file being received under an upload id. Nothing is visible as a blob before finish(). Destroyed
// without finish(): what was written stays as a partial upload that can be resumed or removed.
// One thread at a time; blocks.
class BlobWriter {
 public:
  virtual ~BlobWriter();
  virtual int64_t offset() const = 0;  // bytes that are safely in the partial file
  // Code::unavailable: disk full (what was written so far stays); Code::too_large: kBlobBytesMax.
  virtual base::Status write(std::string_view bytes) = 0;
  virtual base::Status sync() = 0;  // partial bytes are durable on return
  // What is written from here on is not known to be good yet: until sync(), rollback() takes it
  // back, and so do a crash and the end of the writer. Once per sync().
  virtual base::Status mark() = 0;
  virtual base::Status rollback() = 0;
  // All bytes are there: they are durable, and what finish() will answer is known. After it no more
  // bytes are taken; the upload can still be resumed, by finish() alone.
  virtual base::Result<BlobInfo> seal() = 0;
  // seal, rename to its hash, fsync the folder. Identical content is kept once.
  virtual base::Result<BlobInfo> finish() = 0;
};

class BlobStore {
 public:
  virtual ~BlobStore();
  // New or resumed partial upload; `id` is 32 hex digits. Hash state is rebuilt by reading what is
  // there. Code::conflict when another writer of the same id is open.
  virtual base::Result<std::unique_ptr<BlobWriter>> open_upload(const std::string& id) = 0;
  virtual base::Result<int64_t> upload_offset(const std::string& id) = 0;  // not_found
  // While open_upload() reads what is there: how many bytes it has read.
  virtual std::optional<int64_t> upload_reread(const std::string& id) = 0;
  virtual base::Status remove_upload(const std::string& id) = 0;
  virtual std::vector<std::string> uploads() = 0;
  // Code::not_found. Descriptors are cached and shared.
  virtual base::Result<std::shared_ptr<OpenBlob>> open(std::string_view sha256) = 0;
  // Every blob there is, in order of its name, until `each` says false.
  virtual base::Status each(const std::function<bool(std::string_view sha256)>& each) = 0;
  // Takes a damaged blob away so that nobody gets it any more, but keeps its bytes aside.
  virtual base::Status set_aside(std::string_view sha256) = 0;
  // While the answer lives nothing is swept, by any process: for a backup, which copies files that
  // were named when it began. Waits for a sweep that is under way.
  class Hold {
   public:
    virtual ~Hold();
  };
  virtual base::Result<std::unique_ptr<Hold>> hold() = 0;
  // Removes blobs for which `keep` says no and that are older than `grace_ms`; returns the number.
  // Nothing while somebody holds.
  virtual base::Result<int64_t> sweep(const std::function<bool(std::string_view sha256)>& keep,
                                      base::Time now, int64_t grace_ms) = 0;
};

}  // namespace otaru::app
