// SPDX-License-Identifier: Apache-2.0
// Webhooks: a tenant's own, seen and changed by who manages its settings.
#include "api/handlers.h"
#include "app/event_log.h"
#include "base/limits.h"

namespace otaru::api {
namespace {

using app::WebhookService;
using base::Code;

void write_webhook(base::JsonWriter& out, const Call& call, const WebhookService::Status& status,
                   const std::string* secret) {
  const app::Webhook& row = status.webhook;
  out.begin_object();
  out.member("id", row.id.value);
  out.member("tenant", call.tenant_name(row.tenant));
  out.member("url", row.url);
  texts_member(out, "types", row.types);
  out.member("disabled", row.disabled);
  out.member("backlog", status.backlog);
  out.member("failed_attempts", status.attempts);
  time_or_null_member(out, "next_attempt_at", status.next_attempt_at);
  time_member(out, "created_at", row.created_at);
  time_member(out, "updated_at", row.updated_at);
  if (secret != nullptr) out.member("secret", *secret);
  out.end_object();
}

http::Response webhook_response(int status, const Call& call, const WebhookService::Status& row,
                                const std::string* secret = nullptr) {
  base::JsonWriter out;
  write_webhook(out, call, row, secret);
  return json_response(status, out.take());
}

void write_delivery(base::JsonWriter& out, const app::Delivery& row) {
  out.begin_object();
  if (row.event == 0) {
    out.null_member("event");
  } else {
    out.member("event", std::to_string(row.event));
  }
  out.member("type", row.type);
  time_member(out, "at", row.at);
  out.member("attempt", row.attempt);
  out.member("duration_ms", row.duration_ms);
  id_or_null_member(out, "status", row.status);
  if (row.error.empty()) {
    out.null_member("error");
  } else {
    out.member("error", row.error);
  }
  out.end_object();
}

base::Result<WebhookService::Status> named(const Call& call) {
  OTARU_TRY(id, call.id());
  auto found = call.parts.webhooks->find(app::WebhookId(id));
  if (found && call.sees(found->webhook.tenant)) return found;
  return base::fail_field(Code::not_found, "id", "there is no webhook " + std::to_string(id));
}

app::WebhookChange change_of(Fields& fields) {
  app::WebhookChange with;
  with.url = fields.text("url");
  with.types = fields.texts("types");
  with.disabled = fields.flag("disabled");
  return with;
}

}  // namespace

Answer list_webhooks(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(tenant, call.scope(query.text("tenant")));
  const Page page = query.page();
  OTARU_CHECK(query.done());
  int64_t after = 0;
  if (!page.cursor.empty()) {
    const auto number = base::parse_int(page.cursor);
    if (!number || *number < 0) return base::fail(wrong_cursor().error());
    after = *number;
  }
  base::JsonWriter out;
  out.begin_object();
  out.key("items");
  out.begin_array();
  size_t count = 0;
  bool more = false;
  for (const auto& status : call.parts.webhooks->list()) {
    const app::Webhook& row = status.webhook;
    if (row.id.value <= after || (tenant && row.tenant != *tenant)) continue;
    more = count == page.limit;
    if (more) break;
    write_webhook(out, call, status, nullptr);
    after = row.id.value;
    ++count;
  }
  out.end_array();
  if (more) {
    out.member("next_cursor", std::to_string(after));
  } else {
    out.null_member("next_cursor");
  }
  out.end_object();
  return json_response(200, out.take());
}

Answer create_webhook(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const auto tenant_name = fields.text("tenant");
  fields.required_text("url");
  const auto with = change_of(fields);
  OTARU_CHECK(fields.done());
  OTARU_TRY(tenant, call.tenant(tenant_name));
  OTARU_TRY(made, call.parts.webhooks->create(call.by(), tenant, with));
  WebhookService::Status status;
  status.webhook = made.webhook;
  return webhook_response(201, call, status, &made.secret);
}

Answer get_webhook(Call& call) {
  OTARU_TRY(found, named(call));
  return webhook_response(200, call, found);
}

Answer update_webhook(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const auto with = change_of(fields);
  OTARU_CHECK(fields.done());
  OTARU_TRY(known, named(call));
  OTARU_CHECK(call.parts.webhooks->update(call.by(), known.webhook.id, with));
  OTARU_TRY(now, named(call));
  return webhook_response(200, call, now);
}

Answer delete_webhook(Call& call) {
  OTARU_TRY(known, named(call));
  OTARU_CHECK(call.parts.webhooks->remove(call.by(), known.webhook.id));
  return no_content();
}

Answer test_webhook(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::optional));
  OTARU_CHECK(body.fields().done());
  OTARU_TRY(known, named(call));
  OTARU_TRY(delivery, call.parts.webhooks->test(known.webhook.id));
  base::JsonWriter out;
  write_delivery(out, delivery);
  return json_response(200, out.take());
}

Answer list_deliveries(Call& call) {
  OTARU_TRY(known, named(call));
  OTARU_TRY(rows, call.parts.webhooks->deliveries(known.webhook.id));
  return list_all(rows, write_delivery);
}

Answer list_dead_letters(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  const Page page = query.page();
  OTARU_CHECK(query.done());
  OTARU_TRY(known, named(call));
  int64_t after = 0;
  if (!page.cursor.empty()) {
    const auto number = base::parse_int(page.cursor);
    if (!number || *number < 0) return base::fail(wrong_cursor().error());
    after = *number;
  }
  OTARU_TRY(rows, call.parts.webhooks->dead_letters(known.webhook.id, after, page.limit + 1));
  const bool more = rows.size() > page.limit;
  if (more) rows.pop_back();
  base::JsonWriter out;
  out.begin_object();
  out.key("items");
  out.begin_array();
  for (const auto& row : rows) {
    out.begin_object();
    out.key("event");
    app::write_event(out, row.event, *call.snapshot);
    out.member("attempts", row.attempts);
    time_member(out, "failed_at", row.failed_at);
    out.member("error", row.error);
    out.end_object();
  }
  out.end_array();
  if (more) {
    out.member("next_cursor", std::to_string(rows.back().event.id));
  } else {
    out.null_member("next_cursor");
  }
  out.end_object();
  return json_response(200, out.take());
}

Answer replay_dead_letters(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::optional));
  auto fields = body.fields();
  const auto text = fields.text("event");
  OTARU_CHECK(fields.done());
  OTARU_TRY(known, named(call));
  std::optional<int64_t> event;
  if (text) {
    event = base::parse_int(*text);
    if (!event || *event < 1) {
      return base::fail_field(Code::invalid, "event", "is no id of an event");
    }
  }
  OTARU_TRY(queued, call.parts.webhooks->replay(known.webhook.id, event));
  base::JsonWriter out;
  out.begin_object();
  out.member("queued", queued);
  out.end_object();
  return json_response(202, out.take());
}

}  // namespace otaru::api
