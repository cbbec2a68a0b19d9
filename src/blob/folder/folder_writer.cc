// SPDX-License-Identifier: Apache-2.0
// Receiving a file: hashed while it is written, on the disk before it is a blob.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include "base/encoding.h"
#include "base/limits.h"
#include "blob/folder/folder_state.h"

namespace otaru::blob {

using base::Code;

namespace {
// Large enough for the disk, small enough for a device with little memory.
constexpr size_t kReadBytes = 256 * 1024;
// So much is left to the kernel to write when it likes. Told earlier, it works while the bytes
// still come in, and the sync at the end of 16 GiB does not take minutes.
constexpr int64_t kFlushBytes = 32 * 1024 * 1024;
// Of a 64-bit number in decimal.
constexpr size_t kMarkBytesMax = 20;
}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}
Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}
int Descriptor::release() {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

base::Error disk_error(const char* doing, int error_number) {
  const std::string reason = std::error_code(error_number, std::generic_category()).message();
  std::string message = std::string("cannot ") + doing + ": ";
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      message += "the disk of the files is full; make room and try again";
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      message += "no right to write; check the owner of the data folder";
      break;
    case EMFILE:
    case ENFILE:
      message += "too many open files; raise the limit of the server";
      break;
    default:
      message += "the disk of the files failed (" + reason + ")";
      break;
  }
  return {Code::unavailable, message, reason};
}

base::Result<Descriptor> open_folder(int parent, const char* name) {
  const bool made = ::mkdirat(parent, name, 0700) == 0;
  if (!made && errno != EEXIST) return base::fail(disk_error("make a folder for files", errno));
  if (made && ::fsync(parent) != 0) return base::fail(disk_error("make a folder for files", errno));
  Descriptor folder(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!folder) return base::fail(disk_error("open a folder of files", errno));
  return folder;
}

bool is_hex(std::string_view text, size_t length) {
  return text.size() == length &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string part_name(const std::string& id) {
  return id + ".part";
}

std::string mark_name(const std::string& id) {
  return id + ".mark";
}

std::optional<int64_t> read_mark(const FolderState& state, const std::string& id) {
  const Descriptor file(
      ::openat(state.uploads.get(), mark_name(id).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return std::nullopt;
  char text[kMarkBytesMax + 1];
  const ssize_t got = ::pread(file.get(), text, sizeof text, 0);
  const auto offset = base::parse_int({text, static_cast<size_t>(std::max<ssize_t>(got, 0))});
  // A mark is on the disk before the first byte behind it is written: one that cannot be read marks
  // nothing.
  if (!offset || *offset < 0) return std::nullopt;
  return *offset;
}

void FolderState::forget(const std::string& sha256) {
  const auto found = cached.find(sha256);
  if (found == cached.end()) return;
  cache.erase(found->second);
  cached.erase(found);
}

FolderWriter::FolderWriter(std::shared_ptr<FolderState> state, std::string id, Descriptor file)
    : state_(std::move(state)), id_(std::move(id)), file_(std::move(file)) {}

FolderWriter::~FolderWriter() {
  // Nobody is left to be told; the next writer of this upload goes back to the mark too.
  if (mark_ && !lost_) [[maybe_unused]] const auto undone = rollback();
  const std::lock_guard lock(state_->mutex);
  if (lost_) ::unlinkat(state_->uploads.get(), part_name(id_).c_str(), 0);
  state_->writing.erase(id_);
}

base::Status FolderWriter::cut_to_mark() {
  const auto marked = read_mark(*state_, id_);
  if (!marked) return {};
  struct stat info {};
  if (::fstat(file_.get(), &info) != 0 ||
      (info.st_size > *marked && ::ftruncate(file_.get(), *marked) != 0) ||
      ::fsync(file_.get()) != 0 ||
      ::unlinkat(state_->uploads.get(), mark_name(id_).c_str(), 0) != 0) {
    return base::fail(disk_error("take back what was not known to be good", errno));
  }
  return {};
}

base::Status FolderWriter::rehash() {
  OTARU_CHECK(cut_to_mark());
  std::vector<char> buffer(kReadBytes);
  while (true) {
    {
      const std::lock_guard lock(state_->mutex);
      state_->writing[id_] = offset_;
    }
    const ssize_t got = ::pread(file_.get(), buffer.data(), buffer.size(), offset_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail(disk_error("read an unfinished upload", errno));
    if (got == 0) break;
    hasher_.update({buffer.data(), static_cast<size_t>(got)});
    offset_ += got;
  }
  flushed_ = offset_;
  const std::lock_guard lock(state_->mutex);
  state_->writing[id_] = -1;
  return {};
}

// Errors show at the next sync.
void FolderWriter::flush_behind() {
  if (offset_ - flushed_ < kFlushBytes) return;
  ::sync_file_range(file_.get(), flushed_, offset_ - flushed_, SYNC_FILE_RANGE_WRITE);
  flushed_ = offset_;
}

base::Status FolderWriter::write(std::string_view bytes) {
  if (digests_) return base::fail(Code::precondition, "the upload is finished");
  if (lost_) return sync();
  if (static_cast<int64_t>(bytes.size()) > base::limits::kBlobBytesMax - offset_) {
    return base::fail(Code::too_large, "the file is larger than " +
                                           std::to_string(base::limits::kBlobBytesMax) + " bytes");
  }
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(file_.get(), bytes.data(), bytes.size(), offset_);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return base::fail(disk_error("store the file", errno));
    // What went out before a failure counts: the upload goes on from there.
    hasher_.update(bytes.substr(0, static_cast<size_t>(put)));
    offset_ += put;
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  flush_behind();
  return {};
}

base::Status FolderWriter::mark() {
  const std::string text = std::to_string(offset_);
  const Descriptor file(::openat(state_->uploads.get(), mark_name(id_).c_str(),
                                 O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file || ::pwrite(file.get(), text.data(), text.size(), 0) !=
                   static_cast<ssize_t>(text.size()) ||
      ::fsync(file.get()) != 0 || ::fsync(state_->uploads.get()) != 0) {
    return base::fail(disk_error("store the file", errno));
  }
  mark_ = Mark{hasher_.copy(), offset_};
  return {};
}

base::Status FolderWriter::rollback() {
  if (!mark_) return {};
  if (::ftruncate(file_.get(), mark_->offset) != 0 || ::fsync(file_.get()) != 0) {
    return base::fail(disk_error("take back what arrived", errno));
  }
  hasher_ = std::move(mark_->hasher);
  offset_ = mark_->offset;
  flushed_ = std::min(flushed_, offset_);
  mark_.reset();
  ::unlinkat(state_->uploads.get(), mark_name(id_).c_str(), 0);
  return {};
}

base::Status FolderWriter::sync() {
  const bool written = !lost_ && ::fsync(file_.get()) == 0;
  const bool kept =
      written && (!mark_ || ::unlinkat(state_->uploads.get(), mark_name(id_).c_str(), 0) == 0);
  if (kept && ::fsync(state_->uploads.get()) == 0) {
    mark_.reset();
    return {};
  }
  // The kernel forgets bytes it could not write and would call the next try a success: what the
  // disk holds is not known any more, so the upload starts again.
  const int error_number = lost_ ? EIO : errno;
  lost_ = true;
  return base::fail(disk_error("store the file", error_number));
}

// The rename happens under the lock that the sweep takes before it removes anything, and the time
// of the file is now: a blob that is uploaded again cannot be swept before its package is written.
base::Status FolderWriter::publish(const std::string& sha256) {
  OTARU_TRY(folder, open_folder(state_->blobs.get(), sha256.substr(0, 2).c_str()));
  const timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
  {
    const std::lock_guard lock(state_->mutex);
    if (::futimens(file_.get(), times) != 0 ||
        ::renameat(state_->uploads.get(), part_name(id_).c_str(), folder.get(),
                   sha256.substr(2).c_str()) != 0) {
      return base::fail(disk_error("store the file", errno));
    }
    state_->forget(sha256);
  }
  if (::fsync(folder.get()) != 0) return base::fail(disk_error("store the file", errno));
  return {};
}

base::Result<app::BlobInfo> FolderWriter::seal() {
  if (finished_) return base::fail(Code::precondition, "the upload is finished");
  if (!digests_ || lost_) OTARU_CHECK(sync());
  if (!digests_) digests_ = hasher_.finish();  // a finish() that failed may be tried again
  return app::BlobInfo{*digests_, offset_};
}

base::Result<app::BlobInfo> FolderWriter::finish() {
  // First without the lock, because it may take long.
  OTARU_TRY(info, seal());
  OTARU_CHECK(publish(info.digests.sha256));
  finished_ = true;
  return info;
}

}  // namespace otaru::blob
