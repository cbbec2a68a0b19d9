// SPDX-License-Identifier: Apache-2.0
// Versions come from devices: two texts under any scheme must have an order that holds together.
// Input: one digit for the scheme, then two texts with a line feed between.
#include "domain/version.h"

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "domain/version_key.h"

namespace {

using otaru::domain::VersionFormat;
using otaru::domain::VersionScheme;

void check_pair(const VersionFormat& format, std::string_view a, std::string_view b) {
  const bool a_valid = validate_version(format, a).has_value();
  const bool b_valid = validate_version(format, b).has_value();
  const auto self = compare_versions(format, a, a);
  OTARU_ASSERT(self.has_value() == a_valid);
  OTARU_ASSERT(!self || *self == 0);
  const auto ab = compare_versions(format, a, b);
  const auto ba = compare_versions(format, b, a);
  OTARU_ASSERT(ab.has_value() == ba.has_value());
  OTARU_ASSERT(!ab || (a_valid && b_valid));
  OTARU_ASSERT(!ab || (*ab == 0 ? *ba == 0 : (*ab < 0) == (*ba > 0)));
  if (format.scheme == VersionScheme::publish_order || !a_valid || !b_valid) return;
  OTARU_ASSERT(ab.has_value());
  // One more part is never older; a leading V changes nothing.
  if (format.scheme != VersionScheme::dotted || a.front() == 'v' || a.front() == 'V') return;
  const auto with_letter = compare_versions(format, "V" + std::string(a), b);
  OTARU_ASSERT(!with_letter || *with_letter == *ab);
  const auto longer = compare_versions(format, std::string(a) + ".1", a);
  OTARU_ASSERT(!longer || *longer > 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  VersionFormat format;
  format.scheme = static_cast<VersionScheme>(static_cast<unsigned char>(input[0]) % 4);
  const std::string_view rest = input.substr(1);
  const size_t end = rest.find('\n');
  const std::string_view a = rest.substr(0, end);
  const std::string_view b = end == std::string_view::npos ? a : rest.substr(end + 1);
  check_pair(format, a, b);
  format.pattern = a;
  OTARU_ASSERT(!zero_version(format).empty());
  return 0;
}
