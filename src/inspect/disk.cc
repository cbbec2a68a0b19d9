// SPDX-License-Identifier: Apache-2.0
// Whole disks with their partitions, and FAT file systems, which share their first sector's mark.
// Sources: UEFI Specification 2.10, 5.2 (MBR) and 5.3 (GPT); Microsoft "FAT32 File System
// Specification" 1.03, "Boot Sector and BPB".
#include <algorithm>

#include "base/limits.h"
#include "inspect/checks.h"
#include "inspect/formats.h"

namespace otaru::inspect {
namespace {

constexpr uint64_t kSectorBytes = 512;
constexpr size_t kMbrMarkAt = 510;
constexpr size_t kMbrEntriesAt = 446;
constexpr size_t kMbrEntryBytes = 16;
constexpr size_t kMbrEntries = 4;
constexpr unsigned kMbrProtective = 0xEE;
constexpr size_t kGptHeaderBytes = 92;
constexpr size_t kGptEntryBytes = 128;  // what is read of each; they may be longer
constexpr uint32_t kGptEntriesMax = 128;
constexpr size_t kGptNameUnits = 36;

bool marked(std::string_view first) {
  return first.size() >= kSectorBytes && first.substr(kMbrMarkAt, 2) == "\x55\xAA";
}

// The mark alone is little: entries must be active or not, and at least one of them in use and
// within reach.
bool mbr_probes(const Head& head) {
  if (!marked(head.first)) return false;
  const Header h(std::string(head.first.substr(0, kSectorBytes)), Endian::little);
  bool used = false;
  for (size_t i = 0; i < kMbrEntries; ++i) {
    const size_t at = kMbrEntriesAt + i * kMbrEntryBytes;
    if ((h.u8(at) & 0x7F) != 0) return false;
    const uint64_t begin = h.u32(at + 8);
    used = used || (h.u8(at + 4) != 0 && begin != 0 && begin * kSectorBytes < head.size);
  }
  return used;
}

base::Status add_partition(const Reader& reader, const std::string& name, uint64_t begin,
                           uint64_t end, Findings& findings) {
  if (begin > reader.size() || end > reader.size()) {
    note_truncated(findings, "before its " + name + " does");
    return {};
  }
  const Reader inside = reader.part(begin, end - begin);
  Payload payload{name, "raw", begin, end - begin, Compression::none, 0, {}};
  OTARU_TRY(kind, kind_of(inside));
  if (kind != "raw") payload.type = kind;
  OTARU_CHECK(sample(inside, payload));
  add_payload(findings, std::move(payload), name);
  return {};
}

// The first three fields of a GUID are numbers, little-endian (UEFI, appendix A).
std::string guid_text(std::string_view sixteen) {
  std::string bytes(sixteen);
  if (bytes.size() < 16) return {};
  std::reverse(bytes.begin(), bytes.begin() + 4);
  std::reverse(bytes.begin() + 4, bytes.begin() + 6);
  std::reverse(bytes.begin() + 6, bytes.begin() + 8);
  return uuid_text(bytes);
}

// UTF-16; what is not ASCII is shown as a question mark.
std::string gpt_name(const Header& entry) {
  std::string out;
  for (size_t i = 0; i < kGptNameUnits; ++i) {
    const unsigned unit = entry.u16(56 + i * 2);
    if (unit == 0) break;
    out += unit < 0x80 ? static_cast<char>(unit) : '?';
  }
  return clean_text(out);
}

base::Status check_gpt(const Reader& reader, const Header& h, Findings& findings) {
  const size_t size = h.u32(12);
  std::string header(h.raw(0, size));
  if (header.size() < kGptHeaderBytes) return {};
  header.replace(16, 4, 4, '\0');  // its own field
  if (crc32_of(header) != h.u32(16)) {
    note_wrong_checksum(findings, "The partition table header's CRC-32",
                        {"HeaderCRC32", kSectorBytes + 16, 4, {}});
  }
  const uint64_t entries = uint64_t{h.u32(80)} * h.u32(84);
  return check_crc32(reader, h.u64(72) * kSectorBytes, entries, h.u32(88),
                     "The partition table's CRC-32",
                     {"PartitionEntryArrayCRC32", kSectorBytes + 88, 4, {}}, findings);
}

base::Status read_gpt(const Reader& reader, const Header& h, Findings& findings) {
  findings.title = "Disk image with a GUID partition table";
  findings.add(FactName::uuid, guid_text(h.raw(56, 16)), {"DiskGUID", kSectorBytes + 56, 16, {}});
  OTARU_CHECK(check_gpt(reader, h, findings));
  const uint64_t sectors = reader.size() / kSectorBytes;
  const uint64_t entry_bytes = h.u32(84);
  if (h.u64(72) >= sectors || entry_bytes < kGptEntryBytes) {
    note_truncated(findings, "before its partition table does");
    return {};
  }
  const uint32_t count = std::min(h.u32(80), kGptEntriesMax);
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t at = h.u64(72) * kSectorBytes + i * entry_bytes;
    OTARU_TRY(bytes, reader.bytes(at, kGptEntryBytes));
    const Header entry(std::move(bytes), Endian::little);
    if (entry.raw(0, 16).find_first_not_of('\0') == std::string_view::npos) continue;
    const std::string name = gpt_name(entry);
    findings.add(FactName::label, name, {"PartitionName", at + 56, 72, {}});
    const uint64_t begin = entry.u64(32);
    const uint64_t end = entry.u64(40);
    if (begin > end || end >= sectors) {
      note_truncated(findings, "before partition " + std::to_string(i + 1) + " does",
                     {"EndingLBA", at + 40, 8, {}});
      continue;
    }
    OTARU_CHECK(add_partition(reader, name.empty() ? "partition " + std::to_string(i + 1) : name,
                              begin * kSectorBytes, (end + 1) * kSectorBytes, findings));
  }
  return {};
}

base::Status mbr_read(const Reader& reader, Findings& findings) {
  OTARU_TRY(bytes, reader.bytes(0, 2 * kSectorBytes));
  const Header both(std::move(bytes), Endian::little);
  const Header gpt(std::string(both.raw(kSectorBytes, kSectorBytes)), Endian::little);
  const bool protective = both.u8(kMbrEntriesAt + 4) == kMbrProtective;
  if (protective && gpt.raw(0, 8) == "EFI PART") return read_gpt(reader, gpt, findings);
  for (size_t i = 0; i < kMbrEntries; ++i) {
    const size_t at = kMbrEntriesAt + i * kMbrEntryBytes;
    const uint64_t begin = uint64_t{both.u32(at + 8)} * kSectorBytes;
    const uint64_t size = uint64_t{both.u32(at + 12)} * kSectorBytes;
    if (both.u8(at + 4) == 0 || size == 0) continue;
    OTARU_CHECK(
        add_partition(reader, "partition " + std::to_string(i + 1), begin, begin + size, findings));
  }
  return {};
}

// --- FAT -----------------------------------------------------------------------------------------

bool is_fat32(const Header& h) {
  return h.raw(82, 5) == "FAT32";
}

bool fat_probes(const Head& head) {
  if (!marked(head.first)) return false;
  const Header h(std::string(head.first.substr(0, kSectorBytes)), Endian::little);
  const unsigned sector = h.u16(11);
  const bool sane = sector >= 512 && sector <= 4096 && (sector & (sector - 1)) == 0;
  return sane && (is_fat32(h) || h.raw(54, 3) == "FAT");
}

base::Status fat_read(const Reader& reader, Findings& findings) {
  OTARU_TRY(bytes, reader.bytes(0, kSectorBytes));
  const Header h(std::move(bytes), Endian::little);
  const size_t extended = is_fat32(h) ? 64 : 36;
  const std::string label = clean_text(h.raw(extended + 7, 11));
  if (label != "NO NAME") {
    findings.add(FactName::label, label, {"BS_VolLab", extended + 7, 11, {}});
  }
  findings.add(FactName::format_version, h.raw(extended + 18, 8),
               {"BS_FilSysType", extended + 18, 8, {}});
  const uint64_t sectors = h.u16(19) != 0 ? h.u16(19) : h.u32(32);
  if (sectors * h.u16(11) > reader.size()) {
    note_truncated(findings, "before its file system does", {"BPB_TotSec", 32, 4, {}});
  }
  Payload payload{"file system", "fat", 0, reader.size(), Compression::none, 0, {}};
  OTARU_CHECK(sample(reader, payload));
  if (payload.compression != Compression::unknown) payload.compression = Compression::none;
  add_payload(findings, std::move(payload), "file system");
  return {};
}

}  // namespace

const Format kDisk = {"disk", "Disk image with partitions", mbr_probes, mbr_read};
const Format kFat = {"fat", "FAT file system", fat_probes, fat_read};

}  // namespace otaru::inspect
