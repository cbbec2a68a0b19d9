// SPDX-License-Identifier: Apache-2.0
// The embedded store: SQLite in WAL mode, one connection that writes, a few that read beside it.
// A commit is on the disk (synchronous=FULL) before apply() returns.
//
// One process per database: the server holds the lock of its data folder.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "app/ports/store.h"
#include "base/result.h"

namespace otaru::store {

// Counts what was asked of the database, for tests that hold the number of statements per request.
struct SqliteProbe {
  std::atomic<int64_t> reads = 0;               // statements that return rows of tables
  std::atomic<int64_t> read_transactions = 0;   // a lone statement counts as one
  std::atomic<int64_t> write_transactions = 0;  // committed or tried
};

struct SqliteOptions {
  std::string path;    // of the database file; ":memory:" lives in this store only
  size_t readers = 4;  // reading connections
  int64_t writer_cache_bytes = 64ll * 1024 * 1024;
  int64_t reader_cache_bytes = 8ll * 1024 * 1024;
  int64_t mmap_bytes = 0;              // 0: read through the cache only
  int64_t busy_timeout_ms = 5'000;     // for other programs, such as a backup
  int64_t pages_max = 0;               // of 4 KiB; 0: as large as the disk allows
  std::shared_ptr<SqliteProbe> probe;  // may be null
};

// Opens or makes the database and brings it to the newest schema. Code::precondition when a newer
// Otaru wrote it, Code::invalid when the file is something else, Code::internal when it is damaged,
// Code::unavailable when the disk does not let us.
base::Result<std::unique_ptr<app::Store>> make_sqlite_store(SqliteOptions options);

}  // namespace otaru::store
