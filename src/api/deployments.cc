// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"
#include "api/listing.h"

namespace otaru::api {
namespace {

using domain::Deployment;
using domain::TaskState;

constexpr TaskState kTaskStates[] = {
    TaskState::pending, TaskState::downloading, TaskState::upgrading, TaskState::succeeded,
    TaskState::failed,  TaskState::cancelled,   TaskState::paused,    TaskState::expired};

using Counts = std::vector<domain::TaskCount>;

void write_target(base::JsonWriter& out, const domain::DeploymentTarget& target) {
  out.key("target");
  out.begin_object();
  id_or_null_member(out, "release", target.release.value);
  id_or_null_member(out, "kit", target.kit.value);
  if (target.newest_in_channel.empty()) {
    out.null_member("newest_in_channel");
  } else {
    out.member("newest_in_channel", target.newest_in_channel);
  }
  id_or_null_member(out, "product", target.product.value);
  out.end_object();
}

void write_counts(base::JsonWriter& out, const Counts& counts) {
  out.key("counts");
  out.begin_object();
  for (const TaskState state : kTaskStates) {
    int64_t sum = 0;
    for (const auto& row : counts) {
      if (row.state == state) sum += row.n;
    }
    out.member(domain::name_of(state), sum);
  }
  out.end_object();
}

void write_deployment(base::JsonWriter& out, const Call& call, const Deployment& row,
                      const Counts* counts) {
  out.begin_object();
  out.member("id", row.id.value);
  out.member("tenant", call.tenant_name(row.tenant));
  out.member("name", row.name);
  out.member("state", domain::name_of(row.state));
  out.member("priority", row.priority);
  write_target(out, row.target);
  out.member("everyone", row.everyone);
  out.member("device_count", row.device_keys.size());
  texts_member(out, "from_versions", row.from_versions);
  out.member("package_mode", domain::name_of(row.mode));
  out.member("signal_min", row.signal_min);
  out.member("power_min_percent", row.power_min_percent);
  out.member("retry_count", row.retry_count);
  out.member("retry_interval_s", row.retry_interval_s);
  out.member("attempts_max", row.attempts_max);
  time_or_null_member(out, "deadline", row.deadline);
  time_member(out, "created_at", row.created_at);
  time_member(out, "updated_at", row.updated_at);
  out.key("approvals");
  out.begin_array();
  for (const auto& step : row.approvals) {
    out.begin_object();
    out.member("step", name_of(step.step));
    out.member("who", step.who);
    out.member("name", step.name);
    out.member("reason", step.reason);
    time_member(out, "at", step.at);
    out.end_object();
  }
  out.end_array();
  if (counts != nullptr) write_counts(out, *counts);
  out.end_object();
}

http::Response deployment_response(int status, const Call& call, const Deployment& row,
                                   const Counts* counts = nullptr) {
  base::JsonWriter out;
  write_deployment(out, call, row, counts);
  return json_response(status, out.take());
}

std::optional<domain::DeploymentTarget> read_target(std::optional<Fields>& fields) {
  if (!fields) return std::nullopt;
  domain::DeploymentTarget target;
  target.release = domain::ReleaseId{fields->id_or_null("release")};
  target.kit = domain::KitId{fields->id_or_null("kit")};
  target.newest_in_channel = fields->text_or_null("newest_in_channel").value_or("");
  target.product = domain::ProductId{fields->id_or_null("product")};
  return target;
}

base::Result<app::DeploymentChange> read_deployment(Fields& fields) {
  app::DeploymentChange with;
  with.name = fields.text("name");
  auto target = fields.object("target");
  with.target = read_target(target);
  with.priority = fields.integer("priority");
  with.everyone = fields.flag("everyone");
  with.devices = fields.texts("devices");
  with.from_versions = fields.texts("from_versions");
  with.package_mode = fields.word("package_mode", domain::parse_package_mode);
  with.signal_min = fields.integer("signal_min");
  with.power_min_percent = fields.integer("power_min_percent");
  with.retry_count = fields.integer("retry_count");
  with.retry_interval_s = fields.integer("retry_interval_s");
  with.attempts_max = fields.integer("attempts_max");
  with.deadline = fields.time_or_null("deadline");
  OTARU_CHECK(fields.done());
  if (target) OTARU_CHECK(target->done());
  return with;
}

// Whose a deployment is when nobody says so: its target's.
base::Result<domain::TenantId> tenant_of_target(const Call& call,
                                                const app::DeploymentChange& with) {
  if (with.target && with.target->release) {
    OTARU_TRY(release, call.release(with.target->release.value, "target.release"));
    return call.tenant_of(*release);
  }
  if (with.target && with.target->kit) {
    OTARU_TRY(kit, call.kit(with.target->kit.value, "target.kit"));
    return kit->tenant;
  }
  if (with.target && with.target->product) {
    OTARU_TRY(product, call.product(with.target->product.value, "target.product"));
    return product->tenant;
  }
  return call.actor.tenant;
}

}  // namespace

Answer list_deployments(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(tenant, call.scope(query.text("tenant")));
  const auto state = query.word("state", domain::parse_deployment_state);
  const auto options = query.list_options();
  OTARU_CHECK(query.done());
  const auto keep = [&, tenant = tenant](const Deployment& row) {
    return (!tenant || row.tenant == *tenant) && (!state || row.state == *state);
  };
  return list_rows(
      call, deployment_list_words(), call.snapshot->rows().deployments, options, keep,
      [&](base::JsonWriter& out, const auto& row) { write_deployment(out, call, row, nullptr); });
}

Answer create_deployment(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const auto tenant_name = fields.text("tenant");
  OTARU_TRY(with, read_deployment(fields));
  OTARU_TRY(tenant, tenant_name ? call.tenant(tenant_name) : tenant_of_target(call, with));
  OTARU_TRY(row, call.catalogue().create_deployment(call.by(), tenant, with));
  return deployment_response(201, call, row);
}

Answer get_deployment(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(row, call.deployment(id, "id"));
  OTARU_TRY(counts, call.store().count_tasks(row->id));
  return deployment_response(200, call, *row, &counts);
}

Answer update_deployment(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  OTARU_TRY(with, read_deployment(fields));
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.deployment(id, "id"));
  OTARU_TRY(row, call.catalogue().update_deployment(call.by(), known->id, with));
  return deployment_response(200, call, row);
}

Answer delete_deployment(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.deployment(id, "id"));
  OTARU_CHECK(call.catalogue().delete_deployment(call.by(), known->id));
  return no_content();
}

Answer list_deployment_devices(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  const Page page = query.page();
  OTARU_CHECK(query.done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(row, call.deployment(id, "id"));
  const auto after = base::unhex(page.cursor);
  if (!after) return base::fail(wrong_cursor().error());
  auto reader = page.cursor.empty() ? row->device_keys.read() : row->device_keys.read_after(*after);
  base::JsonWriter out;
  out.begin_object();
  out.key("items");
  out.begin_array();
  std::string last;
  for (size_t count = 0; count < page.limit && reader.next(); ++count) {
    last.assign(reader.key());
    out.value(last);
  }
  out.end_array();
  if (!reader.next()) {
    out.null_member("next_cursor");
  } else {
    out.member("next_cursor", base::hex(last));
  }
  out.end_object();
  return json_response(200, out.take());
}

Answer change_deployment_devices(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const auto add = fields.texts("add").value_or(std::vector<std::string>());
  const auto remove = fields.texts("remove").value_or(std::vector<std::string>());
  OTARU_CHECK(fields.done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.deployment(id, "id"));
  OTARU_TRY(row, call.catalogue().change_devices(call.by(), known->id, add, remove));
  return deployment_response(200, call, row);
}

http::Response deployment_answer(const Call& call, const Deployment& row) {
  return deployment_response(200, call, row);
}

}  // namespace otaru::api
