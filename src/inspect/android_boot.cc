// SPDX-License-Identifier: Apache-2.0
// Android boot images. Source: AOSP system/tools/mkbootimg, include/bootimg/bootimg.h (boot_img_hdr
// v0 to v4, vendor_boot_img_hdr).
#include "base/hash.h"
#include "base/limits.h"
#include "inspect/checks.h"
#include "inspect/formats.h"

namespace otaru::inspect {
namespace {

constexpr size_t kBootHeaderBytes = 1664;  // of v2, the longest
constexpr uint64_t kBootPageV3 = 4096;

bool boot_probes(const Head& head) {
  return head.first.starts_with("ANDROID!") || head.first.starts_with("VNDRBOOT");
}

// os_version = A[31:25] B[24:18] C[17:11] (year - 2000)[10:4] month[3:0]
void add_os_version(uint32_t packed, uint64_t at, Findings& findings) {
  if (packed == 0) return;
  const Evidence evidence{"boot_img_hdr.os_version", at, 4, {}};
  const std::string version = std::to_string(packed >> 25) + "." +
                              std::to_string(packed >> 18 & 0x7F) + "." +
                              std::to_string(packed >> 11 & 0x7F);
  findings.add(FactName::os, "Android " + version, evidence);
  const unsigned month = packed & 0xF;
  findings.add(FactName::security_patch,
               std::to_string(2000 + (packed >> 4 & 0x7F)) + "-" + (month < 10 ? "0" : "") +
                   std::to_string(month),
               evidence);
}

struct BootPart {
  std::string name;
  uint64_t size = 0;
  uint64_t offset = 0;
};

// The parts follow the header's page, each from a page's begin. False when the file is cut.
base::Result<bool> add_boot_parts(const Reader& reader, std::vector<BootPart>& parts,
                                  uint64_t begin, uint64_t page, Findings& findings) {
  uint64_t at = begin;
  for (auto& part : parts) {
    if (part.size == 0) continue;
    if (at > reader.size() || part.size > reader.size() - at) {
      note_truncated(findings, "inside its " + part.name);
      return false;
    }
    part.offset = at;
    const Reader inside = reader.part(at, part.size);
    Payload payload{part.name, "raw", at, part.size, Compression::none, 0, {}};
    OTARU_TRY(kind, kind_of(inside));
    if (kind != "raw") payload.type = kind;
    OTARU_CHECK(sample(inside, payload));
    add_payload(findings, std::move(payload), part.name);
    at += (part.size + page - 1) / page * page;
  }
  return true;
}

// The id of old images is the SHA-1 of the parts, each with its size behind it.
base::Status check_boot_id(const Reader& reader, const std::vector<BootPart>& parts,
                           std::string_view id, Findings& findings) {
  if (id.find_first_not_of('\0') == std::string_view::npos) return {};
  base::Hasher hasher(base::HashKind::sha1);
  for (const auto& part : parts) {
    OTARU_TRY(whole, reader.stream(part.offset, part.size,
                                   [&hasher](std::string_view piece) { hasher.update(piece); }));
    if (!whole) return {};
    std::string size;
    for (int shift = 0; shift < 32; shift += 8)
      size += static_cast<char>(part.size >> shift & 0xFF);
    hasher.update(size);
  }
  const Evidence at{"boot_img_hdr.id", 576, 32, {}};
  if (hasher.finish() == id.substr(0, 20)) {
    findings.info("hash-right", "The SHA-1 over its parts fits the content.", at);
  } else {
    // Other tools write a time or nothing there.
    findings.warn("hash-differs", "The id is not the SHA-1 over its parts.",
                  "Harmless if another tool than mkbootimg made it; else it is damaged.", at);
  }
  return {};
}

base::Status read_old(const Reader& reader, const Header& h, unsigned version, Findings& findings) {
  add_os_version(h.u32(44), 44, findings);
  findings.add(FactName::board, h.text(48, 16), {"boot_img_hdr.name", 48, 16, {}});
  findings.add(FactName::address, hex_number(h.u32(12)), {"boot_img_hdr.kernel_addr", 12, 4, {}});
  const uint64_t page = h.u32(36);
  if (page < 512 || page > 1024 * 1024) {
    findings.problem("header-wrong", "The page size of the header makes no sense.",
                     "Build or upload it again.", {"boot_img_hdr.page_size", 36, 4, {}});
    return {};
  }
  std::vector<BootPart> parts{{"kernel", h.u32(8)}, {"ramdisk", h.u32(16)}, {"second", h.u32(24)}};
  if (version >= 1) parts.push_back({"recovery_dtbo", h.u32(1632)});
  if (version >= 2) parts.push_back({"dtb", h.u32(1648)});
  const uint64_t begin = (kBootHeaderBytes + page - 1) / page * page;
  OTARU_TRY(whole, add_boot_parts(reader, parts, version == 0 ? page : begin, page, findings));
  if (!whole) return {};
  return check_boot_id(reader, parts, h.raw(576, 32), findings);
}

base::Status read_new(const Reader& reader, const Header& h, unsigned version, Findings& findings) {
  add_os_version(h.u32(16), 16, findings);
  std::vector<BootPart> parts{{"kernel", h.u32(8)}, {"ramdisk", h.u32(12)}};
  if (version >= 4 && h.u32(1580) > 0) {
    parts.push_back({"signature", h.u32(1580)});
    findings.add(FactName::signature, "boot signature (AVB)",
                 {"boot_img_hdr_v4.signature_size", 1580, 4, {}});
  }
  OTARU_TRY(whole, add_boot_parts(reader, parts, kBootPageV3, kBootPageV3, findings));
  static_cast<void>(whole);  // said already
  return {};
}

base::Status boot_read(const Reader& reader, Findings& findings) {
  OTARU_TRY(bytes, reader.bytes(0, kBootHeaderBytes));
  const Header h(std::move(bytes), Endian::little);
  if (!h.has(kBootHeaderBytes)) {
    note_truncated(findings, "inside its header");
    return {};
  }
  const bool vendor = h.raw(0, 8) == "VNDRBOOT";
  const unsigned version = vendor ? h.u32(8) : h.u32(40);
  const uint64_t version_at = vendor ? 8 : 40;
  const Evidence at{"header_version", version_at, 4, {}};
  if (vendor) {
    findings.title = "Android vendor boot image";
    findings.add(FactName::format_version, std::to_string(version), at);
    return {};
  }
  // Before version 1 the field was the size of a device tree.
  const bool known = version <= 4;
  findings.add(FactName::format_version, std::to_string(known ? version : 0), at);
  return known && version >= 3 ? read_new(reader, h, version, findings)
                               : read_old(reader, h, known ? version : 0, findings);
}

}  // namespace

const Format kAndroidBoot = {"android-boot", "Android boot image", boot_probes, boot_read};

}  // namespace otaru::inspect
