// SPDX-License-Identifier: Apache-2.0
// Images of the MCUboot bootloader. Sources: the "Bootloader design" page of
// MCUboot ("Image format"),
// bootutil/image.h (struct image_header, image_tlv) and imgtool, which makes them.
#include "base/encoding.h"
#include "inspect/checks.h"
#include "inspect/formats.h"

namespace otaru::inspect {
namespace {

constexpr uint32_t kMcuMagic = 0x96F3B83D;
constexpr size_t kMcuHeaderBytes = 32;
constexpr unsigned kMcuTlvMagic = 0x6907;
constexpr unsigned kMcuProtectedTlvMagic = 0x6908;
constexpr size_t kMcuTlvHeadBytes = 4;
constexpr uint32_t kMcuEncrypted = 0x4 | 0x8;       // IMAGE_F_ENCRYPTED_AES128, _AES256
constexpr uint32_t kMcuCompressed = 0x200 | 0x400;  // IMAGE_F_COMPRESSED_LZMA1, _LZMA2

bool mcu_probes(const Head& head) {
  return Header(std::string(head.first.substr(0, 4)), Endian::little).u32(0) == kMcuMagic;
}

std::string version_text(const Header& h, size_t at) {
  std::string out = std::to_string(h.u8(at)) + "." + std::to_string(h.u8(at + 1)) + "." +
                    std::to_string(h.u16(at + 2));
  if (h.u32(at + 4) != 0) out += "+" + std::to_string(h.u32(at + 4));
  return out;
}

struct McuImage {
  uint64_t header_size = 0;
  uint64_t image_size = 0;
  uint64_t protected_size = 0;
  uint32_t flags = 0;
  bool has_hash = false;
  bool has_signature = false;
  uint64_t signed_size() const { return header_size + image_size + protected_size; }
};

std::string_view signature_kind(unsigned type) {
  switch (type) {
    case 0x20:
      return "RSA-2048 PSS";
    case 0x21:
      return "ECDSA P-224";
    case 0x22:
      return "ECDSA";
    case 0x23:
      return "RSA-3072 PSS";
    case 0x24:
      return "Ed25519";
    default:
      return {};
  }
}

base::Status check_hash(const Reader& reader, unsigned type, std::string_view declared,
                        const Evidence& at, McuImage& image, Findings& findings) {
  image.has_hash = true;
  const auto hasher = [type] {
    if (type == 0x11) return base::Hasher(base::LongHashKind::sha384);
    if (type == 0x12) return base::Hasher(base::LongHashKind::sha512);
    return base::Hasher(base::HashKind::sha256);
  };
  if (type == 0x10) {
    findings.add(FactName::sha256_declared, base::hex(declared), at);
  } else {
    findings.add(FactName::checksum, (type == 0x11 ? "sha384 " : "sha512 ") + base::hex(declared),
                 at);
  }
  if ((image.flags & kMcuEncrypted) != 0) {
    findings.info("hash-unchecked",
                  "The hash is one of the decrypted image; it cannot be checked here.", at);
    return {};
  }
  return check_digest(reader, hasher(), 0, image.signed_size(), declared,
                      "The hash over header, image and protected entries", at, findings);
}

base::Status add_entry(const Reader& reader, unsigned type, const std::string& value,
                       const Evidence& at, McuImage& image, Findings& findings) {
  const Header v(value, Endian::little);
  if (type >= 0x10 && type <= 0x12) {
    return check_hash(reader, type, value, at, image, findings);
  }
  if (const auto kind = signature_kind(type); !kind.empty()) {
    image.has_signature = true;
    findings.add(FactName::signature, kind, at);
  } else if (type == 0x01) {  // IMAGE_TLV_KEYHASH
    findings.add(FactName::signer, "key sha256 " + base::hex(value), at);
  } else if (type == 0x40 && v.has(12)) {  // IMAGE_TLV_DEPENDENCY: image id, least version
    findings.add(FactName::requires_version,
                 "image " + std::to_string(v.u8(0)) + " >= " + version_text(v, 4), at);
  } else if (type == 0x50 && v.has(4)) {  // IMAGE_TLV_SEC_CNT
    findings.add(FactName::security_version, std::to_string(v.u32(0)), at);
  } else if (type == 0x74 && v.has(16)) {  // IMAGE_TLV_UUID_VID
    findings.add(FactName::vendor, uuid_text(value), at);
  } else if (type == 0x75 && v.has(16)) {  // IMAGE_TLV_UUID_CID
    findings.add(FactName::hardware, uuid_text(value), at);
  }
  return {};
}

// One area of entries at `at`; returns its end, or 0 when it is cut or is none.
base::Result<uint64_t> read_area(const Reader& reader, uint64_t at, unsigned magic, McuImage& image,
                                 Findings& findings) {
  OTARU_TRY(info_bytes, reader.bytes(at, kMcuTlvHeadBytes));
  const Header info(std::move(info_bytes), Endian::little);
  if (!info.has(kMcuTlvHeadBytes) || info.u16(0) != magic) return uint64_t{0};
  const uint64_t end = at + info.u16(2);
  if (end > reader.size()) return uint64_t{0};
  const std::string area = magic == kMcuTlvMagic ? "tlv" : "protected_tlv";
  for (uint64_t entry = at + kMcuTlvHeadBytes; entry + kMcuTlvHeadBytes <= end;) {
    OTARU_TRY(head_bytes, reader.bytes(entry, kMcuTlvHeadBytes));
    const Header head(std::move(head_bytes), Endian::little);
    const uint64_t size = head.u16(2);
    if (!head.has(kMcuTlvHeadBytes) || size > end - entry - kMcuTlvHeadBytes) return uint64_t{0};
    OTARU_TRY(value, reader.bytes(entry + kMcuTlvHeadBytes, static_cast<size_t>(size)));
    const Evidence evidence{
        area + " " + hex_number(head.u16(0)), entry + kMcuTlvHeadBytes, size, {}};
    OTARU_CHECK(add_entry(reader, head.u16(0), value, evidence, image, findings));
    entry += kMcuTlvHeadBytes + size;
  }
  return end;
}

void add_flags(const McuImage& image, Findings& findings) {
  const Evidence at{"image_header.ih_flags", 16, 4, {}};
  if ((image.flags & kMcuEncrypted) != 0) {
    findings.info("encrypted", "The image is encrypted for the device.", at);
  }
  if ((image.flags & 0x10) != 0) findings.info("not-bootable", "It is no bootable image.", at);
}

base::Status add_mcu_payload(const Reader& reader, const McuImage& image, Findings& findings) {
  Payload payload{"image", "firmware", image.header_size, image.image_size, Compression::none,
                  0,       {}};
  if ((image.flags & kMcuCompressed) != 0) payload.compression = Compression::lzma;
  OTARU_CHECK(sample(reader.part(image.header_size, image.image_size), payload));
  add_payload(findings, std::move(payload), "image");
  return {};
}

base::Status mcu_read(const Reader& reader, Findings& findings) {
  OTARU_TRY(bytes, reader.bytes(0, kMcuHeaderBytes));
  const Header h(std::move(bytes), Endian::little);
  if (!h.has(kMcuHeaderBytes)) {
    note_truncated(findings, "inside its header");
    return {};
  }
  McuImage image;
  image.header_size = h.u16(8);
  image.protected_size = h.u16(10);
  image.image_size = h.u32(12);
  image.flags = h.u32(16);
  findings.add(FactName::version, version_text(h, 20), {"image_header.ih_ver", 20, 8, {}});
  if (h.u32(4) != 0) {
    findings.add(FactName::address, hex_number(h.u32(4)), {"image_header.ih_load_addr", 4, 4, {}});
  }
  add_flags(image, findings);
  if (image.header_size < kMcuHeaderBytes || image.signed_size() > reader.size()) {
    note_truncated(findings, "before the image does", {"image_header.ih_img_size", 12, 4, {}});
    return {};
  }
  const uint64_t image_end = image.header_size + image.image_size;
  if (image.protected_size > 0) {
    OTARU_TRY(end, read_area(reader, image_end, kMcuProtectedTlvMagic, image, findings));
    if (end != image.signed_size()) {
      note_truncated(findings, "inside its protected entries, or they are damaged",
                     {"image_header.ih_protect_tlv_size", 10, 2, {}});
    }
  }
  OTARU_TRY(end, read_area(reader, image.signed_size(), kMcuTlvMagic, image, findings));
  const Evidence area{"image_tlv_info", image.signed_size(), kMcuTlvHeadBytes, {}};
  if (end == 0) {
    note_truncated(findings, "without its entries (hash, signature), or they are damaged", area);
  } else if (!image.has_signature) {
    findings.warn("unsigned", "It carries no signature.",
                  "Sign it with imgtool and the key that the bootloader knows.", area);
  }
  return add_mcu_payload(reader, image, findings);
}

}  // namespace

const Format kMcuboot = {"mcuboot", "MCUboot image", mcu_probes, mcu_read};

}  // namespace otaru::inspect
