// SPDX-License-Identifier: Apache-2.0
// A device as one line of text, CSV or JSON: what imports read and exports write (docs/api.md,
// "Devices by the million"). Pure.
//
// A line only changes what it names: columns or members that are not there leave the device as it
// is. door, created_at and last_seen_at are taken for new devices only.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/ports/store.h"
#include "app/secrets.h"
#include "base/csv.h"
#include "base/json.h"
#include "base/result.h"
#include "domain/snapshot.h"

namespace otaru::app {

using TextChanges = std::vector<std::pair<std::string, std::optional<std::string>>>;

struct DeviceLine {
  std::string key;
  std::optional<bool> blocked;
  std::optional<bool> pending;  // waits for approval: is blocked, too
  std::optional<std::vector<std::string>> tags;        // sorted, each once
  std::optional<std::vector<domain::GroupId>> groups;  // sorted, each once
  TextChanges attributes;                              // nothing: removed
  TextChanges reported;
  std::optional<std::vector<domain::Component>> components;  // sorted by slot
  std::optional<std::string> secret;                         // its own, as it is
  std::optional<std::string> door;
  std::optional<base::Time> created_at, last_seen;
};

// What names mean: groups and products of the tenant.
struct DeviceLineContext {
  const domain::Snapshot& snapshot;
  domain::TenantId tenant;
};

// The columns of a CSV file; Code::invalid with field = the column.
class DeviceColumns {
 public:
  static base::Result<DeviceColumns> of(const std::vector<base::CsvField>& header);
  // Errors carry the column as their field. `key` is set as soon as it is known.
  base::Result<DeviceLine> read(const DeviceLineContext& context,
                                const std::vector<base::CsvField>& fields, std::string& key) const;

 private:
  enum class What {
    key,
    door,
    blocked,
    pending,
    tags,
    groups,
    components,
    secret,
    created_at,
    last_seen,
    attribute,
    reported,
    attributes_json,
    reported_json,
  };
  struct Column {
    What what = What::key;
    std::string name;   // as in the header
    std::string entry;  // of attribute and reported
  };
  static base::Status read_field(const DeviceLineContext& context, const Column& column,
                                 const base::CsvField& field, DeviceLine& out);
  std::vector<Column> columns_;
};

base::Result<DeviceLine> read_device_json(const DeviceLineContext& context, std::string_view text,
                                          std::string& key);

// What operators give for a device, checked: also the API's.
base::Result<std::vector<std::string>> checked_tags(std::string_view field,
                                                    std::vector<std::string> tags);
// Names of groups without a filter; Code::not_found, Code::invalid.
base::Result<std::vector<domain::GroupId>> checked_groups(const DeviceLineContext& context,
                                                          std::string_view field,
                                                          const std::vector<std::string>& names);
base::Status check_attribute(std::string_view map, std::string_view name, std::string_view value);

// Writes the line into the device. True: something changed. Code::exhausted, Code::too_large.
base::Result<bool> apply_line(const DeviceLine& line, const Secrets& secrets, bool is_new,
                              domain::Device& device);

// --- Writing ------------------------------------------------------------------------------------

void write_device_json(base::JsonWriter& out, const domain::Snapshot& snapshot,
                       const DeviceListing& row);

// The columns of an export: the fixed ones, one per name of an attribute, and at the end a column
// each for what has no column of its own, as a JSON object.
struct DeviceCsvNames {
  std::vector<std::string> attributes, reported;  // sorted
  // Adds what the device has; nothing when there are too many columns already.
  void collect(const domain::Device& device);
};
std::string device_csv_header(const DeviceCsvNames& names);  // with its CR LF
void append_device_csv(const domain::Snapshot& snapshot, const DeviceCsvNames& names,
                       const DeviceListing& row, std::string& out);

}  // namespace otaru::app
