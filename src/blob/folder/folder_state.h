// SPDX-License-Identifier: Apache-2.0
// What the blob store and its writers share. Not for other folders.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "app/ports/blob.h"
#include "base/hash.h"
#include "base/result.h"

namespace otaru::blob {

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release();

 private:
  int fd_;
};

// Code::unavailable with what went wrong (errno) and what the operator can do about it.
base::Error disk_error(const char* doing, int error_number);
// Makes the folder `name` below `parent` if it is not there, durably, and opens it.
base::Result<Descriptor> open_folder(int parent, const char* name);
bool is_hex(std::string_view text, size_t length);  // lower case

struct FolderState {
  Descriptor blobs;
  Descriptor uploads;

  std::mutex mutex;
  // Upload ids with an open writer, and how far it has read what was there; -1: it has.
  std::unordered_map<std::string, int64_t> writing;
  // Open blobs, the last used first.
  struct Cached {
    std::string sha256;
    std::shared_ptr<app::OpenBlob> blob;
  };
  std::list<Cached> cache;
  std::unordered_map<std::string, std::list<Cached>::iterator> cached;

  void forget(const std::string& sha256);  // with the mutex held
};

class FolderWriter final : public app::BlobWriter {
 public:
  // `file` is the opened partial file of `id`, which is noted in state->writing.
  FolderWriter(std::shared_ptr<FolderState> state, std::string id, Descriptor file);
  ~FolderWriter() override;
  base::Status rehash();  // reads what is there; before anything else
  int64_t offset() const override { return offset_; }
  base::Status write(std::string_view bytes) override;
  base::Status sync() override;
  base::Status mark() override;
  base::Status rollback() override;
  base::Result<app::BlobInfo> seal() override;
  base::Result<app::BlobInfo> finish() override;

 private:
  struct Mark {
    base::MultiHasher hasher;
    int64_t offset = 0;
  };
  base::Status publish(const std::string& sha256);
  base::Status cut_to_mark();  // of a writer that is gone
  void flush_behind();

  std::shared_ptr<FolderState> state_;
  std::string id_;
  Descriptor file_;
  base::MultiHasher hasher_;
  int64_t offset_ = 0;
  int64_t flushed_ = 0;  // the kernel was told to write that much
  std::optional<Mark> mark_;
  std::optional<base::Digests> digests_;  // once seal() was tried: no more bytes after that
  bool finished_ = false;
  bool lost_ = false;  // the disk refused bytes that were written: the partial file goes
};

std::string part_name(const std::string& id);
std::string mark_name(const std::string& id);
// What the mark of an upload says, if it has one.
std::optional<int64_t> read_mark(const FolderState& state, const std::string& id);

}  // namespace otaru::blob
