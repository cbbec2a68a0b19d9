// SPDX-License-Identifier: Apache-2.0
#include "server/metrics.h"

#include <string_view>

namespace otaru::server {
namespace {

class Page {
 public:
  void counter(std::string_view name, std::string_view help, int64_t value) {
    head(name, help, "counter");
    line(name, "", value);
  }
  void gauge(std::string_view name, std::string_view help, int64_t value) {
    head(name, help, "gauge");
    line(name, "", value);
  }
  void head(std::string_view name, std::string_view help, std::string_view type) {
    out_ += "# HELP ";
    out_ += name;
    out_ += ' ';
    out_ += help;
    out_ += "\n# TYPE ";
    out_ += name;
    out_ += ' ';
    out_ += type;
    out_ += '\n';
  }
  void line(std::string_view name, std::string_view labels, int64_t value) {
    out_ += name;
    out_ += labels;
    out_ += ' ';
    out_ += std::to_string(value);
    out_ += '\n';
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

void add_doors(Page& page, const Dispatcher& dispatcher) {
  page.head("otaru_requests_total", "Requests answered, by door and status class.", "counter");
  for (const auto& door : dispatcher.stats()) {
    for (size_t index = 1; index < door.by_class.size(); ++index) {
      const std::string labels =
          "{door=\"" + door.door + "\",class=\"" + std::to_string(index) + "xx\"}";
      page.line("otaru_requests_total", labels, door.by_class[index].load());
    }
  }
}

void add_network(Page& page, const net::ServerStats& stats) {
  const auto n = [](uint64_t value) { return static_cast<int64_t>(value); };
  page.gauge("otaru_connections_open", "Connections open now.", n(stats.connections_open));
  page.counter("otaru_connections_total", "Connections accepted.", n(stats.connections_total));
  page.counter("otaru_bytes_sent_total", "Bytes written to connections.", n(stats.bytes_out));
  page.counter("otaru_tls_handshakes_total", "TLS handshakes done.", n(stats.tls_handshakes));
  page.head("otaru_refused_total", "Connections or requests refused before any door.", "counter");
  const auto refused = [&](std::string_view why, uint64_t value) {
    page.line("otaru_refused_total", "{reason=\"" + std::string(why) + "\"}", n(value));
  };
  refused("connection_limit", stats.refused_total_limit);
  refused("address_limit", stats.refused_address_limit);
  refused("malformed", stats.refused_malformed);
  refused("too_large", stats.refused_too_large);
  refused("timeout", stats.timeouts);
  refused("tls", stats.tls_failures);
}

}  // namespace

std::string metrics_text(app::Engine& engine, const app::WebhookService& webhooks,
                         const Dispatcher& dispatcher, const net::Server& network) {
  Page page;
  add_doors(page, dispatcher);
  add_network(page, network.stats());
  const auto& stats = engine.stats();
  const auto& commits = engine.committer().stats();
  page.gauge("otaru_devices", "Devices registered.", engine.device_count());
  page.gauge("otaru_devices_resident", "Device states in memory.",
             static_cast<int64_t>(engine.devices().count()));
  page.gauge("otaru_devices_resident_bytes", "Memory of the device states, estimated.",
             static_cast<int64_t>(engine.devices().bytes()));
  page.counter("otaru_device_loads_total", "Device states read from the store.",
               stats.loads.load());
  page.counter("otaru_conflicts_total", "Requests run again because a device changed meanwhile.",
               stats.conflicts.load());
  page.counter("otaru_offers_total", "Checks answered with an update.", stats.offers.load());
  page.counter("otaru_tasks_created_total", "Tasks born.", stats.tasks_created.load());
  page.counter("otaru_tasks_succeeded_total", "Tasks that succeeded.",
               stats.tasks_succeeded.load());
  page.counter("otaru_tasks_failed_total", "Tasks that failed.", stats.tasks_failed.load());
  page.counter("otaru_commit_transactions_total", "Store transactions.",
               commits.transactions.load());
  page.counter("otaru_commit_batches_total", "Units of work made durable.", commits.batches.load());
  page.counter("otaru_commit_failures_total", "Store transactions that failed.",
               commits.failures.load());
  page.gauge("otaru_commit_queue", "Units of work waiting for the store.",
             static_cast<int64_t>(engine.committer().queued()));
  const auto span = engine.events().span();
  page.counter("otaru_events_total", "Events since the server exists.", span.newest);
  page.gauge("otaru_events_kept", "Events in the log.",
             span.oldest == 0 ? 0 : span.newest - span.oldest + 1);
  page.gauge("otaru_streams_open", "Streamed answers under way: events, exports.",
             static_cast<int64_t>(network.stats().streams_open));
  page.counter("otaru_webhook_deliveries_total", "Events that webhooks took.",
               webhooks.stats().delivered.load());
  page.counter("otaru_webhook_failures_total", "Attempts that failed.",
               webhooks.stats().failed.load());
  page.counter("otaru_webhook_dead_letters_total", "Events given up after the last attempt.",
               webhooks.stats().dead_letters.load());
  page.counter("otaru_webhook_missed_total", "Events the log forgot before they were delivered.",
               webhooks.stats().missed.load());
  return page.take();
}

}  // namespace otaru::server
