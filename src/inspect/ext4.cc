// SPDX-License-Identifier: Apache-2.0
// ext2, ext3 and ext4 file systems. Source: Linux Documentation/filesystems/ext4/super.rst.
#include <algorithm>

#include "inspect/checks.h"
#include "inspect/formats.h"

namespace otaru::inspect {
namespace {

constexpr size_t kExtSuperAt = 1024;
constexpr size_t kExtSuperBytes = 1024;
constexpr unsigned kExtMagic = 0xEF53;
constexpr uint32_t kExtHasJournal = 0x4;   // s_feature_compat
constexpr uint32_t kExtHasExtents = 0x40;  // s_feature_incompat
constexpr uint32_t kExtIs64Bit = 0x80;
constexpr unsigned kExtClean = 1;  // s_state

bool ext_probes(const Head& head) {
  const std::string_view super =
      head.first.size() > kExtSuperAt ? head.first.substr(kExtSuperAt) : std::string_view();
  const Header h(std::string(super), Endian::little);
  // The magic is short: revision and block size must make sense too.
  return h.u16(0x38) == kExtMagic && h.u32(0x4C) <= 1 && h.u32(0x18) <= 6;
}

base::Status ext_read(const Reader& reader, Findings& findings) {
  OTARU_TRY(bytes, reader.bytes(kExtSuperAt, kExtSuperBytes));
  const Header h(std::move(bytes), Endian::little);
  if (!h.has(kExtSuperBytes)) {
    note_truncated(findings, "inside its superblock");
    return {};
  }
  const auto at = [](std::string_view field, uint64_t offset, uint64_t size) {
    return Evidence{std::string(field), kExtSuperAt + offset, size, {}};
  };
  const uint32_t incompatible = h.u32(0x60);
  const bool extents = (incompatible & kExtHasExtents) != 0;
  const bool journal = (h.u32(0x5C) & kExtHasJournal) != 0;
  findings.kind = extents ? "ext4" : journal ? "ext3" : "ext2";
  findings.title = findings.kind + " file system";
  findings.add(FactName::label, h.text(0x78, 16), at("s_volume_name", 0x78, 16));
  findings.add(FactName::uuid, uuid_text(h.raw(0x68, 16)), at("s_uuid", 0x68, 16));
  findings.add(FactName::build_time, time_text(h.u32(0x108)), at("s_mkfs_time", 0x108, 4));
  const uint64_t high = (incompatible & kExtIs64Bit) != 0 ? h.u32(0x150) : 0;
  const uint64_t blocks = high << 32 | h.u32(0x04);
  const unsigned shift = 10 + std::min<unsigned>(h.u32(0x18), 6);
  if (blocks > (reader.size() >> shift)) {
    note_truncated(findings, "before its file system does", at("s_blocks_count", 4, 4));
  }
  if ((h.u16(0x3A) & kExtClean) == 0) {
    findings.warn("not-clean", "The file system was not unmounted cleanly.",
                  "Run e2fsck on the image and build the package again.", at("s_state", 0x3A, 2));
  }
  Payload payload{"file system", findings.kind, 0, reader.size(), Compression::none, 0, {}};
  OTARU_CHECK(sample(reader, payload));
  // It is no compressed file, whatever its first kilobyte holds.
  if (payload.compression != Compression::unknown) payload.compression = Compression::none;
  add_payload(findings, std::move(payload), "file system");
  return {};
}

}  // namespace

const Format kExt4 = {"ext4", "ext4 file system", ext_probes, ext_read};

}  // namespace otaru::inspect
