// SPDX-License-Identifier: Apache-2.0
#include "base/encoding.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace otaru::base {
namespace {

TEST(Encoding, HexBothWays) {
  EXPECT_EQ(hex(std::string_view("\x00\xab\xff", 3)), "00abff");
  EXPECT_EQ(hex_upper("\xab"), "AB");
  EXPECT_EQ(unhex("00aBfF"), std::string("\x00\xab\xff", 3));
  EXPECT_EQ(unhex(""), "");
  for (const std::string_view text : {"0", "0g", "g0", " 0", "0x"})
    EXPECT_FALSE(unhex(text)) << text;
}

TEST(Encoding, Base64OfTheRfc) {  // RFC 4648 10
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(unbase64("Zm9vYg=="), "foob");
  EXPECT_EQ(unbase64("Zm9vYg"), "foob");
  for (const std::string_view text : {"Z", "Zm9vY", "Zg=", "Zg===", "=", "Zm9v=", "Z g=", "Zm-_"}) {
    EXPECT_FALSE(unbase64(text)) << text;
  }
}

TEST(Encoding, RandomBytesSurviveBothWays) {
  SeededRandom random(7);
  for (int round = 0; round < 500; ++round) {
    const std::string bytes = random.bytes(random.below(70));
    EXPECT_EQ(unbase64(base64(bytes)), bytes);
    EXPECT_EQ(unhex(hex(bytes)), bytes);
    EXPECT_EQ(percent_decode(percent_encode(bytes), Plus::space), bytes);
  }
}

TEST(Encoding, PercentDecoding) {
  EXPECT_EQ(percent_decode("a%2Fb%2fc", Plus::literal), "a/b/c");
  EXPECT_EQ(percent_decode("a+b", Plus::literal), "a+b");
  EXPECT_EQ(percent_decode("a+b%2B", Plus::space), "a b+");
  EXPECT_EQ(percent_decode("%00", Plus::literal), std::string(1, '\0'));
  for (const std::string_view text : {"%", "%4", "a%", "%g0", "%0g", "%%41"}) {
    EXPECT_FALSE(percent_decode(text, Plus::literal)) << text;
  }
  EXPECT_EQ(percent_encode("a/b c~\xe6"), "a%2Fb%20c~%E6");
}

TEST(Encoding, NumbersAreWholeTexts) {
  EXPECT_EQ(parse_int("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(parse_uint("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_int("007"), 7);
  for (const std::string_view text :
       {"", " 1", "1 ", "+1", "0x1", "1.0", "9223372036854775808", "-"}) {
    EXPECT_FALSE(parse_int(text)) << text;
  }
  EXPECT_FALSE(parse_uint("-1"));
  EXPECT_FALSE(parse_uint("18446744073709551616"));
}

TEST(Encoding, AsciiHelpersLeaveOtherBytesAlone) {
  EXPECT_EQ(lower("ABC-\xc3\x84"), "abc-\xc3\x84");
  EXPECT_TRUE(iequals("Content-Length", "content-length"));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_FALSE(iequals("[", "{"));  // differ by 0x20, but are no letters
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \r\n"), "");
}

TEST(Encoding, Utf8AsRfc3629) {
  for (const std::string_view good : {"", "ascii", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf",
                                      "\xee\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(valid_utf8(good)) << hex(good);
  }
  for (const std::string_view bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc2", "\xe4\xb8", "\xf0\x9f\x98", "a\xff"}) {
    EXPECT_FALSE(valid_utf8(bad)) << hex(bad);
  }
}

TEST(Encoding, Base64urlHasItsOwnLetters) {
  EXPECT_EQ(base64url("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(base64url("a"), "YQ");
  EXPECT_EQ(unbase64url("-__-"), "\xfb\xff\xfe");
  EXPECT_EQ(unbase64url("YQ"), "a");
  EXPECT_EQ(unbase64url(""), "");
  for (const char* wrong : {"YQ==", "+//+", "Y", "Y Q"}) {
    EXPECT_FALSE(unbase64url(wrong).has_value()) << wrong;
  }
}

}  // namespace
}  // namespace otaru::base
