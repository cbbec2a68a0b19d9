// SPDX-License-Identifier: Apache-2.0
#include "app/import_service.h"

#include <algorithm>
#include <unordered_set>

#include "app/device_line.h"
#include "app/import_reader.h"
#include "app/journal_changes.h"
#include "base/limits.h"
#include "base/log.h"
#include "domain/names.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;

constexpr int64_t kRetryMs = 200;  // when the store is full or busy

bool is_over(ImportState state) {
  return state != ImportState::queued && state != ImportState::running;
}

base::Status no_such_import(int64_t id) {
  return base::fail_field(Code::not_found, "id", "there is no import " + std::to_string(id));
}

ImportErrorRow error_row(int64_t import, int64_t line, const std::string& key,
                         const base::Error& error) {
  return {import, 0, line, domain::printable(key), error.field, error.message};
}

// Who started it, and what of it the journal tells: that it began, and how it ended.
JournalEntry journal_entry(const Engine& engine, std::string_view action, const ImportRow* before,
                           const ImportRow& after, const std::optional<Actor>& by = std::nullopt) {
  Actor actor;
  actor.kind = static_cast<ActorKind>(after.actor_kind);
  actor.id = after.actor;
  actor.name = after.actor_name;
  actor.tenant = after.tenant;
  Changes changes;
  changes.row("import", std::to_string(after.id), before, &after);
  const Deed deed{std::string(action), "import", std::to_string(after.id), after.file_name,
                  engine.tenant_name(after.tenant)};
  return make_entry(by ? *by : actor, after.updated_at, deed, changes.take());
}

}  // namespace

struct ImportService::Job {
  ImportRow row;
  std::unique_ptr<ImportReader> reader;
  base::Time began;
  int64_t lines_before = 0;
};

// What was read and is written in one transaction.
struct ImportService::Batch {
  enum class Effect { unchanged, created, updated, failed };
  struct Entry {
    DeviceLine line;
    int64_t number = 0;
    Effect effect = Effect::unchanged;
    base::Error error;
  };
  std::vector<std::string> keys;
  std::vector<Entry> entries;  // as keys
  std::vector<ImportErrorRow> errors;
  bool at_end = false;

  base::Status gather(Job& job, const DeviceLineContext& context);
  // Whether the device is to be written.
  bool apply(size_t i, const Job& job, const Engine& engine, const Secrets& secrets,
             const domain::Device* now, domain::Device& next);
  // Adds what else belongs into the transaction; returns the import's row after it.
  ImportRow finish(const Job& job, const Engine& engine, WriteBatch& writes) const;
};

ImportService::ImportService(Engine& engine, UploadService& uploads, const Secrets& secrets,
                             Mode mode)
    : engine_(engine), uploads_(uploads), secrets_(secrets), mode_(mode) {}

ImportService::~ImportService() {
  {
    const std::lock_guard lock(wake_mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  uploads_.set_keeper(nullptr);
}

base::Status ImportService::start() {
  OTARU_TRY(rows, engine_.store().load_imports());
  OTARU_TRY(water, engine_.store().high_water());
  {
    const std::lock_guard lock(rows_mutex_);
    for (auto& row : rows) rows_.emplace(row.id, std::move(row));
    highest_ = water.import;
  }
  uploads_.set_keeper([this](std::string_view sha256) { return keeps(sha256); });
  if (mode_ == Mode::thread) thread_ = std::thread([this] { run(); });
  return {};
}

void ImportService::run() {
  std::unique_lock lock(wake_mutex_);
  while (!stopping_) {
    pending_ = false;
    lock.unlock();
    const bool more = step();
    const bool waits = !more && oldest().has_value();
    lock.lock();
    if (more) continue;
    const auto awake = [this] { return stopping_ || pending_; };
    if (waits) {
      wake_.wait_for(lock, std::chrono::milliseconds(kRetryMs), awake);
    } else {
      wake_.wait(lock, awake);
    }
  }
}

std::optional<ImportRow> ImportService::oldest() const {
  const std::lock_guard lock(rows_mutex_);
  for (const auto& entry : rows_) {
    if (!is_over(entry.second.state)) return entry.second;
  }
  return std::nullopt;
}

bool ImportService::keeps(std::string_view sha256) const {
  const std::lock_guard lock(rows_mutex_);
  return std::any_of(rows_.begin(), rows_.end(), [&](const auto& entry) {
    return !is_over(entry.second.state) && entry.second.sha256 == sha256;
  });
}

void ImportService::put(const ImportRow& row) {
  const std::lock_guard lock(rows_mutex_);
  rows_.insert_or_assign(row.id, row);
}

base::Status ImportService::end(const ImportRow& before, ImportState state, std::string message,
                                const std::optional<Actor>& by) {
  ImportRow row = before;
  row.state = state;
  row.message = std::move(message);
  row.updated_at = engine_.clock().now();
  row.ended_at = row.updated_at;
  WriteBatch batch;
  batch.ops.emplace_back(row);
  const std::string_view action = by ? "import.cancel" : "import.fail";
  batch.journal.push_back(journal_entry(engine_, action, &before, row, by));
  OTARU_CHECK(engine_.write_and_wait(std::move(batch)));
  put(row);
  return {};
}

base::Result<ImportRow> ImportService::create(const Actor& actor, const ImportSpec& spec) {
  const std::lock_guard step_lock(step_mutex_);
  const auto files = uploads_.hold_files();
  OTARU_TRY(upload, uploads_.status(spec.upload));
  if (upload.row.tenant != spec.tenant) {
    // As one that does not exist, in the service's own words.
    return base::fail(uploads_.status("").error());
  }
  if (!upload.complete()) {
    return base::fail_field(Code::precondition, "upload", "the upload is not complete");
  }
  ImportRow row;
  row.tenant = spec.tenant;
  row.mode = spec.mode;
  row.dry_run = spec.dry_run;
  row.file_name = upload.row.file_name;
  row.sha256 = upload.row.sha256;
  row.size_bytes = upload.row.size_bytes;
  row.actor_kind = static_cast<int64_t>(actor.kind);
  row.actor = actor.id;
  row.actor_name = actor.name;
  row.created_at = engine_.clock().now();
  row.updated_at = row.created_at;
  if (spec.format) {
    row.format = *spec.format;
  } else if (row.file_name.ends_with(".ndjson") || row.file_name.ends_with(".jsonl")) {
    row.format = ImportFormat::ndjson;
  } else if (!row.file_name.ends_with(".csv")) {
    return base::fail_field(Code::invalid, "format", "the file's name does not tell the format",
                            "give format: csv or ndjson");
  }
  WriteBatch batch;
  int64_t oldest_ended = 0;  // 0: none has to go
  {
    const std::lock_guard lock(rows_mutex_);
    size_t waiting = 0;
    for (const auto& entry : rows_) {
      if (!is_over(entry.second.state))
        ++waiting;
      else if (oldest_ended == 0)
        oldest_ended = entry.first;
    }
    if (waiting >= limits::kImportsWaitingMax) {
      return base::fail(Code::exhausted, "too many imports are waiting; cancel one or wait");
    }
    if (rows_.size() < limits::kImportsMax) oldest_ended = 0;
    row.id = ++highest_;
  }
  batch.ops.emplace_back(row);
  batch.ops.emplace_back(EraseText{EraseText::Table::upload, spec.upload});
  batch.journal.push_back(journal_entry(engine_, "import.create", nullptr, row, actor));
  if (oldest_ended != 0) batch.ops.emplace_back(EraseImport{oldest_ended});
  OTARU_CHECK(engine_.write_and_wait(std::move(batch)));
  put(row);
  if (oldest_ended != 0) {
    const std::lock_guard lock(rows_mutex_);
    rows_.erase(oldest_ended);
  }
  uploads_.forget(spec.upload);
  {
    const std::lock_guard lock(wake_mutex_);
    pending_ = true;
  }
  wake_.notify_all();
  return row;
}

std::vector<ImportStatus> ImportService::list() const {
  std::vector<ImportStatus> out;
  const std::lock_guard lock(rows_mutex_);
  for (auto at = rows_.rbegin(); at != rows_.rend(); ++at) {
    out.push_back({at->second, at->first == running_id_ ? rate_.load() : 0});
  }
  return out;
}

base::Result<ImportStatus> ImportService::status(int64_t id) const {
  const std::lock_guard lock(rows_mutex_);
  const auto at = rows_.find(id);
  if (at == rows_.end()) return base::fail(no_such_import(id).error());
  return ImportStatus{at->second, id == running_id_ ? rate_.load() : 0};
}

base::Result<ImportRow> ImportService::cancel(const Actor& actor, int64_t id) {
  const std::lock_guard step_lock(step_mutex_);
  OTARU_TRY(now, status(id));
  if (is_over(now.row.state)) return now.row;
  if (job_ && job_->row.id == id) job_.reset();
  OTARU_CHECK(end(now.row, ImportState::cancelled, "cancelled by " + actor.name, actor));
  OTARU_TRY(after, status(id));
  return after.row;
}

base::Result<std::unique_ptr<ImportService::Job>> ImportService::open(const ImportRow& row) const {
  auto job = std::make_unique<Job>();
  job->row = row;
  job->row.state = ImportState::running;
  job->began = engine_.clock().now();
  job->lines_before = row.lines;
  OTARU_TRY(blob, engine_.blobs().open(row.sha256));
  job->reader = std::make_unique<ImportReader>(std::move(blob), row.format);
  OTARU_CHECK(job->reader->begin(row.done_bytes, row.lines));
  return job;
}

bool ImportService::step() {
  const std::lock_guard lock(step_mutex_);
  const auto row = oldest();
  running_id_ = row ? row->id : 0;
  if (!row) return false;
  base::Status done;
  if (!job_ || job_->row.id != row->id) {
    auto opened = open(*row);
    if (opened) {
      job_ = std::move(*opened);
    } else {
      done = base::fail(std::move(opened).error());
    }
  }
  if (done) done = run_batch(*job_);
  if (done) {
    if (is_over(job_->row.state)) job_.reset();
    return true;
  }
  // Read again from where the last batch ended.
  job_.reset();
  const Code code = done.error().code;
  if (code == Code::unavailable || code == Code::exhausted) {
    base::log::warn("import.waits", {{"import", row->id}, {"message", done.error().message}});
    return false;
  }
  std::string why = done.error().message;
  if (!done.error().field.empty()) why = done.error().field + ": " + why;
  return end(*row, ImportState::failed, std::move(why), std::nullopt).has_value();
}

base::Status ImportService::Batch::gather(Job& job, const DeviceLineContext& context) {
  std::unordered_set<std::string> seen;
  while (entries.size() < limits::kBulkDevicesMax && errors.size() < limits::kBulkDevicesMax) {
    ImportReader::Line line;
    OTARU_TRY(there, job.reader->next(context, line));
    if (!there) {
      at_end = true;
      return {};
    }
    if (!line.device) {
      errors.push_back(error_row(job.row.id, line.number, line.key, line.device.error()));
      continue;
    }
    // A key that comes again begins the next batch: it must see what this one wrote.
    if (!seen.insert(line.device->key).second) {
      job.reader->unread();
      return {};
    }
    keys.push_back(line.device->key);
    entries.push_back({std::move(*line.device), line.number, Effect::unchanged, {}});
  }
  return {};
}

bool ImportService::Batch::apply(size_t i, const Job& job, const Engine& engine,
                                 const Secrets& secrets, const domain::Device* now,
                                 domain::Device& next) {
  Entry& entry = entries[i];
  entry.effect = Effect::failed;
  if (now != nullptr && job.row.mode == ImportMode::create) {
    entry.error = {Code::conflict, "the device is known already", {}, "key", {}};
    return false;
  }
  if (now == nullptr && job.row.mode == ImportMode::update) {
    entry.error = {Code::not_found, "there is no such device", {}, "key", {}};
    return false;
  }
  if (now == nullptr && engine.device_count() >= limits::kDevicesPerTenantMax) {
    entry.error = {Code::exhausted, "the limit of registered devices is reached", {}, "key", {}};
    return false;
  }
  const auto changed = apply_line(entry.line, secrets, now == nullptr, next);
  if (!changed) {
    entry.error = changed.error();
    return false;
  }
  entry.effect = *changed ? Effect::updated : Effect::unchanged;
  if (now == nullptr) entry.effect = Effect::created;
  return *changed && !job.row.dry_run;
}

ImportRow ImportService::Batch::finish(const Job& job, const Engine& engine,
                                       WriteBatch& writes) const {
  const base::Time now = engine.clock().now();
  ImportRow after = job.row;
  auto told = errors;
  std::vector<WriteOp> seen;
  size_t put_at = 0;  // the puts stand in the order of the entries
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    const bool put =
        !after.dry_run && (entry.effect == Effect::created || entry.effect == Effect::updated);
    if (entry.effect == Effect::created) ++after.created;
    if (entry.effect == Effect::updated) ++after.updated;
    if (entry.effect == Effect::unchanged) ++after.unchanged;
    if (entry.effect == Effect::failed) {
      told.push_back(error_row(after.id, entry.number, keys[i], entry.error));
    }
    if (put && entry.effect == Effect::created && entry.line.last_seen) {
      const auto& device = std::get<PutDevice>(writes.ops[put_at]).device;
      seen.emplace_back(Seen{device.id, *entry.line.last_seen});
    }
    if (put) ++put_at;
  }
  for (auto& op : seen) writes.ops.push_back(std::move(op));
  std::sort(told.begin(), told.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
  for (auto& error : told) {
    if (++after.failed > static_cast<int64_t>(limits::kImportErrorsMax)) continue;
    error.n = after.failed;
    writes.ops.emplace_back(std::move(error));
  }
  after.done_bytes = job.reader->offset();
  after.lines = job.reader->lines();
  after.updated_at = now;
  if (at_end) {
    after.state = ImportState::finished;
    after.ended_at = now;
    writes.journal.push_back(journal_entry(engine, "import.finish", &job.row, after));
  }
  writes.ops.emplace_back(after);
  return after;
}

base::Status ImportService::run_batch(Job& job) {
  const auto snapshot = engine_.snapshot();
  const DeviceLineContext context{*snapshot, job.row.tenant};
  Batch batch;
  OTARU_CHECK(batch.gather(job, context));
  ImportRow after;
  OTARU_CHECK(engine_.write_devices(
      job.row.tenant, batch.keys,
      [&](size_t i, const domain::Device* now, domain::Device& next) {
        return batch.apply(i, job, engine_, secrets_, now, next);
      },
      [&](WriteBatch& writes) { after = batch.finish(job, engine_, writes); }));
  job.row = after;
  put(after);
  const int64_t ms = std::max<int64_t>(1, engine_.clock().now() - job.began);
  rate_ = static_cast<double>(after.lines - job.lines_before) * 1000.0 / static_cast<double>(ms);
  return {};
}

}  // namespace otaru::app
