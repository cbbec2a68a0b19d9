// SPDX-License-Identifier: Apache-2.0
#include "domain/version.h"

#include "domain/names.h"
#include "domain/version_key.h"

namespace otaru::domain {
namespace {

constexpr VersionScheme kSchemes[] = {VersionScheme::dotted, VersionScheme::semver,
                                      VersionScheme::integer, VersionScheme::publish_order};

std::string_view fault_text(VersionFault fault) {
  switch (fault) {
    case VersionFault::none:
      return "is fine";
    case VersionFault::empty:
      return "is empty";
    case VersionFault::too_long:
      return "is too long";
    case VersionFault::too_many_parts:
      return "has too many parts";
    case VersionFault::not_a_number:
      return "has a part that is not a number";
    case VersionFault::part_too_big:
      return "has a part that does not fit into 64 bits";
    case VersionFault::not_semver:
      return "is not a version of semver.org 2.0.0";
    case VersionFault::control_character:
      return "has a control character";
  }
  return "is wrong";
}

base::Status version_status(VersionScheme scheme, std::string_view text, VersionKey& key) {
  const VersionFault fault = parse_version_key(scheme, text, key);
  if (fault == VersionFault::none) return {};
  std::string message = "version ";
  // A control character or an endless text has no place in a message.
  if (fault == VersionFault::not_a_number || fault == VersionFault::not_semver) {
    message += "'" + printable(text) + "' ";
  }
  message += fault_text(fault);
  message += " (scheme ";
  message += scheme_name(scheme);
  message += ")";
  return base::fail(base::Code::invalid, std::move(message));
}

}  // namespace

base::Status validate_version(const VersionFormat& format, std::string_view text) {
  VersionKey key;
  return version_status(format.scheme, text, key);
}

base::Result<std::strong_ordering> compare_versions(const VersionFormat& format, std::string_view a,
                                                    std::string_view b) {
  VersionKey a_key;
  VersionKey b_key;
  OTARU_CHECK(version_status(format.scheme, a, a_key));
  OTARU_CHECK(version_status(format.scheme, b, b_key));
  if (format.scheme == VersionScheme::publish_order && a != b) {
    return base::fail(base::Code::invalid,
                      "version texts say nothing about their order (scheme publish_order)");
  }
  return compare_keys(format.scheme, a_key, b_key);
}

std::string zero_version(const VersionFormat& format) {
  const std::string_view pattern = format.pattern;
  std::string out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '#' || i + 1 == pattern.size() || pattern[i + 1] != 'N') {
      out.push_back(pattern[i]);
      continue;
    }
    // One zero per N: "#N" is 0, "#NN" is 00.
    while (i + 1 < pattern.size() && pattern[i + 1] == 'N') {
      out.push_back('0');
      ++i;
    }
  }
  if (!out.empty()) return out;
  return format.scheme == VersionScheme::semver ? "0.0.0" : "0";
}

std::string_view scheme_name(VersionScheme scheme) {
  switch (scheme) {
    case VersionScheme::dotted:
      return "dotted";
    case VersionScheme::semver:
      return "semver";
    case VersionScheme::integer:
      return "integer";
    case VersionScheme::publish_order:
      return "publish_order";
  }
  return "dotted";
}

base::Result<VersionScheme> parse_scheme(std::string_view name) {
  return parse_word<VersionScheme>("version scheme", name, kSchemes, scheme_name);
}

}  // namespace otaru::domain
