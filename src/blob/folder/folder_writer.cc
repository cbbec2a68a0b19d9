// SPDX-License-Identifier: Apache-2.0
// Receiving a file: hashed while it is written, on the disk before it is a blob.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include "base/limits.h"
#include "blob/folder/folder_state.h"

namespace otaru::blob {

using base::Code;

namespace {
// Large enough for the disk, small enough for a device with little memory.
constexpr size_t kReadBytes = 256 * 1024;
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

void FolderState::forget(const std::string& sha256) {
  const auto found = cached.find(sha256);
  if (found == cached.end()) return;
  cache.erase(found->second);
  cached.erase(found);
}

FolderWriter::FolderWriter(std::shared_ptr<FolderState> state, std::string id, Descriptor file)
    : state_(std::move(state)), id_(std::move(id)), file_(std::move(file)) {}

FolderWriter::~FolderWriter() {
  const std::lock_guard lock(state_->mutex);
  if (lost_) ::unlinkat(state_->uploads.get(), part_name(id_).c_str(), 0);
  state_->writing.erase(id_);
}

base::Status FolderWriter::rehash() {
  std::vector<char> buffer(kReadBytes);
  while (true) {
    const ssize_t got = ::pread(file_.get(), buffer.data(), buffer.size(), offset_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail(disk_error("read an unfinished upload", errno));
    if (got == 0) return {};
    hasher_.update({buffer.data(), static_cast<size_t>(got)});
    offset_ += got;
  }
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
  return {};
}

base::Status FolderWriter::sync() {
  if (!lost_ && ::fsync(file_.get()) == 0 && ::fsync(state_->uploads.get()) == 0) return {};
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
