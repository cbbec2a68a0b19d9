// SPDX-License-Identifier: Apache-2.0
// U-Boot's legacy images. Sources: U-Boot's include/image.h (struct legacy_img_hdr, IH_OS_,
// IH_ARCH_, IH_TYPE_, IH_COMP_) and the manual page of mkimage.
#include "base/encoding.h"
#include "inspect/checks.h"
#include "inspect/formats.h"
#include "inspect/uboot_names.h"

namespace otaru::inspect {
namespace {

constexpr uint32_t kUimageMagic = 0x27051956;
constexpr size_t kUimageHeaderBytes = 64;
constexpr unsigned kUimageMulti = 4;  // IH_TYPE_MULTI
constexpr unsigned kUimageScript = 6;
constexpr size_t kUimagePartsMax = 64;

bool uimage_probes(const Head& head) {
  return Header(std::string(head.first.substr(0, 4)), Endian::big).u32(0) == kUimageMagic;
}

// The header's CRC is made with its own field zero.
void check_header(std::string head, uint32_t declared, Findings& findings) {
  head.replace(4, 4, 4, '\0');
  const Evidence at{"ih_hcrc", 4, 4, {}};
  if (crc32_of(head) != declared) note_wrong_checksum(findings, "The header's CRC-32", at);
}

void add_names(const Header& h, Findings& findings) {
  const std::string_view name = h.text(32, 32);
  findings.add(FactName::description, name, {"ih_name", 32, 32, {}});
  findings.add(FactName::version, version_in(name), {"ih_name", 32, 32, {}});
  findings.add(FactName::os, uboot_os(h.u8(28)), {"ih_os", 28, 1, {}});
  findings.add(FactName::architecture, uboot_arch(h.u8(29)), {"ih_arch", 29, 1, {}});
  findings.add(FactName::image_type, uboot_type(h.u8(30)), {"ih_type", 30, 1, {}});
  findings.add(FactName::compression, compression_name(uboot_compression(h.u8(31))),
               {"ih_comp", 31, 1, {}});
  findings.add(FactName::build_time, time_text(h.u32(8)), {"ih_time", 8, 4, {}});
  findings.add(FactName::address, hex_number(h.u32(16)), {"ih_load", 16, 4, {}});
  findings.add(FactName::entry_point, hex_number(h.u32(20)), {"ih_ep", 20, 4, {}});
  findings.add(FactName::checksum, "crc32 " + hex_number(h.u32(24)).substr(2),
               {"ih_dcrc", 24, 4, {}});
}

base::Status add_one(const Reader& reader, Payload payload, std::string_view what,
                     Findings& findings) {
  const Reader inside = reader.part(*payload.offset, payload.size);
  OTARU_CHECK(sample(inside, payload));
  OTARU_TRY(kind, kind_of(inside));
  if (kind != "raw") payload.type = kind;
  add_payload(findings, std::move(payload), what);
  return {};
}

// Multi-file images and scripts begin with a list of sizes that a zero ends; the files follow, each
// aligned to four bytes.
base::Status add_parts(const Reader& reader, uint64_t size, Findings& findings) {
  const auto table_bytes = static_cast<size_t>(std::min<uint64_t>(size, 4 * (kUimagePartsMax + 1)));
  OTARU_TRY(bytes, reader.bytes(kUimageHeaderBytes, table_bytes));
  const Header table(std::move(bytes), Endian::big);
  size_t count = 0;
  while (count < kUimagePartsMax && table.u32(count * 4) != 0) ++count;
  uint64_t at = kUimageHeaderBytes + (count + 1) * 4;
  const uint64_t end = kUimageHeaderBytes + size;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t part = table.u32(i * 4);
    if (at > end || part > end - at) {
      note_truncated(findings, "inside part " + std::to_string(i + 1),
                     {"size of part", kUimageHeaderBytes + i * 4, 4, {}});
      return {};
    }
    const std::string name = "part " + std::to_string(i + 1);
    OTARU_CHECK(add_one(reader, {name, "raw", at, part, Compression::none, 0, {}}, name, findings));
    at += (part + 3) / 4 * 4;
  }
  return {};
}

base::Status uimage_read(const Reader& reader, Findings& findings) {
  OTARU_TRY(bytes, reader.bytes(0, kUimageHeaderBytes));
  const Header h(bytes, Endian::big);
  if (!h.has(kUimageHeaderBytes)) {
    note_truncated(findings, "inside its header");
    return {};
  }
  check_header(std::move(bytes), h.u32(4), findings);
  add_names(h, findings);
  const uint64_t size = h.u32(12);
  if (size > reader.size() - kUimageHeaderBytes) {
    note_truncated(findings, "before its data does", {"ih_size", 12, 4, {}});
    return {};
  }
  OTARU_CHECK(check_crc32(reader, kUimageHeaderBytes, size, h.u32(24), "The CRC-32 of the data",
                          {"ih_dcrc", 24, 4, {}}, findings));
  note_trailing(findings, kUimageHeaderBytes + size, reader.size());
  findings.info("unsigned", "Legacy images cannot carry a signature.");
  if (h.u8(30) == kUimageMulti || h.u8(30) == kUimageScript) {
    return add_parts(reader, size, findings);
  }
  Payload payload{"data", "raw", kUimageHeaderBytes, size, uboot_compression(h.u8(31)), 0, {}};
  const std::string_view type = uboot_type(h.u8(30));
  return add_one(reader, std::move(payload), type.empty() ? "data" : type, findings);
}

}  // namespace

const Format kUimage = {"uimage-legacy", "U-Boot legacy image", uimage_probes, uimage_read};

}  // namespace otaru::inspect
