// SPDX-License-Identifier: Apache-2.0
// Files on their way in: announced, received in pieces over any number of connections, hashed while
// they are written, and at the end named by their SHA-256. Also the sweep of what nobody needs.
//
//   OTARU_TRY(made, uploads.create(actor, spec));
//   OTARU_TRY(piece, uploads.append(actor, made.row.id, 0));
//   OTARU_CHECK(piece->write(bytes));
//   OTARU_CHECK(piece->finish());       // what was written is durable; the last byte completes
//   OTARU_TRY(done, uploads.complete(actor, made.row.id, sha256));
//
// Content is hashed once, while it comes in: between two pieces the file and the state of its
// hashes stay open here (the kOpenUploadsMax used last). Only after a restart it is read again.
//
// Who may see an upload is the caller's question: row.tenant says whose it is.
//
// Threads: any, if `random` may be used from any (SecureRandom); one writer per upload. Blocks.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/actor.h"
#include "app/engine.h"
#include "app/ports/inspector.h"
#include "base/hash.h"
#include "base/random.h"
#include "domain/ids.h"

namespace otaru::app {

struct UploadSpec {
  domain::TenantId tenant = domain::kDefaultTenant;
  std::optional<int64_t> size_bytes;  // nothing: known at its end
  std::string file_name;
  // Announced: what arrives must have it, and what the tenant has already need not arrive.
  std::string sha256;
  std::string metadata;
};

struct UploadStatus {
  UploadRow row;
  int64_t offset = 0;             // bytes that are there
  std::optional<int64_t> reread;  // after a restart: of these, read again so far
  bool complete() const { return !row.sha256.empty(); }
};

// What the bytes of one piece must hash to; raw.
struct PieceChecksum {
  base::HashKind kind = base::HashKind::sha256;
  std::string digest;
};

class UploadService;

// One stretch of bytes being received. Destroyed without finish(): what was written stays, unless
// it came with a checksum; then it goes.
class UploadPiece {
 public:
  UploadPiece(UploadService& owner, Actor actor, UploadRow row, std::unique_ptr<BlobWriter> writer);
  ~UploadPiece();
  UploadPiece(const UploadPiece&) = delete;
  UploadPiece& operator=(const UploadPiece&) = delete;
  int64_t offset() const;  // where the upload stands
  const UploadRow& row() const { return row_; }
  const std::string& id() const { return row_.id; }
  // Code::too_large beyond the announced size; Code::unavailable when the disk is full.
  base::Status write(std::string_view bytes);
  base::Status rename(std::string_view file_name);  // before finish(), which makes it durable
  // Code::conflict (field Upload-Checksum): the bytes are not those of the checksum and are gone;
  // (field sha256): the whole file is not what was announced, and the upload was given up.
  base::Result<UploadStatus> finish();

 private:
  friend class UploadService;
  base::Status expect(PieceChecksum checksum);  // before the first byte

  UploadService& owner_;
  Actor actor_;
  UploadRow row_;
  std::unique_ptr<BlobWriter> writer_;
  int64_t began_at_ = 0;
  std::optional<PieceChecksum> checksum_;
  std::optional<base::Hasher> hasher_;
};

class UploadService {
 public:
  UploadService(Engine& engine, base::Random& random);
  // Completed files are looked at from now on; `inspector` outlives the service. Before start().
  void inspect_with(const FileInspector& inspector) { inspector_ = &inspector; }
  base::Status start();  // after Engine::start()

  // Complete at once when the tenant has a file with the announced hash already. Code::exhausted
  // when the tenant has too many uploads, or too many bytes of them.
  base::Result<UploadStatus> create(const Actor& actor, const UploadSpec& spec);
  base::Result<UploadStatus> status(const std::string& id) const;  // not_found, gone (expired)
  // In the order of their ids, which is no order in time.
  std::vector<UploadStatus> list(std::optional<domain::TenantId> tenant, const std::string& after,
                                 size_t limit) const;
  // Code::conflict (field Upload-Offset) when `offset` is not where the upload is, or another
  // connection is still writing to it; Code::precondition when it is complete.
  base::Result<std::unique_ptr<UploadPiece>> append(const Actor& actor, const std::string& id,
                                                    int64_t offset,
                                                    std::optional<PieceChecksum> checksum = {});
  // Code::precondition while bytes are missing; Code::conflict when the content has another SHA-256
  // than given (the upload is given up then). Repeating it is no error.
  base::Result<UploadStatus> complete(const Actor& actor, const std::string& id,
                                      const std::string& sha256);
  base::Status remove(const Actor& actor, const std::string& id);

  // What a finished file says about itself; nothing when nobody looks at files here.
  base::Result<std::optional<Inspection>> inspect(const std::string& sha256,
                                                  const FileExpectation& expected) const;

  // Expired uploads, partial files without a row, and blobs that neither a package nor a completed
  // upload names. Returns how many files went.
  base::Result<int64_t> sweep();

  // For CatalogueService, which uses uploads up: while the lock is held nothing is swept. Its batch
  // erases the row durably, forget() does it in memory.
  std::unique_lock<std::mutex> hold_files() { return std::unique_lock(files_mutex_); }
  void forget(const std::string& id);
  // Says of files whether somebody else still needs them (imports do). Null: nobody does.
  void set_keeper(std::function<bool(std::string_view sha256)> keeper);

 private:
  friend class UploadPiece;
  std::optional<UploadRow> find(const std::string& id) const;
  base::Result<UploadRow> find_living(const std::string& id) const;  // not_found, gone
  UploadStatus status_of(UploadRow row) const;
  void put(const UploadRow& row);
  base::Status check_room(const UploadRow& row) const;  // with rows_mutex_ held
  base::Result<UploadRow> announce(const Actor& actor, UploadRow row);
  bool take_known(UploadRow& row) const;
  base::Result<std::unique_ptr<BlobWriter>> take_writer(const std::string& id);
  void park(const std::string& id, std::unique_ptr<BlobWriter> writer);
  void close_parked(const std::string& id);
  base::Result<UploadStatus> received(const Actor& actor, UploadRow row,
                                      std::unique_ptr<BlobWriter>& writer);
  base::Result<UploadStatus> finish(const Actor& actor, UploadRow row,
                                    std::unique_ptr<BlobWriter>& writer);
  // Removes it and says why.
  tl::unexpected<base::Error> give_up(const Actor& actor, const std::string& id,
                                      const std::string& sha256);
  // Adds the entry of the journal; null: it is made, or goes.
  void note_change(WriteBatch& batch, const Actor& actor, std::string_view action,
                   const UploadRow* before, const UploadRow* after) const;
  base::Status extend(UploadRow& row);
  void resume(UploadRow& row);
  base::Status drop_unsized();

  base::Result<UploadRow> become_blob(const Actor& actor, const UploadRow& before, UploadRow row,
                                      BlobWriter& writer);
  void note_inspection(UploadRow& row);

  Engine& engine_;
  base::Random& random_;
  const FileInspector* inspector_ = nullptr;
  mutable std::mutex rows_mutex_;
  std::map<std::string, UploadRow> rows_;  // guarded by rows_mutex_
  struct Parked {
    std::string id;
    std::unique_ptr<BlobWriter> writer;
  };
  std::mutex writers_mutex_;
  std::list<Parked> parked_;  // guarded by writers_mutex_; the last used first
  // Held while content becomes a blob and its row says so, and while sweeping: a sweep never sees
  // the one without the other.
  std::mutex files_mutex_;
  std::function<bool(std::string_view)> keeper_;  // guarded by files_mutex_
};

}  // namespace otaru::app
