// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/table.h"

namespace otaru::cli {

Command act(const std::string& noun, const std::string& verb, const std::string& summary,
            const std::string& method, const std::string& path, const Argument& argument,
            const std::string& done, const std::string& examples) {
  return {noun, verb, summary, method, path, {argument}, {}, {}, done, examples};
}

std::vector<Flag> joined(std::vector<Flag> first, const std::vector<Flag>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

std::vector<Column> credential_columns() {
  return {{"ID", "id"},
          {"KIND", "kind"},
          {"NAME", "name"},
          {"ATTRIBUTES", "attributes"},
          {"PERMISSIONS", "permissions"},
          {"DISABLED", "disabled"},
          {"TENANT", "tenant"}};
}

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = [] {
    std::vector<Command> out;
    for (const auto make :
         {product_commands, release_commands, package_commands, upload_commands, kit_commands,
          deployment_commands, device_commands, group_commands, import_commands, task_commands,
          event_commands, webhook_commands, client_commands, key_commands, user_commands,
          tenant_commands, setting_commands, audit_commands}) {
      for (auto& command : make()) out.push_back(std::move(command));
    }
    return out;
  }();
  return kCommands;
}

const std::vector<std::pair<std::string, std::string>>& nouns() {
  static const std::vector<std::pair<std::string, std::string>> kNouns = {
      {"product", "updatable things"},
      {"release", "versions of a product"},
      {"package", "files that bring a device to a release"},
      {"upload", "files on their way in"},
      {"kit", "releases that belong together"},
      {"deployment", "what goes to whom, and how"},
      {"device", "devices and what they run"},
      {"group", "devices under one name"},
      {"import", "files of devices being read"},
      {"task", "updates of single devices"},
      {"event", "what happens, as it happens"},
      {"webhook", "receivers of events"},
      {"client", "credentials that devices use"},
      {"key", "API keys of operators"},
      {"user", "people who log in"},
      {"tenant", "separate worlds on one server"},
      {"setting", "settings kept on the server"},
      {"audit", "who changed what, in a chain that shows tampering"}};
  return kNouns;
}

}  // namespace otaru::cli
