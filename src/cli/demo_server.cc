// SPDX-License-Identifier: Apache-2.0
#include "cli/demo_server.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/encoding.h"
#include "base/json.h"
#include "cli/process.h"

namespace otaru::cli {
namespace {

using base::Code;

// A cold start under a sanitizer on a busy machine takes a few seconds.
constexpr int kStartPolls = 600;
constexpr int kPollMs = 50;

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace

base::Status DemoServer::make_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "otaru-demo-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    return base::fail(Code::internal, "cannot make a folder: " + std::string(std::strerror(errno)));
  }
  folder_ = pattern;
  return {};
}

base::Result<Connection> DemoServer::start() {
  const std::string ready = folder_ + "/ready.json";
  const std::string key = folder_ + "/key";
  const std::string log = folder_ + "/server.log";
  std::vector<std::string> words = {
      "/proc/self/exe", "serve",        "--data", folder_ + "/data",  "--listen",
      "127.0.0.1:0",    "--ready-file", ready,    "--first-key-file", key};
  child_ = start_program({words, "", log});
  if (child_ == 0) {
    return base::fail(Code::internal,
                      "cannot start a server: " + std::string(std::strerror(errno)));
  }
  for (int i = 0; i < kStartPolls; ++i) {
    const auto document = base::JsonDocument::parse(read_file(ready));
    if (document) {
      const auto address = document->root().find("listen").at(0).text();
      if (!address) return base::fail(Code::internal, "the server listens nowhere");
      Connection out;
      out.server = std::string(*address);
      out.key = std::string(base::trim(read_file(key)));
      return out;
    }
    int state = 0;
    if (::waitpid(child_, &state, WNOHANG) == child_) {
      child_ = 0;
      return base::fail(Code::internal, "the server did not start: " + read_file(log));
    }
    if (interrupted()) return base::fail(Code::timeout, "interrupted");
    wait_ms(kPollMs);
  }
  return base::fail(Code::timeout, "the server did not become ready; its log: " + log);
}

DemoServer::~DemoServer() {
  if (child_ > 0) {
    ::kill(child_, SIGTERM);
    ::waitpid(child_, nullptr, 0);
  }
  if (!folder_.empty() && !keep_) {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
}

}  // namespace otaru::cli
