// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "app/device_line.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

constexpr std::string_view kFixedColumns =
    "key,door,blocked,pending,tags,groups,components,created_at,last_seen_at";

std::vector<std::string_view> group_names(const domain::Snapshot& snapshot,
                                          const domain::Device& device) {
  std::vector<std::string_view> out;
  for (const auto id : device.groups) {
    if (const auto* group = snapshot.group(id)) out.emplace_back(group->group->name);
  }
  return out;
}

void write_components(base::JsonWriter& out, const domain::Snapshot& snapshot,
                      const domain::Device& device) {
  out.begin_array();
  for (const auto& component : device.components) {
    out.begin_object();
    out.member("slot", component.slot);
    if (const auto* compiled = snapshot.product(component.product)) {
      out.member("product", compiled->product->name);
      out.member("model", compiled->product->model);
      out.member("feature", compiled->product->feature);
    }
    out.member("version", component.version);
    out.member("reported_at", base::iso8601(component.reported_at));
    out.end_object();
  }
  out.end_array();
}

// In order of the names, as the columns of CSV are: both ways lead to the same text.
void write_map(base::JsonWriter& out, domain::TextMap map) {
  std::sort(map.begin(), map.end());
  out.begin_object();
  for (const auto& [name, value] : map) out.member(name, value);
  out.end_object();
}

void append_list(const auto& texts, std::string& out) {
  std::string list;
  for (const auto& text : texts) {
    if (!list.empty()) list += ';';
    list += text;
  }
  if (!list.empty()) base::append_csv_field(list, out);
}

// One column per name, and the rest as an object.
void append_map(const domain::TextMap& map, const std::vector<std::string>& names,
                std::string& out) {
  for (const auto& name : names) {
    out += ',';
    if (const auto* value = domain::find_text(map, name)) base::append_csv_field(*value, out);
  }
}

void append_rest(const domain::TextMap& map, const std::vector<std::string>& names,
                 std::string& out) {
  domain::TextMap rest;
  for (const auto& entry : map) {
    if (!std::binary_search(names.begin(), names.end(), entry.first)) rest.push_back(entry);
  }
  out += ',';
  if (rest.empty()) return;
  base::JsonWriter json;
  write_map(json, rest);
  base::append_csv_field(json.text(), out);
}

void collect_names(const domain::TextMap& map, std::vector<std::string>& names, size_t others) {
  for (const auto& entry : map) {
    if (names.size() + others >= base::limits::kExportColumnsMax) return;
    const auto at = std::lower_bound(names.begin(), names.end(), entry.first);
    if (at == names.end() || *at != entry.first) names.insert(at, entry.first);
  }
}

}  // namespace

void write_device_json(base::JsonWriter& out, const domain::Snapshot& snapshot,
                       const DeviceListing& row) {
  const auto& device = row.device;
  out.begin_object();
  out.member("key", device.key);
  out.member("door", device.door);
  out.member("blocked", device.blocked);
  out.member("pending", device.pending);
  out.key("tags");
  out.begin_array();
  for (const auto& tag : device.tags) out.value(tag);
  out.end_array();
  out.key("groups");
  out.begin_array();
  for (const auto name : group_names(snapshot, device)) out.value(name);
  out.end_array();
  out.key("components");
  write_components(out, snapshot, device);
  out.member("created_at", base::iso8601(device.created_at));
  if (row.last_seen.ms != 0) out.member("last_seen_at", base::iso8601(row.last_seen));
  out.key("attributes");
  write_map(out, device.attributes);
  out.key("reported");
  write_map(out, device.reported);
  out.end_object();
}

void DeviceCsvNames::collect(const domain::Device& device) {
  collect_names(device.attributes, attributes, reported.size());
  collect_names(device.reported, reported, attributes.size());
}

std::string device_csv_header(const DeviceCsvNames& names) {
  std::string out(kFixedColumns);
  for (const auto& name : names.attributes) {
    out += ',';
    base::append_csv_field("attributes." + name, out);
  }
  for (const auto& name : names.reported) {
    out += ',';
    base::append_csv_field("reported." + name, out);
  }
  return out + ",attributes,reported\r\n";
}

void append_device_csv(const domain::Snapshot& snapshot, const DeviceCsvNames& names,
                       const DeviceListing& row, std::string& out) {
  const auto& device = row.device;
  base::append_csv_field(device.key, out);
  out += ',';
  if (!device.door.empty()) base::append_csv_field(device.door, out);
  out += device.blocked ? ",true" : ",false";
  out += device.pending ? ",true," : ",false,";
  append_list(device.tags, out);
  out += ',';
  append_list(group_names(snapshot, device), out);
  out += ',';
  if (!device.components.empty()) {
    base::JsonWriter json;
    write_components(json, snapshot, device);
    base::append_csv_field(json.text(), out);
  }
  out += ',';
  out += base::iso8601(device.created_at);
  out += ',';
  if (row.last_seen.ms != 0) out += base::iso8601(row.last_seen);
  append_map(device.attributes, names.attributes, out);
  append_map(device.reported, names.reported, out);
  append_rest(device.attributes, names.attributes, out);
  append_rest(device.reported, names.reported, out);
  out += "\r\n";
}

}  // namespace otaru::app
