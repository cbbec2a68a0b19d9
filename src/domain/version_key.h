// SPDX-License-Identifier: Apache-2.0
// Internal to domain: a version text, parsed once, so that comparing costs no allocation. A key
// points into the text it was parsed from; the text must outlive it.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string_view>

#include "base/limits.h"
#include "domain/version.h"

namespace otaru::domain {

struct VersionKey {
  // Numbers from left to right, padded with zeros. Under publish_order only the first is used: the
  // sequence of the release with this text, 0 when there is none.
  std::array<uint64_t, base::limits::kVersionPartsMax> parts{};
  // semver: the pre-release part, empty for a release. publish_order: the text, when the sequence
  // is not known.
  std::string_view tail;
};

enum class VersionFault {
  none,
  empty,
  too_long,
  too_many_parts,
  not_a_number,
  part_too_big,
  not_semver,
  control_character,
};

// Under publish_order only checks the text and puts it into `tail`; VersionIndex adds the sequence.
VersionFault parse_version_key(VersionScheme scheme, std::string_view text, VersionKey& out);
std::strong_ordering compare_keys(VersionScheme scheme, const VersionKey& a, const VersionKey& b);

}  // namespace otaru::domain
