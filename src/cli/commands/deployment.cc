// SPDX-License-Identifier: Apache-2.0
// `otaru deployment VERB`: what goes to whom, and how.
#include "cli/commands/table.h"

namespace otaru::cli {
namespace {

using T = FlagType;

const Argument kDeployment{"DEPLOYMENT", "{id}", "id or name", Names::deployment};

// What has a short form of its own: docs/deployments.md.
Flag shaped(const std::string& name, FlagReader read, const std::string& help) {
  return {name, "", T::text, help, Names::nothing, false, false, read};
}

std::vector<Flag> whom_flags() {
  return {{"device", "devices", T::texts, "only these device keys; repeatable or with commas"},
          {"devices-file", "devices", T::lines_file, "the same from a file, one key per line"},
          {"group", "audience.groups", T::texts, "only these groups, by name"},
          {"filter", "audience.filter", T::text, "of those, who matches: docs/filter.md"},
          {"hardware", "audience.hardware", T::texts, "of those, with this hardware revision"},
          shaped("percent", read_percent, "of those, so many percent: 12.5"),
          {"exclude-device", "excluded_devices", T::texts, "not these, whatever else is said"},
          {"exclude-group", "audience.excluded_groups", T::texts, "not these groups"},
          {"exclude-filter", "audience.excluded_filter", T::text, "nor who matches this"},
          {"from-version", "from_versions", T::texts, "only devices that report one of these"}};
}

std::vector<Flag> how_flags() {
  return {shaped("wave", read_waves,
                 "a step, repeatable: 'test: test group=lab gate=success>=100%,soak=1h'"),
          shaped("rate", read_rate, "devices that begin in a minute: 100/min"),
          shaped("grow", read_growth, "the rate grows: 50%/10m, or 50%/100 successes"),
          {"rate-max", "rate.per_minute_max", T::integer, "up to so many a minute"},
          {"concurrent", "rate.concurrent_max", T::integer, "devices at work at once"},
          shaped("bandwidth", read_bandwidth, "of the offers that begin: 10MB/s"),
          shaped("window", read_windows, "when, repeatable: 'Mon-Fri 22:00-06:00'"),
          {"time-zone", "windows.time_zone", T::text, "of devices that say none: Asia/Shanghai"},
          shaped("brake", read_brakes,
                 "repeatable: 'failures>5% of 20: roll-back to lamp@1.0', pause or cancel"),
          shaped("silence", read_silence, "silent after so long without a check-in: 1h"),
          shaped("health", read_health, "bad health counts for so long after it: 1d"),
          shaped("timeout", read_timeouts, "pending=1d, downloading=2h, upgrading=30m; repeatable"),
          {"consent", "consent", T::text, "none, or ask: a person agrees first"},
          {"urgency", "urgency", T::text, "soft, forced or download_only"},
          {"network", "conditions.networks", T::texts, "only over these: wifi,ethernet"},
          {"free-bytes-min", "conditions.free_bytes_min", T::integer, "free space on the device"},
          {"fits", "conditions.fits_package", T::boolean, "free space for what it would fetch"},
          {"strict", "conditions.strict", T::boolean, "what a device does not say is not met"},
          {"allow-downgrade", "downgrade_reason", T::text, "why an older version is right"},
          {"starts-at", "starts_at", T::text, "2026-12-01T00:00:00.000Z"},
          {"deadline", "deadline", T::text, "2026-12-31T00:00:00.000Z"}};
}

std::vector<Flag> deployment_flags() {
  const std::vector<Flag> others = {
      {"plan", "", T::text, "a JSON file with all of it, as `deployment show --json` prints it"},
      {"priority", "priority", T::integer, "higher goes first (default 0)"},
      {"package-mode", "package_mode", T::text, "any, full_only or delta_only"},
      {"signal-min", "signal_min", T::integer, "a condition, and handed to the device"},
      {"power-min", "power_min_percent", T::integer, "a condition, and handed to the device"},
      {"retry-count", "retry_count", T::integer, "handed to the device"},
      shaped("retry-interval", read_retry_interval, "after a failure: 10m; seconds without a unit"),
      {"attempts-max", "attempts_max", T::integer, "failed attempts per device (default 3)"}};
  return joined(joined(whom_flags(), how_flags()), others);
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
  out.show = deployment_text;
  return out;
}

// Waves by hand, and the way back.
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
                 "otaru deployment roll-back fix --to-release lamp@1.2.0 --reason \"flickers\"",
                 "",
                 deployment_text});
  out.push_back({"deployment",
                 "next-wave",
                 "Open the next wave whatever its gate says",
                 "POST",
                 path + "/{id}/next-wave",
                 {kDeployment},
                 {{"reason", "reason", T::text, "why, for the journal", Names::nothing, true}},
                 {},
                 "opened the next wave of",
                 "otaru deployment next-wave everyone --reason \"tested by hand\"",
                 "",
                 deployment_text});
  out.push_back(with_reason("approve-wave", "Agree to the next wave", "POST",
                            path + "/{id}/approve-wave", "approved the next wave of",
                            "otaru deployment approve-wave everyone --reason \"looks good\""));
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
                 "otaru deployment reject everyone --reason \"not on a Friday\"",
                 "",
                 deployment_text});
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

void add_plan(const std::string& path, std::vector<Command>& out) {
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
       "otaru deployment add fix --release lamp@1.2.1 --device 6523,6524 --priority 10\n"
       "otaru deployment add spring --release lamp@2.0 --rate 100/min \\\n"
       "      --wave 'test: test group=lab gate=success>=100%,sample>=5,soak=1h' \\\n"
       "      --wave 'all: share=100%' --brake 'failures>5% of 20: roll-back to lamp@1.2.1'\n"
       "otaru deployment add copy --plan spring.json",
       "",
       deployment_text});
}

}  // namespace

std::vector<Command> deployment_commands() {
  const std::string path = "/api/v1/deployments";
  std::vector<Command> out = report_commands();
  add_plan(path, out);
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
  out.back().show = deployment_text;
  out.push_back({"deployment",
                 "update",
                 "Change a deployment",
                 "PATCH",
                 path + "/{id}",
                 {kDeployment},
                 joined({{"name", "name", T::text, "another name"}}, deployment_flags()),
                 {},
                 "",
                 "otaru deployment update fix --priority 20\n"
                 "otaru deployment update spring --rate 200/min --percent 20",
                 "",
                 deployment_text});
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
