// SPDX-License-Identifier: Apache-2.0
// Blobs in memory files (memfd): real descriptors the server can send from, nothing on disk. For
// transcripts and simulation; the folder store has its own contract tests.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "app/ports/blob.h"

namespace otaru::tests {

class MemoryBlobs final : public app::BlobStore {
 public:
  // Keeps the bytes as a blob at once.
  app::BlobInfo put(std::string_view bytes, base::Time modified = {});
  // How often an upload was opened: each time reads what is there.
  int opened() const { return opened_; }

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
  class Writer;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<app::OpenBlob>, std::less<>> blobs_;
  std::map<std::string, std::string> parts_;
  std::set<std::string> writing_;
  int opened_ = 0;
};

}  // namespace otaru::tests
