// SPDX-License-Identifier: Apache-2.0
// Internal to domain: from a word back to its enumerator, with an error that lists the words.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace otaru::domain {

// Text of a caller for a message: short, and with '?' for what is not printable ASCII.
inline std::string printable(std::string_view text) {
  constexpr size_t kShown = 64;
  std::string out(text.substr(0, kShown));
  for (char& c : out) {
    if (c < 0x20 || c > 0x7E) c = '?';
  }
  if (text.size() > kShown) out += "...";
  return out;
}

template <class Enum>
base::Result<Enum> parse_word(std::string_view what, std::string_view text,
                              std::span<const std::type_identity_t<Enum>> values,
                              std::string_view (*name)(Enum)) {
  for (const Enum value : values) {
    if (name(value) == text) return value;
  }
  std::string message(what);
  message += " '" + printable(text) + "' is unknown; accepted:";
  for (const Enum value : values) {
    message += ' ';
    message += name(value);
  }
  return base::fail(base::Code::invalid, std::move(message));
}

}  // namespace otaru::domain
