// SPDX-License-Identifier: Apache-2.0
// Linux kernels as boot loaders take them. Sources: Linux Documentation/arch/arm64/booting.rst,
// Documentation/arch/riscv/boot-image-header.rst, Documentation/arch/x86/boot.rst and, for 32-bit
// ARM, arch/arm/boot/compressed/head.S (the words at 0x24 of a zImage).
#include <algorithm>

#include "inspect/checks.h"
#include "inspect/formats.h"

namespace otaru::inspect {
namespace {

// The decompressor in front of a packed kernel is smaller.
constexpr size_t kUnpackerBytesMax = 256 * 1024;
constexpr size_t kBannerBytes = 160;

bool has_at(const Head& head, size_t at, std::string_view magic) {
  return head.first.size() >= at + magic.size() && head.first.substr(at, magic.size()) == magic;
}

bool zimage_probes(const Head& head) {
  return has_at(head, 0x24, std::string_view("\x18\x28\x6F\x01", 4));
}
bool arm64_probes(const Head& head) {
  return has_at(head, 0x38, "ARM\x64");
}
bool riscv_probes(const Head& head) {
  return has_at(head, 0x30, "RISCV") && has_at(head, 0x38, "RSC\x05");
}
bool x86_probes(const Head& head) {
  return has_at(head, 0x1FE, "\x55\xAA") && has_at(head, 0x202, "HdrS");
}

// The packed kernel begins where first something looks like a packer's magic. zlib's two bytes
// would be found everywhere and are not used by kernels.
base::Status add_packed(const Reader& reader, Findings& findings) {
  OTARU_TRY(bytes, reader.bytes(0, kUnpackerBytesMax));
  const std::string_view all(bytes);
  for (size_t at = 0; at + 16 <= all.size(); ++at) {
    const Compression found = detect_compression(all.substr(at, 32));
    if (found == Compression::none || found == Compression::zlib) continue;
    Payload payload{"kernel", "linux", at, reader.size() - at, found, 0, {}};
    OTARU_CHECK(sample(reader.part(at, payload.size), payload));
    add_payload(findings, std::move(payload), "kernel");
    return {};
  }
  Payload payload{"kernel", "linux", 0, reader.size(), Compression::none, 0, {}};
  OTARU_CHECK(sample(reader, payload));
  add_payload(findings, std::move(payload), "kernel");
  return {};
}

// "6.1.0-13-arm64 (builder@host) (gcc ...) #1 SMP ..." -> the release and the compiler.
void add_release(std::string_view text, const Evidence& at, Findings& findings) {
  const size_t end = text.find_first_of(std::string_view(" \0", 2));
  findings.add(FactName::version, text.substr(0, end), at);
}

// Unpacked kernels hold "Linux version ..." (init/version.c, linux_banner).
base::Status add_banner(const Reader& reader, Findings& findings) {
  static constexpr std::string_view kMark = "Linux version ";
  std::optional<uint64_t> found;
  std::string rest;  // the end of the piece before
  uint64_t at = 0;   // of the piece
  OTARU_TRY(whole, reader.stream(0, reader.size(), [&](std::string_view piece) {
    if (!found) {
      const std::string text = rest + std::string(piece);
      size_t pos = text.find(kMark);
      // The same words stand in formats too: a release begins with a digit.
      while (pos != std::string::npos && pos + kMark.size() < text.size() &&
             (text[pos + kMark.size()] < '0' || text[pos + kMark.size()] > '9')) {
        pos = text.find(kMark, pos + 1);
      }
      if (pos != std::string::npos) found = at + pos - rest.size() + kMark.size();
      rest = text.substr(text.size() - std::min(text.size(), kMark.size()));
    }
    at += piece.size();
  }));
  static_cast<void>(whole);  // what was not read is said once for the file
  if (!found) return {};
  OTARU_TRY(banner, reader.bytes(*found, kBannerBytes));
  add_release(banner, {"linux_banner", *found, kMark.size(), {}}, findings);
  return {};
}

base::Status zimage_read(const Reader& reader, Findings& findings) {
  OTARU_TRY(bytes, reader.bytes(0, 0x40));
  const Header h(std::move(bytes), Endian::little);
  findings.add(FactName::architecture, "arm", {"zImage magic", 0x24, 4, {}});
  findings.add(FactName::os, "linux", {"zImage magic", 0x24, 4, {}});
  const uint64_t start = h.u32(0x28);
  const uint64_t end = h.u32(0x2C);
  if (end > start && end - start > reader.size()) {
    note_truncated(findings, "before the kernel does", {"zImage end", 0x2C, 4, {}});
  }
  return add_packed(reader, findings);
}

// arm64 and RISC-V share the header: size and flags at the same places.
base::Status read_image(const Reader& reader, std::string_view architecture, Findings& findings) {
  OTARU_TRY(bytes, reader.bytes(0, 0x40));
  const Header h(std::move(bytes), Endian::little);
  findings.add(FactName::architecture, architecture, {"magic", 0x38, 4, {}});
  findings.add(FactName::os, "linux", {"magic", 0x38, 4, {}});
  if (!h.has(0x40)) {
    note_truncated(findings, "inside its header");
    return {};
  }
  OTARU_CHECK(add_banner(reader, findings));
  Payload payload{"kernel", "linux", 0, reader.size(), Compression::none, 0, {}};
  OTARU_CHECK(sample(reader, payload));
  add_payload(findings, std::move(payload), "kernel");
  return {};
}

base::Status arm64_read(const Reader& reader, Findings& findings) {
  return read_image(reader, "arm64", findings);
}

base::Status riscv_read(const Reader& reader, Findings& findings) {
  return read_image(reader, "riscv", findings);
}

base::Status x86_read(const Reader& reader, Findings& findings) {
  OTARU_TRY(bytes, reader.bytes(0, 0x260));
  const Header h(std::move(bytes), Endian::little);
  findings.add(FactName::architecture, "x86", {"header", 0x202, 4, {}});
  findings.add(FactName::os, "linux", {"header", 0x202, 4, {}});
  findings.add(FactName::format_version,
               "boot protocol " + std::to_string(h.u8(0x207)) + "." + std::to_string(h.u8(0x206)),
               {"version", 0x206, 2, {}});
  if (h.u16(0x20E) != 0) {
    const uint64_t at = uint64_t{h.u16(0x20E)} + 0x200;
    OTARU_TRY(banner, reader.bytes(at, kBannerBytes));
    add_release(banner, {"kernel_version", at, kBannerBytes, {}}, findings);
  }
  const uint64_t setup = (h.u8(0x1F1) == 0 ? 4u : h.u8(0x1F1)) + uint64_t{1};
  const uint64_t at = setup * 512 + h.u32(0x248);
  const uint64_t size = h.u32(0x24C);
  if (h.u16(0x206) < 0x0208 || size == 0) return {};  // older headers do not tell
  if (at > reader.size() || size > reader.size() - at) {
    note_truncated(findings, "inside its kernel", {"payload_length", 0x24C, 4, {}});
    return {};
  }
  Payload payload{"kernel", "linux", at, size, Compression::none, 0, {}};
  OTARU_CHECK(sample(reader.part(at, size), payload));
  add_payload(findings, std::move(payload), "kernel");
  return {};
}

}  // namespace

const Format kZimage = {"zimage", "Linux kernel for 32-bit ARM (zImage)", zimage_probes,
                        zimage_read};
const Format kArm64Image = {"linux-arm64", "Linux kernel for arm64 (Image)", arm64_probes,
                            arm64_read};
const Format kRiscvImage = {"linux-riscv", "Linux kernel for RISC-V (Image)", riscv_probes,
                            riscv_read};
const Format kX86Image = {"linux-x86", "Linux kernel for x86 (bzImage)", x86_probes, x86_read};

}  // namespace otaru::inspect
