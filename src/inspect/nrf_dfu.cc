// SPDX-License-Identifier: Apache-2.0
// DFU packages: zips with a manifest.json. Two makers: nrfutil for the nRF5 SDK ("nRF5 SDK: DFU
// package", dfu-cc.proto for the init packet), and the nRF Connect SDK for MCUboot
// (dfu_application.zip, "nRF Connect SDK: Device Firmware Updates").
#include "base/encoding.h"
#include "base/json.h"
#include "inspect/wire.h"
#include "inspect/zip.h"

namespace otaru::inspect {
namespace {

using base::JsonView;

constexpr std::string_view kManifest = "manifest.json";

void check_file(const Zip& zip, JsonView file, std::string_view key, const ZipMember& manifest,
                Findings& findings) {
  const auto name = file.find(key).text();
  if (!name || zip.find(*name) != nullptr) return;
  findings.problem("artifact-missing",
                   "manifest.json names " + std::string(*name) + ", which is not in the package.",
                   "Make or upload the package again.", manifest.at(key, 0, 0));
}

// dfu-cc.proto: Packet.command (1) or Packet.signed_command (2: 1), Command.init (2), InitCommand:
// fw_version 1, hw_version 2, hash (8) with the digest (2).
std::string_view init_command(std::string_view packet, bool& is_signed) {
  const auto inside = [](std::string_view message, uint32_t number) {
    WireReader fields(message);
    while (const auto field = fields.next()) {
      if (field->number == number && field->is_bytes) return field->bytes;
    }
    return std::string_view();
  };
  const std::string_view signed_command = inside(packet, 2);
  is_signed = !signed_command.empty();
  const std::string_view command = is_signed ? inside(signed_command, 1) : inside(packet, 1);
  return inside(command, 2);
}

void add_init_packet(const ZipMember& packet, Findings& findings) {
  bool is_signed = false;
  WireReader fields(init_command(packet.text, is_signed));
  while (const auto field = fields.next()) {
    const std::string value = std::to_string(field->value);
    if (field->number == 1) {
      findings.add(FactName::version, value, packet.at("InitCommand.fw_version", 0, 0));
    } else if (field->number == 2) {
      findings.add(FactName::hardware, value, packet.at("InitCommand.hw_version", 0, 0));
    }
  }
  if (is_signed) findings.add(FactName::signature, "init packet", packet.at("SignedCommand", 0, 0));
}

// {"manifest": {"application": {"bin_file", "dat_file", "init_packet_data": {...}}}}
void read_nrfutil(const Zip& zip, const ZipMember& manifest, JsonView parts, Findings& findings) {
  findings.kind = "nrf-dfu";
  findings.title = "Nordic nRF5 DFU package";
  for (size_t i = 0; parts.is_object() && i < parts.size(); ++i) {
    const std::string type(parts.key_at(i));
    const JsonView part = parts.at(i);
    if (!part.is_object()) continue;  // dfu_version
    findings.add(FactName::image_type, type, manifest.at("manifest." + type, 0, 0));
    check_file(zip, part, "bin_file", manifest, findings);
    check_file(zip, part, "dat_file", manifest, findings);
    const JsonView init = part.find("init_packet_data");
    const std::string path = "manifest." + type + ".init_packet_data.";
    // (All ones means "any".)
    constexpr int64_t kAnyVersion = 0xFFFFFFFF;
    constexpr int64_t kAnyDevice = 0xFFFF;
    const auto version = init.find("application_version").integer();
    if (version && *version != kAnyVersion) {
      findings.add(FactName::version, std::to_string(*version),
                   manifest.at(path + "application_version", 0, 0));
    }
    const auto device = init.find("device_type").integer();
    if (device && *device != kAnyDevice) {
      findings.add(FactName::hardware, std::to_string(*device),
                   manifest.at(path + "device_type", 0, 0));
    }
    const auto packet = part.find("dat_file").text();
    const ZipMember* member = packet && !init.exists() ? zip.find(*packet) : nullptr;
    if (member != nullptr) add_init_packet(*member, findings);
  }
}

// {"format-version", "name", "files": [{"type", "board", "soc", "version", "version_MCUBOOT",
// "size", "file", ...}]}
void read_mcumgr(const Zip& zip, const ZipMember& manifest, JsonView root, Findings& findings) {
  findings.kind = "mcumgr-dfu";
  findings.title = "DFU package of MCUboot images";
  const auto add = [&](FactName name, JsonView from, std::string_view key) {
    if (const auto text = from.find(key).text()) {
      findings.add(name, *text, manifest.at(key, 0, 0));
    }
  };
  add(FactName::product, root, "name");
  if (const auto seconds = root.find("time").integer()) {
    findings.add(FactName::build_time, time_text(*seconds), manifest.at("time", 0, 0));
  }
  const JsonView files = root.find("files");
  for (size_t i = 0; files.is_array() && i < files.size(); ++i) {
    const JsonView file = files.at(i);
    add(FactName::version, file, "version_MCUBOOT");
    add(FactName::board, file, "board");
    add(FactName::hardware, file, "soc");
    add(FactName::image_type, file, "type");
    add(FactName::address, file, "load_address");
    check_file(zip, file, "file", manifest, findings);
    const auto name = file.find("file").text();
    const ZipMember* member = name ? zip.find(*name) : nullptr;
    const auto size = file.find("size").integer();
    if (member == nullptr || !size || *size < 0) continue;
    if (static_cast<uint64_t>(*size) == member->member.size) continue;
    findings.problem("size-wrong",
                     member->member.name + " has " + std::to_string(member->member.size) +
                         " bytes, but manifest.json says " + std::to_string(*size) + ".",
                     "Make or upload the package again.", manifest.at("size", 0, 0));
  }
}

std::optional<base::JsonDocument> manifest_of(const Zip& zip) {
  const ZipMember* manifest = zip.find(kManifest);
  if (manifest == nullptr) return std::nullopt;
  auto document = base::JsonDocument::parse(manifest->text);
  if (!document) return std::nullopt;
  return std::move(*document);
}

}  // namespace

bool is_dfu_zip(const Zip& zip) {
  const auto document = manifest_of(zip);
  return document && (document->root().find("manifest").is_object() ||
                      (document->root().find("files").is_array() &&
                       document->root().find("format-version").exists()));
}

base::Status read_dfu_zip(const Zip& zip, Findings& findings) {
  const auto document = manifest_of(zip);
  const ZipMember& manifest = *zip.find(kManifest);
  const JsonView parts = document->root().find("manifest");
  if (parts.is_object()) {
    read_nrfutil(zip, manifest, parts, findings);
  } else {
    read_mcumgr(zip, manifest, document->root(), findings);
  }
  return {};
}

}  // namespace otaru::inspect
