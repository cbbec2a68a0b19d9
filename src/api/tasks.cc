// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"
#include "api/listing.h"

namespace otaru::api {
namespace {

using base::Code;

constexpr size_t kTasksScannedMax = 5'000;  // of one request with a filter, some 100 ms of work

struct TaskOwner {
  domain::TenantId tenant;
  std::string key;
};

base::Result<TaskOwner> owner_of(const Call& call, const domain::Task& task) {
  OTARU_TRY(device, call.store().find_device(task.device));
  if (!device) return base::fail(Code::not_found, "the device was deleted meanwhile");
  return TaskOwner{device->tenant, device->key};
}

void write_task(base::JsonWriter& out, const Call& call, const domain::Task& task,
                const TaskOwner& owner) {
  out.begin_object();
  out.member("id", task.id.value);
  out.member("tenant", call.tenant_name(owner.tenant));
  out.member("device", owner.key);
  out.member("deployment", task.deployment.value);
  out.member("product", task.product.value);
  out.member("release", task.target.value);
  out.member("slot", task.slot);
  out.member("from_version", task.from_version);
  out.member("target_version", task.target_version);
  out.key("packages");
  out.begin_array();
  for (const auto id : task.chain) out.value(id.value);
  out.end_array();
  out.member("steps_done", task.steps_done);
  out.member("state", domain::name_of(task.state));
  out.member("attempt", task.attempt);
  out.member("progress_percent", task.progress_percent);
  out.member("failure", domain::name_of(task.failure));
  out.member("result", task.result);
  time_member(out, "created_at", task.created_at);
  time_member(out, "updated_at", task.updated_at);
  out.end_object();
}

// Newest first. With a filter as many tasks are looked at as one request may.
Answer list(const Call& call, app::TaskFilter filter, const ListOptions& options) {
  if (!options.sort.empty() && options.sort != "-id") {
    return base::fail_field(Code::invalid, "sort", "tasks are listed newest first",
                            "leave it out, or say -id");
  }
  OTARU_TRY(wanted, compile_list_filter(task_list_words(), options.filter));
  if (!options.page.cursor.empty()) {
    const auto before = base::parse_int(options.page.cursor);
    if (!before || *before < 1) return base::fail(wrong_cursor().error());
    filter.before_id = *before;
  }
  base::JsonWriter out;
  out.begin_object();
  out.key("items");
  out.begin_array();
  size_t found = 0;
  size_t scanned = 0;
  bool more = true;
  while (more && found < options.page.limit && scanned < kTasksScannedMax) {
    filter.limit = options.page.limit + 1;
    OTARU_TRY(rows, call.store().list_tasks(filter));
    more = rows.size() == filter.limit;
    for (const auto& task : rows) {
      if (found == options.page.limit) {
        more = true;
        break;
      }
      ++scanned;
      filter.before_id = task.id.value;
      // A device that was deleted between the two reads takes its tasks along.
      const auto owner = owner_of(call, task);
      if (!owner && owner.error().code != Code::not_found) return base::fail(owner.error());
      if (!owner) continue;
      base::JsonWriter item;
      write_task(item, call, task, *owner);
      std::string json = item.take();
      if (!wanted.everything()) {
        OTARU_TRY(document, base::JsonDocument::parse(json));
        const JsonSubject subject(task_list_words(), *call.snapshot, document.root());
        if (!wanted.matches(subject)) continue;
      }
      ++found;
      if (!options.fields.empty()) {
        OTARU_TRY(some, with_fields(json, options.fields));
        json = std::move(some);
      }
      out.raw(json);
    }
  }
  out.end_array();
  if (more) {
    out.member("next_cursor", std::to_string(filter.before_id));
  } else {
    out.null_member("next_cursor");
  }
  out.member("scanned", scanned);
  out.end_object();
  return json_response(200, out.take());
}

struct Found {
  domain::Task task;
  TaskOwner owner;
};

base::Result<Found> find(const Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(task, call.store().find_task(domain::TaskId{id}));
  if (task) {
    auto owner = owner_of(call, *task);
    if (!owner && owner.error().code != Code::not_found) return base::fail(owner.error());
    if (owner && call.sees(owner->tenant)) return Found{std::move(*task), std::move(*owner)};
  }
  return base::fail_field(Code::not_found, "id", "there is no task " + std::to_string(id));
}

http::Response task_response(const Call& call, const Found& found) {
  base::JsonWriter out;
  write_task(out, call, found.task, found.owner);
  return json_response(200, out.take());
}

Answer act(Call& call, app::TaskAction action) {
  OTARU_TRY(body, Body::of(call.request, Presence::optional));
  OTARU_CHECK(body.fields().done());
  OTARU_TRY(known, find(call));
  OTARU_CHECK(call.parts.fleet->act(call.by(), known.task.id, action));
  OTARU_TRY(now, find(call));
  return task_response(call, now);
}

base::Result<domain::ConsentStep> parse_answer(std::string_view text) {
  if (text == "grant") return domain::ConsentStep::granted;
  if (text == "postpone") return domain::ConsentStep::postponed;
  if (text == "refuse") return domain::ConsentStep::refused;
  return base::fail(Code::invalid, "it is none of: grant, postpone, refuse");
}

}  // namespace

Answer list_device_tasks(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(device, named_device(call, query));
  const auto options = query.list_options();
  OTARU_CHECK(query.done());
  app::TaskFilter filter;
  filter.device = device.device.id;
  return list(call, filter, options);
}

Answer list_tasks(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  app::TaskFilter filter;
  OTARU_TRY(tenant, call.scope(query.text("tenant")));
  filter.tenant = tenant;
  if (const auto id = query.integer("deployment")) {
    OTARU_TRY(deployment, call.deployment(*id, "deployment"));
    filter.deployment = deployment->id;
  }
  filter.state = query.word("state", domain::parse_task_state);
  const auto options = query.list_options();
  OTARU_CHECK(query.done());
  return list(call, filter, options);
}

Answer get_task(Call& call) {
  OTARU_TRY(found, find(call));
  return task_response(call, found);
}

Answer list_task_history(Call& call) {
  OTARU_TRY(found, find(call));
  OTARU_TRY(history, call.store().task_history(found.task.id));
  return list_all(history, [](base::JsonWriter& out, const domain::TaskHistory& entry) {
    out.begin_object();
    out.member("sequence", entry.sequence);
    time_member(out, "at", entry.at);
    out.member("from", domain::name_of(entry.from));
    out.member("to", domain::name_of(entry.to));
    out.member("event", entry.event);
    out.member("detail", entry.detail);
    out.end_object();
  });
}

Answer cancel_task(Call& call) {
  return act(call, app::TaskAction::cancel);
}
Answer pause_task(Call& call) {
  return act(call, app::TaskAction::pause);
}
Answer resume_task(Call& call) {
  return act(call, app::TaskAction::resume);
}

Answer answer_task_consent(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const std::string action = fields.required_text("action");
  const auto until = fields.time_or_null("until");
  OTARU_CHECK(fields.done());
  auto step = parse_answer(action);
  if (!step) return base::fail_rule(Code::invalid, "action", "enum", step.error().message);
  OTARU_TRY(known, find(call));
  OTARU_CHECK(call.parts.fleet->answer_consent(call.by(), known.task.id, *step,
                                               until.value_or(std::nullopt)));
  OTARU_TRY(now, find(call));
  return task_response(call, now);
}

}  // namespace otaru::api
