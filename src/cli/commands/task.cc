// SPDX-License-Identifier: Apache-2.0
// `otaru task VERB`: updates of single devices.
#include "cli/commands/table.h"

namespace otaru::cli {

using T = FlagType;

std::vector<Command> task_commands() {
  const std::string path = "/api/v1/tasks";
  std::vector<Command> out;
  out.push_back({"task",
                 "list",
                 "List path, newest first",
                 "GET",
                 path,
                 {},
                 {kTenantQuery,
                  {"deployment", "deployment", T::text, "of this deployment", Names::deployment},
                  {"device", "device", T::text, "of this device"},
                  {"state", "state", T::text, "pending, downloading, succeeded ..."}},
                 {{"ID", "id"},
                  {"DEVICE", "device"},
                  {"STATE", "state"},
                  {"FROM", "from_version"},
                  {"TO", "target_version"},
                  {"PROGRESS", "progress_percent"},
                  {"FAILURE", "failure"},
                  {"UPDATED", "updated_at"}},
                 "",
                 "otaru task list --state failed"});
  out.push_back(
      {"task",
       "failures",
       "Say why updates failed over the whole fleet, most frequent first",
       "GET",
       "/api/v1/failures",
       {},
       {kTenantQuery, {"since", "since", T::text, "from then on, such as 2026-05-01T12:00:00Z"}},
       {{"COUNT", "count"},
        {"CLASS", "failure"},
        {"CODE", "result"},
        {"FIRST", "first_at"},
        {"LAST", "last_at"},
        {"DEVICES", "examples"}},
       "",
       "otaru task failures --since 2026-05-01T00:00:00Z"});
  out.push_back(
      act("task", "show", "Show a task", "GET", path + "/{id}", kId, "", "otaru task show 263"));
  out.push_back({"task",
                 "history",
                 "Show what happened to a task",
                 "GET",
                 path + "/{id}/history",
                 {kId},
                 {},
                 {{"#", "sequence"},
                  {"AT", "at"},
                  {"FROM", "from"},
                  {"TO", "to"},
                  {"EVENT", "event"},
                  {"DETAIL", "detail"}},
                 "",
                 "otaru task history 263"});
  out.push_back(act("task", "cancel", "Cancel a task", "POST", path + "/{id}/cancel", kId,
                    "cancelled", "otaru task cancel 263"));
  out.push_back(act("task", "pause", "Pause a task", "POST", path + "/{id}/pause", kId, "paused",
                    "otaru task pause 263"));
  out.push_back(act("task", "resume", "Go on with a paused task", "POST", path + "/{id}/resume",
                    kId, "pending", "otaru task resume 263"));
  out.push_back({"task",
                 "consent",
                 "Answer for who is behind the device: grant, postpone or refuse an update",
                 "POST",
                 path + "/{id}/consent",
                 {kId, {"ANSWER", "action", "grant, postpone or refuse"}},
                 {{"until", "until", T::text, "with postpone, such as 2026-05-01T12:00:00Z"}},
                 {},
                 "",
                 "otaru task consent 263 grant\n"
                 "otaru task consent 263 postpone --until 2026-05-01T22:00:00Z"});
  return out;
}

}  // namespace otaru::cli
