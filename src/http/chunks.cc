// SPDX-License-Identifier: Apache-2.0
// The chunked decoder of parser.h (RFC 9112 7.1).
#include <algorithm>

#include "base/limits.h"
#include "http/characters.h"
#include "http/parser.h"

namespace otaru::http {

bool ChunkDecoder::refuse(std::string_view why) {
  refusal_why_ = why;
  at_ = At::refused;
  return false;
}

ChunkDecoder::Step ChunkDecoder::step(std::string_view input) {
  Step out;
  while (out.consumed < input.size()) {
    if (at_ == At::done) break;
    if (at_ == At::data) {
      const auto run = std::min<uint64_t>(left_, input.size() - out.consumed);
      out.data = input.substr(out.consumed, static_cast<size_t>(run));
      out.consumed += out.data.size();
      left_ -= run;
      if (left_ == 0) at_ = At::data_cr;
      out.state = State::data;
      return out;
    }
    if (at_ == At::refused || !feed(input[out.consumed])) break;
    ++out.consumed;
  }
  if (at_ == At::done) out.state = State::done;
  if (at_ == At::refused) out.state = State::refused;
  return out;
}

bool ChunkDecoder::feed_size(char c) {
  if (is_class(c, characters::kHex)) {
    // Fifteen digits are below 2^60: no sum of sizes that passes the body limits overflows.
    if (++digits_ > 15) return refuse("chunk size too large");
    const int value = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    left_ = left_ * 16 + static_cast<uint64_t>(value);
    return true;
  }
  if (digits_ == 0) return refuse("bad chunk size");
  if (c == '\r') {
    at_ = At::size_lf;
  } else if (c == ';') {
    at_ = At::extension;
  } else if (c == ' ' || c == '\t') {
    at_ = At::size_blank;
  } else {
    return refuse("bad chunk size");
  }
  return true;
}

bool ChunkDecoder::feed(char c) {
  const bool in_size_line =
      at_ == At::size || at_ == At::size_blank || at_ == At::extension || at_ == At::size_lf;
  if (in_size_line && ++line_bytes_ > base::limits::kChunkLineBytesMax) {
    return refuse("chunk size line too long");
  }
  const bool in_trailer = at_ == At::trailer_start || at_ == At::trailer || at_ == At::trailer_lf;
  if (in_trailer && ++trailer_bytes_ > base::limits::kTrailerBytesMax) {
    return refuse("trailers too large");
  }
  const bool control = has_control(std::string_view(&c, 1));
  switch (at_) {
    case At::size:
      return feed_size(c);
    case At::size_blank:  // "bad white space" before an extension, and nothing else
      if (c == ';') at_ = At::extension;
      return c == ';' || c == ' ' || c == '\t' || refuse("blank in a chunk size");
    case At::extension:
      if (c == '\r') at_ = At::size_lf;
      return c == '\r' || !control || refuse("control character in a chunk extension");
    case At::size_lf:
      if (c != '\n') return refuse("bad line end of a chunk size");
      at_ = left_ == 0 ? At::trailer_start : At::data;
      digits_ = 0;
      line_bytes_ = 0;
      return true;
    case At::data_cr:
      at_ = At::data_lf;
      return c == '\r' || refuse("chunk longer than its size");
    case At::data_lf:
      at_ = At::size;
      return c == '\n' || refuse("bad line end of a chunk");
    case At::trailer_start:
      if (c == '\r') {
        at_ = At::last_lf;
        return true;
      }
      at_ = At::trailer;
      return is_class(c, characters::kToken) || refuse("bad trailer");
    case At::trailer:
      if (c == '\r') at_ = At::trailer_lf;
      return c == '\r' || !control || refuse("control character in a trailer");
    case At::trailer_lf:
      at_ = At::trailer_start;
      return c == '\n' || refuse("bad line end of a trailer");
    case At::last_lf:
      at_ = At::done;
      return c == '\n' || refuse("bad end of a chunked body");
    case At::data:
    case At::done:
    case At::refused:
      break;
  }
  return true;
}

}  // namespace otaru::http
