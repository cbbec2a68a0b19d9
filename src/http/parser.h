// SPDX-License-Identifier: Apache-2.0
// HTTP/1.x messages from bytes: the head of a request, and the chunked coding of its body. Pure and
// incremental; results are views into the caller's buffer. Strict where two readers could disagree
// about where a message ends (RFC 9112 11.2), lenient where devices are merely odd: padded or
// missing blanks around values, odd case, repeated headers, absolute-form targets, bare LF line
// ends in the head (RFC 9112 2.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/message.h"

namespace otaru::http {

// What the head says about the connection and the body that follows.
struct HeadFacts {
  int64_t content_length = -1;  // -1: not given
  bool chunked = false;
  bool keep_alive = true;  // what the client wants
  bool expect_continue = false;
  bool expect_unknown = false;  // an expectation nobody can meet: 417
  bool host_given = false;      // by Host or by an absolute-form target
  bool has_body() const { return chunked || content_length > 0; }
};

// One request head. Call parse() with everything received so far, from the first byte of the
// message, as often as bytes arrive; the buffer may move between calls. After `complete` the views
// in the Request point into that last buffer.
class HeadParser {
 public:
  enum class State { incomplete, complete, refused };

  State parse(std::string_view buffer, Request& request);
  size_t head_bytes() const { return head_bytes_; }       // when complete
  const HeadFacts& facts() const { return facts_; }       // when complete
  int refusal_status() const { return refusal_status_; }  // when refused: 400 414 431 501 505
  std::string_view refusal_why() const { return refusal_why_; }
  bool started() const { return started_; }  // bytes other than empty lines have arrived
  void reset() { *this = HeadParser(); }

 private:
  State refuse(int status, std::string_view why);
  bool find_end(std::string_view buffer);
  State limits_of_unfinished(std::string_view buffer);
  State parse_whole(std::string_view head, Request& request);
  State parse_request_line(std::string_view line, Request& request);
  State parse_version(std::string_view text, Request& request);
  State parse_target(Request& request);
  State parse_header_line(std::string_view line, Request& request);
  State note_header(const HeaderView& header, Request& request);
  State finish(Request& request);

  size_t start_ = 0;    // after leading empty lines
  size_t scanned_ = 0;  // no end of head before this offset
  size_t head_bytes_ = 0;
  HeadFacts facts_;
  int refusal_status_ = 0;
  std::string_view refusal_why_;
  bool started_ = false;
  bool leading_done_ = false;
  bool host_header_ = false;
  bool absolute_form_ = false;
  bool transfer_encoding_ = false;
  bool close_token_ = false;
  bool keep_alive_token_ = false;
};

// A decoder for the chunked transfer coding. step() eats some input and gives at most one run of
// body bytes, a view into the input; call it until it wants more or is done.
class ChunkDecoder {
 public:
  enum class State { more, data, done, refused };
  struct Step {
    State state = State::more;
    size_t consumed = 0;
    std::string_view data;  // when State::data
  };

  Step step(std::string_view input);
  std::string_view refusal_why() const { return refusal_why_; }
  // Bytes that the current chunk has announced and that have not come yet.
  uint64_t announced() const { return at_ == At::data ? left_ : 0; }

 private:
  enum class At {
    size,
    size_blank,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer,
    trailer_lf,
    last_lf,
    done,
    refused
  };
  bool feed(char c);  // false: refused
  bool refuse(std::string_view why);
  bool feed_size(char c);

  At at_ = At::size;
  uint64_t left_ = 0;  // of the size being read, then of the chunk
  size_t digits_ = 0;
  size_t line_bytes_ = 0;  // of the chunk-size line
  size_t trailer_bytes_ = 0;
  std::string_view refusal_why_;
};

}  // namespace otaru::http
