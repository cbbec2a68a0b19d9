// SPDX-License-Identifier: Apache-2.0
// UBI images and UBIFS volumes for raw NAND. Sources: Linux drivers/mtd/ubi/ubi-media.h
// (ubi_ec_hdr, ubi_vid_hdr, ubi_vtbl_record) and fs/ubifs/ubifs-media.h (ubifs_sb_node).
#include <algorithm>
#include <map>

#include "base/limits.h"
#include "inspect/checks.h"
#include "inspect/formats.h"

namespace otaru::inspect {
namespace {

constexpr uint32_t kUbiEraseMagic = 0x55424923;   // "UBI#"
constexpr uint32_t kUbiVolumeMagic = 0x55424921;  // "UBI!"
constexpr size_t kUbiHeaderBytes = 64;
constexpr uint32_t kUbiLayoutVolume = 0x7FFFEFFF;
constexpr size_t kUbiRecordBytes = 172;
constexpr size_t kUbiRecordsMax = 128;
constexpr uint64_t kUbiBlockMin = 2048;
constexpr uint64_t kUbiBlockMax = 8 * 1024 * 1024;

// Their CRC-32 is the usual one without the final inversion.
uint32_t flash_crc(std::string_view bytes) {
  return ~crc32_of(bytes);
}

base::Result<Header> ubi_header(const Reader& reader, uint64_t at) {
  OTARU_TRY(bytes, reader.bytes(at, kUbiHeaderBytes));
  return Header(std::move(bytes), Endian::big);
}

bool ubi_probes(const Head& head) {
  return Header(std::string(head.first.substr(0, 4)), Endian::big).u32(0) == kUbiEraseMagic;
}

// Erase blocks are as long as the distance of their headers; a lone one is the whole file.
base::Result<uint64_t> block_size(const Reader& reader) {
  for (uint64_t size = kUbiBlockMin; size <= kUbiBlockMax && size < reader.size(); size *= 2) {
    OTARU_TRY(header, ubi_header(reader, size));
    if (header.u32(0) == kUbiEraseMagic) return size;
  }
  return reader.size();
}

struct UbiVolume {
  uint64_t blocks = 0;              // seen
  std::optional<uint64_t> first{};  // where the data of its first block begins
};

struct UbiImage {
  uint64_t block_bytes = 0;
  uint64_t data_at = 0;  // in each block
  uint64_t damaged = 0;
  std::map<uint32_t, UbiVolume> volumes;
};

base::Status read_block(const Reader& reader, uint64_t at, UbiImage& image) {
  OTARU_TRY(erase, ubi_header(reader, at));
  if (!erase.has(kUbiHeaderBytes) || erase.u32(0) != kUbiEraseMagic ||
      erase.u32(60) != flash_crc(erase.raw(0, 60))) {
    ++image.damaged;
    return {};
  }
  image.data_at = erase.u32(20);
  OTARU_TRY(volume, ubi_header(reader, at + erase.u32(16)));
  if (volume.u32(0) != kUbiVolumeMagic) return {};  // an empty block
  if (volume.u32(60) != flash_crc(volume.raw(0, 60))) {
    ++image.damaged;
    return {};
  }
  if (image.volumes.size() >= kUbiRecordsMax + 1 && !image.volumes.contains(volume.u32(8))) {
    return {};
  }
  UbiVolume& seen = image.volumes[volume.u32(8)];
  ++seen.blocks;
  if (volume.u32(12) == 0) seen.first = at + image.data_at;
  return {};
}

base::Status add_volume(const Reader& reader, const UbiImage& image, uint32_t id,
                        const std::string& name, Findings& findings) {
  const auto seen = image.volumes.find(id);
  if (seen == image.volumes.end() || !seen->second.first) return {};
  const uint64_t room = image.block_bytes - std::min(image.block_bytes, image.data_at);
  const uint64_t at = *seen->second.first;
  const Reader first = reader.part(at, room);
  Payload payload{name, "raw", at, seen->second.blocks * room, Compression::none, 0, {}};
  OTARU_TRY(kind, kind_of(first));
  if (kind != "raw") payload.type = kind;
  OTARU_CHECK(sample(first, payload));
  add_payload(findings, std::move(payload), "volume " + name);
  return {};
}

// The volume table is what the layout volume holds.
base::Status add_volumes(const Reader& reader, const UbiImage& image, Findings& findings) {
  const auto layout = image.volumes.find(kUbiLayoutVolume);
  if (layout == image.volumes.end() || !layout->second.first) {
    findings.warn("no-volume-table", "No volume table was found.", "Make the image with ubinize.");
    return {};
  }
  const uint64_t table = *layout->second.first;
  for (size_t i = 0; i < kUbiRecordsMax; ++i) {
    const uint64_t at = table + i * kUbiRecordBytes;
    OTARU_TRY(bytes, reader.bytes(at, kUbiRecordBytes));
    const Header record(std::move(bytes), Endian::big);
    if (!record.has(kUbiRecordBytes)) return {};
    if (record.u32(0) == 0) continue;
    if (record.u32(168) != flash_crc(record.raw(0, 168))) {
      note_wrong_checksum(findings, "The CRC-32 of volume record " + std::to_string(i),
                          {"ubi_vtbl_record.crc", at + 168, 4, {}});
      return {};
    }
    const size_t name_size = std::min<size_t>(record.u16(14), 127);
    const std::string name = clean_text(record.text(16, name_size));
    findings.add(FactName::label, name, {"ubi_vtbl_record.name", at + 16, name_size, {}});
    OTARU_CHECK(add_volume(reader, image, static_cast<uint32_t>(i), name, findings));
  }
  return {};
}

base::Status ubi_read(const Reader& reader, Findings& findings) {
  UbiImage image;
  OTARU_TRY(size, block_size(reader));
  image.block_bytes = size;
  for (uint64_t at = 0; at < reader.size() && !reader.budget().exhausted; at += size) {
    OTARU_CHECK(read_block(reader, at, image));
  }
  if (reader.size() % size != 0) note_truncated(findings, "inside an erase block");
  if (image.damaged > 0) {
    note_wrong_checksum(findings,
                        "The header of " + std::to_string(image.damaged) + " erase blocks",
                        {"ubi_ec_hdr.hdr_crc", std::nullopt, 4, {}});
  }
  findings.add(FactName::format_version, "erase blocks of " + std::to_string(size) + " bytes",
               {"ubi_ec_hdr.magic", 0, 4, {}});
  return add_volumes(reader, image, findings);
}

// --- UBIFS: the file system inside a volume ------------------------------------------------------

constexpr size_t kUbifsSuperBytes = 4096;

bool ubifs_probes(const Head& head) {
  const Header h(std::string(head.first.substr(0, 24)), Endian::little);
  return h.u32(0) == 0x06101831 && h.u8(20) == 6;  // UBIFS_NODE_MAGIC, UBIFS_SB_NODE
}

Compression ubifs_compression(unsigned id) {
  switch (id) {
    case 0:
      return Compression::none;
    case 1:
      return Compression::lzo;
    case 2:
      return Compression::zlib;
    case 3:
      return Compression::zstd;
    default:
      return Compression::unknown;
  }
}

base::Status ubifs_read(const Reader& reader, Findings& findings) {
  OTARU_TRY(bytes, reader.bytes(0, kUbifsSuperBytes));
  const Header h(std::move(bytes), Endian::little);
  const size_t size = h.u32(16);
  if (!h.has(kUbifsSuperBytes) || size > kUbifsSuperBytes || size < 128) {
    note_truncated(findings, "inside its superblock, or that is damaged");
    return {};
  }
  if (h.u32(4) != flash_crc(h.raw(8, size - 8))) {
    note_wrong_checksum(findings, "The superblock's CRC-32", {"ubifs_ch.crc", 4, 4, {}});
  }
  findings.add(FactName::format_version, std::to_string(h.u32(80)),
               {"ubifs_sb_node.fmt_version", 80, 4, {}});
  findings.add(FactName::uuid, uuid_text(h.raw(108, 16)), {"ubifs_sb_node.uuid", 108, 16, {}});
  const Compression compression = ubifs_compression(h.u16(84));
  findings.add(FactName::compression, compression_name(compression),
               {"ubifs_sb_node.default_compr", 84, 2, {}});
  const uint64_t wanted = uint64_t{h.u32(36)} * h.u32(40);
  if (wanted > reader.size()) {
    note_truncated(findings, "before its file system does", {"ubifs_sb_node.leb_cnt", 40, 4, {}});
  }
  Payload payload{"file system", "ubifs", 0, reader.size(), compression, 0, {}};
  OTARU_CHECK(sample(reader, payload));
  payload.compression = compression;
  add_payload(findings, std::move(payload), "file system");
  return {};
}

}  // namespace

const Format kUbi = {"ubi", "UBI image", ubi_probes, ubi_read};
const Format kUbifs = {"ubifs", "UBIFS file system", ubifs_probes, ubifs_read};

}  // namespace otaru::inspect
