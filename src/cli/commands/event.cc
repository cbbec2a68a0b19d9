// SPDX-License-Identifier: Apache-2.0
// `otaru event VERB` and `otaru webhook VERB`: what happens, and who is told. `event watch` is more
// than a request: watch_events.cc.
#include "cli/commands/table.h"

namespace otaru::cli {

using T = FlagType;

std::vector<Command> event_commands() {
  std::vector<Command> out;
  out.push_back({"event",
                 "list",
                 "List what happened, newest first",
                 "GET",
                 "/api/v1/events",
                 {},
                 {kTenantQuery,
                  {"type", "types", T::text, "task.succeeded,deployment.* (default: all)"},
                  {"device", "device", T::text, "of this device"},
                  {"deployment", "deployment", T::text, "of this deployment", Names::deployment}},
                 {{"ID", "id"},
                  {"AT", "at"},
                  {"TENANT", "tenant"},
                  {"TYPE", "type"},
                  {"DEVICE", "data.device"},
                  {"DEPLOYMENT", "data.deployment"}},
                 "",
                 "otaru event list --type task.failed --limit 20"});
  return out;
}

std::vector<Command> webhook_commands() {
  const std::string path = "/api/v1/webhooks";
  const std::vector<Flag> settings{
      {"type", "types", T::texts, "task.succeeded or deployment.*; repeatable (default: all)"}};
  std::vector<Command> out;
  out.push_back({"webhook",
                 "add",
                 "Add a receiver of events (its secret is shown once)",
                 "POST",
                 path,
                 {{"URL", "url", "where events are posted to"}},
                 joined({kTenantBody, {"disabled", "disabled", T::boolean, "not yet"}}, settings),
                 {},
                 "",
                 "otaru webhook add https://example.com/hooks/otaru --type 'task.*'"});
  out.push_back({"webhook",
                 "list",
                 "List webhooks",
                 "GET",
                 path,
                 {},
                 {kTenantQuery},
                 {{"ID", "id"},
                  {"TENANT", "tenant"},
                  {"URL", "url"},
                  {"DISABLED", "disabled"},
                  {"BACKLOG", "backlog"},
                  {"FAILED", "failed_attempts"},
                  {"NEXT", "next_attempt_at"}},
                 "",
                 "otaru webhook list"});
  out.push_back(act("webhook", "show", "Show a webhook and how far it is behind", "GET",
                    path + "/{id}", kId, "", "otaru webhook show 1"));
  out.push_back({"webhook",
                 "update",
                 "Change a webhook",
                 "PATCH",
                 path + "/{id}",
                 {kId},
                 joined({{"url", "url", T::text, "another address"}}, settings),
                 {},
                 "",
                 "otaru webhook update 1 --url https://example.com/hooks/two"});
  auto disable = act("webhook", "disable", "Let events pass it by", "PATCH", path + "/{id}", kId,
                     "", "otaru webhook disable 1");
  disable.fixed = "\"disabled\":true";
  out.push_back(disable);
  auto enable = act("webhook", "enable", "Tell it again, of what happens from now on", "PATCH",
                    path + "/{id}", kId, "", "otaru webhook enable 1");
  enable.fixed = "\"disabled\":false";
  out.push_back(enable);
  out.push_back(act("webhook", "remove", "Remove a webhook with its dead letters", "DELETE",
                    path + "/{id}", kId, "removed", "otaru webhook remove 1"));
  out.push_back(act("webhook", "test", "Send an event webhook.test now", "POST",
                    path + "/{id}/test", kId, "", "otaru webhook test 1"));
  out.push_back({"webhook",
                 "deliveries",
                 "List the newest attempts",
                 "GET",
                 path + "/{id}/deliveries",
                 {kId},
                 {},
                 {{"EVENT", "event"},
                  {"TYPE", "type"},
                  {"AT", "at"},
                  {"ATTEMPT", "attempt"},
                  {"MS", "duration_ms"},
                  {"STATUS", "status"},
                  {"ERROR", "error"}},
                 "",
                 "otaru webhook deliveries 1"});
  out.push_back({"webhook",
                 "dead-letters",
                 "List events that it did not take",
                 "GET",
                 path + "/{id}/dead-letters",
                 {kId},
                 {},
                 {{"EVENT", "event.id"},
                  {"TYPE", "event.type"},
                  {"AT", "event.at"},
                  {"ATTEMPTS", "attempts"},
                  {"FAILED", "failed_at"},
                  {"ERROR", "error"}},
                 "",
                 "otaru webhook dead-letters 1"});
  out.push_back({"webhook",
                 "replay",
                 "Try dead letters once more",
                 "POST",
                 path + "/{id}/replay",
                 {kId},
                 {{"event", "event", T::text, "only this one (default: all)"}},
                 {},
                 "",
                 "otaru webhook replay 1 --event 4711"});
  return out;
}

}  // namespace otaru::cli
