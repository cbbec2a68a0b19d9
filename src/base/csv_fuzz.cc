// SPDX-License-Identifier: Apache-2.0
// Files of devices come from anywhere: reading ends, goes forward, and gives the same records
// whether the file comes whole or in pieces; what is written is read again.
#include "base/csv.h"

#include <cstddef>
#include <cstdint>

#include "base/result.h"

namespace {

using otaru::base::CsvRead;
using otaru::base::CsvRecord;

void check_written(const CsvRecord& record) {
  std::string line;
  for (const auto& field : record.fields) {
    if (!line.empty()) line += ',';
    otaru::base::append_csv_field(field.text, line);
  }
  line += "\r\n";
  CsvRecord again;
  OTARU_ASSERT(read_csv_record(line, true, 16, again) == CsvRead::record);
  OTARU_ASSERT(again.used == line.size() && again.fields.size() == record.fields.size());
  for (size_t i = 0; i < again.fields.size(); ++i) {
    OTARU_ASSERT(again.fields[i].text == record.fields[i].text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    CsvRecord whole;
    const CsvRead read = read_csv_record(rest, true, 16, whole);
    OTARU_ASSERT(read != CsvRead::more && whole.used > 0 && whole.used <= rest.size());
    CsvRecord part;
    // Seen up to one byte behind it, the record is what it is in the whole file.
    if (read == CsvRead::record && whole.used < rest.size()) {
      OTARU_ASSERT(read_csv_record(rest.substr(0, whole.used + 1), false, 16, part) == read);
      OTARU_ASSERT(part.used == whole.used && part.fields == whole.fields);
    }
    if (read == CsvRead::record) check_written(whole);
    rest.remove_prefix(whole.used);
  }
  return 0;
}
