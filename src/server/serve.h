// SPDX-License-Identifier: Apache-2.0
// `otaru serve`: puts the parts together, runs until a signal says stop, and shuts down in order.
#pragma once

#include "server/config.h"

namespace otaru::server {

// Blocks. SIGTERM and SIGINT drain and end it (a second one ends it at once), SIGHUP reads the TLS
// files again. Returns the exit code: 0 after a clean stop, 1 when it could not start or stop
// cleanly (the reason is on standard error).
int serve(const Config& config, const std::string& version);

}  // namespace otaru::server
