// SPDX-License-Identifier: Apache-2.0
// The server's numbers in the Prometheus text format 0.0.4. Reads counters only. Threads: any.
#pragma once

#include <string>

#include "app/engine.h"
#include "app/webhook_service.h"
#include "net/server.h"
#include "server/dispatcher.h"

namespace otaru::server {

std::string metrics_text(app::Engine& engine, const app::WebhookService& webhooks,
                         const Dispatcher& dispatcher, const net::Server& network);

}  // namespace otaru::server
