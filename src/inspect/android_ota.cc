// SPDX-License-Identifier: Apache-2.0
// Android OTA packages. Sources: AOSP build/make/tools/releasetools (ota_utils.py and
// ota_metadata.proto: the keys of META-INF/com/android/metadata), "Inside OTA packages" on
// source.android.com, system/update_engine/update_metadata.proto (payload.bin),
// bootable/recovery "verifier.cpp" (signature in the comment of the zip).
#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"
#include "inspect/key_file.h"
#include "inspect/reader.h"
#include "inspect/signature.h"
#include "inspect/wire.h"
#include "inspect/zip.h"

namespace otaru::inspect {
namespace {

using base::Status;
namespace limits = base::limits;

constexpr std::string_view kMetadata = "META-INF/com/android/metadata";
constexpr std::string_view kPayload = "payload.bin";
constexpr std::string_view kProperties = "payload_properties.txt";
constexpr std::string_view kPayloadMagic = "CrAU";

// A value may be a list: "pre-device=coral|flame".
void add_alternatives(FactName name, const KeyLine& line, const ZipMember& member,
                      Findings& findings) {
  size_t begin = 0;
  while (begin <= line.value.size()) {
    const size_t end = std::min(line.value.find('|', begin), line.value.size());
    findings.add(name, line.value.substr(begin, end - begin),
                 member.at(line.key, line.offset + begin, end - begin));
    begin = end + 1;
  }
}

// BRAND/PRODUCT/DEVICE:RELEASE/ID/INCREMENTAL:TYPE/TAGS (Compatibility Definition, 3.2.2).
void add_fingerprint(const KeyLine& line, const ZipMember& member, Findings& findings) {
  const size_t colon = line.value.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view build = line.value.substr(colon + 1);
  const size_t slash = build.find('/');
  if (slash == std::string_view::npos) return;
  const Evidence at = member.at(line.key, line.offset, line.value.size());
  findings.add(FactName::os, "Android " + std::string(build.substr(0, slash)), at);
  const std::string_view id = build.substr(slash + 1);
  findings.add(FactName::version, id.substr(0, id.find('/')), at);
  findings.add(FactName::vendor, line.value.substr(0, line.value.find('/')), at);
}

void add_metadata(const ZipMember& member, Findings& findings) {
  const auto lines = read_key_lines(member.text);
  struct Row {
    std::string_view key;
    FactName name;
  };
  constexpr Row kRows[] = {
      {"pre-device", FactName::hardware},
      {"post-build-incremental", FactName::version},
      {"pre-build-incremental", FactName::base_version},
      {"ota-type", FactName::image_type},
      {"post-build", FactName::build_id},
      {"post-security-patch-level", FactName::security_patch},
  };
  for (const Row& row : kRows) {
    if (const KeyLine* line = find_key(lines, "", row.key)) {
      add_alternatives(row.name, *line, member, findings);
    }
  }
  if (const KeyLine* line = find_key(lines, "", "post-build")) {
    add_fingerprint(*line, member, findings);
  }
  if (const KeyLine* line = find_key(lines, "", "post-timestamp")) {
    if (const auto seconds = base::parse_int(line->value)) {
      findings.add(FactName::build_time, time_text(*seconds),
                   member.at(line->key, line->offset, line->value.size()));
    }
  }
  if (find_key(lines, "", "post-build") == nullptr ||
      find_key(lines, "", "pre-device") == nullptr) {
    findings.problem(
        "metadata-incomplete",
        std::string(kMetadata) + " lacks post-build or pre-device, which it must have.",
        "Make the package again with AOSP's ota_from_target_files.", member.at("", 0, 0));
  }
  for (const std::string_view key : {"ota-wipe", "ota-downgrade"}) {
    const KeyLine* line = find_key(lines, "", key);
    if (line == nullptr || line->value != "yes") continue;
    findings.warn(key,
                  key == "ota-wipe" ? "Installing it erases the users' data."
                                    : "It leads devices to an older build.",
                  "", member.at(key, line->offset, line->value.size()));
  }
}

// DeltaArchiveManifest: partitions (13) with name (1) and new size and hash (7: 1, 2).
void add_partitions(std::string_view manifest, Findings& findings) {
  constexpr uint32_t kPartitions = 13;
  constexpr uint32_t kPartitionName = 1;
  constexpr uint32_t kNewInfo = 7;
  WireReader fields(manifest);
  while (const auto field = fields.next()) {
    if (field->number != kPartitions || !field->is_bytes) continue;
    Payload payload;
    payload.type = "partition";
    WireReader partition(field->bytes);
    while (const auto inner = partition.next()) {
      if (inner->number == kPartitionName) payload.name = inner->bytes;
      if (inner->number != kNewInfo) continue;
      WireReader info(inner->bytes);
      while (const auto part = info.next()) {
        if (part->number == 1) payload.size = part->value;
        if (part->number == 2) payload.sha256_declared = base::hex(part->bytes);
      }
    }
    if (!payload.name.empty()) findings.add(std::move(payload));
  }
}

// update_metadata.proto: magic, version (8 bytes, big-endian), size of the manifest (8), from
// version 2 on size of its signature (4), manifest.
Status add_payload_bin(const Reader& reader, const ZipMember& member, Findings& findings) {
  constexpr size_t kHeaderBytes = 24;
  const Header head(std::string(member.text.substr(0, kHeaderBytes)), Endian::big);
  if (head.raw(0, 4) != kPayloadMagic) {
    findings.problem("payload-damaged", "payload.bin does not begin with CrAU.",
                     "Make the package again.", member.at("magic", 0, 4));
    return {};
  }
  findings.add(FactName::format_version, "payload " + std::to_string(head.u64(4)),
               member.at("file_format_version", 4, 8));
  const uint64_t manifest_size = head.u64(12);
  if (manifest_size > member.member.size - std::min<uint64_t>(kHeaderBytes, member.member.size)) {
    findings.problem("payload-damaged",
                     "The manifest in payload.bin would have " + std::to_string(manifest_size) +
                         " bytes, more than payload.bin has.",
                     "Make or upload the package again.", member.at("manifest_size", 12, 8));
    return {};
  }
  if (member.member.compressed) {
    findings.warn("payload-compressed",
                  "payload.bin is compressed within the zip: devices that stream updates cannot "
                  "use it, and deltas of the package will be large.",
                  "Store it (zip -0), as AOSP's tools do.", member.at(kPayload, 0, 0));
    return {};
  }
  const size_t most =
      static_cast<size_t>(std::min<uint64_t>(manifest_size, limits::kInspectBlockBytesMax));
  OTARU_TRY(manifest, reader.bytes(member.member.offset + kHeaderBytes, most));
  add_partitions(manifest, findings);
  return {};
}

void check_properties(const ZipMember& properties, const ZipMember& payload, Findings& findings) {
  const auto lines = read_key_lines(properties.text);
  if (const KeyLine* line = find_key(lines, "", "FILE_SIZE")) {
    if (line->value != std::to_string(payload.member.size)) {
      findings.problem("size-wrong",
                       "payload.bin has " + std::to_string(payload.member.size) +
                           " bytes, but payload_properties.txt says " + std::string(line->value) +
                           ".",
                       "Make or upload the package again.",
                       properties.at("FILE_SIZE", line->offset, line->value.size()));
    }
  }
  const KeyLine* line = find_key(lines, "", "FILE_HASH");
  const auto hash = line == nullptr ? std::nullopt : base::unbase64(line->value);
  if (!hash) {
    findings.problem("hash-missing", "payload_properties.txt has no FILE_HASH.",
                     "Make the package again.", properties.at("FILE_HASH", 0, 0));
    return;
  }
  const Evidence at = properties.at("FILE_HASH", line->offset, line->value.size());
  findings.add(FactName::sha256_declared, base::hex(*hash), at);
  if (payload.sha256.empty()) return;  // not read to its end
  if (payload.sha256 == base::hex(*hash)) {
    findings.info("hash-right", "payload.bin is what payload_properties.txt says.", at);
  } else {
    findings.problem("hash-wrong",
                     "The SHA-256 of payload.bin is " + payload.sha256 +
                         ", but payload_properties.txt says " + base::hex(*hash) + ".",
                     "Make or upload the package again.", at);
  }
}

struct ZipSignature {
  Cms cms;
  uint64_t signed_bytes = 0;
  Evidence evidence;
};

// The zip's comment ends in: start of the signature from the end (2 bytes), ff ff, size of the
// comment (2), all little-endian; the signature is over all before the size of the comment in the
// directory.
base::Result<std::optional<ZipSignature>> find_zip_signature(const Reader& reader,
                                                             Findings& findings) {
  constexpr size_t kFooterBytes = 6;
  OTARU_TRY(footer, reader.bytes(reader.size() - kFooterBytes, kFooterBytes));
  const Header tail(footer, Endian::little);
  const uint64_t from_end = tail.u16(0);
  const uint64_t comment = tail.u16(4);
  if (tail.u16(2) != 0xFFFF || from_end <= kFooterBytes || from_end > comment ||
      comment + 2 > reader.size()) {
    findings.info("unsigned", "The package is not signed as a whole.");
    return std::optional<ZipSignature>();
  }
  const uint64_t begin = reader.size() - from_end;
  const Evidence evidence{"signature", begin, from_end - kFooterBytes, {}};
  OTARU_TRY(der, reader.bytes(begin, static_cast<size_t>(from_end - kFooterBytes)));
  auto cms = Cms::parse(der);
  if (!cms) {
    findings.problem("signature-wrong",
                     "The signature cannot be read: " + cms.error().message + ".",
                     "Sign the package again.", evidence);
    return std::optional<ZipSignature>();
  }
  return std::optional<ZipSignature>(
      ZipSignature{std::move(*cms), reader.size() - comment - 2, evidence});
}

}  // namespace

bool is_android_ota(const Zip& zip) {
  return zip.find(kMetadata) != nullptr;
}

Status read_android_ota(const Reader& reader, Zip& zip, Findings& findings) {
  add_metadata(*zip.find(kMetadata), findings);
  const ZipMember* payload = zip.find(kPayload);
  const ZipMember* properties = zip.find(kProperties);
  if (payload != nullptr) OTARU_CHECK(add_payload_bin(reader, *payload, findings));
  OTARU_TRY(signature, find_zip_signature(reader, findings));
  // Until here little was read; what follows reads everything, as far as the budget allows.
  OTARU_CHECK(read_zip_contents(reader, zip, findings));
  if (payload != nullptr && properties != nullptr) {
    check_properties(*properties, *payload, findings);
  } else if (findings.get(FactName::image_type) == "AB") {
    findings.problem("payload-missing",
                     "An A/B package needs payload.bin and payload_properties.txt.",
                     "Make or upload the package again.");
  }
  if (!signature) return {};
  const auto content = stream_of(reader, 0, signature->signed_bytes);
  OTARU_TRY(check, signature->cms.check(*content));
  add_signature(findings, signature->cms, check, "the package", signature->evidence);
  return {};
}

}  // namespace otaru::inspect
