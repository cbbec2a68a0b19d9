// SPDX-License-Identifier: Apache-2.0
// Images for microcontrollers that the vendors' own tools made (testdata/make.py).
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/hash.h"
#include "inspect/inspect_test_support.h"

namespace otaru::inspect {
namespace {

std::string testdata(const std::string& name) {
  std::ifstream in(std::string(OTARU_SOURCE_DIR) + "/src/inspect/testdata/" + name,
                   std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(EspIdf, TellsWhatTheApplicationDescriptionSays) {
  const std::string bytes = testdata("esp32c3_app.bin");
  const auto found = findings_of(bytes);
  EXPECT_EQ(found.kind, "esp-idf-app");
  EXPECT_TRUE(found.sound());
  EXPECT_EQ(found.get(FactName::product), "lamp-controller");
  EXPECT_EQ(found.get(FactName::version), "1.4.2-rc1");
  EXPECT_EQ(found.get(FactName::hardware), "esp32c3");
  EXPECT_EQ(found.get(FactName::build_time), "May  1 2026 12:34:56");
  EXPECT_EQ(found.get(FactName::toolchain), "ESP-IDF v5.3.1");
  EXPECT_EQ(found.get(FactName::security_version), "7");
  EXPECT_EQ(found.get(FactName::entry_point), "0x40380000");
  EXPECT_EQ(found.get(FactName::build_id).size(), 64u);
  EXPECT_TRUE(found.has_note("hash-right"));
  EXPECT_TRUE(found.has_note("unsigned"));
  // The evidence is where it says.
  for (const auto& fact : found.facts) {
    if (fact.name != FactName::version) continue;
    EXPECT_EQ(fact.evidence.field, "esp_app_desc_t.version");
    EXPECT_EQ(bytes.substr(*fact.evidence.offset, fact.value.size()), fact.value);
  }
}

TEST(EspIdf, ABootloaderHasNoDescription) {
  const auto found = findings_of(testdata("esp32c3_boot.bin"));
  EXPECT_EQ(found.kind, "esp-image");
  EXPECT_TRUE(found.sound());
  EXPECT_EQ(found.get(FactName::hardware), "esp32c3");
  EXPECT_EQ(found.get(FactName::version), "");
}

TEST(EspIdf, AWholeFlashIsToldFromAnApplication) {
  // By the programming guide, "Partition Tables": magic, type, subtype, offset, size, label, flags.
  const auto entry = [](std::string_view head, uint32_t offset, uint32_t size, std::string label) {
    std::string out(head);
    for (const uint32_t number : {offset, size}) {
      for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(number >> shift & 0xFF);
    }
    label.resize(20);
    return out + label;
  };
  std::string table = entry(std::string_view("\xAA\x50\x01\x02", 4), 0x9000, 0x6000, "nvs") +
                      entry(std::string_view("\xAA\x50\x00\x10", 4), 0x10000, 0x1000, "ota_0");
  table +=
      std::string("\xEB\xEB") + std::string(14, '\xFF') + base::digest(base::HashKind::md5, table);
  std::string flash = testdata("esp32c3_boot.bin");
  flash.resize(0x8000, '\xFF');
  flash += table;
  flash.resize(0x10000, '\xFF');
  flash += testdata("esp32c3_app.bin");
  const auto found = findings_of(flash);
  EXPECT_EQ(found.kind, "esp-flash");
  EXPECT_TRUE(found.sound()) << to_json(found);
  EXPECT_TRUE(found.has_note("whole-flash"));
  EXPECT_EQ(found.get(FactName::version), "1.4.2-rc1");
  ASSERT_FALSE(found.payloads.empty());
  EXPECT_EQ(found.payloads.back().offset, 24u);
  EXPECT_EQ(found.payloads.front().offset, 0x10000u + 24);
  for (const auto& fact : found.facts) {
    if (fact.name != FactName::version) continue;
    EXPECT_EQ(fact.evidence.path, "ota_0");
    EXPECT_EQ(flash.substr(*fact.evidence.offset, 9), "1.4.2-rc1");
  }
  flash[0x8000 + 45] = 'X';
  EXPECT_TRUE(findings_of(flash).has_note("checksum-wrong"));
}

TEST(EspIdf, ASecureBootSignatureIsSeen) {
  const auto found = findings_of(testdata("esp32c3_signed.bin"));
  EXPECT_EQ(found.get(FactName::signature), "secure boot v2");
  EXPECT_FALSE(found.has_note("unsigned"));
}

TEST(EspIdf, DamageIsFoundWhereverItIs) {
  const std::string good = testdata("esp32c3_app.bin");
  for (size_t at = 32; at < good.size(); at += 7) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    EXPECT_FALSE(at > 36 && findings_of(bad).sound()) << at;
  }
  for (size_t size = 300; size < good.size(); size += 5) {
    EXPECT_TRUE(findings_of(good.substr(0, size)).has_note("truncated")) << size;
  }
  expect_bears_damage(good);
}

TEST(Mcuboot, TellsVersionHashSignatureAndDependency) {
  const auto found = findings_of(testdata("mcuboot_ecdsa.bin"));
  EXPECT_EQ(found.kind, "mcuboot");
  EXPECT_TRUE(found.sound());
  EXPECT_EQ(found.get(FactName::version), "1.2.3+45");
  EXPECT_EQ(found.get(FactName::requires_version), "image 1 >= 1.0.5");
  EXPECT_EQ(found.get(FactName::security_version), "9");
  EXPECT_EQ(found.get(FactName::signature), "ECDSA");
  EXPECT_TRUE(found.get(FactName::signer).starts_with("key sha256 "));
  EXPECT_EQ(found.get(FactName::sha256_declared).size(), 64u);
  EXPECT_TRUE(found.has_note("hash-right"));
  EXPECT_FALSE(found.has_note("unsigned"));
}

TEST(Mcuboot, OtherSignaturesAndPaddedSlots) {
  const auto ed = findings_of(testdata("mcuboot_ed25519.bin"));
  EXPECT_EQ(ed.get(FactName::signature), "Ed25519");
  EXPECT_EQ(ed.get(FactName::version), "0.9.1");
  EXPECT_EQ(ed.payloads.at(0).offset, 0x40u);
  const auto padded = findings_of(testdata("mcuboot_rsa_padded.bin"));
  EXPECT_EQ(padded.get(FactName::signature), "RSA-2048 PSS");
  EXPECT_TRUE(padded.has_note("hash-right"));
  const auto plain = findings_of(testdata("mcuboot_unsigned.bin"));
  EXPECT_TRUE(plain.has_note("unsigned"));
  EXPECT_TRUE(plain.has_note("hash-right"));
}

TEST(Mcuboot, DamageIsFoundWhereverItIs) {
  const std::string good = testdata("mcuboot_ecdsa.bin");
  const size_t signed_size = 32 + 0x22C + 0x1C;
  for (size_t at = 4; at < signed_size; ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x02);
    // (A flag that says "encrypted" leaves the hash unchecked.)
    const auto found = findings_of(bad);
    EXPECT_TRUE(!found.sound() || found.has_note("encrypted")) << at;
  }
  for (size_t size = 4; size < good.size(); ++size) {
    EXPECT_TRUE(findings_of(good.substr(0, size)).has_note("truncated")) << size;
  }
  expect_bears_damage(good);
}

TEST(Uf2, TellsFamilyAndAddresses) {
  const std::string bytes = testdata("esp32c3.uf2");
  const auto found = findings_of(bytes);
  EXPECT_EQ(found.kind, "uf2");
  EXPECT_TRUE(found.sound()) << to_json(found);
  EXPECT_EQ(found.get(FactName::hardware), "esp32c3");
  EXPECT_TRUE(found.get(FactName::address).starts_with("0x10000-"));
  EXPECT_TRUE(findings_of(bytes.substr(0, bytes.size() - 512)).has_note("truncated"));
  EXPECT_TRUE(findings_of(bytes.substr(0, bytes.size() - 1)).has_note("truncated"));
  std::string bad = bytes;
  bad[bytes.size() - 1] = 0;
  EXPECT_TRUE(findings_of(bad).has_note("block-damaged"));
  expect_bears_damage(bytes);
}

}  // namespace
}  // namespace otaru::inspect
