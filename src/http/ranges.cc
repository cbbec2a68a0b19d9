// SPDX-License-Identifier: Apache-2.0
#include "http/ranges.h"

#include <algorithm>
#include <limits>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/limits.h"
#include "http/characters.h"
#include "http/date.h"

namespace otaru::http {
namespace {

constexpr int64_t kFar = std::numeric_limits<int64_t>::max();

// Digits only; numbers beyond int64 are "very far", not an error.
bool parse_position(std::string_view text, int64_t& out) {
  if (text.empty() || !all_of_class(text, characters::kDigit)) return false;
  out = base::parse_int(text).value_or(kFar);
  return true;
}

enum class SpecKind { bad, absent, present };

// One element of the set: "a-b", "a-" or "-n" (RFC 9110 14.1.1).
SpecKind parse_spec(std::string_view spec, int64_t size, ByteRange& out) {
  const size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return SpecKind::bad;
  const std::string_view left = spec.substr(0, dash);
  const std::string_view right = spec.substr(dash + 1);
  if (left.empty()) {
    int64_t suffix = 0;
    if (!parse_position(right, suffix)) return SpecKind::bad;
    if (suffix == 0 || size == 0) return SpecKind::absent;
    out = {size - std::min(suffix, size), size - 1};
    return SpecKind::present;
  }
  int64_t first = 0;
  int64_t last = kFar;
  if (!parse_position(left, first)) return SpecKind::bad;
  if (!right.empty() && !parse_position(right, last)) return SpecKind::bad;
  if (last < first) return SpecKind::bad;
  if (first >= size) return SpecKind::absent;
  out = {first, std::min(last, size - 1)};
  return SpecKind::present;
}

// Calls fn(tag) for every entity tag in all headers of that name, quotes and W/ included, until it
// returns true; "*" counts as a tag. Commas inside quotes are part of the tag.
template <class Fn>
bool any_tag(const Request& request, std::string_view name, Fn fn) {
  for (const HeaderView& h : request.headers) {
    if (!base::iequals(h.name, name)) continue;
    std::string_view left = h.value;
    while (!left.empty()) {
      const size_t start = left.find_first_not_of(", \t");
      if (start == std::string_view::npos) break;
      left.remove_prefix(start);
      size_t end = left.find_first_of("\", \t");
      if (end != std::string_view::npos && left[end] == '"') {
        const size_t close = left.find('"', end + 1);
        end = close == std::string_view::npos ? left.size() : close + 1;
      }
      if (end == std::string_view::npos) end = left.size();
      if (fn(left.substr(0, end))) return true;
      left.remove_prefix(end);
    }
  }
  return false;
}

std::string_view opaque(std::string_view tag) {
  return tag.substr(0, 2) == "W/" ? tag.substr(2) : tag;
}

bool has_header(const Request& request, std::string_view name) {
  return request.header(name).has_value();
}

// A date that is to be obeyed; a header that is none, or that stands there twice, is not.
std::optional<base::Time> date_header(const Request& request, std::string_view name) {
  std::optional<base::Time> out;
  bool seen = false;
  for (const HeaderView& h : request.headers) {
    if (!base::iequals(h.name, name)) continue;
    if (seen) return std::nullopt;
    seen = true;
    out = parse_http_date(h.value);
  }
  return out;
}

base::Time whole_seconds(base::Time t) {
  return base::Time{t.seconds() * base::kSecondMs};
}

// Range is not a list header: two of them say nothing (RFC 9110 5.3).
std::optional<std::string_view> only_range(const Request& request) {
  std::optional<std::string_view> out;
  for (const HeaderView& h : request.headers) {
    if (!base::iequals(h.name, "range")) continue;
    if (out) return std::nullopt;
    out = h.value;
  }
  return out;
}

std::string content_range(const ByteRange& range, int64_t size) {
  return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) + "/" +
         std::to_string(size);
}

// Lower-case, a token, and not to be found in the file: it depends on the file's own digest (the
// entity tag), which no file can contain on purpose.
std::string boundary_of(const Download& what, const std::vector<ByteRange>& ranges) {
  std::string seed = what.etag;
  for (const ByteRange& r : ranges) seed += "," + content_range(r, what.file->size());
  return base::hex(base::digest(base::HashKind::sha256, seed)).substr(0, 32);
}

void add_representation_headers(Response& r, const Download& what, std::string_view content_type) {
  r.slot(Slot::date);
  r.header("Content-Type", content_type);
  r.slot(Slot::content_length);
  r.header("Last-Modified", base::http_date(what.last_modified));
  r.header("ETag", what.etag);
  r.header("Accept-Ranges", "bytes");
  for (const auto& [name, value] : what.headers) r.header(name, value);
  r.slot(Slot::connection);
}

Response not_modified(const Download& what) {
  Response r(304);
  r.framing = Framing::none;
  r.slot(Slot::date).header("Last-Modified", base::http_date(what.last_modified));
  r.header("ETag", what.etag).slot(Slot::connection);
  return r;
}

Response without_body(int status) {
  Response r(status);
  r.slot(Slot::date).slot(Slot::content_length).slot(Slot::connection);
  return r;
}

Response one_range(const Download& what, const ByteRange& range) {
  Response r(206);
  add_representation_headers(r, what, what.content_type);
  r.header("Content-Range", content_range(range, what.file->size()));
  r.file({what.file, range.first, range.length()});
  return r;
}

// RFC 9110 14.6. The first boundary stands behind a CRLF of its own: delta clients search for the
// whole delimiter.
Response many_ranges(const Download& what, const std::vector<ByteRange>& ranges) {
  const std::string boundary = boundary_of(what, ranges);
  Response r(206);
  add_representation_headers(r, what, "multipart/byteranges; boundary=" + boundary);
  for (const ByteRange& range : ranges) {
    r.text("\r\n--" + boundary + "\r\nContent-Type: " + what.content_type +
           "\r\nContent-Range: " + content_range(range, what.file->size()) + "\r\n\r\n");
    r.file({what.file, range.first, range.length()});
  }
  r.text("\r\n--" + boundary + "--\r\n");
  return r;
}

}  // namespace

RangeRequest parse_range(std::string_view header, int64_t size) {
  RangeRequest out;
  const size_t equals = header.find('=');
  if (equals == std::string_view::npos || !base::iequals(header.substr(0, equals), "bytes")) {
    return out;  // another unit: ignored (RFC 9110 14.2)
  }
  std::string_view left = header.substr(equals + 1);
  std::vector<ByteRange> ranges;
  size_t specs = 0;
  int64_t total = 0;
  while (!left.empty()) {
    const size_t comma = left.find(',');
    const std::string_view spec = trim_ows(left.substr(0, comma));
    left.remove_prefix(comma == std::string_view::npos ? left.size() : comma + 1);
    if (spec.empty()) continue;  // RFC 9110 5.6.1.2
    if (++specs > base::limits::kRangesMax) return out;
    ByteRange range;
    switch (parse_spec(spec, size, range)) {
      case SpecKind::bad:
        return out;
      case SpecKind::absent:
        break;
      case SpecKind::present:
        // More than the whole file: overlapping ranges must not multiply the work (RFC 9110 17.15).
        if (range.length() > size - total) return out;
        total += range.length();
        ranges.push_back(range);
        break;
    }
  }
  if (specs == 0) return out;
  out.kind = ranges.empty() ? RangeRequest::Kind::unsatisfiable : RangeRequest::Kind::some;
  out.ranges = std::move(ranges);
  return out;
}

Precondition check_preconditions(const Request& request, std::string_view etag,
                                 base::Time last_modified) {
  last_modified = whole_seconds(last_modified);
  if (has_header(request, "if-match")) {
    const bool held = any_tag(request, "if-match", [etag](std::string_view tag) {
      return tag == "*" || tag == etag;  // strong comparison
    });
    if (!held) return Precondition::failed;
  } else if (const auto limit = date_header(request, "if-unmodified-since")) {
    if (last_modified > *limit) return Precondition::failed;
  }
  if (has_header(request, "if-none-match")) {
    const bool same = any_tag(request, "if-none-match", [etag](std::string_view tag) {
      return tag == "*" || opaque(tag) == opaque(etag);  // weak comparison
    });
    if (same) return Precondition::not_modified;
  } else if (const auto since = date_header(request, "if-modified-since")) {
    if (last_modified <= *since) return Precondition::not_modified;
  }
  return Precondition::proceed;
}

bool if_range_holds(const Request& request, std::string_view etag, base::Time last_modified) {
  const auto value = request.header("if-range");
  if (!value) return true;
  if (value->find('"') != std::string_view::npos) return *value == etag;  // strong comparison
  const auto date = date_header(request, "if-range");
  return date && *date == whole_seconds(last_modified);
}

Response download(const Request& request, const Download& what) {
  switch (check_preconditions(request, what.etag, what.last_modified)) {
    case Precondition::failed:
      return without_body(412);
    case Precondition::not_modified:
      return not_modified(what);
    case Precondition::proceed:
      break;
  }
  const int64_t size = what.file->size();
  RangeRequest wanted;
  // Only GET defines ranges (RFC 9110 14.2).
  if (request.method == Method::get && if_range_holds(request, what.etag, what.last_modified)) {
    if (const auto range = only_range(request)) wanted = parse_range(*range, size);
  }
  switch (wanted.kind) {
    case RangeRequest::Kind::unsatisfiable: {
      Response r = without_body(416);
      r.header("Content-Range", "bytes */" + std::to_string(size));
      return r;
    }
    case RangeRequest::Kind::some:
      return wanted.ranges.size() == 1 ? one_range(what, wanted.ranges[0])
                                       : many_ranges(what, wanted.ranges);
    case RangeRequest::Kind::whole:
      break;
  }
  Response r(200);
  add_representation_headers(r, what, what.content_type);
  if (request.method == Method::head) {
    r.declared_length = size;
  } else if (size > 0) {
    r.file({what.file, 0, size});
  }
  return r;
}

}  // namespace otaru::http
