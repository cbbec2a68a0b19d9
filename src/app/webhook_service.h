// SPDX-License-Identifier: Apache-2.0
// Webhooks: who is told of events by HTTP. The outbox is the log of events itself: each webhook has
// a durable cursor into it, and everything behind the cursor is owed to it, also after a crash.
// Deliveries are at least once, in the order of the log, one at a time per webhook. One that fails
// is tried again with growing pauses; after the last attempt it becomes a dead letter, and the next
// event has its turn.
//
// Threads: any. Blocks: changes wait for the store, test() for the receiver.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/actor.h"
#include "app/engine.h"
#include "app/executor.h"
#include "app/ports/http_client.h"
#include "app/secrets.h"
#include "base/random.h"

namespace otaru::app {

struct WebhookOptions {
  Reach reach = Reach::public_only;
  int64_t retry_first_ms = base::limits::kWebhookRetryFirstMs;
  int64_t attempts_max = base::limits::kWebhookAttemptsMax;
  int64_t timeout_ms = base::limits::kWebhookTimeoutMs;
};

struct WebhookChange {
  std::optional<std::string> url;
  std::optional<std::vector<std::string>> types;
  std::optional<bool> disabled;  // while it is so, events pass it by
};

// One attempt, as people look at it; the newest kWebhookDeliveriesKept since the start.
struct Delivery {
  int64_t event = 0;  // 0: a test
  std::string type;
  base::Time at;
  int64_t attempt = 1;
  int64_t duration_ms = 0;
  int status = 0;     // 0: no answer
  std::string error;  // empty: taken
};

class WebhookService {
 public:
  struct Made {
    Webhook webhook;
    std::string secret;  // to be shown once
  };
  struct Status {
    Webhook webhook;
    int64_t backlog = 0;   // events between its cursor and the newest, its own or not
    int64_t attempts = 0;  // failed ones of the event that is due
    std::optional<base::Time> next_attempt_at;
  };

  WebhookService(Engine& engine, HttpClient& http, Executor& workers, const Secrets& secrets,
                 base::Random& random, WebhookOptions options);
  ~WebhookService();  // stop()
  WebhookService(const WebhookService&) = delete;
  WebhookService& operator=(const WebhookService&) = delete;

  base::Status start();
  void stop();  // no further deliveries; those under way end as the client is stopped
  void tick();  // about once a second: what is due again

  std::vector<Status> list() const;
  base::Result<Status> find(WebhookId id) const;  // Code::not_found
  base::Result<Made> create(const Actor& actor, domain::TenantId tenant, const WebhookChange& with);
  base::Result<Webhook> update(const Actor& actor, WebhookId id, const WebhookChange& with);
  base::Status remove(const Actor& actor, WebhookId id);
  // Sends an event "webhook.test" that is in no log; what became of it.
  base::Result<Delivery> test(WebhookId id);
  base::Result<std::vector<Delivery>> deliveries(WebhookId id) const;  // newest first
  base::Result<std::vector<DeadLetter>> dead_letters(WebhookId id, int64_t after, size_t limit);
  // One more attempt for one dead letter, or for all; returns how many. Taken ones are no dead
  // letters any more.
  base::Result<int64_t> replay(WebhookId id, std::optional<int64_t> event);

  struct Stats {
    std::atomic<int64_t> delivered{0};
    std::atomic<int64_t> failed{0};
    std::atomic<int64_t> dead_letters{0};
    std::atomic<int64_t> missed{0};  // events that were pruned before they could be delivered
  };
  const Stats& stats() const { return stats_; }

 private:
  struct Target;
  using TargetPtr = std::shared_ptr<Target>;

  TargetPtr target(WebhookId id) const;
  base::Status check(const WebhookChange& with) const;
  void note_change(WriteBatch& batch, const Actor& actor, std::string_view action,
                   const Webhook* before, const Webhook* after) const;
  void wake();  // committer's thread: has pump() run on a worker
  void pump();
  void work(const TargetPtr& target);
  bool work_once(Target& target);
  bool replay_one(Target& target);
  bool deliver_next(Target& target, int64_t cursor);
  Delivery send(const Target& target, const Event& event, int64_t attempt);
  void note(Target& target, const Delivery& delivery);
  void taken(Target& target, int64_t event);
  void not_taken(Target& target, const Event& event, const Delivery& delivery);
  base::Status bury(Target& target, const Event& event, const Delivery& delivery);
  void missed(Target& target, int64_t count);
  void save_cursor(Target& target);
  void tell_what_is_owed();
  int64_t pause_after(int64_t attempts);

  Engine& engine_;
  HttpClient& http_;
  Executor& workers_;
  const Secrets& secrets_;
  base::Random& random_;
  const WebhookOptions options_;
  Stats stats_;
  mutable std::mutex mutex_;  // targets_ and what is in them
  std::map<WebhookId, TargetPtr> targets_;
  int64_t last_id_ = 0;
  uint64_t listener_ = 0;
  std::atomic<bool> stopped_{false};
  std::atomic<bool> pumping_{false};
  std::atomic<size_t> enabled_{0};
};

// "v1=" and the hex of HMAC-SHA-256(secret, "timestamp.body"): the value of Otaru-Signature.
std::string webhook_signature(std::string_view secret, std::string_view timestamp,
                              std::string_view body);

}  // namespace otaru::app
