// SPDX-License-Identifier: Apache-2.0
// multipart/form-data (RFC 7578, framing of RFC 2046 5.1) read piece by piece: what it keeps is the
// head of one part, or as much as a delimiter that may begin at the end of a piece. Parts come in
// any order. Pure.
//
//   MultipartStream stream(boundary);
//   OTARU_CHECK(stream.feed(bytes, form));   // calls form.part(), form.data() ..., form.end()
//   if (!stream.done()) ...                  // the body ended before its last delimiter
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/multipart.h"

namespace otaru::http {

class MultipartHandler {
 public:
  virtual base::Status part(const MultipartPart& head) = 0;  // its data is empty
  virtual base::Status data(std::string_view bytes) = 0;
  virtual base::Status end() = 0;

 protected:
  ~MultipartHandler() = default;
};

class MultipartStream {
 public:
  explicit MultipartStream(std::string_view boundary);
  // Code::invalid: not such a body; Code::too_large: more parts or longer part heads than allowed;
  // or what the handler says. After an error no more is taken.
  base::Status feed(std::string_view bytes, MultipartHandler& handler);
  bool done() const { return state_ == State::done; }

 private:
  enum class State { preamble, delimiter, head, data, done };
  enum class Step { moved, more };
  base::Result<Step> step(MultipartHandler& handler);
  base::Result<Step> find_delimiter(MultipartHandler& handler);
  base::Result<Step> end_delimiter(MultipartHandler& handler);
  base::Result<Step> read_head(MultipartHandler& handler);

  State state_ = State::preamble;
  bool in_part_ = false;
  size_t parts_ = 0;
  std::string delimiter_;  // CRLF, two dashes, boundary
  std::string buffer_;
};

}  // namespace otaru::http
