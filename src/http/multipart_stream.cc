// SPDX-License-Identifier: Apache-2.0
#include "http/multipart_stream.h"

#include <algorithm>

#include "base/limits.h"

namespace otaru::http {
namespace {

namespace limits = base::limits;
using base::Code;

}  // namespace

// The first delimiter may stand at the very beginning, without the CRLF in front of it: one is put
// there.
MultipartStream::MultipartStream(std::string_view boundary)
    : delimiter_("\r\n--" + std::string(boundary)), buffer_("\r\n") {}

base::Status MultipartStream::feed(std::string_view bytes, MultipartHandler& handler) {
  buffer_ += bytes;
  while (true) {
    OTARU_TRY(moved, step(handler));
    if (moved == Step::more) return {};
  }
}

base::Result<MultipartStream::Step> MultipartStream::step(MultipartHandler& handler) {
  switch (state_) {
    case State::preamble:
    case State::data:
      return find_delimiter(handler);
    case State::delimiter:
      return end_delimiter(handler);
    case State::head:
      return read_head(handler);
    case State::done:
      buffer_.clear();  // the epilogue
      break;
  }
  return Step::more;
}

// What cannot belong to a delimiter goes on at once.
base::Result<MultipartStream::Step> MultipartStream::find_delimiter(MultipartHandler& handler) {
  const size_t at = buffer_.find(delimiter_);
  const bool found = at != std::string::npos;
  size_t sure = at;
  if (!found) sure = buffer_.size() - std::min(buffer_.size(), delimiter_.size() - 1);
  if (sure > 0 && state_ == State::data) {
    OTARU_CHECK(handler.data(std::string_view(buffer_).substr(0, sure)));
  }
  buffer_.erase(0, sure);
  if (!found) return Step::more;
  in_part_ = state_ == State::data;
  state_ = State::delimiter;
  return Step::moved;
}

// The buffer begins with what looks like a delimiter; what stands behind it decides.
base::Result<MultipartStream::Step> MultipartStream::end_delimiter(MultipartHandler& handler) {
  const auto behind = std::string_view(buffer_).substr(delimiter_.size());
  const size_t blanks = std::min(behind.find_first_not_of(" \t"), behind.size());
  const auto end = behind.substr(blanks);
  const bool last = behind.substr(0, 2) == "--";
  const bool line = end.substr(0, 2) == "\r\n";
  if (!last && !line) {
    const bool may_become = end.empty() || end == "\r" || behind == "-";
    if (may_become && blanks <= limits::kMultipartHeadBytesMax) return Step::more;
    // Another boundary that this one is the beginning of, or bytes that look like it: data.
    state_ = in_part_ ? State::data : State::preamble;
    if (in_part_) OTARU_CHECK(handler.data(std::string_view(buffer_).substr(0, 1)));
    buffer_.erase(0, 1);
    return Step::moved;
  }
  if (in_part_) OTARU_CHECK(handler.end());
  buffer_.erase(0, delimiter_.size() + (last ? 2 : blanks + 2));
  state_ = last ? State::done : State::head;
  return Step::moved;
}

base::Result<MultipartStream::Step> MultipartStream::read_head(MultipartHandler& handler) {
  const bool empty = std::string_view(buffer_).substr(0, 2) == "\r\n";
  if (!empty && buffer_.find("\r\n\r\n") == std::string::npos) {
    // The reader of heads has the same limit, lines without their ends.
    if (buffer_.size() <= 2 * limits::kMultipartHeadBytesMax) return Step::more;
    return base::fail(Code::too_large, "multipart: part head too large");
  }
  if (++parts_ > limits::kMultipartPartsMax) {
    return base::fail(Code::too_large, "multipart: too many parts");
  }
  std::string_view left = buffer_;
  OTARU_TRY(part, take_part_head(left));
  OTARU_CHECK(handler.part(part));
  buffer_.erase(0, buffer_.size() - left.size());
  state_ = State::data;
  return Step::moved;
}

}  // namespace otaru::http
