// SPDX-License-Identifier: Apache-2.0
// `otaru user VERB`: people who log in, and the links with which they choose a password.
#include "cli/commands/table.h"

namespace otaru::cli {
namespace {

using T = FlagType;

std::vector<Flag> user_flags() {
  return {{"display-name", "display_name", T::text, "how people call the person"},
          {"email", "email", T::text, "mail address"},
          {"role", "role", T::text, "admin, publisher, operator or viewer"}};
}

Command switched(const std::string& verb, const std::string& summary, const std::string& fixed) {
  Command out = act("user", verb, summary, "PATCH", "/api/v1/users/{id}", kId, verb + "d",
                    "otaru user " + verb + " 4");
  out.fixed = fixed;
  return out;
}

}  // namespace

std::vector<Command> user_commands() {
  const std::string path = "/api/v1/users";
  std::vector<Command> out;
  out.push_back(
      {"user",
       "add",
       "Add a person; the answer has a link, shown once, to choose a password",
       "POST",
       path,
       {{"NAME", "name", "what the person logs in with"}},
       joined({kTenantBody, {"all-tenants", "all_tenants", T::boolean, "every tenant, not one"}},
              user_flags()),
       {},
       "",
       "otaru user add bo --role operator"});
  out.push_back({"user",
                 "list",
                 "List people",
                 "GET",
                 path,
                 {},
                 {kTenantQuery},
                 {{"ID", "id"},
                  {"NAME", "name"},
                  {"ROLE", "role"},
                  {"TENANT", "tenant"},
                  {"STATE", "state"},
                  {"LAST LOGIN", "last_login_at"}},
                 "",
                 "otaru user list"});
  out.push_back({"user",
                 "show",
                 "Show a person",
                 "GET",
                 path + "/{id}",
                 {kId},
                 {},
                 {},
                 "",
                 "otaru user show 4"});
  out.push_back({"user",
                 "update",
                 "Change a person",
                 "PATCH",
                 path + "/{id}",
                 {kId},
                 user_flags(),
                 {},
                 "",
                 "otaru user update 4 --role publisher"});
  out.push_back(switched("disable", "Log a person out and keep them out", "\"disabled\":true"));
  out.push_back(switched("enable", "Let a person in again", "\"disabled\":false"));
  out.push_back(act("user", "remove", "Remove a person", "DELETE", path + "/{id}", kId, "removed",
                    "otaru user remove 4"));
  out.push_back(act("user", "invite", "Make another link; the password stays until it is used",
                    "POST", path + "/{id}/invite", kId, "", "otaru user invite 4"));
  out.push_back(act("user", "reset-password", "End the password and make a link for another one",
                    "POST", path + "/{id}/reset-password", kId, "", "otaru user reset-password 4"));
  return out;
}

}  // namespace otaru::cli
