// SPDX-License-Identifier: Apache-2.0
// Backing up, restoring, checking and migrating a data folder.
//
// Threads: one. Blocks for as long as it takes; `progress` is called often, and false from it ends
// the work in an orderly way (Code::unavailable, "it was interrupted").
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"

namespace otaru::maintain {

// What is being done ("database", "files"), and how many bytes of it are.
using Progress = std::function<bool(std::string_view what, int64_t done, int64_t total)>;

struct Context {
  std::string version;  // of this program
  const base::Clock* clock = nullptr;
  base::Random* random = nullptr;
  Progress progress;  // may be empty
};

struct BackupResult {
  int64_t schema = 0;
  int64_t database_bytes = 0;
  int64_t files = 0;  // that belong to the backup
  int64_t files_bytes = 0;
  int64_t files_copied = 0;          // that were not there from the last time
  std::vector<std::string> missing;  // packages whose file the data folder does not have
};

// A copy of one moment of a data folder, also while a server runs on it. `to` is new, empty, or an
// earlier backup, which it brings up to date. Code::conflict when `to` holds anything else,
// Code::internal when a file of the data folder is not what its name says (nothing half is left
// that looks like a backup).
base::Result<BackupResult> backup(const std::string& data, const std::string& to,
                                  const Context& context);

struct RestoreResult {
  base::Time made_at;
  std::string made_by;  // version of the program that made the backup
  int64_t schema = 0;
  int64_t files = 0;
  int64_t files_bytes = 0;
};

// Makes the data folder `data` (not there yet, or empty) out of a backup; every byte is checked
// against its hash on the way, and nothing is there before everything is.
base::Result<RestoreResult> restore(const std::string& from, const std::string& data,
                                    const Context& context);

enum class Severity { note, problem };

struct CheckFinding {
  Severity severity = Severity::problem;
  std::string what;     // "file_damaged": a word for programs
  std::string message;  // a sentence
  std::string remedy;
  bool repaired = false;
};

struct CheckOptions {
  bool repair = false;  // makes right what loses nothing; only while no server runs
  bool quick = false;   // does not read the files, and not every index entry
};

struct CheckResult {
  std::vector<CheckFinding> findings;
  int64_t files = 0;
  int64_t files_bytes = 0;
  bool server_running = false;
  // Problems that are still there.
  int64_t problems() const;
};

base::Result<CheckResult> check(const std::string& data, const CheckOptions& options,
                                const Context& context);

struct MigrateResult {
  int64_t from = 0;
  int64_t to = 0;
  std::vector<std::string> steps;  // names of the migrations
};

// Brings the database to the newest schema, or with `only_look` says what would be done. Not while
// a server runs.
base::Result<MigrateResult> migrate(const std::string& data, bool only_look);

}  // namespace otaru::maintain
