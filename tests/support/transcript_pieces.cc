// SPDX-License-Identifier: Apache-2.0
#include "tests/support/transcript_pieces.h"

#include <algorithm>
#include <optional>

namespace otaru::tests {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

size_t run_of(std::string_view text, bool (*accept)(char)) {
  size_t n = 0;
  while (n < text.size() && accept(text[n])) ++n;
  return n;
}

// A name at the start of `text`, followed by `end`; nothing otherwise.
std::optional<std::string_view> name_before(std::string_view text, std::string_view end) {
  const size_t length = run_of(text, is_word);
  if (length == 0 || !text.substr(length).starts_with(end)) return std::nullopt;
  return text.substr(0, length);
}

// The marker that starts exactly at the start of `text`.
std::optional<Piece> marker_at(std::string_view text) {
  struct Plain {
    std::string_view source;
    Piece::Kind kind;
  };
  constexpr Plain kPlain[] = {{"<ignore>", Piece::Kind::ignore},
                              {"<time>", Piece::Kind::digits},
                              {"<id>", Piece::Kind::digits},
                              {"<date>", Piece::Kind::date}};
  for (const auto& plain : kPlain) {
    if (!text.starts_with(plain.source)) continue;
    return Piece{plain.kind, text.substr(0, plain.source.size()), {}};
  }
  struct Named {
    std::string_view start;
    std::string_view end;
    Piece::Kind kind;
  };
  constexpr Named kNamed[] = {{"<token:", ">", Piece::Kind::token},
                              {"<id:", ">", Piece::Kind::digits},
                              {"{{", "}}", Piece::Kind::reference}};
  for (const auto& named : kNamed) {
    if (!text.starts_with(named.start)) continue;
    const auto name = name_before(text.substr(named.start.size()), named.end);
    if (!name) continue;
    const size_t length = named.start.size() + name->size() + named.end.size();
    return Piece{named.kind, text.substr(0, length), *name};
  }
  return std::nullopt;
}

// "Fri, 01 May 2026 12:00:00 GMT": the shape only (RFC 9110 5.6.7).
size_t date_length(std::string_view text) {
  constexpr std::string_view kShape = "aaa, 00 aaa 0000 00:00:00 GMT";
  if (text.size() < kShape.size()) return 0;
  for (size_t i = 0; i < kShape.size(); ++i) {
    const char c = text[i];
    const bool fits = kShape[i] == '0'   ? is_digit(c)
                      : kShape[i] == 'a' ? is_word(c) && !is_digit(c) && c != '_'
                                         : c == kShape[i];
    if (!fits) return 0;
  }
  return kShape.size();
}

// How much of `text` the marker takes; nothing when it does not fit.
std::optional<size_t> length_of(const Piece& piece, const Piece* following, std::string_view text,
                                const Captures& captures) {
  const auto some = [](size_t n) { return n == 0 ? std::nullopt : std::optional<size_t>(n); };
  switch (piece.kind) {
    case Piece::Kind::literal:
      return text.starts_with(piece.source) ? std::optional(piece.source.size()) : std::nullopt;
    case Piece::Kind::digits:
      return some(run_of(text, is_digit));
    case Piece::Kind::token:
      return some(run_of(text, is_word));
    case Piece::Kind::date:
      return some(date_length(text));
    case Piece::Kind::reference: {
      const auto found = captures.find(piece.name);
      if (found == captures.end() || !text.starts_with(found->second)) return std::nullopt;
      return found->second.size();
    }
    case Piece::Kind::ignore:
      break;
  }
  const std::string_view line = text.substr(0, std::min(text.find('\r'), text.find('\n')));
  if (following == nullptr || following->kind != Piece::Kind::literal) return line.size();
  const std::string_view until =
      following->source.substr(0, following->source.find_first_of("\r\n"));
  return until.empty() ? line.size() : std::min(line.find(until), line.size());
}

void capture(const Piece& piece, std::string_view text, Captures& captures) {
  const bool captures_it = piece.kind == Piece::Kind::token || piece.kind == Piece::Kind::digits;
  if (captures_it && !piece.name.empty()) captures[std::string(piece.name)] = std::string(text);
}

}  // namespace

std::vector<Piece> split_pieces(std::string_view text) {
  std::vector<Piece> pieces;
  size_t literal_from = 0;
  const auto end_literal = [&](size_t to) {
    if (to == literal_from) return;
    pieces.push_back({Piece::Kind::literal, text.substr(literal_from, to - literal_from), {}});
  };
  for (size_t i = 0; i < text.size();) {
    const auto marker = marker_at(text.substr(i));
    if (!marker) {
      ++i;
      continue;
    }
    end_literal(i);
    pieces.push_back(*marker);
    i += marker->source.size();
    literal_from = i;
  }
  end_literal(text.size());
  return pieces;
}

PieceMatch match_pieces(const std::vector<Piece>& pieces, std::string_view actual,
                        Captures& captures) {
  size_t at = 0;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    const Piece* following = i + 1 < pieces.size() ? &pieces[i + 1] : nullptr;
    const std::string_view rest = actual.substr(at);
    const auto length = length_of(piece, following, rest, captures);
    if (!length) {
      // For a literal, point at the byte that differs.
      size_t same = 0;
      if (piece.kind == Piece::Kind::literal) {
        while (same < rest.size() && same < piece.source.size() &&
               rest[same] == piece.source[same]) {
          ++same;
        }
      }
      return {false, at + same, std::string(piece.source.substr(same))};
    }
    capture(piece, rest.substr(0, *length), captures);
    at += *length;
  }
  if (at < actual.size()) return {false, at, "(the end)"};
  return {true, at, {}};
}

base::Result<std::string> fill_captures(std::string_view text, const Captures& captures) {
  std::string out;
  for (const Piece& piece : split_pieces(text)) {
    if (piece.kind != Piece::Kind::reference) {
      out += piece.source;
      continue;
    }
    const auto found = captures.find(piece.name);
    if (found == captures.end()) {
      return base::fail(base::Code::invalid,
                        "nothing was captured as " + std::string(piece.source));
    }
    out += found->second;
  }
  return out;
}

std::string keep_markers(std::string_view old, std::string_view actual, Captures& captures) {
  // What stands in front of a marker identifies its place: long enough to hold a JSON key.
  constexpr size_t kContext = 16;
  const auto pieces = split_pieces(old);
  Captures added = captures;
  if (!old.empty() && match_pieces(pieces, actual, added).matched) {
    captures = std::move(added);
    return std::string(old);
  }
  std::string out;
  size_t at = 0;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].kind == Piece::Kind::literal) continue;
    if (i == 0 || pieces[i - 1].kind != Piece::Kind::literal) continue;
    std::string_view context = pieces[i - 1].source;
    if (context.size() > kContext) context.remove_prefix(context.size() - kContext);
    const size_t found = actual.find(context, at);
    if (found == std::string_view::npos) continue;
    const size_t start = found + context.size();
    const Piece* following = i + 1 < pieces.size() ? &pieces[i + 1] : nullptr;
    const auto length = length_of(pieces[i], following, actual.substr(start), captures);
    if (!length) continue;
    capture(pieces[i], actual.substr(start, *length), captures);
    out += actual.substr(at, start - at);
    out += pieces[i].source;
    at = start + *length;
  }
  out += actual.substr(at);
  return out;
}

}  // namespace otaru::tests
