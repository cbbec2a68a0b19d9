// SPDX-License-Identifier: Apache-2.0
#include "base/csv.h"

#include <algorithm>

namespace otaru::base {
namespace {

// The record up to where it went wrong is given up, and reading goes on with the next line.
CsvRead wrong(std::string_view bytes, bool last, size_t at, std::string why, CsvRecord& out) {
  const size_t feed = bytes.find('\n', at);
  if (feed == std::string_view::npos && !last) return CsvRead::more;
  out.used = feed == std::string_view::npos ? bytes.size() : feed + 1;
  out.lines = static_cast<size_t>(
      std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(out.used), '\n'));
  out.why = std::move(why);
  return CsvRead::wrong;
}

// Behind the opening quote. False: the closing one is not there.
bool read_quoted(std::string_view bytes, size_t& at, std::string& out) {
  while (true) {
    const size_t quote = bytes.find('"', at);
    if (quote == std::string_view::npos) return false;
    out.append(bytes.substr(at, quote - at));
    at = quote + 1;
    if (at >= bytes.size() || bytes[at] != '"') return true;
    out += '"';
    ++at;
  }
}

}  // namespace

CsvRead read_csv_record(std::string_view bytes, bool last, size_t fields_max, CsvRecord& out) {
  out.fields.clear();
  out.why.clear();
  size_t at = 0;
  while (true) {
    CsvField field;
    if (at < bytes.size() && bytes[at] == '"') {
      field.quoted = true;
      ++at;
      if (!read_quoted(bytes, at, field.text)) {
        if (!last) return CsvRead::more;
        return wrong(bytes, last, 0, "a quoted field has no closing quote", out);
      }
      // Whether the quote was a closing one is only known with the byte behind it.
      if (at == bytes.size() && !last) return CsvRead::more;
    } else {
      const size_t end = std::min(bytes.find_first_of(",\r\n\"", at), bytes.size());
      field.text = std::string(bytes.substr(at, end - at));
      at = end;
    }
    const bool return_feed = at + 1 < bytes.size() && bytes[at] == '\r' && bytes[at + 1] == '\n';
    const bool ends = at == bytes.size() || bytes[at] == '\n' || return_feed;
    if (!last && (at == bytes.size() || (bytes[at] == '\r' && at + 1 == bytes.size()))) {
      return CsvRead::more;
    }
    const bool comma = at < bytes.size() && bytes[at] == ',';
    if (!ends && !comma) {
      return wrong(bytes, last, at,
                   field.quoted ? "there is text behind a quoted field"
                                : "a quote or a carriage return stands within a field",
                   out);
    }
    if (out.fields.size() == fields_max)
      return wrong(bytes, last, at, "it has too many fields", out);
    out.fields.push_back(std::move(field));
    if (comma) {
      ++at;
      continue;
    }
    if (at < bytes.size()) at += return_feed ? 2 : 1;
    out.used = at;
    out.lines = static_cast<size_t>(
        std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
    return CsvRead::record;
  }
}

void append_csv_field(std::string_view text, std::string& out) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace otaru::base
