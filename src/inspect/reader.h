// SPDX-License-Identifier: Apache-2.0
// How formats read: through a window on the source, within one budget for the whole inspection, so
// that no file can make it read or hash without end. Reading past the end, or past the budget,
// gives fewer bytes and no error; a format sees a file that is cut there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"
#include "inspect/source.h"

namespace otaru::inspect {

// One for an inspection, whatever is nested in what.
struct Budget {
  uint64_t bytes;          // that may still be read
  uint64_t steps;          // reads and entries that may still be looked at
  bool exhausted = false;  // something was left out
};
Budget default_budget();

class Reader {
 public:
  // `depth`: of files in files, for what was unpacked from inside another.
  Reader(Source& source, Budget& budget, size_t depth = 0)
      : source_(&source), budget_(&budget), size_(source.size()), depth_(depth) {}

  uint64_t size() const { return size_; }    // of the window
  uint64_t begin() const { return begin_; }  // of the window in the source
  size_t depth() const { return depth_; }    // 0: the file itself
  Budget& budget() const { return *budget_; }

  // From `offset` of the window; at most kInspectBlockBytesMax at once.
  base::Result<std::string> bytes(uint64_t offset, size_t count) const;
  // The part of the window that there is; one level deeper.
  Reader part(uint64_t offset, uint64_t size) const;
  // Counts one piece of work (an entry of a table, a line); false: no more.
  bool step() const;
  // Calls work(piece) for the bytes in order, a piece at a time. False when it ended early (end of
  // the window, budget).
  template <class Work>
  base::Result<bool> stream(uint64_t offset, uint64_t size, const Work& work) const;
  // Checksums of a part (digests raw); nothing when it could not be read to its end.
  base::Result<std::optional<std::string>> digest(base::Hasher hasher, uint64_t offset,
                                                  uint64_t size) const;
  base::Result<std::optional<uint32_t>> crc32(uint64_t offset, uint64_t size) const;

 private:
  Source* source_;
  Budget* budget_;
  uint64_t begin_ = 0;
  uint64_t size_ = 0;
  size_t depth_ = 0;
};

size_t stream_piece_bytes();

template <class Work>
base::Result<bool> Reader::stream(uint64_t offset, uint64_t size, const Work& work) const {
  while (size > 0) {
    const size_t wanted = size < stream_piece_bytes() ? static_cast<size_t>(size)  //
                                                      : stream_piece_bytes();
    OTARU_TRY(piece, bytes(offset, wanted));
    if (!piece.empty()) work(std::string_view(piece));
    if (piece.size() < wanted) return false;
    offset += wanted;
    size -= wanted;
  }
  return true;
}

enum class Endian { little, big };

// Fields of a header by their offset in it. What lies behind the end is zero or empty: check
// `has` once for the whole header.
class Header {
 public:
  Header(std::string bytes, Endian endian) : bytes_(std::move(bytes)), endian_(endian) {}
  bool has(size_t end) const { return bytes_.size() >= end; }
  size_t size() const { return bytes_.size(); }
  uint8_t u8(size_t at) const { return static_cast<uint8_t>(number(at, 1)); }
  uint16_t u16(size_t at) const { return static_cast<uint16_t>(number(at, 2)); }
  uint32_t u32(size_t at) const { return static_cast<uint32_t>(number(at, 4)); }
  uint64_t u64(size_t at) const { return number(at, 8); }
  std::string_view raw(size_t at, size_t count) const;
  // Up to the first NUL byte.
  std::string_view text(size_t at, size_t count) const;
  std::string_view all() const { return bytes_; }

 private:
  uint64_t number(size_t at, size_t count) const;
  std::string bytes_;
  Endian endian_;
};

// "0x1f40"
std::string hex_number(uint64_t value);
// The bytes of a UUID as usually written.
std::string uuid_text(std::string_view sixteen);
// Seconds since 1970 as ISO 8601 (UTC); empty for 0.
std::string time_text(int64_t seconds);

}  // namespace otaru::inspect
