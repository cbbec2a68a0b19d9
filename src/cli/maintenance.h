// SPDX-License-Identifier: Apache-2.0
// The subcommands that work on a data folder or a settings file instead of on a server's API. What
// they do comes in through Hooks.
#pragma once

namespace CLI {
class App;
}

namespace otaru::cli {

struct Hooks;
struct MaintainArgs;

// Adds backup, restore, check, migrate and `config ...` to the command line. `args` is filled in by
// the parser; `json` and `exit_code` are the caller's.
void add_maintenance(CLI::App& app, const Hooks& hooks, MaintainArgs& args, const bool& json,
                     int& exit_code);

}  // namespace otaru::cli
