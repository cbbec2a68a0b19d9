// SPDX-License-Identifier: Apache-2.0
// Programs as the ARM toolchain, SRecord and dfu-util make them.
#include <gtest/gtest.h>

#include "inspect/inspect_test_support.h"
#include "tests/support/workshop.h"

namespace otaru::inspect {
namespace {

using test::Workshop;

// A small program for a Cortex-M: vectors and code in flash, data elsewhere.
void link_program(const Workshop& shop) {
  shop.write("program.s", R"(
    .syntax unified
    .cpu cortex-m4
    .thumb
    .section .vectors, "a"
    .word 0x20010000, start + 1
    .text
    .thumb_func
    .global start
start: ldr r0, =data
    b start
    .section .config, "a"
data: .ascii "configuration"
    .section .comment
    .asciz "Lamp compiler 12.2"
)");
  ASSERT_TRUE(
      shop.run("arm-none-eabi-as -o program.o program.s && arm-none-eabi-ld --build-id=sha1 -e "
               "start -Ttext=0x08000100 --section-start=.vectors=0x08000000 "
               "--section-start=.config=0x08010000 -o program.elf program.o"));
}

TEST(Elf, TellsMachineEntryBuildIdAndCompiler) {
  Workshop shop;
  link_program(shop);
  const std::string bytes = shop.read("program.elf");
  const auto found = findings_of(bytes);
  EXPECT_EQ(found.kind, "elf");
  EXPECT_TRUE(found.sound()) << to_json(found);
  EXPECT_EQ(found.get(FactName::architecture), "arm");
  EXPECT_EQ(found.get(FactName::image_type), "executable");
  EXPECT_EQ(found.get(FactName::entry_point), "0x8000101");
  EXPECT_EQ(found.get(FactName::format_version), "32 bit, little endian");
  EXPECT_EQ(found.get(FactName::build_id).size(), 40u);
  EXPECT_EQ(found.get(FactName::toolchain), "Lamp compiler 12.2");
  // readelf reads the same build id.
  const std::string notes = shop.make("arm-none-eabi-readelf -n program.elf > notes", "notes");
  EXPECT_NE(notes.find(found.get(FactName::build_id)), std::string::npos);
  EXPECT_TRUE(findings_of(bytes.substr(0, bytes.size() - 100)).has_note("truncated"));
  expect_bears_damage(bytes);
}

TEST(Elf, OtherClassesAndByteOrders) {
  Workshop shop;
  shop.write("a.s", ".text\n.global _start\n_start: nop\n");
  const auto wide = findings_of(shop.make("as -o a.o a.s && ld --build-id -o a a.o", "a"));
  EXPECT_TRUE(std::string(wide.get(FactName::format_version)).starts_with("64 bit"));
  EXPECT_EQ(wide.get(FactName::build_id).size(), 40u);
  const auto big = findings_of(shop.make("arm-none-eabi-as -EB -o b.o a.s", "b.o"));
  EXPECT_EQ(big.get(FactName::format_version), "32 bit, big endian");
  EXPECT_EQ(big.get(FactName::architecture), "arm");
  EXPECT_EQ(big.get(FactName::image_type), "object");
}

TEST(IntelHex, ChecksEveryRecordAndTellsAddresses) {
  Workshop shop;
  link_program(shop);
  const std::string bytes = shop.make(
      "arm-none-eabi-objcopy -R .note.gnu.build-id -O ihex program.elf program.hex", "program.hex");
  const auto found = findings_of(bytes);
  EXPECT_EQ(found.kind, "intel-hex");
  EXPECT_TRUE(found.sound()) << to_json(found);
  EXPECT_TRUE(found.get(FactName::address).starts_with("0x8000000-0x8000007, 0x8000100-"))
      << found.get(FactName::address);
  EXPECT_NE(found.get(FactName::address).find("0x8010000-0x801000c"), std::string::npos);
  EXPECT_EQ(found.get(FactName::entry_point), "0x8000101");
  EXPECT_TRUE(found.has_note("checksum-right"));
  for (size_t at = 1; at < bytes.size(); ++at) {
    std::string bad = bytes;
    if (bad[at] == '\r' || bad[at] == '\n') continue;
    bad[at] = bad[at] == '7' ? '3' : '7';
    EXPECT_FALSE(findings_of(bad).sound()) << at;
  }
  EXPECT_TRUE(findings_of(bytes.substr(0, bytes.find("\r\n") + 2)).has_note("truncated"));
  expect_bears_damage(bytes);
}

TEST(IntelHex, LineEndsDoNotMatter) {
  Workshop shop;
  shop.write("a.bin", test::plain(100));
  std::string bytes = shop.make("objcopy -I binary -O ihex a.bin a.hex", "a.hex");
  std::erase(bytes, '\r');
  EXPECT_TRUE(findings_of(bytes).has_note("checksum-right"));
  EXPECT_TRUE(findings_of(bytes.substr(0, bytes.size() - 1)).has_note("checksum-right"));
}

TEST(SRecord, ChecksEveryRecordAndTellsTheHeader) {
  Workshop shop;
  shop.write("a.bin", test::plain(1000));
  const std::string bytes = shop.make(
      "srec_cat a.bin -binary -offset 0x10000 -header 'lamp 1.2.3' "
      "-execution-start-address=0x10040 -o a.s19 -motorola",
      "a.s19");
  const auto found = findings_of(bytes);
  EXPECT_EQ(found.kind, "s-record");
  EXPECT_TRUE(found.sound()) << to_json(found);
  EXPECT_EQ(found.get(FactName::description), "lamp 1.2.3");
  EXPECT_EQ(found.get(FactName::version), "1.2.3");
  EXPECT_EQ(found.get(FactName::address), "0x10000-0x103e7");
  EXPECT_EQ(found.get(FactName::entry_point), "0x10040");
  EXPECT_TRUE(findings_of(bytes.substr(0, bytes.size() / 2)).has_note("checksum-wrong") ||
              findings_of(bytes.substr(0, bytes.size() / 2)).has_note("truncated"));
  // A record that is missing from the middle.
  std::string less = bytes;
  const size_t from = less.find("\nS2", less.find("\nS2") + 1);
  less.erase(from, less.find('\n', from + 1) - from);
  EXPECT_TRUE(findings_of(less).has_note("records-missing")) << less.substr(less.size() - 60);
  expect_bears_damage(bytes);
}

TEST(Dfu, TellsTheUsbDeviceAndLooksInside) {
  Workshop shop;
  link_program(shop);
  const std::string bytes = shop.make(
      "dfu-suffix --vid 0x0483 --pid 0xdf11 --did 0x0123 --add program.elf", "program.elf");
  const auto found = findings_of(bytes);
  EXPECT_EQ(found.kind, "dfu");
  EXPECT_TRUE(found.sound()) << to_json(found);
  EXPECT_EQ(found.get(FactName::hardware), "usb:0483:df11");
  EXPECT_EQ(found.get(FactName::version), "1.23");
  EXPECT_EQ(found.get(FactName::architecture), "arm");  // of the ELF file inside
  ASSERT_FALSE(found.payloads.empty());
  EXPECT_EQ(found.payloads.back().type, "elf");
  EXPECT_TRUE(found.has_note("checksum-right"));
  for (size_t at = 0; at < bytes.size() - 16; at += 37) {
    std::string bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    EXPECT_TRUE(findings_of(bad).has_note("checksum-wrong")) << at;
  }
  expect_bears_damage(bytes);
}

TEST(Dfu, SuffixesInSuffixesEnd) {
  std::string bytes = "firmware";
  for (int i = 0; i < 100; ++i) {
    bytes += std::string("\0\0\0\0\0\0\0\x01UFD\x10\0\0\0\0", 16);
  }
  EXPECT_EQ(findings_of(bytes).kind, "dfu");
}

TEST(Pe, TellsMachineAndKindOfProgram) {
  Workshop shop;
  shop.write("osrel", "ID=lamp\nIMAGE_ID=lampos\nIMAGE_VERSION=\"7.1\"\nPRETTY_NAME=\"Lamp 7\"\n");
  shop.write("a.s", R"(
    .section .osrel, "a"
    .incbin "osrel"
    .section .uname, "a"
    .ascii "6.1.0-lamp"
    .text
    .global _start
_start: nop
)");
  const std::string bytes = shop.make(
      "as -o a.o a.s && ld -o a a.o && objcopy -O pei-x86-64 --subsystem efi-app a a.efi", "a.efi");
  const auto found = findings_of(bytes);
  EXPECT_EQ(found.kind, "efi");
  EXPECT_EQ(found.get(FactName::architecture), "x86_64");
  EXPECT_EQ(found.get(FactName::image_type), "EFI application");
  EXPECT_EQ(found.get(FactName::product), "lampos");
  EXPECT_EQ(found.get(FactName::version), "7.1");
  EXPECT_EQ(found.get(FactName::os), "Lamp 7");
  EXPECT_EQ(found.get(FactName::requires_version), "linux 6.1.0-lamp");
  EXPECT_TRUE(found.has_note("unsigned"));
  expect_bears_damage(bytes);
}

}  // namespace
}  // namespace otaru::inspect
