// SPDX-License-Identifier: Apache-2.0
// `otaru deployment VERB`: what goes to whom, and how.
#include "cli/commands/table.h"

namespace otaru::cli {
namespace {

using T = FlagType;

const Argument kDeployment{"DEPLOYMENT", "{id}", "id or name", Names::deployment};

std::vector<Flag> deployment_flags() {
  return {{"priority", "priority", T::integer, "higher goes first (default 0)"},
          {"device", "devices", T::texts, "only these device keys; repeatable or with commas"},
          {"devices-file", "devices", T::lines_file, "the same from a file, one key per line"},
          {"from-version", "from_versions", T::texts, "only devices that report one of these"},
          {"package-mode", "package_mode", T::text, "any, full_only or delta_only"},
          {"signal-min", "signal_min", T::integer, "handed to the device"},
          {"power-min", "power_min_percent", T::integer, "handed to the device"},
          {"retry-count", "retry_count", T::integer, "handed to the device"},
          {"retry-interval", "retry_interval_s", T::integer, "seconds, handed to the device"},
          {"attempts-max", "attempts_max", T::integer, "failed tasks per device (default 3)"},
          {"deadline", "deadline", T::text, "2026-12-31T00:00:00.000Z"}};
}

std::vector<Flag> list_flags(const std::string& member) {
  return {{"device", member, T::texts, "device keys; repeatable or with commas"},
          {"devices-file", member, T::lines_file, "the same from a file, one key per line"}};
}

// An action that may say why.
Command with_reason(const std::string& verb, const std::string& summary, const std::string& method,
                    const std::string& path, const std::string& done, const std::string& examples) {
  Command out = act("deployment", verb, summary, method, path, kDeployment, done, examples);
  out.flags.push_back({"reason", "reason", T::text, "why, for the journal"});
  return out;
}

// The way back.
void add_steps(const std::string& path, std::vector<Command>& out) {
  out.push_back(act("deployment", "progress", "How far it has come, by wave, and what failed",
                    "GET", path + "/{id}/progress", kDeployment, "",
                    "otaru deployment progress everyone --watch 5"));
  out.push_back({"deployment",
                 "roll-back",
                 "Stop it and take its devices back",
                 "POST",
                 path + "/{id}/roll-back",
                 {kDeployment},
                 {{"to-release", "back_to.release", T::text, "to this release", Names::release},
                  {"to-kit", "back_to.kit", T::text, "to this kit", Names::kit},
                  {"reason", "reason", T::text, "why, for the journal", Names::nothing, true}},
                 {},
                 "rolled back",
                 "otaru deployment roll-back fix --to-release lamp@1.2.0 --reason \"flickers\""});
}

// What a second person says to a start.
void add_approvals(const std::string& path, std::vector<Command>& out) {
  out.push_back(with_reason("approve", "Agree to a start that somebody else asked for", "POST",
                            path + "/{id}/approve", "approved",
                            "otaru deployment approve everyone"));
  out.push_back({"deployment",
                 "reject",
                 "Refuse a start that was asked for",
                 "POST",
                 path + "/{id}/reject",
                 {kDeployment},
                 {{"reason", "reason", T::text, "what to tell who asked", Names::nothing, true}},
                 {},
                 "rejected",
                 "otaru deployment reject everyone --reason \"not on a Friday\""});
}

std::vector<Command> report_commands() {
  std::vector<Command> out;
  out.push_back({"deployment",
                 "failures",
                 "Say why its updates failed, most frequent first",
                 "GET",
                 "/api/v1/deployments/{id}/failures",
                 {kDeployment},
                 {},
                 {{"COUNT", "count"},
                  {"CLASS", "failure"},
                  {"CODE", "result"},
                  {"FIRST", "first_at"},
                  {"LAST", "last_at"},
                  {"DEVICES", "examples"}},
                 "",
                 "otaru deployment failures fix"});
  return out;
}

}  // namespace

std::vector<Command> deployment_commands() {
  const std::string path = "/api/v1/deployments";
  std::vector<Command> out = report_commands();
  out.push_back(
      {"deployment",
       "add",
       "Add a deployment as a draft: what, for whom, how",
       "POST",
       path,
       {{"NAME", "name", "what people call it"}},
       joined({kTenantBody,
               {"release", "target.release", T::text, "install this release", Names::release},
               {"kit", "target.kit", T::text, "install this kit", Names::kit},
               {"newest", "target.newest_in_channel", T::text,
                "install the newest published release of this channel, from now on"},
               {"product", "target.product", T::text, "with --newest: only of this product",
                Names::product}},
              deployment_flags()),
       {},
       "",
       "otaru deployment add everyone --newest stable\n"
       "otaru deployment add fix --release lamp@1.2.1 --device 6523,6524 --priority 10"});
  out.push_back({"deployment",
                 "list",
                 "List deployments",
                 "GET",
                 path,
                 {},
                 {kTenantQuery, {"state", "state", T::text, "draft, running, paused ..."}},
                 {{"ID", "id"},
                  {"NAME", "name"},
                  {"STATE", "state"},
                  {"PRIORITY", "priority"},
                  {"TARGET", "target"},
                  {"EVERYONE", "everyone"},
                  {"DEVICES", "device_count"}},
                 "",
                 "otaru deployment list --state running"});
  out.push_back(act("deployment", "show", "Show a deployment and its counts", "GET", path + "/{id}",
                    kDeployment, "", "otaru deployment show everyone"));
  out.push_back({"deployment",
                 "update",
                 "Change a deployment",
                 "PATCH",
                 path + "/{id}",
                 {kDeployment},
                 joined({{"name", "name", T::text, "another name"}}, deployment_flags()),
                 {},
                 "",
                 "otaru deployment update fix --priority 20"});
  out.push_back(with_reason("start", "Start a draft", "POST", path + "/{id}/start", "running",
                            "otaru deployment start everyone"));
  out.push_back(with_reason("pause", "Offer nothing new for now", "POST", path + "/{id}/pause",
                            "paused", "otaru deployment pause everyone"));
  out.push_back(with_reason("resume", "Go on after a pause", "POST", path + "/{id}/resume",
                            "running", "otaru deployment resume everyone"));
  out.push_back(with_reason("finish", "End it: open tasks are cancelled as well", "POST",
                            path + "/{id}/finish", "finished", "otaru deployment finish everyone"));
  add_approvals(path, out);
  add_steps(path, out);
  out.push_back(with_reason("cancel", "Stop it at once and cancel its open tasks", "POST",
                            path + "/{id}/cancel", "cancelled",
                            "otaru deployment cancel everyone"));
  out.push_back({"deployment",
                 "devices",
                 "List the device keys it is for",
                 "GET",
                 path + "/{id}/devices",
                 {kDeployment},
                 {},
                 {{"DEVICE", ""}},
                 "",
                 "otaru deployment devices fix"});
  out.push_back({"deployment",
                 "add-devices",
                 "Add devices to its list",
                 "POST",
                 path + "/{id}/devices",
                 {kDeployment},
                 list_flags("add"),
                 {},
                 "",
                 "otaru deployment add-devices fix --device 6525\n"
                 "otaru deployment add-devices fix --devices-file second-wave.txt"});
  out.push_back({"deployment",
                 "remove-devices",
                 "Take devices off its list",
                 "POST",
                 path + "/{id}/devices",
                 {kDeployment},
                 list_flags("remove"),
                 {},
                 "",
                 "otaru deployment remove-devices fix --device 6525"});
  out.push_back(act("deployment", "remove", "Remove a draft", "DELETE", path + "/{id}", kDeployment,
                    "removed", "otaru deployment remove fix"));
  return out;
}

}  // namespace otaru::cli
