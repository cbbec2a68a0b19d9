// SPDX-License-Identifier: Apache-2.0
// `otaru import hawkbit`: an Eclipse hawkBit installation moves over (docs/hawkbit-import.md).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/connection.h"

namespace CLI {
class App;
}

namespace otaru::cli {

struct ImportHawkbitArgs {
  std::string url;
  std::string user;
  std::string password_file;
  std::string ca_file;  // for hawkBit
  std::string tenant;   // Otaru's; empty: the key's own
  std::string channel = "hawkbit";
  std::string state_file = "otaru-import-hawkbit.state";
  std::string report_file;  // empty: beside the state file
  std::vector<std::string> skip;
  bool targets_only = false;
  bool draft = false;
  bool dry_run = false;
};

// `import` is the noun it belongs to; `run` is called when the line is parsed.
void add_import_hawkbit(CLI::App& import, ImportHawkbitArgs& args,
                        const std::function<void()>& run);
int import_hawkbit(const ImportHawkbitArgs& args, const Environment& environment, Session& session);

}  // namespace otaru::cli
