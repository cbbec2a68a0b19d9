// SPDX-License-Identifier: Apache-2.0
// `otaru setting VERB`.
#include "cli/commands/table.h"

namespace otaru::cli {

using T = FlagType;

std::vector<Command> setting_commands() {
  const std::string path = "/api/v1/settings";
  std::vector<Command> out;
  out.push_back({"setting",
                 "list",
                 "List the settings kept on the server",
                 "GET",
                 path,
                 {},
                 {},
                 {{"NAME", "name"}, {"VALUE", "value"}},
                 "",
                 "otaru setting list"});
  out.push_back({"setting",
                 "put",
                 "Set one; an empty value is the default",
                 "PUT",
                 path + "/{name}",
                 {{"NAME", "{name}", "which"}, {"VALUE", "value", "what it is from now on"}},
                 {},
                 {},
                 "",
                 "otaru setting put site.name Harbour"});
  return out;
}

}  // namespace otaru::cli
