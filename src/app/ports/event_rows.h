// SPDX-License-Identifier: Apache-2.0
// Rows of the event log and of webhooks. The log is append-only and bounded; a webhook's cursor
// into it is its outbox: an event behind the cursor is still owed to it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "domain/ids.h"

namespace otaru::app {

using WebhookId = base::Id<struct WebhookTag>;

// Something that happened. Ids rise by one in the order of commits, without gaps.
struct Event {
  int64_t id = 0;  // given by the committer
  base::Time at;
  domain::TenantId tenant;  // 0: the server's own, for admins only
  std::string type;         // "task.succeeded"
  // For filters; 0 where there is none.
  domain::DeviceId device;
  domain::DeploymentId deployment;
  std::string data;  // one small JSON object
  friend bool operator==(const Event&, const Event&) = default;
};

struct Webhook {
  WebhookId id;
  domain::TenantId tenant;
  std::string url;
  std::vector<std::string> types;  // as event_type_matches(); none: every type
  std::string secret_sealed;
  bool disabled = false;
  base::Time created_at;
  base::Time updated_at;
  friend bool operator==(const Webhook&, const Webhook&) = default;
};

// Everything up to `event` was delivered, is not for this webhook, or lies with its dead letters.
struct WebhookCursor {
  WebhookId webhook;
  int64_t event = 0;
  friend bool operator==(const WebhookCursor&, const WebhookCursor&) = default;
};

// An event that a webhook did not take, with a copy of it: the log may forget it before people
// look.
struct DeadLetter {
  WebhookId webhook;
  Event event;
  int64_t attempts = 0;
  base::Time failed_at;
  std::string error;
  friend bool operator==(const DeadLetter&, const DeadLetter&) = default;
};

struct WebhookRows {
  std::vector<Webhook> webhooks;
  std::vector<WebhookCursor> cursors;
};

struct EraseDeadLetter {
  WebhookId webhook;
  int64_t event = 0;
};

// The oldest events go.
struct PruneEvents {
  int64_t up_to = 0;
};

struct EventRange {
  int64_t after = 0;
  int64_t before = INT64_MAX;
  bool newest_first = false;
  size_t limit = 100;
};

struct EventSpan {
  int64_t oldest = 0;  // 0: there is none
  int64_t newest = 0;
  friend bool operator==(const EventSpan&, const EventSpan&) = default;
};

}  // namespace otaru::app
