// SPDX-License-Identifier: Apache-2.0
#include "inspect/reader.h"

#include <zlib.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/time.h"

namespace otaru::inspect {

namespace limits = base::limits;

Budget default_budget() {
  return {limits::kInspectReadBytesMax, limits::kInspectStepsMax};
}

size_t stream_piece_bytes() {
  return limits::kInspectPieceBytes;
}

base::Result<std::string> Reader::bytes(uint64_t offset, size_t count) const {
  std::string out;
  if (offset >= size_ || count == 0) return out;
  uint64_t most = std::min<uint64_t>({count, size_ - offset, limits::kInspectBlockBytesMax});
  if (most > budget_->bytes || !step()) {
    budget_->exhausted = true;
    return out;
  }
  budget_->bytes -= most;
  out.resize(static_cast<size_t>(most));
  size_t filled = 0;
  while (filled < out.size()) {
    OTARU_TRY(got, source_->read(begin_ + offset + filled,
                                 std::span<char>(out.data() + filled, out.size() - filled)));
    if (got == 0) break;
    filled += got;
  }
  out.resize(filled);
  return out;
}

Reader Reader::part(uint64_t offset, uint64_t size) const {
  Reader out = *this;
  const uint64_t at = std::min(offset, size_);
  out.begin_ = begin_ + at;
  out.size_ = std::min(size, size_ - at);
  out.depth_ = depth_ + 1;
  return out;
}

bool Reader::step() const {
  if (budget_->steps == 0) {
    budget_->exhausted = true;
    return false;
  }
  --budget_->steps;
  return true;
}

base::Result<std::optional<std::string>> Reader::digest(base::Hasher hasher, uint64_t offset,
                                                        uint64_t size) const {
  OTARU_TRY(whole,
            stream(offset, size, [&hasher](std::string_view piece) { hasher.update(piece); }));
  if (!whole) return std::optional<std::string>();
  return std::optional<std::string>(hasher.finish());
}

base::Result<std::optional<uint32_t>> Reader::crc32(uint64_t offset, uint64_t size) const {
  uLong sum = ::crc32(0, nullptr, 0);
  OTARU_TRY(whole, stream(offset, size, [&sum](std::string_view piece) {
              sum = ::crc32(sum, reinterpret_cast<const Bytef*>(piece.data()),
                            static_cast<uInt>(piece.size()));
            }));
  if (!whole) return std::optional<uint32_t>();
  return std::optional<uint32_t>(static_cast<uint32_t>(sum));
}

uint64_t Header::number(size_t at, size_t count) const {
  if (at > bytes_.size() || bytes_.size() - at < count) return 0;
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) {
    const size_t place = endian_ == Endian::big ? at + i : at + count - 1 - i;
    value = (value << 8) | static_cast<unsigned char>(bytes_[place]);
  }
  return value;
}

std::string_view Header::raw(size_t at, size_t count) const {
  if (at >= bytes_.size()) return {};
  return std::string_view(bytes_).substr(at, count);
}

std::string_view Header::text(size_t at, size_t count) const {
  const std::string_view field = raw(at, count);
  return field.substr(0, field.find('\0'));
}

std::string hex_number(uint64_t value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  do {
    out.insert(out.begin(), kDigits[value & 15]);
    value >>= 4;
  } while (value != 0);
  return "0x" + out;
}

std::string uuid_text(std::string_view sixteen) {
  std::string out = base::hex(sixteen.substr(0, 16));
  for (const size_t at : {8u, 13u, 18u, 23u}) {
    if (out.size() > at) out.insert(at, 1, '-');
  }
  return out;
}

std::string time_text(int64_t seconds) {
  // Beyond the year 9999 it is no time.
  constexpr int64_t kSecondsMax = 253'402'300'799;
  if (seconds <= 0 || seconds > kSecondsMax) return {};
  return base::iso8601(base::Time{seconds * 1000});
}

}  // namespace otaru::inspect
