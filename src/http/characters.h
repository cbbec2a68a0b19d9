// SPDX-License-Identifier: Apache-2.0
// Which bytes HTTP allows where (RFC 9110 5.6.2, 5.5; RFC 9112). Pure, header only: the parser
// asks for every byte it sees.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace otaru::http {

namespace characters {

inline constexpr uint8_t kToken = 1;   // tchar
inline constexpr uint8_t kTarget = 2;  // what a request target may hold
inline constexpr uint8_t kHost = 4;    // uri-host and port
inline constexpr uint8_t kHex = 8;
inline constexpr uint8_t kDigit = 16;

constexpr std::array<uint8_t, 256> make_classes() {
  std::array<uint8_t, 256> table{};
  const auto mark = [&table](std::string_view set, uint8_t bits) {
    for (const char c : set) {
      auto& entry = table[static_cast<unsigned char>(c)];
      entry = static_cast<uint8_t>(entry | bits);
    }
  };
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  mark(kLetters, kToken | kHost);
  mark("0123456789", kToken | kHost | kHex | kDigit);
  mark("ABCDEFabcdef", kHex);
  mark("!#$%&'*+-.^_`|~", kToken);
  mark("-._~!$&'()*+,;=:[]%", kHost);
  // Beyond RFC 3986, devices send raw UTF-8 and JSON in queries; only blanks, controls and '#'
  // make a target ambiguous.
  for (size_t c = 0x21; c < 256; ++c) {
    if (c != 0x7f && c != '#') table[c] = static_cast<uint8_t>(table[c] | kTarget);
  }
  return table;
}
inline constexpr std::array<uint8_t, 256> kClasses = make_classes();

}  // namespace characters

inline bool is_class(char c, uint8_t bits) {
  return (characters::kClasses[static_cast<unsigned char>(c)] & bits) != 0;
}

inline bool all_of_class(std::string_view text, uint8_t bits) {
  for (const char c : text) {
    if (!is_class(c, bits)) return false;
  }
  return true;
}

inline bool is_token(std::string_view text) {
  return !text.empty() && all_of_class(text, characters::kToken);
}

// A control character other than a tab: not allowed in header values (RFC 9110 5.5). Eight bytes
// at a time; the rare suspicious group is looked at byte by byte.
inline bool has_control(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101ull;
  constexpr uint64_t kHigh = 0x8080808080808080ull;
  const auto slow = [](const char* from, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const auto c = static_cast<unsigned char>(from[i]);
      if ((c < 0x20 && c != '\t') || c == 0x7f) return true;
    }
    return false;
  };
  size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    const uint64_t below_blank = (word - kOnes * 0x20) & ~word & kHigh;
    const uint64_t del = word ^ (kOnes * 0x7f);
    const uint64_t is_del = (del - kOnes) & ~del & kHigh;
    if ((below_blank | is_del) != 0 && slow(text.data() + at, 8)) return true;
  }
  return slow(text.data() + at, text.size() - at);
}

// Optional white space around a value (RFC 9110 5.6.3): blanks and tabs only.
inline std::string_view trim_ows(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace otaru::http
