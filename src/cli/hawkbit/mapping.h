// SPDX-License-Identifier: Apache-2.0
// What hawkBit's Management API tells of software and devices, as values, and what becomes of them
// in Otaru (docs/hawkbit-import.md). Members are those of the public description:
// eclipse.dev/hawkbit, "Management API". Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace otaru::cli::hawkbit {

struct Artifact {
  int64_t id = 0;
  std::string file_name;
  int64_t size_bytes = 0;
  std::string sha256, sha1, md5;  // lower-case hex; empty: not told (sha256 came with 0.3)
};

struct Module {
  int64_t id = 0;
  std::string name, version;
  std::string type;  // the type's key: "os", "application"
  std::string description, vendor;
  bool deleted = false;
};

struct DistributionSet {
  int64_t id = 0;
  std::string name, version, description;
  bool deleted = false;
  bool required_migration_step = false;
  bool lists_modules = false;  // else they are asked for apart
  std::vector<Module> modules;
};

struct Target {
  std::string controller_id, name, description, token, type, group;
  std::string update_status;  // "in_sync", "pending" ...
  bool auto_confirm = false;
  std::optional<int64_t> created_at_ms, last_request_ms, installed_at_ms;
};

struct TargetFilter {
  std::string name, query;
  bool auto_assigns = false;
};

Module read_module(base::JsonView item);
std::vector<Artifact> read_artifacts(base::JsonView list);  // in the order of their ids
DistributionSet read_set(base::JsonView item);
Target read_target(base::JsonView item);
TargetFilter read_target_filter(base::JsonView item);

// One release of Otaru: a module becomes one per artifact.
struct Part {
  std::string product, feature, version;
  size_t artifact = 0;  // index into the module's artifacts
  friend bool operator==(const Part&, const Part&) = default;
};
// The first artifact is the module's own product; each other one is "NAME.FILENAME".
std::vector<Part> parts_of(const Module& module, const std::vector<Artifact>& artifacts);
// Where a device has a part: the name that devices behind the hawkBit door get theirs by.
std::string slot_of(const Part& part);
// "firmware" for an operating system, else "software".
std::string_view product_type_of(std::string_view module_type);
// The name of a set as the name of a channel: lower case, '-' for what a channel may not have.
// Empty: nothing is left.
std::string channel_of(std::string_view set_name);
// What a download may be called: '_' for what a file name may not have.
std::string file_name_of(std::string_view provided);

// The version scheme that takes every version of a product.
class SchemeGuess {
 public:
  void add(std::string_view version);
  std::string_view scheme() const;

 private:
  bool dotted_ = true;
  bool semver_ = true;
};

struct TargetDetails {
  std::vector<std::pair<std::string, std::string>> attributes;  // the device's own words
  std::vector<std::pair<std::string, std::string>> metadata;    // the operators'
  std::vector<std::string> tags;
  std::vector<Part> installed, assigned;
};

struct DeviceLine {
  std::string json;                   // a line of an import of devices (docs/api.md)
  std::vector<std::string> left_out;  // what of it has no place, with the reason
};
// Code::invalid: it cannot be a device here.
base::Result<DeviceLine> device_line(const Target& target, const TargetDetails& details);

}  // namespace otaru::cli::hawkbit
