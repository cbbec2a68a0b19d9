// SPDX-License-Identifier: Apache-2.0
#include "maintain/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/encoding.h"

namespace otaru::maintain {
namespace {

using base::Code;

constexpr size_t kPieceBytes = 1 << 20;
constexpr size_t kUploadIdBytes = 16;

base::Error path_error(const char* doing, const std::string& path) {
  return {Code::unavailable,
          std::string("cannot ") + doing + " " + path + ": " + std::strerror(errno),
          {}};
}

// Reads a file in pieces; `each` says false to stop.
base::Status for_each_piece(const base::File& file,
                            const std::function<base::Status(std::string_view)>& each) {
  std::string piece(kPieceBytes, '\0');
  for (int64_t at = 0; at < file.size();) {
    const ssize_t got = ::pread(file.fd(), piece.data(), piece.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return base::fail(Code::unavailable,
                        got == 0 ? "a file is shorter than it was"
                                 : std::string("cannot read a file: ") + std::strerror(errno));
    }
    OTARU_CHECK(each(std::string_view(piece.data(), static_cast<size_t>(got))));
    at += got;
  }
  return {};
}

}  // namespace

base::Error interrupted() {
  return {Code::unavailable, "it was interrupted", {}};
}

base::Result<std::string> read_small(const std::string& path, size_t bytes_max) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) {
    return base::fail(Code::not_found, "cannot read " + path + ": " + std::strerror(errno));
  }
  std::string text(bytes_max + 1, '\0');
  const ssize_t got = ::read(fd, text.data(), text.size());
  ::close(fd);
  if (got < 0) return base::fail(path_error("read", path));
  if (static_cast<size_t>(got) > bytes_max) {
    return base::fail(Code::too_large, path + " is larger than such a file can be");
  }
  text.resize(static_cast<size_t>(got));
  return text;
}

base::Status sync_folder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!synced) return base::fail(path_error("write", path));
  return {};
}

base::Status write_whole(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".new";
  ::unlink(temporary.c_str());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool written = fd >= 0 &&
                       ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) {
    return base::fail(path_error("write", path));
  }
  return sync_folder(path.substr(0, path.rfind('/')));
}

base::Result<std::string> sha256_of_file(const base::File& file, const Bytes& progress) {
  base::Hasher hasher(base::HashKind::sha256);
  OTARU_CHECK(for_each_piece(file, [&](std::string_view bytes) -> base::Status {
    hasher.update(bytes);
    if (progress && !progress(static_cast<int64_t>(bytes.size()))) return base::fail(interrupted());
    return {};
  }));
  return base::hex(hasher.finish());
}

base::Result<std::string> sha256_of_path(const std::string& path, const Bytes& progress) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct stat info {};
  if (fd < 0 || ::fstat(fd, &info) != 0) {
    if (fd >= 0) ::close(fd);
    return base::fail(path_error("read", path));
  }
  return sha256_of_file(base::File(fd, info.st_size), progress);
}

base::Status copy_blob(app::BlobStore& from, app::BlobStore& to, const std::string& sha256,
                       base::Random& random, const Bytes& progress) {
  OTARU_TRY(blob, from.open(sha256));
  const std::string id = base::hex(random.bytes(kUploadIdBytes));
  base::Result<app::BlobInfo> done = base::fail(interrupted());
  {
    OTARU_TRY(writer, to.open_upload(id));
    const auto copied = for_each_piece(*blob, [&](std::string_view bytes) -> base::Status {
      OTARU_CHECK(writer->write(bytes));
      if (progress && !progress(static_cast<int64_t>(bytes.size()))) {
        return base::fail(interrupted());
      }
      return {};
    });
    if (copied) {
      done = writer->seal();
      if (done && done->digests.sha256 != sha256) {
        done = base::fail(Code::internal, "the bytes of file " + sha256 +
                                              " are not what its name says: the disk changed them");
      }
      if (done) done = writer->finish();
    } else {
      done = base::fail(copied.error());
    }
  }
  if (done) return {};
  static_cast<void>(to.remove_upload(id));  // the error that ended it matters
  return base::fail(done.error());
}

}  // namespace otaru::maintain
