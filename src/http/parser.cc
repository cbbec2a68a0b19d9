// SPDX-License-Identifier: Apache-2.0
#include "http/parser.h"

#include <cstring>

#include "base/encoding.h"
#include "base/limits.h"
#include "http/characters.h"

namespace otaru::http {
namespace {

namespace limits = base::limits;
namespace cls = characters;

constexpr auto npos = std::string_view::npos;

Method method_of(std::string_view text) {
  switch (text.size()) {
    case 3:
      if (text == "GET") return Method::get;
      if (text == "PUT") return Method::put;
      break;
    case 4:
      if (text == "POST") return Method::post;
      if (text == "HEAD") return Method::head;
      break;
    case 5:
      if (text == "PATCH") return Method::patch;
      break;
    case 6:
      if (text == "DELETE") return Method::del;
      break;
    case 7:
      if (text == "OPTIONS") return Method::options;
      break;
    default:
      break;
  }
  return Method::other;
}

// Takes the first line off `rest`, without its CRLF or LF. Every line of a complete head has one.
std::string_view take_line(std::string_view& rest) {
  const size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

// Calls fn for each element of a comma-separated list (RFC 9110 5.6.1), blanks removed.
template <class Fn>
void for_each_element(std::string_view list, Fn fn) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    fn(trim_ows(list.substr(0, comma)));
    if (comma == npos) break;
    list.remove_prefix(comma + 1);
  }
}

// Only digits: "+5", "5,5", "0x5" and the empty text are how smuggling starts (RFC 9112 6.3).
bool parse_length(std::string_view text, int64_t& out) {
  if (text.empty() || !all_of_class(text, cls::kDigit)) return false;
  const auto value = base::parse_int(text);
  if (!value) return false;
  out = *value;
  return true;
}

}  // namespace

HeadParser::State HeadParser::refuse(int status, std::string_view why) {
  refusal_status_ = status;
  refusal_why_ = why;
  return State::refused;
}

HeadParser::State HeadParser::parse(std::string_view buffer, Request& request) {
  if (refusal_status_ != 0) return State::refused;
  // One empty line before a request is tolerated (RFC 9112 2.2); old clients send it after a body.
  while (!leading_done_ && start_ < buffer.size()) {
    const char c = buffer[start_];
    if ((c == '\r' || c == '\n') && start_ < 4) {
      ++start_;
      scanned_ = start_;
      continue;
    }
    leading_done_ = true;
    started_ = true;
    if (!is_class(c, cls::kToken)) return refuse(400, "request line: not a method");
  }
  if (!leading_done_) return State::incomplete;
  if (!find_end(buffer)) return limits_of_unfinished(buffer);
  if (head_bytes_ > limits::kHeadBytesMax) return limits_of_unfinished(buffer);
  return parse_whole(buffer.substr(start_, head_bytes_ - start_), request);
}

// Looks for an empty line in the bytes not yet looked at; sets head_bytes_.
bool HeadParser::find_end(std::string_view buffer) {
  size_t at = scanned_;
  while (at < buffer.size()) {
    const void* found = std::memchr(buffer.data() + at, '\n', buffer.size() - at);
    if (found == nullptr) break;
    const auto lf = static_cast<size_t>(static_cast<const char*>(found) - buffer.data());
    const size_t next = lf + 1;
    if (next < buffer.size() && buffer[next] == '\n') {
      head_bytes_ = next + 1;
      return true;
    }
    if (next + 1 < buffer.size() && buffer[next] == '\r' && buffer[next + 1] == '\n') {
      head_bytes_ = next + 2;
      return true;
    }
    if (next + 1 >= buffer.size()) {
      scanned_ = lf;  // what follows this LF is not known yet: look at it again
      return false;
    }
    at = next;
  }
  scanned_ = buffer.size();
  return false;
}

// The same verdict whether the head is too long as a whole or still growing: by its first line when
// that alone is too long, else by its size.
HeadParser::State HeadParser::limits_of_unfinished(std::string_view buffer) {
  if (buffer.size() <= limits::kHeadBytesMax) return State::incomplete;
  const size_t line = buffer.substr(0, limits::kHeadBytesMax + 1).find('\n', start_);
  if (line == npos) return refuse(414, "request line too long");
  return refuse(431, "request head too large");
}

HeadParser::State HeadParser::parse_whole(std::string_view head, Request& request) {
  request.headers.clear();
  if (const State s = parse_request_line(take_line(head), request); s != State::complete) return s;
  for (;;) {
    const std::string_view line = take_line(head);
    if (line.empty()) break;
    if (const State s = parse_header_line(line, request); s != State::complete) return s;
  }
  return finish(request);
}

HeadParser::State HeadParser::parse_request_line(std::string_view line, Request& request) {
  const size_t first = line.find(' ');
  if (first == npos) return refuse(400, "request line: no target");
  const size_t last = line.rfind(' ');
  if (last == first) return refuse(400, "request line: no version");
  request.method_text = line.substr(0, first);
  if (!is_token(request.method_text)) return refuse(400, "request line: not a method");
  request.method = method_of(request.method_text);
  request.target = line.substr(first + 1, last - first - 1);
  if (request.target.size() > limits::kTargetBytesMax) return refuse(414, "target too long");
  if (request.target.empty() || !all_of_class(request.target, cls::kTarget)) {
    return refuse(400, "request line: bad target");
  }
  if (const State s = parse_version(line.substr(last + 1), request); s != State::complete) return s;
  // CONNECT asks for a tunnel; this is not a proxy (RFC 9110 9.3.6).
  if (request.method_text == "CONNECT") return refuse(501, "no tunnels here");
  return parse_target(request);
}

HeadParser::State HeadParser::parse_version(std::string_view text, Request& request) {
  const bool shape = text.size() == 8 && text.substr(0, 5) == "HTTP/" && text[6] == '.' &&
                     is_class(text[5], cls::kDigit) && is_class(text[7], cls::kDigit);
  if (!shape) return refuse(400, "request line: bad version");
  if (text[5] != '1') return refuse(505, "only HTTP/1.0 and HTTP/1.1");
  // A higher minor version is answered as the highest we speak (RFC 9110 2.5).
  request.version_minor = text[7] == '0' ? 0 : 1;
  return State::complete;
}

HeadParser::State HeadParser::parse_target(Request& request) {
  std::string_view target = request.target;
  request.host = {};
  if (target.front() != '/') {
    if (target == "*" && request.method == Method::options) {
      request.path = target;
      request.query = {};
      return State::complete;
    }
    // absolute-form: servers must take it, and its authority wins over Host (RFC 9112 3.2.2).
    const size_t scheme = target.find("://");
    if (scheme == npos || !(base::iequals(target.substr(0, scheme), "http") ||
                            base::iequals(target.substr(0, scheme), "https"))) {
      return refuse(400, "request line: bad target");
    }
    target.remove_prefix(scheme + 3);
    const size_t end = target.find_first_of("/?");
    request.host = target.substr(0, end);
    if (request.host.empty() || !all_of_class(request.host, cls::kHost)) {
      return refuse(400, "request line: bad authority");
    }
    target = end == npos ? std::string_view() : target.substr(end);
    absolute_form_ = true;
  }
  const size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  if (request.path.empty()) request.path = "/";
  request.query = mark == npos ? std::string_view() : target.substr(mark + 1);
  return State::complete;
}

HeadParser::State HeadParser::parse_header_line(std::string_view line, Request& request) {
  size_t colon = 0;
  while (colon < line.size() && is_class(line[colon], cls::kToken)) ++colon;
  // Also catches folded lines and blanks before the colon (RFC 9112 5.1, 5.2).
  if (colon == 0 || colon == line.size() || line[colon] != ':') {
    return refuse(400, "bad header line");
  }
  if (request.headers.size() >= limits::kHeadersMax) return refuse(431, "too many headers");
  const HeaderView header{line.substr(0, colon), trim_ows(line.substr(colon + 1))};
  if (has_control(header.value)) return refuse(400, "control character in a header");
  request.headers.push_back(header);
  return note_header(header, request);
}

HeadParser::State HeadParser::note_header(const HeaderView& header, Request& request) {
  switch (header.name.size()) {
    case 4:
      if (!base::iequals(header.name, "host")) break;
      if (host_header_) return refuse(400, "two Host headers");
      if (!all_of_class(header.value, cls::kHost)) return refuse(400, "bad Host header");
      host_header_ = true;
      if (!absolute_form_) request.host = header.value;
      break;
    case 6:
      if (!base::iequals(header.name, "expect")) break;
      if (base::iequals(header.value, "100-continue")) {
        facts_.expect_continue = true;
      } else {
        facts_.expect_unknown = true;
      }
      break;
    case 10:
      if (!base::iequals(header.name, "connection")) break;
      for_each_element(header.value, [this](std::string_view token) {
        if (base::iequals(token, "close")) close_token_ = true;
        if (base::iequals(token, "keep-alive")) keep_alive_token_ = true;
      });
      break;
    case 14:
      if (!base::iequals(header.name, "content-length")) break;
      if (facts_.content_length >= 0) return refuse(400, "two Content-Length headers");
      if (!parse_length(header.value, facts_.content_length)) {
        return refuse(400, "bad Content-Length");
      }
      break;
    case 17:
      if (!base::iequals(header.name, "transfer-encoding")) break;
      if (transfer_encoding_) return refuse(400, "two Transfer-Encoding headers");
      transfer_encoding_ = true;
      if (!base::iequals(header.value, "chunked")) {
        return refuse(501, "only the chunked transfer coding");
      }
      facts_.chunked = true;
      break;
    default:
      break;
  }
  return State::complete;
}

HeadParser::State HeadParser::finish(Request& request) {
  if (facts_.chunked && facts_.content_length >= 0) {
    return refuse(400, "both Content-Length and Transfer-Encoding");
  }
  // An HTTP/1.0 client does not know the coding; somebody in between does (RFC 9112 6.1).
  if (facts_.chunked && request.version_minor == 0) {
    return refuse(400, "Transfer-Encoding in HTTP/1.0");
  }
  facts_.host_given = host_header_ || absolute_form_;
  facts_.keep_alive = !close_token_ && (request.version_minor >= 1 || keep_alive_token_);
  if (request.version_minor == 0) {
    facts_.expect_continue = false;  // RFC 9110 10.1.1
    facts_.expect_unknown = false;
  }
  return State::complete;
}

}  // namespace otaru::http
