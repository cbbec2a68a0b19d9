// SPDX-License-Identifier: Apache-2.0
#include "server/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/random.h"

namespace otaru::server {
namespace {

using base::Code;

std::string reason() {
  return std::strerror(errno);
}

// Closes a descriptor at the end of a scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

bool sync_folder(const std::string& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.get() >= 0 && ::fsync(folder.get()) == 0;
}

base::Result<std::string> make_key(const std::string& folder, const std::string& path) {
  base::SecureRandom random;
  const std::string key = random.bytes(base::kSealKeyBytes);
  // Under a temporary name first: a crash must not leave half a key behind.
  const std::string temporary = path + ".new";
  {
    const Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    const bool written =
        file.get() >= 0 &&
        ::write(file.get(), key.data(), key.size()) == static_cast<ssize_t>(key.size()) &&
        ::fsync(file.get()) == 0;
    if (!written) {
      return base::fail(Code::unavailable, "cannot write " + temporary + ": " + reason());
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0 || !sync_folder(folder)) {
    return base::fail(Code::unavailable, "cannot write " + path + ": " + reason());
  }
  return key;
}

}  // namespace

base::Result<DataFolder> DataFolder::open(const std::string& path) {
  std::error_code error;
  const bool existed = std::filesystem::exists(path, error);
  std::filesystem::create_directories(path, error);
  if (error) {
    return base::fail(Code::unavailable,
                      "cannot create the data folder " + path + ": " + error.message());
  }
  if (!existed) ::chmod(path.c_str(), 0700);
  const std::string lock_path = path + "/lock";
  Descriptor lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.get() < 0) {
    return base::fail(Code::unavailable,
                      "cannot write to the data folder " + path + ": " + reason());
  }
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    char pid[32] = {};
    const ssize_t n = ::pread(lock.get(), pid, sizeof pid - 1, 0);
    const std::string who =
        n > 0 ? " (process " + std::string(base::trim(std::string_view(pid))) + ")" : "";
    return base::fail(Code::conflict, "the data folder " + path + " is in use by another otaru" +
                                          who + "; stop it or choose another folder with --data");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock.get(), 0) != 0 ||
      ::pwrite(lock.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return base::fail(Code::unavailable, "cannot write " + lock_path + ": " + reason());
  }
  return DataFolder(path, lock.release());
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_fd_(other.lock_fd_) {
  other.lock_fd_ = -1;
}

DataFolder::~DataFolder() {
  if (lock_fd_ >= 0) ::close(lock_fd_);  // and with it the lock
}

base::Result<std::string> DataFolder::master_key() const {
  const std::string path = path_ + "/master.key";
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0) {
    if (errno != ENOENT)
      return base::fail(Code::unavailable, "cannot read " + path + ": " + reason());
    // A database without its key cannot be read any more: a fresh key would only hide that.
    if (::access(database().c_str(), F_OK) == 0) {
      return base::fail(Code::invalid, path +
                                           " is missing, but there is a database: restore the "
                                           "key that belongs to it");
    }
    return make_key(path_, path);
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || (info.st_mode & 077) != 0) {
    return base::fail(Code::invalid, path + " can be read by others; run: chmod 600 " + path);
  }
  std::string key(base::kSealKeyBytes + 1, '\0');
  const ssize_t n = ::read(file.get(), key.data(), key.size());
  if (n != static_cast<ssize_t>(base::kSealKeyBytes)) {
    return base::fail(Code::invalid, path + " is damaged: it must hold 32 bytes");
  }
  key.resize(base::kSealKeyBytes);
  return key;
}

}  // namespace otaru::server
