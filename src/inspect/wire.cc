// SPDX-License-Identifier: Apache-2.0
#include "inspect/wire.h"

namespace otaru::inspect {

std::optional<uint64_t> WireReader::varint() {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

std::optional<WireField> WireReader::next() {
  if (rest_.empty() || damaged_) return std::nullopt;
  damaged_ = true;  // until the field is whole
  const auto tag = varint();
  if (!tag || (*tag >> 3) == 0 || (*tag >> 3) > UINT32_MAX) return std::nullopt;
  WireField field;
  field.number = static_cast<uint32_t>(*tag >> 3);
  constexpr unsigned kVarint = 0;
  constexpr unsigned kFixed64 = 1;
  constexpr unsigned kLength = 2;
  constexpr unsigned kFixed32 = 5;
  const auto kind = static_cast<unsigned>(*tag & 7);
  if (kind == kVarint) {
    const auto value = varint();
    if (!value) return std::nullopt;
    field.value = *value;
  } else if (kind == kLength) {
    const auto size = varint();
    if (!size || *size > rest_.size()) return std::nullopt;
    field.is_bytes = true;
    field.bytes = rest_.substr(0, static_cast<size_t>(*size));
    rest_.remove_prefix(field.bytes.size());
  } else if (kind == kFixed64 || kind == kFixed32) {
    const size_t size = kind == kFixed64 ? 8 : 4;
    if (rest_.size() < size) return std::nullopt;
    for (size_t i = size; i > 0; --i) {
      field.value = field.value << 8 | static_cast<unsigned char>(rest_[i - 1]);
    }
    rest_.remove_prefix(size);
  } else {
    return std::nullopt;
  }
  damaged_ = false;
  return field;
}

}  // namespace otaru::inspect
