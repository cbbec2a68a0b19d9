// SPDX-License-Identifier: Apache-2.0
// A copy of one moment: sweeping is held up, the database is copied in one read transaction, and
// then the files that this copy names. Files never change once they have their name, so those that
// an earlier backup left in the folder are right already.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "base/encoding.h"
#include "blob/folder/folder_blobs.h"
#include "maintain/data_paths.h"
#include "maintain/files.h"
#include "maintain/maintain.h"
#include "maintain/manifest.h"
#include "store/sqlite/database_file.h"

namespace otaru::maintain {
namespace {

using base::Code;
namespace fs = std::filesystem;

constexpr std::string_view kDatabasePrefix = "database-";
constexpr std::string_view kUnfinished = "database.unfinished";

// New, empty, or an earlier backup.
base::Status prepare_target(const std::string& to) {
  std::error_code error;
  if (fs::exists(to, error) && !fs::is_empty(to, error) &&
      !fs::exists(to + "/" + std::string(kManifestName), error) &&
      !fs::exists(to + "/" + std::string(kUnfinished), error)) {
    return base::fail(Code::conflict, to + " is not empty and holds no backup: choose another "
                                           "folder, or empty it");
  }
  fs::create_directories(to, error);
  if (error) return base::fail(Code::unavailable, "cannot make " + to + ": " + error.message());
  ::chmod(to.c_str(), 0700);
  return {};
}

// The database, under the name of its hash. Until the manifest names it, it is not part of it.
base::Status copy_database(const DataPaths& paths, const std::string& to, const Context& context,
                           Manifest& manifest, std::vector<store::NamedFile>& named) {
  const std::string unfinished = to + "/" + std::string(kUnfinished);
  ::unlink(unfinished.c_str());
  OTARU_TRY(file, store::DatabaseFile::open(paths.database(), store::FileAccess::read));
  OTARU_CHECK(file->copy_to(unfinished, [&](int64_t done, int64_t total) {
    return !context.progress || context.progress("database", done, total);
  }));
  manifest.schema = file->schema();
  // Read from the copy: exactly what will be restored.
  OTARU_TRY(copy, store::DatabaseFile::open(unfinished, store::FileAccess::read));
  OTARU_TRY(files, copy->files());
  named = std::move(files);
  copy.reset();
  OTARU_TRY(sha256, sha256_of_path(unfinished, {}));
  manifest.database_sha256 = sha256;
  manifest.database = std::string(kDatabasePrefix) + sha256.substr(0, 16) + ".db";
  manifest.database_bytes = static_cast<int64_t>(fs::file_size(unfinished));
  if (::rename(unfinished.c_str(), (to + "/" + manifest.database).c_str()) != 0) {
    return base::fail(Code::unavailable, "cannot write " + to + ": " + std::strerror(errno));
  }
  return sync_folder(to);
}

base::Status copy_files(app::BlobStore& from, app::BlobStore& to,
                        const std::vector<store::NamedFile>& named, const Context& context,
                        BackupResult& result) {
  std::map<std::string, const store::NamedFile*> wanted;  // each once
  int64_t total = 0;
  for (const auto& file : named) {
    auto& entry = wanted[file.sha256];
    if (entry == nullptr) total += file.size_bytes;
    if (entry == nullptr || file.package) entry = &file;
  }
  int64_t done = 0;
  for (const auto& [sha256, file] : wanted) {
    if (context.progress && !context.progress("files", done, total)) {
      return base::fail(interrupted());
    }
    const auto there = to.open(sha256);
    if (!there || (*there)->size() != file->size_bytes) {
      const auto copied =
          copy_blob(from, to, sha256, *context.random, [&, before = done](int64_t more) mutable {
            before += more;
            return !context.progress || context.progress("files", before, total);
          });
      if (!copied && copied.error().code == Code::not_found) {
        // An upload's file appears a moment after its row; a package without one is a fault.
        if (file->package) result.missing.push_back(file->owner + ": file " + sha256);
        continue;
      }
      OTARU_CHECK(copied);
      ++result.files_copied;
    }
    ++result.files;
    result.files_bytes += file->size_bytes;
    done += file->size_bytes;
  }
  return {};
}

// What an earlier backup had and this one does not name. After the manifest: never before.
base::Status remove_unnamed(const std::string& to, app::BlobStore& blobs, const Manifest& manifest,
                            const std::vector<store::NamedFile>& named, base::Time now) {
  std::set<std::string, std::less<>> wanted;
  for (const auto& file : named) wanted.insert(file.sha256);
  OTARU_CHECK(blobs.sweep([&](std::string_view sha256) { return wanted.contains(sha256); },
                          now + base::kDayMs, 0));
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(to, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kDatabasePrefix) && name != manifest.database) {
      fs::remove(entry.path(), error);
    }
  }
  for (const auto& id : blobs.uploads()) static_cast<void>(blobs.remove_upload(id));
  return {};
}

}  // namespace

base::Result<BackupResult> backup(const std::string& data, const std::string& to,
                                  const Context& context) {
  const DataPaths paths{data};
  std::error_code error;
  if (!fs::exists(paths.database(), error)) {
    return base::fail(Code::not_found, data + " is no data folder: it has no otaru.db", "");
  }
  OTARU_CHECK(prepare_target(to));
  OTARU_TRY(from_blobs, blob::make_folder_blobs(data));
  OTARU_TRY(to_blobs, blob::make_folder_blobs(to));
  OTARU_TRY(hold, from_blobs->hold());
  static_cast<void>(hold);
  Manifest manifest;
  manifest.made_at = context.clock->now();
  manifest.made_by = context.version;
  std::vector<store::NamedFile> named;
  BackupResult result;
  OTARU_CHECK(copy_database(paths, to, context, manifest, named));
  OTARU_CHECK(copy_files(*from_blobs, *to_blobs, named, context, result));
  OTARU_TRY(key, read_small(paths.master_key(), kMasterKeyBytesMax));
  manifest.master_key_sha256 = base::hex(base::digest(base::HashKind::sha256, key));
  manifest.files = result.files;
  manifest.files_bytes = result.files_bytes;
  OTARU_CHECK(write_whole(to + "/master.key", key));
  OTARU_CHECK(write_whole(to + "/" + std::string(kManifestName), manifest_text(manifest)));
  OTARU_CHECK(remove_unnamed(to, *to_blobs, manifest, named, context.clock->now()));
  result.schema = manifest.schema;
  result.database_bytes = manifest.database_bytes;
  return result;
}

}  // namespace otaru::maintain
