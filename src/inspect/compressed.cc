// SPDX-License-Identifier: Apache-2.0
// A file that is compressed as a whole: an image for a device that unpacks it. What is inside is
// looked at as far as it fits into memory. Source of the gzip fields: RFC 1952, 2.3.1.
#include "base/limits.h"
#include "inspect/formats.h"
#include "inspect/peek.h"
#include "inspect/stream.h"

namespace otaru::inspect {
namespace {

bool compressed_probes(const Head& head) {
  const Compression found = detect_compression(head.first);
  // Two bytes of zlib are no sign for a whole file.
  return found != Compression::none && found != Compression::zlib;
}

void add_gzip_fields(const Header& h, Findings& findings) {
  findings.add(FactName::build_time, time_text(h.u32(4)), {"MTIME", 4, 4, {}});
  const unsigned flags = h.u8(3);
  const bool plain_name = (flags & 0x04) == 0 && (flags & 0x08) != 0;  // no FEXTRA, FNAME
  if (plain_name) {
    const std::string_view name = h.text(10, 255);
    findings.add(FactName::description, name, {"FNAME", 10, name.size(), {}});
  }
}

// Facts of what is inside; of a beginning only, its notes would tell of the cut.
base::Status look_inside(const Reader& reader, Compression compression, Payload& payload,
                         Findings& findings) {
  const auto packed = stream_of(reader, 0, reader.size());
  const auto plain = unpack(*packed, compression, reader.budget());
  auto begin = read_some(*plain, base::limits::kInspectBlockBytesMax);
  if (!begin) return note_stream_error(begin.error(), "The compressed content", {}, findings);
  const bool cut = begin->size() == base::limits::kInspectBlockBytesMax;
  StringSource source(std::move(*begin));
  const Reader inner(source, reader.budget(), reader.depth() + 1);
  Findings inside;
  OTARU_TRY(kind, inspect_inside(inner, inside, "unpacked", std::nullopt));
  payload.type = kind;
  if (cut) inside.notes.clear();
  for (auto& inner_payload : inside.payloads) inner_payload.offset.reset();
  findings.merge(std::move(inside), "", std::nullopt);
  return {};
}

base::Status compressed_read(const Reader& reader, Findings& findings) {
  OTARU_TRY(bytes, reader.bytes(0, 512));
  const Header h(std::move(bytes), Endian::little);
  const Compression compression = detect_compression(h.all());
  findings.kind = compression_name(compression);
  findings.title = findings.kind + "-compressed file";
  findings.add(FactName::compression, findings.kind, {"magic", 0, 4, {}});
  if (compression == Compression::gzip) add_gzip_fields(h, findings);
  Payload payload{"content", "raw", 0, reader.size(), compression, 0, {}};
  if (can_unpack(compression)) {
    OTARU_CHECK(look_inside(reader, compression, payload, findings));
  }
  OTARU_CHECK(sample(reader, payload));
  payload.compression = compression;
  add_payload(findings, std::move(payload), "content");
  return {};
}

}  // namespace

const Format kCompressed = {"compressed", "Compressed file", compressed_probes, compressed_read};

}  // namespace otaru::inspect
