// SPDX-License-Identifier: Apache-2.0
// Internal to app: the lines of an import's file, from any line on, in constant memory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/device_line.h"
#include "app/ports/blob.h"

namespace otaru::app {

class ImportReader {
 public:
  struct Line {
    int64_t number = 0;  // of its first line in the file, from 1
    std::string key;     // as far as it could be read
    base::Result<DeviceLine> device = DeviceLine();
  };

  ImportReader(std::shared_ptr<OpenBlob> blob, ImportFormat format)
      : blob_(std::move(blob)), format_(format) {}

  // Reads the header, then goes to `offset`, behind `lines` lines. Code::invalid: the header.
  base::Status begin(int64_t offset, int64_t lines);
  // False at the end. A line that is wrong is an error in `line`; Code::too_large when a line does
  // not end within kImportLineBytesMax: what follows cannot be told apart.
  base::Result<bool> next(const DeviceLineContext& context, Line& line);
  void unread();  // the last line is read again; once

  int64_t offset() const { return buffer_offset_ + static_cast<int64_t>(at_); }
  int64_t lines() const { return lines_; }

 private:
  std::string_view rest() const { return std::string_view(buffer_).substr(at_); }
  base::Status fill();
  base::Status go_to(int64_t offset);
  void take(size_t bytes, size_t lines);
  // The bytes of the next record; CsvRead::more stands for the end.
  base::Result<base::CsvRead> next_record();
  base::Result<bool> next_csv(const DeviceLineContext& context, Line& line);
  base::Result<bool> next_json(const DeviceLineContext& context, Line& line);

  std::shared_ptr<OpenBlob> blob_;
  ImportFormat format_;
  std::optional<DeviceColumns> columns_;
  base::CsvRecord record_;
  std::string buffer_;
  int64_t buffer_offset_ = 0;  // of buffer_[0] in the file
  size_t at_ = 0;
  bool end_ = false;  // the buffer reaches to the end of the file
  int64_t lines_ = 0;
  size_t last_bytes_ = 0;  // of the last record, for unread()
  size_t last_lines_ = 0;
};

}  // namespace otaru::app
