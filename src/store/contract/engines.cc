// SPDX-License-Identifier: Apache-2.0
#include "store/contract/engines.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <ostream>

#include "store/memory/memory_store.h"
#include "store/sqlite/sqlite_store.h"

namespace otaru::store::contract {
namespace {

std::unique_ptr<app::Store> open_memory(const std::string&) {
  return make_memory_store();
}

std::unique_ptr<app::Store> open_sqlite(const std::string& path) {
  SqliteOptions options;
  options.path = path;
  auto store = make_sqlite_store(options);
  if (!store) ADD_FAILURE() << store.error().message << " / " << store.error().detail;
  OTARU_ASSERT(store.has_value());
  return std::move(*store);
}
std::unique_ptr<app::Store> open_sqlite_file(const std::string& folder) {
  return open_sqlite(folder + "/otaru.db");
}
std::unique_ptr<app::Store> open_sqlite_memory(const std::string&) {
  return open_sqlite(":memory:");
}

constexpr EngineUnderTest kEngines[] = {
    {"memory", open_memory, false},
    {"sqlite_file", open_sqlite_file, true},
    {"sqlite_memory", open_sqlite_memory, false},
};

}  // namespace

TempFolder::TempFolder() {
  // In memory where that is possible: thousands of commits would wait for the disk, and a killed
  // process (unlike a lost power supply) leaves there what it leaves on a disk.
  std::error_code none;
  const std::filesystem::path shared = "/dev/shm";
  const auto parent = std::filesystem::is_directory(shared, none)
                          ? shared
                          : std::filesystem::temp_directory_path();
  std::string pattern = (parent / "otaru-test-XXXXXX").string();
  OTARU_ASSERT(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}
TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::span<const EngineUnderTest> engines() {
  return kEngines;
}
void PrintTo(const EngineUnderTest& engine, std::ostream* out) {
  *out << engine.name;
}

}  // namespace otaru::store::contract
