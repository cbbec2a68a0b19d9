// SPDX-License-Identifier: Apache-2.0
// The engines the contract suite runs on. A new store is one more line in kEngines (engines.cc).
#pragma once

#include <iosfwd>
#include <memory>
#include <span>
#include <string>

#include "app/ports/store.h"

namespace otaru::store::contract {

// A folder of its own for one test, removed with everything in it.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct EngineUnderTest {
  const char* name;
  std::unique_ptr<app::Store> (*open)(const std::string& folder);
  bool survives_closing;  // what was applied is there when the folder is opened again
};
std::span<const EngineUnderTest> engines();
void PrintTo(const EngineUnderTest& engine, std::ostream* out);

}  // namespace otaru::store::contract
