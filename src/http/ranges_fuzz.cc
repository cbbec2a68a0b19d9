// SPDX-License-Identifier: Apache-2.0
// Range headers, dates and entity tags from anybody. Input: a digit for the size of the file, then
// lines of the form "name: value".
#include "http/ranges.h"

#include <cstddef>
#include <cstdint>

#include "base/limits.h"
#include "base/result.h"
#include "http/date.h"

namespace {

using otaru::http::RangeRequest;

constexpr int64_t kSizes[] = {0, 1, 2, 10, 1000, 300'007, int64_t{1} << 40, INT64_MAX};

void check_ranges(std::string_view value, int64_t size) {
  const RangeRequest r = otaru::http::parse_range(value, size);
  OTARU_ASSERT(r.ranges.size() <= otaru::base::limits::kRangesMax);
  OTARU_ASSERT((r.kind == RangeRequest::Kind::some) == !r.ranges.empty());
  int64_t left = size;
  for (const auto& range : r.ranges) {
    OTARU_ASSERT(range.first >= 0 && range.first <= range.last && range.last < size);
    left -= range.length();
    OTARU_ASSERT(left >= 0);  // never more than the file
  }
}

void check_download(const otaru::http::Request& request, int64_t size) {
  otaru::http::Download what;
  what.file = std::make_shared<otaru::http::FileHandle>(-1, size);
  what.etag = "\"0123\"";
  what.last_modified = otaru::base::Time{784'111'777'000};
  const auto response = otaru::http::download(request, what);
  switch (response.status) {
    case 200:
      OTARU_ASSERT(response.body_length() == size);
      break;
    case 206:
      OTARU_ASSERT(response.body.size() == 1 || response.body.size() % 2 == 1);
      break;
    case 304:
    case 412:
    case 416:
      OTARU_ASSERT(response.body_length() == 0);
      break;
    default:
      OTARU_ASSERT(false);
  }
  for (const auto& piece : response.body) {
    if (const auto* slice = std::get_if<otaru::http::FileSlice>(&piece)) {
      OTARU_ASSERT(slice->offset >= 0 && slice->length > 0);
      OTARU_ASSERT(slice->offset <= size - slice->length);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const int64_t file_size = kSizes[static_cast<unsigned char>(rest[0]) % 8];
  rest.remove_prefix(1);
  otaru::http::Request request;
  request.method = otaru::http::Method::get;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view value = line.substr(colon + 1);
    request.headers.push_back({line.substr(0, colon), value});
    check_ranges(value, file_size);
    // A date that is taken reads the same after it was written by us.
    if (const auto date = otaru::http::parse_http_date(value)) {
      OTARU_ASSERT(otaru::http::parse_http_date(otaru::base::http_date(*date)) == date);
    }
  }
  check_download(request, file_size);
  return 0;
}
