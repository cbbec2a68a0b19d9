// SPDX-License-Identifier: Apache-2.0
// SWUpdate images (.swu): a cpio archive, sw-description first, its signature second, then what is
// installed. Sources: SWUpdate documentation, "SWUpdate: software management for embedded systems"
// (structure of the image), "SWUpdate: syntax and tags with the default parser", "Update images
// from verified source".
#include <algorithm>
#include <map>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/limits.h"
#include "inspect/config_text.h"
#include "inspect/cpio.h"
#include "inspect/format.h"
#include "inspect/formats.h"
#include "inspect/signature.h"

namespace otaru::inspect {
namespace {

using base::Code;
using base::Status;
namespace limits = base::limits;

constexpr std::string_view kDescription = "sw-description";
constexpr std::string_view kSignature = "sw-description.sig";

// One entry of an images, files, scripts or partitions list.
struct SwuArtifact {
  const ConfigNode* node;
  std::string section;  // "images"
  std::string path;     // "software.stable.main.images[0]"
};

struct Swu {
  std::vector<CpioMember> members;  // the first is sw-description
  std::map<std::string_view, const CpioMember*> by_name;
  std::string text;  // of sw-description
  ConfigNode settings;
  std::vector<SwuArtifact> artifacts;
  bool is_signed = false;
  bool encrypted = false;  // sw-description itself

  std::multimap<std::string_view, const SwuArtifact*> by_file;

  const CpioMember* find(std::string_view name) const {
    const auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : found->second;
  }
  Evidence evidence(const ConfigNode& node, const std::string& path) const {
    // A scalar's value; of a group or list its name.
    const bool scalar = node.value_offset != 0;
    return {path, members.front().offset + (scalar ? node.value_offset : node.offset),
            scalar ? node.value_size : node.name.size(), std::string(kDescription) + ":" + path};
  }
};

bool is_swu(const Head& head) {
  // cpio(5): the name stands behind the 110 bytes of the header.
  constexpr size_t kCpioNameAt = 110;
  return looks_like_cpio(head.first) && head.first.substr(kCpioNameAt).starts_with(kDescription);
}

Status read_members(const Reader& reader, Swu& swu, Findings& findings) {
  Cpio cpio(reader);
  for (;;) {
    OTARU_TRY(member, cpio.next());
    if (!member) break;
    if (!member->whole) {
      findings.problem("truncated",
                       "The file ends within " + member->name + ", which should have " +
                           std::to_string(member->size) + " bytes.",
                       "Upload it again.", {"c_filesize", member->header, 0, member->name});
    }
    swu.members.push_back(std::move(*member));
  }
  const Evidence evidence{"c_magic", cpio.at(), 0, {}};
  switch (cpio.end()) {
    case Cpio::End::cut:
      if (findings.sound()) {
        findings.problem("truncated", "The archive ends without its TRAILER!!! member.",
                         "Upload it again.", evidence);
      }
      break;
    case Cpio::End::damaged:
      findings.problem("damaged", "What follows in the archive is no cpio header.",
                       "Make or upload the file again.", evidence);
      break;
    case Cpio::End::none:
    case Cpio::End::trailer:
    case Cpio::End::limit:
      break;
  }
  return {};
}

std::string singular(std::string_view section) {
  if (section.ends_with("s")) section.remove_suffix(1);
  return std::string(section);
}

// Versions, hardware and artifacts wherever boards and selections put them.
void walk(const ConfigNode& node, const std::string& path, Swu& swu, Findings& findings) {
  for (const auto& child : node.children) {
    const std::string child_path = path + "." + child.name;
    if (child.kind == ConfigNode::Kind::group) {
      walk(child, child_path, swu, findings);
    } else if (child.kind == ConfigNode::Kind::list && child.name == "hardware-compatibility") {
      // Below `software` itself it holds for all, in a group of it for the board of that name.
      // (Deeper groups are selections.)
      if (std::count(path.begin(), path.end(), '.') == 1) {
        findings.add(FactName::board, node.name, swu.evidence(node, path));
      }
      for (const auto& revision : child.children) {
        findings.add(FactName::hardware, revision.text, swu.evidence(revision, child_path));
      }
    } else if (child.kind == ConfigNode::Kind::list) {
      for (size_t i = 0; i < child.children.size(); ++i) {
        const ConfigNode& entry = child.children[i];
        if (entry.text_of("filename").empty()) continue;
        swu.artifacts.push_back({&entry, child.name, child_path + "[" + std::to_string(i) + "]"});
      }
    } else if (child.name == "embedded-script") {
      findings.info("embedded-script", "sw-description brings a Lua script that devices run.",
                    swu.evidence(child, child_path));
    }
  }
}

Status read_description(const Reader& reader, Swu& swu, Findings& findings) {
  const CpioMember& member = *swu.find(kDescription);
  const Evidence evidence{std::string(kDescription), member.offset, member.size, {}};
  if (member.size > limits::kInspectConfigBytesMax) {
    findings.problem("description-too-large", "sw-description is larger than inspection reads.", "",
                     evidence);
    return {};
  }
  OTARU_TRY(text, reader.bytes(member.offset, static_cast<size_t>(member.size)));
  swu.text = std::move(text);
  const bool binary = std::any_of(swu.text.begin(), swu.text.end(),
                                  [](char c) { return static_cast<unsigned char>(c) < '\t'; });
  if (binary) {
    swu.encrypted = true;
    findings.warn("description-encrypted",
                  "sw-description is no text; it is probably encrypted. Version, hardware and "
                  "checksums cannot be read.",
                  "Give version and hardware yourself.", evidence);
    return {};
  }
  auto settings = read_config_text(swu.text);
  if (!settings) {
    findings.problem("description-unreadable",
                     "sw-description cannot be read: " + settings.error().message + ".",
                     "Make the image again from a sw-description that is right.", evidence);
    return {};
  }
  swu.settings = std::move(*settings);
  const ConfigNode* software = swu.settings.find("software");
  if (software == nullptr || software->kind != ConfigNode::Kind::group) {
    findings.problem("description-unreadable", "sw-description has no group \"software\".",
                     "Make the image again from a sw-description that is right.", evidence);
    return {};
  }
  const auto fact = [&](FactName name, std::string_view key) {
    if (const ConfigNode* node = software->find(key)) {
      findings.add(name, node->text, swu.evidence(*node, "software." + std::string(key)));
    }
  };
  fact(FactName::version, "version");
  fact(FactName::description, "description");
  fact(FactName::product, "name");
  if (software->text_of("version").empty()) {
    findings.problem("version-missing", "sw-description has no software.version, which it must.",
                     "Add version to the group \"software\".", evidence);
  }
  walk(*software, "software", swu, findings);
  return {};
}

Status read_signature(const Reader& reader, Swu& swu, Findings& findings) {
  const CpioMember* member = swu.find(kSignature);
  if (member == nullptr) {
    findings.info("unsigned", "The image is not signed: sw-description.sig is missing.");
    return {};
  }
  swu.is_signed = true;
  const Evidence evidence{std::string(kSignature), member->offset, member->size, {}};
  if (&swu.members[1] != member) {
    findings.problem("signature-misplaced",
                     "sw-description.sig does not follow sw-description directly, where devices "
                     "look for it.",
                     "Put it second into the archive.", evidence);
  }
  if (member->size > limits::kInspectBlockBytesMax) return {};
  OTARU_TRY(bytes, reader.bytes(member->offset, static_cast<size_t>(member->size)));
  if (!looks_like_cms(bytes)) {
    // RSA or RSA-PSS: the number alone, as long as the key.
    const bool rsa = bytes.size() == 256 || bytes.size() == 384 || bytes.size() == 512;
    findings.add(FactName::signature,
                 rsa ? "RSA " + std::to_string(bytes.size() * 8) + " bit" : "unknown", evidence);
    findings.info("signature-unchecked",
                  "The signature over sw-description is checked by devices; its key is not inside.",
                  evidence);
    return {};
  }
  const auto cms = Cms::parse(bytes);
  if (!cms) {
    findings.problem("signature-wrong", "sw-description.sig cannot be read: " + cms.error().message,
                     "Sign the image again.", evidence);
    return {};
  }
  if (swu.encrypted) {
    // It was made before encryption.
    findings.add(FactName::signature, "CMS", evidence);
    for (const auto& signer : cms->signers()) findings.add(FactName::signer, signer, evidence);
    findings.info("signature-unchecked",
                  "The signature is over sw-description as it was before encryption.", evidence);
    return {};
  }
  const CpioMember& description = *swu.find(kDescription);
  const auto content = stream_of(reader, description.offset, description.size);
  OTARU_TRY(check, cms->check(*content));
  add_signature(findings, *cms, check, kDescription, evidence);
  return {};
}

Compression declared_compression(const ConfigNode& entry) {
  const ConfigNode* node = entry.find("compressed");
  if (node == nullptr) return Compression::none;
  const std::string word = base::lower(node->text);
  if (word == "zstd") return Compression::zstd;
  if (word == "xz") return Compression::xz;
  // "zlib", or true as older descriptions say; devices take zlib's and gzip's head alike.
  return word == "zlib" || word == "true" ? Compression::gzip : Compression::none;
}

// Sum and digest of a member in one reading; nothing when the budget ended before.
struct MemberSums {
  std::string sha256;
  uint32_t sum = 0;
};
base::Result<std::optional<MemberSums>> sums_of(const Reader& reader, const CpioMember& member) {
  base::Hasher hasher(base::HashKind::sha256);
  uint32_t sum = 0;
  OTARU_TRY(whole, reader.stream(member.offset, member.size, [&](std::string_view piece) {
    hasher.update(piece);
    for (const char byte : piece) sum += static_cast<unsigned char>(byte);
  }));
  if (!whole) return std::optional<MemberSums>();
  return std::optional<MemberSums>({base::hex(hasher.finish()), sum});
}

// The payload, once for all entries that install the same file.
Status describe_artifact(const Reader& reader, const CpioMember& member,
                         const SwuArtifact& artifact, const Swu& swu, Findings& findings) {
  const std::string_view type = artifact.node->text_of("type");
  Payload payload{member.name,
                  type.empty() ? singular(artifact.section) : std::string(type),
                  member.offset,
                  member.size,
                  declared_compression(*artifact.node),
                  0,
                  std::string(artifact.node->text_of("sha256"))};
  OTARU_CHECK(sample(reader.part(member.offset, member.size), payload));
  add_payload(findings, std::move(payload), singular(artifact.section) + " " + member.name);
  const ConfigNode* encrypted = artifact.node->find("encrypted");
  if (encrypted != nullptr && base::lower(encrypted->text) != "false") {
    findings.info("payload-encrypted", member.name + " is encrypted; devices hold the key.",
                  swu.evidence(*encrypted, artifact.path + ".encrypted"));
  }
  return {};
}

// True when the description has the right digest.
bool check_declared(const CpioMember& member, const SwuArtifact& artifact, const MemberSums& sums,
                    const Swu& swu, Findings& findings) {
  const ConfigNode* declared = artifact.node->find("sha256");
  if (declared == nullptr) {
    const Evidence evidence = swu.evidence(*artifact.node, artifact.path);
    if (swu.is_signed) {
      findings.warn("sha256-missing",
                    "sw-description gives no sha256 for " + member.name +
                        ": devices that check signatures refuse it.",
                    "Add sha256 to " + artifact.path + ".", evidence);
    } else {
      findings.info("sha256-missing", "sw-description gives no sha256 for " + member.name + ".",
                    evidence);
    }
    return false;
  }
  if (base::lower(declared->text) == sums.sha256) return true;
  findings.problem("hash-wrong",
                   "The SHA-256 of " + member.name + " is " + sums.sha256 +
                       ", but sw-description says " + declared->text + ".",
                   "Make the image again.", swu.evidence(*declared, artifact.path + ".sha256"));
  return false;
}

Status describe_members(const Reader& reader, const Swu& swu, Findings& findings) {
  for (const auto& member : swu.members) {
    const auto artifact = swu.by_file.find(member.name);
    if (artifact != swu.by_file.end()) {
      OTARU_CHECK(describe_artifact(reader, member, *artifact->second, swu, findings));
    } else if (member.name != kDescription && member.name != kSignature && !swu.artifacts.empty()) {
      findings.info("not-installed",
                    member.name + " is in the archive, but sw-description does not name it.",
                    {"c_name", member.header, 0, member.name});
    }
  }
  return {};
}

// Each member is read once, whoever names it, after everything else: images may be larger than the
// budget.
Status check_members(const Reader& reader, const Swu& swu, Findings& findings) {
  size_t right = 0;
  for (const auto& member : swu.members) {
    if (!member.whole) continue;
    OTARU_TRY(sums, sums_of(reader, member));
    if (!sums) continue;
    if (member.has_checksum && member.checksum != sums->sum) {
      findings.problem(
          "checksum-wrong", "The checksum of " + member.name + " in the archive is wrong.",
          "Make or upload the file again.", {"c_check", member.header, 0, member.name});
    }
    const auto [begin, end] = swu.by_file.equal_range(member.name);
    for (auto artifact = begin; artifact != end; ++artifact) {
      right += check_declared(member, *artifact->second, *sums, swu, findings) ? 1 : 0;
    }
  }
  if (right > 0 && right == swu.artifacts.size()) {
    findings.info("hash-right", "All artifacts are what sw-description says.");
  }
  return {};
}

void check_missing(const Swu& swu, Findings& findings) {
  for (const auto& artifact : swu.artifacts) {
    const std::string_view file = artifact.node->text_of("filename");
    if (swu.find(file) != nullptr) continue;
    findings.problem(
        "artifact-missing",
        "sw-description installs " + std::string(file) + ", which is not in the archive.",
        "Make the image again with all files.",
        swu.evidence(*artifact.node->find("filename"), artifact.path + ".filename"));
  }
}

Status read_swu(const Reader& reader, Findings& findings) {
  Swu swu;
  OTARU_CHECK(read_members(reader, swu, findings));
  if (swu.members.empty() || swu.members.front().name != kDescription) {
    findings.problem("description-missing", "The archive does not begin with sw-description.",
                     "Make the image again.");
    return {};
  }
  for (const auto& member : swu.members) swu.by_name.emplace(member.name, &member);
  findings.add(FactName::format_version,
               swu.members.front().has_checksum ? "cpio crc" : "cpio newc", {"c_magic", 0, 6, {}});
  OTARU_CHECK(read_description(reader, swu, findings));
  for (const auto& artifact : swu.artifacts) {
    swu.by_file.emplace(artifact.node->text_of("filename"), &artifact);
  }
  OTARU_CHECK(read_signature(reader, swu, findings));
  check_missing(swu, findings);
  OTARU_CHECK(describe_members(reader, swu, findings));
  return check_members(reader, swu, findings);
}

}  // namespace

const Format kSwupdate = {"swupdate", "SWUpdate image", &is_swu, &read_swu};

}  // namespace otaru::inspect
