// SPDX-License-Identifier: Apache-2.0
// `otaru release VERB`.
#include "cli/commands/table.h"

namespace otaru::cli {
namespace {

using T = FlagType;

const Argument kRelease{"RELEASE", "{id}", "id or PRODUCT@VERSION", Names::release};

std::vector<Flag> release_flags() {
  return {{"channel", "channel", T::text, "default stable"},
          {"label", "labels", T::map, "a device must match it: language=CN; repeatable"},
          {"note", "notes", T::map, "text per language: en=..., zh=...; repeatable"},
          {"security", "security", T::boolean, "it mends a vulnerability"},
          {"force", "force", T::boolean, "also offered to devices that run this version"},
          {"min-version", "min_version", T::text, "devices that run less are led there first"},
          {"requires", "", T::text, "another product first: 'base>=1.4'; repeatable",
           Names::nothing, false, false, read_requirements}};
}

}  // namespace

std::vector<Command> release_commands() {
  const std::string path = "/api/v1/releases";
  std::vector<Command> out;
  out.push_back({"release",
                 "add",
                 "Add a release as a draft",
                 "POST",
                 path,
                 {{"PRODUCT", "product", "id or name", Names::product},
                  {"VERSION", "version", "the version's text, kept as it is"}},
                 release_flags(),
                 {},
                 "",
                 "otaru release add lamp 1.2.0 --note en='Brighter.'\n"
                 "otaru release add robot 18 --label language=CN --channel beta"});
  out.push_back({"release",
                 "list",
                 "List releases",
                 "GET",
                 path,
                 {},
                 {kTenantQuery,
                  {"product", "product", T::text, "of this product", Names::product},
                  {"version", "version", T::text, "exact version"},
                  {"state", "state", T::text, "draft, published or revoked"}},
                 {{"ID", "id"},
                  {"PRODUCT", "product"},
                  {"VERSION", "version"},
                  {"CHANNEL", "channel"},
                  {"STATE", "state"},
                  {"LABELS", "labels"},
                  {"PUBLISHED", "published_at"}},
                 "",
                 "otaru release list --product lamp"});
  out.push_back(act("release", "show", "Show a release", "GET", path + "/{id}", kRelease, "",
                    "otaru release show lamp@1.2.0"));
  out.push_back({"release",
                 "update",
                 "Change a draft",
                 "PATCH",
                 path + "/{id}",
                 {kRelease},
                 joined({{"version", "version", T::text, "another version"}}, release_flags()),
                 {},
                 "",
                 "otaru release update lamp@1.2.0 --channel beta"});
  out.push_back(act("release", "publish", "Publish a release: from now on it cannot change", "POST",
                    path + "/{id}/publish", kRelease, "published",
                    "otaru release publish lamp@1.2.0"));
  out.push_back(act("release", "revoke", "Stop every offer of a release at once", "POST",
                    path + "/{id}/revoke", kRelease, "revoked", "otaru release revoke lamp@1.2.0"));
  out.push_back(act("release", "remove", "Remove a draft", "DELETE", path + "/{id}", kRelease,
                    "removed", "otaru release remove lamp@1.2.0"));
  return out;
}

}  // namespace otaru::cli
