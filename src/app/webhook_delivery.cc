// SPDX-License-Identifier: Apache-2.0
// WebhookService: the deliveries.
#include <algorithm>

#include "app/event_log.h"
#include "app/webhook_target.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "base/log.h"

namespace otaru::app {

namespace limits = base::limits;

std::string webhook_signature(std::string_view secret, std::string_view timestamp,
                              std::string_view body) {
  const std::string text = std::string(timestamp) + "." + std::string(body);
  return "v1=" + base::hex(base::hmac(base::HashKind::sha256, secret, text));
}

void WebhookService::wake() {
  if (stopped_ || enabled_ == 0 || pumping_.exchange(true)) return;
  workers_.post([this] { pump(); });
}

// Gives every webhook that has something due to a worker.
void WebhookService::pump() {
  pumping_ = false;
  const base::Time now = engine_.clock().now();
  const int64_t newest = engine_.events().span().newest;
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  for (const auto& [id, target] : targets_) {
    const bool due = target->cursor < newest && target->next_attempt_at <= now;
    if (target->busy || target->row.disabled || (!due && target->replays.empty())) continue;
    target->busy = true;
    workers_.post([this, kept = target] { work(kept); });
  }
}

void WebhookService::work(const TargetPtr& target) {
  // A few deliveries, then the others have their turn.
  for (size_t i = 0; i < limits::kWebhookTurn; ++i) {
    if (!work_once(*target)) return;
  }
  workers_.post([this, target] { work(target); });
}

// False: there is nothing to do now, and the target is nobody's any more.
bool WebhookService::work_once(Target& target) {
  int64_t cursor = 0;
  {
    const std::lock_guard lock(mutex_);
    const bool over = stopped_ || target.gone || target.row.disabled;
    const bool waits = target.next_attempt_at > engine_.clock().now() ||
                       target.cursor >= engine_.events().span().newest;
    if (over || (waits && target.replays.empty())) {
      target.busy = false;
      return false;
    }
    cursor = target.cursor;
  }
  return replay_one(target) || deliver_next(target, cursor);
}

bool WebhookService::replay_one(Target& target) {
  int64_t event = 0;
  {
    const std::lock_guard lock(mutex_);
    if (target.replays.empty()) return false;
    event = target.replays.front();
    target.replays.pop_front();
  }
  const auto found = engine_.store().list_dead_letters(target.row.id, event - 1, 1);
  if (!found || found->empty() || found->front().event.id != event) return true;
  DeadLetter letter = found->front();
  const Delivery delivery = send(target, letter.event, letter.attempts + 1);
  note(target, delivery);
  WriteBatch batch;
  if (delivery.error.empty()) {
    batch.ops.emplace_back(EraseDeadLetter{target.row.id, event});
  } else {
    letter.attempts += 1;
    letter.failed_at = delivery.at;
    letter.error = delivery.error;
    batch.ops.emplace_back(std::move(letter));
  }
  if (const auto written = engine_.write_and_wait(std::move(batch)); !written) {
    base::log::warn("webhook.replay_not_noted", {{"message", written.error().message}});
  }
  return true;
}

// The next event behind the cursor that this webhook wants.
bool WebhookService::deliver_next(Target& target, int64_t cursor) {
  const auto page = engine_.events().read(cursor, limits::kEventPageMax);
  if (!page || page->empty()) {
    if (!page) base::log::warn("webhook.read_failed", {{"message", page.error().message}});
    const std::lock_guard lock(mutex_);
    target.next_attempt_at = engine_.clock().now() + limits::kWebhookRetryFirstMs;
    target.busy = false;
    return false;
  }
  if (page->front()->id > cursor + 1) missed(target, page->front()->id - cursor - 1);
  for (const auto& event : *page) {
    int64_t attempt = 0;
    {
      const std::lock_guard lock(mutex_);
      const bool wanted =
          event->tenant == target.row.tenant && event_type_matches(target.row.types, event->type);
      if (!wanted) {
        target.cursor = event->id;
        continue;
      }
      attempt = target.attempts + 1;
    }
    const Delivery delivery = send(target, *event, attempt);
    if (stopped_ && !delivery.error.empty()) return true;  // cut short by us: it does not count
    note(target, delivery);
    if (delivery.error.empty()) {
      taken(target, event->id);
    } else {
      not_taken(target, *event, delivery);
    }
    return true;
  }
  // Events of others only are looked at again after a crash: not worth a write each.
  bool far = false;
  {
    const std::lock_guard lock(mutex_);
    far = target.cursor - target.saved_cursor >= limits::kWebhookSkipsUnsaved;
  }
  if (far) save_cursor(target);
  return true;
}

Delivery WebhookService::send(const Target& target, const Event& event, int64_t attempt) {
  Delivery out;
  out.event = event.id;
  out.type = event.type;
  out.at = engine_.clock().now();
  out.attempt = attempt;
  base::JsonWriter body;
  write_event(body, event, *engine_.snapshot());
  HttpRequest request;
  std::string secret;
  {
    const std::lock_guard lock(mutex_);
    request.url = target.row.url;
    secret = target.secret;
  }
  request.method = "POST";
  request.body = body.take();
  request.reach = options_.reach;
  request.connect_timeout_ms = std::min(options_.timeout_ms, limits::kOutboundConnectTimeoutMs);
  request.total_timeout_ms = options_.timeout_ms;
  request.response_bytes_max = limits::kWebhookResponseBytesMax;
  const std::string timestamp = std::to_string(out.at.seconds());
  // The same for every attempt, so that a receiver knows what it has seen.
  const std::string delivery_id =
      std::to_string(target.row.id.value) + "-" + std::to_string(event.id);
  request.headers = {{"Content-Type", "application/json"},
                     {"Otaru-Event", event.type},
                     {"Otaru-Delivery", delivery_id},
                     {"Otaru-Timestamp", timestamp},
                     {"Otaru-Signature", webhook_signature(secret, timestamp, request.body)}};
  const auto reply = http_.send(request);
  out.duration_ms = engine_.clock().now() - out.at;
  if (!reply) {
    out.error = reply.error().message;
  } else {
    out.status = reply->status;
    const bool moved = out.status >= 300 && out.status < 400;
    if (moved) out.error = "status " + std::to_string(out.status) + ": redirects are not followed";
    if (out.status < 200 || out.status >= 400) out.error = "status " + std::to_string(out.status);
  }
  (out.error.empty() ? stats_.delivered : stats_.failed) += 1;
  return out;
}

void WebhookService::note(Target& target, const Delivery& delivery) {
  const std::lock_guard lock(mutex_);
  target.recent.push_front(delivery);
  if (target.recent.size() > limits::kWebhookDeliveriesKept) target.recent.pop_back();
}

void WebhookService::taken(Target& target, int64_t event) {
  {
    const std::lock_guard lock(mutex_);
    target.cursor = event;
    target.attempts = 0;
    target.next_attempt_at = {};
  }
  save_cursor(target);
}

void WebhookService::not_taken(Target& target, const Event& event, const Delivery& delivery) {
  {
    const std::lock_guard lock(mutex_);
    target.attempts += 1;
    target.next_attempt_at = engine_.clock().now() + pause_after(target.attempts);
    if (target.attempts < options_.attempts_max) return;
  }
  if (const auto buried = bury(target, event, delivery); !buried) {
    base::log::error("webhook.dead_letter_failed", {{"message", buried.error().message}});
    return;  // tried again after the pause: it must not be lost
  }
  const std::lock_guard lock(mutex_);
  target.cursor = target.saved_cursor = event.id;
  target.attempts = 0;
  target.next_attempt_at = {};
}

base::Status WebhookService::bury(Target& target, const Event& event, const Delivery& delivery) {
  const WebhookId id = target.row.id;
  // The oldest one makes room.
  OTARU_TRY(known, engine_.store().list_dead_letters(id, 0, limits::kWebhookDeadLettersMax));
  WriteBatch batch;
  if (known.size() >= limits::kWebhookDeadLettersMax) {
    batch.ops.emplace_back(EraseDeadLetter{id, known.front().event.id});
  }
  batch.ops.emplace_back(DeadLetter{id, event, delivery.attempt, delivery.at, delivery.error});
  batch.ops.emplace_back(WebhookCursor{id, event.id});
  // An alarm about an alarm would never end.
  if (!event.type.starts_with("alarm.")) {
    Event alarm;
    alarm.at = delivery.at;
    alarm.tenant = target.row.tenant;
    alarm.type = "alarm.webhook_dead_letter";
    base::JsonWriter data;
    data.begin_object();
    data.member("webhook", id.value);
    data.member("event", std::to_string(event.id));
    data.member("error", delivery.error);
    data.end_object();
    alarm.data = data.take();
    batch.events.push_back(std::move(alarm));
  }
  stats_.dead_letters += 1;
  base::log::warn("webhook.dead_letter",
                  {{"webhook", id.value}, {"event", event.id}, {"error", delivery.error}});
  return engine_.write_and_wait(std::move(batch));
}

// The log has forgotten what it still owed: said loudly, and gone on.
void WebhookService::missed(Target& target, int64_t count) {
  stats_.missed += count;
  base::log::error("webhook.events_missed", {{"webhook", target.row.id.value}, {"events", count}});
  Event alarm;
  alarm.at = engine_.clock().now();
  alarm.tenant = target.row.tenant;
  alarm.type = "alarm.event_backlog";
  base::JsonWriter data;
  data.begin_object();
  data.member("webhook", target.row.id.value);
  data.member("missed", count);
  data.end_object();
  alarm.data = data.take();
  WriteBatch batch;
  batch.events.push_back(std::move(alarm));
  if (const auto told = engine_.write_and_wait(std::move(batch)); !told) {
    base::log::error("webhook.alarm_failed", {{"message", told.error().message}});
  }
}

// Not waited for: an older cursor after a crash means a delivery twice, never none.
void WebhookService::save_cursor(Target& target) {
  WriteBatch batch;
  {
    const std::lock_guard lock(mutex_);
    if (target.gone || target.cursor == target.saved_cursor) return;
    batch.ops.emplace_back(WebhookCursor{target.row.id, target.cursor});
    target.saved_cursor = target.cursor;
  }
  if (const auto submitted = engine_.committer().submit(std::move(batch), nullptr); !submitted) {
    base::log::warn("webhook.cursor_not_saved", {{"message", submitted.error().message}});
  }
}

// With jitter, so that the webhooks of one receiver that was down do not come back all at once.
int64_t WebhookService::pause_after(int64_t attempts) {
  int64_t pause = options_.retry_first_ms;
  for (int64_t i = 1; i < attempts && pause < limits::kWebhookRetryMaxMs; ++i) pause *= 2;
  pause = std::min(pause, limits::kWebhookRetryMaxMs);
  return pause / 2 + static_cast<int64_t>(random_.below(static_cast<uint64_t>(pause / 2 + 1)));
}

}  // namespace otaru::app
