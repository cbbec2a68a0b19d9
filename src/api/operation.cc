// SPDX-License-Identifier: Apache-2.0
// Health, readiness, numbers, and who one is: what people and machines watch a server by.
#include "api/handlers.h"

namespace otaru::api {
namespace {

http::Response plain_text(int status, std::string_view type, std::string text) {
  http::Response out(status);
  out.slot(http::Slot::date)
      .header("Content-Type", type)
      .slot(http::Slot::content_length)
      .header("Cache-Control", "no-store")
      .slot(http::Slot::connection_if_close)
      .text(std::move(text));
  return out;
}

void write_catalogue(MetricsWriter& out, const domain::CatalogueRows& rows) {
  const auto number = [](size_t count) { return static_cast<int64_t>(count); };
  out.family("otaru_catalogue_rows", MetricType::gauge, "Rows of the catalogue.");
  out.sample({{"kind", "tenant"}}, number(rows.tenants.size()));
  out.sample({{"kind", "product"}}, number(rows.products.size()));
  out.sample({{"kind", "release"}}, number(rows.releases.size()));
  out.sample({{"kind", "package"}}, number(rows.packages.size()));
  out.sample({{"kind", "kit"}}, number(rows.kits.size()));
  out.sample({{"kind", "deployment"}}, number(rows.deployments.size()));
  out.sample({{"kind", "credential"}}, number(rows.credentials.size()));
}

void write_engine(MetricsWriter& out, app::Engine& engine) {
  const auto& stats = engine.stats();
  const auto& commits = engine.committer().stats();
  const auto number = [](size_t count) { return static_cast<int64_t>(count); };
  out.gauge("otaru_devices", "Devices known.", engine.device_count());
  out.gauge("otaru_devices_resident", "Devices in memory.", number(engine.devices().count()));
  out.gauge("otaru_devices_resident_bytes", "Memory of devices in memory.",
            number(engine.devices().bytes()));
  out.counter("otaru_device_loads_total", "Devices read from the store.", stats.loads);
  out.counter("otaru_conflicts_total", "Requests run again because a device changed meanwhile.",
              stats.conflicts);
  out.counter("otaru_offers_total", "Checks answered with an update.", stats.offers);
  out.counter("otaru_tasks_created_total", "Tasks born.", stats.tasks_created);
  out.counter("otaru_tasks_succeeded_total", "Tasks that ended well.", stats.tasks_succeeded);
  out.counter("otaru_tasks_failed_total", "Tasks that failed.", stats.tasks_failed);
  out.counter("otaru_commit_batches_total", "Changes made durable.", commits.batches);
  out.counter("otaru_commit_transactions_total", "Transactions they took.", commits.transactions);
  out.counter("otaru_commit_failures_total", "Transactions that failed.", commits.failures);
  out.gauge("otaru_commit_queue", "Changes waiting to be stored.",
            number(engine.committer().queued()));
}

}  // namespace

Answer healthz(Call&) { return plain_text(200, "text/plain; charset=utf-8", "ok\n"); }

Answer readyz(Call& call) {
  if (call.parts.not_ready) {
    if (const auto why = call.parts.not_ready()) {
      return plain_text(503, "text/plain; charset=utf-8", *why + "\n");
    }
  }
  return plain_text(200, "text/plain; charset=utf-8", "ready\n");
}

Answer metrics(Call& call) {
  MetricsWriter out;
  write_engine(out, *call.parts.engine);
  write_catalogue(out, call.snapshot->rows());
  for (const auto& source : call.parts.metrics) source(out);
  return plain_text(200, "text/plain; version=0.0.4; charset=utf-8", out.take());
}

Answer describe_server(Call& call) {
  base::JsonWriter out;
  out.begin_object();
  out.member("name", "otaru");
  out.member("version", call.parts.version);
  out.member("api", "v1");
  time_member(out, "time", call.parts.engine->clock().now());
  out.member("key", call.actor.key->name);
  out.member("tenant", call.tenant_name(call.actor.tenant));
  out.member("role", app::role_of(*call.actor.key));
  out.end_object();
  return json_response(200, out.take());
}

}  // namespace otaru::api
