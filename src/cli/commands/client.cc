// SPDX-License-Identifier: Apache-2.0
// `otaru client VERB`: what devices and their owners identify themselves with.
#include "cli/commands/table.h"

namespace otaru::cli {

using T = FlagType;

std::vector<Command> client_commands() {
  const std::string path = "/api/v1/credentials";
  std::vector<Command> out;
  out.push_back({"client",
                 "add",
                 "Add a credential that devices use (the secret is shown once)",
                 "POST",
                 path,
                 {{"KIND", "kind",
                   "onenet_product, oauth_client, oauth_user, oomi_account ...: docs/api.md"},
                  {"NAME", "name", "product id, client id, user name, account id or any name"}},
                 {kTenantBody,
                  {"secret", "secret", T::text, "made here when left out"},
                  {"attribute", "attributes", T::map, "KEY=VALUE; repeatable"},
                  {"permission", "permissions", T::integers, "OOMI permission ids"}},
                 {},
                 "",
                 "otaru client add onenet_product 123123\n"
                 "otaru client add oauth_client mobile_1\n"
                 "otaru client add oomi_account 111 --permission 79,1\n"
                 "otaru client add hawkbit_gateway factory"});
  out.push_back({"client",
                 "list",
                 "List credentials",
                 "GET",
                 path,
                 {},
                 {kTenantQuery, {"kind", "kind", T::text, "of this kind"}},
                 credential_columns(),
                 "",
                 "otaru client list --kind oauth_user"});
  out.push_back(act("client", "show", "Show a credential, without its secret", "GET",
                    path + "/{id}", kId, "", "otaru client show 3"));
  out.push_back(
      {"client",
       "update",
       "Change a credential",
       "PATCH",
       path + "/{id}",
       {kId},
       {{"attribute", "attributes", T::map_change, "KEY=VALUE, KEY= removes it; repeatable"},
        {"permission", "permissions", T::integers, "OOMI permission ids, instead of those it has"},
        {"disabled", "disabled", T::boolean, "refuse it; --disabled=false undoes it"}},
       {},
       "",
       "otaru client update 3 --disabled\notaru client update 3 --permission 79"});
  out.push_back({"client",
                 "rotate",
                 "Give a credential a new secret (shown once)",
                 "POST",
                 path + "/{id}/rotate",
                 {kId},
                 {{"secret", "secret", T::text, "made here when left out"}},
                 {},
                 "",
                 "otaru client rotate 3"});
  out.push_back(act("client", "remove", "Remove a credential", "DELETE", path + "/{id}", kId,
                    "removed", "otaru client remove 3"));
  return out;
}

}  // namespace otaru::cli
