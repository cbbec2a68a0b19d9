// SPDX-License-Identifier: Apache-2.0
// hawkBit's target filters in Otaru's filter language. What hawkBit understands is RSQL (a superset
// of FIQL; grammar: github.com/jirutka/rsql-parser, README) over the fields of its Management API
// (eclipse.dev/hawkbit, "Management API"). What has no counterpart is refused with the reason;
// nothing is guessed. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace otaru::cli::hawkbit {

struct Translation {
  std::string filter;              // in canonical form, it compiles
  std::vector<std::string> notes;  // where the two languages differ in what they mean
};

// Code::invalid: no RSQL, or a field or value that Otaru has nothing for; the message says which.
// Code::too_large: over a limit.
base::Result<Translation> translate_rsql(std::string_view query);

// The operators' attributes that an imported device gets beside its metadata; filters ask for them,
// and metadata of these names is left out.
inline constexpr std::string_view kNameAttribute = "name";
inline constexpr std::string_view kDescriptionAttribute = "description";
inline constexpr std::string_view kTypeAttribute = "type";
inline constexpr std::string_view kGroupAttribute = "group";
inline constexpr std::string_view kProductAttribute = "product";
bool is_own_attribute(std::string_view name);

}  // namespace otaru::cli::hawkbit
