// SPDX-License-Identifier: Apache-2.0
// multipart/form-data from anybody. Input: the Content-Type, a line feed, the body.
#include "http/multipart.h"

#include "http/multipart_stream.h"

#include <cstddef>
#include <cstdint>

#include "base/limits.h"
#include "base/result.h"

namespace {

struct Collected final : otaru::http::MultipartHandler {
  struct Part {
    std::string name;
    std::string bytes;
  };
  std::vector<Part> parts;
  size_t ended = 0;
  otaru::base::Status part(const otaru::http::MultipartPart& head) override {
    parts.push_back({head.name, ""});
    return {};
  }
  otaru::base::Status data(std::string_view bytes) override {
    OTARU_ASSERT(parts.size() == ended + 1);
    parts.back().bytes += bytes;
    return {};
  }
  otaru::base::Status end() override {
    ++ended;
    return {};
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\n');
  if (end == std::string_view::npos) return 0;
  const auto boundary = otaru::http::multipart_boundary(input.substr(0, end));
  if (!boundary) return 0;
  OTARU_ASSERT(!boundary->empty() && boundary->size() <= 70);
  const std::string_view body = input.substr(end + 1);
  const auto parts = otaru::http::parse_multipart(body, *boundary);
  if (!parts) {
    OTARU_ASSERT(parts.error().code == otaru::base::Code::invalid ||
                 parts.error().code == otaru::base::Code::too_large);
    return 0;
  }
  OTARU_ASSERT(parts->size() <= otaru::base::limits::kMultipartPartsMax);
  const char* from = body.data();
  for (const auto& part : *parts) {
    // In order, inside the body, not over one another.
    OTARU_ASSERT(part.data.data() >= from);
    from = part.data.data() + part.data.size();
    OTARU_ASSERT(from <= body.data() + body.size());
    OTARU_ASSERT(otaru::http::find_part(*parts, part.name) != nullptr);
  }
  // Read in pieces it is the same, however it is cut.
  for (const size_t step : {size_t{1}, size_t{7}, body.size() + 1}) {
    otaru::http::MultipartStream stream(*boundary);
    Collected got;
    for (size_t at = 0; at < body.size(); at += step) {
      OTARU_ASSERT(stream.feed(body.substr(at, step), got).has_value());
    }
    OTARU_ASSERT(stream.done() && got.parts.size() == parts->size() && got.ended == parts->size());
    for (size_t i = 0; i < parts->size(); ++i) {
      OTARU_ASSERT(got.parts[i].name == (*parts)[i].name && got.parts[i].bytes == (*parts)[i].data);
    }
  }
  return 0;
}
