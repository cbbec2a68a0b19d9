// SPDX-License-Identifier: Apache-2.0
// `otaru device VERB`, without simulate (simulate.cc).
#include "cli/commands/table.h"

namespace otaru::cli {
namespace {

using T = FlagType;

const Argument kDevice{"DEVICE", "{key}", "the device's key"};

const Argument kDevices{"DEVICE", "{key}", "keys of devices", Names::nothing, true};

std::string answered(base::JsonView device) {
  const bool blocked = device.find("blocked").boolean().value_or(false);
  const std::string key(device.find("key").text().value_or(""));
  return (blocked ? "rejected " : "approved ") + key + "\n";
}

const Flag kTenantOf{"tenant",       "tenant", T::text, "its tenant (default: the key's own)",
                     Names::nothing, false,    true};

constexpr const char* kPath = "/api/v1/devices";

void add_registration(std::vector<Command>& out) {
  const std::string path = kPath;
  out.push_back(
      {"device",
       "add",
       "Register a device",
       "POST",
       path,
       {{"DEVICE", "key", "dev_id, guid, robot_id, controllerId"}},
       {kTenantBody,
        {"attribute", "attributes", T::map, "KEY=VALUE; repeatable"},
        {"secret", "secret", T::text, "its own: OneNET's access key (base64), hawkBit's token"}},
       {},
       "",
       "otaru device add 6523 --attribute site=harbour"});
  out.push_back({"device",
                 "list",
                 "List devices",
                 "GET",
                 path,
                 {},
                 {kTenantQuery,
                  {"prefix", "prefix", T::text, "keys that begin with this"},
                  {"pending", "pending", T::boolean, "only those that wait for approval"}},
                 {{"KEY", "key"},
                  {"DOOR", "door"},
                  {"BLOCKED", "blocked"},
                  {"PENDING", "pending"},
                  {"LAST SEEN", "last_seen_at"},
                  {"TENANT", "tenant"}},
                 "",
                 "otaru device list --prefix 65\n"
                 "otaru device list --pending"});
  out.push_back({"device",
                 "show",
                 "Show a device and what it runs",
                 "GET",
                 path + "/{key}",
                 {kDevice},
                 {kTenantOf},
                 {},
                 "",
                 "otaru device show 6523"});
  out.push_back(
      {"device",
       "update",
       "Change a device's attributes",
       "PATCH",
       path + "/{key}",
       {kDevice},
       {kTenantOf,
        {"attribute", "attributes", T::map_change, "KEY=VALUE, KEY= removes it; repeatable"}},
       {},
       "",
       "otaru device update 6523 --attribute site=harbour"});
  out.push_back({"device",
                 "block",
                 "Give a device nothing any more",
                 "PATCH",
                 path + "/{key}",
                 {kDevice},
                 {kTenantOf},
                 {},
                 "",
                 "otaru device block 6523",
                 "\"blocked\":true"});
  out.push_back({"device",
                 "unblock",
                 "Serve a blocked device again",
                 "PATCH",
                 path + "/{key}",
                 {kDevice},
                 {kTenantOf},
                 {},
                 "",
                 "otaru device unblock 6523",
                 "\"blocked\":false"});
  out.push_back({"device",
                 "key",
                 "Give a device its own access key (shown once)",
                 "PUT",
                 path + "/{key}/secret",
                 {kDevice},
                 {kTenantOf, {"secret", "secret", T::text, "made here (base64) when left out"}},
                 {},
                 "",
                 "otaru device key 6523"});
  out.push_back({"device",
                 "unkey",
                 "Take a device's own access key away",
                 "DELETE",
                 path + "/{key}/secret",
                 {kDevice},
                 {kTenantOf},
                 {},
                 "removed",
                 "otaru device unkey 6523"});
}

void add_approval(std::vector<Command>& out) {
  const std::string path = std::string(kPath) + "/{key}/";
  out.push_back({"device",
                 "approve",
                 "Serve devices that registered themselves",
                 "POST",
                 path + "approve",
                 {kDevices},
                 {kTenantOf},
                 {},
                 "",
                 "otaru device approve 6523 6524",
                 "",
                 answered});
  out.push_back({"device",
                 "reject",
                 "Leave devices that registered themselves blocked",
                 "POST",
                 path + "reject",
                 {kDevices},
                 {kTenantOf},
                 {},
                 "",
                 "otaru device reject 6523",
                 "",
                 answered});
}

void add_history(std::vector<Command>& out) {
  const std::string path = kPath;
  out.push_back({"device",
                 "tasks",
                 "List a device's tasks",
                 "GET",
                 path + "/{key}/tasks",
                 {kDevice},
                 {kTenantOf},
                 {{"ID", "id"},
                  {"STATE", "state"},
                  {"FROM", "from_version"},
                  {"TO", "target_version"},
                  {"PROGRESS", "progress_percent"},
                  {"FAILURE", "failure"},
                  {"UPDATED", "updated_at"}},
                 "",
                 "otaru device tasks 6523"});
  out.push_back({"device",
                 "log",
                 "Show a device's log",
                 "GET",
                 path + "/{key}/log",
                 {kDevice},
                 {kTenantOf},
                 {{"AT", "at"}, {"DOOR", "door"}, {"TEXT", "text"}},
                 "",
                 "otaru device log 6523"});
  out.push_back({"device",
                 "remove",
                 "Forget a device and its history",
                 "DELETE",
                 path + "/{key}",
                 {kDevice},
                 {kTenantOf},
                 {},
                 "removed",
                 "otaru device remove 6523"});
}

void add_consent(std::vector<Command>& out) {
  const std::string path = std::string(kPath) + "/{key}/consent";
  out.push_back({"device",
                 "consent",
                 "Show what those behind a device want of updates, and what they said",
                 "GET",
                 path,
                 {kDevice},
                 {kTenantOf},
                 {},
                 "",
                 "otaru device consent 6523"});
  out.push_back({"device",
                 "set-consent",
                 "Choose for all updates of a device to come",
                 "PUT",
                 path,
                 {kDevice, {"CHOICE", "choice", "unset, automatic, ask or opted_out"}},
                 {kTenantOf,
                  {"until", "postponed_until", T::text,
                   "nothing but forced updates before, such as 2026-05-01T12:00:00Z"}},
                 {},
                 "",
                 "otaru device set-consent 6523 ask\n"
                 "otaru device set-consent 6523 automatic --until 2026-12-24T22:00:00Z"});
}

}  // namespace

std::vector<Command> device_commands() {
  std::vector<Command> out;
  add_registration(out);
  add_approval(out);
  add_history(out);
  add_consent(out);
  return out;
}

}  // namespace otaru::cli
