// SPDX-License-Identifier: Apache-2.0
#include "cli/hawkbit/mapping.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/time.h"
#include "cli/hawkbit/rsql.h"
#include "domain/names.h"
#include "domain/version.h"

namespace otaru::cli::hawkbit {
namespace {

namespace limits = base::limits;
using base::Code;

std::string text_in(base::JsonView item, std::string_view member) {
  return std::string(item.find(member).text().value_or(""));
}
int64_t number_in(base::JsonView item, std::string_view member) {
  return item.find(member).integer().value_or(0);
}
bool flag_in(base::JsonView item, std::string_view member) {
  return item.find(member).boolean().value_or(false);
}

bool is_small_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool has_controls(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}
// What a name, a key or a tag may be; values may have line breaks and tabs.
bool is_name(std::string_view text, size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max && base::valid_utf8(text) && !has_controls(text);
}
bool is_value(std::string_view text) {
  std::string rest(text);
  std::erase_if(rest, [](char c) { return c == '\n' || c == '\r' || c == '\t'; });
  return text.size() <= limits::kAttributeBytesMax && base::valid_utf8(text) && !has_controls(rest);
}

// A map of one device: what fits is written, what does not is told.
class MapWriter {
 public:
  MapWriter(std::string_view what, DeviceLine& line) : what_(what), line_(line) {}

  void put(std::string_view name, std::string_view value) {
    const std::string shown = std::string(what_) + " '" + domain::printable(name) + "'";
    if (!is_name(name, limits::kNameBytesMax)) {
      line_.left_out.push_back(shown + ": its name is empty, too long or has control characters");
    } else if (!is_value(value)) {
      line_.left_out.push_back(shown + ": its value is longer than " +
                               std::to_string(limits::kAttributeBytesMax) +
                               " bytes, or has control characters");
    } else if (has(name)) {
      line_.left_out.push_back(shown + ": it is there twice");
    } else if (entries_.size() == limits::kAttributesPerDeviceMax) {
      line_.left_out.push_back(shown + ": a device has at most " +
                               std::to_string(limits::kAttributesPerDeviceMax));
    } else {
      entries_.emplace_back(name, value);
    }
  }
  void write(base::JsonWriter& out) const {
    out.begin_object();
    for (const auto& [name, value] : entries_) out.member(name, value);
    out.end_object();
  }
  bool empty() const { return entries_.empty(); }

 private:
  bool has(std::string_view name) const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const auto& entry) { return entry.first == name; });
  }
  std::string_view what_;
  DeviceLine& line_;
  std::vector<std::pair<std::string, std::string>> entries_;
};

// The products that concern the device, as the hawkBit door reads them: separated by commas.
std::string product_list(const TargetDetails& details, DeviceLine& line) {
  std::vector<std::string> names;
  for (const auto* parts : {&details.assigned, &details.installed}) {
    for (const auto& part : *parts) {
      if (std::find(names.begin(), names.end(), part.product) == names.end()) {
        names.push_back(part.product);
      }
    }
  }
  std::string out;
  for (const auto& name : names) {
    const bool fits = out.size() + name.size() + 1 <= limits::kAttributeBytesMax;
    if (name.find(',') != std::string::npos || !fits) {
      line.left_out.push_back("module '" + domain::printable(name) +
                              "' in the attribute product: " +
                              (fits ? "its name has a comma" : "the list is too long"));
      continue;
    }
    out += (out.empty() ? "" : ",") + name;
  }
  return out;
}

std::vector<std::string> fitting_tags(const TargetDetails& details, DeviceLine& line) {
  std::vector<std::string> out;
  for (const auto& tag : details.tags) {
    const bool good = is_name(tag, limits::kTagBytesMax) && tag == base::trim(tag) &&
                      tag.find(';') == std::string::npos;
    if (good && out.size() < limits::kTagsPerDeviceMax) {
      out.push_back(tag);
    } else {
      line.left_out.push_back(
          "tag '" + domain::printable(tag) + "': " +
          (good ? "a device has at most " + std::to_string(limits::kTagsPerDeviceMax)
                : "longer than " + std::to_string(limits::kTagBytesMax) +
                      " bytes, with ';' or with blanks around it"));
    }
  }
  return out;
}

void write_components(const Target& target, const TargetDetails& details, base::JsonWriter& out,
                      DeviceLine& line) {
  std::vector<std::string> slots;
  out.begin_array();
  for (const auto& part : details.installed) {
    const std::string slot = slot_of(part);
    const bool twice = std::find(slots.begin(), slots.end(), slot) != slots.end();
    const bool fits = is_name(slot, limits::kNameBytesMax) &&
                      is_name(part.version, limits::kVersionBytesMax) &&
                      slots.size() < limits::kComponentsPerDeviceMax;
    if (twice || !fits) {
      line.left_out.push_back("component '" + domain::printable(slot) +
                              "': " + (twice ? "it is installed twice" : "it does not fit"));
      continue;
    }
    slots.push_back(slot);
    out.begin_object();
    out.member("slot", slot);
    out.member("product", part.product);
    out.member("model", "");
    out.member("feature", part.feature);
    out.member("version", part.version);
    if (target.installed_at_ms) {
      out.member("reported_at", base::iso8601({*target.installed_at_ms}));
    }
    out.end_object();
  }
  out.end_array();
}

// What a device's own secret may be (app/input_checks.h, check_device_secret).
bool is_secret(std::string_view token) {
  return token.size() >= limits::kDeviceSecretBytesMin && token.size() <= limits::kSecretBytesMax &&
         std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

Module read_module(base::JsonView item) {
  Module out;
  out.id = number_in(item, "id");
  out.name = text_in(item, "name");
  out.version = text_in(item, "version");
  out.type = text_in(item, "type");
  out.description = text_in(item, "description");
  out.vendor = text_in(item, "vendor");
  out.deleted = flag_in(item, "deleted");
  return out;
}

std::vector<Artifact> read_artifacts(base::JsonView list) {
  std::vector<Artifact> out;
  for (size_t i = 0; i < list.size(); ++i) {
    const auto item = list.at(i);
    const auto hashes = item.find("hashes");
    out.push_back({number_in(item, "id"), text_in(item, "providedFilename"),
                   number_in(item, "size"), base::lower(text_in(hashes, "sha256")),
                   base::lower(text_in(hashes, "sha1")), base::lower(text_in(hashes, "md5"))});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return out;
}

DistributionSet read_set(base::JsonView item) {
  DistributionSet out;
  out.id = number_in(item, "id");
  out.name = text_in(item, "name");
  out.version = text_in(item, "version");
  out.description = text_in(item, "description");
  out.deleted = flag_in(item, "deleted");
  out.required_migration_step = flag_in(item, "requiredMigrationStep");
  const auto modules = item.find("modules");
  out.lists_modules = modules.is_array();
  for (size_t i = 0; i < modules.size(); ++i) out.modules.push_back(read_module(modules.at(i)));
  return out;
}

Target read_target(base::JsonView item) {
  Target out;
  out.controller_id = text_in(item, "controllerId");
  out.name = text_in(item, "name");
  out.description = text_in(item, "description");
  out.token = text_in(item, "securityToken");
  out.type = text_in(item, "targetTypeName");
  out.group = text_in(item, "group");
  out.update_status = text_in(item, "updateStatus");
  out.installed_at_ms = item.find("installedAt").integer();
  out.auto_confirm = flag_in(item, "autoConfirmActive");
  out.created_at_ms = item.find("createdAt").integer();
  out.last_request_ms = item.find("lastControllerRequestAt").integer();
  return out;
}

TargetFilter read_target_filter(base::JsonView item) {
  return {text_in(item, "name"), text_in(item, "query"),
          item.find("autoAssignDistributionSet").integer().has_value()};
}

std::vector<Part> parts_of(const Module& module, const std::vector<Artifact>& artifacts) {
  std::vector<Part> out;
  for (size_t i = 0; i < artifacts.size(); ++i) {
    const std::string product = i == 0 ? module.name : module.name + "." + artifacts[i].file_name;
    out.push_back({product, module.type, module.version, i});
  }
  return out;
}

std::string slot_of(const Part& part) {
  return part.feature.empty() ? part.product : part.product + "/" + part.feature;
}

std::string_view product_type_of(std::string_view module_type) {
  return module_type == "os" ? "firmware" : "software";
}

std::string channel_of(std::string_view set_name) {
  constexpr size_t kChannelBytesMax = 64;
  std::string out;
  for (const char c : base::lower(set_name)) {
    const bool plain = is_small_or_digit(c) || c == '.' || c == '_' || c == '-';
    if (out.empty() && !is_small_or_digit(c)) continue;
    if (!plain && out.ends_with('-')) continue;
    out += plain ? c : '-';
  }
  while (out.ends_with('-')) out.pop_back();
  if (out.size() > kChannelBytesMax) out.clear();
  return out;
}

std::string file_name_of(std::string_view provided) {
  std::string out(provided.substr(provided.find_last_of("/\\") + 1));
  for (char& c : out) {
    const bool plain = is_small_or_digit(base::lower(std::string_view(&c, 1)).front()) ||
                       std::string_view("._+@=()-").find(c) != std::string_view::npos;
    if (!plain) c = '_';
  }
  const bool head =
      !out.empty() && (is_small_or_digit(base::lower(out.substr(0, 1)).front()) || out[0] == '_');
  if (!head) out.insert(0, "_");
  return out.substr(0, limits::kNameBytesMax);
}

void SchemeGuess::add(std::string_view version) {
  using domain::VersionScheme;
  dotted_ = dotted_ && domain::validate_version({VersionScheme::dotted, {}}, version);
  semver_ = semver_ && domain::validate_version({VersionScheme::semver, {}}, version);
}

std::string_view SchemeGuess::scheme() const {
  return dotted_ ? "dotted" : semver_ ? "semver" : "publish_order";
}

base::Result<DeviceLine> device_line(const Target& target, const TargetDetails& details) {
  if (!is_name(target.controller_id, limits::kDeviceKeyBytesMax)) {
    return base::fail(Code::invalid, "a key has 1 to " +
                                         std::to_string(limits::kDeviceKeyBytesMax) +
                                         " bytes here, without control characters");
  }
  DeviceLine line;
  base::JsonWriter out;
  out.begin_object();
  out.member("key", target.controller_id);
  out.member("door", "hawkbit");
  if (target.token.empty()) {
    line.left_out.emplace_back(
        "security token: hawkBit does not show it (the user needs READ_TARGET_SECURITY_TOKEN); "
        "the device needs a gateway token, or `otaru device key`");
  } else if (!is_secret(target.token)) {
    line.left_out.emplace_back(
        "security token: a device's secret is 8 to 512 visible characters here; give the device "
        "another token, or a gateway token");
  } else {
    out.member("secret", target.token);
  }
  MapWriter attributes("operators' attribute", line);
  if (!target.name.empty()) attributes.put(kNameAttribute, target.name);
  if (!target.description.empty()) attributes.put(kDescriptionAttribute, target.description);
  if (!target.type.empty()) attributes.put(kTypeAttribute, target.type);
  if (!target.group.empty()) attributes.put(kGroupAttribute, target.group);
  const std::string products = product_list(details, line);
  if (!products.empty()) attributes.put(kProductAttribute, products);
  for (const auto& [name, value] : details.metadata) {
    if (is_own_attribute(name)) {
      line.left_out.push_back("metadata '" + name + "': the import uses this name itself");
    } else {
      attributes.put(name, value);
    }
  }
  out.key("attributes");
  attributes.write(out);
  MapWriter reported("attribute of the device's own", line);
  for (const auto& [name, value] : details.attributes) reported.put(name, value);
  out.key("reported");
  reported.write(out);
  out.key("tags");
  out.begin_array();
  for (const auto& tag : fitting_tags(details, line)) out.value(tag);
  out.end_array();
  if (!details.installed.empty()) {
    out.key("components");
    write_components(target, details, out, line);
  }
  if (target.created_at_ms) out.member("created_at", base::iso8601({*target.created_at_ms}));
  if (target.last_request_ms) out.member("last_seen_at", base::iso8601({*target.last_request_ms}));
  if (target.auto_confirm) {
    line.left_out.emplace_back("auto-confirmation: see `otaru device consent`");
  }
  out.end_object();
  line.json = out.take();
  return line;
}

}  // namespace otaru::cli::hawkbit
