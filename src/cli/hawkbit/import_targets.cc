// SPDX-License-Identifier: Apache-2.0
// Targets: each with its attributes, metadata, tags and sets, written as imports of devices.
#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"
#include "cli/hawkbit/importer.h"

namespace otaru::cli::hawkbit {
namespace {

namespace limits = base::limits;
using base::Code;
using Told = Report::Result;

std::string target_path(const std::string& controller_id) {
  return "/rest/v1/targets/" + base::percent_encode(controller_id);
}

// A text of RSQL.
std::string rsql_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

// The device's own attributes and the operators' metadata.
base::Status Importer::read_texts(const Target& target, TargetDetails& details) {
  const std::string path = target_path(target.controller_id);
  OTARU_TRY(attributes, hawkbit_.get(path + "/attributes"));
  const auto map = attributes.root();
  for (size_t i = 0; i < map.size(); ++i) {
    const auto value = map.at(i).text();
    if (value) details.attributes.emplace_back(map.key_at(i), *value);
  }
  return hawkbit_.for_each({path + "/metadata", "", 0, limits::kHawkbitPerTargetMax},
                           [&](base::JsonView item) -> base::Status {
                             details.metadata.emplace_back(item.find("key").text().value_or(""),
                                                           item.find("value").text().value_or(""));
                             return {};
                           });
}

base::Result<std::vector<Part>> Importer::parts_of_set(const Target& target, const char* which) {
  OTARU_TRY(answer, hawkbit_.get(target_path(target.controller_id) + which));
  DistributionSet set = read_set(answer.root());
  std::vector<Part> out;
  if (set.id == 0) return out;  // none
  OTARU_CHECK(read_modules_of(set));
  for (const auto& module : set.modules) {
    OTARU_TRY(parts, parts_of_module(module));
    out.insert(out.end(), parts.begin(), parts.end());
  }
  return out;
}

base::Status Importer::read_tags(const std::string& controller_id, std::vector<std::string>& tags) {
  if (tags_by_page_) {
    const auto found = page_tags_.find(controller_id);
    if (found != page_tags_.end()) tags = found->second;
    return {};
  }
  return hawkbit_.for_each(
      {target_path(controller_id) + "/tags", "", 0, limits::kHawkbitPerTargetMax},
      [&](base::JsonView item) -> base::Status {
        tags.emplace_back(item.find("name").text().value_or(""));
        return {};
      });
}

// An older hawkBit tells which targets a tag has, and not which tags a target has: each tag is
// asked for those of one page.
base::Status Importer::read_page_tags(const Management::Page& page) {
  page_tags_.clear();
  const size_t size = page.content.size();
  if (size == 0) return {};
  const std::string first(page.content.at(0).find("controllerId").text().value_or(""));
  if (!tags_by_page_) {
    const auto tags = hawkbit_.get(target_path(first) + "/tags");
    const Code code = tags ? Code::internal : tags.error().code;
    if (code != Code::not_found && (tags || ends_import(tags.error()))) {
      return tags ? base::Status() : base::fail(tags.error());
    }
    tags_by_page_ = true;
    OTARU_CHECK(hawkbit_.for_each({"/rest/v1/targettags", "id:ASC", 0, limits::kHawkbitOthersMax},
                                  [&](base::JsonView item) -> base::Status {
                                    tags_.emplace_back(
                                        item.find("id").integer().value_or(0),
                                        std::string(item.find("name").text().value_or("")));
                                    return {};
                                  }));
  }
  const std::string last(page.content.at(size - 1).find("controllerId").text().value_or(""));
  const std::string query =
      "controllerid=ge=" + rsql_text(first) + ";controllerid=le=" + rsql_text(last);
  for (const auto& [id, tag] : tags_) {
    const auto& name = tag;
    OTARU_CHECK(hawkbit_.for_each(
        {"/rest/v1/targettags/" + std::to_string(id) + "/assigned?q=" + base::percent_encode(query),
         "id:ASC", 0, limits::kDevicesPerTenantMax},
        [this, &name](base::JsonView item) -> base::Status {
          page_tags_[std::string(item.find("controllerId").text().value_or(""))].push_back(name);
          return {};
        }));
  }
  return {};
}

base::Status Importer::read_details(const Target& target, TargetDetails& details) {
  OTARU_CHECK(read_texts(target, details));
  OTARU_CHECK(read_tags(target.controller_id, details.tags));
  // What was never assigned is not asked for.
  if (target.update_status != "unknown" && target.update_status != "registered") {
    OTARU_TRY(assigned, parts_of_set(target, "/assignedDS"));
    details.assigned = std::move(assigned);
  }
  if (target.update_status == "in_sync") {
    details.installed = details.assigned;
  } else if (target.installed_at_ms) {
    OTARU_TRY(installed, parts_of_set(target, "/installedDS"));
    details.installed = std::move(installed);
  }
  return {};
}

base::Status Importer::take_target(const Target& target) {
  OTARU_TRY(seen, otaru_.last_seen_ms(target.controller_id));
  // Who heard of it last knows best: a device that has moved is Otaru's alone.
  if (seen && *seen > target.last_request_ms.value_or(0)) {
    count(Kind::target).read += 1;
    done(Kind::target, Done::there);
    return {};
  }
  TargetDetails details;
  const auto read = read_details(target, details);
  if (!read) {
    if (read.error().code != Code::not_found) return read;
    count(Kind::target).read += 1;
    not_mapped(Kind::target, target.controller_id, "it was deleted meanwhile");
    return {};
  }
  // What has no product here has no component either.
  std::vector<std::string> unknown;
  if (!options_.dry_run) {
    std::vector<Part> known;
    for (const auto& part : details.installed) {
      OTARU_TRY(product, otaru_.find_product(part));
      if (product) {
        known.push_back(part);
      } else {
        unknown.push_back("component '" + slot_of(part) + "': there is no such product here");
      }
    }
    details.installed = std::move(known);
  }
  auto line = device_line(target, details);
  count(Kind::target).read += 1;
  if (!line) {
    not_mapped(Kind::target, target.controller_id, line.error().message);
    return {};
  }
  for (const auto* reasons : {&unknown, &line->left_out}) {
    for (const auto& reason : *reasons) {
      report_.add(Kind::target, target.controller_id, Told::partly, reason);
    }
  }
  if (target.update_status == "pending") {
    report_.add(Kind::target, target.controller_id, Told::partly,
                "an update is under way in hawkBit: it begins anew with a deployment here");
  }
  if (options_.dry_run) {
    done(Kind::target, seen ? Done::there : Done::written);
    return {};
  }
  devices_ += line->json + "\n";
  ++device_count_;
  return {};
}

// Everything that was read up to `place` is on Otaru's disk behind it.
base::Status Importer::flush_devices(int64_t place) {
  if (device_count_ > 0) {
    OTARU_TRY(imported, otaru_.import_devices(devices_, [&](auto key, auto reason) {
      report_.add(Kind::target, key, Told::not_mapped, reason);
    }));
    count(Kind::target).written += imported.written;
    count(Kind::target).there += imported.there;
    count(Kind::target).not_mapped += imported.failed;
    devices_.clear();
    device_count_ = 0;
  }
  state_.place = place;
  return save();
}

base::Status Importer::run_targets() {
  const std::string path = "/rest/v1/targets";
  int64_t total = 0;
  int64_t place = state_.place;
  OTARU_CHECK(hawkbit_.for_each_page(
      {path, "id:ASC", state_.place, limits::kDevicesPerTenantMax},
      [&](const Management::Page& page) -> base::Status {
        total = page.total;
        OTARU_CHECK(read_page_tags(page));
        for (size_t i = 0; i < page.content.size(); ++i) {
          show("target " + std::to_string(place + 1) + " of " + std::to_string(total));
          OTARU_CHECK(take_target(read_target(page.content.at(i))));
          ++place;
          const bool full = device_count_ >= limits::kHawkbitBatchDevices ||
                            devices_.size() >= limits::kHawkbitBatchBytes;
          if (full) OTARU_CHECK(flush_devices(place));
        }
        return {};
      }));
  if (place != total) {
    report_.add(Kind::target, "*", Told::differs,
                "targets came or went while they were read: run the import again");
  }
  return flush_devices(place);
}

}  // namespace otaru::cli::hawkbit
