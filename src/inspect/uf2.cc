// SPDX-License-Identifier: Apache-2.0
// UF2 files for bootloaders that look like a USB drive. Source: "USB Flashing Format (UF2)",
// github.com/microsoft/uf2, README.md (blocks, flags, extension tags) and uf2families.json.
#include <algorithm>

#include "inspect/checks.h"
#include "inspect/formats.h"

namespace otaru::inspect {
namespace {

constexpr uint32_t kUf2Magic0 = 0x0A324655;
constexpr uint32_t kUf2Magic1 = 0x9E5D5157;
constexpr uint32_t kUf2MagicEnd = 0x0AB16F30;
constexpr size_t kUf2BlockBytes = 512;
constexpr size_t kUf2DataAt = 32;
constexpr size_t kUf2DataBytes = 476;
constexpr uint32_t kUf2NotMainFlash = 0x0001;
constexpr uint32_t kUf2Container = 0x1000;
constexpr uint32_t kUf2HasFamily = 0x2000;
constexpr uint32_t kUf2HasTags = 0x8000;

struct Uf2Family {
  uint32_t id;
  std::string_view name;
};
constexpr Uf2Family kUf2Families[] = {
    {0xE48BFF56, "rp2040"},        {0xE48BFF59, "rp2350-arm-s"}, {0xE48BFF5A, "rp2350-riscv"},
    {0xE48BFF5B, "rp2350-arm-ns"}, {0x68ED2B88, "samd21"},       {0x55114460, "samd51"},
    {0x1B57745F, "nrf52"},         {0xADA52840, "nrf52840"},     {0x1C5F21B0, "esp32"},
    {0xBFDD4EEE, "esp32s2"},       {0xD42BA06C, "esp32c3"},      {0xC47E5767, "esp32s3"},
    {0x540DDF62, "esp32c6"},       {0x332726F6, "esp32h2"},      {0x57755A57, "stm32f4"},
    {0x5EE21072, "stm32f1"},       {0x53B80F00, "stm32f7"},      {0x6DB66082, "stm32h7"},
    {0x300F5633, "stm32g0"},       {0x4C71240A, "stm32g4"},      {0x70D16653, "stm32wb"},
};

bool uf2_probes(const Head& head) {
  const Header h(std::string(head.first.substr(0, 8)), Endian::little);
  return h.u32(0) == kUf2Magic0 && h.u32(4) == kUf2Magic1;
}

void add_family(uint32_t id, uint64_t at, Findings& findings) {
  const auto* known = std::find_if(std::begin(kUf2Families), std::end(kUf2Families),
                                   [id](const auto& f) { return f.id == id; });
  findings.add(FactName::hardware,
               known == std::end(kUf2Families) ? hex_number(id) : std::string(known->name),
               {"familyID", at + 28, 4, {}});
}

// Behind the payload: size (1 byte), tag (3 bytes), value, padded to four bytes; a zero ends them.
void add_tags(const Header& block, uint64_t at, Findings& findings) {
  size_t pos = kUf2DataAt + (block.u32(16) + 3) / 4 * 4;
  const size_t end = kUf2DataAt + kUf2DataBytes;
  while (pos + 4 <= end) {
    const size_t size = block.u8(pos);
    const uint32_t tag = block.u32(pos) >> 8;
    if (size < 4 || size > end - pos) return;
    const std::string_view value = block.text(pos + 4, size - 4);
    const Evidence evidence{"extension tag " + hex_number(tag), at + pos, size, {}};
    if (tag == 0x9FC7BC) findings.add(FactName::version, value, evidence);
    if (tag == 0x650D9D) findings.add(FactName::description, value, evidence);
    pos += (size + 3) / 4 * 4;
  }
}

struct Uf2Totals {
  uint64_t bytes = 0;
  uint64_t begin = UINT64_MAX;
  uint64_t end = 0;
  uint64_t out_of_order = 0;
};

// What one block adds; false when it is none.
bool add_block(const Header& block, uint64_t index, uint64_t at, Uf2Totals& totals,
               Findings& findings) {
  if (block.u32(0) != kUf2Magic0 || block.u32(4) != kUf2Magic1 || block.u32(508) != kUf2MagicEnd ||
      block.u32(16) > kUf2DataBytes) {
    return false;
  }
  const uint32_t flags = block.u32(8);
  if (block.u32(20) != index % std::max<uint32_t>(block.u32(24), 1)) ++totals.out_of_order;
  if ((flags & kUf2HasFamily) != 0) add_family(block.u32(28), at, findings);
  if ((flags & kUf2HasTags) != 0) add_tags(block, at, findings);
  if ((flags & (kUf2NotMainFlash | kUf2Container)) == 0) {
    totals.bytes += block.u32(16);
    totals.begin = std::min<uint64_t>(totals.begin, block.u32(12));
    totals.end = std::max<uint64_t>(totals.end, uint64_t{block.u32(12)} + block.u32(16));
  }
  return true;
}

base::Status uf2_read(const Reader& reader, Findings& findings) {
  Uf2Totals totals;
  const uint64_t count = reader.size() / kUf2BlockBytes;
  uint64_t told = 0;
  for (uint64_t i = 0; i < count && !reader.budget().exhausted; ++i) {
    const uint64_t at = i * kUf2BlockBytes;
    OTARU_TRY(bytes, reader.bytes(at, kUf2BlockBytes));
    const Header block(std::move(bytes), Endian::little);
    if (!block.has(kUf2BlockBytes)) break;
    if (!add_block(block, i, at, totals, findings)) {
      findings.problem("block-damaged", "Block " + std::to_string(i) + " is damaged or none.",
                       "Build or upload it again.", {"block", at, kUf2BlockBytes, {}});
      return {};
    }
    told = block.u32(24);
  }
  if (reader.size() % kUf2BlockBytes != 0 || count < told) {
    note_truncated(findings,
                   "after " + std::to_string(count) + " of " + std::to_string(told) + " blocks",
                   {"numBlocks", 24, 4, {}});
  }
  if (totals.out_of_order > 0) {
    findings.warn("blocks-out-of-order",
                  std::to_string(totals.out_of_order) + " blocks are not in their order.",
                  "Build it again, unless it was put together from several files on purpose.");
  }
  if (totals.bytes > 0) {
    findings.add(FactName::address, hex_number(totals.begin) + "-" + hex_number(totals.end - 1),
                 {"targetAddr", 12, 4, {}});
  }
  findings.info("unsigned", "The format cannot carry a signature.");
  return {};
}

}  // namespace

const Format kUf2 = {"uf2", "UF2 file", uf2_probes, uf2_read};

}  // namespace otaru::inspect
