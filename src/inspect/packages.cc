// SPDX-License-Identifier: Apache-2.0
// Packages of Linux distributions: .deb (deb(5), deb-control(5)), .ipk (opkg: the same members in
// an ar or in a gzip-compressed tar), .rpm ("RPM Package File Structure" and "Signatures and Tags",
// rpm.org).
#include "inspect/packages.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/limits.h"
#include "inspect/compression.h"
#include "inspect/format.h"
#include "inspect/formats.h"
#include "inspect/key_file.h"
#include "inspect/peek.h"

namespace otaru::inspect {
namespace {

using base::Status;
namespace limits = base::limits;

// --- deb and ipk --------------------------------------------------------------------------------

bool is_deb(const Head& head) {
  constexpr std::string_view kArchive = "!<arch>\n";
  return head.first.starts_with(kArchive) &&
         head.first.substr(kArchive.size()).starts_with("debian-binary");
}

void add_control(std::string_view text, const std::string& path, Findings& findings) {
  struct Row {
    std::string_view key;
    FactName name;
  };
  constexpr Row kRows[] = {
      {"Package", FactName::product},           {"Version", FactName::version},
      {"Architecture", FactName::architecture}, {"Maintainer", FactName::vendor},
      {"Description", FactName::description},   {"Depends", FactName::requires_version},
  };
  const auto lines = read_key_lines(text, ':');
  for (const Row& row : kRows) {
    const KeyLine* line = find_key(lines, "", row.key);
    if (line == nullptr) continue;
    findings.add(row.name, line->value,
                 {std::string(row.key), {}, line->value.size(), path + ":" + std::string(row.key)});
  }
  if (find_key(lines, "", "Package") == nullptr || find_key(lines, "", "Version") == nullptr) {
    findings.problem("control-incomplete", path + " lacks Package or Version, which it must have.",
                     "Make the package again.", {"control", {}, 0, path});
  }
}

Status read_control(const Member& member, ByteStream& content, Budget& budget, Findings& findings) {
  OTARU_TRY(packed, read_all(content, limits::kInspectBlockBytesMax));
  StringSource source(packed);
  const auto stream = stream_of(Reader(source, budget), 0, packed.size());
  const auto unpacked = unpack(*stream, detect_compression(packed), budget);
  Archive archive(Archive::Kind::tar, *unpacked, budget);
  for (;;) {
    OTARU_TRY(inner, archive.next());
    if (!inner) return base::fail(base::Code::invalid, "it has no file named control");
    if (inner->name != "control") continue;
    OTARU_TRY(text, read_all(archive.content(), limits::kInspectConfigBytesMax));
    add_control(text, member.name + ":control", findings);
    return {};
  }
}

Status read_debian_data(const Member& member, ByteStream& content, Budget& budget,
                        const Evidence& evidence, Findings& findings) {
  OTARU_TRY(read, read_content(content));
  OTARU_TRY(seen, peek(read.begin, read.size, budget));
  Payload payload{member.name, seen.kind, evidence.offset, member.size, seen.compression, 0, {}};
  payload.bits_per_byte = entropy(read.begin);
  add_payload(findings, std::move(payload), member.name);
  return {};
}

Status read_debian_member(const Member& member, ByteStream& content, Budget& budget, bool in_file,
                          Findings& findings) {
  Evidence evidence{member.name, {}, member.size, member.name};
  if (in_file) evidence.offset = member.offset;
  if (member.name.starts_with("control.tar")) {
    return read_control(member, content, budget, findings);
  }
  if (member.name.starts_with("data.tar")) {
    return read_debian_data(member, content, budget, evidence, findings);
  }
  if (member.name == "debian-binary") {
    OTARU_TRY(version, read_some(content, limits::kInspectTextBytesMax));
    findings.add(FactName::format_version, version, evidence);
  } else if (member.name.starts_with("_gpg")) {
    findings.add(FactName::signature, "OpenPGP " + member.name, evidence);
  }
  return {};
}

Status read_deb(const Reader& reader, Findings& findings) {
  const auto stream = stream_of(reader, 0, reader.size());
  Archive archive(Archive::Kind::ar, *stream, reader.budget());
  return read_debian_members(archive, reader.budget(), true, findings);
}

// --- rpm ----------------------------------------------------------------------------------------

constexpr size_t kRpmLeadBytes = 96;
constexpr size_t kRpmIntroBytes = 16;
constexpr size_t kRpmIndexBytes = 16;
constexpr std::string_view kRpmLead("\xED\xAB\xEE\xDB", 4);
constexpr std::string_view kRpmHeader("\x8E\xAD\xE8\x01", 4);

bool is_rpm(const Head& head) {
  return head.first.starts_with(kRpmLead) && head.first.size() > kRpmLeadBytes &&
         head.first.substr(kRpmLeadBytes).starts_with(kRpmHeader);
}

// A header: introduction, index entries of 16 bytes, store.
struct RpmHeader {
  uint64_t offset = 0;
  uint64_t size = 0;  // 0: not readable
  uint32_t entries = 0;
  Header bytes{{}, Endian::big};

  struct Value {
    std::string_view text{};
    uint32_t number = 0;
    uint64_t offset = 0;  // in the file
  };
  // Types: 3 and 4 numbers of 2 and 4 bytes, 6, 8 and 9 texts (of a list the first), 7 bytes.
  std::optional<Value> find(uint32_t tag) const {
    const size_t store = kRpmIntroBytes + entries * kRpmIndexBytes;
    for (uint32_t i = 0; i < entries; ++i) {
      const size_t at = kRpmIntroBytes + i * kRpmIndexBytes;
      if (bytes.u32(at) != tag) continue;
      const uint32_t type = bytes.u32(at + 4);
      const size_t value_at = store + bytes.u32(at + 8);
      Value value;
      value.offset = offset + value_at;
      if (type == 3) value.number = bytes.u16(value_at);
      if (type == 4) value.number = bytes.u32(value_at);
      if (type == 6 || type == 8 || type == 9) value.text = bytes.text(value_at, bytes.size());
      return value;
    }
    return std::nullopt;
  }
};

base::Result<RpmHeader> read_rpm_header(const Reader& reader, uint64_t offset) {
  RpmHeader header;
  header.offset = offset;
  OTARU_TRY(intro_bytes, reader.bytes(offset, kRpmIntroBytes));
  const Header intro(intro_bytes, Endian::big);
  if (!intro.has(kRpmIntroBytes) || intro.raw(0, 4) != kRpmHeader) return header;
  const uint64_t size = kRpmIntroBytes + uint64_t{intro.u32(8)} * kRpmIndexBytes + intro.u32(12);
  if (size > limits::kInspectBlockBytesMax) return header;
  OTARU_TRY(all, reader.bytes(offset, static_cast<size_t>(size)));
  if (all.size() < size) return header;
  header.size = size;
  header.entries = intro.u32(8);
  header.bytes = Header(std::move(all), Endian::big);
  return header;
}

void add_rpm_facts(const RpmHeader& header, Findings& findings) {
  struct Row {
    uint32_t tag;
    std::string_view field;
    FactName name;
  };
  constexpr Row kRows[] = {
      {1000, "RPMTAG_NAME", FactName::product},
      {1004, "RPMTAG_SUMMARY", FactName::description},
      {1011, "RPMTAG_VENDOR", FactName::vendor},
      {1021, "RPMTAG_OS", FactName::os},
      {1022, "RPMTAG_ARCH", FactName::architecture},
      {1125, "RPMTAG_PAYLOADCOMPRESSOR", FactName::compression},
  };
  for (const Row& row : kRows) {
    const auto value = header.find(row.tag);
    if (!value) continue;
    findings.add(row.name, value->text,
                 {std::string(row.field), value->offset, value->text.size(), {}});
  }
  if (const auto version = header.find(1001)) {
    std::string text(version->text);
    if (const auto release = header.find(1002)) text += "-" + std::string(release->text);
    const auto epoch = header.find(1003);
    if (epoch && epoch->number != 0) text = std::to_string(epoch->number) + ":" + text;
    findings.add(FactName::version, text,
                 {"RPMTAG_VERSION", version->offset, version->text.size(), {}});
  }
  if (const auto time = header.find(1006)) {
    findings.add(FactName::build_time, time_text(time->number),
                 {"RPMTAG_BUILDTIME", time->offset, 4, {}});
  }
}

Status check_rpm_digest(const Reader& reader, uint64_t offset, uint64_t size,
                        const RpmHeader::Value& declared, std::string_view field,
                        std::string_view what, Findings& findings) {
  const Evidence at{std::string(field), declared.offset, declared.text.size(), {}};
  OTARU_TRY(real, reader.digest(base::Hasher(base::HashKind::sha256), offset, size));
  if (!real) return {};
  if (base::hex(*real) == base::lower(declared.text)) {
    findings.info("hash-right", "The SHA-256 of the " + std::string(what) + " is right.", at);
  } else {
    findings.problem("hash-wrong", "The SHA-256 of the " + std::string(what) + " is wrong.",
                     "Make or upload the package again.", at);
  }
  return {};
}

Status read_rpm(const Reader& reader, Findings& findings) {
  OTARU_TRY(signature, read_rpm_header(reader, kRpmLeadBytes));
  constexpr uint64_t kAlignment = 8;
  const uint64_t at =
      (signature.offset + signature.size + kAlignment - 1) / kAlignment * kAlignment;
  OTARU_TRY(header, read_rpm_header(reader, at));
  if (signature.size == 0 || header.size == 0) {
    findings.problem("damaged", "Its headers cannot be read: damaged or cut.",
                     "Make or upload the package again.",
                     {"header", signature.size == 0 ? kRpmLeadBytes : at, 0, {}});
    return {};
  }
  add_rpm_facts(header, findings);
  if (const auto sha256 = signature.find(273)) {
    OTARU_CHECK(
        check_rpm_digest(reader, at, header.size, *sha256, "RPMSIGTAG_SHA256", "header", findings));
  }
  const uint64_t payload_at = at + header.size;
  const uint64_t payload_size = reader.size() - std::min(reader.size(), payload_at);
  if (const auto sha256 = header.find(5092)) {
    OTARU_CHECK(check_rpm_digest(reader, payload_at, payload_size, *sha256, "RPMTAG_PAYLOADDIGEST",
                                 "payload", findings));
  }
  bool is_signed = false;
  for (const uint32_t tag : {267u, 268u, 278u}) {
    const auto value = signature.find(tag);
    if (!value) continue;
    is_signed = true;
    findings.add(FactName::signature, "OpenPGP", {"signature header", value->offset, 0, {}});
  }
  if (!is_signed) findings.info("unsigned", "The package is not signed.");
  Payload payload{"payload", "cpio", payload_at, payload_size, Compression::none, 0, {}};
  OTARU_CHECK(sample(reader.part(payload_at, payload_size), payload));
  add_payload(findings, std::move(payload), "payload");
  return {};
}

}  // namespace

Status read_debian_members(Archive& archive, Budget& budget, bool in_file, Findings& findings) {
  bool control = false;
  for (;;) {
    const auto member = archive.next();
    if (!member) return note_stream_error(member.error(), "The package", {}, findings);
    if (!*member) break;
    control = control || (*member)->name.starts_with("control.tar");
    const auto read = read_debian_member(**member, archive.content(), budget, in_file, findings);
    if (read) continue;
    OTARU_CHECK(note_stream_error(read.error(), (*member)->name,
                                  {(*member)->name, {}, 0, (*member)->name}, findings));
  }
  if (!control) {
    findings.problem("control-missing", "The package has no control.tar.",
                     "Make or upload the package again.");
  }
  return {};
}

const Format kDeb = {"deb", "Debian package", &is_deb, &read_deb};
const Format kRpm = {"rpm", "RPM package", &is_rpm, &read_rpm};

}  // namespace otaru::inspect
