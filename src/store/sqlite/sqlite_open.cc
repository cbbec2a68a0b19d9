// SPDX-License-Identifier: Apache-2.0
// Opening: pragmas, schema, and the connections that read.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "store/sqlite/migrate.h"
#include "store/sqlite/sqlite_impl.h"

namespace otaru::store {
namespace {

using base::Code;

// The log is copied back into the database each 8 Ki pages (32 MiB): hot pages are rewritten many
// times before that, and go back once.
constexpr const char* kCheckpointPages = "8192";
constexpr const char* kLogFileBytesMax = "67108864";

std::string pragma(const char* name, int64_t value) {
  return std::string("pragma ") + name + " = " + std::to_string(value) + ";";
}

// SQLite would make the file with the rights of the umask; it holds sealed secrets.
base::Status make_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) {
    ::close(fd);
    return {};
  }
  if (errno == EEXIST) return {};
  const std::string reason = std::error_code(errno, std::generic_category()).message();
  return base::fail(Code::unavailable, "cannot make the database " + path + ": " + reason);
}

}  // namespace

void ReaderPool::add(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  free_.push_back(connection.get());
  all_.push_back(std::move(connection));
}

Connection* ReaderPool::take() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [this] { return !free_.empty(); });
  Connection* connection = free_.back();
  free_.pop_back();
  return connection;
}

void ReaderPool::give(Connection* connection) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(connection);
  }
  returned_.notify_one();
}

ReadScope::ReadScope(ReaderPool& pool, SqliteProbe& probe, Kind kind)
    : pool_(pool), probe_(probe), connection_(pool.take()), kind_(kind) {
  ++probe_.read_transactions;
  if (kind_ == Kind::transaction) began_ = Call(*connection_, Query::begin_read).run();
}

ReadScope::~ReadScope() {
  // Nothing was written: how the view ends does not matter, only that it does.
  if (connection_->in_transaction() && !Call(*connection_, Query::commit).run()) {
    static_cast<void>(Call(*connection_, Query::rollback).run());
  }
  pool_.give(connection_);
}

base::Status SqliteStore::open_writer(Connection& writer) {
  // First of all, so that what follows can wait for another program.
  OTARU_CHECK(writer.execute(pragma("busy_timeout", options_.busy_timeout_ms)));
  OTARU_CHECK(writer.execute("pragma page_size = 4096"));
  OTARU_TRY(mode, writer.ask("pragma journal_mode = wal"));
  if (mode != "wal" && !in_memory()) {
    return base::fail(Code::unavailable,
                      "the file system of " + options_.path +
                          " cannot share memory (a network share?): use a local disk");
  }
  OTARU_CHECK(writer.execute(std::string("pragma synchronous = full;") +
                             "pragma foreign_keys = on; pragma temp_store = memory;" +
                             "pragma wal_autocheckpoint = " + kCheckpointPages + ";" +
                             "pragma journal_size_limit = " + kLogFileBytesMax + ";" +
                             pragma("cache_size", -options_.writer_cache_bytes / 1024) +
                             pragma("mmap_size", options_.mmap_bytes)));
  OTARU_CHECK(migrate(writer));
  if (options_.pages_max > 0) {
    OTARU_CHECK(writer.execute(pragma("max_page_count", options_.pages_max)));
  }
  return writer.prepare_all();
}

base::Status SqliteStore::open() {
  if (options_.probe == nullptr) options_.probe = std::make_shared<SqliteProbe>();
  if (!in_memory()) OTARU_CHECK(make_file(options_.path));
  OTARU_TRY(writer, Connection::open(options_.path, Connection::Role::writer));
  OTARU_CHECK(open_writer(*writer));
  if (in_memory()) {
    readers_.add(std::move(writer));
    return {};
  }
  writer_ = std::move(writer);
  for (size_t i = 0; i < std::max<size_t>(options_.readers, 1); ++i) {
    OTARU_TRY(reader, Connection::open(options_.path, Connection::Role::reader));
    OTARU_CHECK(reader->execute(pragma("busy_timeout", options_.busy_timeout_ms) +
                                "pragma query_only = on; pragma temp_store = memory;" +
                                pragma("cache_size", -options_.reader_cache_bytes / 1024) +
                                pragma("mmap_size", options_.mmap_bytes)));
    OTARU_CHECK(reader->prepare_all());
    readers_.add(std::move(reader));
  }
  return {};
}

base::Result<std::unique_ptr<app::Store>> make_sqlite_store(SqliteOptions options) {
  auto store = std::make_unique<SqliteStore>(std::move(options));
  OTARU_CHECK(store->open());
  return std::unique_ptr<app::Store>(std::move(store));
}

}  // namespace otaru::store
