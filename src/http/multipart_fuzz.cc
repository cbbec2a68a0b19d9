// SPDX-License-Identifier: Apache-2.0
// multipart/form-data from anybody. Input: the Content-Type, a line feed, the body.
#include "http/multipart.h"

#include <cstddef>
#include <cstdint>

#include "base/limits.h"
#include "base/result.h"

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
  return 0;
}
