// SPDX-License-Identifier: Apache-2.0
// One SQLite connection with every statement prepared, and one call of a statement. Knows SQLite,
// and nothing of devices or tasks.
//
//   Call call(connection, Query::task_by_id);
//   call.bind(bucket).bind(id);
//   while (call.next()) call.read(task);
//   OTARU_CHECK(call.status());
#pragma once

#include <sql_text.h>  // made from queries/ and migrations/ while building

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/row_fields.h"
#include "store/sqlite/json_text.h"

struct sqlite3;
struct sqlite3_stmt;

namespace otaru::store {

// What an SQLite result code means for us: the canonical code, and what the operator can do.
base::Error sqlite_error(int result, sqlite3* database, const std::string& path);

class Connection {
 public:
  enum class Role { writer, reader };
  static base::Result<std::unique_ptr<Connection>> open(const std::string& path, Role role);
  Connection(sqlite3* database, std::string path)  // open() is meant
      : database_(database), path_(std::move(path)) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // One or more statements of text, for pragmas and migrations.
  base::Status execute(const std::string& sql);
  // The first column of the first row, as text; empty if there is none.
  base::Result<std::string> ask(const std::string& sql);
  // Prepares every query. The schema must be there.
  base::Status prepare_all();

  sqlite3_stmt* statement(Query query) { return statements_[static_cast<size_t>(query)]; }
  int64_t changes() const;  // rows changed by the last write
  sqlite3* handle() { return database_; }  // for what has no wrapper here: copying pages
  bool in_transaction() const;
  base::Error error(int result) const { return sqlite_error(result, database_, path_); }

 private:
  sqlite3* database_;
  std::string path_;
  std::array<sqlite3_stmt*, kQueryCount> statements_{};
};

// Bytes that are no text.
struct Blob {
  std::string_view bytes;
};

// Binds in the order of the parameters. Texts must outlive the call.
class Binder {
 public:
  explicit Binder(sqlite3_stmt* statement) : statement_(statement) {}
  void operator()(const char*, int64_t value);
  void operator()(const char*, std::string_view value);
  void operator()(const char*, const std::string& value) { (*this)("", std::string_view(value)); }
  void operator()(const char*, Blob value);
  void operator()(const char*, bool value) { (*this)("", static_cast<int64_t>(value)); }
  void operator()(const char*, base::Time value) { (*this)("", value.ms); }
  void operator()(const char*, const std::optional<base::Time>& value);
  template <class Tag>
  void operator()(const char*, base::Id<Tag> value) {
    (*this)("", value.value);
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  void operator()(const char*, Enum value) { (*this)("", word_of(value)); }
  template <app::Document T>
  void operator()(const char*, const T& value) {
    copy(app::document_text(value));
  }
  void operator()(const char*, const domain::TextMap& value) { copy(to_json_text(value)); }
  void operator()(const char*, const std::vector<std::string>& value) { copy(to_json_text(value)); }
  void operator()(const char*, const std::vector<int64_t>& value) { copy(to_json_text(value)); }
  template <class Tag>
  void operator()(const char*, const std::vector<base::Id<Tag>>& value) {
    std::vector<int64_t> numbers;
    numbers.reserve(value.size());
    for (const auto id : value) numbers.push_back(id.value);
    copy(to_json_text(numbers));
  }
  void null();
  int result() const { return result_; }

 private:
  void copy(const std::string& text);
  void note(int result) {
    if (result_ == 0) result_ = result;
  }
  sqlite3_stmt* statement_;
  int index_ = 0;
  int result_ = 0;
};

// Reads the columns of the current row in order.
class RowReader {
 public:
  explicit RowReader(sqlite3_stmt* statement) : statement_(statement) {}
  void operator()(const char*, int64_t& value);
  void operator()(const char*, std::string& value);
  void operator()(const char*, bool& value);
  void operator()(const char*, base::Time& value) { (*this)("", value.ms); }
  void operator()(const char*, std::optional<base::Time>& value);
  template <class Tag>
  void operator()(const char*, base::Id<Tag>& value) {
    (*this)("", value.value);
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  void operator()(const char* name, Enum& value) {
    const auto parsed = parse_word<Enum>(text());
    if (parsed) {
      value = *parsed;
    } else {
      damage(name);
    }
  }
  template <app::Document T>
  void operator()(const char* name, T& value) {
    if (!app::read_document(text(), value)) damage(name);
  }
  void operator()(const char* name, domain::TextMap& value) { json(name, value); }
  void operator()(const char* name, std::vector<std::string>& value) { json(name, value); }
  void operator()(const char* name, std::vector<int64_t>& value) { json(name, value); }
  template <class Tag>
  void operator()(const char* name, std::vector<base::Id<Tag>>& value) {
    std::vector<int64_t> numbers;
    json(name, numbers);
    value.clear();
    for (const int64_t number : numbers) value.emplace_back(number);
  }
  std::string_view text();                          // valid until the next step
  const char* damaged() const { return damaged_; }  // the column that could not be read, or null

 private:
  template <class T>
  void json(const char* name, T& value) {
    if (!from_json_text(text(), value)) damage(name);
  }
  void damage(const char* name) {
    if (damaged_ == nullptr) damaged_ = name;
  }
  sqlite3_stmt* statement_;
  int index_ = 0;
  const char* damaged_ = nullptr;
};

// One execution of a prepared statement; the statement is free again when this goes.
class Call {
 public:
  Call(Connection& connection, Query query)
      : connection_(connection), statement_(connection.statement(query)), binder_(statement_) {}
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  template <class T>
  Call& bind(const T& value) {
    binder_("", value);
    return *this;
  }
  Call& bind_null() {
    binder_.null();
    return *this;
  }
  template <class T>
  Call& bind_optional(const std::optional<T>& value) {
    return value ? bind(*value) : bind_null();
  }
  template <class Row>
  Call& bind_fields(const Row& row) {
    fields(binder_, row);
    return *this;
  }

  bool next();  // true: there is a row
  template <class Row>
  void read(Row& row) {
    RowReader reader(statement_);
    fields(reader, row);
    note_damage(reader);
  }
  // Several values of one row, in order.
  template <class... T>
  void read_values(T&... values) {
    RowReader reader(statement_);
    (reader("value", values), ...);
    note_damage(reader);
  }
  void note_damage(const RowReader& reader);
  base::Status status() const;  // after next() was false
  base::Status run();           // for statements without rows

 private:
  Connection& connection_;
  sqlite3_stmt* statement_;
  Binder binder_;
  int result_ = 0;
  const char* damaged_ = nullptr;
};

}  // namespace otaru::store
