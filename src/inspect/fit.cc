// SPDX-License-Identifier: Apache-2.0
// U-Boot's FIT images, and plain device trees, which share their container. Sources: "Flat Image
// Tree Specification" (U-Boot doc/usage/fit/source_file_format.rst: root, /images, /configurations,
// hash and signature nodes, external data) and the Devicetree Specification v0.4, 2.3 (model,
// compatible).
#include "base/encoding.h"
#include "base/limits.h"
#include "inspect/checks.h"
#include "inspect/device_tree.h"
#include "inspect/formats.h"
#include "inspect/uboot_names.h"

namespace otaru::inspect {
namespace {

constexpr size_t kFitDepth = 3;  // /images/kernel/hash-1

bool fit_probes(const Head& head) {
  return Header(std::string(head.first.substr(0, 4)), Endian::big).u32(0) == kFdtMagic;
}

Evidence evidence_of(const TreeNode& node, const TreeProperty& property) {
  return {node.path + (node.path == "/" ? "" : "/") + property.name,
          property.offset,
          property.size,
          {}};
}

// Adds a text property as a fact, when it is there.
base::Status add_text(const Reader& reader, const TreeNode& node, std::string_view name,
                      FactName fact, Findings& findings) {
  const TreeProperty* property = node.find(name);
  if (property == nullptr) return {};
  OTARU_TRY(value, tree_text(reader, property));
  findings.add(fact, value, evidence_of(node, *property));
  return {};
}

base::Status add_compatible(const Reader& reader, const TreeNode& node, Findings& findings) {
  const TreeProperty* property = node.find("compatible");
  if (property == nullptr) return {};
  OTARU_TRY(values, tree_texts(reader, property));
  for (const auto& value : values) {
    findings.add(FactName::hardware, value, evidence_of(node, *property));
  }
  return {};
}

base::Status read_device_tree(const Reader& reader, const Tree& tree, Findings& findings) {
  findings.kind = "dtb";
  findings.title = "Device tree blob";
  if (tree.nodes.empty()) return {};
  const TreeNode& root = tree.nodes.front();
  OTARU_CHECK(add_text(reader, root, "model", FactName::board, findings));
  return add_compatible(reader, root, findings);
}

struct FitData {
  uint64_t offset = 0;
  uint64_t size = 0;
};

// Inside the tree ("data"), behind it ("data-offset") or anywhere in the file ("data-position").
base::Result<std::optional<FitData>> data_of(const Reader& reader, const Tree& tree,
                                             const TreeNode& node) {
  using Found = std::optional<FitData>;
  if (const TreeProperty* data = node.find("data")) return Found({data->offset, data->size});
  OTARU_TRY(size, tree_number(reader, node.find("data-size")));
  OTARU_TRY(position, tree_number(reader, node.find("data-position")));
  OTARU_TRY(offset, tree_number(reader, node.find("data-offset")));
  if (!size || (!position && !offset)) return Found();
  const uint64_t base = (tree.total_size + 3) & ~uint64_t{3};
  return Found({position ? *position : base + *offset, *size});
}

base::Status check_fit_hash(const Reader& reader, const FitData& data, const TreeNode& node,
                            Payload& payload, Findings& findings) {
  const TreeProperty* value = node.find("value");
  OTARU_TRY(algorithm, tree_text(reader, node.find("algo")));
  if (value == nullptr || value->size > 64) return {};
  OTARU_TRY(declared, reader.bytes(value->offset, static_cast<size_t>(value->size)));
  const Evidence at = evidence_of(node, *value);
  const std::string what = "The " + clean_text(algorithm) + " of " + payload.name;
  if (algorithm == "crc32") {
    const uint32_t sum = Header(declared, Endian::big).u32(0);
    return check_crc32(reader, data.offset, data.size, sum, what, at, findings);
  }
  const auto check = [&](base::Hasher hasher) {
    return check_digest(reader, std::move(hasher), data.offset, data.size, declared, what, at,
                        findings);
  };
  if (algorithm == "sha256") payload.sha256_declared = base::hex(declared);
  if (algorithm == "md5") return check(base::Hasher(base::HashKind::md5));
  if (algorithm == "sha1") return check(base::Hasher(base::HashKind::sha1));
  if (algorithm == "sha256") return check(base::Hasher(base::HashKind::sha256));
  if (algorithm == "sha384") return check(base::Hasher(base::LongHashKind::sha384));
  if (algorithm == "sha512") return check(base::Hasher(base::LongHashKind::sha512));
  findings.info("hash-unchecked", what + " is of a kind that is not checked here.", at);
  return {};
}

// hash-1, signature-1 ... below an image or a configuration.
base::Status add_guards(const Reader& reader, const Tree& tree, const TreeNode& node,
                        const FitData* data, Payload& payload, Findings& findings) {
  for (const TreeNode* child : tree.children(node)) {
    if (child->name.starts_with("hash") && data != nullptr) {
      OTARU_CHECK(check_fit_hash(reader, *data, *child, payload, findings));
    } else if (child->name.starts_with("signature")) {
      OTARU_CHECK(add_text(reader, *child, "algo", FactName::signature, findings));
      OTARU_CHECK(add_text(reader, *child, "key-name-hint", FactName::signer, findings));
    }
  }
  return {};
}

base::Status add_image(const Reader& reader, const Tree& tree, const TreeNode& node,
                       Findings& findings) {
  OTARU_CHECK(add_text(reader, node, "arch", FactName::architecture, findings));
  OTARU_CHECK(add_text(reader, node, "os", FactName::os, findings));
  OTARU_TRY(type, tree_text(reader, node.find("type")));
  OTARU_TRY(compression, tree_text(reader, node.find("compression")));
  OTARU_TRY(data, data_of(reader, tree, node));
  Payload payload{node.name, type, std::nullopt, 0, uboot_compression(compression), 0, {}};
  if (!data) {
    findings.problem("payload-missing", "Image " + node.name + " has no data.", "Build it again.",
                     {node.path, std::nullopt, 0, {}});
    return {};
  }
  payload.offset = data->offset;
  payload.size = data->size;
  if (data->offset > reader.size() || data->size > reader.size() - data->offset) {
    note_truncated(findings, "before the data of " + clean_text(node.name) + " does",
                   {node.path, data->offset, data->size, {}});
    return {};
  }
  OTARU_CHECK(add_guards(reader, tree, node, &*data, payload, findings));
  const Reader inside = reader.part(data->offset, data->size);
  OTARU_CHECK(sample(inside, payload));
  // The board's own device tree tells which hardware it is for.
  if (type == "flat_dt" && payload.compression == Compression::none) {
    OTARU_TRY(kind, inspect_inside(inside, findings, node.path, data->offset));
    payload.type = kind == "raw" ? type : "dtb";
  }
  add_payload(findings, std::move(payload), type.empty() ? "image" : type);
  return {};
}

base::Status add_configuration(const Reader& reader, const Tree& tree, const TreeNode& node,
                               Findings& findings) {
  OTARU_CHECK(add_compatible(reader, node, findings));
  Payload none;
  return add_guards(reader, tree, node, nullptr, none, findings);
}

base::Status add_root(const Reader& reader, const TreeNode& root, Findings& findings) {
  const TreeProperty* description = root.find("description");
  OTARU_TRY(text, tree_text(reader, description));
  if (description != nullptr) {
    findings.add(FactName::description, text, evidence_of(root, *description));
    findings.add(FactName::version, version_in(text), evidence_of(root, *description));
  }
  const TreeProperty* timestamp = root.find("timestamp");
  OTARU_TRY(time, tree_number(reader, timestamp));
  if (time) {
    findings.add(FactName::build_time, time_text(static_cast<int64_t>(*time & INT64_MAX)),
                 evidence_of(root, *timestamp));
  }
  return {};
}

base::Status read_fit(const Reader& reader, const Tree& tree, const TreeNode& images,
                      Findings& findings) {
  OTARU_CHECK(add_root(reader, tree.nodes.front(), findings));
  if (const TreeNode* configurations = tree.find("/configurations")) {
    for (const TreeNode* node : tree.children(*configurations)) {
      OTARU_CHECK(add_configuration(reader, tree, *node, findings));
    }
  }
  for (const TreeNode* node : tree.children(images)) {
    OTARU_CHECK(add_image(reader, tree, *node, findings));
  }
  if (findings.get(FactName::signature).empty()) {
    findings.warn("unsigned", "No image and no configuration is signed.",
                  "Sign the configurations with mkimage -k, if the boot loader checks them.");
  }
  return {};
}

base::Status fit_read(const Reader& reader, Findings& findings) {
  OTARU_TRY(tree, read_tree(reader, kFitDepth));
  const TreeNode* images = tree.find("/images");
  if (tree.total_size > reader.size() || !tree.whole) {
    note_truncated(findings, "before its tree does, or the tree is damaged",
                   {"fdt_header.totalsize", 4, 4, {}});
  }
  if (images == nullptr) return read_device_tree(reader, tree, findings);
  return read_fit(reader, tree, *images, findings);
}

}  // namespace

const Format kFit = {"fit", "U-Boot FIT image", fit_probes, fit_read};

}  // namespace otaru::inspect
