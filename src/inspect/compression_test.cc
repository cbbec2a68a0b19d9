// SPDX-License-Identifier: Apache-2.0
#include "inspect/compression.h"

#include <gtest/gtest.h>

#include "inspect/inspect_test_support.h"
#include "tests/support/workshop.h"

namespace otaru::inspect {
namespace {

using test::Workshop;

TEST(Compression, EveryPackerIsKnownByWhatItWrites) {
  Workshop shop;
  shop.write("a", test::plain(50'000));
  const std::vector<std::pair<std::string, std::string>> packers = {
      {"gzip -c a", "gzip"},
      {"xz -c a", "xz"},
      {"xz --format=lzma -c a", "lzma"},
      {"xz --format=lzma -9 -c a", "lzma"},
      {"zstd -q -c a", "zstd"},
      {"lz4 -q -c a", "lz4"},
      {"lz4 -q -l -c a", "lz4"},
      {"bzip2 -c a", "bzip2"},
  };
  for (const auto& [command, name] : packers) {
    const std::string bytes = shop.make(command + " > out", "out");
    EXPECT_EQ(compression_name(detect_compression(bytes)), name);
    const auto found = findings_of(bytes);
    EXPECT_EQ(found.kind, name);
    EXPECT_TRUE(found.sound()) << to_json(found);
    EXPECT_TRUE(found.has_note("payload-compressed"));
  }
  EXPECT_EQ(detect_compression(test::plain(100)), Compression::none);
  EXPECT_EQ(detect_compression(test::noise(100)), Compression::none);
  EXPECT_EQ(detect_compression(""), Compression::none);
}

TEST(Compression, WhatIsInsideIsDescribed) {
  Workshop shop;
  shop.write("kernel", test::plain(3'000));
  for (const std::string pack : {"gzip -c", "xz -c", "zstd -q -c"}) {
    const std::string bytes =
        shop.make("mkimage -A arm -O linux -T kernel -n Linux-5.4.3 -d kernel image && " + pack +
                      " image > out",
                  "out");
    const auto found = findings_of(bytes);
    EXPECT_EQ(found.get(FactName::version), "5.4.3");
    EXPECT_EQ(found.get(FactName::architecture), "arm");
    EXPECT_EQ(found.payloads.back().type, "uimage-legacy");
    for (const auto& fact : found.facts) {
      if (fact.name != FactName::version) continue;
      EXPECT_EQ(fact.evidence.path, "unpacked");
      EXPECT_FALSE(fact.evidence.offset);
    }
    EXPECT_TRUE(findings_of(bytes.substr(0, bytes.size() / 2)).sound() == false);
    expect_bears_damage(bytes);
  }
}

TEST(Compression, LargeContentIsDescribedByItsBegin) {
  Workshop shop;
  const std::string bytes = shop.make(
      "truncate -s 20M image && mke2fs -q -t ext4 -L lamp-root image && gzip -c image > out",
      "out");
  const auto found = findings_of(bytes);
  EXPECT_EQ(found.get(FactName::label), "lamp-root");
  EXPECT_EQ(found.payloads.back().type, "ext4");
  EXPECT_TRUE(found.sound()) << to_json(found);
}

TEST(Compression, ABombEnds) {
  Workshop shop;
  const std::string bytes =
      shop.make("head -c 100000000 /dev/zero | gzip -9 | gzip -9 > out", "out");
  EXPECT_EQ(findings_of(bytes).kind, "gzip");
}

TEST(Compression, EntropyTellsPackedFromPlain) {
  EXPECT_EQ(entropy(""), 0);
  EXPECT_EQ(entropy("aaaa"), 0);
  EXPECT_EQ(entropy("abab"), 1);
  EXPECT_LT(entropy(test::plain(65'536)), 6);
  EXPECT_GT(entropy(test::noise(65'536)), 7.9);
  // Encrypted or packed by something unknown is said too.
  EXPECT_TRUE(findings_of(test::noise(200'000)).has_note("payload-dense"));
  EXPECT_FALSE(findings_of(test::plain(200'000)).has_note("payload-dense"));
}

}  // namespace
}  // namespace otaru::inspect
