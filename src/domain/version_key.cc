// SPDX-License-Identifier: Apache-2.0
#include "domain/version_key.h"

#include <charconv>
#include <system_error>

namespace otaru::domain {
namespace {

bool version_digit(char c) {
  return c >= '0' && c <= '9';
}

bool all_digits(std::string_view text) {
  for (const char c : text) {
    if (!version_digit(c)) return false;
  }
  return !text.empty();
}

// Cuts the next piece before `separator` off the front; false when nothing is left.
bool next_piece(std::string_view& rest, bool& more, char separator, std::string_view& piece) {
  if (!more) return false;
  const size_t end = rest.find(separator);
  piece = rest.substr(0, end);
  more = end != std::string_view::npos;
  rest = more ? rest.substr(end + 1) : std::string_view{};
  return true;
}

VersionFault parse_part(std::string_view text, uint64_t& out) {
  if (!all_digits(text)) return VersionFault::not_a_number;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
  return parsed.ec == std::errc{} ? VersionFault::none : VersionFault::part_too_big;
}

// docs/dialects/oomi.md, "Version comparison": one optional leading v/V, parts split on '.'.
VersionFault parse_dotted(std::string_view text, VersionKey& out) {
  if (text.front() == 'v' || text.front() == 'V') text.remove_prefix(1);
  size_t count = 0;
  bool more = true;
  std::string_view part;
  while (next_piece(text, more, '.', part)) {
    if (count == out.parts.size()) return VersionFault::too_many_parts;
    const VersionFault fault = parse_part(part, out.parts[count++]);
    if (fault != VersionFault::none) return fault;
  }
  return VersionFault::none;
}

bool leading_zero(std::string_view digits) {
  return digits.size() > 1 && digits.front() == '0';
}

enum class NumericRule { any, no_leading_zeros };

// semver.org 2.0.0, items 9 and 10: dot separated, not empty, [0-9A-Za-z-].
bool semver_identifiers(std::string_view text, NumericRule rule) {
  bool more = true;
  std::string_view piece;
  while (next_piece(text, more, '.', piece)) {
    if (piece.empty()) return false;
    for (const char c : piece) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!letter && !version_digit(c) && c != '-') return false;
    }
    if (rule == NumericRule::no_leading_zeros && all_digits(piece) && leading_zero(piece)) {
      return false;
    }
  }
  return true;
}

VersionFault parse_semver(std::string_view text, VersionKey& out) {
  const size_t plus = text.find('+');
  if (plus != std::string_view::npos) {
    // Item 10: build metadata is ignored, but must be well-formed.
    if (!semver_identifiers(text.substr(plus + 1), NumericRule::any)) {
      return VersionFault::not_semver;
    }
    text = text.substr(0, plus);
  }
  const size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    out.tail = text.substr(dash + 1);
    if (!semver_identifiers(out.tail, NumericRule::no_leading_zeros)) {
      return VersionFault::not_semver;
    }
    text = text.substr(0, dash);
  }
  size_t count = 0;
  bool more = true;
  std::string_view part;
  while (next_piece(text, more, '.', part)) {
    if (count == 3 || leading_zero(part)) return VersionFault::not_semver;
    const VersionFault fault = parse_part(part, out.parts[count++]);
    if (fault != VersionFault::none) return fault;
  }
  return count == 3 ? VersionFault::none : VersionFault::not_semver;
}

VersionFault parse_opaque(std::string_view text, VersionKey& out) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return VersionFault::control_character;
  }
  out.tail = text;
  return VersionFault::none;
}

// semver.org 2.0.0, items 11.4.1 to 11.4.3.
std::strong_ordering compare_identifier(std::string_view a, std::string_view b) {
  const bool a_number = all_digits(a);
  const bool b_number = all_digits(b);
  if (a_number != b_number) {
    return a_number ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  // Without leading zeros the longer number is the greater one, of any length.
  if (a_number && a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

// semver.org 2.0.0, items 11.3 and 11.4; empty is the release itself, after all pre-releases.
std::strong_ordering compare_prerelease(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.empty() <=> b.empty();
  bool a_more = true;
  bool b_more = true;
  std::string_view a_piece;
  std::string_view b_piece;
  while (true) {
    const bool a_has = next_piece(a, a_more, '.', a_piece);
    const bool b_has = next_piece(b, b_more, '.', b_piece);
    if (!a_has || !b_has) return a_has <=> b_has;
    const auto order = compare_identifier(a_piece, b_piece);
    if (order != std::strong_ordering::equal) return order;
  }
}

}  // namespace

VersionFault parse_version_key(VersionScheme scheme, std::string_view text, VersionKey& out) {
  out = VersionKey{};
  if (text.empty()) return VersionFault::empty;
  if (text.size() > base::limits::kVersionBytesMax) return VersionFault::too_long;
  switch (scheme) {
    case VersionScheme::dotted:
    // docs/dialects/ubtech.md, "Version": a number, else dotted. A plain number is a dotted text of
    // one part, so one order serves both.
    case VersionScheme::integer:
      return parse_dotted(text, out);
    case VersionScheme::semver:
      return parse_semver(text, out);
    case VersionScheme::publish_order:
      return parse_opaque(text, out);
  }
  return VersionFault::not_a_number;
}

std::strong_ordering compare_keys(VersionScheme scheme, const VersionKey& a, const VersionKey& b) {
  if (scheme == VersionScheme::publish_order) {
    if (a.parts[0] != b.parts[0]) return a.parts[0] <=> b.parts[0];
    return a.tail.compare(b.tail) <=> 0;
  }
  for (size_t i = 0; i < a.parts.size(); ++i) {
    if (a.parts[i] != b.parts[i]) return a.parts[i] <=> b.parts[i];
  }
  return compare_prerelease(a.tail, b.tail);
}

}  // namespace otaru::domain
