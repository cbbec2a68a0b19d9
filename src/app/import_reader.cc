// SPDX-License-Identifier: Apache-2.0
#include "app/import_reader.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

base::Status ImportReader::go_to(int64_t offset) {
  buffer_.clear();
  buffer_offset_ = offset;
  at_ = 0;
  end_ = false;
  return fill();
}

// Reads another piece behind what is there.
base::Status ImportReader::fill() {
  buffer_.erase(0, at_);
  buffer_offset_ += static_cast<int64_t>(at_);
  at_ = 0;
  const size_t had = buffer_.size();
  buffer_.resize(had + limits::kImportReadBytes);
  OTARU_TRY(count, blob_->read(buffer_offset_ + static_cast<int64_t>(had), buffer_.data() + had,
                               limits::kImportReadBytes));
  buffer_.resize(had + count);
  end_ = count < limits::kImportReadBytes;
  return {};
}

void ImportReader::take(size_t bytes, size_t lines) {
  at_ += bytes;
  lines_ += static_cast<int64_t>(lines);
  last_bytes_ = bytes;
  last_lines_ = lines;
}

void ImportReader::unread() {
  at_ -= last_bytes_;
  lines_ -= static_cast<int64_t>(last_lines_);
  last_bytes_ = 0;
  last_lines_ = 0;
}

base::Status ImportReader::begin(int64_t offset, int64_t lines) {
  OTARU_CHECK(go_to(0));
  if (rest().starts_with(kByteOrderMark)) take(kByteOrderMark.size(), 0);
  if (format_ == ImportFormat::csv) {
    OTARU_TRY(read, next_record());
    if (read == base::CsvRead::more) return base::fail(Code::invalid, "the file is empty");
    if (read == base::CsvRead::wrong) return base::fail(Code::invalid, "line 1: " + record_.why);
    OTARU_TRY(columns, DeviceColumns::of(record_.fields));
    columns_ = std::move(columns);
  }
  if (offset <= this->offset()) return {};
  OTARU_CHECK(go_to(offset));
  lines_ = lines;
  return {};
}

base::Result<base::CsvRead> ImportReader::next_record() {
  while (true) {
    if (rest().empty() && end_) return base::CsvRead::more;
    const auto read = rest().empty() ? base::CsvRead::more
                                     : base::read_csv_record(
                                           rest(), end_, limits::kExportColumnsMax + 16, record_);
    if (read != base::CsvRead::more) {
      take(record_.used, std::max<size_t>(record_.lines, 1));
      return read;
    }
    if (rest().size() > limits::kImportLineBytesMax) {
      return base::fail(Code::too_large, "line " + std::to_string(lines_ + 1) + " is longer than " +
                                             std::to_string(limits::kImportLineBytesMax) +
                                             " bytes: a quote may be missing");
    }
    OTARU_CHECK(fill());
  }
}

base::Result<bool> ImportReader::next_csv(const DeviceLineContext& context, Line& line) {
  while (true) {
    line = Line();
    line.number = lines_ + 1;
    OTARU_TRY(read, next_record());
    if (read == base::CsvRead::more) return false;
    if (read == base::CsvRead::wrong) {
      line.device = base::fail(Code::invalid, record_.why);
      return true;
    }
    const bool blank = record_.fields.size() == 1 && !record_.fields[0].quoted &&
                       base::trim(record_.fields[0].text).empty();
    if (blank) continue;
    line.device = columns_->read(context, record_.fields, line.key);
    return true;
  }
}

base::Result<bool> ImportReader::next_json(const DeviceLineContext& context, Line& line) {
  while (true) {
    line = Line();
    line.number = lines_ + 1;
    size_t feed = rest().find('\n');
    while (feed == std::string_view::npos && !end_) {
      if (rest().size() > limits::kImportLineBytesMax) {
        return base::fail(Code::too_large,
                          "line " + std::to_string(lines_ + 1) + " is longer than " +
                              std::to_string(limits::kImportLineBytesMax) + " bytes");
      }
      OTARU_CHECK(fill());
      feed = rest().find('\n');
    }
    if (rest().empty()) return false;
    const std::string_view text = rest().substr(0, feed);
    const auto trimmed = base::trim(text);
    // The last line of an export says that it is whole; it is no device.
    const bool trailer = trimmed.starts_with("{\"complete\":");
    if (!trimmed.empty() && !trailer) line.device = read_device_json(context, trimmed, line.key);
    take(feed == std::string_view::npos ? text.size() : feed + 1, 1);
    if (!trimmed.empty() && !trailer) return true;
  }
}

base::Result<bool> ImportReader::next(const DeviceLineContext& context, Line& line) {
  return format_ == ImportFormat::csv ? next_csv(context, line) : next_json(context, line);
}

}  // namespace otaru::app
