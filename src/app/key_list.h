// SPDX-License-Identifier: Apache-2.0
// A list of device keys as people have them, read piece by piece: one key a line, or CSV (RFC 4180)
// whose header names the column `key`. Never more in memory than the set itself and a few lines.
//
// Without a header each line has one field. Empty lines are skipped, a byte order mark too. What is
// wrong is collected with its line, kFaultsNamedMax of it; then the list counts as a whole not.
//
// One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/csv.h"
#include "base/result.h"
#include "domain/key_set.h"

namespace otaru::app {

class KeyListReader {
 public:
  // An error at once: going on would lead to nothing.
  base::Status write(std::string_view bytes);
  // The keys; Code::invalid with every fault that was kept, Code::too_large.
  base::Result<domain::KeySet> finish();
  int64_t keys_read() const { return keys_; }  // those that were there several times each time

 private:
  base::Status read_lines(bool last);
  base::Status take(const base::CsvRecord& record);
  base::Status take_key(std::string_view key);
  base::Status wrong(std::string message, std::string remedy = {});
  void gather();

  std::string rest_;  // what came and is not a whole line yet
  bool begun_ = false;
  bool header_ = false;
  size_t column_ = 0;
  size_t columns_ = 1;
  int64_t line_ = 1;
  int64_t keys_ = 0;
  std::vector<std::string> fresh_;  // not in the set yet
  domain::KeySet set_;
  std::vector<base::Error> faults_;
};

}  // namespace otaru::app
