// SPDX-License-Identifier: Apache-2.0
// How far a deployment has come: its tasks by wave, what failed of what, and what holds it. The
// counters are those that gates, rates and brakes go by.
#include <algorithm>
#include <map>

#include "api/handlers.h"
#include "app/engine.h"
#include "base/limits.h"

namespace otaru::api {
namespace {

namespace limits = base::limits;
using domain::Tally;

void write_tally(base::JsonWriter& out, const Tally& tally) {
  out.key("tasks");
  out.begin_object();
  for (size_t i = 0; i < Tally::kStates; ++i) {
    out.member(domain::name_of(static_cast<domain::TaskState>(i)), tally.states[i]);
  }
  out.end_object();
  out.member("under_way", tally.under_way());
  out.member("arrived", tally.arrived());
  out.member("stepped", tally.stepped);
  out.key("failures");
  out.begin_object();
  for (size_t i = 0; i < Tally::kClasses; ++i) {
    if (tally.failures[i] == 0) continue;
    out.member(domain::name_of(static_cast<domain::FailureClass>(i)), tally.failures[i]);
  }
  out.end_object();
  out.key("aftermath");
  out.begin_object();
  for (size_t i = 1; i < Tally::kAftermaths; ++i) {
    out.member(domain::name_of(static_cast<domain::Aftermath>(i)), tally.aftermaths[i]);
  }
  out.end_object();
}

void write_waves(base::JsonWriter& out, const domain::Deployment& row,
                 const app::RolloutProgress& progress) {
  out.key("waves");
  out.begin_array();
  // Those of the plan, and those that an earlier plan had tasks in.
  std::map<int64_t, Tally> all = progress.waves;
  for (size_t i = 0; i < row.waves.size(); ++i) all.try_emplace(static_cast<int64_t>(i));
  for (const auto& [wave, tally] : all) {
    const bool known = wave >= 0 && wave < static_cast<int64_t>(row.waves.size());
    out.begin_object();
    out.member("wave", wave);
    out.member("name", known ? row.waves[static_cast<size_t>(wave)].name : std::string());
    out.member("open", row.waves.empty() || wave < row.rollout.open_waves);
    write_tally(out, tally);
    out.end_object();
  }
  out.end_array();
}

void write_brake(base::JsonWriter& out, const app::RolloutProgress& progress) {
  if (!progress.tripped) {
    out.null_member("brake");
    return;
  }
  out.key("brake");
  out.begin_object();
  out.member("kind", domain::name_of(progress.tripped->brake.kind));
  out.member("action", domain::name_of(progress.tripped->brake.action));
  out.member("why", progress.tripped->why);
  out.end_object();
}

void write_reasons(base::JsonWriter& out, const std::vector<domain::FailureReason>& reasons,
                   int64_t failed) {
  out.key("failure_reasons");
  out.begin_array();
  for (const auto& reason : reasons) {
    out.begin_object();
    out.member("failure", domain::name_of(reason.failure));
    out.member("result", reason.result);
    out.member("count", reason.n);
    out.end_object();
    failed -= reason.n;
  }
  out.end_array();
  out.member("other_failures", std::max<int64_t>(0, failed));
}

}  // namespace

Answer get_deployment_progress(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(row, call.deployment(id, "id"));
  auto& engine = *call.parts.engine;
  const auto progress = engine.board().progress(row->id, engine.clock().now());
  OTARU_TRY(reasons, call.store().failure_reasons(row->id, limits::kFailureReasonsMax));
  base::JsonWriter out;
  out.begin_object();
  out.member("deployment", row->id.value);
  out.member("name", row->name);
  out.member("state", domain::name_of(row->state));
  write_tally(out, progress.all);
  write_waves(out, *row, progress);
  if (progress.per_minute > 0) {
    out.member("per_minute", progress.per_minute);
  } else {
    out.null_member("per_minute");
  }
  out.member("begun_last_minute", progress.begun_last_minute);
  write_brake(out, progress);
  write_reasons(out, reasons, progress.all.failed());
  out.end_object();
  return json_response(200, out.take());
}

}  // namespace otaru::api
