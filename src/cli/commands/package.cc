// SPDX-License-Identifier: Apache-2.0
// `otaru package VERB`, without add and download, which move files (upload.cc).
#include "cli/commands/table.h"

namespace otaru::cli {

using T = FlagType;

std::vector<Command> package_commands() {
  const std::string path = "/api/v1/packages";
  std::vector<Command> out;
  out.push_back({"package",
                 "list",
                 "List packages",
                 "GET",
                 path,
                 {},
                 {kTenantQuery, {"release", "release", T::text, "of this release", Names::release}},
                 {{"ID", "id"},
                  {"RELEASE", "release"},
                  {"KIND", "kind"},
                  {"BASE", "base_version"},
                  {"FILE", "file_name"},
                  {"BYTES", "size_bytes"},
                  {"MD5", "md5"}},
                 "",
                 "otaru package list --release lamp@1.2.0"});
  out.push_back(act("package", "show", "Show a package", "GET", path + "/{id}", kId, "",
                    "otaru package show 12"));
  out.push_back({"package",
                 "update",
                 "Change who may see a package",
                 "PATCH",
                 path + "/{id}",
                 {kId},
                 {{"permission", "permissions", T::integers, "ids of which one is needed"},
                  {"hidden", "hidden", T::boolean, "offered to nobody; --hidden=false undoes it"}},
                 {},
                 "",
                 "otaru package update 12 --permission 79,1"});
  out.push_back(act("package", "remove", "Remove a package of a draft", "DELETE", path + "/{id}",
                    kId, "removed", "otaru package remove 12"));
  return out;
}

}  // namespace otaru::cli
