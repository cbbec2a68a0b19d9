// SPDX-License-Identifier: Apache-2.0
// The table of plain commands: one request each.
#include "cli/command.h"

namespace otaru::cli {
namespace {

using T = FlagType;

const Flag kTenantQuery{"tenant", "tenant", T::text, "only of this tenant"};
const Flag kTenantBody{"tenant", "tenant", T::text, "its tenant (default: the key's own)"};

std::vector<Flag> product_flags() {
  return {{"model", "model", T::text, "OOMI model, UBTech file_name"},
          {"hw-version", "hw_version", T::text, "shown to devices, never matched on"},
          {"feature", "feature", T::text, "variant, e.g. zwave_freq_29"},
          {"manufacturer", "manufacturer", T::text, "OneNET manufacturer code, e.g. 001"},
          {"module", "module", T::text, "OneNET module code, e.g. 00107"},
          {"type", "type", T::text, "firmware or software"},
          {"version-scheme", "version_scheme", T::text, "dotted, semver, integer or publish_order"},
          {"version-pattern", "version_pattern", T::text, "of dotted versions: V#N.#N.#N.#N"}};
}

std::vector<Flag> release_flags() {
  return {{"channel", "channel", T::text, "default stable"},
          {"label", "labels", T::map, "a device must match it: language=CN; repeatable"},
          {"note", "notes", T::map, "text per language: en=..., zh=...; repeatable"},
          {"security", "security", T::boolean, "it mends a vulnerability"},
          {"force", "force", T::boolean, "also offered to devices that run this version"}};
}

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

template <class Vector>
Vector joined(Vector a, const Vector& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Argument kId{"ID", "{id}", "its id"};
const Argument kProduct{"PRODUCT", "{id}", "id, name or name/feature", Names::product};
const Argument kRelease{"RELEASE", "{id}", "id or PRODUCT@VERSION", Names::release};
const Argument kKit{"KIT", "{id}", "id or version", Names::kit};
const Argument kDeployment{"DEPLOYMENT", "{id}", "id or name", Names::deployment};
const Argument kDevice{"DEVICE", "{key}", "the device's key"};

void add_catalogue(std::vector<Command>& out) {
  const std::string products = "/api/v1/products";
  out.push_back({"product",
                 "add",
                 "Add a product",
                 "POST",
                 products,
                 {{"NAME", "name", "OOMI product, UBTech package_name"}},
                 joined({kTenantBody}, product_flags()),
                 {},
                 "",
                 "otaru product add lamp\n"
                 "otaru product add M5310 --manufacturer 001 --module 00107\n"
                 "otaru product add OOMI_Cube_APP --model 1 --version-pattern 'V#N.#N.#N.#N'"});
  out.push_back({"product",
                 "list",
                 "List products",
                 "GET",
                 products,
                 {},
                 {kTenantQuery, {"name", "name", T::text, "exact name"}},
                 {{"ID", "id"},
                  {"NAME", "name"},
                  {"MODEL", "model"},
                  {"FEATURE", "feature"},
                  {"MANUFACTURER", "manufacturer"},
                  {"MODULE", "module"},
                  {"TYPE", "type"},
                  {"VERSIONS", "version_scheme"}},
                 "",
                 "otaru product list"});
  out.push_back({"product",
                 "show",
                 "Show a product",
                 "GET",
                 products + "/{id}",
                 {kProduct},
                 {},
                 {},
                 "",
                 "otaru product show lamp"});
  out.push_back({"product",
                 "update",
                 "Change a product",
                 "PATCH",
                 products + "/{id}",
                 {kProduct},
                 joined({{"name", "name", T::text, "a new name"}}, product_flags()),
                 {},
                 "",
                 "otaru product update lamp --hw-version V1.0.0.0"});
  out.push_back({"product",
                 "remove",
                 "Remove a product without releases",
                 "DELETE",
                 products + "/{id}",
                 {kProduct},
                 {},
                 {},
                 "removed",
                 "otaru product remove lamp"});

  const std::string releases = "/api/v1/releases";
  out.push_back({"release",
                 "add",
                 "Add a release as a draft",
                 "POST",
                 releases,
                 {{"PRODUCT", "product", "id or name", Names::product},
                  {"VERSION", "version", "the version's text, kept as it is"}},
                 release_flags(),
                 {},
                 "",
                 "otaru release add lamp 1.2.0 --note en='Brighter.'\n"
                 "otaru release add robot 18 --label language=CN --channel beta"});
  out.push_back({"release",
                 "list",
                 "List releases",
                 "GET",
                 releases,
                 {},
                 {kTenantQuery,
                  {"product", "product", T::text, "of this product", Names::product},
                  {"version", "version", T::text, "exact version"},
                  {"state", "state", T::text, "draft, published or revoked"}},
                 {{"ID", "id"},
                  {"PRODUCT", "product"},
                  {"VERSION", "version"},
                  {"CHANNEL", "channel"},
                  {"STATE", "state"},
                  {"LABELS", "labels"},
                  {"PUBLISHED", "published_at"}},
                 "",
                 "otaru release list --product lamp"});
  out.push_back({"release",
                 "show",
                 "Show a release",
                 "GET",
                 releases + "/{id}",
                 {kRelease},
                 {},
                 {},
                 "",
                 "otaru release show lamp@1.2.0"});
  out.push_back({"release",
                 "update",
                 "Change a draft",
                 "PATCH",
                 releases + "/{id}",
                 {kRelease},
                 joined({{"version", "version", T::text, "another version"}}, release_flags()),
                 {},
                 "",
                 "otaru release update lamp@1.2.0 --channel beta"});
  out.push_back({"release",
                 "publish",
                 "Publish a release: from now on it cannot change",
                 "POST",
                 releases + "/{id}/publish",
                 {kRelease},
                 {},
                 {},
                 "published",
                 "otaru release publish lamp@1.2.0"});
  out.push_back({"release",
                 "revoke",
                 "Stop every offer of a release at once",
                 "POST",
                 releases + "/{id}/revoke",
                 {kRelease},
                 {},
                 {},
                 "revoked",
                 "otaru release revoke lamp@1.2.0"});
  out.push_back({"release",
                 "remove",
                 "Remove a draft",
                 "DELETE",
                 releases + "/{id}",
                 {kRelease},
                 {},
                 {},
                 "removed",
                 "otaru release remove lamp@1.2.0"});

  const std::string packages = "/api/v1/packages";
  out.push_back({"package",
                 "list",
                 "List packages",
                 "GET",
                 packages,
                 {},
                 {kTenantQuery, {"release", "release", T::text, "of this release", Names::release}},
                 {{"ID", "id"},
                  {"RELEASE", "release"},
                  {"KIND", "kind"},
                  {"BASE", "base_version"},
                  {"FILE", "file_name"},
                  {"BYTES", "size_bytes"},
                  {"MD5", "md5"}},
                 "",
                 "otaru package list --release lamp@1.2.0"});
  out.push_back({"package",
                 "show",
                 "Show a package",
                 "GET",
                 packages + "/{id}",
                 {kId},
                 {},
                 {},
                 "",
                 "otaru package show 12"});
  out.push_back({"package",
                 "update",
                 "Change who may see a package",
                 "PATCH",
                 packages + "/{id}",
                 {kId},
                 {{"permission", "permissions", T::integers, "ids of which one is needed"},
                  {"hidden", "hidden", T::text, "true or false"}},
                 {},
                 "",
                 "otaru package update 12 --permission 79,1"});
  out.push_back({"package",
                 "remove",
                 "Remove a package of a draft",
                 "DELETE",
                 packages + "/{id}",
                 {kId},
                 {},
                 {},
                 "removed",
                 "otaru package remove 12"});

  const std::string kits = "/api/v1/kits";
  const std::vector<Flag> kit_flags = {
      {"release", "releases", T::integers, "release ids or PRODUCT@VERSION; repeatable",
       Names::release},
      {"channel", "channel", T::text, "default stable"},
      {"note", "notes", T::map, "text per language: en=..., zh=...; repeatable"},
      {"permission", "permissions", T::integers, "ids of which one is needed to see it"},
      {"version-pattern", "version_pattern", T::text, "default #N.#N.#N.#N"}};
  out.push_back({"kit",
                 "add",
                 "Add a kit: releases that belong together",
                 "POST",
                 kits,
                 {{"VERSION", "version", "the kit's version"}},
                 joined({kTenantBody}, kit_flags),
                 {},
                 "",
                 "otaru kit add 2.0.6.11 --release OOMI_Cube_APP@V2.0.6.10,OOMI_Cube_IR@V1.4.0.0"});
  out.push_back({"kit",
                 "list",
                 "List kits",
                 "GET",
                 kits,
                 {},
                 {kTenantQuery},
                 {{"ID", "id"},
                  {"VERSION", "version"},
                  {"CHANNEL", "channel"},
                  {"STATE", "state"},
                  {"UPDATED", "updated_at"}},
                 "",
                 "otaru kit list"});
  out.push_back({"kit",
                 "show",
                 "Show a kit",
                 "GET",
                 kits + "/{id}",
                 {kKit},
                 {},
                 {},
                 "",
                 "otaru kit show 2.0.6.11"});
  out.push_back({"kit",
                 "update",
                 "Change a draft",
                 "PATCH",
                 kits + "/{id}",
                 {kKit},
                 kit_flags,
                 {},
                 "",
                 "otaru kit update 2.0.6.11 --note en='Spring'"});
  out.push_back({"kit",
                 "publish",
                 "Publish a kit",
                 "POST",
                 kits + "/{id}/publish",
                 {kKit},
                 {},
                 {},
                 "published",
                 "otaru kit publish 2.0.6.11"});
  out.push_back({"kit",
                 "revoke",
                 "Withdraw a kit",
                 "POST",
                 kits + "/{id}/revoke",
                 {kKit},
                 {},
                 {},
                 "revoked",
                 "otaru kit revoke 2.0.6.11"});
  out.push_back({"kit",
                 "remove",
                 "Remove a draft",
                 "DELETE",
                 kits + "/{id}",
                 {kKit},
                 {},
                 {},
                 "removed",
                 "otaru kit remove 2.0.6.11"});
}

void add_deployments(std::vector<Command>& out) {
  const std::string path = "/api/v1/deployments";
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
  out.push_back({"deployment",
                 "show",
                 "Show a deployment and its counts",
                 "GET",
                 path + "/{id}",
                 {kDeployment},
                 {},
                 {},
                 "",
                 "otaru deployment show everyone"});
  out.push_back({"deployment",
                 "update",
                 "Change a deployment",
                 "PATCH",
                 path + "/{id}",
                 {kDeployment},
                 deployment_flags(),
                 {},
                 "",
                 "otaru deployment update fix --priority 20"});
  for (const auto& [verb, summary, done] :
       {std::tuple("start", "Start a draft", "running"),
        std::tuple("pause", "Offer nothing new for now", "paused"),
        std::tuple("resume", "Go on after a pause", "running"),
        std::tuple("finish", "End it: open tasks are cancelled as well", "finished"),
        std::tuple("cancel", "Stop it at once and cancel its open tasks", "cancelled")}) {
    out.push_back({"deployment",
                   verb,
                   summary,
                   "POST",
                   path + "/{id}/" + verb,
                   {kDeployment},
                   {},
                   {},
                   done,
                   std::string("otaru deployment ") + verb + " everyone"});
  }
  out.push_back({"deployment",
                 "remove",
                 "Remove a draft",
                 "DELETE",
                 path + "/{id}",
                 {kDeployment},
                 {},
                 {},
                 "removed",
                 "otaru deployment remove fix"});
}

void add_fleet(std::vector<Command>& out) {
  const std::string devices = "/api/v1/devices";
  out.push_back({"device",
                 "add",
                 "Register a device",
                 "POST",
                 devices,
                 {{"DEVICE", "key", "dev_id, guid, robot_id"}},
                 {kTenantBody,
                  {"attribute", "attributes", T::map, "KEY=VALUE; repeatable"},
                  {"secret", "secret", T::text, "its own access key, base64"}},
                 {},
                 "",
                 "otaru device add 6523 --attribute site=harbour"});
  out.push_back({"device",
                 "list",
                 "List devices",
                 "GET",
                 devices,
                 {},
                 {kTenantQuery, {"prefix", "key_prefix", T::text, "keys that begin with this"}},
                 {{"KEY", "key"},
                  {"DOOR", "door"},
                  {"BLOCKED", "blocked"},
                  {"LAST SEEN", "last_seen_at"},
                  {"TENANT", "tenant"}},
                 "",
                 "otaru device list --prefix 65"});
  out.push_back({"device",
                 "show",
                 "Show a device and what it runs",
                 "GET",
                 devices + "/{key}",
                 {kDevice},
                 {kTenantQuery},
                 {},
                 "",
                 "otaru device show 6523"});
  out.push_back({"device",
                 "update",
                 "Change a device's attributes",
                 "PATCH",
                 devices + "/{key}",
                 {kDevice},
                 {{"attribute", "attributes", T::map, "KEY=VALUE; repeatable"}},
                 {},
                 "",
                 "otaru device update 6523 --attribute site=harbour"});
  out.push_back({"device",
                 "block",
                 "Give a device nothing any more",
                 "PATCH",
                 devices + "/{key}",
                 {kDevice},
                 {},
                 {},
                 "",
                 "otaru device block 6523",
                 "\"blocked\":true"});
  out.push_back({"device",
                 "unblock",
                 "Serve a blocked device again",
                 "PATCH",
                 devices + "/{key}",
                 {kDevice},
                 {},
                 {},
                 "",
                 "otaru device unblock 6523",
                 "\"blocked\":false"});
  out.push_back({"device",
                 "key",
                 "Give a device its own access key (shown once)",
                 "PUT",
                 devices + "/{key}/secret",
                 {kDevice},
                 {{"secret", "secret", T::text, "base64; made here when left out"}},
                 {},
                 "",
                 "otaru device key 6523"});
  out.push_back({"device",
                 "tasks",
                 "List a device's tasks",
                 "GET",
                 devices + "/{key}/tasks",
                 {kDevice},
                 {kTenantQuery},
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
                 devices + "/{key}/log",
                 {kDevice},
                 {kTenantQuery},
                 {{"AT", "at"}, {"DOOR", "door"}, {"TEXT", "text"}},
                 "",
                 "otaru device log 6523"});
  out.push_back({"device",
                 "remove",
                 "Forget a device and its history",
                 "DELETE",
                 devices + "/{key}",
                 {kDevice},
                 {kTenantQuery},
                 {},
                 "removed",
                 "otaru device remove 6523"});

  const std::string tasks = "/api/v1/tasks";
  out.push_back({"task",
                 "list",
                 "List tasks, newest first",
                 "GET",
                 tasks,
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
  out.push_back({"task",
                 "show",
                 "Show a task",
                 "GET",
                 tasks + "/{id}",
                 {kId},
                 {},
                 {},
                 "",
                 "otaru task show 263"});
  out.push_back({"task",
                 "history",
                 "Show what happened to a task",
                 "GET",
                 tasks + "/{id}/history",
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
  for (const auto& [verb, summary, done] :
       {std::tuple("cancel", "Cancel a task", "cancelled"),
        std::tuple("pause", "Pause a task", "paused"),
        std::tuple("resume", "Go on with a paused task", "pending")}) {
    out.push_back({"task",
                   verb,
                   summary,
                   "POST",
                   tasks + "/{id}/" + verb,
                   {kId},
                   {},
                   {},
                   done,
                   std::string("otaru task ") + verb + " 263"});
  }
}

void add_administration(std::vector<Command>& out) {
  const std::string path = "/api/v1/credentials";
  const std::vector<Column> columns = {{"ID", "id"},
                                       {"KIND", "kind"},
                                       {"NAME", "name"},
                                       {"ATTRIBUTES", "attributes"},
                                       {"PERMISSIONS", "permissions"},
                                       {"DISABLED", "disabled"},
                                       {"TENANT", "tenant"}};
  out.push_back({"client",
                 "add",
                 "Add a credential that devices use (the secret is shown once)",
                 "POST",
                 path,
                 {{"KIND", "kind",
                   "onenet_product, oauth_client, oauth_user, oomi_account or download_basic"},
                  {"NAME", "name", "product id, client id, user name or account id"}},
                 {kTenantBody,
                  {"secret", "secret", T::text, "made here when left out"},
                  {"attribute", "attributes", T::map, "KEY=VALUE; repeatable"},
                  {"permission", "permissions", T::integers, "OOMI permission ids"}},
                 {},
                 "",
                 "otaru client add onenet_product 123123\n"
                 "otaru client add oauth_client mobile_1\n"
                 "otaru client add oomi_account 111 --permission 79,1"});
  out.push_back({"client",
                 "list",
                 "List credentials",
                 "GET",
                 path,
                 {},
                 {kTenantQuery, {"kind", "kind", T::text, "of this kind"}},
                 columns,
                 "",
                 "otaru client list --kind oauth_user"});
  out.push_back({"client",
                 "show",
                 "Show a credential, without its secret",
                 "GET",
                 path + "/{id}",
                 {kId},
                 {},
                 {},
                 "",
                 "otaru client show 3"});
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
  out.push_back({"client",
                 "remove",
                 "Remove a credential",
                 "DELETE",
                 path + "/{id}",
                 {kId},
                 {},
                 {},
                 "removed",
                 "otaru client remove 3"});
  out.push_back({"key",
                 "add",
                 "Add an API key (shown once)",
                 "POST",
                 path,
                 {{"NAME", "name", "who or what uses it"}},
                 {kTenantBody, {"role", "attributes.role", T::text, "admin, operator or viewer"}},
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
                 columns,
                 "",
                 "otaru key list"});
  out.push_back({"key",
                 "revoke",
                 "Revoke an API key",
                 "DELETE",
                 path + "/{id}",
                 {kId},
                 {},
                 {},
                 "revoked",
                 "otaru key revoke 4"});
  out.push_back({"tenant",
                 "add",
                 "Add a tenant",
                 "POST",
                 "/api/v1/tenants",
                 {{"NAME", "name", "lower-case letters, digits and '-'"}},
                 {},
                 {},
                 "",
                 "otaru tenant add harbour"});
  out.push_back({"tenant",
                 "list",
                 "List tenants",
                 "GET",
                 "/api/v1/tenants",
                 {},
                 {},
                 {{"ID", "id"}, {"NAME", "name"}, {"CREATED", "created_at"}},
                 "",
                 "otaru tenant list"});
}

}  // namespace

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = [] {
    std::vector<Command> out;
    add_catalogue(out);
    add_deployments(out);
    add_fleet(out);
    add_administration(out);
    return out;
  }();
  return kCommands;
}

const std::vector<std::pair<std::string, std::string>>& nouns() {
  static const std::vector<std::pair<std::string, std::string>> kNouns = {
      {"product", "updatable things"},
      {"release", "versions of a product"},
      {"package", "files that bring a device to a release"},
      {"kit", "releases that belong together"},
      {"deployment", "what goes to whom, and how"},
      {"device", "devices and what they run"},
      {"task", "updates of single devices"},
      {"client", "credentials that devices use"},
      {"key", "API keys of operators"},
      {"tenant", "separate worlds on one server"}};
  return kNouns;
}

}  // namespace otaru::cli
