// SPDX-License-Identifier: Apache-2.0
#include "http/body.h"

#include <algorithm>

namespace otaru::http {

BodyDecoder::BodyDecoder(const HeadFacts& facts, size_t bytes_max) : chunked_(facts.chunked) {
  if (chunked_) {
    state_ = State::more;
    left_ = bytes_max;
  } else if (facts.content_length > 0) {
    left_ = static_cast<uint64_t>(facts.content_length);
    state_ = left_ > bytes_max ? State::too_large : State::more;
  }
}

size_t BodyDecoder::feed(std::string_view input, std::string& out) {
  if (state_ != State::more) return 0;
  if (chunked_) return feed_chunked(input, out);
  const auto take = static_cast<size_t>(std::min<uint64_t>(left_, input.size()));
  out.append(input.substr(0, take));
  left_ -= take;
  if (left_ == 0) state_ = State::done;
  return take;
}

size_t BodyDecoder::feed_chunked(std::string_view input, std::string& out) {
  size_t eaten = 0;
  while (state_ == State::more && eaten < input.size()) {
    const ChunkDecoder::Step step = chunks_.step(input.substr(eaten));
    eaten += step.consumed;
    switch (step.state) {
      case ChunkDecoder::State::more:
        break;
      case ChunkDecoder::State::done:
        state_ = State::done;
        break;
      case ChunkDecoder::State::refused:
        state_ = State::malformed;
        break;
      case ChunkDecoder::State::data:
        if (step.data.size() > left_) {
          state_ = State::too_large;
          break;
        }
        left_ -= step.data.size();
        out.append(step.data);
        break;
    }
    // A chunk that says it is too large is refused at its word, not after a timeout.
    if (state_ == State::more && chunks_.announced() > left_) state_ = State::too_large;
  }
  return eaten;
}

}  // namespace otaru::http
