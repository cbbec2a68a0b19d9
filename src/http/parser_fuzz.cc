// SPDX-License-Identifier: Apache-2.0
// A connection's bytes: heads and bodies, one request after the other. Whatever is made of them
// must not depend on where the network cut them.
#include "http/parser.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "http/body.h"
#include "http/characters.h"

namespace {

using otaru::http::BodyDecoder;
using otaru::http::HeadParser;
using otaru::http::Request;

constexpr size_t kBodyMax = 4096;

// All that a reader of the bytes could act upon, as text.
std::string describe(const HeadParser& parser, const Request& request) {
  const auto& facts = parser.facts();
  std::string out = std::to_string(parser.head_bytes()) + "|";
  for (const std::string_view text :
       {request.method_text, request.target, request.path, request.query, request.host}) {
    out.append(text).append("|");
  }
  for (const auto& h : request.headers) out.append(h.name).append("=").append(h.value).append("|");
  out += std::to_string(facts.content_length) + "|" + std::to_string(request.version_minor);
  for (const bool flag : {facts.chunked, facts.keep_alive, facts.expect_continue,
                          facts.expect_unknown, facts.host_given}) {
    out += flag ? '1' : '0';
  }
  return out;
}

// What must hold for every head that is taken.
void check_head(const HeadParser& parser, const Request& request, std::string_view bytes) {
  constexpr std::string_view kNotInTarget(" \r\n\t\0#", 6);
  constexpr std::string_view kNotInValue("\r\n\0", 3);
  OTARU_ASSERT(parser.head_bytes() <= bytes.size());
  OTARU_ASSERT(bytes.substr(0, parser.head_bytes()).back() == '\n');
  OTARU_ASSERT(request.path == "*" || request.path.front() == '/');
  OTARU_ASSERT(request.target.find_first_of(kNotInTarget) == std::string_view::npos);
  OTARU_ASSERT(otaru::http::is_token(request.method_text));
  size_t lengths = 0;
  size_t codings = 0;
  for (const auto& h : request.headers) {
    OTARU_ASSERT(otaru::http::is_token(h.name));
    OTARU_ASSERT(h.value.find_first_of(kNotInValue) == std::string_view::npos);
    if (h.name.size() == 14 && (h.name[0] | 0x20) == 'c') ++lengths;
    if (h.name.size() == 17 && (h.name[0] | 0x20) == 't') ++codings;
  }
  // Two readers must never find two ends of one message.
  const auto& facts = parser.facts();
  OTARU_ASSERT(!(facts.chunked && facts.content_length >= 0));
  OTARU_ASSERT(!facts.chunked || codings > 0);
  OTARU_ASSERT(facts.content_length < 0 || lengths > 0);
}

// Reads all requests of a connection, given `cut` bytes first, then `step` bytes at a time.
std::string read_connection(std::string_view bytes, size_t cut, size_t step) {
  std::string out;
  size_t begin = 0;
  size_t end = std::min(cut, bytes.size());
  const auto more = [&] {
    if (end == bytes.size()) return false;
    end = std::min(end + step, bytes.size());
    return true;
  };
  for (;;) {
    HeadParser parser;
    Request request;
    HeadParser::State state = HeadParser::State::incomplete;
    do {
      state = parser.parse(bytes.substr(begin, end - begin), request);
    } while (state == HeadParser::State::incomplete && more());
    if (state == HeadParser::State::incomplete) return out + "unfinished";
    if (state == HeadParser::State::refused) {
      return out + "refused " + std::to_string(parser.refusal_status());
    }
    check_head(parser, request, bytes.substr(begin, end - begin));
    out += describe(parser, request) + "\n";
    begin += parser.head_bytes();
    BodyDecoder body(parser.facts(), kBodyMax);
    std::string decoded;
    while (body.state() == BodyDecoder::State::more) {
      begin += body.feed(bytes.substr(begin, end - begin), decoded);
      if (body.state() == BodyDecoder::State::more && begin == end && !more()) {
        return out + "unfinished body: " + decoded;
      }
    }
    OTARU_ASSERT(decoded.size() <= kBodyMax);
    if (body.state() == BodyDecoder::State::malformed) return out + "malformed body";
    if (body.state() == BodyDecoder::State::too_large) return out + "large body";
    out += decoded + "\n";
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = read_connection(bytes, bytes.size(), 1);
  OTARU_ASSERT(read_connection(bytes, 1, 1) == whole);
  OTARU_ASSERT(read_connection(bytes, 1, 7) == whole);
  // Every single cut where that is quick, some of them otherwise.
  const size_t stride = size <= 512 ? 1 : size / 64;
  for (size_t cut = 1; cut < size; cut += stride) {
    OTARU_ASSERT(read_connection(bytes, cut, size) == whole);
  }
  return 0;
}
