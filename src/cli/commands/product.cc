// SPDX-License-Identifier: Apache-2.0
// `otaru product VERB`.
#include "cli/commands/table.h"

namespace otaru::cli {
namespace {

using T = FlagType;

const Argument kProduct{"PRODUCT", "{id}", "id, name or name/feature", Names::product};

std::vector<Flag> product_flags() {
  return {{"model", "model", T::text, "OOMI model, UBTech file_name"},
          {"hw-version", "hw_version", T::text, "shown to devices, never matched on"},
          {"feature", "feature", T::text, "variant, e.g. zwave_freq_29"},
          {"manufacturer", "manufacturer", T::text, "OneNET manufacturer code, e.g. 001"},
          {"module", "module", T::text, "OneNET module code, e.g. 00107"},
          {"type", "type", T::text, "firmware or software"},
          {"version-scheme", "version_scheme", T::text, "dotted, semver, integer or publish_order"},
          {"version-pattern", "version_pattern", T::text, "of dotted versions: V#N.#N.#N.#N"}};
}

// What runs now as a table; what ran before as a line each: "2.0: 70, 1.0: 8, others: 9".
std::string versions_text(base::JsonView answer) {
  const std::vector<Column> columns = {
      {"VERSION", "version"}, {"COUNT", "count"}, {"RELEASE", "release"}};
  std::vector<std::vector<std::string>> rows;
  const auto items = answer.find("items");
  for (size_t i = 0; i < items.size(); ++i) {
    auto& row = rows.emplace_back();
    for (const auto& column : columns) {
      row.push_back(value_text(items.at(i).find(column.member)));
    }
  }
  const std::string others = value_text(answer.find("others"));
  if (others != "0") rows.push_back({"others", others, ""});
  std::string out = format_table(columns, rows);
  const auto history = answer.find("history");
  if (!history.is_array()) return out;
  rows.clear();
  for (size_t i = 0; i < history.size(); ++i) {
    const auto sample = history.at(i);
    const auto versions = sample.find("versions");
    std::string text;
    for (size_t v = 0; v < versions.size(); ++v) {
      text += (v == 0 ? "" : ", ") + value_text(versions.at(v).find("version")) + ": " +
              value_text(versions.at(v).find("count"));
    }
    const std::string rarer = value_text(sample.find("others"));
    if (rarer != "0") text += ", others: " + rarer;
    rows.push_back({value_text(sample.find("at")), value_text(sample.find("total")), text});
  }
  return out + "\n" + format_table({{"AT", ""}, {"TOTAL", ""}, {"VERSIONS", ""}}, rows);
}

}  // namespace

std::vector<Command> product_commands() {
  const std::string path = "/api/v1/products";
  std::vector<Command> out;
  out.push_back({"product",
                 "add",
                 "Add a product",
                 "POST",
                 path,
                 {{"NAME", "name", "OOMI product, UBTech package_name"}},
                 joined({kTenantBody}, product_flags()),
                 {},
                 "",
                 "otaru product add lamp\n"
                 "otaru product add M5310 --manufacturer 001 --module 00107\n"
                 "otaru product add OOMI_Cube_APP --model 1 --version-pattern 'V#N.#N.#N.#N'"});
  out.push_back({"product",
                 "list",
                 "List products",
                 "GET",
                 path,
                 {},
                 {kTenantQuery, {"name", "name", T::text, "exact name"}},
                 {{"ID", "id"},
                  {"NAME", "name"},
                  {"MODEL", "model"},
                  {"FEATURE", "feature"},
                  {"MANUFACTURER", "manufacturer"},
                  {"MODULE", "module"},
                  {"TYPE", "type"},
                  {"VERSIONS", "version_scheme"}},
                 "",
                 "otaru product list"});
  out.push_back(act("product", "show", "Show a product", "GET", path + "/{id}", kProduct, "",
                    "otaru product show lamp"));
  out.push_back({"product",
                 "update",
                 "Change a product",
                 "PATCH",
                 path + "/{id}",
                 {kProduct},
                 joined({{"name", "name", T::text, "a new name"}}, product_flags()),
                 {},
                 "",
                 "otaru product update lamp --hw-version V1.0.0.0"});
  out.push_back(act("product", "remove", "Remove a product without releases", "DELETE",
                    path + "/{id}", kProduct, "removed", "otaru product remove lamp"));
  out.push_back({"product",
                 "versions",
                 "Say how many devices run which version of it",
                 "GET",
                 "/api/v1/products/{id}/versions",
                 {kProduct},
                 {{"history", "history", T::text, "and before: by hour or day"}},
                 {},
                 "",
                 "otaru product versions lamp\n"
                 "otaru product versions lamp --history day"});
  out.back().show = versions_text;
  return out;
}

}  // namespace otaru::cli
