// SPDX-License-Identifier: Apache-2.0
// The log of events: as a list, and as a stream.
#include "api/event_stream.h"
#include "api/handlers.h"
#include "base/limits.h"

namespace otaru::api {
namespace {

using base::Code;
namespace limits = base::limits;

std::vector<std::string> split_types(const std::optional<std::string>& text) {
  std::vector<std::string> out;
  if (!text) return out;
  for (size_t from = 0; from <= text->size();) {
    const size_t comma = std::min(text->find(',', from), text->size());
    out.emplace_back(base::trim(std::string_view(*text).substr(from, comma - from)));
    from = comma + 1;
  }
  return out;
}

base::Result<EventFilter> filter_of(const Call& call, Query& query) {
  EventFilter out;
  const auto tenant_name = query.text("tenant");
  OTARU_TRY(tenant, call.scope(tenant_name));
  out.tenant = tenant;
  out.types = split_types(query.text("types"));
  OTARU_CHECK(app::check_event_types("types", out.types));
  if (const auto key = query.text("device")) {
    OTARU_TRY(of, call.tenant(tenant_name));
    OTARU_TRY(device, call.store().find_device(of, *key));
    if (!device) return base::fail_field(Code::not_found, "device", "there is no such device");
    out.device = device->id;
  }
  if (const auto id = query.integer("deployment")) {
    OTARU_TRY(deployment, call.deployment(*id, "deployment"));
    out.deployment = deployment->id;
  }
  return out;
}

// "12", as answers and streams give it.
base::Result<int64_t> event_id(const std::string& text, std::string_view field) {
  const auto id = base::parse_int(text);
  if (id && *id >= 0) return *id;
  return base::fail_field(Code::invalid, std::string(field), "is no id of an event");
}

std::string owner_of(const Call& call) {
  const app::Actor actor = call.by();
  return std::string(name_of(actor.kind)) + " " + std::to_string(actor.id);
}

// A stream must not outlive the key it was opened with.
std::function<bool()> still_allowed(const Call& call) {
  if (call.actor.key == nullptr) {
    return [] { return true; };
  }
  return [engine = call.parts.engine, id = call.actor.key->id] {
    const auto snapshot = engine->snapshot();
    const auto* row = snapshot->credential(id);
    return row != nullptr && !row->disabled;
  };
}

}  // namespace

Answer list_events(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(filter, filter_of(call, query));
  const Page page = query.page();
  OTARU_CHECK(query.done());
  app::EventRange range;
  range.newest_first = true;
  range.limit = limits::kEventPageMax;
  if (!page.cursor.empty()) {
    const auto before = base::parse_int(page.cursor);
    if (!before || *before < 1) return base::fail(wrong_cursor().error());
    range.before = *before;
  }
  base::JsonWriter out;
  out.begin_object();
  out.key("items");
  out.begin_array();
  size_t count = 0;
  size_t looked_at = 0;
  bool more = true;
  while (more && count < page.limit && looked_at < limits::kEventScanMax) {
    OTARU_TRY(rows, call.store().read_events(range));
    more = rows.size() == range.limit;
    looked_at += rows.size();
    for (size_t i = 0; i < rows.size() && count < page.limit; ++i) {
      range.before = rows[i].id;
      if (!filter.matches(rows[i])) continue;
      app::write_event(out, rows[i], *call.snapshot);
      ++count;
      more = more || i + 1 < rows.size();
    }
  }
  out.end_array();
  if (more && range.before > 1) {
    out.member("next_cursor", std::to_string(range.before));
  } else {
    out.null_member("next_cursor");
  }
  out.end_object();
  return json_response(200, out.take());
}

Answer stream_events(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  EventStreamSpec spec;
  OTARU_TRY(filter, filter_of(call, query));
  spec.filter = std::move(filter);
  const auto asked = query.text("last_event_id");
  OTARU_CHECK(query.done());
  spec.engine = call.parts.engine;
  spec.post = call.parts.post;
  spec.after = spec.engine->events().span().newest;
  // What a browser sends by itself when it connects again is newer than what the page once asked.
  const auto header = call.request.header("Last-Event-ID");
  if (header && !header->empty()) {
    OTARU_TRY(id, event_id(std::string(*header), "Last-Event-ID"));
    spec.after = id;
  } else if (asked) {
    OTARU_TRY(id, event_id(*asked, "last_event_id"));
    spec.after = id;
  }
  spec.allowed = still_allowed(call);
  OTARU_TRY(slot, call.parts.streams->take(owner_of(call)));
  spec.slot = slot;
  http::Response response(200);
  response.header("Content-Type", "text/event-stream")
      .header("Cache-Control", "no-store")
      .header("X-Accel-Buffering", "no")  // nginx would gather events until its buffer is full
      .slot(http::Slot::connection);
  response.stream(make_event_stream(std::move(spec)));
  return response;
}

}  // namespace otaru::api
