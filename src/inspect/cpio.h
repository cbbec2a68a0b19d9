// SPDX-License-Identifier: Apache-2.0
// Members of a cpio archive in the "newc" and "crc" formats (cpio(5); kernel documentation,
// "initramfs buffer format"). Read here because libarchive keeps the checksum field of "crc"
// archives to itself and the offsets are the evidence.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "inspect/reader.h"

namespace otaru::inspect {

struct CpioMember {
  std::string name;
  uint64_t header = 0;  // offset of its header
  uint64_t offset = 0;  // of its content
  uint64_t size = 0;
  uint32_t checksum = 0;  // sum of the bytes; only of the "crc" format
  bool has_checksum = false;
  bool whole = true;  // the file does not end within it
};

bool looks_like_cpio(std::string_view first);

class Cpio {
 public:
  enum class End { none, trailer, cut, damaged, limit };

  explicit Cpio(const Reader& reader) : reader_(reader) {}
  // The next member; nothing at the end, and why in end().
  base::Result<std::optional<CpioMember>> next();
  End end() const { return end_; }
  uint64_t at() const { return at_; }  // where reading goes on, or stopped

 private:
  Reader reader_;
  uint64_t at_ = 0;
  size_t members_ = 0;
  End end_ = End::none;
};

}  // namespace otaru::inspect
