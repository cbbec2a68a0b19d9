// SPDX-License-Identifier: Apache-2.0
// Containers that say nothing of products: tar, and one file packed by gzip, xz, zstd, bzip2, lz4.
// What is inside is named by its kind. Sources: POSIX pax(1), "ustar Interchange Format"; RFC 1952;
// xz file format; RFC 8878.
#include "base/limits.h"
#include "inspect/archive.h"
#include "inspect/compression.h"
#include "inspect/format.h"
#include "inspect/formats.h"
#include "inspect/packages.h"
#include "inspect/peek.h"

namespace otaru::inspect {
namespace {

using base::Status;
namespace limits = base::limits;

bool looks_like_tar(std::string_view first) {
  constexpr size_t kMagicAt = 257;
  return first.size() > kMagicAt && first.substr(kMagicAt).starts_with("ustar");
}

bool is_tar(const Head& head) {
  return looks_like_tar(head.first);
}

bool is_packed(const Head& head) {
  switch (detect_compression(head.first)) {
    case Compression::gzip:
    case Compression::xz:
    case Compression::zstd:
    case Compression::bzip2:
    case Compression::lz4:
    case Compression::lzma:  // no magic, but thirteen bytes that all have to make sense
    case Compression::lzo:
      return true;
    // Two bytes are no sign: what begins so may be anything.
    case Compression::zlib:
    case Compression::none:
    case Compression::unknown:
      return false;
  }
  return false;
}

// Members as payloads; `in_file`: their offsets are offsets in the file.
Status add_tar_members(ByteStream& stream, Budget& budget, bool in_file, Findings& findings) {
  Archive archive(Archive::Kind::tar, stream, budget);
  for (;;) {
    const auto member = archive.next();
    if (!member) return note_stream_error(member.error(), "The tar archive", {}, findings);
    if (!*member) return {};
    if (!(*member)->regular) continue;
    const auto content = read_content(archive.content());
    if (!content) return note_stream_error(content.error(), (*member)->name, {}, findings);
    OTARU_TRY(seen, peek(content->begin, content->size, budget));
    Payload payload{(*member)->name, seen.kind, {}, (*member)->size, seen.compression, 0, {}};
    if (in_file) payload.offset = (*member)->offset;
    payload.bits_per_byte = entropy(content->begin);
    findings.add(std::move(payload));
  }
}

Status read_tar(const Reader& reader, Findings& findings) {
  const auto stream = stream_of(reader, 0, reader.size());
  OTARU_CHECK(add_tar_members(*stream, reader.budget(), true, findings));
  for (const auto& payload : findings.payloads) {
    if (payload.compression == Compression::none) continue;
    findings.warn("payload-compressed",
                  "Members of the archive are compressed (" + payload.name +
                      "): deltas will be nearly as large as the full package.",
                  "Compress after delta, or use uncompressed or rsyncable members.");
    break;
  }
  return {};
}

// opkg's other container: the members of a .deb in a tar.
bool looks_like_ipk(std::string_view first) {
  if (first.starts_with("./")) first.remove_prefix(2);
  return first.starts_with("debian-binary") || first.starts_with("control.tar");
}

// To its end, so that its own checksum is compared.
Status check_unpacked(ByteStream& stream, const Evidence& evidence, Findings& findings) {
  for (;;) {
    const auto piece = stream.next();
    if (!piece) return note_stream_error(piece.error(), "The content", evidence, findings);
    if (piece->empty()) return {};
  }
}

// What a file inside, that is no archive, says: its begin is enough for most formats.
Status add_inside(const Reader& reader, Compression compression, Findings& findings) {
  const auto packed = stream_of(reader, 0, reader.size());
  const auto unpacked = unpack(*packed, compression, reader.budget());
  auto begin = read_some(*unpacked, limits::kInspectBlockBytesMax);
  if (!begin) return {};  // check_unpacked() says it
  const bool cut = begin->size() == limits::kInspectBlockBytesMax;
  StringSource source(std::move(*begin));
  const Reader inner(source, reader.budget(), reader.depth() + 1);
  Findings inside;
  OTARU_TRY(kind, inspect_inside(inner, inside, "unpacked", std::nullopt));
  static_cast<void>(kind);  // known already
  // The notes on a mere begin would tell of the cut.
  if (cut) inside.notes.clear();
  inside.payloads.clear();
  findings.merge(std::move(inside), "", std::nullopt);
  return {};
}

Status read_packed(const Reader& reader, Findings& findings) {
  OTARU_TRY(begin, reader.bytes(0, limits::kInspectPeekBytes));
  const Compression compression = detect_compression(begin);
  const std::string name(compression_name(compression));
  const Evidence evidence{"magic", 0, 4, {}};
  findings.kind = name;
  findings.add(FactName::compression, name, evidence);
  if (compression == Compression::gzip) {
    findings.add(FactName::build_time, time_text(Header(begin, Endian::little).u32(4)),
                 {"MTIME", 4, 4, {}});
  }
  OTARU_TRY(seen, peek(begin, reader.size(), reader.budget()));
  const bool tar = seen.kind == "tar" || seen.kind == "mender";
  findings.title = seen.kind == "raw" ? "File compressed by " + name
                                      : "Compressed by " + name + ": " + seen.kind;
  Payload payload{"content", seen.kind, 0, reader.size(), compression, 0, {}};
  payload.bits_per_byte = entropy(begin);
  add_payload(findings, std::move(payload), "content");
  if (!can_unpack(compression)) return {};
  const auto packed = stream_of(reader, 0, reader.size());
  const auto unpacked = unpack(*packed, compression, reader.budget());
  if (!tar) {
    OTARU_CHECK(add_inside(reader, compression, findings));
    return check_unpacked(*unpacked, evidence, findings);
  }
  const auto first = stream_of(reader, 0, reader.size());
  const auto first_unpacked = unpack(*first, compression, reader.budget());
  const auto head = read_some(*first_unpacked, limits::kInspectHeadBytes);
  if (head && looks_like_ipk(*head)) {
    findings.kind = "ipk";
    findings.title = "opkg package";
    findings.payloads.clear();
    findings.notes.clear();
    Archive archive(Archive::Kind::tar, *unpacked, reader.budget());
    return read_debian_members(archive, reader.budget(), false, findings);
  }
  findings.kind = "tar";
  findings.title = "Tar archive compressed by " + name;
  return add_tar_members(*unpacked, reader.budget(), false, findings);
}

}  // namespace

const Format kTar = {"tar", "Tar archive", &is_tar, &read_tar};
const Format kPacked = {"gzip", "Compressed file (gzip, xz, zstd, bzip2, lz4)", &is_packed,
                        &read_packed};

}  // namespace otaru::inspect
