// SPDX-License-Identifier: Apache-2.0
// Internal to app: one webhook and where its deliveries stand. Guarded by the service's mutex.
#pragma once

#include <deque>
#include <string>

#include "app/webhook_service.h"

namespace otaru::app {

struct WebhookService::Target {
  Webhook row;
  std::string secret;
  int64_t cursor = 0;
  int64_t saved_cursor = 0;
  bool busy = false;  // a worker has it
  bool gone = false;
  int64_t attempts = 0;  // failed ones of the event behind the cursor
  base::Time next_attempt_at;
  std::deque<Delivery> recent;  // newest first
  std::deque<int64_t> replays;  // dead letters that wait for one more attempt
};

}  // namespace otaru::app
