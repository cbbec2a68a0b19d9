// SPDX-License-Identifier: Apache-2.0
#include "app/key_list.h"

#include <algorithm>
#include <utility>

#include "app/input_checks.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kKeyColumn = "key";
// Sorted and packed at a time.
constexpr size_t kKeysGathered = 100'000;

}  // namespace

base::Status KeyListReader::write(std::string_view bytes) {
  rest_.append(bytes);
  // Nothing ends without a line feed: what trickles in is not looked at again and again.
  const bool ends = bytes.find('\n') != std::string_view::npos;
  return ends || rest_.size() > limits::kImportLineBytesMax ? read_lines(false) : base::Status();
}

base::Result<domain::KeySet> KeyListReader::finish() {
  OTARU_CHECK(read_lines(true));
  if (faults_.empty()) {
    gather();
    if (set_.size() > limits::kExplicitDevicesMax) {
      return base::fail_field(Code::too_large, "body",
                              "a list has at most " + std::to_string(limits::kExplicitDevicesMax) +
                                  " devices, these are " + std::to_string(set_.size()));
    }
    return std::move(set_);
  }
  base::Error error = std::move(faults_.front());
  faults_.erase(faults_.begin());
  error.others = std::move(faults_);
  return base::fail(std::move(error));
}

base::Status KeyListReader::read_lines(bool last) {
  std::string_view left(rest_);
  if (!begun_) {
    if (!last && left.size() < kByteOrderMark.size()) return {};
    if (left.starts_with(kByteOrderMark)) left.remove_prefix(kByteOrderMark.size());
  }
  base::CsvRecord record;
  while (!left.empty()) {
    const auto read = base::read_csv_record(left, last, limits::kExportColumnsMax, record);
    if (read == base::CsvRead::more) {
      if (left.size() <= limits::kImportLineBytesMax) break;
      return base::fail_field(Code::too_large, "line " + std::to_string(line_),
                              "the line does not end",
                              "one device key a line, or CSV with a column \"key\"");
    }
    if (read == base::CsvRead::wrong) {
      OTARU_CHECK(wrong(record.why));
    } else {
      OTARU_CHECK(take(record));
    }
    begun_ = true;
    line_ += static_cast<int64_t>(record.lines);
    left.remove_prefix(record.used);
  }
  rest_.erase(0, rest_.size() - left.size());
  return {};
}

base::Status KeyListReader::take(const base::CsvRecord& record) {
  const auto& fields = record.fields;
  if (!begun_) {
    const auto at = std::find_if(fields.begin(), fields.end(),
                                 [](const auto& field) { return field.text == kKeyColumn; });
    header_ = at != fields.end();
    if (header_) {
      column_ = static_cast<size_t>(at - fields.begin());
      columns_ = fields.size();
      return {};
    }
  }
  const bool nothing = fields.empty() || (fields.size() == 1 && fields[0].text.empty());
  if (nothing && columns_ == 1) return {};
  if (fields.size() != columns_) {
    return wrong("the line has " + std::to_string(fields.size()) + " fields, not " +
                     std::to_string(columns_),
                 header_ ? "as many as the header has"
                         : "several columns need a header that names the column \"key\"");
  }
  return take_key(fields[column_].text);
}

base::Status KeyListReader::take_key(std::string_view key) {
  if (const auto checked = check_device_key("key", key); !checked) {
    return wrong(checked.error().message);
  }
  // Also an end for a body that repeats one line for ever.
  if (++keys_ > static_cast<int64_t>(limits::kKeyListLinesMax)) {
    return base::fail_field(
        Code::too_large, "line " + std::to_string(line_),
        "a file has at most " + std::to_string(limits::kKeyListLinesMax) + " lines");
  }
  if (!faults_.empty()) return {};
  fresh_.emplace_back(key);
  if (fresh_.size() == kKeysGathered) gather();
  return {};
}

base::Status KeyListReader::wrong(std::string message, std::string remedy) {
  base::Error fault{
      Code::invalid, std::move(message), {}, "line " + std::to_string(line_), std::move(remedy)};
  fault.rule = "line";
  faults_.push_back(std::move(fault));
  if (faults_.size() < limits::kFaultsNamedMax) return {};
  base::Error error = std::move(faults_.front());
  faults_.erase(faults_.begin());
  error.others = std::move(faults_);
  return base::fail(std::move(error));
}

void KeyListReader::gather() {
  set_ = set_.united(domain::KeySet::of(std::exchange(fresh_, {})));
}

}  // namespace otaru::app
