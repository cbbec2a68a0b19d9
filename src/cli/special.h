// SPDX-License-Identifier: Apache-2.0
// The commands that are more than one request.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/connection.h"
#include "dialect/sim_device.h"

namespace otaru::cli {

struct UploadArgs {
  std::string file;
  std::string file_name;  // empty: the file's own
  std::string state_folder;
  std::string tenant;     // empty: the key's own
  std::string resume_id;  // an upload that is there; empty: the one noted, or a new one
};
// Sends a file, going on where an earlier try stopped; a progress bar on a terminal. Returns the
// completed upload's id.
base::Result<std::string> upload_file(const UploadArgs& args, Session& session);
int upload_add(const UploadArgs& args, Session& session);  // resume too

struct PackageAddArgs {
  std::string file;
  std::string release;  // id or PRODUCT@VERSION
  std::string file_name;
  std::string base_version;
  std::string format;
  std::vector<int64_t> permissions;
  bool hidden = false;
  std::string state_folder;
};
int package_add(const PackageAddArgs& args, Session& session);
int package_download(const std::string& id, const std::string& to, Session& session);

struct PublishArgs {
  PackageAddArgs package;
  std::string product;  // empty: what the file says
  std::string version;  // the same
  std::string channel;
  std::vector<std::string> product_settings;  // MEMBER=VALUE for a product that is made here
  std::vector<std::string> labels;
  std::vector<std::string> notes;
  bool create = false;
  bool yes = false;  // what the file says is right
};
int publish(const PublishArgs& args, Session& session);

struct DeviceImportArgs {
  std::string file;
  std::string format;  // empty: by the end of the file's name
  std::string mode = "upsert";
  std::string tenant;
  std::string state_folder;
  bool dry_run = false;
};
int device_import(const DeviceImportArgs& args, Session& session);
struct DeviceExportArgs {
  std::string file;  // empty or "-": standard output
  std::string format;
  std::string filter;
  std::string tenant;
};
int device_export(const DeviceExportArgs& args, Session& session);
struct DeviceListArgs {
  std::string deployment;  // id or name
  std::string file;        // "-": standard input; of an export empty too: standard output
  std::string mode = "replace";
  bool excluded = false;  // the list of those it is not for
};
int put_device_list(const DeviceListArgs& args, Session& session);
int export_device_list(const DeviceListArgs& args, Session& session);
struct DossierArgs {
  std::string deployment;  // id or name
  std::string file;        // empty or "-": standard output
  std::string format;
};
int deployment_dossier(const DossierArgs& args, Session& session);
// The lines of an import that were wrong, one JSON object each.
int import_errors(const std::string& id, Session& session);
struct WatchEventsArgs {
  std::vector<std::string> types;
  std::string tenant;
  std::string device;
  std::string deployment;  // id or name
  std::string since;       // id of the last event that was seen
};
// Prints events as they happen, until it is interrupted.
int watch_events(const WatchEventsArgs& args, Session& session);

int status(Session& session);
// Whether the server takes requests; needs no key.
int ready(Session& session);
// The key comes from --key, OTARU_KEY or, when given_key is empty, standard input; it is kept under
// the name `keep_as`.
int login(const Connection& connection, const std::string& given_key, const std::string& keep_as,
          const Environment& environment, bool json);

// A person's log-in: the password comes from standard input and is kept nowhere; the session's
// token is kept as a key is.
int login_person(const Connection& connection, const std::string& user, const std::string& keep_as,
                 const Environment& environment, bool json);
// Ends the session that is kept for this server, and forgets its key; the server's URL stays.
int logout(const Connection& connection, const Environment& environment, bool json);
int whoami(Session& session);

enum class ServerVerb { list, use, forget };
int kept_servers(ServerVerb verb, const std::string& name, const std::string& path, bool json);

struct ExplainArgs {
  std::string device;
  std::string product;
  std::string version;
  std::string tenant;
  std::string language = "en";
  std::string at;    // empty: now
  std::string door;  // empty: the device's own
  std::vector<std::string> labels;
  std::vector<int64_t> permissions;
  bool trace = false;
};
int explain(const ExplainArgs& args, Session& session);

struct DryRunArgs {
  std::string deployment;  // id or name
  std::string at;          // empty: now
  std::string language = "en";
  bool trace = false;
};
// Waits for it; Ctrl-C ends it.
int deployment_dry_run(const DryRunArgs& args, Session& session);

struct SimulateArgs {
  std::string dialect;
  int64_t count = 1;
  int64_t polls = 1;
  std::string key_prefix;
  std::vector<std::string> words;  // KEY=VALUE
  // How devices do that do not do well: see dialect/sim_device.h.
  std::string fate = "good";
  std::string failure = "unknown";
  int64_t fate_percent = 100;  // of the devices
  std::string fate_version;    // with this version only; empty: with any
  int64_t signal = dialect::kSimUnsaid;
  int64_t battery_percent = dialect::kSimUnsaid;
  bool ignores_waits = false;
  bool quiet = false;
};
int simulate(const SimulateArgs& args, const std::string& server, const Hooks& hooks,
             Session& session);

struct DemoArgs {
  std::string folder;  // the user's own files; empty: Debian's firmware packages
  std::string server;  // empty: a server of its own
  std::string key;
  bool keep = false;
};
int demo(const DemoArgs& args, const Hooks& hooks, bool json);

}  // namespace otaru::cli
