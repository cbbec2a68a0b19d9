// SPDX-License-Identifier: Apache-2.0
// ELF files. Sources: System V gABI, chapters 4 and 5 (Elf32_Ehdr, Elf64_Ehdr, section and program
// headers, notes); NT_GNU_BUILD_ID from the Linux gABI extensions; machine numbers from the
// registry in elf-em.h.
#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"
#include "inspect/checks.h"
#include "inspect/formats.h"

namespace otaru::inspect {
namespace {

struct ElfMachine {
  unsigned number;
  std::string_view name;
};
constexpr ElfMachine kElfMachines[] = {
    {2, "sparc"},      {3, "x86"},     {4, "m68k"},    {8, "mips"},         {20, "powerpc"},
    {21, "powerpc64"}, {22, "s390"},   {40, "arm"},    {42, "sh"},          {43, "sparc64"},
    {62, "x86_64"},    {83, "avr"},    {92, "or1k"},   {93, "arc"},         {94, "xtensa"},
    {105, "msp430"},   {113, "nios2"}, {183, "arm64"}, {189, "microblaze"}, {195, "arcv2"},
    {243, "riscv"},    {247, "bpf"},   {252, "csky"},  {258, "loongarch"},
};
constexpr uint32_t kNoteSection = 7;    // SHT_NOTE
constexpr uint32_t kNoBitsSection = 8;  // SHT_NOBITS
constexpr uint32_t kNoteSegment = 4;    // PT_NOTE
constexpr uint32_t kBuildIdNote = 3;    // NT_GNU_BUILD_ID
constexpr size_t kElfNotesBytesMax = 64 * 1024;

// Where the fields are in both classes.
struct ElfFile {
  bool wide = false;
  Endian endian = Endian::little;
  uint64_t segments_at = 0;
  uint64_t sections_at = 0;
  uint64_t segment_bytes = 0;
  uint64_t segment_count = 0;
  uint64_t section_bytes = 0;
  uint64_t section_count = 0;
  uint64_t names_index = 0;
};

struct ElfSection {
  uint64_t name = 0;
  uint32_t type = 0;
  uint64_t offset = 0;
  uint64_t size = 0;
};

bool elf_probes(const Head& head) {
  return head.first.starts_with(
      "\x7F"
      "ELF");
}

std::string_view elf_type(unsigned type) {
  switch (type) {
    case 1:
      return "object";
    case 2:
      return "executable";
    case 3:
      return "shared object or position independent executable";
    case 4:
      return "core";
    default:
      return {};
  }
}

ElfFile layout_of(const Header& h, bool wide, Endian endian) {
  ElfFile elf;
  elf.wide = wide;
  elf.endian = endian;
  elf.segments_at = wide ? h.u64(32) : h.u32(28);
  elf.sections_at = wide ? h.u64(40) : h.u32(32);
  const size_t sizes = wide ? 54 : 42;
  elf.segment_bytes = h.u16(sizes);
  elf.segment_count = h.u16(sizes + 2);
  elf.section_bytes = h.u16(sizes + 4);
  elf.section_count = h.u16(sizes + 6);
  elf.names_index = h.u16(sizes + 8);
  return elf;
}

base::Result<std::optional<ElfSection>> section_at(const Reader& reader, const ElfFile& elf,
                                                   uint64_t index) {
  const size_t size = elf.wide ? 64 : 40;
  if (index >= elf.section_count || elf.section_bytes < size) return std::optional<ElfSection>();
  OTARU_TRY(bytes, reader.bytes(elf.sections_at + index * elf.section_bytes, size));
  const Header h(std::move(bytes), elf.endian);
  if (!h.has(size)) return std::optional<ElfSection>();
  ElfSection out;
  out.name = h.u32(0);
  out.type = h.u32(4);
  out.offset = elf.wide ? h.u64(24) : h.u32(16);
  out.size = elf.wide ? h.u64(32) : h.u32(20);
  return std::optional<ElfSection>(out);
}

// Notes of one section or segment: name size, description size, type, both padded to four bytes.
base::Status add_notes(const Reader& reader, const ElfFile& elf, uint64_t at, uint64_t size,
                       Findings& findings) {
  const auto count = static_cast<size_t>(std::min<uint64_t>(size, kElfNotesBytesMax));
  OTARU_TRY(bytes, reader.bytes(at, count));
  const Header h(std::move(bytes), elf.endian);
  for (size_t pos = 0; h.has(pos + 12) && reader.step();) {
    const size_t name_size = h.u32(pos);
    const size_t value_size = h.u32(pos + 4);
    if (name_size > h.size() || value_size > h.size()) break;
    const size_t value_at = pos + 12 + (name_size + 3) / 4 * 4;
    if (h.u32(pos + 8) == kBuildIdNote && h.text(pos + 12, name_size) == "GNU" &&
        h.has(value_at + value_size)) {
      findings.add(FactName::build_id, base::hex(h.raw(value_at, value_size)),
                   {"NT_GNU_BUILD_ID", at + value_at, value_size, {}});
    }
    pos = value_at + (value_size + 3) / 4 * 4;
  }
  return {};
}

// ".comment" holds what the compilers wrote about themselves, one text after the other.
base::Status add_comment(const Reader& reader, const ElfSection& section, Findings& findings) {
  const auto size = static_cast<size_t>(std::min<uint64_t>(section.size, kElfNotesBytesMax));
  OTARU_TRY(bytes, reader.bytes(section.offset, size));
  const Evidence at{".comment", section.offset, section.size, {}};
  for (size_t from = 0; from < bytes.size() && reader.step();) {
    const size_t end = std::min(bytes.find('\0', from), bytes.size());
    findings.add(FactName::toolchain, std::string_view(bytes).substr(from, end - from), at);
    from = end + 1;
  }
  return {};
}

base::Status add_sections(const Reader& reader, const ElfFile& elf, Findings& findings) {
  OTARU_TRY(names, section_at(reader, elf, elf.names_index));
  const uint64_t count = std::min<uint64_t>(elf.section_count, base::limits::kInspectEntriesMax);
  for (uint64_t i = 0; i < count; ++i) {
    OTARU_TRY(section, section_at(reader, elf, i));
    if (!section) {
      note_truncated(findings, "inside its section headers", {"e_shoff", std::nullopt, 0, {}});
      return {};
    }
    const bool in_file = section->type != kNoBitsSection && section->type != 0;
    if (in_file &&
        (section->offset > reader.size() || section->size > reader.size() - section->offset)) {
      note_truncated(findings, "before section " + std::to_string(i) + " does");
      return {};
    }
    if (section->type == kNoteSection) {
      OTARU_CHECK(add_notes(reader, elf, section->offset, section->size, findings));
    } else if (names && section->size > 0 && section->name < names->size) {
      OTARU_TRY(name, reader.bytes(names->offset + section->name, 9));
      if (name == std::string_view(".comment\0", 9)) {
        OTARU_CHECK(add_comment(reader, *section, findings));
      }
    }
  }
  return {};
}

base::Status add_segments(const Reader& reader, const ElfFile& elf, Findings& findings) {
  const size_t size = elf.wide ? 56 : 32;
  const uint64_t count = std::min<uint64_t>(elf.segment_count, base::limits::kInspectEntriesMax);
  for (uint64_t i = 0; i < count && elf.segment_bytes >= size; ++i) {
    OTARU_TRY(bytes, reader.bytes(elf.segments_at + i * elf.segment_bytes, size));
    const Header h(std::move(bytes), elf.endian);
    const uint64_t offset = elf.wide ? h.u64(8) : h.u32(4);
    const uint64_t bytes_in_file = elf.wide ? h.u64(32) : h.u32(16);
    if (!h.has(size) || offset > reader.size() || bytes_in_file > reader.size() - offset) {
      note_truncated(findings, "before program segment " + std::to_string(i) + " does");
      return {};
    }
    if (h.u32(0) == kNoteSegment) {
      OTARU_CHECK(add_notes(reader, elf, offset, bytes_in_file, findings));
    }
  }
  return {};
}

base::Status elf_read(const Reader& reader, Findings& findings) {
  OTARU_TRY(bytes, reader.bytes(0, 64));
  const bool wide = bytes.size() > 4 && bytes[4] == 2;
  const Endian endian = bytes.size() > 5 && bytes[5] == 2 ? Endian::big : Endian::little;
  const Header h(std::move(bytes), endian);
  if (!h.has(wide ? 64 : 52)) {
    note_truncated(findings, "inside its header");
    return {};
  }
  const unsigned machine = h.u16(18);
  const auto* known = std::find_if(std::begin(kElfMachines), std::end(kElfMachines),
                                   [machine](const auto& m) { return m.number == machine; });
  findings.add(FactName::architecture,
               known == std::end(kElfMachines) ? "machine " + std::to_string(machine)
                                               : std::string(known->name),
               {"e_machine", 18, 2, {}});
  findings.add(FactName::image_type, elf_type(h.u16(16)), {"e_type", 16, 2, {}});
  findings.add(FactName::format_version,
               std::string(wide ? "64" : "32") + " bit, " +
                   (endian == Endian::big ? "big" : "little") + " endian",
               {"e_ident", 4, 2, {}});
  const uint64_t entry = wide ? h.u64(24) : h.u32(24);
  if (entry != 0) {
    findings.add(FactName::entry_point, hex_number(entry), {"e_entry", 24, wide ? 8u : 4u, {}});
  }
  const ElfFile elf = layout_of(h, wide, endian);
  OTARU_CHECK(add_sections(reader, elf, findings));
  OTARU_CHECK(add_segments(reader, elf, findings));
  findings.info("unsigned", "The format carries no signature.");
  return {};
}

}  // namespace

const Format kElf = {"elf", "ELF file", elf_probes, elf_read};

}  // namespace otaru::inspect
