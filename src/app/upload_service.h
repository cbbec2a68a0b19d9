// SPDX-License-Identifier: Apache-2.0
// Files on their way in: announced, received in pieces over any number of connections, hashed while
// they are written, and at the end named by their SHA-256. Also the sweep of what nobody needs.
//
//   OTARU_TRY(row, uploads.create(actor, size, "app.bin"));
//   OTARU_TRY(piece, uploads.append(actor, row.id, 0));
//   OTARU_CHECK(piece->write(bytes));
//   OTARU_CHECK(piece->finish());       // what was written is durable; the last byte completes
//   OTARU_TRY(done, uploads.complete(actor, row.id, sha256));
//
// Threads: any, if `random` may be used from any (SecureRandom); one writer per upload. Blocks.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "app/actor.h"
#include "app/engine.h"
#include "base/random.h"

namespace otaru::app {

struct UploadStatus {
  UploadRow row;
  int64_t offset = 0;  // bytes that are there
  bool complete() const { return !row.sha256.empty(); }
};

class UploadService;

// One stretch of bytes being received. Destroyed without finish(): what was written stays.
class UploadPiece {
 public:
  UploadPiece(UploadService& owner, Actor actor, UploadRow row, std::unique_ptr<BlobWriter> writer)
      : owner_(owner), actor_(std::move(actor)), row_(std::move(row)), writer_(std::move(writer)) {}
  UploadPiece(const UploadPiece&) = delete;
  UploadPiece& operator=(const UploadPiece&) = delete;
  int64_t offset() const { return writer_->offset(); }
  const std::string& id() const { return row_.id; }
  // Code::too_large beyond the announced size; Code::unavailable when the disk is full.
  base::Status write(std::string_view bytes);
  base::Result<UploadStatus> finish();

 private:
  UploadService& owner_;
  Actor actor_;
  UploadRow row_;
  std::unique_ptr<BlobWriter> writer_;
};

class UploadService {
 public:
  UploadService(Engine& engine, base::Random& random);
  base::Status start();  // after Engine::start()

  base::Result<UploadRow> create(const Actor& actor, int64_t size_bytes,
                                 std::string_view file_name);
  // An upload whose size is only known at its end: PUT of a whole file.
  base::Result<UploadRow> create_unsized(const Actor& actor, std::string_view file_name);
  base::Result<UploadStatus> status(const std::string& id) const;  // not_found
  // Code::conflict (field Upload-Offset) when `offset` is not where the upload is, or another
  // connection is still writing to it; Code::precondition when it is complete.
  base::Result<std::unique_ptr<UploadPiece>> append(const Actor& actor, const std::string& id,
                                                    int64_t offset);
  // Code::precondition while bytes are missing; Code::conflict when the content has another SHA-256
  // than given (the upload is given up then). Repeating it is no error.
  base::Result<UploadStatus> complete(const Actor& actor, const std::string& id,
                                      const std::string& sha256);
  base::Status remove(const Actor& actor, const std::string& id);

  // Expired uploads, partial files without a row, and blobs that neither a package nor a completed
  // upload names. Returns how many files went.
  base::Result<int64_t> sweep();

  // For CatalogueService, which uses uploads up: while the lock is held nothing is swept. Its batch
  // erases the row durably, forget() does it in memory.
  std::unique_lock<std::mutex> hold_files() { return std::unique_lock(files_mutex_); }
  void forget(const std::string& id);

 private:
  friend class UploadPiece;
  std::optional<UploadRow> find(const std::string& id) const;
  void put(const UploadRow& row);
  base::Result<UploadRow> announce(const Actor& actor, UploadRow row);
  base::Result<UploadStatus> received(const Actor& actor, UploadRow row, BlobWriter& writer);
  base::Result<UploadStatus> finish(const Actor& actor, UploadRow row, BlobWriter& writer);
  base::Status extend(UploadRow& row);
  void resume(UploadRow& row);

  Engine& engine_;
  base::Random& random_;
  mutable std::mutex rows_mutex_;
  std::unordered_map<std::string, UploadRow> rows_;  // guarded by rows_mutex_
  // Held while content becomes a blob and its row says so, and while sweeping: a sweep never sees
  // the one without the other.
  std::mutex files_mutex_;
};

}  // namespace otaru::app
