// SPDX-License-Identifier: Apache-2.0
// Images that mkimage and dtc make.
#include <gtest/gtest.h>

#include "inspect/inspect_test_support.h"
#include "tests/support/workshop.h"

namespace otaru::inspect {
namespace {

using test::Workshop;

std::string make_uimage(const Workshop& shop, const std::string& flags) {
  shop.write("kernel", test::plain(3000));
  return shop.make("SOURCE_DATE_EPOCH=1700000000 mkimage " + flags + " -d kernel out", "out");
}

TEST(Uimage, TellsEveryFieldOfItsHeader) {
  Workshop shop;
  const auto found = findings_of(make_uimage(
      shop,
      "-A arm64 -O linux -T kernel -C none -a 0x80080000 -e 0x80080040 -n 'Linux-6.1.0-lamp'"));
  EXPECT_EQ(found.kind, "uimage-legacy");
  EXPECT_TRUE(found.sound());
  EXPECT_EQ(found.get(FactName::architecture), "arm64");
  EXPECT_EQ(found.get(FactName::os), "linux");
  EXPECT_EQ(found.get(FactName::image_type), "kernel");
  EXPECT_EQ(found.get(FactName::compression), "none");
  EXPECT_EQ(found.get(FactName::description), "Linux-6.1.0-lamp");
  EXPECT_EQ(found.get(FactName::version), "6.1.0-lamp");
  EXPECT_EQ(found.get(FactName::build_time), "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(found.get(FactName::address), "0x80080000");
  EXPECT_EQ(found.get(FactName::entry_point), "0x80080040");
  EXPECT_TRUE(found.has_note("checksum-right"));
  ASSERT_EQ(found.payloads.size(), 1u);
  EXPECT_EQ(found.payloads[0].offset, 64u);
  EXPECT_EQ(found.payloads[0].size, 3000u);
}

TEST(Uimage, EveryNumberHasTheNameThatMkimageGives) {
  Workshop shop;
  for (const std::string arch : {"alpha", "arm", "x86", "mips64", "powerpc", "sparc64", "nios2",
                                 "blackfin", "or1k", "arc", "x86_64", "xtensa", "riscv"}) {
    EXPECT_EQ(findings_of(make_uimage(shop, "-A " + arch)).get(FactName::architecture), arch);
  }
  for (const std::string os :
       {"openbsd", "4_4bsd", "vxworks", "u-boot", "integrity", "plan9", "tee", "opensbi", "efi"}) {
    EXPECT_EQ(findings_of(make_uimage(shop, "-A arm -O " + os)).get(FactName::os), os);
  }
  for (const std::string type :
       {"standalone", "ramdisk", "firmware", "filesystem", "kernel_noload"}) {
    EXPECT_EQ(findings_of(make_uimage(shop, "-A arm -T " + type)).get(FactName::image_type), type);
  }
  for (const std::string packed : {"gzip", "bzip2", "lzma", "lzo", "lz4", "zstd"}) {
    EXPECT_EQ(findings_of(make_uimage(shop, "-A arm -C " + packed)).get(FactName::compression),
              packed);
  }
}

TEST(Uimage, ACompressedKernelIsSaidWithWhatItCosts) {
  Workshop shop;
  shop.write("kernel", test::plain(100'000));
  const auto found = findings_of(shop.make(
      "gzip -9 kernel && mkimage -A arm -O linux -T kernel -C gzip -d kernel.gz out", "out"));
  ASSERT_EQ(found.payloads.size(), 1u);
  EXPECT_EQ(found.payloads[0].compression, Compression::gzip);
  EXPECT_TRUE(found.has_note("payload-compressed"));
  EXPECT_NE(found.notes.back().sentence.find("The kernel inside is gzip-compressed"),
            std::string::npos);
}

TEST(Uimage, MultiFileImagesShowTheirParts) {
  Workshop shop;
  shop.write("a", test::plain(101));
  shop.write("b", test::plain(50));
  const auto found = findings_of(
      shop.make("gzip b && mkimage -A arm -O linux -T multi -C none -d a:b.gz out", "out"));
  ASSERT_EQ(found.payloads.size(), 2u);
  EXPECT_EQ(found.payloads[0].size, 101u);
  EXPECT_EQ(found.payloads[0].offset, 64u + 12u);
  EXPECT_EQ(found.payloads[1].offset, 64u + 12u + 104u);
  EXPECT_EQ(found.payloads[1].compression, Compression::gzip);
}

TEST(Uimage, DamageIsFoundWhereverItIs) {
  Workshop shop;
  const std::string good = make_uimage(shop, "-A arm -O linux -T kernel -n x");
  for (size_t at = 4; at < good.size(); at += at < 64 ? 1 : 97) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    EXPECT_FALSE(findings_of(bad).sound()) << at;
  }
  for (size_t size = 4; size < good.size(); size += size < 64 ? 1 : 97) {
    EXPECT_TRUE(findings_of(good.substr(0, size)).has_note("truncated")) << size;
  }
  expect_bears_damage(good);
}

constexpr const char* kDts = R"(/dts-v1/;
/ { model = "Lamp Board v2"; compatible = "acme,lamp-v2", "acme,lamp";
  soc { deep { x = <1>; }; }; };
)";

constexpr const char* kIts = R"(/dts-v1/;
/ {
  description = "Lamp firmware 2.4.1";
  #address-cells = <1>;
  images {
    kernel-1 {
      description = "Linux"; data = /incbin/("kernel.gz"); type = "kernel"; arch = "arm64";
      os = "linux"; compression = "gzip"; load = <0x80000>; entry = <0x80000>;
      hash-1 { algo = "crc32"; }; hash-2 { algo = "sha1"; }; hash-3 { algo = "sha256"; };
      hash-4 { algo = "md5"; }; hash-5 { algo = "sha512"; };
    };
    fdt-1 {
      description = "board"; data = /incbin/("board.dtb"); type = "flat_dt"; arch = "arm64";
      compression = "none"; hash-1 { algo = "sha256"; };
    };
  };
  configurations {
    default = "conf-1";
    conf-1 {
      description = "Lamp v2"; kernel = "kernel-1"; fdt = "fdt-1"; compatible = "acme,lamp-conf";
      SIGNATURE
    };
  };
};
)";

// "" for SIGNATURE: unsigned.
std::string make_fit(const Workshop& shop, const std::string& signature, const std::string& flags) {
  std::string its = kIts;
  its.replace(its.find("SIGNATURE"), 9, signature);
  shop.write("kernel", test::plain(4000));
  shop.write("board.dts", kDts);
  shop.write("fit.its", its);
  return shop.make(
      "gzip -fk kernel && dtc -O dtb -o board.dtb board.dts && SOURCE_DATE_EPOCH=1700000000 "
      "mkimage " +
          flags + " -f fit.its out",
      "out");
}

void expect_lamp(const Findings& found) {
  EXPECT_EQ(found.kind, "fit");
  EXPECT_TRUE(found.sound()) << to_json(found);
  EXPECT_EQ(found.get(FactName::description), "Lamp firmware 2.4.1");
  EXPECT_EQ(found.get(FactName::version), "2.4.1");
  EXPECT_EQ(found.get(FactName::architecture), "arm64");
  EXPECT_EQ(found.get(FactName::os), "linux");
  EXPECT_EQ(found.get(FactName::board), "Lamp Board v2");
  EXPECT_EQ(found.get(FactName::build_time), "2023-11-14T22:13:20.000Z");
  std::vector<std::string> hardware;
  for (const auto& fact : found.facts) {
    if (fact.name == FactName::hardware) hardware.push_back(fact.value);
  }
  EXPECT_EQ(hardware, (std::vector<std::string>{"acme,lamp-conf", "acme,lamp-v2", "acme,lamp"}));
  ASSERT_EQ(found.payloads.size(), 2u);
  EXPECT_EQ(found.payloads[0].name, "kernel-1");
  EXPECT_EQ(found.payloads[0].compression, Compression::gzip);
  EXPECT_EQ(found.payloads[0].sha256_declared.size(), 64u);
  EXPECT_EQ(found.payloads[1].type, "dtb");
  int right = 0;
  for (const auto& note : found.notes) {
    right += note.code == "hash-right" || note.code == "checksum-right" ? 1 : 0;
  }
  EXPECT_EQ(right, 6);
}

TEST(Fit, TellsImagesConfigurationsAndTheBoard) {
  Workshop shop;
  const std::string bytes = make_fit(shop, "", "");
  const auto found = findings_of(bytes);
  expect_lamp(found);
  EXPECT_TRUE(found.has_note("unsigned"));
  // The evidence leads to the bytes, also of what stands in the tree inside the tree.
  for (const auto& fact : found.facts) {
    if (fact.name != FactName::board) continue;
    EXPECT_EQ(fact.evidence.path, "/images/fdt-1");
    ASSERT_TRUE(fact.evidence.offset);
    EXPECT_EQ(bytes.substr(*fact.evidence.offset, 13), "Lamp Board v2");
  }
}

TEST(Fit, DataMayLieBehindTheTree) {
  Workshop shop;
  expect_lamp(findings_of(make_fit(shop, "", "-E")));
  expect_lamp(findings_of(make_fit(shop, "", "-E -p 0x4000")));
}

TEST(Fit, SignedConfigurationsAreNamedWithTheirKey) {
  Workshop shop;
  ASSERT_TRUE(
      shop.run("openssl genrsa -out dev.key 2048 && openssl req -batch -new -x509 -key "
               "dev.key -out dev.crt"));
  const auto found =
      findings_of(make_fit(shop, R"(signature-1 { algo = "sha256,rsa2048"; key-name-hint = "dev";
               sign-images = "kernel", "fdt"; };)",
                           "-k ."));
  expect_lamp(found);
  EXPECT_EQ(found.get(FactName::signature), "sha256,rsa2048");
  EXPECT_EQ(found.get(FactName::signer), "dev");
  EXPECT_FALSE(found.has_note("unsigned"));
}

TEST(Fit, DamageInAnImageIsFound) {
  Workshop shop;
  std::string bytes = make_fit(shop, "", "");
  const auto offset = findings_of(bytes).payloads[0].offset;
  bytes[*offset + 100] = static_cast<char>(bytes[*offset + 100] ^ 1);
  const auto found = findings_of(bytes);
  EXPECT_TRUE(found.has_note("hash-wrong"));
  EXPECT_TRUE(found.has_note("checksum-wrong"));
  expect_bears_damage(bytes);
  const std::string outside = make_fit(shop, "", "-E");
  EXPECT_TRUE(findings_of(outside.substr(0, outside.size() - 100)).has_note("truncated"));
  expect_bears_damage(outside);
}

TEST(Fit, ATreeThatNamesItselfAsItsImageEnds) {
  Workshop shop;
  std::string images;
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    images +=
        std::string(name) + " { type = \"flat_dt\"; data-position = <0>; data-size = <600>; };\n";
  }
  shop.write("self.dts", "/dts-v1/; / { images { " + images + " }; };");
  std::string bytes = shop.make("dtc -O dtb -o self.dtb self.dts", "self.dtb");
  const auto found = findings_of(bytes);
  EXPECT_EQ(found.kind, "fit");
  EXPECT_LE(found.payloads.size(), 256u);
}

TEST(DeviceTree, TellsModelAndCompatible) {
  Workshop shop;
  shop.write("board.dts", kDts);
  const std::string bytes = shop.make("dtc -O dtb -o board.dtb board.dts", "board.dtb");
  const auto found = findings_of(bytes);
  EXPECT_EQ(found.kind, "dtb");
  EXPECT_EQ(found.get(FactName::board), "Lamp Board v2");
  EXPECT_EQ(fact_at(found, FactName::hardware, "/compatible"), "acme,lamp-v2");
  expect_bears_damage(bytes);
}

TEST(DeviceTree, ABombOfNodesEnds) {
  // A hundred thousand nodes, and a name for each.
  std::string structure;
  const auto word = [](uint32_t number) {
    std::string out(4, '\0');
    for (size_t i = 0; i < 4; ++i) out[i] = static_cast<char>(number >> (24 - 8 * i));
    return out;
  };
  structure += word(1) + std::string(4, '\0');
  for (int i = 0; i < 100'000; ++i) structure += word(1) + std::string("abc\0", 4) + word(2);
  structure += word(2) + word(9);
  const auto size = static_cast<uint32_t>(40 + structure.size());
  const std::string head = word(0xD00DFEED) + word(size) + word(40) + word(size) + word(40) +
                           word(17) + word(16) + word(0) + word(0) +
                           word(static_cast<uint32_t>(structure.size()));
  EXPECT_TRUE(findings_of(head + structure).has_note("truncated"));
}

}  // namespace
}  // namespace otaru::inspect
