// SPDX-License-Identifier: Apache-2.0
// `otaru key VERB`: API keys of operators and programs.
#include "cli/commands/table.h"

namespace otaru::cli {

using T = FlagType;

std::vector<Command> key_commands() {
  const std::string path = "/api/v1/credentials";
  std::vector<Command> out;
  out.push_back({"key",
                 "add",
                 "Add an API key (shown once)",
                 "POST",
                 path,
                 {{"NAME", "name", "who or what uses it"}},
                 {kTenantBody,
                  {"role", "attributes.role", T::text, "admin, publisher, operator or viewer"},
                  {"scope", "attributes.scope", T::text, "tenant, or server for every tenant"},
                  {"expires-at", "expires_at", T::text, "2026-12-31T00:00:00.000Z"}},
                 {},
                 "",
                 "otaru key add build-server --role operator",
                 "\"kind\":\"api_key\""});
  out.push_back({"key",
                 "list",
                 "List API keys",
                 "GET",
                 path + "?kind=api_key",
                 {},
                 {},
                 credential_columns(),
                 "",
                 "otaru key list"});
  out.push_back(act("key", "revoke", "Revoke an API key", "DELETE", path + "/{id}", kId, "revoked",
                    "otaru key revoke 4"));
  return out;
}

}  // namespace otaru::cli
