// SPDX-License-Identifier: Apache-2.0
// The download route's own range rules (docs/dialects/onenet.md, "Slices"): not those of RFC 9110.
// Never 416, no multipart; the unit may be left out ("Range: 0-511"). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace otaru::dialect::onenet {

struct Slice {
  int64_t first = 0;
  int64_t last = 0;  // inclusive
  int64_t length() const { return last - first + 1; }
  friend bool operator==(const Slice&, const Slice&) = default;
};

// The slice that a Range value asks for of a file of `size` bytes: "bytes=a-b", "a-b", "a-", "-n".
// a beyond the end becomes 0, b beyond the end the last byte, a > b again a = 0, n > size the whole
// file. Nothing when the value is malformed or the file empty: the whole file is sent with 200.
std::optional<Slice> read_slice(std::string_view range, int64_t size);

}  // namespace otaru::dialect::onenet
