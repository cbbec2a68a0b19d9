// SPDX-License-Identifier: Apache-2.0
// The pattern language of transcripts: literal text with markers in it. See transcript.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tests/support/transcript.h"

namespace otaru::tests {

struct Piece {
  enum class Kind { literal, ignore, digits, date, token, reference };
  Kind kind = Kind::literal;
  std::string_view source;  // as written; the text itself for a literal
  std::string_view name;    // of a capture or reference; empty: not captured
};

std::vector<Piece> split_pieces(std::string_view text);

struct PieceMatch {
  bool matched = false;
  size_t at = 0;       // where in the actual text it went wrong
  std::string wanted;  // what was expected there
};
PieceMatch match_pieces(const std::vector<Piece>& pieces, std::string_view actual,
                        Captures& captures);

// `{{NAME}}` replaced by what was captured. Code::invalid for a name that was not.
base::Result<std::string> fill_captures(std::string_view text, const Captures& captures);

// `actual`, with the markers of `old` wherever the text in front of a marker still stands in
// `actual` and what follows it fits the marker.
std::string keep_markers(std::string_view old, std::string_view actual, Captures& captures);

}  // namespace otaru::tests
