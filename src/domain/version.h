// SPDX-License-Identifier: Apache-2.0
// Version texts and their order. The text is sacred: it is stored and echoed as it came; only
// comparing parses it.
//
//   VersionFormat f{VersionScheme::dotted, "V#N.#N.#N.#N"};
//   compare_versions(f, "V1.02.0.0", "v1.2")  ->  equal
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace otaru::domain {

enum class VersionScheme {
  dotted,         // optional v/V, decimal parts compared left to right, padded with zeros
  semver,         // semver.org 2.0.0: pre-release before release, build metadata ignored
  integer,        // one decimal number
  publish_order,  // text says nothing; the later published release is newer
};

struct VersionFormat {
  VersionScheme scheme = VersionScheme::dotted;
  // OOMI's version_format grammar ("#N means number"), e.g. "V#N.#N.#N.#N"; empty: no template.
  // Only used to render the zero version; comparing stays lenient.
  std::string pattern;
  friend bool operator==(const VersionFormat&, const VersionFormat&) = default;
};

// Code::invalid when the text does not fit the scheme: empty, too long (kVersionBytesMax), too many
// parts (kVersionPartsMax), a non-numeric part, a part over 64 bits. Under publish_order any
// non-empty text without control characters is valid.
base::Status validate_version(const VersionFormat& format, std::string_view text);

// Code::invalid when either text does not fit. Under publish_order only equality of text is known
// here (equal, or else an error): the order of publishing lives in the catalogue.
base::Result<std::strong_ordering> compare_versions(const VersionFormat& format,
                                                    std::string_view a, std::string_view b);

// The version before all others in the product's own spelling: "V0.0.0.0" for "V#N.#N.#N.#N",
// "00.00" stays with its pattern "#NN.#NN"; "0.0.0" for semver, "0" for integer.
std::string zero_version(const VersionFormat& format);

std::string_view scheme_name(VersionScheme scheme);  // "dotted" ...
base::Result<VersionScheme> parse_scheme(std::string_view name);

}  // namespace otaru::domain
