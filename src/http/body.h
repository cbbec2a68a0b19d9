// SPDX-License-Identifier: Apache-2.0
// The body of one request, from the bytes behind its head: by Content-Length or chunked, never
// longer than allowed. Pure and incremental.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/parser.h"

namespace otaru::http {

class BodyDecoder {
 public:
  enum class State { more, done, too_large, malformed };

  BodyDecoder() = default;
  // `bytes_max` bounds the decoded body. A head without a body is done at once.
  BodyDecoder(const HeadFacts& facts, size_t bytes_max);

  State state() const { return state_; }
  // Eats from `input`, appends what it decodes to `out`; returns how much it ate. What it leaves
  // when done belongs to the next request.
  size_t feed(std::string_view input, std::string& out);
  // How many bytes may be read without reading beyond this body; 0: not known (chunked).
  uint64_t readable() const { return chunked_ ? 0 : left_; }
  std::string_view why() const { return chunks_.refusal_why(); }  // when malformed

 private:
  size_t feed_chunked(std::string_view input, std::string& out);

  State state_ = State::done;
  bool chunked_ = false;
  uint64_t left_ = 0;  // until the end by Content-Length, or until the limit when chunked
  ChunkDecoder chunks_;
};

}  // namespace otaru::http
