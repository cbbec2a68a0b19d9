// SPDX-License-Identifier: Apache-2.0
// Which server, with which key: --on, --server, --key and --ca-file, then OTARU_ON, OTARU_SERVER,
// OTARU_KEY and OTARU_CA_FILE, then the file that `otaru login` wrote (mode 0600), then
// http://127.0.0.1:8080 without a key. A key in the file goes to its own server only.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"

namespace otaru::cli {

struct Connection {
  std::string server = "http://127.0.0.1:8080";
  std::string key;
  std::string ca_file;  // PEM authorities instead of the system's; empty: the system's
  std::string name = {};  // of a kept server; empty: the one without a name
};

// What the file keeps.
struct KeptServers {
  std::map<std::string, Connection> servers;  // by name; "" is the one of a plain `otaru login`
  std::string in_use;                         // the name that is meant when none is said
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment process_environment();

// $XDG_CONFIG_HOME/otaru/cli.toml or ~/.config/otaru/cli.toml; empty without a home.
std::string config_path(const Environment& environment);
// $XDG_STATE_HOME/otaru or ~/.local/state/otaru; empty without a home.
std::string state_folder(const Environment& environment);

// Code::invalid when the file is no TOML, or others may read the keys in it. No file: nothing.
base::Result<KeptServers> read_kept(const std::string& path);
base::Status write_kept(const KeptServers& kept, const std::string& path);

// Code::invalid as above, and for a name that is not kept.
base::Result<Connection> find_connection(const Connection& flags, const Environment& environment);
// The name of the kept server that a connection is with: the one it was found by or, when that
// is another server, the only one with its URL and a key. Code::not_found, Code::conflict.
base::Result<std::string> kept_name(const KeptServers& kept, const Connection& connection);
// Keeps one more, or another in place of the one of that name; it is in use from then on.
base::Status save_connection(const Connection& connection, const std::string& path);

}  // namespace otaru::cli
