// SPDX-License-Identifier: Apache-2.0
// Mender artifacts, versions 2 and 3. Source: mender-artifact, Documentation/artifact-format-v3.md
// and artifact-format-v2.md: a tar of version, manifest (sha256sum's format), manifest.sig,
// header.tar[.gz|.xz|.zst] and data/NNNN.tar[...], in this order.
#include <algorithm>
#include <map>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "inspect/archive.h"
#include "inspect/compression.h"
#include "inspect/format.h"
#include "inspect/formats.h"
#include "inspect/peek.h"

namespace otaru::inspect {
namespace {

using base::Code;
using base::Status;
namespace limits = base::limits;

// What the artifact has told so far; the manifest is held against it at the end.
struct Mender {
  std::map<std::string, std::string, std::less<>> declared;  // name -> sha256
  std::map<std::string, Evidence, std::less<>> declared_at;
  std::map<std::string, std::string, std::less<>> found;
  bool has_manifest = false;
  bool is_signed = false;
  bool is_delta = false;
  bool cut = false;  // not everything was read
  size_t scripts = 0;
  std::string name;  // artifact_name
  Evidence name_at{};
};

// POSIX ustar: the name at 0, "ustar" at 257, content from 512 on.
bool is_mender(const Head& head) {
  constexpr size_t kTarBlockBytes = 512;
  return head.first.size() > kTarBlockBytes &&
         head.first.starts_with(std::string_view("version\0", 8)) &&
         head.first.substr(257, 5) == "ustar" &&
         head.first.substr(kTarBlockBytes, 64).find("\"mender\"") != std::string_view::npos;
}

// Where a JSON file of the artifact stands, for evidence.
struct Place {
  std::string path;                  // "header.tar.gz:header-info"
  std::optional<uint64_t> offset{};  // nothing when it lies inside something compressed
  uint64_t size = 0;
  Evidence at(std::string_view field) const {
    return {std::string(field), offset, size, path + ":" + std::string(field)};
  }
};

std::optional<base::JsonDocument> read_json(std::string_view text, const Place& place,
                                            Findings& findings) {
  auto document = base::JsonDocument::parse(text);
  if (document) return std::move(*document);
  findings.problem("damaged", place.path + " is no JSON: " + document.error().message + ".",
                   "Make or upload the artifact again.", place.at(""));
  return std::nullopt;
}

void add_manifest_lines(std::string_view text, const Member& member, Mender& mender) {
  constexpr size_t kHexBytes = 64;
  size_t begin = 0;
  while (begin < text.size() && mender.declared.size() < limits::kInspectEntriesMax) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = base::trim(text.substr(begin, end - begin));
    if (line.size() > kHexBytes + 2) {
      const std::string name(base::trim(line.substr(kHexBytes)));
      mender.declared[name] = base::lower(line.substr(0, kHexBytes));
      mender.declared_at[name] = {name, member.offset + begin, line.size(), member.name};
    }
    begin = end + 1;
  }
}

void add_texts(FactName name, base::JsonView list, const Evidence& evidence,
               std::string_view prefix, Findings& findings) {
  // (One value may stand without its list.)
  if (const auto one = list.text())
    findings.add(name, std::string(prefix) + std::string(*one), evidence);
  for (size_t i = 0; list.is_array() && i < std::min(list.size(), limits::kInspectFactsMax); ++i) {
    if (const auto text = list.at(i).text()) {
      findings.add(name, std::string(prefix) + std::string(*text), evidence);
    }
  }
}

void read_header_info(std::string_view text, const Place& place, Mender& mender,
                      Findings& findings) {
  const auto document = read_json(text, place, findings);
  if (!document) return;
  const base::JsonView root = document->root();
  const base::JsonView depends = root.find("artifact_depends");
  // Version 3, then version 2.
  add_texts(FactName::hardware, depends.find("device_type"),
            place.at("artifact_depends.device_type"), "", findings);
  add_texts(FactName::hardware, root.find("device_types_compatible"),
            place.at("device_types_compatible"), "", findings);
  add_texts(FactName::requires_version, depends.find("artifact_name"),
            place.at("artifact_depends.artifact_name"), "artifact_name ", findings);
  add_texts(FactName::requires_version, depends.find("artifact_group"),
            place.at("artifact_depends.artifact_group"), "artifact_group ", findings);
  const bool third = root.find("artifact_provides").exists();
  const base::JsonView name =
      third ? root.find("artifact_provides").find("artifact_name") : root.find("artifact_name");
  const Evidence at = place.at(third ? "artifact_provides.artifact_name" : "artifact_name");
  if (const auto value = name.text()) {
    findings.add(FactName::label, *value, at);
    mender.name = *value;
    mender.name_at = at;
  } else {
    findings.problem("name-missing", "The header names no artifact_name, which it must.",
                     "Make the artifact again.", at);
  }
  const base::JsonView payloads = root.find(third ? "payloads" : "updates");
  for (size_t i = 0; i < std::min(payloads.size(), limits::kInspectPayloadsMax); ++i) {
    const auto type = payloads.at(i).find("type").text();
    if (!type) continue;
    findings.add(FactName::image_type, *type, place.at("payloads.type"));
    mender.is_delta = mender.is_delta || type->find("delta") != std::string_view::npos;
  }
}

void read_type_info(std::string_view text, const Place& place, const Mender& mender,
                    Findings& findings) {
  const auto document = read_json(text, place, findings);
  if (!document) return;
  const base::JsonView provides = document->root().find("artifact_provides");
  for (size_t i = 0; provides.is_object() && i < provides.size(); ++i) {
    const std::string key(provides.key_at(i));
    const auto value = provides.at(i).text();
    if (value && key.ends_with(".version")) {
      findings.add(FactName::version, *value, place.at("artifact_provides." + key));
    }
  }
  const base::JsonView depends = document->root().find("artifact_depends");
  for (size_t i = 0; depends.is_object() && i < depends.size(); ++i) {
    const std::string key(depends.key_at(i));
    const Evidence at = place.at("artifact_depends." + key);
    add_texts(FactName::requires_version, depends.at(i), at, key + " ", findings);
    const auto value = depends.at(i).text();
    if (value && mender.is_delta && key.ends_with(".version")) {
      findings.add(FactName::base_version, *value, at);
    }
  }
}

// header.tar: small, read whole. Its own digest is in the manifest.
Status read_header(const Member& member, ByteStream& content, Budget& budget, Mender& mender,
                   Findings& findings) {
  OTARU_TRY(packed, read_all(content, limits::kInspectBlockBytesMax));
  mender.found[member.name] = base::hex(base::digest(base::HashKind::sha256, packed));
  const Compression compression = detect_compression(packed);
  StringSource source(packed);
  const auto stream = stream_of(Reader(source, budget), 0, packed.size());
  const auto unpacked = unpack(*stream, compression, budget);
  Archive archive(Archive::Kind::tar, *unpacked, budget);
  for (;;) {
    OTARU_TRY(inner, archive.next());
    if (!inner) return {};
    Place place{member.name + ":" + inner->name, std::nullopt, inner->size};
    if (compression == Compression::none) place.offset = member.offset + inner->offset;
    const bool info = inner->name == "header-info";
    const bool type = inner->name.starts_with("headers/") && inner->name.ends_with("/type-info");
    mender.scripts += inner->name.starts_with("scripts/") ? 1 : 0;
    if (!info && !type) continue;
    OTARU_TRY(text, read_all(archive.content(), limits::kInspectConfigBytesMax));
    if (info) read_header_info(text, place, mender, findings);
    if (type) read_type_info(text, place, mender, findings);
  }
}

// data/0000.tar: each file inside is streamed through once.
Status read_data(const Member& member, ByteStream& content, const Reader& reader, Mender& mender,
                 Findings& findings) {
  constexpr std::string_view kTar = ".tar";
  const std::string folder = member.name.substr(0, member.name.find(kTar)) + "/";
  constexpr size_t kMagicBytes = 32;
  OTARU_TRY(magic, reader.bytes(member.offset, kMagicBytes));
  const Compression compression = detect_compression(magic);
  const Evidence evidence{member.name, member.offset, member.size, member.name};
  if (compression != Compression::none) {
    findings.add(FactName::compression, compression_name(compression), evidence);
  }
  if (!can_unpack(compression)) {
    mender.cut = true;
    findings.warn("not-all-read", member.name + " is compressed in a way that is not read here.",
                  "", evidence);
    return {};
  }
  const auto unpacked = unpack(content, compression, reader.budget());
  Archive archive(Archive::Kind::tar, *unpacked, reader.budget());
  for (;;) {
    OTARU_TRY(inner, archive.next());
    if (!inner) return {};
    OTARU_TRY(file, read_content(archive.content()));
    mender.found[folder + inner->name] = file.sha256;
    OTARU_TRY(seen, peek(file.begin, file.size, reader.budget()));
    Payload payload{inner->name, seen.kind, std::nullopt, inner->size, seen.compression, 0, {}};
    if (compression == Compression::none) {
      payload.offset = member.offset + inner->offset;
    } else if (seen.compression == Compression::none) {
      payload.compression = compression;
    }
    payload.bits_per_byte = entropy(file.begin);
    const auto declared = mender.declared.find(folder + inner->name);
    if (declared != mender.declared.end()) payload.sha256_declared = declared->second;
    add_payload(findings, std::move(payload), "file " + inner->name);
  }
}

Status read_member(const Reader& reader, const Member& member, ByteStream& content, Mender& mender,
                   Findings& findings) {
  const std::string& name = member.name;
  if (name.starts_with("header.tar")) {
    return read_header(member, content, reader.budget(), mender, findings);
  }
  if (name.starts_with("data/")) return read_data(member, content, reader, mender, findings);
  OTARU_TRY(text, read_all(content, limits::kInspectBlockBytesMax));
  mender.found[name] = base::hex(base::digest(base::HashKind::sha256, text));
  const Place place{name, member.offset, member.size};
  if (name == "version") {
    const auto document = read_json(text, place, findings);
    const auto version = document ? document->root().find("version").integer() : std::nullopt;
    if (version)
      findings.add(FactName::format_version, std::to_string(*version), place.at("version"));
  } else if (name == "manifest" || name == "manifest-augment") {
    mender.has_manifest = true;
    add_manifest_lines(text, member, mender);
  } else if (name == "manifest.sig") {
    mender.is_signed = true;
    findings.add(FactName::signature, "RSA or ECDSA over the manifest", place.at(""));
    findings.info("signature-unchecked",
                  "The signature over the manifest is checked by devices; its key is not inside.",
                  place.at(""));
  }
  return {};
}

// What is signed, or about to be, is left out of the manifest itself.
bool needs_no_digest(std::string_view name) {
  return name == "manifest" || name == "manifest.sig" || name == "manifest-augment" ||
         name.starts_with("header-augment.tar");
}

void check_manifest(const Mender& mender, Findings& findings) {
  if (!mender.has_manifest) {
    findings.problem("manifest-missing", "The artifact has no manifest.",
                     "Make the artifact again.");
    return;
  }
  size_t right = 0;
  for (const auto& [name, sha256] : mender.found) {
    const auto declared = mender.declared.find(name);
    if (declared == mender.declared.end()) {
      if (needs_no_digest(name)) continue;
      findings.problem("hash-missing", "The manifest has no SHA-256 of " + name + ".",
                       "Make the artifact again.", {name, {}, 0, "manifest"});
    } else if (declared->second != sha256) {
      findings.problem("hash-wrong",
                       "The SHA-256 of " + name + " is " + sha256 + ", but the manifest says " +
                           declared->second + ".",
                       "Make or upload the artifact again.", mender.declared_at.at(name));
    } else {
      ++right;
    }
  }
  for (const auto& [name, sha256] : mender.declared) {
    if (mender.found.contains(name) || mender.cut) continue;
    findings.problem("artifact-missing", "The manifest names " + name + ", which is not there.",
                     "Make or upload the artifact again.", mender.declared_at.at(name));
  }
  if (right == mender.declared.size() && findings.sound()) {
    findings.info("hash-right", "All files are what the manifest says.");
  }
}

Status read_mender(const Reader& reader, Findings& findings) {
  Mender mender;
  const auto stream = stream_of(reader, 0, reader.size());
  Archive archive(Archive::Kind::tar, *stream, reader.budget());
  for (;;) {
    const auto member = archive.next();
    if (!member) {
      mender.cut = true;
      OTARU_CHECK(note_stream_error(member.error(), "The archive", {}, findings));
      break;
    }
    if (!*member) break;
    const Evidence evidence{(*member)->name, (*member)->offset, (*member)->size, (*member)->name};
    const auto read = read_member(reader, **member, archive.content(), mender, findings);
    if (!read) {
      mender.cut = true;
      OTARU_CHECK(note_stream_error(read.error(), (*member)->name, evidence, findings));
    }
  }
  // Behind the software's own versions, which type-info tells.
  findings.add(FactName::version, mender.name, mender.name_at);
  if (mender.scripts > 0) {
    findings.info("state-scripts", "It brings " + std::to_string(mender.scripts) +
                                       " state scripts that devices run.");
  }
  if (!mender.is_signed) findings.info("unsigned", "The artifact is not signed.");
  check_manifest(mender, findings);
  return {};
}

}  // namespace

const Format kMender = {"mender", "Mender artifact", &is_mender, &read_mender};

}  // namespace otaru::inspect
