// SPDX-License-Identifier: Apache-2.0
#include "app/upload_service.h"

#include <algorithm>
#include <unordered_set>

#include "app/input_checks.h"
#include "app/journal_changes.h"
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

UploadService::UploadService(Engine& engine, base::Random& random)
    : engine_(engine), random_(random) {}

base::Status UploadService::start() {
  OTARU_TRY(rows, engine_.store().load_uploads());
  const std::lock_guard lock(rows_mutex_);
  rows_.clear();
  for (auto& row : rows) rows_.emplace(row.id, std::move(row));
  OTARU_CHECK(drop_unsized());
  for (const auto& id : engine_.blobs().uploads()) {
    const auto at = rows_.find(id);
    if (at != rows_.end() && !at->second.sha256.empty()) resume(at->second);
  }
  return {};
}

void UploadService::note_change(WriteBatch& batch, const Actor& actor, std::string_view action,
                                const UploadRow* before, const UploadRow* after) const {
  const UploadRow& row = after != nullptr ? *after : *before;
  Changes changes;
  changes.row("upload", row.id, before, after);
  if (changes.empty()) return;
  const Deed deed{std::string(action), "upload", row.id, row.file_name,
                  engine_.tenant_name(row.tenant)};
  batch.journal.push_back(make_entry(actor, engine_.clock().now(), deed, changes.take()));
}

// Uploads of one request, whose id nobody was ever told: their connection ended with the process.
base::Status UploadService::drop_unsized() {
  WriteBatch batch;
  for (auto at = rows_.begin(); at != rows_.end();) {
    const UploadRow& row = at->second;
    if (row.size_bytes >= 0 || !row.sha256.empty()) {
      ++at;
      continue;
    }
    batch.ops.emplace_back(EraseText{EraseText::Table::upload, row.id});
    note_change(batch, system_actor("start"), "upload.delete", &row, nullptr);
    at = rows_.erase(at);  // the sweep removes the file
  }
  return batch.ops.empty() ? base::Status() : engine_.write_and_wait(std::move(batch));
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

base::Result<UploadRow> UploadService::find_living(const std::string& id) const {
  auto row = find(id);
  if (!row) return base::fail(no_such_upload().error());
  if (row->expires_at < engine_.clock().now()) {
    return base::fail_field(Code::gone, "upload", "the upload has expired", "begin another");
  }
  return std::move(*row);
}

// --- Announcing ---------------------------------------------------------------------------------

base::Status UploadService::check_room(const UploadRow& row) const {
  if (rows_.size() >= limits::kUploadsMax) {
    return base::fail(Code::exhausted, "there are too many uploads under way");
  }
  const auto snapshot = engine_.snapshot();
  const auto limit = [&](std::string_view name, int64_t otherwise) {
    const auto* text = domain::find_text(snapshot->rows().settings, name);
    return text == nullptr ? otherwise : base::parse_int(*text).value_or(otherwise);
  };
  const int64_t open_max = limit("uploads.open_max", limits::kUploadsPerTenantMax);
  const int64_t bytes_max =
      limit("uploads.unfinished_bytes_max", limits::kUnfinishedUploadBytesMax);
  const auto bytes_of = [](const UploadRow& of) {
    return of.size_bytes < 0 ? limits::kUnsizedUploadBytesMax : of.size_bytes;
  };
  int64_t open = 0;
  int64_t bytes = row.sha256.empty() ? bytes_of(row) : 0;
  for (const auto& entry : rows_) {
    if (entry.second.tenant != row.tenant) continue;
    ++open;
    if (entry.second.sha256.empty()) bytes += bytes_of(entry.second);
  }
  constexpr std::string_view kRemedy = "finish or remove others first, or raise the setting ";
  if (open >= open_max) {
    return base::fail_field(Code::exhausted, "upload",
                            "the tenant has " + std::to_string(open) + " uploads already",
                            std::string(kRemedy) + "uploads.open_max");
  }
  if (bytes > bytes_max) {
    return base::fail_field(Code::exhausted, "size",
                            "the tenant's unfinished uploads would have " + std::to_string(bytes) +
                                " bytes together, more than " + std::to_string(bytes_max),
                            std::string(kRemedy) + "uploads.unfinished_bytes_max");
  }
  return {};
}

base::Result<UploadRow> UploadService::announce(const Actor& actor, UploadRow row) {
  {
    const std::lock_guard lock(rows_mutex_);
    OTARU_CHECK(check_room(row));
    row.id = base::hex(random_.bytes(16));
    row.created_at = engine_.clock().now();
    row.expires_at = row.created_at + limits::kUploadExpiryMs;
    rows_.emplace(row.id, row);
  }
  WriteBatch batch;
  batch.ops.emplace_back(row);
  note_change(batch, actor, "upload.create", nullptr, &row);
  if (auto written = engine_.write_and_wait(std::move(batch)); !written) {
    forget(row.id);
    return base::fail(std::move(written).error());
  }
  return row;
}

// Whether the tenant has the file of row.wanted_sha256; then the row is complete. What only other
// tenants have does not count: nobody learns here what they have.
bool UploadService::take_known(UploadRow& row) const {
  const auto take = [&](int64_t size, const base::Digests& digests) {
    if (row.size_bytes >= 0 && row.size_bytes != size) return false;
    if (!engine_.blobs().open(digests.sha256)) return false;
    row.size_bytes = size;
    row.md5 = digests.md5;
    row.sha1 = digests.sha1;
    row.sha256 = digests.sha256;
    return true;
  };
  {
    const std::lock_guard lock(rows_mutex_);
    for (const auto& [id, other] : rows_) {
      if (other.tenant != row.tenant || other.sha256 != row.wanted_sha256) continue;
      if (take(other.size_bytes, {other.md5, other.sha1, other.sha256})) return true;
    }
  }
  const auto snapshot = engine_.snapshot();
  for (const auto& package : snapshot->rows().packages) {
    if (package.digests.sha256 != row.wanted_sha256) continue;
    const auto* release = snapshot->release(package.release);
    if (snapshot->product(release->product)->product->tenant != row.tenant) continue;
    if (take(package.size_bytes, package.digests)) return true;
  }
  return false;
}

base::Result<UploadStatus> UploadService::create(const Actor& actor, const UploadSpec& spec) {
  UploadRow row;
  row.size_bytes = spec.size_bytes.value_or(kUnsized);
  if (spec.size_bytes && *spec.size_bytes < 1) {
    return base::fail_field(Code::invalid, "size", "a file has at least one byte");
  }
  if (row.size_bytes > limits::kBlobBytesMax) {
    return base::fail_field(
        Code::too_large, "size",
        "files have at most " + std::to_string(limits::kBlobBytesMax) + " bytes");
  }
  OTARU_CHECK(check_file_name("file_name", spec.file_name));
  if (!spec.sha256.empty()) OTARU_CHECK(check_sha256("sha256", spec.sha256));
  if (spec.metadata.size() > limits::kUploadMetadataBytesMax) {
    return base::fail_field(Code::too_large, "Upload-Metadata", "it is too long");
  }
  row.file_name = spec.file_name;
  row.tenant = spec.tenant;
  row.made_by = std::string(name_of(actor.kind)) + " " + actor.name;
  row.metadata = spec.metadata;
  row.wanted_sha256 = base::lower(spec.sha256);
  {
    // So that no sweep comes between finding the file and the row that names it.
    const std::lock_guard lock(files_mutex_);
    if (!row.wanted_sha256.empty()) take_known(row);
    OTARU_TRY(made, announce(actor, std::move(row)));
    row = std::move(made);
  }
  if (!row.sha256.empty()) note_inspection(row);
  return status_of(std::move(row));
}

// --- Looking ------------------------------------------------------------------------------------

UploadStatus UploadService::status_of(UploadRow row) const {
  UploadStatus out;
  out.row = std::move(row);
  if (out.complete()) {
    out.offset = out.row.size_bytes;
    return out;
  }
  // Nothing has arrived yet, or what has arrived cannot be read: the next piece says so.
  out.offset = engine_.blobs().upload_offset(out.row.id).value_or(0);
  out.reread = engine_.blobs().upload_reread(out.row.id);
  return out;
}

base::Result<UploadStatus> UploadService::status(const std::string& id) const {
  OTARU_TRY(row, find_living(id));
  return status_of(std::move(row));
}

std::vector<UploadStatus> UploadService::list(std::optional<domain::TenantId> tenant,
                                              const std::string& after, size_t limit) const {
  std::vector<UploadRow> rows;
  {
    const std::lock_guard lock(rows_mutex_);
    for (auto at = rows_.upper_bound(after); at != rows_.end() && rows.size() < limit; ++at) {
      if (!tenant || at->second.tenant == *tenant) rows.push_back(at->second);
    }
  }
  std::vector<UploadStatus> out;
  out.reserve(rows.size());
  for (auto& row : rows) out.push_back(status_of(std::move(row)));
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

base::Status UploadService::remove(const Actor& actor, const std::string& id) {
  const auto row = find(id);
  if (!row) return no_such_upload();
  if (row->sha256.empty()) {
    close_parked(id);
    auto removed = engine_.blobs().remove_upload(id);
    if (!removed && removed.error().code != Code::not_found) return removed;
  }
  WriteBatch batch;
  batch.ops.emplace_back(EraseText{EraseText::Table::upload, id});
  note_change(batch, actor, "upload.delete", &*row, nullptr);
  OTARU_CHECK(engine_.write_and_wait(std::move(batch)));
  forget(id);
  return {};
}

void UploadService::set_keeper(std::function<bool(std::string_view sha256)> keeper) {
  const std::lock_guard lock(files_mutex_);
  keeper_ = std::move(keeper);
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
  const Actor actor = system_actor("sweep");
  int64_t removed = 0;
  int64_t files = 0;  // that no row told of
  for (const auto& id : expired) {
    // One that is being written to right now is left alone (conflict): it is looked at next time.
    if (auto gone = remove(actor, id); gone) {
      ++removed;
    } else if (gone.error().code != Code::conflict) {
      return base::fail(std::move(gone).error());
    }
  }
  for (const auto& id : engine_.blobs().uploads()) {
    if (find(id)) continue;
    if (engine_.blobs().remove_upload(id)) ++files;
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
                [&](std::string_view sha256) {
                  return needed.contains(std::string(sha256)) || (keeper_ && keeper_(sha256));
                },
                now,
                kSweepGraceMs));
  files += swept;
  if (removed + files == 0) return 0;
  base::log::info("blob.swept", {{"uploads", removed}, {"files", files}});
  if (files > 0) {
    Changes changes;
    changes.value("file", "", "swept", files);
    WriteBatch batch;
    const Deed deed{"file.sweep", "file", "", "", ""};
    batch.journal.push_back(make_entry(actor, now, deed, changes.take()));
    OTARU_CHECK(engine_.write_and_wait(std::move(batch)));
  }
  return removed + files;
}

}  // namespace otaru::app
