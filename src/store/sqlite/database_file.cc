// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/database_file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/encoding.h"
#include "store/sqlite/migrate.h"
#include "store/sqlite/row_rules.h"

namespace otaru::store {
namespace {

using base::Code;

constexpr int kPagesPerStep = 1024;  // 4 MiB: progress and Ctrl-C a few times a second
constexpr int64_t kWaitMs = 5'000;   // for a server that is just writing

// Every row of a statement, each column as text.
base::Status for_each_row(Connection& connection, std::string_view sql,
                          const std::function<void(const std::vector<std::string>&)>& each) {
  sqlite3_stmt* statement = nullptr;
  int result = sqlite3_prepare_v2(connection.handle(), sql.data(), static_cast<int>(sql.size()),
                                  &statement, nullptr);
  std::vector<std::string> row;
  while (result == SQLITE_OK || result == SQLITE_ROW) {
    result = sqlite3_step(statement);
    if (result != SQLITE_ROW) break;
    row.clear();
    RowReader reader(statement);
    for (int i = 0; i < sqlite3_column_count(statement); ++i) row.emplace_back(reader.text());
    each(row);
  }
  base::Status done;
  if (result != SQLITE_DONE) done = base::fail(connection.error(result));
  sqlite3_finalize(statement);
  return done;
}

bool sync_path(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  return synced;
}

base::Status make_empty_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    return base::fail(Code::unavailable, "cannot write " + path + ": " + std::strerror(errno));
  }
  ::close(fd);
  return {};
}

base::Status copy_pages(Connection& from, Connection& to, const DatabaseProgress& progress) {
  sqlite3_backup* copy = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (copy == nullptr) return base::fail(to.error(sqlite3_errcode(to.handle())));
  int result = SQLITE_OK;
  bool stopped = false;
  while (result == SQLITE_OK && !stopped) {
    result = sqlite3_backup_step(copy, kPagesPerStep);
    const int64_t total = sqlite3_backup_pagecount(copy);
    stopped = progress && !progress(total - sqlite3_backup_remaining(copy), total);
  }
  sqlite3_backup_finish(copy);
  if (stopped) return base::fail(Code::unavailable, "it was interrupted");
  if (result != SQLITE_DONE) return base::fail(to.error(result));
  return {};
}

}  // namespace

DatabaseFile::DatabaseFile(std::unique_ptr<Connection> connection, std::string path)
    : connection_(std::move(connection)), path_(std::move(path)) {}

DatabaseFile::~DatabaseFile() = default;

base::Result<std::unique_ptr<DatabaseFile>> DatabaseFile::open(const std::string& path,
                                                               FileAccess access) {
  if (::access(path.c_str(), F_OK) != 0) {
    return base::fail(Code::not_found, "there is no database " + path);
  }
  OTARU_TRY(connection, Connection::open(path, Connection::Role::reader));
  OTARU_CHECK(connection->execute("pragma busy_timeout = " + std::to_string(kWaitMs)));
  std::unique_ptr<DatabaseFile> file(new DatabaseFile(std::move(connection), path));
  OTARU_TRY(schema, schema_version_of(*file->connection_));
  if (schema == 0) return base::fail(Code::invalid, path + " is not a database of Otaru");
  file->schema_ = schema;
  if (access == FileAccess::read) OTARU_CHECK(file->begin());
  return file;
}

base::Status DatabaseFile::begin() {
  OTARU_CHECK(connection_->execute("pragma query_only = on; begin"));
  // The moment that is seen is the one of the first read.
  OTARU_CHECK(connection_->ask("select count(*) from schema_version"));
  return {};
}

int64_t DatabaseFile::newest_schema() {
  return static_cast<int64_t>(migrations().size());
}

std::vector<std::string_view> DatabaseFile::missing_migrations() const {
  std::vector<std::string_view> names;
  for (int64_t next = schema_; next < newest_schema(); ++next) {
    names.push_back(migrations()[static_cast<size_t>(next)].name);
  }
  return names;
}

base::Status DatabaseFile::migrate() {
  OTARU_CHECK(connection_->execute("pragma synchronous = full"));
  OTARU_CHECK(store::migrate(*connection_));
  schema_ = newest_schema();
  return {};
}

base::Result<std::vector<std::string>> DatabaseFile::damage(Depth depth, size_t max) {
  std::vector<std::string> lines;
  const std::string check = depth == Depth::full ? "integrity_check" : "quick_check";
  const auto read = for_each_row(*connection_, "pragma " + check + "(" + std::to_string(max) + ")",
                                 [&](const std::vector<std::string>& row) {
                                   if (row.front() != "ok") lines.push_back(row.front());
                                 });
  if (!read && read.error().code == Code::internal) {
    lines.push_back(read.error().detail);  // so damaged that the check itself cannot go on
    return lines;
  }
  if (!read) return base::fail(read.error());
  return lines;
}

base::Result<std::vector<BrokenRule>> DatabaseFile::broken_rules(bool repair, size_t rows_max) {
  if (schema_ != newest_schema()) {
    return base::fail(Code::precondition, "the database has schema " + std::to_string(schema_) +
                                              ", this program knows " +
                                              std::to_string(newest_schema()) +
                                              ": `otaru migrate` first");
  }
  std::vector<BrokenRule> broken;
  for (const auto& rule : row_rules()) {
    BrokenRule found{rule.name, rule.meaning, rule.remedy, {}, 0, false};
    OTARU_CHECK(
        for_each_row(*connection_, rule.offenders, [&](const std::vector<std::string>& row) {
          if (found.rows.size() < rows_max) found.rows.push_back(row.front());
          ++found.count;
        }));
    if (found.count == 0) continue;
    if (repair && !rule.repair.empty()) {
      OTARU_CHECK(connection_->execute("begin immediate"));
      auto done = connection_->execute(std::string(rule.repair));
      if (done) done = connection_->execute("commit");
      if (!done) {
        static_cast<void>(connection_->execute("rollback"));
        return base::fail(done.error());
      }
      found.repaired = true;
    }
    broken.push_back(std::move(found));
  }
  return broken;
}

base::Result<std::vector<NamedFile>> DatabaseFile::files() {
  std::vector<NamedFile> files;
  OTARU_CHECK(for_each_row(
      *connection_,
      "select k.sha256, k.size_bytes, 'package ' || k.id || ' (' || coalesce(p.name, '?') || ' ' "
      "|| coalesce(r.version, '?') || ')' from package k left join release r on r.id = k.release "
      "left join product p on p.id = r.product order by k.id",
      [&](const std::vector<std::string>& row) {
        files.push_back({row[0], base::parse_int(row[1]).value_or(0), row[2], true});
      }));
  OTARU_CHECK(for_each_row(
      *connection_,
      "select sha256, size_bytes, 'upload ' || id from upload where sha256 <> '' order by id",
      [&](const std::vector<std::string>& row) {
        files.push_back({row[0], base::parse_int(row[1]).value_or(0), row[2], false});
      }));
  return files;
}

base::Result<std::string> DatabaseFile::some_sealed_secret() {
  return connection_->ask(
      "select secret from credential where kind in ('onenet_product', 'download_basic') "
      "order by id desc limit 1");
}

base::Status DatabaseFile::copy_to(const std::string& path, const DatabaseProgress& progress) {
  OTARU_CHECK(make_empty_file(path));
  {
    OTARU_TRY(to, Connection::open(path, Connection::Role::writer));
    OTARU_CHECK(copy_pages(*connection_, *to, progress));
    // One file, without a log beside it.
    OTARU_TRY(mode, to->ask("pragma journal_mode = delete"));
    if (mode != "delete") return base::fail(Code::internal, "the copy keeps a log: " + mode);
  }
  if (!sync_path(path)) {
    return base::fail(Code::unavailable, "cannot write " + path + ": " + std::strerror(errno));
  }
  return {};
}

}  // namespace otaru::store
