// SPDX-License-Identifier: Apache-2.0
#include "app/upload_service.h"

#include <algorithm>
#include <unordered_set>

#include "app/input_checks.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/log.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;

// A blob that nobody names yet may belong to work that is under way elsewhere.
constexpr int64_t kSweepGraceMs = base::kHourMs;
constexpr int64_t kUnsized = -1;

base::Status no_such_upload() {
  return base::fail_field(Code::not_found, "upload", "there is no such upload",
                          "uploads expire, and are used up by the package made of them");
}

}  // namespace

base::Status UploadPiece::write(std::string_view bytes) {
  const int64_t size = row_.size_bytes == kUnsized ? limits::kBlobBytesMax : row_.size_bytes;
  if (static_cast<int64_t>(bytes.size()) > size - writer_->offset()) {
    return base::fail_field(Code::too_large, "body",
                            "there are more bytes than the " + std::to_string(size) + " announced");
  }
  return writer_->write(bytes);
}

base::Result<UploadStatus> UploadPiece::finish() {
  return owner_.received(actor_, row_, *writer_);
}

UploadService::UploadService(Engine& engine, base::Random& random)
    : engine_(engine), random_(random) {}

base::Status UploadService::start() {
  OTARU_TRY(rows, engine_.store().load_uploads());
  const std::lock_guard lock(rows_mutex_);
  rows_.clear();
  for (auto& row : rows) rows_.emplace(row.id, std::move(row));
  for (const auto& id : engine_.blobs().uploads()) {
    const auto at = rows_.find(id);
    if (at != rows_.end() && !at->second.sha256.empty()) resume(at->second);
  }
  return {};
}

// The process ended after the row said that the upload is complete, before its file was a blob.
void UploadService::resume(UploadRow& row) {
  auto writer = engine_.blobs().open_upload(row.id);
  if (writer && (*writer)->finish()) return;
  base::log::warn("upload.not_finished", {{"upload", row.id}});
  row.md5.clear();
  row.sha1.clear();
  row.sha256.clear();  // complete() tries again
}

std::optional<UploadRow> UploadService::find(const std::string& id) const {
  const std::lock_guard lock(rows_mutex_);
  const auto at = rows_.find(id);
  if (at == rows_.end()) return std::nullopt;
  return at->second;
}

void UploadService::put(const UploadRow& row) {
  const std::lock_guard lock(rows_mutex_);
  rows_.insert_or_assign(row.id, row);
}

void UploadService::forget(const std::string& id) {
  const std::lock_guard lock(rows_mutex_);
  rows_.erase(id);
}

base::Result<UploadRow> UploadService::announce(const Actor& /*actor*/, UploadRow row) {
  {
    const std::lock_guard lock(rows_mutex_);
    if (rows_.size() >= limits::kUploadsMax) {
      return base::fail(Code::exhausted, "there are too many uploads under way");
    }
    row.id = base::hex(random_.bytes(16));
    row.created_at = engine_.clock().now();
    row.expires_at = row.created_at + limits::kUploadExpiryMs;
    rows_.emplace(row.id, row);
  }
  WriteBatch batch;
  batch.ops.emplace_back(row);
  if (auto written = engine_.write_and_wait(std::move(batch)); !written) {
    forget(row.id);
    return base::fail(std::move(written).error());
  }
  return row;
}

base::Result<UploadRow> UploadService::create(const Actor& actor, int64_t size_bytes,
                                              std::string_view file_name) {
  if (size_bytes < 1) {
    return base::fail_field(Code::invalid, "size", "a file has at least one byte");
  }
  if (size_bytes > limits::kBlobBytesMax) {
    return base::fail_field(
        Code::too_large, "size",
        "files have at most " + std::to_string(limits::kBlobBytesMax) + " bytes");
  }
  OTARU_CHECK(check_file_name("file_name", file_name));
  UploadRow row;
  row.size_bytes = size_bytes;
  row.file_name = std::string(file_name);
  return announce(actor, std::move(row));
}

base::Result<UploadRow> UploadService::create_unsized(const Actor& actor,
                                                      std::string_view file_name) {
  OTARU_CHECK(check_file_name("file_name", file_name));
  UploadRow row;
  row.size_bytes = kUnsized;
  row.file_name = std::string(file_name);
  return announce(actor, std::move(row));
}

base::Result<UploadStatus> UploadService::status(const std::string& id) const {
  UploadStatus out;
  const auto row = find(id);
  if (!row) return base::fail(no_such_upload().error());
  out.row = *row;
  if (out.complete()) {
    out.offset = out.row.size_bytes;
    return out;
  }
  const auto offset = engine_.blobs().upload_offset(id);
  if (offset) {
    out.offset = *offset;
  } else if (offset.error().code != Code::not_found) {
    return base::fail(offset.error());
  }
  return out;
}

base::Status UploadService::extend(UploadRow& row) {
  const base::Time now = engine_.clock().now();
  // Written at most twice per life, not with every piece.
  if (row.expires_at - now > limits::kUploadExpiryMs / 2) return {};
  row.expires_at = now + limits::kUploadExpiryMs;
  WriteBatch batch;
  batch.ops.emplace_back(row);
  OTARU_CHECK(engine_.write_and_wait(std::move(batch)));
  put(row);
  return {};
}

base::Result<std::unique_ptr<UploadPiece>> UploadService::append(const Actor& actor,
                                                                 const std::string& id,
                                                                 int64_t offset) {
  auto row = find(id);
  if (!row) return base::fail(no_such_upload().error());
  if (!row->sha256.empty()) {
    return base::fail_field(Code::precondition, "upload", "the upload is complete already");
  }
  auto writer = engine_.blobs().open_upload(id);
  if (!writer) {
    if (writer.error().code != Code::conflict) return base::fail(std::move(writer).error());
    return base::fail_field(Code::conflict, "upload",
                            "another connection is writing to this upload",
                            "wait until it is closed, ask for the offset, go on from there");
  }
  if ((*writer)->offset() != offset) {
    return base::fail_field(Code::conflict, "Upload-Offset",
                            "the upload is at " + std::to_string((*writer)->offset()),
                            "go on from there");
  }
  OTARU_CHECK(extend(*row));
  return std::make_unique<UploadPiece>(*this, actor, std::move(*row), std::move(*writer));
}

base::Result<UploadStatus> UploadService::received(const Actor& actor, UploadRow row,
                                                   BlobWriter& writer) {
  // The hashes are known now; later the whole file would have to be read again.
  if (row.size_bytes == kUnsized || writer.offset() == row.size_bytes) {
    return finish(actor, std::move(row), writer);
  }
  OTARU_CHECK(writer.sync());
  UploadStatus out;
  out.offset = writer.offset();
  out.row = std::move(row);
  return out;
}

base::Result<UploadStatus> UploadService::finish(const Actor& /*actor*/, UploadRow row,
                                                 BlobWriter& writer) {
  if (writer.offset() == 0) {
    return base::fail_field(Code::invalid, "body", "a file has at least one byte");
  }
  const std::lock_guard lock(files_mutex_);
  // The row first: a crash in between leaves a file that start() finishes. The other way round the
  // bytes would have left the upload before anything says where they are.
  OTARU_TRY(info, writer.seal());
  row.size_bytes = info.size_bytes;
  row.md5 = info.digests.md5;
  row.sha1 = info.digests.sha1;
  row.sha256 = info.digests.sha256;
  WriteBatch batch;
  batch.ops.emplace_back(row);
  OTARU_CHECK(engine_.write_and_wait(std::move(batch)));
  OTARU_CHECK(writer.finish());
  put(row);
  UploadStatus out;
  out.offset = row.size_bytes;
  out.row = std::move(row);
  return out;
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
    OTARU_TRY(writer, engine_.blobs().open_upload(id));
    OTARU_TRY(finished, finish(actor, now.row, *writer));
    now = finished;
  }
  if (!sha256.empty() && base::lower(sha256) != now.row.sha256) {
    OTARU_CHECK(remove(actor, id));
    return base::fail_field(
        Code::conflict, "sha256",
        "what arrived has the SHA-256 " + now.row.sha256 + "; the upload was given up",
        "upload the file again");
  }
  return now;
}

base::Status UploadService::remove(const Actor& /*actor*/, const std::string& id) {
  const auto row = find(id);
  if (!row) return no_such_upload();
  if (row->sha256.empty()) {
    auto removed = engine_.blobs().remove_upload(id);
    if (!removed && removed.error().code != Code::not_found) return removed;
  }
  WriteBatch batch;
  batch.ops.emplace_back(EraseText{EraseText::Table::upload, id});
  OTARU_CHECK(engine_.write_and_wait(std::move(batch)));
  forget(id);
  return {};
}

base::Result<int64_t> UploadService::sweep() {
  const std::lock_guard lock(files_mutex_);
  const base::Time now = engine_.clock().now();
  std::vector<std::string> expired;
  {
    const std::lock_guard rows_lock(rows_mutex_);
    for (const auto& [id, row] : rows_) {
      if (row.expires_at < now) expired.push_back(id);
    }
  }
  int64_t removed = 0;
  for (const auto& id : expired) {
    // One that is being written to right now is left alone (conflict): it is looked at next time.
    if (auto gone = remove(system_actor("sweep"), id); gone) {
      ++removed;
    } else if (gone.error().code != Code::conflict) {
      return base::fail(std::move(gone).error());
    }
  }
  for (const auto& id : engine_.blobs().uploads()) {
    if (find(id)) continue;
    if (engine_.blobs().remove_upload(id)) ++removed;
  }
  // Uploads before packages: a file that turns from the one into the other is seen as either.
  std::unordered_set<std::string> needed;
  {
    const std::lock_guard rows_lock(rows_mutex_);
    for (const auto& entry : rows_) needed.insert(entry.second.sha256);
  }
  const auto snapshot = engine_.snapshot();
  for (const auto& package : snapshot->rows().packages) needed.insert(package.digests.sha256);
  OTARU_TRY(swept,
            engine_.blobs().sweep(
                [&](std::string_view sha256) { return needed.contains(std::string(sha256)); }, now,
                kSweepGraceMs));
  if (removed + swept > 0) {
    base::log::info("blob.swept", {{"uploads", removed}, {"blobs", swept}});
  }
  return removed + swept;
}

}  // namespace otaru::app
