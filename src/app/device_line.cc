// SPDX-License-Identifier: Apache-2.0
// Reading. Writing is in device_line_write.cc.
#include "app/device_line.h"

#include <algorithm>

#include "app/input_checks.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;

template <class T>
void sort_unique(std::vector<T>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find(';'), text.size());
    const auto part = base::trim(text.substr(0, end));
    if (!part.empty()) out.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

base::Result<base::Time> read_time(std::string_view field, std::string_view text) {
  base::Time out;
  if (base::parse_iso8601(std::string(text), out)) return out;
  return base::fail_field(Code::invalid, std::string(field),
                          "it must be a time such as 2026-05-01T12:00:00Z");
}

base::Result<domain::Component> read_component(const DeviceLineContext& context,
                                               base::JsonView item) {
  const auto text = [&](std::string_view name) {
    return std::string(item.find(name).text().value_or(""));
  };
  domain::Component out;
  out.slot = text("slot");
  out.version = text("version");
  if (!item.is_object() || out.slot.empty() || out.slot.size() > limits::kNameBytesMax) {
    return base::fail_field(Code::invalid, "components", "each needs a slot");
  }
  if (out.version.empty() || out.version.size() > limits::kVersionBytesMax) {
    return base::fail_field(Code::invalid, "components", "each needs a version");
  }
  OTARU_CHECK(check_text("components", out.slot, limits::kNameBytesMax));
  OTARU_CHECK(check_text("components", out.version, limits::kVersionBytesMax));
  if (const auto product = item.find("product"); product.exists() && !product.is_null()) {
    const auto model = item.find("model").text();
    const auto* found =
        context.snapshot.product(context.tenant, text("product"), text("feature"), model);
    if (found == nullptr) {
      return base::fail_field(Code::not_found, "components", "there is no such product",
                              "name it by product, and by model and feature where it has them");
    }
    out.product = found->product->id;
  }
  if (const auto at = item.find("reported_at"); at.exists() && !at.is_null()) {
    OTARU_TRY(time, read_time("components", at.text().value_or("")));
    out.reported_at = time;
  }
  return out;
}

base::Status read_components(const DeviceLineContext& context, base::JsonView list,
                             DeviceLine& line) {
  if (!list.is_array()) {
    return base::fail_field(Code::invalid, "components", "it must be a JSON array of objects");
  }
  if (list.size() > limits::kComponentsPerDeviceMax) {
    return base::fail_field(Code::too_large, "components", "there are too many");
  }
  auto& out = line.components.emplace();
  for (size_t i = 0; i < list.size(); ++i) {
    OTARU_TRY(component, read_component(context, list.at(i)));
    out.push_back(std::move(component));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.slot < b.slot; });
  const auto same = [](const auto& a, const auto& b) { return a.slot == b.slot; };
  if (std::adjacent_find(out.begin(), out.end(), same) != out.end()) {
    return base::fail_field(Code::invalid, "components", "a slot is named twice");
  }
  return {};
}

// An object of texts; null removes.
base::Status read_changes(std::string_view map, base::JsonView object, TextChanges& out) {
  if (!object.is_object()) {
    return base::fail_field(Code::invalid, std::string(map), "it must be an object of texts");
  }
  for (size_t i = 0; i < object.size(); ++i) {
    const std::string name(object.key_at(i));
    const auto value = object.at(i);
    if (!value.is_string() && !value.is_null()) {
      return base::fail_field(Code::invalid, std::string(map) + "." + name,
                              "it must be a text, or null to remove it");
    }
    OTARU_CHECK(check_attribute(map, name, value.text().value_or("")));
    out.emplace_back(name, value.is_null() ? std::nullopt
                                           : std::optional(std::string(value.text().value_or(""))));
  }
  return {};
}

base::Result<std::vector<std::string>> read_texts(std::string_view field, base::JsonView list) {
  std::vector<std::string> out;
  bool texts = list.is_array();
  for (size_t i = 0; texts && i < list.size(); ++i) {
    const auto text = list.at(i).text();
    texts = text.has_value();
    if (texts) out.emplace_back(*text);
  }
  if (texts) return out;
  return base::fail_field(Code::invalid, std::string(field), "it must be an array of texts");
}

base::Status read_key(std::string_view text, DeviceLine& line) {
  OTARU_CHECK(check_device_key("key", text));
  line.key = std::string(text);
  return {};
}

base::Status read_secret(std::string_view text, DeviceLine& line) {
  OTARU_CHECK(check_device_secret("secret", text));
  line.secret = std::string(text);
  return {};
}

base::Status read_flag(std::string_view field, std::string_view text, std::optional<bool>& flag) {
  if (text.empty()) return {};
  if (text != "true" && text != "false") {
    return base::fail_field(Code::invalid, std::string(field), "it must be true or false");
  }
  flag = text == "true";
  return {};
}

base::Status read_door(std::string_view text, DeviceLine& line) {
  OTARU_CHECK(check_word("door", text, limits::kNameBytesMax));
  line.door = std::string(text);
  return {};
}

}  // namespace

base::Status check_attribute(std::string_view map, std::string_view name, std::string_view value) {
  if (name.empty()) {
    return base::fail_field(Code::invalid, std::string(map), "a name is empty");
  }
  OTARU_CHECK(check_text(map, name, limits::kNameBytesMax));
  return check_note(std::string(map) + "." + std::string(name), value, limits::kAttributeBytesMax);
}

base::Result<std::vector<std::string>> checked_tags(std::string_view field,
                                                    std::vector<std::string> tags) {
  sort_unique(tags);
  if (tags.size() > limits::kTagsPerDeviceMax) {
    return base::fail_field(Code::too_large, std::string(field), "there are too many");
  }
  for (const auto& tag : tags) {
    OTARU_CHECK(check_text(field, tag, limits::kTagBytesMax));
    if (tag.empty() || tag != base::trim(tag) || tag.find(';') != std::string::npos) {
      return base::fail_field(Code::invalid, std::string(field),
                              "a tag is a text without ';', and without blanks around it");
    }
  }
  return tags;
}

base::Result<std::vector<domain::GroupId>> checked_groups(const DeviceLineContext& context,
                                                          std::string_view field,
                                                          const std::vector<std::string>& names) {
  std::vector<domain::GroupId> out;
  for (const auto& name : names) {
    const auto* group = context.snapshot.group(context.tenant, name);
    if (group == nullptr) {
      return base::fail_field(Code::not_found, std::string(field), "there is no such group",
                              "make the group first");
    }
    if (group->by_filter()) {
      return base::fail_field(Code::precondition, std::string(field),
                              "the group chooses its devices by a filter");
    }
    out.push_back(group->group->id);
  }
  sort_unique(out);
  if (out.size() > limits::kGroupsPerDeviceMax) {
    return base::fail_field(Code::too_large, std::string(field), "there are too many");
  }
  return out;
}

base::Result<DeviceColumns> DeviceColumns::of(const std::vector<base::CsvField>& header) {
  constexpr std::pair<std::string_view, What> kNames[] = {
      {"key", What::key},
      {"door", What::door},
      {"blocked", What::blocked},
      {"pending", What::pending},
      {"tags", What::tags},
      {"groups", What::groups},
      {"components", What::components},
      {"secret", What::secret},
      {"created_at", What::created_at},
      {"last_seen_at", What::last_seen},
      {"attributes", What::attributes_json},
      {"reported", What::reported_json},
  };
  DeviceColumns out;
  for (const auto& field : header) {
    const std::string name(base::trim(field.text));
    Column column{What::key, name, {}};
    const auto* known = std::find_if(std::begin(kNames), std::end(kNames),
                                     [&](const auto& entry) { return entry.first == name; });
    if (known != std::end(kNames)) {
      column.what = known->second;
    } else if (name.starts_with("attributes.") && name.size() > 11) {
      column.what = What::attribute;
      column.entry = name.substr(11);
    } else if (name.starts_with("reported.") && name.size() > 9) {
      column.what = What::reported;
      column.entry = name.substr(9);
    } else {
      return base::fail_field(Code::invalid, name, "there is no such column",
                              "columns: key, blocked, pending, tags, groups, attributes.NAME, "
                              "secret, components, door, created_at, last_seen_at, reported.NAME");
    }
    const bool twice = std::any_of(out.columns_.begin(), out.columns_.end(),
                                   [&](const Column& other) { return other.name == name; });
    if (twice) return base::fail_field(Code::invalid, name, "the column is there twice");
    out.columns_.push_back(std::move(column));
  }
  const bool has_key = std::any_of(out.columns_.begin(), out.columns_.end(),
                                   [](const Column& column) { return column.what == What::key; });
  if (!has_key) return base::fail_field(Code::invalid, "key", "the column is missing");
  return out;
}

base::Status DeviceColumns::read_field(const DeviceLineContext& context, const Column& column,
                                       const base::CsvField& field, DeviceLine& line) {
  const std::string_view text = field.text;
  const bool nothing = text.empty() && !field.quoted;
  const auto json = [&](const auto& read) -> base::Status {
    if (nothing) return {};
    auto document = base::JsonDocument::parse(text);
    if (!document) {
      return base::fail_field(Code::invalid, column.name,
                              "it is not JSON: " + document.error().message);
    }
    return read(document->root());
  };
  switch (column.what) {
    case What::key:
      return read_key(text, line);
    case What::door:
      return text.empty() ? base::Status() : read_door(text, line);
    case What::blocked:
      return read_flag("blocked", text, line.blocked);
    case What::pending:
      return read_flag("pending", text, line.pending);
    case What::tags: {
      OTARU_TRY(tags, checked_tags("tags", split_list(text)));
      line.tags = std::move(tags);
      return {};
    }
    case What::groups: {
      OTARU_TRY(groups, checked_groups(context, "groups", split_list(text)));
      line.groups = std::move(groups);
      return {};
    }
    case What::components:
      return json([&](base::JsonView list) { return read_components(context, list, line); });
    case What::secret:
      return text.empty() ? base::Status() : read_secret(text, line);
    case What::created_at:
    case What::last_seen: {
      if (text.empty()) return {};
      OTARU_TRY(time, read_time(column.name, text));
      (column.what == What::created_at ? line.created_at : line.last_seen) = time;
      return {};
    }
    case What::attribute:
    case What::reported: {
      const bool own = column.what == What::attribute;
      OTARU_CHECK(check_attribute(own ? "attributes" : "reported", column.entry, text));
      (own ? line.attributes : line.reported)
          .emplace_back(column.entry, nothing ? std::nullopt : std::optional(field.text));
      return {};
    }
    case What::attributes_json:
      return json(
          [&](base::JsonView map) { return read_changes("attributes", map, line.attributes); });
    case What::reported_json:
      return json([&](base::JsonView map) { return read_changes("reported", map, line.reported); });
  }
  return {};
}

base::Result<DeviceLine> DeviceColumns::read(const DeviceLineContext& context,
                                             const std::vector<base::CsvField>& fields,
                                             std::string& key) const {
  for (size_t i = 0; i < std::min(fields.size(), columns_.size()); ++i) {
    if (columns_[i].what == What::key) key = fields[i].text.substr(0, limits::kDeviceKeyBytesMax);
  }
  if (fields.size() != columns_.size()) {
    return base::fail(Code::invalid, "it has " + std::to_string(fields.size()) + " fields, the " +
                                         "header has " + std::to_string(columns_.size()));
  }
  DeviceLine line;
  for (size_t i = 0; i < fields.size(); ++i) {
    OTARU_CHECK(read_field(context, columns_[i], fields[i], line));
  }
  return line;
}

base::Result<DeviceLine> read_device_json(const DeviceLineContext& context, std::string_view text,
                                          std::string& key) {
  OTARU_TRY(document, base::JsonDocument::parse(text));
  const auto root = document.root();
  if (!root.is_object()) return base::fail(Code::invalid, "it must be a JSON object");
  DeviceLine line;
  const auto given_key = root.find("key").text();
  if (!given_key) return base::fail_field(Code::invalid, "key", "it is missing, or not a text");
  key = std::string(given_key->substr(0, limits::kDeviceKeyBytesMax));
  OTARU_CHECK(read_key(*given_key, line));
  for (size_t i = 0; i < root.size(); ++i) {
    const std::string_view name = root.key_at(i);
    const auto value = root.at(i);
    const auto word = value.text();
    if (name == "key" || value.is_null()) continue;
    if (name == "attributes") {
      OTARU_CHECK(read_changes(name, value, line.attributes));
    } else if (name == "reported") {
      OTARU_CHECK(read_changes(name, value, line.reported));
    } else if (name == "blocked" || name == "pending") {
      auto& flag = name == "blocked" ? line.blocked : line.pending;
      flag = value.boolean();
      if (!flag) {
        return base::fail_field(Code::invalid, std::string(name), "it must be true or false");
      }
    } else if (name == "tags") {
      OTARU_TRY(texts, read_texts(name, value));
      OTARU_TRY(tags, checked_tags(name, std::move(texts)));
      line.tags = std::move(tags);
    } else if (name == "groups") {
      OTARU_TRY(names, read_texts(name, value));
      OTARU_TRY(groups, checked_groups(context, name, names));
      line.groups = std::move(groups);
    } else if (name == "components") {
      OTARU_CHECK(read_components(context, value, line));
    } else if (name == "secret" && word) {
      OTARU_CHECK(read_secret(*word, line));
    } else if (name == "door" && word) {
      OTARU_CHECK(read_door(*word, line));
    } else if ((name == "created_at" || name == "last_seen_at") && word) {
      OTARU_TRY(time, read_time(name, *word));
      (name == "created_at" ? line.created_at : line.last_seen) = time;
    } else {
      return base::fail_field(Code::invalid, std::string(name.substr(0, limits::kNameBytesMax)),
                              "there is no such member, or it is of another kind");
    }
  }
  return line;
}

base::Result<bool> apply_line(const DeviceLine& line, const Secrets& secrets, bool is_new,
                              domain::Device& device) {
  const domain::Device before = device;
  const auto change = [](std::string_view map, const TextChanges& changes,
                         domain::TextMap& texts) -> base::Status {
    for (const auto& [name, value] : changes) {
      if (value) {
        domain::set_text(texts, name, *value);
      } else {
        std::erase_if(texts,
                      [&, wanted = &name](const auto& entry) { return entry.first == *wanted; });
      }
    }
    if (texts.size() > limits::kAttributesPerDeviceMax) {
      return base::fail_field(Code::too_large, std::string(map), "there are too many");
    }
    return {};
  };
  OTARU_CHECK(change("attributes", line.attributes, device.attributes));
  OTARU_CHECK(change("reported", line.reported, device.reported));
  if (line.blocked) device.blocked = *line.blocked;
  if (line.pending) device.pending = *line.pending;
  if (line.pending.value_or(false) && !line.blocked) device.blocked = true;
  // What is served does not wait for approval.
  if (device.pending && !device.blocked) device.pending = false;
  if (line.tags) device.tags = *line.tags;
  if (line.groups) device.groups = *line.groups;
  if (line.components) device.components = *line.components;
  if (line.secret) {
    // Sealing the same secret again gives another text: compare what is inside.
    const auto known = device.secret_sealed.empty() ? base::Result<std::string>(std::string())
                                                    : secrets.unseal_text(device.secret_sealed);
    if (!known || *known != *line.secret) device.secret_sealed = secrets.seal_text(*line.secret);
  }
  if (is_new && line.door) device.door = *line.door;
  if (is_new && line.created_at) device.created_at = *line.created_at;
  return is_new || !(device == before);
}

}  // namespace otaru::app
