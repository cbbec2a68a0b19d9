// SPDX-License-Identifier: Apache-2.0
// Fields of a Protocol Buffers message, as far as they are on the wire ("Protocol Buffers:
// Encoding"): for formats of which a few fields of one small message matter.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace otaru::inspect {

struct WireField {
  uint32_t number = 0;
  bool is_bytes = false;   // text, bytes, message
  uint64_t value = 0;      // of a number
  std::string_view bytes;  // of the rest
};

class WireReader {
 public:
  explicit WireReader(std::string_view message) : rest_(message) {}
  // The next field; nothing at the end or where it is no message any more.
  std::optional<WireField> next();
  bool damaged() const { return damaged_; }

 private:
  std::optional<uint64_t> varint();
  std::string_view rest_;
  bool damaged_ = false;
};

}  // namespace otaru::inspect
