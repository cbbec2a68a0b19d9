// SPDX-License-Identifier: Apache-2.0
#include "cli/connection.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "base/json.h"

namespace otaru::cli {
namespace {

using base::Code;

std::string home_path(const Environment& environment, const std::string& variable,
                      const std::string& below_home) {
  if (const auto given = environment(variable); given && !given->empty()) return *given;
  const auto home = environment("HOME");
  return home && !home->empty() ? *home + below_home : "";
}

std::string without_slashes(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

std::string config_path(const Environment& environment) {
  const std::string folder = home_path(environment, "XDG_CONFIG_HOME", "/.config");
  return folder.empty() ? "" : folder + "/otaru/cli.toml";
}

std::string state_folder(const Environment& environment) {
  const std::string folder = home_path(environment, "XDG_STATE_HOME", "/.local/state");
  return folder.empty() ? "" : folder + "/otaru";
}

base::Result<KeptServers> read_kept(const std::string& path) {
  KeptServers kept;
  struct stat info {};
  if (path.empty() || ::stat(path.c_str(), &info) != 0) return kept;
  if ((info.st_mode & 077) != 0) {
    return base::fail(Code::invalid,
                      path + " holds keys and can be read by others; run: chmod 600 " + path);
  }
  const auto parsed = toml::parse_file(path);
  if (!parsed) {
    return base::fail(Code::invalid, path + ": " + std::string(parsed.error().description()));
  }
  const auto connection_in = [](const toml::table& table, const std::string& name) {
    Connection out;
    out.server = table["server"].value_or(out.server);
    out.key = table["key"].value_or(std::string());
    out.ca_file = table["ca_file"].value_or(std::string());
    out.name = name;
    return out;
  };
  const toml::table& root = parsed.table();
  if (root.contains("server")) kept.servers[""] = connection_in(root, "");
  kept.in_use = root["use"].value_or(std::string());
  if (const auto* named = root["servers"].as_table()) {
    for (const auto& [name, node] : *named) {
      const std::string text(name.str());
      if (const auto* table = node.as_table()) kept.servers[text] = connection_in(*table, text);
    }
  }
  return kept;
}

base::Result<Connection> find_connection(const Connection& flags, const Environment& environment) {
  const std::string path = config_path(environment);
  OTARU_TRY(kept, read_kept(path));
  std::string name = kept.in_use;
  if (const auto said = environment("OTARU_ON"); said && !said->empty()) name = *said;
  if (!flags.name.empty()) name = flags.name;
  Connection out;
  if (const auto found = kept.servers.find(name); found != kept.servers.end()) {
    out = found->second;
  } else if (!name.empty()) {
    std::string names;
    for (const auto& [known, unused] : kept.servers) {
      if (!known.empty()) names += (names.empty() ? "" : ", ") + known;
    }
    return base::fail(Code::invalid, "no server is kept as '" + name + "' (" +
                                         (names.empty() ? "none has a name" : names) +
                                         "); `otaru login --as " + name + "` keeps one");
  }
  const std::string kept_for = without_slashes(out.server);
  if (const auto server = environment("OTARU_SERVER"); server && !server->empty()) {
    out.server = *server;
  }
  if (!flags.server.empty()) out.server = flags.server;
  out.server = without_slashes(out.server);
  // The kept key is for the server it was kept for, and no other sees it.
  if (out.server != kept_for) out.key.clear();
  if (const auto key = environment("OTARU_KEY"); key && !key->empty()) out.key = *key;
  if (!flags.key.empty()) out.key = flags.key;
  if (const auto file = environment("OTARU_CA_FILE"); file && !file->empty()) out.ca_file = *file;
  if (!flags.ca_file.empty()) out.ca_file = flags.ca_file;
  if (out.key.find_first_of("\r\n") != std::string::npos) {
    return base::fail(Code::invalid, "the API key holds a line break");
  }
  if (!out.server.starts_with("http://") && !out.server.starts_with("https://")) {
    return base::fail(Code::invalid,
                      "the server '" + out.server + "' must begin with http:// or https://");
  }
  return out;
}

base::Result<std::string> kept_name(const KeptServers& kept, const Connection& connection) {
  const auto is_there = [&](const Connection& row) {
    return without_slashes(row.server) == connection.server;
  };
  const auto found = kept.servers.find(connection.name);
  // Without a key of its own, a name does not stand for the key of another.
  const bool by_name = found != kept.servers.end() && is_there(found->second);
  if (by_name && !found->second.key.empty()) return found->first;
  std::optional<std::string> only;
  for (const auto& [name, row] : kept.servers) {
    if (by_name || row.key.empty() || !is_there(row)) continue;
    if (only) {
      return base::fail(Code::conflict, "several keys of " + connection.server +
                                            " are kept; say which with --on "
                                            "(`otaru server list` shows the names)");
    }
    only = name;
  }
  if (!only) return base::fail(Code::not_found, "no key of " + connection.server + " is kept");
  return *only;
}

base::Status write_kept(const KeptServers& kept, const std::string& path) {
  if (path.empty()) return base::fail(Code::invalid, "there is no home folder to keep the key in");
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  // A JSON string is a TOML basic string.
  const auto quoted = [](const std::string& text) {
    base::JsonWriter out;
    out.value(text);
    return out.take();
  };
  std::string text;
  if (!kept.in_use.empty()) text += "use = " + quoted(kept.in_use) + "\n";
  for (const auto& [name, row] : kept.servers) {
    if (!name.empty()) text += "\n[servers." + quoted(name) + "]\n";
    text += "server = " + quoted(row.server) + "\nkey = " + quoted(row.key) +
            "\nca_file = " + quoted(row.ca_file) + "\n";
  }
  const std::string temporary = path + ".new";
  ::unlink(temporary.c_str());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool written =
      fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) ::close(fd);
  if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) {
    return base::fail(Code::unavailable, "cannot write " + path + ": " + std::strerror(errno));
  }
  return {};
}

base::Status save_connection(const Connection& connection, const std::string& path) {
  auto kept = read_kept(path);
  // A file that cannot be read is not written over: there are keys in it.
  if (!kept) return base::fail(std::move(kept).error());
  kept->servers[connection.name] = connection;
  kept->in_use = connection.name;
  return write_kept(*kept, path);
}

}  // namespace otaru::cli
