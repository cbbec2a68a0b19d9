// SPDX-License-Identifier: Apache-2.0
// CSV (RFC 4180): one record out of a buffer, so that a caller who reads a file in pieces can begin
// at any record's offset again. And fields written down.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace otaru::base {

struct CsvField {
  std::string text;
  bool quoted = false;  // "" is an empty text; nothing at all is no value
  friend bool operator==(const CsvField&, const CsvField&) = default;
};

enum class CsvRead {
  record,
  more,   // the record does not end within the bytes
  wrong,  // `why` says what is wrong; `used` leads behind the line
};

struct CsvRecord {
  std::vector<CsvField> fields;
  size_t used = 0;   // bytes, the line's end included
  size_t lines = 0;  // line feeds among them (a quoted field may have some)
  std::string why;
};

// Reads the record at the beginning of `bytes`. `last`: nothing comes behind them. Lines end with
// LF or CR LF; the last one may have no end. Not called with nothing at all.
CsvRead read_csv_record(std::string_view bytes, bool last, size_t fields_max, CsvRecord& out);

// Quoted where it has to be, and where it is empty: without quotes it would be no value.
void append_csv_field(std::string_view text, std::string& out);

}  // namespace otaru::base
