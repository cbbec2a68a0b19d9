// SPDX-License-Identifier: Apache-2.0
#include "api/deployment_plan.h"
#include "api/handlers.h"
#include "api/listing.h"

namespace otaru::api {
namespace {

using domain::Deployment;
using domain::TaskState;

constexpr TaskState kTaskStates[] = {
    TaskState::pending,   TaskState::downloading, TaskState::upgrading,
    TaskState::succeeded, TaskState::failed,      TaskState::cancelled,
    TaskState::paused,    TaskState::expired,     TaskState::awaiting_consent};

using Counts = std::vector<domain::TaskCount>;

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

// What the server has made of it.
void write_rollout(base::JsonWriter& out, const domain::Rollout& rollout) {
  out.key("rollout");
  out.begin_object();
  time_or_null_member(out, "started_at", rollout.started_at);
  out.member("open_waves", rollout.open_waves);
  if (rollout.open_waves > 0) {
    time_member(out, "wave_opened_at", rollout.wave_opened_at);
  } else {
    out.null_member("wave_opened_at");
  }
  time_or_null_member(out, "gate_met_at", rollout.gate_met_at);
  out.member("next_approved", rollout.next_approved);
  out.member("stopped_by", rollout.stopped_by);
  id_or_null_member(out, "healed_by", rollout.healed_by.value);
  out.end_object();
}

void write_deployment(base::JsonWriter& out, const Call& call, const Deployment& row,
                      const Counts* counts) {
  out.begin_object();
  out.member("id", row.id.value);
  out.member("tenant", call.tenant_name(row.tenant));
  out.member("name", row.name);
  out.member("state", domain::name_of(row.state));
  write_plan(out, call, row);
  out.member("device_count", row.device_keys.size());
  out.member("excluded_device_count", row.excluded_keys.size());
  id_or_null_member(out, "heals", row.heals.value);
  write_rollout(out, row.rollout);
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

base::Result<app::DeploymentChange> read_deployment(Fields& fields) {
  auto with = read_plan(fields);
  OTARU_CHECK(fields.done());
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
  return write_key_page(row->device_keys, page);
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
