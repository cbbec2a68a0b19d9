// SPDX-License-Identifier: Apache-2.0
// SquashFS file systems. Source: Linux fs/squashfs/squashfs_fs.h (struct squashfs_super_block) and
// "The SquashFS 4.0 format", sections 2.1 and 2.2.
#include <algorithm>

#include "inspect/checks.h"
#include "inspect/formats.h"

namespace otaru::inspect {
namespace {

constexpr size_t kSquashBytes = 96;
constexpr unsigned kSquashPlainData = 0x0002;  // SQUASHFS_NOD: blocks are not compressed

bool squashfs_probes(const Head& head) {
  const Header h(std::string(head.first.substr(0, 32)), Endian::little);
  return h.u32(0) == 0x73717368 && h.u16(28) == 4;
}

Compression squashfs_compression(unsigned id) {
  switch (id) {
    case 1:
      return Compression::zlib;
    case 2:
      return Compression::lzma;
    case 3:
      return Compression::lzo;
    case 4:
      return Compression::xz;
    case 5:
      return Compression::lz4;
    case 6:
      return Compression::zstd;
    default:
      return Compression::unknown;
  }
}

base::Status squashfs_read(const Reader& reader, Findings& findings) {
  OTARU_TRY(bytes, reader.bytes(0, kSquashBytes));
  const Header h(std::move(bytes), Endian::little);
  if (!h.has(kSquashBytes)) {
    note_truncated(findings, "inside its superblock");
    return {};
  }
  findings.add(FactName::build_time, time_text(h.u32(8)), {"mkfs_time", 8, 4, {}});
  findings.add(FactName::format_version,
               std::to_string(h.u16(28)) + "." + std::to_string(h.u16(30)),
               {"s_major, s_minor", 28, 4, {}});
  const bool plain = (h.u16(24) & kSquashPlainData) != 0;
  const Compression compression = plain ? Compression::none : squashfs_compression(h.u16(20));
  findings.add(FactName::compression, compression_name(compression), {"compression", 20, 2, {}});
  const uint64_t used = h.u64(40);
  if (used > reader.size()) {
    note_truncated(findings, "before its file system does", {"bytes_used", 40, 8, {}});
  }
  // The whole file is named, without its compression: the sentence about it is another one here.
  Payload payload{"file system", "squashfs", 0, std::min(used, reader.size()), compression, 0, {}};
  OTARU_CHECK(sample(reader.part(0, payload.size), payload));
  payload.compression = compression;
  findings.add(std::move(payload));
  if (compression != Compression::none) {
    findings.warn(
        "payload-compressed",
        "The file system is " + std::string(compression_name(compression)) +
            "-compressed in blocks of " + std::to_string(h.u32(12) / 1024) +
            " KiB: a small change rewrites all of its block, so deltas will be many "
            "times larger than the change.",
        "Make it uncompressed (mksquashfs -noI -noD -noF -noX) where the device has room, "
        "or with a smaller block size (-b 16K).",
        {"compression", 20, 2, {}});
  }
  return {};
}

}  // namespace

const Format kSquashfs = {"squashfs", "SquashFS file system", squashfs_probes, squashfs_read};

}  // namespace otaru::inspect
