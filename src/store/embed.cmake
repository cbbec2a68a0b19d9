# SPDX-License-Identifier: Apache-2.0
# Makes sql_text.h and sql_text.cc in the build folder out of queries/*.sql and migrations/*.sql, so
# that the binary needs no files. Every "-- name: x" becomes an enumerator Query::x. Each file goes
# in as one raw string; connection.cc takes it apart when a store opens.

set(query_files transaction device operator server event catalogue journal)
file(GLOB migration_files RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}/migrations
  ${CMAKE_CURRENT_SOURCE_DIR}/migrations/[0-9][0-9][0-9][0-9]_*.sql)
list(SORT migration_files)

set(enumerators "")
set(texts "")
set(count 0)
foreach(name IN LISTS query_files)
  set(path ${CMAKE_CURRENT_SOURCE_DIR}/queries/${name}.sql)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  file(STRINGS ${path} lines REGEX "^-- name: [a-z_]+$")
  foreach(line IN LISTS lines)
    string(REPLACE "-- name: " "" query "${line}")
    string(APPEND enumerators "  ${query},\n")
    math(EXPR count "${count} + 1")
  endforeach()
  file(READ ${path} text)
  string(APPEND texts "    R\"sql(${text})sql\",\n")
endforeach()

set(migrations "")
foreach(name IN LISTS migration_files)
  set(path ${CMAKE_CURRENT_SOURCE_DIR}/migrations/${name})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  file(READ ${path} text)
  string(APPEND migrations "    {\"${name}\", R\"sql(${text})sql\"},\n")
endforeach()

set(header "// Made by src/store/embed.cmake.
#pragma once
#include <cstddef>
#include <span>
#include <string_view>
namespace otaru::store {
enum class Query : std::size_t {
${enumerators}};
inline constexpr std::size_t kQueryCount = ${count};
struct Migration {
  std::string_view name;  // \"0001_initial.sql\"
  std::string_view text;
};
std::span<const std::string_view> query_files();
std::span<const Migration> migrations();
}  // namespace otaru::store
")
set(source "// Made by src/store/embed.cmake.
#include \"sql_text.h\"
namespace otaru::store {
namespace {
constexpr std::string_view kQueryFiles[] = {
${texts}};
constexpr Migration kMigrations[] = {
${migrations}};
}  // namespace
std::span<const std::string_view> query_files() { return kQueryFiles; }
std::span<const Migration> migrations() { return kMigrations; }
}  // namespace otaru::store
")
# Written only when changed, so that nothing is built again for no reason.
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/sql/sql_text.h CONTENT "${header}" @ONLY)
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/sql/sql_text.cc CONTENT "${source}" @ONLY)
