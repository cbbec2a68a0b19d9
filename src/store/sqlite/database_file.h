// SPDX-License-Identifier: Apache-2.0
// A database file looked at from outside the store: copied while a server writes to it, checked for
// damage and for rows that contradict one another. For `otaru backup`, `restore`, `check` and
// `migrate`; the server itself never uses it.
//
// Everything is read in one transaction, so that a server that writes at the same time does not
// show: neither half a change nor two moments.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace otaru::store {

class Connection;

// Told how far a long look is, in pages or rows; false ends it with Code::unavailable.
using DatabaseProgress = std::function<bool(int64_t done, int64_t total)>;

// A file that rows name, with what names it.
struct NamedFile {
  std::string sha256;
  int64_t size_bytes = 0;
  std::string owner;     // "package 7 (lamp 1.2.0)", "upload 0f..."
  bool package = false;  // an upload's file may still be on its way
};

// One rule over rows that some rows break.
struct BrokenRule {
  std::string_view rule;     // "release_product"
  std::string_view meaning;  // "a release belongs to a product that exists"
  std::string_view remedy;
  std::vector<std::string> rows;  // the first ones, as "release 12"
  int64_t count = 0;
  bool repaired = false;
};

enum class Depth { quick, full };       // quick: structure only; full: every index entry as well
enum class FileAccess { read, write };  // write: nobody else may have the file open

class DatabaseFile {
 public:
  // Code::not_found when there is none, Code::invalid when it is of another program.
  static base::Result<std::unique_ptr<DatabaseFile>> open(const std::string& path,
                                                          FileAccess access);
  ~DatabaseFile();
  DatabaseFile(const DatabaseFile&) = delete;
  DatabaseFile& operator=(const DatabaseFile&) = delete;

  int64_t schema() const { return schema_; }
  static int64_t newest_schema();
  // The names of the migrations that the file still needs.
  std::vector<std::string_view> missing_migrations() const;
  // Applies them (FileAccess::write). Code::precondition when the file is newer than this program.
  base::Status migrate();

  // What SQLite finds damaged, at most `max` lines; none: it is whole.
  base::Result<std::vector<std::string>> damage(Depth depth, size_t max);
  // The rules that rows break; with `repair`, what can be made right without losing anything is.
  // Only for a file of the newest schema.
  base::Result<std::vector<BrokenRule>> broken_rules(bool repair, size_t rows_max);
  base::Result<std::vector<NamedFile>> files();
  // One sealed secret, to see whether a master key opens it; empty when there is none.
  base::Result<std::string> some_sealed_secret();

  // The whole database as of this moment, into a new file that is durable on return.
  base::Status copy_to(const std::string& path, const DatabaseProgress& progress);

 private:
  DatabaseFile(std::unique_ptr<Connection> connection, std::string path);
  base::Status begin();
  std::unique_ptr<Connection> connection_;
  std::string path_;
  int64_t schema_ = 0;
};

}  // namespace otaru::store
