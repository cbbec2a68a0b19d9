// SPDX-License-Identifier: Apache-2.0
#include "tests/support/memory_blobs.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"

namespace otaru::tests {

class MemoryBlobs::Writer final : public app::BlobWriter {
 public:
  Writer(MemoryBlobs& owner, std::string id, std::string bytes)
      : owner_(owner), id_(std::move(id)), bytes_(std::move(bytes)) {}
  ~Writer() override {
    if (marked_) [[maybe_unused]] const auto undone = rollback();
    const std::lock_guard lock(owner_.mutex_);
    owner_.writing_.erase(id_);
  }
  int64_t offset() const override { return static_cast<int64_t>(bytes_.size()); }
  base::Status write(std::string_view bytes) override {
    bytes_ += bytes;
    if (!marked_) keep();
    return {};
  }
  base::Status sync() override {
    marked_.reset();
    keep();
    return {};
  }
  base::Status mark() override {
    marked_ = bytes_.size();
    return {};
  }
  base::Status rollback() override {
    bytes_.resize(marked_.value_or(bytes_.size()));
    marked_.reset();
    return {};
  }
  base::Result<app::BlobInfo> seal() override {
    OTARU_CHECK(sync());
    base::MultiHasher hasher;
    hasher.update(bytes_);
    return app::BlobInfo{hasher.finish(), offset()};
  }
  base::Result<app::BlobInfo> finish() override {
    {
      const std::lock_guard lock(owner_.mutex_);
      owner_.parts_.erase(id_);
    }
    return owner_.put(bytes_);
  }

 private:
  void keep() {
    const std::lock_guard lock(owner_.mutex_);
    owner_.parts_[id_] = bytes_;
  }
  MemoryBlobs& owner_;
  std::string id_;
  std::string bytes_;
  std::optional<size_t> marked_;
};

app::BlobInfo MemoryBlobs::put(std::string_view bytes, base::Time modified) {
  base::MultiHasher hasher;
  hasher.update(bytes);
  app::BlobInfo info{hasher.finish(), static_cast<int64_t>(bytes.size())};
  const int fd = ::memfd_create("otaru-test-blob", MFD_CLOEXEC);
  OTARU_ASSERT(fd >= 0);
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::write(fd, bytes.data() + done, bytes.size() - done);
    OTARU_ASSERT(n > 0);
    done += static_cast<size_t>(n);
  }
  const std::lock_guard lock(mutex_);
  blobs_[info.digests.sha256] = std::make_shared<app::OpenBlob>(fd, info.size_bytes, modified);
  return info;
}

base::Result<std::unique_ptr<app::BlobWriter>> MemoryBlobs::open_upload(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (!writing_.insert(id).second) {
    return base::fail(base::Code::conflict, "the upload is being written");
  }
  ++opened_;
  return std::unique_ptr<app::BlobWriter>(std::make_unique<Writer>(*this, id, parts_[id]));
}

base::Result<int64_t> MemoryBlobs::upload_offset(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = parts_.find(id);
  if (found == parts_.end()) return base::fail(base::Code::not_found, "no such upload");
  return static_cast<int64_t>(found->second.size());
}

std::optional<int64_t> MemoryBlobs::upload_reread(const std::string&) {
  return std::nullopt;
}

base::Status MemoryBlobs::remove_upload(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (writing_.count(id) != 0) return base::fail(base::Code::conflict, "it is being written");
  parts_.erase(id);
  return {};
}

std::vector<std::string> MemoryBlobs::uploads() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [id, bytes] : parts_) out.push_back(id);
  return out;
}

base::Result<std::shared_ptr<app::OpenBlob>> MemoryBlobs::open(std::string_view sha256) {
  const std::lock_guard lock(mutex_);
  const auto found = blobs_.find(sha256);
  if (found == blobs_.end()) return base::fail(base::Code::not_found, "no such blob");
  return found->second;
}

base::Result<int64_t> MemoryBlobs::sweep(const std::function<bool(std::string_view sha256)>& keep,
                                         base::Time, int64_t) {
  const std::lock_guard lock(mutex_);
  int64_t removed = 0;
  for (auto at = blobs_.begin(); at != blobs_.end();) {
    if (keep(at->first)) {
      ++at;
    } else {
      at = blobs_.erase(at);
      ++removed;
    }
  }
  return removed;
}

base::Status MemoryBlobs::each(const std::function<bool(std::string_view sha256)>& each) {
  const std::lock_guard lock(mutex_);
  for (const auto& [sha256, blob] : blobs_) {
    if (!each(sha256)) break;
  }
  return {};
}

base::Status MemoryBlobs::set_aside(std::string_view sha256) {
  const std::lock_guard lock(mutex_);
  const auto found = blobs_.find(sha256);
  if (found == blobs_.end()) return base::fail(base::Code::not_found, "no such blob");
  blobs_.erase(found);
  return {};
}

base::Result<std::unique_ptr<app::BlobStore::Hold>> MemoryBlobs::hold() {
  return std::make_unique<Hold>();  // one process: whoever holds does not sweep
}

}  // namespace otaru::tests
