// SPDX-License-Identifier: Apache-2.0
// `otaru kit VERB`.
#include "cli/commands/table.h"

namespace otaru::cli {
namespace {

using T = FlagType;

const Argument kKit{"KIT", "{id}", "id, version or CHANNEL@VERSION", Names::kit};

std::vector<Flag> kit_flags() {
  return {{"release", "releases", T::integers, "release ids or PRODUCT@VERSION; repeatable",
           Names::release},
          {"item", "", T::text, "STAGE:RELEASE, lower stages first: 1:lamp@1.2.0; repeatable",
           Names::nothing, false, false, read_kit_items},
          {"channel", "channel", T::text, "default stable"},
          {"note", "notes", T::map, "text per language: en=..., zh=...; repeatable"},
          {"permission", "permissions", T::integers, "ids of which one is needed to see it"},
          {"version-pattern", "version_pattern", T::text, "default #N.#N.#N.#N"}};
}

}  // namespace

std::vector<Command> kit_commands() {
  const std::string path = "/api/v1/kits";
  std::vector<Command> out;
  out.push_back({"kit",
                 "add",
                 "Add a kit: releases that belong together",
                 "POST",
                 path,
                 {{"VERSION", "version", "the kit's version"}},
                 joined({kTenantBody}, kit_flags()),
                 {},
                 "",
                 "otaru kit add 2.0.6.11 --release OOMI_Cube_APP@V2.0.6.10,OOMI_Cube_IR@V1.4.0.0"});
  out.push_back({"kit",
                 "list",
                 "List kits",
                 "GET",
                 path,
                 {},
                 {kTenantQuery},
                 {{"ID", "id"},
                  {"VERSION", "version"},
                  {"CHANNEL", "channel"},
                  {"STATE", "state"},
                  {"UPDATED", "updated_at"}},
                 "",
                 "otaru kit list"});
  out.push_back(
      act("kit", "show", "Show a kit", "GET", path + "/{id}", kKit, "", "otaru kit show 2.0.6.11"));
  out.push_back({"kit",
                 "update",
                 "Change a draft",
                 "PATCH",
                 path + "/{id}",
                 {kKit},
                 kit_flags(),
                 {},
                 "",
                 "otaru kit update 2.0.6.11 --note en='Spring'"});
  out.push_back(act("kit", "publish", "Publish a kit", "POST", path + "/{id}/publish", kKit,
                    "published", "otaru kit publish 2.0.6.11"));
  out.push_back(act("kit", "revoke", "Withdraw a kit", "POST", path + "/{id}/revoke", kKit,
                    "revoked", "otaru kit revoke 2.0.6.11"));
  out.push_back(act("kit", "remove", "Remove a draft", "DELETE", path + "/{id}", kKit, "removed",
                    "otaru kit remove 2.0.6.11"));
  return out;
}

}  // namespace otaru::cli
