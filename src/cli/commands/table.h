// SPDX-License-Identifier: Apache-2.0
// What the tables of commands share: one file per noun, each a function that makes its rows.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace otaru::cli {

std::vector<Command> product_commands();
std::vector<Command> release_commands();
std::vector<Command> package_commands();
std::vector<Command> upload_commands();
std::vector<Command> kit_commands();
std::vector<Command> deployment_commands();
std::vector<Command> device_commands();
std::vector<Command> group_commands();
std::vector<Command> import_commands();
std::vector<Command> task_commands();
std::vector<Command> event_commands();
std::vector<Command> webhook_commands();
std::vector<Command> client_commands();
std::vector<Command> key_commands();
std::vector<Command> tenant_commands();
std::vector<Command> setting_commands();
std::vector<Command> user_commands();
std::vector<Command> audit_commands();

inline const Flag kTenantQuery{"tenant", "tenant", FlagType::text, "only of this tenant"};
inline const Flag kTenantBody{"tenant", "tenant", FlagType::text,
                              "its tenant (default: the key's own)"};
inline const Argument kId{"ID", "{id}", "its id"};

// A command that takes one argument and nothing else.
Command act(const std::string& noun, const std::string& verb, const std::string& summary,
            const std::string& method, const std::string& path, const Argument& argument,
            const std::string& done, const std::string& examples);
std::vector<Flag> joined(std::vector<Flag> first, const std::vector<Flag>& second);
std::vector<Column> credential_columns();

}  // namespace otaru::cli
