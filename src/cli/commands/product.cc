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
                 {},
                 {{"VERSION", "version"}, {"COUNT", "count"}, {"RELEASE", "release"}},
                 "",
                 "otaru product versions lamp"});
  return out;
}

}  // namespace otaru::cli
