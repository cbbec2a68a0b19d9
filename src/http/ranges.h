// SPDX-License-Identifier: Apache-2.0
// Downloads as RFC 9110 wants them: conditions (section 13), ranges (section 14). Some dialects
// have rules of their own instead; this is for all the others.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "http/message.h"

namespace otaru::http {

struct ByteRange {
  int64_t first = 0;
  int64_t last = 0;  // inclusive
  int64_t length() const { return last - first + 1; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// What a Range header asks of a file of `size` bytes. Ranges stay in the order asked and are not
// merged: delta clients rely on both.
struct RangeRequest {
  enum class Kind {
    whole,          // no range, one that is not valid, or one not worth obeying: send everything
    some,           // at least one range can be sent
    unsatisfiable,  // valid, but nothing of it is in the file: 416
  };
  Kind kind = Kind::whole;
  std::vector<ByteRange> ranges;
};
RangeRequest parse_range(std::string_view header, int64_t size);

// The conditions of a GET or HEAD, in the order of RFC 9110 13.2.2.
enum class Precondition { proceed, not_modified, failed };
Precondition check_preconditions(const Request& request, std::string_view etag,
                                 base::Time last_modified);
// Whether Range counts: without If-Range always, with it only for the same representation.
bool if_range_holds(const Request& request, std::string_view etag, base::Time last_modified);

struct Download {
  std::shared_ptr<const FileHandle> file;
  std::string etag;  // strong, with its quotes
  base::Time last_modified;
  std::string content_type = "application/octet-stream";
  std::vector<std::pair<std::string, std::string>> headers;  // more, such as Content-Disposition
};

// The answer to a GET or HEAD of the file. Headers in this order: Date, Content-Type,
// Content-Length, Last-Modified, ETag, Accept-Ranges, the caller's, Connection, Content-Range.
Response download(const Request& request, const Download& what);

}  // namespace otaru::http
