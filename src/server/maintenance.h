// SPDX-License-Identifier: Apache-2.0
// `otaru backup`, `restore`, `check`, `migrate` and `config ...`: what they print and how they end.
#pragma once

#include <string>

#include "cli/cli.h"

namespace otaru::server {

// Fills in the hooks of these commands.
void add_maintenance_hooks(cli::Hooks& hooks);

}  // namespace otaru::server
