// SPDX-License-Identifier: Apache-2.0
// `otaru audit VERB`: the journal of changes. Export and verify are in cli/audit.cc.
#include "cli/commands/table.h"

namespace otaru::cli {

using T = FlagType;

std::vector<Command> audit_commands() {
  const std::string path = "/api/v1/audit";
  std::vector<Command> out;
  out.push_back({"audit",
                 "list",
                 "List who changed what, newest first",
                 "GET",
                 path,
                 {},
                 {kTenantQuery,
                  {"actor", "actor", T::text, "by the name of a key, user or part of the server"},
                  {"action", "action", T::text, "such as release.publish, or how it begins"},
                  {"subject", "subject", T::text, "KIND or KIND/ID, such as release/3"},
                  {"since", "since", T::text, "from then on: 2026-05-01T12:00:00Z"},
                  {"until", "until", T::text, "before then"}},
                 {{"SEQUENCE", "sequence"},
                  {"AT", "at"},
                  {"ACTOR", "actor.name"},
                  {"PEER", "actor.peer"},
                  {"ACTION", "action"},
                  {"SUBJECT", "subject.id"},
                  {"NAME", "subject.name"},
                  {"TENANT", "tenant"}},
                 "",
                 "otaru audit list --since 2026-05-01T00:00:00Z\n"
                 "otaru audit list --subject release/3 --json"});
  out.push_back({"audit",
                 "show",
                 "Show one entry, with what it changed",
                 "GET",
                 path + "/{sequence}",
                 {{"SEQUENCE", "{sequence}", "its number"}},
                 {},
                 {},
                 "",
                 "otaru audit show 12"});
  out.push_back({"audit",
                 "head",
                 "Show the end of the chain, to be kept elsewhere",
                 "GET",
                 path + "/head",
                 {},
                 {},
                 {},
                 "",
                 "otaru audit head --json"});
  return out;
}

}  // namespace otaru::cli
