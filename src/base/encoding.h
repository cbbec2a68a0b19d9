// SPDX-License-Identifier: Apache-2.0
// Hex, base64, percent encoding and strict number parsing. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace otaru::base {

std::string hex(std::string_view bytes);  // lower case
std::string hex_upper(std::string_view bytes);
std::optional<std::string> unhex(std::string_view text);     // either case, even length
std::string base64(std::string_view bytes);                  // RFC 4648 4, padded
std::optional<std::string> unbase64(std::string_view text);  // RFC 4648 4; padding optional
std::string base64url(std::string_view bytes);                  // RFC 4648 5, without padding
std::optional<std::string> unbase64url(std::string_view text);  // the same, strictly

enum class Plus { literal, space };  // what '+' means while decoding
// Percent-decodes; nothing when a '%' is not followed by two hex digits.
std::optional<std::string> percent_decode(std::string_view text, Plus plus);
std::string percent_encode(std::string_view text);  // all but RFC 3986 unreserved

// The whole text as a decimal number; nothing on empty text, sign for unsigned, blanks, overflow.
std::optional<int64_t> parse_int(std::string_view text);
std::optional<uint64_t> parse_uint(std::string_view text);

std::string lower(std::string_view text);              // ASCII
bool iequals(std::string_view a, std::string_view b);  // ASCII
std::string_view trim(std::string_view text);          // blanks, tabs, CR, LF
bool valid_utf8(std::string_view text);
// The code point that begins at text[at], of valid UTF-8; `at` is left on its last byte.
uint32_t utf8_point(std::string_view text, size_t& at);

}  // namespace otaru::base
