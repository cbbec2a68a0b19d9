// SPDX-License-Identifier: Apache-2.0
// PE files: EFI programs, unified kernel images, capsules' drivers. Sources: Microsoft "PE Format";
// UEFI Specification 2.10, 2.1 (subsystems); UAPI Group "Unified Kernel Image" (.uname, .osrel).
#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"
#include "inspect/checks.h"
#include "inspect/formats.h"

namespace otaru::inspect {
namespace {

constexpr size_t kPeHeaderBytes = 24;
constexpr size_t kPeSectionBytes = 40;
constexpr size_t kPeTextBytesMax = 8 * 1024;

// The place of "PE\0\0", or nothing.
std::optional<uint32_t> pe_at(const Head& head) {
  const Header h(std::string(head.first), Endian::little);
  const uint32_t at = h.u32(0x3C);
  if (h.raw(0, 2) != "MZ" || at < 0x40) return std::nullopt;
  if (h.raw(at, 4) != std::string_view("PE\0\0", 4)) return std::nullopt;
  return at;
}

bool pe_probes(const Head& head) {
  return pe_at(head).has_value();
}

std::string_view pe_machine(unsigned machine) {
  switch (machine) {
    case 0x014C:
      return "x86";
    case 0x8664:
      return "x86_64";
    case 0x01C0:
    case 0x01C2:
    case 0x01C4:
      return "arm";
    case 0xAA64:
      return "arm64";
    case 0x5032:
      return "riscv32";
    case 0x5064:
      return "riscv64";
    case 0x6264:
      return "loongarch64";
    default:
      return {};
  }
}

std::string_view pe_subsystem(unsigned subsystem) {
  switch (subsystem) {
    case 10:
      return "EFI application";
    case 11:
      return "EFI boot service driver";
    case 12:
      return "EFI runtime driver";
    case 13:
      return "EFI ROM";
    default:
      return {};
  }
}

// os-release(5): VERSION_ID="12" and so on.
void add_os_release(std::string_view text, const Evidence& at, Findings& findings) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const size_t equals = line.find('=');
    if (equals != std::string_view::npos) {
      std::string_view value = line.substr(equals + 1);
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
        value = value.substr(1, value.size() - 2);
      }
      const std::string_view key = line.substr(0, equals);
      Evidence evidence = at;
      evidence.path = ".osrel:" + std::string(key);
      if (key == "PRETTY_NAME") findings.add(FactName::os, value, evidence);
      if (key == "IMAGE_ID") findings.add(FactName::product, value, evidence);
      if (key == "IMAGE_VERSION") findings.add(FactName::version, value, evidence);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

base::Status add_pe_section(const Reader& reader, const Header& section, Findings& findings) {
  const std::string_view name = section.text(0, 8);
  const uint64_t size = section.u32(16);
  const uint64_t at = section.u32(20);
  if (size > 0 && (at > reader.size() || size > reader.size() - at)) {
    note_truncated(findings, "inside section " + clean_text(name));
    return {};
  }
  if (name != ".uname" && name != ".osrel") return {};
  // The size in memory is the one without padding; some linkers leave it zero.
  const uint64_t in_memory = section.u32(8) == 0 ? size : section.u32(8);
  const uint64_t real = std::min<uint64_t>({size, in_memory, kPeTextBytesMax});
  OTARU_TRY(text, reader.bytes(at, static_cast<size_t>(real)));
  const Evidence evidence{std::string(name), at, real, {}};
  if (name == ".osrel") {
    add_os_release(text, evidence, findings);
  } else {
    const std::string release = clean_text(text.substr(0, text.find('\0')));
    findings.add(FactName::requires_version, release.empty() ? "" : "linux " + release, evidence);
  }
  return {};
}

base::Status add_certificate(const Reader& reader, const Header& optional, uint64_t optional_at,
                             Findings& findings) {
  const bool wide = optional.u16(0) == 0x20B;  // PE32+
  const size_t directory = (wide ? 112 : 96) + 4 * 8;
  const uint64_t offset = optional.u32(directory);
  const uint64_t size = optional.u32(directory + 4);
  const Evidence at{"Certificate Table", optional_at + directory, 8, {}};
  if (size == 0) {
    findings.info("unsigned", "It carries no Authenticode signature.", at);
  } else if (offset > reader.size() || size > reader.size() - offset) {
    note_truncated(findings, "inside its certificate table", at);
  } else {
    findings.add(FactName::signature, "Authenticode", at);
  }
  return {};
}

base::Status pe_read(const Reader& reader, Findings& findings) {
  OTARU_TRY(first, reader.bytes(0, base::limits::kInspectHeadBytes));
  const uint64_t at = pe_at({first, {}, reader.size()}).value_or(0);
  OTARU_TRY(head_bytes, reader.bytes(at, kPeHeaderBytes));
  const Header head(std::move(head_bytes), Endian::little);
  const uint64_t optional_at = at + kPeHeaderBytes;
  OTARU_TRY(optional_bytes, reader.bytes(optional_at, head.u16(20)));
  const Header optional(std::move(optional_bytes), Endian::little);
  if (!head.has(kPeHeaderBytes) || !optional.has(head.u16(20)) || !optional.has(70)) {
    note_truncated(findings, "inside its header");
    return {};
  }
  findings.add(FactName::architecture, pe_machine(head.u16(4)), {"Machine", at + 4, 2, {}});
  // Reproducible builds put a hash or zero there; a plausible time is shown.
  findings.add(FactName::build_time, time_text(head.u32(8)), {"TimeDateStamp", at + 8, 4, {}});
  const std::string_view subsystem = pe_subsystem(optional.u16(68));
  findings.add(FactName::image_type, subsystem, {"Subsystem", optional_at + 68, 2, {}});
  if (!subsystem.empty()) {
    findings.kind = "efi";
    findings.title = "EFI program";
  }
  const size_t count = std::min<size_t>(head.u16(6), 96);  // what loaders take
  for (size_t i = 0; i < count; ++i) {
    const uint64_t section_at = optional_at + head.u16(20) + i * kPeSectionBytes;
    OTARU_TRY(bytes, reader.bytes(section_at, kPeSectionBytes));
    if (bytes.size() < kPeSectionBytes) {
      note_truncated(findings, "inside its section table");
      return {};
    }
    OTARU_CHECK(add_pe_section(reader, Header(std::move(bytes), Endian::little), findings));
  }
  return add_certificate(reader, optional, optional_at, findings);
}

}  // namespace

const Format kPe = {"pe", "PE file", pe_probes, pe_read};

}  // namespace otaru::inspect
