// SPDX-License-Identifier: Apache-2.0
// The command line: `otaru NOUN VERB`. Commands talk to a running server over its API; what only
// the server binary can do (serving, making simulated devices) comes in through hooks, so that this
// room knows neither server nor stores.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dialect/sim_device.h"

namespace otaru::cli {

struct ServeArgs {
  std::string config_file;
  std::vector<std::pair<std::string, std::string>> settings;  // key, value
  bool check_only = false;  // read the settings, say whether they are right, and end
};

// For what works on a data folder or a settings file, without a server's API.
struct MaintainArgs {
  ServeArgs settings;  // where the data folder is
  std::string folder;  // of the backup
  bool repair = false;
  bool quick = false;
  bool dry_run = false;
  bool json = false;
};
enum class ConfigVerb { check, show, list };

struct SettingHelp {
  std::string_view name;  // "log.level"
  std::string_view value_name;
  std::string_view help;
};

struct DialectInfo {
  std::string_view name;
  std::string_view devices;
};

struct Hooks {
  std::function<int(const ServeArgs&)> serve;
  std::function<int(const MaintainArgs&)> backup, restore, check, migrate;
  std::function<int(ConfigVerb, const MaintainArgs&)> config;
  // Null for a dialect that does not exist.
  std::function<std::unique_ptr<dialect::SimDevice>(std::string_view dialect,
                                                    dialect::SimIdentity identity)>
      make_device;
  std::vector<DialectInfo> dialects;
  std::vector<SettingHelp> settings;
  std::string version;
};

// Exit codes, also in `otaru --help`.
inline constexpr int kExitOk = 0;
inline constexpr int kExitRefused = 1;      // the server, or the operation, said no
inline constexpr int kExitUsage = 2;        // the command line is wrong
inline constexpr int kExitUnreachable = 3;  // no server answered

int run(int argc, char** argv, const Hooks& hooks);

}  // namespace otaru::cli
