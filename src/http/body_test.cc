// SPDX-License-Identifier: Apache-2.0
#include "http/body.h"

#include <gtest/gtest.h>

namespace otaru::http {
namespace {

HeadFacts of_length(int64_t length) {
  HeadFacts facts;
  facts.content_length = length;
  return facts;
}

HeadFacts of_chunks() {
  HeadFacts facts;
  facts.chunked = true;
  return facts;
}

TEST(BodyDecoder, ByLength) {
  BodyDecoder body(of_length(5), 5);
  std::string out;
  EXPECT_EQ(body.feed("he", out), 2u);
  EXPECT_EQ(body.readable(), 3u);
  EXPECT_EQ(body.state(), BodyDecoder::State::more);
  EXPECT_EQ(body.feed("lloGET", out), 3u);
  EXPECT_EQ(body.state(), BodyDecoder::State::done);
  EXPECT_EQ(out, "hello");
  EXPECT_EQ(BodyDecoder(of_length(6), 5).state(), BodyDecoder::State::too_large);
  EXPECT_EQ(BodyDecoder(of_length(0), 0).state(), BodyDecoder::State::done);
  EXPECT_EQ(BodyDecoder(HeadFacts{}, 0).state(), BodyDecoder::State::done);
}

TEST(BodyDecoder, ByChunks) {
  BodyDecoder body(of_chunks(), 5);
  std::string out;
  const std::string text = "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\nGET";
  EXPECT_EQ(body.feed(text, out), text.size() - 3);
  EXPECT_EQ(body.state(), BodyDecoder::State::done);
  EXPECT_EQ(out, "hello");

  BodyDecoder large(of_chunks(), 4);
  large.feed(text, out);
  EXPECT_EQ(large.state(), BodyDecoder::State::too_large);
  // One byte over in the middle of a chunk counts too.
  BodyDecoder slow(of_chunks(), 2);
  for (const char c : text) slow.feed(std::string_view(&c, 1), out);
  EXPECT_EQ(slow.state(), BodyDecoder::State::too_large);
  // So does the announcement alone: nobody waits for bytes that are refused anyway.
  BodyDecoder announced(of_chunks(), 4);
  announced.feed("5\r\n", out);
  EXPECT_EQ(announced.state(), BodyDecoder::State::too_large);

  BodyDecoder bad(of_chunks(), 100);
  bad.feed("3\nhel", out);
  EXPECT_EQ(bad.state(), BodyDecoder::State::malformed);
  EXPECT_FALSE(bad.why().empty());
}

}  // namespace
}  // namespace otaru::http
