// SPDX-License-Identifier: Apache-2.0
// What a deployment would do, before it starts: jobs that count over the fleet (domain/dry_run.h).
#include "api/handlers.h"
#include "app/dry_run_service.h"

namespace otaru::api {
namespace {

using base::Code;

void write_total(base::JsonWriter& out, const domain::DryRunTotal& total) {
  const auto path = [&](domain::DryRunPath which) {
    return total.paths[static_cast<size_t>(which)];
  };
  out.member("updates", total.updates);
  out.member("full", path(domain::DryRunPath::full));
  out.member("delta", path(domain::DryRunPath::delta));
  out.member("chain", path(domain::DryRunPath::chain));
  out.member("bytes", total.bytes);
}

void write_waves(base::JsonWriter& out, const domain::Deployment& deployment,
                 const domain::DryRunCount& count) {
  out.key("waves");
  out.begin_array();
  for (size_t i = 0; i < deployment.waves.size(); ++i) {
    const auto found = count.waves.find(static_cast<int64_t>(i));
    out.begin_object();
    out.member("wave", static_cast<int64_t>(i) + 1);
    out.member("name", deployment.waves[i].name);
    write_total(out, found == count.waves.end() ? domain::DryRunTotal() : found->second);
    out.end_object();
  }
  out.end_array();
}

void write_versions(base::JsonWriter& out, const domain::DryRunCount& count) {
  out.key("from_versions");
  out.begin_array();
  for (const auto& entry : count.from_versions) {
    out.begin_object();
    out.member("version", entry.first);
    write_total(out, entry.second);
    out.end_object();
  }
  out.end_array();
  out.key("other_versions");
  out.begin_object();
  write_total(out, count.other_versions);
  out.end_object();
}

void write_example(base::JsonWriter& out, const domain::DryRunExample& example) {
  out.begin_object();
  out.member("device", example.device);
  out.member("slot", example.slot);
  out.member("version", example.version);
  out.key("sentence");
  out.begin_object();
  out.member("en", example.english);
  out.member("zh", example.chinese);
  out.end_object();
  out.key("trace");
  out.begin_array();
  for (const auto& step : example.trace) {
    out.begin_object();
    id_or_null_member(out, "deployment", step.deployment.value);
    out.member("rule", step.rule);
    out.member("passed", step.passed);
    out.member("detail", step.detail);
    out.end_object();
  }
  out.end_array();
  out.end_object();
}

void write_groups(base::JsonWriter& out, const app::DryRunRow& row) {
  out.key("groups");
  out.begin_array();
  for (const auto& entry : row.count.groups) {
    out.begin_object();
    out.member("fate", domain::name_of(entry.first.first));
    out.member("reason", domain::name_of(entry.first.second));
    out.member("updates", entry.second.updates);
    out.key("devices");
    out.begin_array();
    for (const auto& device : entry.second.sample) out.value(device.second);
    out.end_array();
    const auto example = std::find_if(row.examples.begin(), row.examples.end(), [&](const auto& e) {
      return e.fate == entry.first.first && e.reason == entry.first.second;
    });
    if (example == row.examples.end()) {
      out.null_member("example");
    } else {
      out.key("example");
      write_example(out, *example);
    }
    out.end_object();
  }
  out.end_array();
}

void write_estimate(base::JsonWriter& out, const app::DryRunRow& row) {
  if (row.state != app::DryRunState::finished) return out.null_member("estimate");
  const auto& estimate = row.estimate;
  out.key("estimate");
  out.begin_object();
  if (estimate.bounded) {
    out.member("total_s", estimate.total_ms / base::kSecondMs);
  } else {
    out.null_member("total_s");
  }
  out.member("rate_s", estimate.rate_ms / base::kSecondMs);
  out.member("soak_s", estimate.soak_ms / base::kSecondMs);
  out.member("approvals", estimate.approvals);
  out.member("windows_open_percent", estimate.open_ppm * 100 / domain::kWholeShare);
  out.end_object();
}

void write_dry_run(base::JsonWriter& out, const app::DryRunRow& row,
                   const domain::Deployment& deployment) {
  out.begin_object();
  out.member("n", row.number);
  out.member("deployment", row.deployment.value);
  out.member("state", app::name_of(row.state));
  time_member(out, "at", row.at);
  out.member("message", row.message);
  out.member("started_by", row.started_by);
  time_member(out, "created_at", row.created_at);
  time_or_null_member(out, "ended_at", row.ended_at);
  out.member("devices_total", row.devices_total);
  out.member("devices_done", row.count.devices);
  out.member("devices_per_second", static_cast<int64_t>(row.devices_per_second));
  out.member("devices_concerned", row.count.concerned);
  out.member("devices_matching", row.count.matching);
  write_total(out, row.count.all);
  write_estimate(out, row);
  write_waves(out, deployment, row.count);
  write_versions(out, row.count);
  write_groups(out, row);
  out.end_object();
}

base::Result<int64_t> number_of(const Call& call) {
  const auto number = base::parse_int(call.params.back());
  if (number) return *number;
  return base::fail_field(Code::not_found, "n",
                          "there is no dry run " + std::string(call.params.back()));
}

base::Result<const domain::Deployment*> subject_of(const Call& call) {
  OTARU_TRY(id, call.id());
  return call.deployment(id, "id");
}

http::Response answer_with(int status, const app::DryRunRow& row,
                           const domain::Deployment& deployment) {
  base::JsonWriter out;
  write_dry_run(out, row, deployment);
  return json_response(status, out.take());
}

}  // namespace

Answer start_dry_run(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::optional));
  auto fields = body.fields();
  const auto at = fields.time_or_null("at");
  OTARU_CHECK(fields.done());
  OTARU_TRY(deployment, subject_of(call));
  OTARU_TRY(row, call.parts.dry_runs->start(call.by(), deployment->id,
                                            at ? *at : std::optional<base::Time>()));
  return answer_with(201, row, *deployment);
}

Answer list_dry_runs(Call& call) {
  OTARU_TRY(deployment, subject_of(call));
  return list_all(call.parts.dry_runs->list(deployment->id),
                  [&](base::JsonWriter& out, const app::DryRunRow& row) {
                    write_dry_run(out, row, *deployment);
                  });
}

Answer get_dry_run(Call& call) {
  OTARU_TRY(deployment, subject_of(call));
  OTARU_TRY(number, number_of(call));
  OTARU_TRY(row, call.parts.dry_runs->find(deployment->id, number));
  return answer_with(200, row, *deployment);
}

Answer delete_dry_run(Call& call) {
  OTARU_TRY(deployment, subject_of(call));
  OTARU_TRY(number, number_of(call));
  OTARU_CHECK(call.parts.dry_runs->remove(deployment->id, number));
  return no_content();
}

}  // namespace otaru::api
