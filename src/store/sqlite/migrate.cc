// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/migrate.h"

#include "base/encoding.h"

namespace otaru::store {
namespace {

using base::Code;

// Bytes 68-71 of the file: "OTAR". Tells our databases from those of other programs.
constexpr const char* kApplicationId = "1330921810";

base::Status apply_migration(Connection& connection, int64_t version, const Migration& migration) {
  const std::string line = "insert into schema_version (version, name) values (" +
                           std::to_string(version) + ", '" + std::string(migration.name) + "')";
  OTARU_CHECK(connection.execute("begin immediate"));
  auto done = connection.execute(std::string(migration.text));
  if (done) done = connection.execute(line);
  if (done) done = connection.execute("commit");
  if (!done && connection.in_transaction()) {
    // What went wrong before matters more than this.
    if (auto undone = connection.execute("rollback"); !undone) return done;
  }
  return done;
}

}  // namespace

base::Result<int64_t> schema_version_of(Connection& connection) {
  OTARU_TRY(tables, connection.ask("select count(*) from sqlite_master"));
  if (tables == "0") return int64_t{0};
  OTARU_TRY(application, connection.ask("pragma application_id"));
  if (application != kApplicationId) {
    return base::fail(Code::invalid,
                      "the file is a database of another program: is it the right path?");
  }
  OTARU_TRY(version, connection.ask("select max(version) from schema_version"));
  return base::parse_int(version).value_or(0);
}

base::Status migrate_to(Connection& connection, int64_t version) {
  OTARU_TRY(current, schema_version_of(connection));
  if (current > static_cast<int64_t>(migrations().size())) {
    return base::fail(Code::precondition, "the database was written by a newer Otaru (schema " +
                                              std::to_string(current) + ", this one knows " +
                                              std::to_string(migrations().size()) +
                                              "): use that one or a newer one");
  }
  if (current == 0) {
    OTARU_CHECK(connection.execute(
        std::string("begin immediate; pragma application_id = ") + kApplicationId +
        "; create table if not exists schema_version (version integer primary key, "
        "name text not null); commit"));
  }
  for (int64_t next = current + 1; next <= version; ++next) {
    OTARU_CHECK(apply_migration(connection, next, migrations()[static_cast<size_t>(next - 1)]));
  }
  return {};
}

base::Status migrate(Connection& connection) {
  return migrate_to(connection, static_cast<int64_t>(migrations().size()));
}

}  // namespace otaru::store
