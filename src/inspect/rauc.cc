// SPDX-License-Identifier: Apache-2.0
// RAUC bundles. Source: RAUC documentation, "Reference": "Bundle formats" (plain, verity, crypt)
// and "Manifest". From the end: the size of the CMS structure in 8 bytes, big-endian; the CMS
// structure; before it the hash tree (verity, crypt) and the squashfs.
#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"
#include "inspect/format.h"
#include "inspect/formats.h"
#include "inspect/key_file.h"
#include "inspect/signature.h"
#include "inspect/verity.h"

namespace otaru::inspect {
namespace {

using base::Status;
namespace limits = base::limits;

constexpr size_t kRaucSizeBytes = 8;
constexpr std::string_view kSquashfs = "hsqs";

struct RaucLayout {
  uint64_t cms_offset = 0;
  uint64_t cms_size = 0;
};

// The size at the end; nothing when it does not fit the file.
std::optional<RaucLayout> rauc_layout(std::string_view last, uint64_t size) {
  if (last.size() < kRaucSizeBytes) return std::nullopt;
  const Header tail(std::string(last.substr(last.size() - kRaucSizeBytes)), Endian::big);
  const uint64_t cms_size = tail.u64(0);
  if (cms_size == 0 || size < kRaucSizeBytes || cms_size > size - kRaucSizeBytes) {
    return std::nullopt;
  }
  return RaucLayout{size - kRaucSizeBytes - cms_size, cms_size};
}

bool is_rauc(const Head& head) {
  const auto layout = rauc_layout(head.last, head.size);
  return layout && layout->cms_size <= limits::kInspectBlockBytesMax &&
         head.first.starts_with(kSquashfs);
}

// Encrypted content begins with anything: the size at the end must be likely, and the closer look
// decides. The last row of the table, since it is a weak sign.
bool may_be_crypt_rauc(const Head& head) {
  constexpr uint64_t kCmsBytesMin = 256;
  constexpr uint64_t kBlockBytes = 4096;
  const auto layout = rauc_layout(head.last, head.size);
  return layout && layout->cms_size >= kCmsBytesMin &&
         layout->cms_size <= limits::kInspectBlockBytesMax && layout->cms_offset > 0 &&
         layout->cms_offset % kBlockBytes == 0;
}

// The manifest and where it stands; nothing readable outside when it is empty.
struct RaucManifest {
  std::string text;
  uint64_t offset = 0;
  std::vector<KeyLine> lines;

  const KeyLine* find(std::string_view group, std::string_view key) const {
    return find_key(lines, group, key);
  }
  std::string_view value(std::string_view group, std::string_view key) const {
    const KeyLine* line = find(group, key);
    return line == nullptr ? std::string_view() : line->value;
  }
  Evidence evidence(const KeyLine& line) const {
    const std::string field = "[" + std::string(line.group) + "] " + std::string(line.key);
    return {field, offset + line.offset, line.value.size(), "manifest.raucm:" + field};
  }
};

void add_images(const RaucManifest& manifest, Findings& findings) {
  constexpr std::string_view kImage = "image.";
  for (const auto& line : manifest.lines) {
    if (!line.group.starts_with(kImage) || line.key != "filename") continue;
    const std::string_view sha256 = manifest.value(line.group, "sha256");
    const auto size = base::parse_uint(manifest.value(line.group, "size"));
    findings.add(Payload{std::string(line.value), std::string(line.group.substr(kImage.size())),
                         std::nullopt, size.value_or(0), Compression::none, 0,
                         std::string(sha256)});
    if (sha256.empty()) {
      findings.warn("sha256-missing",
                    "The manifest gives no sha256 for " + std::string(line.value) + ".",
                    "Make the bundle again with rauc bundle.", manifest.evidence(line));
    }
  }
}

void add_manifest(const RaucManifest& manifest, Findings& findings) {
  struct Row {
    FactName name;
    std::string_view group;
    std::string_view key;
  };
  // (The key of a crypt bundle stands here too: it must never be shown.)
  constexpr Row kRows[] = {
      {FactName::hardware, "update", "compatible"},     {FactName::version, "update", "version"},
      {FactName::description, "update", "description"}, {FactName::build_id, "update", "build"},
      {FactName::format_version, "bundle", "format"},
  };
  for (const Row& row : kRows) {
    if (const KeyLine* line = manifest.find(row.group, row.key)) {
      findings.add(row.name, line->value, manifest.evidence(*line));
    }
  }
  if (const KeyLine* line = manifest.find("bundle", "verity-hash")) {
    findings.add(FactName::checksum, "dm-verity sha256 " + std::string(line->value),
                 manifest.evidence(*line));
  }
  if (manifest.find("update", "compatible") == nullptr) {
    findings.problem("compatible-missing",
                     "The manifest names no compatible system, which it must.",
                     "Add compatible to [update] and make the bundle again.");
  }
  if (const KeyLine* line = manifest.find("hooks", "filename")) {
    findings.info("hooks",
                  "The bundle brings a program that devices run while installing: " +
                      std::string(line->value) + ".",
                  manifest.evidence(*line));
  }
  add_images(manifest, findings);
}

Status check_content(const Reader& reader, const RaucLayout& layout, const RaucManifest& manifest,
                     Findings& findings) {
  const auto root = base::unhex(manifest.value("bundle", "verity-hash"));
  const auto salt = base::unhex(manifest.value("bundle", "verity-salt"));
  const auto tree_size = base::parse_uint(manifest.value("bundle", "verity-size"));
  if (!root || !salt || !tree_size || root->empty() || *tree_size >= layout.cms_offset) {
    findings.problem("verity-missing",
                     "The manifest lacks a hash tree that fits the bundle (verity-hash, "
                     "verity-salt, verity-size).",
                     "Make the bundle again with rauc bundle.");
    return {};
  }
  const Evidence evidence = manifest.evidence(*manifest.find("bundle", "verity-hash"));
  const uint64_t data_size = layout.cms_offset - *tree_size;
  OTARU_TRY(check, check_verity(reader.part(0, data_size), reader.part(data_size, *tree_size),
                                *root, *salt));
  switch (check) {
    case VerityCheck::right:
      findings.info("hash-right", "The content is what verity-hash of the manifest says.",
                    evidence);
      break;
    case VerityCheck::data_wrong:
      findings.problem("hash-wrong", "The content is not what verity-hash of the manifest says.",
                       "Make or upload the bundle again.", evidence);
      break;
    case VerityCheck::tree_wrong:
      findings.problem("hash-wrong", "The hash tree behind the content is damaged.",
                       "Make or upload the bundle again.", evidence);
      break;
    case VerityCheck::not_read:
      break;
  }
  return {};
}

// The squashfs says how it is compressed; encrypted content says nothing.
Status look_inside(const Reader& reader, const RaucLayout& layout, Findings& findings) {
  OTARU_TRY(magic, reader.bytes(0, kSquashfs.size()));
  if (magic != kSquashfs) return {};
  OTARU_CHECK(inspect_inside(reader.part(0, layout.cms_offset), findings, "squashfs", 0));
  return {};
}

Status read_attached(const Reader& reader, const RaucLayout& layout, const Cms& cms,
                     std::string_view der, const Evidence& evidence, Findings& findings) {
  RaucManifest manifest;
  manifest.text = cms.content();
  const size_t at = der.find(manifest.text);
  manifest.offset = layout.cms_offset + (at == std::string_view::npos ? 0 : at);
  manifest.lines = read_key_lines(manifest.text);
  add_manifest(manifest, findings);
  add_signature(findings, cms, cms.check(), "the manifest", evidence);
  OTARU_CHECK(look_inside(reader, layout, findings));
  OTARU_CHECK(check_content(reader, layout, manifest, findings));
  if (manifest.value("bundle", "format") == "crypt") {
    findings.info("payload-encrypted",
                  "The content is encrypted with a key that stands readable in the manifest: "
                  "nobody is kept from reading it until it went through rauc encrypt.",
                  manifest.evidence(*manifest.find("bundle", "format")));
  }
  return {};
}

Status read_detached(const Reader& reader, const RaucLayout& layout, const Cms& cms,
                     const Evidence& evidence, Findings& findings) {
  findings.add(FactName::format_version, "plain", evidence);
  findings.warn("manifest-not-read",
                "In the plain format the manifest is a file of the squashfs, which is not opened: "
                "compatible, version and images are not known.",
                "Give version and hardware yourself, or make the bundle with format=verity.",
                evidence);
  OTARU_CHECK(look_inside(reader, layout, findings));
  const auto content = stream_of(reader, 0, layout.cms_offset);
  OTARU_TRY(check, cms.check(*content));
  add_signature(findings, cms, check, "the bundle", evidence);
  return {};
}

Status read_rauc(const Reader& reader, Findings& findings) {
  OTARU_TRY(tail, reader.bytes(reader.size() - kRaucSizeBytes, kRaucSizeBytes));
  const auto layout = rauc_layout(tail, reader.size());
  if (!layout) return {};  // the probe saw it; only an ended budget leads here
  const Evidence evidence{"signature", layout->cms_offset, layout->cms_size, {}};
  OTARU_TRY(der, reader.bytes(layout->cms_offset, static_cast<size_t>(layout->cms_size)));
  const auto cms = Cms::parse(der);
  if (!cms) {
    findings.problem("signature-wrong",
                     "The signature at the end cannot be read: " + cms.error().message + ".",
                     "Make or upload the bundle again.", evidence);
    return {};
  }
  if (cms->kind() == Cms::Kind::enveloped_data) {
    findings.add(FactName::format_version, "crypt", evidence);
    findings.warn("manifest-encrypted",
                  "The manifest is encrypted (recipients: " + std::to_string(cms->recipients()) +
                      "): compatible, version, images and signature are not known.",
                  "Give version and hardware yourself.", evidence);
    return {};
  }
  if (cms->detached()) return read_detached(reader, *layout, *cms, evidence, findings);
  return read_attached(reader, *layout, *cms, der, evidence, findings);
}

Status read_crypt_rauc(const Reader& reader, Findings& findings) {
  OTARU_TRY(tail, reader.bytes(reader.size() - kRaucSizeBytes, kRaucSizeBytes));
  const auto layout = rauc_layout(tail, reader.size());
  constexpr size_t kEnoughForIdentifier = 32;
  OTARU_TRY(begin, reader.bytes(layout ? layout->cms_offset : 0, kEnoughForIdentifier));
  if (layout && looks_like_cms(begin)) return read_rauc(reader, findings);
  return describe_raw(reader, findings);
}

}  // namespace

const Format kRauc = {"rauc", "RAUC bundle", &is_rauc, &read_rauc};
const Format kRaucCrypt = {"rauc", "RAUC bundle", &may_be_crypt_rauc, &read_crypt_rauc};

}  // namespace otaru::inspect
