// SPDX-License-Identifier: Apache-2.0
#include "app/webhook_service.h"

#include <algorithm>

#include "app/event_log.h"
#include "app/journal.h"
#include "app/journal_changes.h"
#include "app/webhook_target.h"
#include "base/log.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;

base::Error no_such_webhook() {
  return {Code::not_found, "there is no such webhook", {}, "id", {}};
}

// What a client can ask for, without a login in it: that would be shown in lists and logs.
base::Status check_url(const std::string& url) {
  const auto wrong = [](std::string why) {
    return base::fail_field(Code::invalid, "url", std::move(why),
                            "for example https://example.com/hooks/otaru");
  };
  if (url.size() > limits::kOutboundUrlBytesMax) return wrong("it is too long");
  const size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  if (scheme == 0) return wrong("it begins with neither https:// nor http://");
  const std::string_view rest = std::string_view(url).substr(scheme);
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  if (host.empty() || host.starts_with(':')) return wrong("it names no host");
  if (host.find('@') != std::string_view::npos) return wrong("a login has no place in it");
  for (const char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f) return wrong("blanks and letters beyond ASCII are encoded");
  }
  return {};
}

}  // namespace

WebhookService::WebhookService(Engine& engine, HttpClient& http, Executor& workers,
                               const Secrets& secrets, base::Random& random, WebhookOptions options)
    : engine_(engine),
      http_(http),
      workers_(workers),
      secrets_(secrets),
      random_(random),
      options_(options) {}

WebhookService::~WebhookService() {
  stop();
}

base::Status WebhookService::start() {
  OTARU_TRY(rows, engine_.store().load_webhooks());
  OTARU_TRY(water, engine_.store().high_water());
  {
    const std::lock_guard lock(mutex_);
    last_id_ = water.webhook;
    for (auto& row : rows.webhooks) {
      auto target = std::make_shared<Target>();
      OTARU_TRY(secret, secrets_.unseal_text(row.secret_sealed));
      target->secret = secret;
      for (const auto& cursor : rows.cursors) {
        if (cursor.webhook == row.id) target->cursor = target->saved_cursor = cursor.event;
      }
      if (!row.disabled) ++enabled_;
      target->row = std::move(row);
      targets_.emplace(target->row.id, target);
    }
  }
  tell_what_is_owed();
  listener_ = engine_.events().subscribe([this] { wake(); });
  wake();
  return {};
}

void WebhookService::stop() {
  if (stopped_.exchange(true)) return;
  if (listener_ != 0) engine_.events().unsubscribe(listener_);
}

void WebhookService::tick() {
  tell_what_is_owed();
  wake();
}

void WebhookService::tell_what_is_owed() {
  int64_t behind = INT64_MAX;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, target] : targets_) {
      if (!target->row.disabled) behind = std::min(behind, target->saved_cursor);
    }
  }
  engine_.events().set_owed_behind(behind);
}

WebhookService::TargetPtr WebhookService::target(WebhookId id) const {
  const auto at = targets_.find(id);
  return at == targets_.end() ? nullptr : at->second;
}

std::vector<WebhookService::Status> WebhookService::list() const {
  std::vector<Status> out;
  const int64_t newest = engine_.events().span().newest;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, known] : targets_) {
    Status& status = out.emplace_back();
    status.webhook = known->row;
    status.backlog = known->row.disabled ? 0 : std::max<int64_t>(newest - known->cursor, 0);
    status.attempts = known->attempts;
    if (known->attempts > 0) status.next_attempt_at = known->next_attempt_at;
  }
  return out;
}

base::Result<WebhookService::Status> WebhookService::find(WebhookId id) const {
  for (auto& status : list()) {
    if (status.webhook.id == id) return std::move(status);
  }
  return base::fail(no_such_webhook());
}

void WebhookService::note_change(WriteBatch& batch, const Actor& actor, std::string_view action,
                                 const Webhook* before, const Webhook* after) const {
  const Webhook& row = after != nullptr ? *after : *before;
  const std::string id = std::to_string(row.id.value);
  Changes changes;
  changes.row("webhook", id, before, after);
  if (changes.empty()) return;
  const Deed deed{std::string(action), "webhook", id, row.url, engine_.tenant_name(row.tenant)};
  batch.journal.push_back(make_entry(actor, engine_.clock().now(), deed, changes.take()));
}

base::Status WebhookService::check(const WebhookChange& with) const {
  if (with.url) OTARU_CHECK(check_url(*with.url));
  if (with.types) OTARU_CHECK(check_event_types("types", *with.types));
  return {};
}

base::Result<WebhookService::Made> WebhookService::create(const Actor& actor,
                                                          domain::TenantId tenant,
                                                          const WebhookChange& with) {
  OTARU_CHECK(check(with));
  Made made;
  auto target = std::make_shared<Target>();
  target->secret = made.secret = generate_secret(random_, "whsec_");
  target->cursor = target->saved_cursor = engine_.events().span().newest;
  Webhook& row = target->row;
  row.tenant = tenant;
  row.url = with.url.value_or(std::string());
  row.types = with.types.value_or(std::vector<std::string>());
  row.disabled = with.disabled.value_or(false);
  row.secret_sealed = secrets_.seal_text(made.secret);
  row.created_at = row.updated_at = engine_.clock().now();
  {
    const std::lock_guard lock(mutex_);
    if (targets_.size() >= limits::kWebhooksMax) {
      return base::fail(Code::exhausted, "there are too many webhooks");
    }
    row.id = WebhookId(++last_id_);
  }
  WriteBatch batch;
  batch.ops.emplace_back(row);
  batch.ops.emplace_back(WebhookCursor{row.id, target->cursor});
  note_change(batch, actor, "webhook.create", nullptr, &row);
  OTARU_CHECK(engine_.write_and_wait(std::move(batch)));
  made.webhook = row;
  const std::lock_guard lock(mutex_);
  if (!row.disabled) ++enabled_;
  targets_.emplace(row.id, target);
  return made;
}

base::Result<Webhook> WebhookService::update(const Actor& actor, WebhookId id,
                                             const WebhookChange& with) {
  OTARU_CHECK(check(with));
  TargetPtr known;
  Webhook before;
  {
    const std::lock_guard lock(mutex_);
    known = target(id);
    if (!known) return base::fail(no_such_webhook());
    before = known->row;
  }
  Webhook next = before;
  const bool wakes_up = next.disabled && !with.disabled.value_or(true);
  if (with.url) next.url = *with.url;
  if (with.types) next.types = *with.types;
  if (with.disabled) next.disabled = *with.disabled;
  next.updated_at = engine_.clock().now();
  const int64_t newest = engine_.events().span().newest;
  WriteBatch batch;
  batch.ops.emplace_back(next);
  if (wakes_up) batch.ops.emplace_back(WebhookCursor{id, newest});
  note_change(batch, actor, "webhook.update", &before, &next);
  OTARU_CHECK(engine_.write_and_wait(std::move(batch)));
  {
    const std::lock_guard lock(mutex_);
    if (known->row.disabled && !next.disabled) ++enabled_;
    if (!known->row.disabled && next.disabled) --enabled_;
    known->row = next;
    if (wakes_up) known->cursor = known->saved_cursor = newest;
    // Another address may work at once.
    known->next_attempt_at = {};
  }
  wake();
  return next;
}

base::Status WebhookService::remove(const Actor& actor, WebhookId id) {
  TargetPtr known;
  {
    const std::lock_guard lock(mutex_);
    known = target(id);
    if (!known) return base::fail(no_such_webhook());
    known->gone = true;  // from here on no cursor of it is written
  }
  WriteBatch batch;
  batch.ops.emplace_back(Erase<WebhookId>{id});
  note_change(batch, actor, "webhook.delete", &known->row, nullptr);
  auto written = engine_.write_and_wait(std::move(batch));
  const std::lock_guard lock(mutex_);
  known->gone = written.has_value();
  if (!written) return written;
  if (!known->row.disabled) --enabled_;
  targets_.erase(id);
  return {};
}

base::Result<Delivery> WebhookService::test(WebhookId id) {
  TargetPtr known;
  Event event;
  {
    const std::lock_guard lock(mutex_);
    known = target(id);
    if (!known) return base::fail(no_such_webhook());
    event.tenant = known->row.tenant;
  }
  event.at = engine_.clock().now();
  event.type = "webhook.test";
  base::JsonWriter data;
  data.begin_object();
  data.member("webhook", id.value);
  data.end_object();
  event.data = data.take();
  const Delivery delivery = send(*known, event, 1);
  note(*known, delivery);
  return delivery;
}

base::Result<std::vector<Delivery>> WebhookService::deliveries(WebhookId id) const {
  const std::lock_guard lock(mutex_);
  const auto known = target(id);
  if (!known) return base::fail(no_such_webhook());
  return std::vector<Delivery>(known->recent.begin(), known->recent.end());
}

base::Result<std::vector<DeadLetter>> WebhookService::dead_letters(WebhookId id, int64_t after,
                                                                   size_t limit) {
  return engine_.store().list_dead_letters(id, after, limit);
}

base::Result<int64_t> WebhookService::replay(WebhookId id, std::optional<int64_t> event) {
  const int64_t after = event ? *event - 1 : 0;
  OTARU_TRY(found, engine_.store().list_dead_letters(id, after,
                                                     event ? 1 : limits::kWebhookDeadLettersMax));
  if (event && (found.empty() || found.front().event.id != *event)) {
    return base::fail_field(Code::not_found, "event", "there is no dead letter of that event");
  }
  int64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto known = target(id);
    if (!known) return base::fail(no_such_webhook());
    if (known->row.disabled) {
      return base::fail_field(Code::precondition, "id", "the webhook is disabled",
                              "enable it first");
    }
    for (const auto& letter : found) {
      const int64_t number = letter.event.id;
      const auto at = std::find(known->replays.begin(), known->replays.end(), number);
      if (at == known->replays.end()) known->replays.push_back(number);
      ++count;
    }
  }
  wake();
  return count;
}

}  // namespace otaru::app
