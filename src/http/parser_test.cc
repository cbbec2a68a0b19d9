// SPDX-License-Identifier: Apache-2.0
#include "http/parser.h"

#include <gtest/gtest.h>

#include <string>

#include "base/limits.h"

namespace otaru::http {
namespace {

using State = HeadParser::State;

struct Parsed {
  State state = State::incomplete;
  int status = 0;
  HeadFacts facts;
  Request request;
  size_t bytes = 0;
};

Parsed parse_once(std::string_view text) {
  Parsed out;
  HeadParser parser;
  out.state = parser.parse(text, out.request);
  out.status = parser.refusal_status();
  out.facts = parser.facts();
  out.bytes = parser.head_bytes();
  return out;
}

int status_of(std::string_view text) {
  return parse_once(text).status;
}

std::string with_header(const std::string& line) {
  return "POST /x HTTP/1.1\r\nHost: h\r\n" + line + "\r\n\r\n";
}

TEST(HeadParser, PlainRequest) {
  const std::string text =
      "POST /a/b?x=1&y=%20 HTTP/1.1\r\nHost: example\r\nContent-Length: 12\r\n\r\nbody";
  const Parsed p = parse_once(text);
  ASSERT_EQ(p.state, State::complete);
  EXPECT_EQ(p.request.method, Method::post);
  EXPECT_EQ(p.request.path, "/a/b");
  EXPECT_EQ(p.request.query, "x=1&y=%20");
  EXPECT_EQ(p.request.host, "example");
  EXPECT_EQ(p.request.version_minor, 1);
  EXPECT_EQ(p.facts.content_length, 12);
  EXPECT_TRUE(p.facts.keep_alive);
  EXPECT_EQ(p.bytes, text.size() - 4);
}

TEST(HeadParser, OddButHarmlessSpellings) {
  const Parsed p = parse_once(
      "POST http://ota.heclouds.com/ota/device/version?dev_id=1 HTTP/1.1\r\n"
      "host:  other.example\r\nContent-Length:20\r\nAuthorization:version=2018-10-31&res=x\r\n"
      "charsets: utf-8\r\ncharsets: utf-8\r\nX-Tab:\tv \t\r\nX-Empty:\r\n\r\n");
  ASSERT_EQ(p.state, State::complete);
  EXPECT_EQ(p.request.host, "ota.heclouds.com");  // the absolute-form authority wins
  EXPECT_EQ(p.request.path, "/ota/device/version");
  EXPECT_EQ(p.request.query, "dev_id=1");
  EXPECT_EQ(p.facts.content_length, 20);
  EXPECT_EQ(p.request.header("authorization"), "version=2018-10-31&res=x");
  EXPECT_EQ(p.request.header("X-TAB"), "v");
  EXPECT_EQ(p.request.header("x-empty"), "");
  EXPECT_EQ(p.request.headers.size(), 7u);
  EXPECT_EQ(p.request.headers[0].name, "host");
  EXPECT_EQ(parse_once(with_header("Content-Length:     42")).facts.content_length, 42);
}

TEST(HeadParser, AbsoluteFormCorners) {
  EXPECT_EQ(parse_once("GET http://h HTTP/1.1\r\n\r\n").request.path, "/");
  const Parsed query = parse_once("GET HTTPS://h:8443?a=b HTTP/1.1\r\n\r\n");
  EXPECT_EQ(query.request.path, "/");
  EXPECT_EQ(query.request.query, "a=b");
  EXPECT_EQ(query.request.host, "h:8443");
  EXPECT_TRUE(query.facts.host_given);
  EXPECT_EQ(status_of("GET http:///x HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET http://u@h/x HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET ftp://h/x HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET x HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET * HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(parse_once("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").request.path, "*");
  EXPECT_EQ(status_of("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"), 501);
}

TEST(HeadParser, KeepAliveAndVersions) {
  EXPECT_TRUE(parse_once("GET / HTTP/1.1\r\nHost: h\r\n\r\n").facts.keep_alive);
  EXPECT_FALSE(parse_once("GET / HTTP/1.0\r\n\r\n").facts.keep_alive);
  EXPECT_TRUE(parse_once("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").facts.keep_alive);
  EXPECT_FALSE(parse_once(with_header("Connection: TE , close")).facts.keep_alive);
  EXPECT_FALSE(
      parse_once(with_header("Connection: keep-alive\r\nConnection: close")).facts.keep_alive);
  EXPECT_EQ(parse_once("GET / HTTP/1.7\r\nHost: h\r\n\r\n").request.version_minor, 1);
  EXPECT_EQ(status_of("PRI * HTTP/2.0\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/3.0\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / http/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1 \r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/01.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /\r\n\r\n"), 400);
}

TEST(HeadParser, Expectations) {
  EXPECT_TRUE(parse_once(with_header("Expect: 100-Continue")).facts.expect_continue);
  EXPECT_TRUE(parse_once(with_header("Expect: magic")).facts.expect_unknown);
  const Parsed old = parse_once("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_FALSE(old.facts.expect_continue);
}

TEST(HeadParser, SmugglingIsRefused) {
  for (const char* line : {
           "Content-Length: 5\r\nTransfer-Encoding: chunked",
           "Transfer-Encoding: chunked\r\nContent-Length: 5",
           "Content-Length: 5\r\nContent-Length: 5",
           "Content-Length: 5\r\nContent-Length: 6",
           "Content-Length: 5,5",
           "Content-Length: 5, 5",
           "Content-Length: +5",
           "Content-Length: -5",
           "Content-Length: 5 5",
           "Content-Length: 0x5",
           "Content-Length: 5.0",
           "Content-Length:",
           "Content-Length: 9223372036854775808",
           "Content-Length: 99999999999999999999999",
           "Content-Length : 5",
           " Content-Length: 5",
           "X: a\r\n folded",
           "X: a\r\n\tfolded",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
           "Transfer-Encoding : chunked",
           "X: a\rTransfer-Encoding: chunked",
           "X\r: a",
           "X: a\r\r",
           ": nameless",
           "no colon",
           "Host: second",
       }) {
    EXPECT_EQ(status_of(with_header(line)), 400) << line;
  }
  for (const char* value : {"gzip", "gzip, chunked", "chunked, chunked", "chunked, identity",
                            "identity", "xchunked", "\"chunked\"", "chunked;q=1", ""}) {
    EXPECT_EQ(status_of(with_header(std::string("Transfer-Encoding: ") + value)), 501) << value;
  }
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_TRUE(parse_once(with_header("transfer-encoding:\tCHUNKED ")).facts.chunked);
}

TEST(HeadParser, BadBytesAreRefused) {
  for (const char c : {'\0', '\x01', '\x0b', '\x1f', '\x7f'}) {
    EXPECT_EQ(status_of(with_header(std::string("X: a") + c + "b")), 400) << int{c};
    EXPECT_EQ(status_of(with_header(std::string("X: 12345678901234567890") + c)), 400) << int{c};
    EXPECT_EQ(status_of(with_header(std::string("X") + c + ": b")), 400) << int{c};
    EXPECT_EQ(status_of(std::string("GET /a") + c + " HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  }
  EXPECT_EQ(status_of("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET  /a HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /a#frag HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("G(T / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("\x16\x03\x01"), 400);  // a TLS hello on a plain port: at once
  EXPECT_EQ(status_of(" GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of(with_header("N(me: x")), 400);
  EXPECT_EQ(status_of(with_header("Host2: a b")), 0);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400);
  EXPECT_EQ(status_of(with_header("X: caf\xc3\xa9")), 0);  // obs-text is allowed
}

TEST(HeadParser, EmptyLinesAndBareLineFeeds) {
  EXPECT_EQ(parse_once("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n").state, State::complete);
  EXPECT_EQ(status_of("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  const Parsed p = parse_once("GET / HTTP/1.1\nHost: h\nX: y\n\nrest");
  ASSERT_EQ(p.state, State::complete);
  EXPECT_EQ(p.request.header("x"), "y");
  EXPECT_EQ(parse_once("GET / HTTP/1.1\r\nHost: h\n\r\n").state, State::complete);
}

TEST(HeadParser, Limits) {
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\n";
  std::string many = start;
  for (size_t i = 1; i < base::limits::kHeadersMax; ++i) many += "A: b\r\n";
  EXPECT_EQ(parse_once(many + "\r\n").state, State::complete);
  EXPECT_EQ(status_of(many + "A: b\r\n\r\n"), 431);
  const std::string big(base::limits::kHeadBytesMax, 'x');
  EXPECT_EQ(status_of(start + "A: " + big), 431);
  EXPECT_EQ(status_of(start + "A: " + big + "\r\n\r\n"), 431);
  EXPECT_EQ(status_of("GET /" + big), 414);
  EXPECT_EQ(status_of("GET /" + std::string(base::limits::kTargetBytesMax, 'x') +
                      " HTTP/1.1\r\nHost: h\r\n\r\n"),
            414);
}

TEST(HeadParser, SameResultHoweverTheBytesArrive) {
  const std::string texts[] = {
      "\r\nPOST http://h/p?q HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n",
      "GET / HTTP/1.1\nHost: h\r\n\n",
      "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
  };
  for (const auto& text : texts) {
    const Parsed whole = parse_once(text);
    HeadParser parser;
    Request request;
    State state = State::incomplete;
    for (size_t n = 1; n <= text.size() && state == State::incomplete; ++n) {
      state = parser.parse(std::string_view(text).substr(0, n), request);
    }
    EXPECT_EQ(state, whole.state) << text;
    EXPECT_EQ(parser.refusal_status(), whole.status) << text;
    EXPECT_EQ(request.path, whole.request.path) << text;
    EXPECT_EQ(request.headers.size(), whole.request.headers.size()) << text;
  }
}

// Decodes `text` given in pieces of `piece` bytes; "!why" when refused, "?" when unfinished.
std::string dechunk(std::string_view text, size_t piece, size_t* used = nullptr) {
  ChunkDecoder decoder;
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    std::string_view input = text.substr(at, piece);
    const ChunkDecoder::Step step = decoder.step(input);
    at += step.consumed;
    out += step.data;
    if (step.state == ChunkDecoder::State::done) {
      if (used != nullptr) *used = at;
      return out;
    }
    if (step.state == ChunkDecoder::State::refused) {
      return "!" + std::string(decoder.refusal_why());
    }
  }
  return "?";
}

TEST(ChunkDecoder, DecodesHoweverTheBytesArrive) {
  const std::string text =
      "5\r\nhello\r\n006;name=\"v\";x\r\n world\r\nA \t; ext\r\n0123456789\r\n0\r\n"
      "Trailer: x\r\nOther: y\r\n\r\nNEXT";
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    size_t used = 0;
    EXPECT_EQ(dechunk(text, piece, &used), "hello world0123456789") << piece;
    EXPECT_EQ(text.substr(used), "NEXT") << piece;
  }
  EXPECT_EQ(dechunk("0\r\n\r\n", 1), "");
  EXPECT_EQ(dechunk("5\r\nhel", 99), "?");
}

TEST(ChunkDecoder, RefusesWhatTwoReadersCouldReadDifferently) {
  for (const char* text : {"5\nhello\r\n0\r\n\r\n",
                           "5\r\nhello\n0\r\n\r\n",
                           "5 \r\nhello\r\n",
                           "0x5\r\nhello\r\n",
                           "+5\r\nhello\r\n",
                           "-1\r\n",
                           "\r\n",
                           ";x\r\n",
                           "5\r\nhelloo\r\n",
                           "5;a\rb\r\n",
                           "5;a\nb\r\n",
                           "5\r5\r\n",
                           "g\r\n",
                           "1000000000000000\r\n",
                           "FFFFFFFFFFFFFFFFF\r\n",
                           "0\r\nA\n\r\n",
                           "0\r\n: x\r\n\r\n",
                           "0\r\n fold\r\n\r\n",
                           "0\r\n\rX",
                           "5;a\x01\r\n"}) {
    EXPECT_EQ(dechunk(text, 99).substr(0, 1), "!") << text;
    EXPECT_EQ(dechunk(text, 1).substr(0, 1), "!") << text;
  }
  EXPECT_EQ(dechunk("5;" + std::string(base::limits::kChunkLineBytesMax, 'x') + "\r\n", 7)[0], '!');
  EXPECT_EQ(
      dechunk("0\r\nA: " + std::string(base::limits::kTrailerBytesMax, 'x') + "\r\n\r\n", 7)[0],
      '!');
}

}  // namespace
}  // namespace otaru::http
