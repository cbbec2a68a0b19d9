// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.h"
#include "base/random.h"

namespace otaru::base {
namespace {

TEST(Hash, KnownDigests) {  // RFC 1321 A.5, FIPS 180-4 examples
  EXPECT_EQ(hex(digest(HashKind::md5, "abc")), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(hex(digest(HashKind::sha1, "abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex(digest(HashKind::sha256, "abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Hash, LongDigestsOfPieces) {  // FIPS 180-4 examples
  const auto of_pieces = [](LongHashKind kind) {
    Hasher hasher(kind);
    for (const std::string_view piece : {"", "a", "bc"}) hasher.update(piece);
    return hex(hasher.finish());
  };
  EXPECT_EQ(of_pieces(LongHashKind::sha384),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
            "8086072ba1e7cc2358baeca134c825a7");
  EXPECT_EQ(of_pieces(LongHashKind::sha512),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Hash, KnownMacs) {  // RFC 2202 case 2, RFC 4231 case 2
  const std::string_view key = "Jefe";
  const std::string_view data = "what do ya want for nothing?";
  EXPECT_EQ(hex(hmac(HashKind::md5, key, data)), "750c783e6ab0b503eaa86e310a5db738");
  EXPECT_EQ(hex(hmac(HashKind::sha1, key, data)), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(hex(hmac(HashKind::sha256, key, data)),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac(HashKind::sha256, "", "").size(), 32u);
}

// RFC 2202 case 6, RFC 4231 case 6: the key is hashed first. And a key of exactly one block.
TEST(Hash, MacsOfLongKeys) {
  const std::string_view data = "Test Using Larger Than Block-Size Key - Hash Key First";
  EXPECT_EQ(hex(hmac(HashKind::md5, std::string(80, '\xaa'), data)),
            "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
  EXPECT_EQ(hex(hmac(HashKind::sha1, std::string(80, '\xaa'), data)),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112");
  EXPECT_EQ(hex(hmac(HashKind::sha256, std::string(131, '\xaa'), data)),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hex(hmac(HashKind::sha256, std::string(64, 'k'), "abc")),
            "ae0c0e4a2340cf50185eb46aaa8723f4769153661612e212fb0d1fa3170c6202");
  // What was hashed before does not show.
  EXPECT_EQ(hex(hmac(HashKind::md5, "Jefe", "what do ya want for nothing?")),
            "750c783e6ab0b503eaa86e310a5db738");
}

TEST(Hash, OnePassGivesTheSameAsThree) {
  SeededRandom random(3);
  const std::string data = random.bytes(100'000);
  MultiHasher hasher;
  for (size_t at = 0; at < data.size();) {
    const size_t count = 1 + random.below(5'000);
    hasher.update(std::string_view(data).substr(at, count));
    at += count;
  }
  const Digests digests = hasher.finish();
  EXPECT_EQ(digests.md5, hex(digest(HashKind::md5, data)));
  EXPECT_EQ(digests.sha1, hex(digest(HashKind::sha1, data)));
  EXPECT_EQ(digests.sha256, hex(digest(HashKind::sha256, data)));
}

TEST(Hash, OneDigestOfAStreamIsTheDigestOfTheWhole) {
  const std::string data(10'000, 'q');
  for (const auto kind : {HashKind::md5, HashKind::sha1, HashKind::sha256}) {
    Hasher hasher(kind);
    for (size_t at = 0; at < data.size(); at += 777) {
      hasher.update(std::string_view(data).substr(at, 777));
    }
    EXPECT_EQ(hasher.finish(), digest(kind, data));
    EXPECT_EQ(Hasher(kind).finish(), digest(kind, ""));
  }
}

TEST(Hash, ComparingLooksAtEveryByte) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("abc", "abc"));
  EXPECT_FALSE(constant_time_equal("abc", "abd"));
  EXPECT_FALSE(constant_time_equal("abc", "ab"));
}

// Part of the stored format: buckets of existing devices depend on these very numbers.
TEST(Hash, StableHashNeverChanges) {
  EXPECT_EQ(stable_hash(""), 0xefd01f60ba992926ull);
  EXPECT_EQ(stable_hash("device-1"), 0xe340ac1c4190ad44ull);
  EXPECT_EQ(stable_hash("device-1", 1), 0x49088e8eee091735ull);
}

TEST(Hash, StableHashSpreadsShortKeys) {
  int counts[256] = {};
  for (int i = 0; i < 25'600; ++i) ++counts[stable_hash("dev" + std::to_string(i)) & 255];
  for (const int count : counts) {
    EXPECT_GT(count, 50);  // 100 are expected; five standard deviations
    EXPECT_LT(count, 150);
  }
}

TEST(Seal, OpensOnlyWithItsKeyAndUnchanged) {
  const std::string key(kSealKeyBytes, 'k');
  const std::string sealed = seal(key, "a secret");
  EXPECT_EQ(sealed.find("a secret"), std::string::npos);
  EXPECT_NE(sealed, seal(key, "a secret"));  // a fresh nonce each time
  const auto opened = unseal(key, sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, "a secret");
  EXPECT_FALSE(unseal(std::string(kSealKeyBytes, 'x'), sealed));
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(unseal(key, changed)) << i;
    EXPECT_FALSE(unseal(key, std::string_view(sealed).substr(0, i))) << i;
  }
}

}  // namespace
}  // namespace otaru::base
