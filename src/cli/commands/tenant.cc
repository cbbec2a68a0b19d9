// SPDX-License-Identifier: Apache-2.0
// `otaru tenant VERB`.
#include "cli/commands/table.h"

namespace otaru::cli {

using T = FlagType;

std::vector<Command> tenant_commands() {
  const std::string path = "/api/v1/tenants";
  std::vector<Command> out;
  out.push_back(act("tenant", "add", "Add a tenant", "POST", path,
                    {"NAME", "name", "lower-case letters, digits and '-'"}, "",
                    "otaru tenant add harbour"));
  out.push_back({"tenant",
                 "list",
                 "List tenants",
                 "GET",
                 path,
                 {},
                 {},
                 {{"ID", "id"}, {"NAME", "name"}, {"CREATED", "created_at"}},
                 "",
                 "otaru tenant list"});
  return out;
}

}  // namespace otaru::cli
