// SPDX-License-Identifier: Apache-2.0
// Bytes of uploads on their way in, and the end of an upload: from partial file to blob.
#include <algorithm>

#include "app/events.h"
#include "app/input_checks.h"
#include "app/upload_service.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/log.h"

namespace otaru::app {

namespace limits = base::limits;
using base::Code;

// --- One piece ----------------------------------------------------------------------------------

UploadPiece::UploadPiece(UploadService& owner, Actor actor, UploadRow row,
                         std::unique_ptr<BlobWriter> writer)
    : owner_(owner),
      actor_(std::move(actor)),
      row_(std::move(row)),
      writer_(std::move(writer)),
      began_at_(writer_->offset()) {}

UploadPiece::~UploadPiece() {
  if (!writer_) return;
  // Bytes that nobody compared with their checksum are not kept.
  if (checksum_ && !writer_->rollback()) writer_.reset();
  if (writer_) owner_.park(row_.id, std::move(writer_));
}

int64_t UploadPiece::offset() const {
  return checksum_ || !writer_ ? began_at_ : writer_->offset();
}

base::Status UploadPiece::expect(PieceChecksum checksum) {
  OTARU_CHECK(writer_->mark());
  hasher_.emplace(checksum.kind);
  checksum_ = std::move(checksum);
  return {};
}

base::Status UploadPiece::write(std::string_view bytes) {
  const bool sized = row_.size_bytes >= 0;
  const int64_t size = sized ? row_.size_bytes : limits::kUnsizedUploadBytesMax;
  if (static_cast<int64_t>(bytes.size()) > size - writer_->offset()) {
    return base::fail_field(
        Code::too_large, "body",
        sized ? "there are more bytes than the " + std::to_string(size) + " announced"
              : "a file whose size is not announced has at most " + std::to_string(size) + " bytes",
        sized ? "" : "say how long it is: Content-Length");
  }
  if (hasher_) hasher_->update(bytes);
  return writer_->write(bytes);
}

base::Status UploadPiece::rename(std::string_view file_name) {
  OTARU_CHECK(check_file_name("file_name", file_name));
  row_.file_name = std::string(file_name);
  return {};
}

base::Result<UploadStatus> UploadPiece::finish() {
  if (checksum_) {
    const bool same = hasher_->finish() == checksum_->digest;
    if (!same) {
      // The destructor takes the bytes back if this could not.
      OTARU_CHECK(writer_->rollback());
      return base::fail_field(Code::conflict, "Upload-Checksum",
                              "the bytes do not have the checksum that came with them",
                              "send them again from Upload-Offset on");
    }
    checksum_.reset();
  }
  return owner_.received(actor_, row_, writer_);
}

// --- Writers between pieces ---------------------------------------------------------------------

base::Result<std::unique_ptr<BlobWriter>> UploadService::take_writer(const std::string& id) {
  {
    const std::lock_guard lock(writers_mutex_);
    const auto at = std::find_if(parked_.begin(), parked_.end(),
                                 [&](const Parked& parked) { return parked.id == id; });
    if (at != parked_.end()) {
      auto writer = std::move(at->writer);
      parked_.erase(at);
      return writer;
    }
  }
  return engine_.blobs().open_upload(id);
}

void UploadService::park(const std::string& id, std::unique_ptr<BlobWriter> writer) {
  std::list<Parked> closed;  // outside the lock: closing may touch the disk
  const std::lock_guard lock(writers_mutex_);
  parked_.push_front({id, std::move(writer)});
  if (parked_.size() > limits::kOpenUploadsMax) {
    closed.splice(closed.begin(), parked_, std::prev(parked_.end()));
  }
}

void UploadService::close_parked(const std::string& id) {
  std::list<Parked> closed;
  const std::lock_guard lock(writers_mutex_);
  const auto at = std::find_if(parked_.begin(), parked_.end(),
                               [&](const Parked& parked) { return parked.id == id; });
  if (at != parked_.end()) closed.splice(closed.begin(), parked_, at);
}

base::Result<std::unique_ptr<UploadPiece>> UploadService::append(
    const Actor& actor, const std::string& id, int64_t offset,
    std::optional<PieceChecksum> checksum) {
  OTARU_TRY(row, find_living(id));
  if (!row.sha256.empty()) {
    return base::fail_field(Code::precondition, "upload", "the upload is complete already");
  }
  auto writer = take_writer(id);
  if (!writer) {
    if (writer.error().code != Code::conflict) return base::fail(std::move(writer).error());
    return base::fail_field(Code::conflict, "upload",
                            "another connection is writing to this upload",
                            "wait until it is closed, ask for the offset, go on from there");
  }
  auto piece = std::make_unique<UploadPiece>(*this, actor, std::move(row), std::move(*writer));
  if (piece->offset() != offset) {
    return base::fail_field(Code::conflict, "Upload-Offset",
                            "the upload is at " + std::to_string(piece->offset()),
                            "go on from there");
  }
  OTARU_CHECK(extend(piece->row_));
  if (checksum) OTARU_CHECK(piece->expect(std::move(*checksum)));
  return piece;
}

base::Result<UploadStatus> UploadService::received(const Actor& actor, UploadRow row,
                                                   std::unique_ptr<BlobWriter>& writer) {
  // The hashes are known now; later the whole file would have to be read again.
  if (row.size_bytes < 0 || writer->offset() == row.size_bytes) {
    return finish(actor, std::move(row), writer);
  }
  if (auto synced = writer->sync(); !synced) {
    writer.reset();  // what the disk holds is read again, if it holds anything
    return base::fail(std::move(synced).error());
  }
  UploadStatus out;
  out.offset = writer->offset();
  out.row = std::move(row);
  return out;
}

// --- The end ------------------------------------------------------------------------------------

base::Result<UploadStatus> UploadService::finish(const Actor& actor, UploadRow row,
                                                 std::unique_ptr<BlobWriter>& writer) {
  if (writer->offset() == 0) {
    return base::fail_field(Code::invalid, "body", "a file has at least one byte");
  }
  auto owned = std::move(writer);
  // Before any lock, because of a large file it may take long.
  OTARU_CHECK(owned->sync());
  OTARU_TRY(info, owned->seal());
  if (!row.wanted_sha256.empty() && info.digests.sha256 != row.wanted_sha256) {
    owned.reset();
    return give_up(actor, row.id, info.digests.sha256);
  }
  const UploadRow before = row;
  row.size_bytes = info.size_bytes;
  row.md5 = info.digests.md5;
  row.sha1 = info.digests.sha1;
  row.sha256 = info.digests.sha256;
  OTARU_TRY(done, become_blob(actor, before, std::move(row), *owned));
  note_inspection(done);
  UploadStatus out;
  out.offset = done.size_bytes;
  out.row = std::move(done);
  return out;
}

base::Result<UploadRow> UploadService::become_blob(const Actor& actor, const UploadRow& before,
                                                   UploadRow row, BlobWriter& writer) {
  const std::lock_guard lock(files_mutex_);
  // The row first: a crash in between leaves a file that start() finishes. The other way round the
  // bytes would have left the upload before anything says where they are.
  row.expires_at = engine_.clock().now() + limits::kUploadExpiryMs;
  WriteBatch batch;
  batch.ops.emplace_back(row);
  batch.events.push_back(upload_event(row, engine_.clock().now()));
  note_change(batch, actor, "upload.complete", &before, &row);
  OTARU_CHECK(engine_.write_and_wait(std::move(batch)));
  OTARU_CHECK(writer.finish());
  put(row);
  return row;
}

// --- What it says about itself ------------------------------------------------------------------

base::Result<std::optional<Inspection>> UploadService::inspect(
    const std::string& sha256, const FileExpectation& expected) const {
  if (inspector_ == nullptr) return std::optional<Inspection>();
  OTARU_TRY(blob, engine_.blobs().open(sha256));
  OTARU_TRY(found, inspector_->inspect(blob, expected));
  return std::optional(std::move(found));
}

// The upload is complete and durable already: what goes wrong here only leaves it without.
void UploadService::note_inspection(UploadRow& row) {
  const auto found = inspect(row.sha256, {});
  if (!found) {
    base::log::warn("upload.not_inspected",
                    {{"upload", row.id}, {"message", found.error().message}});
    return;
  }
  if (!*found || (*found)->json.size() > limits::kInspectionBytesMax) return;
  row.inspection = (*found)->json;
  const std::lock_guard lock(files_mutex_);
  if (!find(row.id)) return;  // used up meanwhile
  WriteBatch batch;
  batch.ops.emplace_back(row);
  if (engine_.write_and_wait(std::move(batch))) put(row);
}

tl::unexpected<base::Error> UploadService::give_up(const Actor& actor, const std::string& id,
                                                   const std::string& sha256) {
  if (auto removed = remove(actor, id); !removed) return base::fail(std::move(removed).error());
  return base::fail_field(Code::conflict, "sha256",
                          "what arrived has the SHA-256 " + sha256 + "; the upload was given up",
                          "upload the file again");
}

base::Result<UploadStatus> UploadService::complete(const Actor& actor, const std::string& id,
                                                   const std::string& sha256) {
  if (!sha256.empty()) OTARU_CHECK(check_sha256("sha256", sha256));
  OTARU_TRY(now, status(id));
  if (!now.complete()) {
    if (now.offset != now.row.size_bytes) {
      return base::fail_field(Code::precondition, "upload",
                              std::to_string(now.offset) + " of " +
                                  std::to_string(now.row.size_bytes) + " bytes have arrived",
                              "send the others first");
    }
    // All bytes are there, but the process ended before they became a blob.
    OTARU_TRY(writer, take_writer(id));
    OTARU_TRY(finished, finish(actor, now.row, writer));
    now = finished;
  }
  if (!sha256.empty() && base::lower(sha256) != now.row.sha256) {
    return give_up(actor, id, now.row.sha256);
  }
  return now;
}

}  // namespace otaru::app
