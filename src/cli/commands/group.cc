// SPDX-License-Identifier: Apache-2.0
// `otaru group VERB` and `otaru import VERB`.
#include "cli/commands/table.h"

namespace otaru::cli {
namespace {

using T = FlagType;

const Argument kGroup{"GROUP", "{id}", "id or name", Names::group};

void add_changes(std::vector<Command>& out) {
  const std::vector<Flag> texts = {
      {"description", "description", T::text, "what it is for"},
      {"filter", "filter", T::text, "the devices that match, see docs/filter.md"}};
  out.push_back({"group",
                 "add",
                 "Make a group of devices",
                 "POST",
                 "/api/v1/groups",
                 {{"NAME", "name", "its name"}},
                 joined({kTenantBody}, texts),
                 {},
                 "",
                 "otaru group add lab\notaru group add old --filter 'version < \"2.0\"'"});
  out.push_back({"group",
                 "update",
                 "Change a group",
                 "PATCH",
                 "/api/v1/groups/{id}",
                 {kGroup},
                 joined({{"name", "name", T::text, "its name"}}, texts),
                 {},
                 "",
                 "otaru group update lab --description 'on the third floor'"});
  out.push_back({"group",
                 "add-devices",
                 "Put devices into a group",
                 "POST",
                 "/api/v1/groups/{id}/devices",
                 {kGroup},
                 {{"device", "add", T::texts, "keys; repeatable"},
                  {"devices-file", "add", T::lines_file, "a file with one key per line"}},
                 {},
                 "",
                 "otaru group add-devices lab --device 6523,6524"});
  out.push_back({"group",
                 "remove-devices",
                 "Take devices out of a group",
                 "POST",
                 "/api/v1/groups/{id}/devices",
                 {kGroup},
                 {{"device", "remove", T::texts, "keys; repeatable"},
                  {"devices-file", "remove", T::lines_file, "a file with one key per line"}},
                 {},
                 "",
                 "otaru group remove-devices lab --device 6523"});
}

}  // namespace

std::vector<Command> group_commands() {
  std::vector<Command> out;
  add_changes(out);
  out.push_back({"group",
                 "list",
                 "List groups",
                 "GET",
                 "/api/v1/groups",
                 {},
                 {kTenantQuery},
                 {{"ID", "id"},
                  {"NAME", "name"},
                  {"FILTER", "filter"},
                  {"DESCRIPTION", "description"},
                  {"TENANT", "tenant"}},
                 "",
                 "otaru group list"});
  out.push_back(act("group", "show", "Show a group", "GET", "/api/v1/groups/{id}", kGroup, "",
                    "otaru group show lab"));
  out.push_back(act("group", "remove", "Remove a group; its devices stay", "DELETE",
                    "/api/v1/groups/{id}", kGroup, "removed", "otaru group remove lab"));
  return out;
}

std::vector<Command> import_commands() {
  std::vector<Command> out;
  out.push_back({"import",
                 "list",
                 "List imports, newest first",
                 "GET",
                 "/api/v1/imports",
                 {},
                 {kTenantQuery},
                 {{"ID", "id"},
                  {"STATE", "state"},
                  {"PERCENT", "percent"},
                  {"LINES", "lines"},
                  {"CREATED", "created"},
                  {"UPDATED", "updated"},
                  {"FAILED", "failed"},
                  {"FILE", "file_name"},
                  {"BEGUN", "created_at"}},
                 "",
                 "otaru import list"});
  out.push_back(act("import", "show", "Show how far an import is", "GET", "/api/v1/imports/{id}",
                    kId, "", "otaru import show 3"));
  out.push_back(act("import", "cancel", "End an import; what it has done stays", "POST",
                    "/api/v1/imports/{id}/cancel", kId, "", "otaru import cancel 3"));
  return out;
}

}  // namespace otaru::cli
