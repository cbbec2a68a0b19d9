// SPDX-License-Identifier: Apache-2.0
// A data folder out of a backup. It is made beside its place and moved there when it is whole, so
// that a server never starts on half a restoration.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
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

// Removes what was made so far unless it was kept.
class Unfinished {
 public:
  explicit Unfinished(std::string path) : path_(std::move(path)) {}
  ~Unfinished() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  void keep() { path_.clear(); }

 private:
  std::string path_;
};

base::Status check_target(const std::string& data) {
  std::error_code error;
  if (!fs::exists(data, error) || (fs::is_directory(data, error) && fs::is_empty(data, error))) {
    return {};
  }
  return base::fail(Code::conflict, data +
                                        " is there already and is not empty: move it away "
                                        "first, nothing is overwritten");
}

base::Status copy_database(const std::string& from, const Manifest& manifest,
                           const DataPaths& target, const Context& context) {
  const std::string source = from + "/" + manifest.database;
  int64_t done = 0;
  OTARU_TRY(sha256, sha256_of_path(source, [&](int64_t more) {
              done += more;
              return !context.progress ||
                     context.progress("database", done, manifest.database_bytes);
            }));
  if (sha256 != manifest.database_sha256) {
    return base::fail(Code::internal, source +
                                          " was changed or damaged after the backup: its "
                                          "hash is not the one that " +
                                          std::string(kManifestName) + " names");
  }
  std::error_code error;
  fs::copy_file(source, target.database(), error);
  if (error) return base::fail(Code::unavailable, "cannot copy " + source + ": " + error.message());
  ::chmod(target.database().c_str(), 0600);
  OTARU_TRY(copied, sha256_of_path(target.database(), {}));
  if (copied != manifest.database_sha256) {
    return base::fail(Code::internal, "the copy of the database is not what was copied");
  }
  return {};
}

base::Status copy_files(app::BlobStore& from, app::BlobStore& to, const Manifest& manifest,
                        const std::vector<store::NamedFile>& named, const Context& context,
                        RestoreResult& result) {
  std::set<std::string> seen;
  for (const auto& file : named) {
    if (!seen.insert(file.sha256).second) continue;
    const auto copied = copy_blob(
        from, to, file.sha256, *context.random, [&, done = int64_t{0}](int64_t more) mutable {
          done += more;
          return !context.progress ||
                 context.progress("files", result.files_bytes + done, manifest.files_bytes);
        });
    if (!copied && copied.error().code == Code::not_found) continue;  // counted below
    OTARU_CHECK(copied);
    ++result.files;
    result.files_bytes += file.size_bytes;
  }
  if (result.files == manifest.files) return {};
  return base::fail(Code::internal, "the backup names " + std::to_string(manifest.files) +
                                        " files, but holds " + std::to_string(result.files));
}

base::Status restore_key(const std::string& from, const Manifest& manifest,
                         const DataPaths& target) {
  OTARU_TRY(key, read_small(from + "/master.key", kMasterKeyBytesMax));
  if (base::hex(base::digest(base::HashKind::sha256, key)) != manifest.master_key_sha256) {
    return base::fail(Code::internal,
                      "the master.key of the backup is not the one it was made "
                      "with: the database could not be read");
  }
  return write_whole(target.master_key(), key);
}

}  // namespace

base::Result<RestoreResult> restore(const std::string& from, const std::string& data,
                                    const Context& context) {
  OTARU_TRY(manifest, read_manifest(from));
  if (manifest.schema > store::DatabaseFile::newest_schema()) {
    return base::fail(Code::precondition, "the backup was made by a newer Otaru (" +
                                              manifest.made_by + "): restore it with that one");
  }
  OTARU_CHECK(check_target(data));
  std::string place = fs::path(data).lexically_normal().string();
  while (place.size() > 1 && place.ends_with('/')) place.pop_back();
  const DataPaths target{place + ".restoring"};
  std::error_code error;
  fs::remove_all(target.root, error);
  fs::create_directories(target.root, error);
  if (error) {
    return base::fail(Code::unavailable, "cannot make " + target.root + ": " + error.message());
  }
  ::chmod(target.root.c_str(), 0700);
  Unfinished unfinished(target.root);
  OTARU_CHECK(copy_database(from, manifest, target, context));
  RestoreResult result;
  {
    OTARU_TRY(database, store::DatabaseFile::open(target.database(), store::FileAccess::read));
    OTARU_TRY(damage, database->damage(store::Depth::full, 1));
    if (!damage.empty()) {
      return base::fail(Code::internal, "the database of the backup is damaged: " + damage.front());
    }
    OTARU_TRY(named, database->files());
    OTARU_TRY(from_blobs, blob::make_folder_blobs(from));
    OTARU_TRY(to_blobs, blob::make_folder_blobs(target.root));
    OTARU_CHECK(copy_files(*from_blobs, *to_blobs, manifest, named, context, result));
  }
  OTARU_CHECK(restore_key(from, manifest, target));
  OTARU_CHECK(sync_folder(target.root));
  fs::remove(place, error);  // an empty folder
  if (::rename(target.root.c_str(), place.c_str()) != 0) {
    return base::fail(Code::unavailable,
                      "cannot move the data folder to " + place + ": " + std::strerror(errno));
  }
  unfinished.keep();
  result.made_at = manifest.made_at;
  result.made_by = manifest.made_by;
  result.schema = manifest.schema;
  return result;
}

}  // namespace otaru::maintain
