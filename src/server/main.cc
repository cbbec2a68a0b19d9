// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>
#include <string>

#include "server/config.h"
#include "server/serve.h"

int main(int argc, char** argv) {
  otaru::server::ConfigSources sources;
  sources.environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  for (int i = 2; i + 1 < argc; i += 2) {
    std::string key = argv[i];
    key = key.starts_with("--") ? key.substr(2) : key;
    if (key == "config") {
      sources.file = argv[i + 1];
    } else {
      for (char& c : key) {
        if (c == '-') c = '_';
      }
      sources.flags.emplace_back(key, argv[i + 1]);
    }
  }
  const auto config = otaru::server::load_config(sources);
  if (!config) {
    std::fprintf(stderr, "otaru: %s\n", config.error().message.c_str());
    return 2;
  }
  return otaru::server::serve(*config, "0.1.0");
}
