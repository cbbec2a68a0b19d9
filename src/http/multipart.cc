// SPDX-License-Identifier: Apache-2.0
#include "http/multipart.h"

#include "base/encoding.h"
#include "base/limits.h"
#include "http/characters.h"

namespace otaru::http {
namespace {

constexpr auto kNowhere = std::string_view::npos;

// Takes one ";name=value" off `rest`; value is a token or a quoted string. The escapes of browsers
// (%22 for a quote) are left alone, `\"` is a quote.
struct HeaderParam {
  std::string_view name;
  std::string value;
};
std::optional<HeaderParam> take_param(std::string_view& rest) {
  rest = trim_ows(rest);
  if (rest.empty() || rest.front() != ';') return std::nullopt;
  rest = trim_ows(rest.substr(1));
  size_t end = 0;
  while (end < rest.size() && is_class(rest[end], characters::kToken)) ++end;
  HeaderParam out{rest.substr(0, end), {}};
  if (end == 0 || end == rest.size() || rest[end] != '=') return std::nullopt;
  rest.remove_prefix(end + 1);
  if (rest.empty() || rest.front() != '"') {
    end = 0;
    while (end < rest.size() && rest[end] != ';' && rest[end] != ' ' && rest[end] != '\t') ++end;
    out.value = rest.substr(0, end);
    rest.remove_prefix(end);
    return out;
  }
  for (size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return out;
    }
    if (rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\')) ++i;
    out.value.push_back(rest[i]);
  }
  return std::nullopt;  // the quote is never closed
}

base::Status read_disposition(std::string_view value, MultipartPart& part) {
  const size_t semicolon = value.find(';');
  if (!base::iequals(trim_ows(value.substr(0, semicolon)), "form-data")) {
    return base::fail(base::Code::invalid, "multipart: not form-data");
  }
  std::string_view rest = semicolon == kNowhere ? std::string_view() : value.substr(semicolon);
  bool named = false;
  while (!rest.empty()) {
    auto param = take_param(rest);
    if (!param) return base::fail(base::Code::invalid, "multipart: bad Content-Disposition");
    if (base::iequals(param->name, "name")) {
      part.name = std::move(param->value);
      named = true;
    } else if (base::iequals(param->name, "filename")) {
      part.filename = std::move(param->value);
    }
    rest = trim_ows(rest);
  }
  if (!named) return base::fail(base::Code::invalid, "multipart: a part without a name");
  return {};
}

// Finds CRLF + delimiter that ends a line (or the body); `after` is behind the delimiter.
size_t find_delimiter(std::string_view text, std::string_view delimiter, size_t& after) {
  for (size_t at = text.find(delimiter); at != kNowhere; at = text.find(delimiter, at + 1)) {
    after = at + delimiter.size();
    const std::string_view behind = text.substr(after);
    // Another boundary that this one is a prefix of is no delimiter.
    const size_t blanks = behind.find_first_not_of(" \t");
    const std::string_view end = blanks == kNowhere ? std::string_view() : behind.substr(blanks);
    if (behind.substr(0, 2) == "--" || end.substr(0, 2) == "\r\n") return at;
  }
  return kNowhere;
}

}  // namespace

// `left` begins right after a delimiter line; on return it begins with the part's data.
base::Result<MultipartPart> take_part_head(std::string_view& left) {
  MultipartPart part;
  bool disposition = false;
  size_t bytes = 0;
  for (;;) {
    const size_t end = left.find("\r\n");
    if (end == kNowhere) return base::fail(base::Code::invalid, "multipart: unfinished part head");
    const std::string_view line = left.substr(0, end);
    left.remove_prefix(end + 2);
    if (line.empty()) break;
    bytes += line.size();
    if (bytes > base::limits::kMultipartHeadBytesMax) {
      return base::fail(base::Code::too_large, "multipart: part head too large");
    }
    const size_t colon = line.find(':');
    if (colon == kNowhere || !is_token(line.substr(0, colon)) || has_control(line)) {
      return base::fail(base::Code::invalid, "multipart: bad part head");
    }
    const std::string_view value = trim_ows(line.substr(colon + 1));
    if (base::iequals(line.substr(0, colon), "content-disposition")) {
      if (disposition) return base::fail(base::Code::invalid, "multipart: two dispositions");
      disposition = true;
      OTARU_CHECK(read_disposition(value, part));
    } else if (base::iequals(line.substr(0, colon), "content-type")) {
      part.content_type = value;
    }
  }
  if (!disposition) return base::fail(base::Code::invalid, "multipart: a part without a name");
  return part;
}

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  const size_t semicolon = content_type.find(';');
  if (semicolon == kNowhere ||
      !base::iequals(trim_ows(content_type.substr(0, semicolon)), "multipart/form-data")) {
    return std::nullopt;
  }
  std::string_view rest = content_type.substr(semicolon);
  while (!rest.empty()) {
    auto param = take_param(rest);
    if (!param) return std::nullopt;
    if (!base::iequals(param->name, "boundary")) continue;
    // RFC 2046 5.1.1: 1 to 70 characters.
    if (param->value.empty() || param->value.size() > 70 || has_control(param->value)) {
      return std::nullopt;
    }
    return std::move(param->value);
  }
  return std::nullopt;
}

base::Result<std::vector<MultipartPart>> parse_multipart(std::string_view body,
                                                         std::string_view boundary) {
  if (boundary.empty()) return base::fail(base::Code::invalid, "multipart: no boundary");
  const std::string delimiter = "\r\n--" + std::string(boundary);
  std::vector<MultipartPart> parts;
  std::string_view left = body;
  size_t after = 0;
  // The first delimiter may stand at the very beginning, without the CRLF in front of it.
  const std::string_view first = std::string_view(delimiter).substr(2);
  if (left.substr(0, first.size()) == first) {
    after = first.size();
  } else if (find_delimiter(left, delimiter, after) == kNowhere) {
    return base::fail(base::Code::invalid, "multipart: no boundary line");
  }
  for (;;) {
    left.remove_prefix(after);
    if (left.substr(0, 2) == "--") return parts;
    const size_t line_end = left.find("\r\n");
    if (line_end == kNowhere || !trim_ows(left.substr(0, line_end)).empty()) {
      return base::fail(base::Code::invalid, "multipart: bad boundary line");
    }
    if (parts.size() >= base::limits::kMultipartPartsMax) {
      return base::fail(base::Code::too_large, "multipart: too many parts");
    }
    // The CRLF of the boundary line may also be the one of the next delimiter (an empty head is
    // refused below), so it is taken here.
    left.remove_prefix(line_end + 2);
    OTARU_TRY(part, take_part_head(left));
    const size_t end = find_delimiter(left, delimiter, after);
    if (end == kNowhere) return base::fail(base::Code::invalid, "multipart: unfinished part");
    part.data = left.substr(0, end);
    parts.push_back(std::move(part));
  }
}

const MultipartPart* find_part(const std::vector<MultipartPart>& parts, std::string_view name) {
  for (const auto& part : parts) {
    if (part.name == name) return &part;
  }
  return nullptr;
}

}  // namespace otaru::http
