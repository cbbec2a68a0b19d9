// SPDX-License-Identifier: Apache-2.0
// The binary: the command line, and behind `otaru serve` the server.
#include <cstdio>

#include "cli/cli.h"
#include "cli/connection.h"
#include "server/config.h"
#include "server/maintenance.h"
#include "server/product.h"
#include "server/serve.h"

namespace {

using otaru::cli::kExitOk;
using otaru::cli::kExitUsage;

int serve(const otaru::cli::ServeArgs& args) {
  otaru::server::ConfigSources sources;
  sources.file = args.config_file;
  sources.environment = otaru::cli::process_environment();
  sources.flags = args.settings;
  const auto config = otaru::server::load_config(sources);
  if (!config) {
    std::fprintf(stderr, "otaru: %s\n", config.error().message.c_str());
    return kExitUsage;
  }
  if (args.check_only) {
    std::printf("the settings are right\n");
    return kExitOk;
  }
  return otaru::server::serve(*config, OTARU_VERSION);
}

std::unique_ptr<otaru::dialect::SimDevice> make_device(std::string_view name,
                                                       otaru::dialect::SimIdentity identity) {
  for (const auto& entry : otaru::server::dialects()) {
    if (entry.name == name) return entry.make_device(std::move(identity));
  }
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  otaru::cli::Hooks hooks;
  hooks.serve = serve;
  hooks.make_device = make_device;
  hooks.version = OTARU_VERSION;
  for (const auto& entry : otaru::server::dialects()) {
    hooks.dialects.push_back({entry.name, entry.devices});
  }
  for (const auto& key : otaru::server::config_keys()) {
    hooks.settings.push_back({key.name, key.value_name, key.help});
  }
  otaru::server::add_maintenance_hooks(hooks);
  return otaru::cli::run(argc, argv, hooks);
}
