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

base::Result<Connection> find_connection(const Connection& flags, const Environment& environment) {
  Connection out;
  const std::string path = config_path(environment);
  struct stat info {};
  if (!path.empty() && ::stat(path.c_str(), &info) == 0) {
    if ((info.st_mode & 077) != 0) {
      return base::fail(Code::invalid,
                        path + " holds a key and can be read by others; run: chmod 600 " + path);
    }
    const auto parsed = toml::parse_file(path);
    if (!parsed) {
      return base::fail(Code::invalid, path + ": " + std::string(parsed.error().description()));
    }
    out.server = parsed.table()["server"].value_or(out.server);
    out.key = parsed.table()["key"].value_or(std::string());
    out.ca_file = parsed.table()["ca_file"].value_or(std::string());
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

base::Status save_connection(const Connection& connection, const std::string& path) {
  if (path.empty()) return base::fail(Code::invalid, "there is no home folder to keep the key in");
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  // A JSON string is a TOML basic string.
  base::JsonWriter server;
  server.value(connection.server);
  base::JsonWriter key;
  key.value(connection.key);
  base::JsonWriter ca_file;
  ca_file.value(connection.ca_file);
  const std::string text = "server = " + server.take() + "\nkey = " + key.take() +
                           "\nca_file = " + ca_file.take() + "\n";
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

}  // namespace otaru::cli
