// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/connection.h"

#include <sqlite3.h>

#include "base/encoding.h"

namespace otaru::store {

using base::Code;

base::Error sqlite_error(int result, sqlite3* database, const std::string& path) {
  std::string detail = path + ": SQLite " + std::to_string(result) + ": " + sqlite3_errstr(result);
  if (database != nullptr) detail += std::string(": ") + sqlite3_errmsg(database);
  const auto error = [&detail](Code code, const char* message) {
    return base::Error{code, message, detail};
  };
  switch (result & 0xff) {
    case SQLITE_FULL:
      return error(Code::unavailable,
                   "the disk of the database is full: nothing was stored; make room and try again");
    case SQLITE_IOERR:
      return error(Code::unavailable,
                   "the disk of the database failed: nothing was stored; check disk and quota");
    case SQLITE_NOMEM:
      return error(Code::unavailable, "no memory left for the database: nothing was stored");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return error(Code::unavailable,
                   "another program keeps the database locked: nothing was stored");
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return error(
          Code::unavailable,
          "the database cannot be opened for writing: check owner and rights of its folder");
    case SQLITE_CORRUPT:
      return error(Code::internal,
                   "the database is damaged: stop the server, keep a copy, restore a backup");
    case SQLITE_NOTADB:
      return error(Code::invalid, "the file is not a database: is it the right path?");
    case SQLITE_CONSTRAINT:
      return error(Code::conflict, "a row contradicts another one");
    case SQLITE_TOOBIG:
      return error(Code::too_large, "a value is too large for the database");
    default:
      return error(Code::internal, "the database refused a statement");
  }
}

base::Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Role role) {
  sqlite3* database = nullptr;
  // Each connection is used by one thread at a time (a lease or a lock), so SQLite need not lock.
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (role == Role::writer ? SQLITE_OPEN_CREATE : 0);
  const int result = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  if (result != SQLITE_OK) {
    auto error = sqlite_error(result, database, path);
    sqlite3_close(database);
    return base::fail(std::move(error));
  }
  sqlite3_extended_result_codes(database, 1);
  return std::make_unique<Connection>(database, path);
}

Connection::~Connection() {
  for (auto* statement : statements_) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

base::Status Connection::execute(const std::string& sql) {
  const int result = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) return base::fail(error(result));
  return {};
}

base::Result<std::string> Connection::ask(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  int result = sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr);
  std::string answer;
  if (result == SQLITE_OK) {
    result = sqlite3_step(statement);
    if (result == SQLITE_ROW) answer = RowReader(statement).text();
  }
  if (result != SQLITE_ROW && result != SQLITE_DONE) {
    auto failed = error(result);
    sqlite3_finalize(statement);
    return base::fail(std::move(failed));
  }
  sqlite3_finalize(statement);
  return answer;
}

base::Status Connection::prepare_all() {
  constexpr std::string_view kMark = "-- name: ";
  size_t index = 0;
  for (std::string_view text : query_files()) {
    for (size_t at = text.find(kMark); at != std::string_view::npos;) {
      const size_t from = text.find('\n', at);
      const size_t next = text.find(kMark, from);
      const auto sql = base::trim(text.substr(from, next - from));
      const int result =
          sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()),
                             SQLITE_PREPARE_PERSISTENT, &statements_[index], nullptr);
      if (result != SQLITE_OK) {
        auto failed = error(result);
        failed.detail += " in " + std::string(text.substr(at, from - at));
        return base::fail(std::move(failed));
      }
      ++index;
      at = next;
    }
  }
  OTARU_ASSERT(index == kQueryCount);
  return {};
}

int64_t Connection::changes() const {
  return sqlite3_changes64(database_);
}
bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(database_) == 0;
}

void Binder::operator()(const char*, int64_t value) {
  note(sqlite3_bind_int64(statement_, ++index_, value));
}
void Binder::operator()(const char*, std::string_view value) {
  // A null pointer would bind NULL, and an empty view may have one.
  const char* data = value.data() == nullptr ? "" : value.data();
  note(sqlite3_bind_text64(statement_, ++index_, data, value.size(), SQLITE_STATIC, SQLITE_UTF8));
}
void Binder::operator()(const char*, Blob value) {
  const char* data = value.bytes.data() == nullptr ? "" : value.bytes.data();
  note(sqlite3_bind_blob64(statement_, ++index_, data, value.bytes.size(), SQLITE_STATIC));
}
void Binder::operator()(const char*, const std::optional<base::Time>& value) {
  if (value) {
    (*this)("", *value);
  } else {
    null();
  }
}
void Binder::null() {
  note(sqlite3_bind_null(statement_, ++index_));
}
void Binder::copy(const std::string& text) {
  note(sqlite3_bind_text64(statement_, ++index_, text.data(), text.size(),
                           reinterpret_cast<sqlite3_destructor_type>(intptr_t{-1}), SQLITE_UTF8));
}

void RowReader::operator()(const char*, int64_t& value) {
  value = sqlite3_column_int64(statement_, index_++);
}
void RowReader::operator()(const char*, std::string& value) {
  value = text();
}
void RowReader::operator()(const char*, bool& value) {
  value = sqlite3_column_int64(statement_, index_++) != 0;
}
void RowReader::operator()(const char*, std::optional<base::Time>& value) {
  if (sqlite3_column_type(statement_, index_) == SQLITE_NULL) {
    value.reset();
    ++index_;
  } else {
    (*this)("", value.emplace());
  }
}
std::string_view RowReader::text() {
  const auto* data = sqlite3_column_text(statement_, index_);
  const int size = sqlite3_column_bytes(statement_, index_);
  ++index_;
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data), static_cast<size_t>(size)};
}

Call::~Call() {
  sqlite3_reset(statement_);
}

bool Call::next() {
  result_ = binder_.result();
  if (result_ == SQLITE_OK) result_ = sqlite3_step(statement_);
  return result_ == SQLITE_ROW;
}

void Call::note_damage(const RowReader& reader) {
  if (damaged_ == nullptr) damaged_ = reader.damaged();
}

base::Status Call::status() const {
  if (result_ != SQLITE_DONE && result_ != SQLITE_ROW)
    return base::fail(connection_.error(result_));
  if (damaged_ != nullptr) {
    return base::fail(Code::internal,
                      "the database holds a row that cannot be read: restore a backup",
                      std::string("column ") + damaged_ + " in: " + sqlite3_sql(statement_));
  }
  return {};
}

base::Status Call::run() {
  next();
  return status();
}

}  // namespace otaru::store
