// SPDX-License-Identifier: Apache-2.0
#include "blob/folder/folder_blobs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/limits.h"
#include "blob/folder/folder_state.h"

namespace otaru::blob {
namespace {

using base::Code;

constexpr size_t kSha256Digits = 64;
constexpr size_t kUploadIdDigits = 32;
constexpr std::string_view kPartEnding = ".part";

base::Time modified_at(const struct stat& info) {
  return base::Time{info.st_mtim.tv_sec * base::kSecondMs + info.st_mtim.tv_nsec / 1'000'000};
}

// The names in a folder, without dots, in order.
std::vector<std::string> names_in(int folder) {
  std::vector<std::string> names;
  const int fd = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return names;
  DIR* stream = ::fdopendir(fd);
  if (stream == nullptr) {
    ::close(fd);
    return names;
  }
  // Each call has a stream of its own, which is all that glibc asks for.
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  while (const dirent* entry = ::readdir(stream)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  ::closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

base::Status check_id(const std::string& id) {
  if (is_hex(id, kUploadIdDigits)) return {};
  return base::fail(Code::invalid, "an upload id is 32 lower-case hex digits");
}

class FolderBlobs final : public app::BlobStore {
 public:
  explicit FolderBlobs(std::shared_ptr<FolderState> state) : state_(std::move(state)) {}

  base::Result<std::unique_ptr<app::BlobWriter>> open_upload(const std::string& id) override;
  base::Result<int64_t> upload_offset(const std::string& id) override;
  std::optional<int64_t> upload_reread(const std::string& id) override;
  base::Status remove_upload(const std::string& id) override;
  std::vector<std::string> uploads() override;
  base::Result<std::shared_ptr<app::OpenBlob>> open(std::string_view sha256) override;
  base::Result<int64_t> sweep(const std::function<bool(std::string_view sha256)>& keep,
                              base::Time now, int64_t grace_ms) override;
  base::Status each(const std::function<bool(std::string_view sha256)>& each) override;
  base::Status set_aside(std::string_view sha256) override;
  base::Result<std::unique_ptr<Hold>> hold() override;

 private:
  base::Result<Descriptor> lock_blobs(int operation) const;
  base::Result<bool> remove_old(int folder, const std::string& sha256, base::Time newest);

  std::shared_ptr<FolderState> state_;
};

base::Result<std::unique_ptr<app::BlobWriter>> FolderBlobs::open_upload(const std::string& id) {
  OTARU_CHECK(check_id(id));
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->writing.emplace(id, 0).second) {
      return base::fail(Code::conflict, "the upload is being written by another request");
    }
  }
  // From here on the writer gives the id back, whatever happens.
  const int fd = ::openat(state_->uploads.get(), part_name(id).c_str(),
                          O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  const int error_number = errno;
  auto writer = std::make_unique<FolderWriter>(state_, id, Descriptor(fd));
  if (fd < 0) return base::fail(disk_error("open an upload", error_number));
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    return base::fail(Code::internal, "an upload is not a file", part_name(id));
  }
  OTARU_CHECK(writer->rehash());
  return std::unique_ptr<app::BlobWriter>(std::move(writer));
}

base::Result<int64_t> FolderBlobs::upload_offset(const std::string& id) {
  OTARU_CHECK(check_id(id));
  struct stat info {};
  if (::fstatat(state_->uploads.get(), part_name(id).c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    const auto marked = read_mark(*state_, id);
    return std::min<int64_t>(info.st_size, marked.value_or(info.st_size));
  }
  if (errno == ENOENT) return base::fail(Code::not_found, "there is no such upload");
  return base::fail(disk_error("look at an upload", errno));
}

std::optional<int64_t> FolderBlobs::upload_reread(const std::string& id) {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->writing.find(id);
  if (found == state_->writing.end() || found->second < 0) return std::nullopt;
  return found->second;
}

base::Status FolderBlobs::remove_upload(const std::string& id) {
  OTARU_CHECK(check_id(id));
  const std::lock_guard lock(state_->mutex);
  if (state_->writing.count(id) != 0) {
    return base::fail(Code::conflict, "the upload is being written");
  }
  if (::unlinkat(state_->uploads.get(), part_name(id).c_str(), 0) != 0) {
    if (errno == ENOENT) return base::fail(Code::not_found, "there is no such upload");
    return base::fail(disk_error("remove an upload", errno));
  }
  // Ids are never used twice: a mark that stays behind names nothing.
  ::unlinkat(state_->uploads.get(), mark_name(id).c_str(), 0);
  return {};
}

std::vector<std::string> FolderBlobs::uploads() {
  std::vector<std::string> ids;
  for (auto& name : names_in(state_->uploads.get())) {
    if (name.size() != kUploadIdDigits + kPartEnding.size() || !name.ends_with(kPartEnding)) {
      continue;
    }
    name.resize(kUploadIdDigits);
    if (is_hex(name, kUploadIdDigits)) ids.push_back(std::move(name));
  }
  return ids;
}

base::Result<std::shared_ptr<app::OpenBlob>> FolderBlobs::open(std::string_view sha256) {
  const auto missing = [] { return base::fail(Code::not_found, "there is no such file"); };
  if (!is_hex(sha256, kSha256Digits)) return missing();
  const std::string name(sha256);
  const std::lock_guard lock(state_->mutex);
  if (const auto found = state_->cached.find(name); found != state_->cached.end()) {
    state_->cache.splice(state_->cache.begin(), state_->cache, found->second);
    return found->second->blob;
  }
  const std::string path = name.substr(0, 2) + "/" + name.substr(2);
  Descriptor file(
      ::openat(state_->blobs.get(), path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && (errno == ENOENT || errno == ELOOP)) return missing();
  if (!file) return base::fail(disk_error("open a file", errno));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return missing();
  auto blob = std::make_shared<app::OpenBlob>(file.release(), info.st_size, modified_at(info));
  state_->cache.push_front({name, blob});
  state_->cached[name] = state_->cache.begin();
  if (state_->cache.size() > base::limits::kOpenBlobsMax) {
    const std::string oldest = state_->cache.back().sha256;
    state_->forget(oldest);
  }
  return blob;
}

// Under the lock that publish() takes: a blob that was just uploaded again is young, and stays.
base::Result<bool> FolderBlobs::remove_old(int folder, const std::string& sha256,
                                           base::Time newest) {
  const std::string name = sha256.substr(2);
  const std::lock_guard lock(state_->mutex);
  struct stat info {};
  if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (modified_at(info) > newest) return false;
  if (::unlinkat(folder, name.c_str(), 0) != 0) {
    return base::fail(disk_error("remove a file", errno));
  }
  state_->forget(sha256);
  return true;
}

// The kernel gives a lock back when its process dies, so that a backup that was killed holds
// nothing up.
base::Result<Descriptor> FolderBlobs::lock_blobs(int operation) const {
  Descriptor folder(
      ::openat(state_->blobs.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!folder) return base::fail(disk_error("open the folder of files", errno));
  while (::flock(folder.get(), operation) != 0) {
    if (errno != EINTR) return base::fail(disk_error("lock the folder of files", errno));
  }
  return folder;
}

base::Result<std::unique_ptr<app::BlobStore::Hold>> FolderBlobs::hold() {
  struct Held final : Hold {
    explicit Held(Descriptor locked) : folder(std::move(locked)) {}
    Descriptor folder;
  };
  OTARU_TRY(folder, lock_blobs(LOCK_SH));
  return std::unique_ptr<Hold>(std::make_unique<Held>(std::move(folder)));
}

base::Status FolderBlobs::each(const std::function<bool(std::string_view sha256)>& each) {
  for (const auto& start : names_in(state_->blobs.get())) {
    if (!is_hex(start, 2)) continue;
    OTARU_TRY(folder, open_folder(state_->blobs.get(), start.c_str()));
    for (const auto& rest : names_in(folder.get())) {
      const std::string sha256 = start + rest;
      if (is_hex(sha256, kSha256Digits) && !each(sha256)) return {};
    }
  }
  return {};
}

base::Status FolderBlobs::set_aside(std::string_view sha256) {
  if (!is_hex(sha256, kSha256Digits)) return base::fail(Code::not_found, "there is no such file");
  const std::string name(sha256);
  const std::string path = name.substr(0, 2) + "/" + name.substr(2);
  OTARU_TRY(damaged, open_folder(state_->blobs.get(), "damaged"));
  const std::lock_guard lock(state_->mutex);
  if (::renameat(state_->blobs.get(), path.c_str(), damaged.get(), name.c_str()) != 0) {
    if (errno == ENOENT) return base::fail(Code::not_found, "there is no such file");
    return base::fail(disk_error("set a file aside", errno));
  }
  state_->forget(name);
  return {};
}

base::Result<int64_t> FolderBlobs::sweep(const std::function<bool(std::string_view sha256)>& keep,
                                         base::Time now, int64_t grace_ms) {
  const auto alone = lock_blobs(LOCK_EX | LOCK_NB);
  if (!alone) {
    if (errno == EWOULDBLOCK) return int64_t{0};  // held: the next sweep finds the same
    return base::fail(alone.error());
  }
  int64_t removed = 0;
  for (const auto& start : names_in(state_->blobs.get())) {
    if (!is_hex(start, 2)) continue;
    OTARU_TRY(folder, open_folder(state_->blobs.get(), start.c_str()));
    for (const auto& rest : names_in(folder.get())) {
      const std::string sha256 = start + rest;
      if (!is_hex(sha256, kSha256Digits) || keep(sha256)) continue;
      OTARU_TRY(gone, remove_old(folder.get(), sha256, now + -grace_ms));
      if (gone) ++removed;
    }
  }
  return removed;
}

}  // namespace

base::Result<std::unique_ptr<app::BlobStore>> make_folder_blobs(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return base::fail(disk_error("make the folder of files", errno));
  }
  Descriptor root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return base::fail(disk_error("open the folder of files", errno));
  auto state = std::make_shared<FolderState>();
  OTARU_TRY(blobs, open_folder(root.get(), "blobs"));
  OTARU_TRY(uploads, open_folder(root.get(), "uploads"));
  state->blobs = std::move(blobs);
  state->uploads = std::move(uploads);
  return std::unique_ptr<app::BlobStore>(std::make_unique<FolderBlobs>(std::move(state)));
}

}  // namespace otaru::blob
