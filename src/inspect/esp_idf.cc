// SPDX-License-Identifier: Apache-2.0
// Application images of ESP-IDF. Sources: "Application Image Format" in the ESP-IDF programming
// guide (api-reference/system/app_image_format), esp_app_format.h (esp_image_header_t,
// esp_chip_id_t) and esp_app_desc.h (esp_app_desc_t); of whole flashes the guide's "Partition
// Tables".
#include <algorithm>

#include "base/encoding.h"
#include "inspect/checks.h"
#include "inspect/formats.h"

namespace otaru::inspect {
namespace {

constexpr unsigned kEspMagic = 0xE9;
constexpr size_t kEspHeaderBytes = 24;
constexpr size_t kEspSegmentHeaderBytes = 8;
constexpr unsigned kEspSegmentsMax = 16;  // ESP_IMAGE_MAX_SEGMENTS
constexpr uint32_t kEspAppMagic = 0xABCD5432;
constexpr size_t kEspAppBytes = 256;
constexpr uint8_t kEspChecksumSeed = 0xEF;
constexpr size_t kEspHashBytes = 32;
// Where esp_app_desc_t stands: at the start of the first segment's data.
constexpr size_t kEspAppAt = kEspHeaderBytes + kEspSegmentHeaderBytes;
// Secure boot v2: a signature sector behind the image, aligned to 4 KiB, begins with 0xE7 0x02.
constexpr uint64_t kEspSectorBytes = 4096;

struct EspChip {
  unsigned id;
  std::string_view name;
};
constexpr EspChip kEspChips[] = {
    {0x0000, "esp32"},    {0x0002, "esp32s2"}, {0x0005, "esp32c3"},  {0x0009, "esp32s3"},
    {0x000C, "esp32c2"},  {0x000D, "esp32c6"}, {0x0010, "esp32h2"},  {0x0012, "esp32p4"},
    {0x0014, "esp32c61"}, {0x0017, "esp32c5"}, {0x0019, "esp32h21"}, {0x001C, "esp32h4"},
};

std::string_view chip_name(unsigned id) {
  const auto* found = std::find_if(std::begin(kEspChips), std::end(kEspChips),
                                   [id](auto& c) { return c.id == id; });
  return found == std::end(kEspChips) ? std::string_view() : found->name;
}

bool esp_probes(const Head& head) {
  const Header h(std::string(head.first.substr(0, kEspAppAt + 4)), Endian::little);
  if (!h.has(kEspAppAt) || h.u8(0) != kEspMagic) return false;
  if (h.u8(1) == 0 || h.u8(1) > kEspSegmentsMax) return false;
  // One byte of magic is little: an image has its description, or a known chip and sane modes
  // (bootloaders have no description).
  const bool described = h.u32(kEspAppAt) == kEspAppMagic;
  const bool sane = !chip_name(h.u16(12)).empty() && h.u8(23) <= 1 && h.u8(2) <= 5;
  // Memory of every chip lies there: flash mapped from 0x3c000000, peripherals from 0x60000000.
  const bool mapped = h.u32(24) >= 0x3C000000 && h.u32(24) < 0x70000000;
  return described ||
         (sane && mapped && h.u32(28) % 4 == 0 && h.u32(28) < head.size && h.u32(4) != 0);
}

void add_description(const Header& app, Findings& findings) {
  const auto at = [](std::string_view field, size_t offset, size_t size) {
    return Evidence{"esp_app_desc_t." + std::string(field), kEspAppAt + offset, size, {}};
  };
  findings.add(FactName::product, app.text(48, 32), at("project_name", 48, 32));
  findings.add(FactName::version, app.text(16, 32), at("version", 16, 32));
  const std::string time = clean_text(app.text(80, 16));
  const std::string date = clean_text(app.text(96, 16));
  findings.add(FactName::build_time, date + (time.empty() ? "" : " " + time), at("date", 96, 16));
  const std::string idf = clean_text(app.text(112, 32));
  findings.add(FactName::toolchain, idf.empty() ? "" : "ESP-IDF " + idf, at("idf_ver", 112, 32));
  if (app.raw(144, 32).find_first_not_of('\0') != std::string_view::npos) {
    findings.add(FactName::build_id, base::hex(app.raw(144, 32)), at("app_elf_sha256", 144, 32));
  }
  findings.add(FactName::security_version, std::to_string(app.u32(4)), at("secure_version", 4, 4));
}

struct EspLayout {
  uint64_t end = 0;  // behind the last segment; 0: cut
  unsigned segments = 0;
};

base::Result<EspLayout> walk_segments(const Reader& reader, unsigned count) {
  EspLayout layout;
  uint64_t at = kEspHeaderBytes;
  for (unsigned i = 0; i < count; ++i) {
    OTARU_TRY(bytes, reader.bytes(at, kEspSegmentHeaderBytes));
    const Header segment(std::move(bytes), Endian::little);
    const uint64_t size = segment.u32(4);
    if (!segment.has(kEspSegmentHeaderBytes) ||
        size > reader.size() - at - kEspSegmentHeaderBytes) {
      return layout;
    }
    at += kEspSegmentHeaderBytes + size;
    ++layout.segments;
  }
  layout.end = at;
  return layout;
}

// The exclusive or of all segment data; nothing when not all of it could be read.
base::Result<std::optional<uint8_t>> segment_checksum(const Reader& reader, unsigned count) {
  uint8_t sum = kEspChecksumSeed;
  uint64_t at = kEspHeaderBytes;
  for (unsigned i = 0; i < count; ++i) {
    OTARU_TRY(bytes, reader.bytes(at, kEspSegmentHeaderBytes));
    const uint64_t size = Header(std::move(bytes), Endian::little).u32(4);
    at += kEspSegmentHeaderBytes;
    OTARU_TRY(whole, reader.stream(at, size, [&sum](std::string_view piece) {
      for (const char c : piece) sum ^= static_cast<uint8_t>(c);
    }));
    if (!whole) return std::optional<uint8_t>();
    at += size;
  }
  return std::optional<uint8_t>(sum);
}

base::Status check_sums(const Reader& reader, const EspLayout& layout, bool hash_appended,
                        Findings& findings) {
  // The checksum is the last byte of the 16-byte block that the segments end in.
  const uint64_t padded = (layout.end + 16) & ~uint64_t{15};
  OTARU_TRY(tail, reader.bytes(padded - 1, 1 + kEspHashBytes));
  const bool cut = tail.empty() || (hash_appended && tail.size() < 1 + kEspHashBytes);
  if (cut) {
    note_truncated(findings, "inside its checksum");
    return {};
  }
  const Evidence at{"checksum", padded - 1, 1, {}};
  OTARU_TRY(sum, segment_checksum(reader, layout.segments));
  if (sum && *sum != static_cast<uint8_t>(tail[0])) {
    note_wrong_checksum(findings, "The checksum over the segments", at);
  }
  if (!hash_appended) {
    findings.warn("no-hash", "No SHA-256 is appended: only a one-byte checksum guards it.",
                  "Build it without --dont-append-digest.", {"hash_appended", 23, 1, {}});
  } else {
    const std::string_view declared = std::string_view(tail).substr(1);
    const Evidence hash_at{"appended SHA-256", padded, kEspHashBytes, {}};
    findings.add(FactName::sha256_declared, base::hex(declared), hash_at);
    OTARU_CHECK(check_digest(reader, base::Hasher(base::HashKind::sha256), 0, padded, declared,
                             "The appended SHA-256", hash_at, findings));
  }
  const uint64_t end = padded + (hash_appended ? kEspHashBytes : 0);
  const uint64_t sector = (end + kEspSectorBytes - 1) / kEspSectorBytes * kEspSectorBytes;
  OTARU_TRY(block, reader.bytes(sector, 2));
  if (block == "\xE7\x02") {
    findings.add(FactName::signature, "secure boot v2", {"signature block", sector, 2, {}});
  } else {
    findings.info("unsigned", "It carries no secure boot signature.");
  }
  return {};
}

// --- A whole flash: bootloader, partition table, applications -----------------------------------

constexpr uint64_t kEspTableAt = 0x8000;  // the default of CONFIG_PARTITION_TABLE_OFFSET
constexpr size_t kEspTableBytes = 0xC00;
constexpr size_t kEspEntryBytes = 32;
constexpr unsigned kEspEntryMagic = 0x50AA;
constexpr unsigned kEspMd5Magic = 0xEBEB;

// One application in it. Its facts are the file's own facts.
base::Status add_esp_partition(const Reader& reader, const Header& entry, uint64_t at,
                               Findings& findings) {
  const std::string label = clean_text(entry.text(12, 16));
  const uint64_t offset = entry.u32(4);
  const uint64_t size = entry.u32(8);
  findings.add(FactName::label, label, {"partition table: label", at + 12, 16, {}});
  OTARU_TRY(first, reader.bytes(offset, 1));
  if (entry.u8(2) != 0 || first.empty() || static_cast<unsigned char>(first[0]) != kEspMagic) {
    return {};
  }
  const Reader inside = reader.part(offset, size);
  Payload payload{label, "raw", offset, inside.size(), Compression::none, 0, {}};
  OTARU_TRY(kind, inspect_inside(inside, findings, label, offset));
  payload.type = kind;
  OTARU_CHECK(sample(inside, payload));
  findings.add(std::move(payload));
  return {};
}

// When a partition table is there, the file is a whole flash.
base::Status read_esp_flash(const Reader& reader, Findings& findings) {
  if (reader.depth() > 0) return {};
  OTARU_TRY(bytes, reader.bytes(kEspTableAt, kEspTableBytes));
  const Header table(std::move(bytes), Endian::little);
  if (table.u16(0) != kEspEntryMagic) return {};
  findings.kind = "esp-flash";
  findings.title = "Espressif flash image: bootloader, partition table and applications";
  findings.warn("whole-flash",
                "It is a whole flash with bootloader and partition table; devices take only the "
                "application over the air.",
                "Upload the application image itself (build/PROJECT.bin).",
                {"partition table", kEspTableAt, kEspTableBytes, {}});
  for (size_t at = 0; table.has(at + kEspEntryBytes) && reader.step(); at += kEspEntryBytes) {
    const Header entry(std::string(table.raw(at, kEspEntryBytes)), Endian::little);
    if (entry.u16(0) == kEspMd5Magic &&
        base::digest(base::HashKind::md5, table.raw(0, at)) != entry.raw(16, 16)) {
      note_wrong_checksum(findings, "The MD5 of the partition table",
                          {"partition table: MD5", kEspTableAt + at + 16, 16, {}});
    }
    if (entry.u16(0) != kEspEntryMagic) break;
    OTARU_CHECK(add_esp_partition(reader, entry, kEspTableAt + at, findings));
  }
  return {};
}

base::Status esp_read(const Reader& reader, Findings& findings) {
  OTARU_TRY(bytes, reader.bytes(0, kEspAppAt + kEspAppBytes));
  const Header head(std::move(bytes), Endian::little);
  const Header app(std::string(head.raw(kEspAppAt, kEspAppBytes)), Endian::little);
  const bool described = app.u32(0) == kEspAppMagic;
  if (described) {
    add_description(app, findings);
  } else {
    findings.kind = "esp-image";
    findings.title = "Espressif image without a description (bootloader or older SDK)";
  }
  const std::string_view chip = chip_name(head.u16(12));
  findings.add(FactName::hardware, chip.empty() ? hex_number(head.u16(12)) : chip,
               {"esp_image_header_t.chip_id", 12, 2, {}});
  findings.add(FactName::entry_point, hex_number(head.u32(4)),
               {"esp_image_header_t.entry_addr", 4, 4, {}});
  OTARU_CHECK(read_esp_flash(reader, findings));
  OTARU_TRY(layout, walk_segments(reader, head.u8(1)));
  if (layout.end == 0) {
    note_truncated(
        findings,
        "in segment " + std::to_string(layout.segments + 1) + " of " + std::to_string(head.u8(1)),
        {"segment_count", 1, 1, {}});
    return {};
  }
  OTARU_CHECK(check_sums(reader, layout, head.u8(23) == 1, findings));
  Payload payload{"segments",
                  "esp-segments",
                  kEspHeaderBytes,
                  layout.end - kEspHeaderBytes,
                  Compression::none,
                  0,
                  {}};
  OTARU_CHECK(sample(reader.part(kEspHeaderBytes, payload.size), payload));
  add_payload(findings, std::move(payload), "program");
  return {};
}

}  // namespace

const Format kEspIdfApp = {"esp-idf-app", "ESP-IDF application image", esp_probes, esp_read};

}  // namespace otaru::inspect
