// SPDX-License-Identifier: Apache-2.0
#include "http/tus.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/limits.h"

namespace otaru::http {
namespace {

TEST(Tus, MetadataIsPairsOfKeysAndBase64) {
  const auto pairs = parse_tus_metadata("filename d29ybGRfZG9taW5hdGlvbl9wbGFuLnBkZg==,secret");
  ASSERT_TRUE(pairs);
  EXPECT_EQ(*find_tus_metadata(*pairs, "filename"), "world_domination_plan.pdf");
  EXPECT_EQ(*find_tus_metadata(*pairs, "secret"), "");
  EXPECT_EQ(find_tus_metadata(*pairs, "filetype"), nullptr);
  EXPECT_TRUE(parse_tus_metadata("")->empty());
  EXPECT_TRUE(parse_tus_metadata("a YQ==, b YQ=="));
  for (const char* text :
       {",", "a YQ==,,b", "a !", "a YQ==,a YQ==", "\xc3\xa4 YQ==", "a\tb YQ=="}) {
    const auto refused = parse_tus_metadata(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().field, "Upload-Metadata");
  }
  std::string many;
  for (size_t i = 0; i <= base::limits::kUploadMetadataPairsMax; ++i) {
    many += (i == 0 ? "k" : ",k") + std::to_string(i);
  }
  EXPECT_EQ(parse_tus_metadata(many).error().code, base::Code::too_large);
  EXPECT_EQ(parse_tus_metadata("k " + std::string(5000, 'A')).error().code, base::Code::too_large);
}

TEST(Tus, ChecksumsOfThreeKinds) {
  const auto checksum = parse_tus_checksum("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=");
  ASSERT_TRUE(checksum);
  EXPECT_EQ(base::hex(checksum->digest), "2aae6c35c94fcfb415dbe95f408b9ce91ee846ed");
  EXPECT_TRUE(parse_tus_checksum("md5 XrY7u+Ae7tCTyyK7j1rNww=="));
  for (const char* text :
       {"", "sha1", "sha1 ", "sha1 AAAA", "sha512 AAAA", "SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
        "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0="}) {
    EXPECT_FALSE(parse_tus_checksum(text)) << text;
  }
}

TEST(Tus, FileNamesAreMadePlain) {
  EXPECT_EQ(plain_file_name("lamp-1.0.bin"), "lamp-1.0.bin");
  EXPECT_EQ(plain_file_name("C:\\fakepath\\my lamp.bin"), "my_lamp.bin");
  EXPECT_EQ(plain_file_name("../../etc/passwd"), "passwd");
  EXPECT_EQ(plain_file_name(".hidden"), "_hidden");
  EXPECT_EQ(plain_file_name("a\"b\n"), "a_b_");
  EXPECT_EQ(plain_file_name("/"), "upload");
  EXPECT_EQ(plain_file_name(std::string(1000, 'a')).size(), base::limits::kNameBytesMax);
}

}  // namespace
}  // namespace otaru::http
