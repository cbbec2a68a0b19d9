// SPDX-License-Identifier: Apache-2.0
// Everything a data folder holds, looked at: rights, the key, the database and its rows, and every
// file against its hash. It is also the door of `otaru migrate`.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "app/secrets.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "blob/folder/folder_blobs.h"
#include "domain/snapshot.h"
#include "maintain/data_paths.h"
#include "maintain/files.h"
#include "maintain/maintain.h"
#include "store/sqlite/database_file.h"
#include "store/sqlite/sqlite_store.h"

namespace otaru::maintain {
namespace {

using base::Code;
namespace fs = std::filesystem;

constexpr size_t kDamageLinesMax = 20;
constexpr size_t kRowsShownMax = 5;

class Checker {
 public:
  Checker(const std::string& data, const CheckOptions& options, const Context& context)
      : paths_{data}, options_(options), context_(context) {}

  base::Result<CheckResult> run() {
    if (::access(paths_.database().c_str(), F_OK) != 0) {
      return base::fail(Code::not_found, paths_.root + " is no data folder: it has no otaru.db");
    }
    result_.server_running = in_use(paths_);
    if (options_.repair && result_.server_running) {
      return base::fail(Code::conflict, "a server runs on " + paths_.root +
                                            ": stop it before repairing (looking needs no stop)");
    }
    std::optional<FolderLock> lock;
    if (!result_.server_running) {
      OTARU_TRY(taken, FolderLock::take(paths_));
      lock.emplace(std::move(taken));
    }
    // A running server must not sweep what is about to be looked at.
    OTARU_TRY(blobs, blob::make_folder_blobs(paths_.root));
    OTARU_TRY(hold, blobs->hold());
    static_cast<void>(hold);
    check_rights();
    OTARU_CHECK(check_database());
    OTARU_CHECK(check_files(*blobs));
    return std::move(result_);
  }

 private:
  void add(CheckFinding finding) { result_.findings.push_back(std::move(finding)); }

  void check_rights() {
    for (const auto& path : {paths_.root, paths_.database(), paths_.master_key()}) {
      struct stat info {};
      if (::stat(path.c_str(), &info) != 0) continue;  // told where it is needed
      if ((info.st_mode & 077) == 0) continue;
      const mode_t right = info.st_mode & 0700;
      const bool repaired = options_.repair && ::chmod(path.c_str(), right) == 0;
      add({Severity::problem, "rights", path + " can be read or written by others",
           "chmod go-rwx " + path, repaired});
    }
  }

  base::Status check_database() {
    OTARU_TRY(file, store::DatabaseFile::open(paths_.database(), options_.repair
                                                                     ? store::FileAccess::write
                                                                     : store::FileAccess::read));
    if (context_.progress && !context_.progress("database", 0, 0)) return base::fail(interrupted());
    OTARU_TRY(damage, file->damage(options_.quick ? store::Depth::quick : store::Depth::full,
                                   kDamageLinesMax));
    for (const auto& line : damage) {
      add({Severity::problem, "database_damaged", "the database is damaged: " + line,
           "restore a backup; keep this folder until that worked", false});
    }
    if (!damage.empty()) return {};
    if (file->schema() != store::DatabaseFile::newest_schema()) {
      add({Severity::note, "schema",
           "the database has schema " + std::to_string(file->schema()) + ", this otaru knows " +
               std::to_string(store::DatabaseFile::newest_schema()) +
               ": the rows were not looked at",
           "otaru migrate --data " + paths_.root, false});
      OTARU_TRY(named, file->files());
      named_ = std::move(named);
      return {};
    }
    OTARU_TRY(broken, file->broken_rules(options_.repair, kRowsShownMax));
    for (const auto& rule : broken) add(finding_of(rule));
    OTARU_TRY(named, file->files());
    named_ = std::move(named);
    OTARU_CHECK(check_key(*file));
    file.reset();
    return check_catalogue();
  }

  static CheckFinding finding_of(const store::BrokenRule& rule) {
    std::string rows;
    for (const auto& row : rule.rows) rows += (rows.empty() ? "" : ", ") + row;
    if (rule.count > static_cast<int64_t>(rule.rows.size())) {
      rows +=
          " and " + std::to_string(rule.count - static_cast<int64_t>(rule.rows.size())) + " more";
    }
    return {Severity::problem, std::string(rule.rule),
            "not so: " + std::string(rule.meaning) + " (" + rows + ")", std::string(rule.remedy),
            rule.repaired};
  }

  // A key of another folder is found out before devices are refused because of it.
  base::Status check_key(store::DatabaseFile& file) {
    const auto key = read_small(paths_.master_key(), base::kSealKeyBytes);
    if (!key || key->size() != base::kSealKeyBytes) {
      add({Severity::problem, "master_key", "master.key is missing or not 32 bytes long",
           "restore the key that belongs to this database", false});
      return {};
    }
    OTARU_TRY(sealed, file.some_sealed_secret());
    if (!sealed.empty() && !app::Secrets(*key).unseal_text(sealed)) {
      add({Severity::problem, "master_key",
           "master.key does not open the secrets of this database: it is another folder's key",
           "restore the key that belongs to this database", false});
    }
    return {};
  }

  // The server builds the catalogue at its start; a running one has done so already.
  base::Status check_catalogue() {
    if (result_.server_running) return {};
    store::SqliteOptions options;
    options.path = paths_.database();
    options.readers = 1;
    OTARU_TRY(opened, store::make_sqlite_store(options));
    auto rows = opened->load_catalogue();
    if (!rows) return base::fail(rows.error());
    const auto snapshot = domain::Snapshot::build(std::move(*rows));
    if (!snapshot) {
      add({Severity::problem, "catalogue",
           "the catalogue does not fit together: " + snapshot.error().message,
           "restore a backup: a server would not start on it", false});
    }
    return {};
  }

  base::Status check_files(app::BlobStore& blobs) {
    std::map<std::string, const store::NamedFile*, std::less<>> wanted;
    int64_t total = 0;
    for (const auto& file : named_) {
      auto& entry = wanted[file.sha256];
      if (entry == nullptr) total += file.size_bytes;
      if (entry == nullptr || file.package) entry = &file;
    }
    int64_t done = 0;
    for (const auto& [sha256, file] : wanted) {
      OTARU_CHECK(check_file(blobs, sha256, *file, done, total));
      done += file->size_bytes;
    }
    int64_t unnamed = 0;
    int64_t unnamed_bytes = 0;
    OTARU_CHECK(blobs.each([&](std::string_view sha256) {
      if (wanted.contains(sha256)) return true;
      const auto blob = blobs.open(sha256);
      ++unnamed;
      if (blob) unnamed_bytes += (*blob)->size();
      return true;
    }));
    if (unnamed > 0) {
      add({Severity::note, "files_unnamed",
           std::to_string(unnamed) + " files (" + std::to_string(unnamed_bytes) +
               " bytes) are named by nothing",
           "none needed: a running server removes them an hour after they came", false});
    }
    return {};
  }

  base::Status check_file(app::BlobStore& blobs, const std::string& sha256,
                          const store::NamedFile& file, int64_t before, int64_t total) {
    if (context_.progress && !context_.progress("files", before, total)) {
      return base::fail(interrupted());
    }
    const auto blob = blobs.open(sha256);
    if (!blob && blob.error().code != Code::not_found) return base::fail(blob.error());
    if (!blob) {
      if (!file.package) return {};  // still on its way
      add({Severity::problem, "file_missing", file.owner + " has no file " + sha256,
           "copy blobs/" + sha256.substr(0, 2) + "/" + sha256.substr(2) +
               " from a backup, or upload the file again and replace the package",
           false});
      return {};
    }
    ++result_.files;
    result_.files_bytes += (*blob)->size();
    bool right = (*blob)->size() == file.size_bytes || !file.package;
    if (right && !options_.quick) {
      int64_t done = before;
      OTARU_TRY(found, sha256_of_file(**blob, [&](int64_t more) {
                  done += more;
                  return !context_.progress || context_.progress("files", done, total);
                }));
      right = found == sha256;
    }
    if (right) return {};
    // Set aside it can no longer reach a device; a download then fails instead of being wrong.
    const bool aside = options_.repair && blobs.set_aside(sha256).has_value();
    add({Severity::problem, "file_damaged",
         "the file of " + file.owner + " is not what its hash " + sha256 + " says" +
             (aside ? "; it was set aside in blobs/damaged" : ""),
         "copy it from a backup, or upload it again; --repair keeps it from devices", false});
    return {};
  }

  DataPaths paths_;
  const CheckOptions& options_;
  const Context& context_;
  CheckResult result_;
  std::vector<store::NamedFile> named_;
};

}  // namespace

int64_t CheckResult::problems() const {
  int64_t count = 0;
  for (const auto& finding : findings) {
    if (finding.severity == Severity::problem && !finding.repaired) ++count;
  }
  return count;
}

base::Result<CheckResult> check(const std::string& data, const CheckOptions& options,
                                const Context& context) {
  return Checker(data, options, context).run();
}

base::Result<MigrateResult> migrate(const std::string& data, bool only_look) {
  const DataPaths paths{data};
  MigrateResult result;
  if (only_look) {
    OTARU_TRY(file, store::DatabaseFile::open(paths.database(), store::FileAccess::read));
    result.from = result.to = file->schema();
    for (const auto name : file->missing_migrations()) result.steps.emplace_back(name);
    return result;
  }
  if (::access(paths.database().c_str(), F_OK) != 0) {
    return base::fail(Code::not_found, data + " is no data folder: it has no otaru.db");
  }
  OTARU_TRY(lock, FolderLock::take(paths));
  static_cast<void>(lock);
  OTARU_TRY(file, store::DatabaseFile::open(paths.database(), store::FileAccess::write));
  result.from = file->schema();
  for (const auto name : file->missing_migrations()) result.steps.emplace_back(name);
  OTARU_CHECK(file->migrate());
  result.to = file->schema();
  return result;
}

}  // namespace otaru::maintain
