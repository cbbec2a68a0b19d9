// SPDX-License-Identifier: Apache-2.0
#include "dialect/onenet/slices.h"

#include <limits>

#include "base/encoding.h"

namespace otaru::dialect::onenet {
namespace {

constexpr int64_t kBeyondEveryFile = std::numeric_limits<int64_t>::max();
constexpr std::string_view kUnit = "bytes";

// Decimal digits only; a number too large for 64 bits lies beyond every file and stays legal.
std::optional<int64_t> slice_number(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  return base::parse_int(text).value_or(kBeyondEveryFile);
}

std::string_view without_unit(std::string_view range) {
  if (range.size() <= kUnit.size() || !base::iequals(range.substr(0, kUnit.size()), kUnit)) {
    return range;
  }
  const std::string_view rest = base::trim(range.substr(kUnit.size()));
  if (rest.empty() || rest.front() != '=') return range;
  return base::trim(rest.substr(1));
}

}  // namespace

std::optional<Slice> read_slice(std::string_view range, int64_t size) {
  if (size <= 0) return std::nullopt;
  range = without_unit(base::trim(range));
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view from = base::trim(range.substr(0, dash));
  const std::string_view to = base::trim(range.substr(dash + 1));
  if (from.empty()) {
    const auto count = slice_number(to);
    if (!count || *count == 0) return std::nullopt;
    return Slice{*count >= size ? 0 : size - *count, size - 1};
  }
  const auto first = slice_number(from);
  if (!first) return std::nullopt;
  Slice slice{*first, size - 1};
  if (!to.empty()) {
    const auto last = slice_number(to);
    if (!last) return std::nullopt;
    slice.last = *last;
  }
  if (slice.first >= size) slice.first = 0;
  if (slice.last >= size) slice.last = size - 1;
  if (slice.first > slice.last) slice.first = 0;
  return slice;
}

}  // namespace otaru::dialect::onenet
