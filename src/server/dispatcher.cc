// SPDX-License-Identifier: Apache-2.0
#include "server/dispatcher.h"

#include <exception>

#include "base/encoding.h"
#include "base/log.h"
#include "base/random.h"

namespace otaru::server {
namespace {

// A handler is run again after a miss or a conflict. So often means that something is wrong, or
// that one device is hammered from many connections; then it is told to come back.
constexpr int kAttemptsMax = 64;

http::MethodSet to_method_set(uint32_t bits) {
  http::MethodSet out;
  const auto add = [&](uint32_t bit, http::Method method) {
    if ((bits & bit) != 0) out.add(method);
  };
  add(dialect::kGet, http::Method::get);
  add(dialect::kHead, http::Method::head);
  add(dialect::kPost, http::Method::post);
  add(dialect::kPut, http::Method::put);
  add(dialect::kDelete, http::Method::del);
  add(dialect::kPatch, http::Method::patch);
  add(dialect::kOptions, http::Method::options);
  return out;
}

http::Response plain(int status, std::string_view text) {
  http::Response response(status);
  response.header("Content-Type", "text/plain; charset=utf-8")
      .slot(http::Slot::content_length)
      .slot(http::Slot::connection)
      .text(std::string(text) + "\n");
  return response;
}

// A Host header goes into links: only what an authority can hold (RFC 3986 3.2).
bool sane_authority(std::string_view host) {
  if (host.empty() || host.size() > 255) return false;
  for (const char c : host) {
    const bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '-' || c == ':' || c == '[' || c == ']' || c == '_';
    if (!ok) return false;
  }
  return true;
}

std::string incident_id() {
  base::SecureRandom random;
  return base::hex(random.bytes(6));
}

}  // namespace

WorkerRoutes::~WorkerRoutes() = default;

struct Dispatcher::Params {
  std::array<std::string_view, base::limits::kPathParamsMax> values;
  size_t count = 0;
  std::span<const std::string_view> span() const { return {values.data(), count}; }
};

// A request whose answer could not be sent at once.
struct Dispatcher::Waiting {
  http::Responder responder;
  http::Response response;
  int attempts = 0;
  // Read for it so far; what a conflict made old is read again.
  std::shared_ptr<app::LoadedRows> loaded = std::make_shared<app::LoadedRows>();
};

Dispatcher::Dispatcher(app::Engine& engine, app::Executor& workers, DispatcherOptions options)
    : engine_(engine), workers_(workers), options_(std::move(options)) {}

Dispatcher::~Dispatcher() = default;

base::Status Dispatcher::add_route(Entry entry, const std::string& pattern, uint32_t methods) {
  entry.has_params = pattern.find('{') != std::string::npos;
  entries_.push_back(std::move(entry));
  return router_.add(to_method_set(methods), pattern, entries_.size() - 1);
}

base::Status Dispatcher::add(dialect::Dialect& dialect) {
  stats_.emplace_back().door = std::string(dialect.name());
  for (const auto& route : dialect.routes()) {
    Entry entry;
    entry.dialect = &dialect;
    entry.route = &route;
    entry.stats = &stats_.back();
    OTARU_CHECK(add_route(std::move(entry), route.pattern, route.methods));
  }
  return {};
}

base::Status Dispatcher::add(WorkerRoutes& routes) {
  stats_.emplace_back().door = "api";
  worker_routes_.push_back(&routes);
  for (auto& route : routes.routes()) {
    Entry entry;
    entry.worker = &routes;
    entry.worker_route = route;
    entry.stats = &stats_.back();
    OTARU_CHECK(add_route(std::move(entry), route.pattern, route.methods));
  }
  return {};
}

http::RoutePlan Dispatcher::plan(const http::Request& head) {
  http::RoutePlan out;
  const auto match = router_.match(head.method, head.path);
  if (match.outcome == http::RouteMatch::Outcome::not_found) {
    constexpr std::string_view kNothing = "There is nothing at this path.";
    out.early = std::make_unique<http::Response>(plain(404, kNothing));
    for (auto* routes : worker_routes_) {
      if (routes->owns(head.path)) *out.early = routes->refuse(404, kNothing, std::nullopt);
    }
    return out;
  }
  if (match.outcome == http::RouteMatch::Outcome::method_not_allowed) {
    // Answer in the words of a route that does live at this path.
    for (const auto method : {http::Method::get, http::Method::post, http::Method::put,
                              http::Method::patch, http::Method::del, http::Method::head}) {
      if (!match.allowed.has(method)) continue;
      const auto other = router_.match(method, head.path);
      const Entry& entry = entries_[other.route];
      auto response = entry.worker != nullptr
                          ? entry.worker->refuse(405, "method not allowed", entry.worker_route.tag)
                          : entry.dialect->refuse(*entry.route, 405, head.method_text);
      if (response.find("Allow") == nullptr) response.header("Allow", match.allowed.allow());
      out.early = std::make_unique<http::Response>(std::move(response));
      return out;
    }
  }
  Entry& entry = entries_[match.route];
  out.route = &entry;
  if (entry.worker != nullptr) {
    out.mode = entry.worker->body_mode(entry.worker_route.tag, head);
    out.body_bytes_max = out.mode == http::BodyMode::buffer
                             ? base::limits::kApiBodyBytesMax
                             : entry.worker_route.body_bytes_max;
    if (auto refusal = entry.worker->early(entry.worker_route.tag, head)) {
      out.early = std::make_unique<http::Response>(std::move(*refusal));
    }
    return out;
  }
  out.mode = entry.dialect->body_mode(*entry.route, head);
  out.body_bytes_max = entry.route->body_bytes_max;
  out.host_required = entry.route->host_required;
  return out;
}

Dispatcher::Params Dispatcher::params_of(const Entry& entry, const http::Request& request) const {
  Params out;
  if (!entry.has_params) return out;
  const auto match = router_.match(request.method, request.path);
  for (size_t i = 0; i < match.param_count; ++i) out.values[i] = match.params[i].value;
  out.count = match.param_count;
  return out;
}

std::string Dispatcher::base_url(const http::Request& request) const {
  if (!options_.public_url.empty()) return options_.public_url;
  std::string out = request.tls ? "https://" : "http://";
  out += sane_authority(request.host) ? request.host : std::string_view(request.local_address);
  return out;
}

http::Response Dispatcher::failed(const Entry& entry, const http::Request& request,
                                  const base::Error& error) const {
  return entry.dialect->failure(*entry.route, request, error);
}

http::Response Dispatcher::run_handler(const Entry& entry, const http::Request& request,
                                       app::DeviceGateway& gateway) const {
  const Params params = params_of(entry, request);
  dialect::RequestFacts facts;
  facts.base_url = base_url(request);
  facts.params = params.span();
  return entry.dialect->handle(*entry.route, request, facts, gateway);
}

void Dispatcher::answer(const Entry& entry, http::Responder& responder,
                        http::Response&& response) const {
  const auto index = static_cast<size_t>(response.status / 100);
  if (index < entry.stats->by_class.size()) {
    entry.stats->by_class[index].fetch_add(1, std::memory_order_relaxed);
  }
  responder.respond(std::move(response));
}

void Dispatcher::handle(const http::Request& request, const http::RoutePlan& plan,
                        http::Responder responder) {
  const Entry& entry = *static_cast<const Entry*>(plan.route);
  if (entry.dialect != nullptr) return run(entry, request, nullptr, std::move(responder));
  auto waiting = std::make_shared<Waiting>();
  waiting->responder = std::move(responder);
  workers_.post([this, &entry, &request, waiting] {
    const Params params = params_of(entry, request);
    http::Response response;
    try {
      response = entry.worker->handle(entry.worker_route.tag, request, params.span());
    } catch (const std::exception& e) {
      const std::string incident = incident_id();
      base::log::error("request.failed", {{"incident", incident}, {"what", e.what()}});
      response = entry.worker->refuse(500, "incident " + incident, entry.worker_route.tag);
    }
    answer(entry, waiting->responder, std::move(response));
  });
}

void Dispatcher::run(const Entry& entry, const http::Request& request,
                     std::shared_ptr<Waiting> waiting, http::Responder responder) {
  const auto wait = [&] {
    if (!waiting) {
      waiting = std::make_shared<Waiting>();
      waiting->responder = std::move(responder);
    }
  };
  const auto send = [&](http::Response&& response) {
    answer(entry, waiting ? waiting->responder : responder, std::move(response));
  };
  for (int attempt = waiting ? waiting->attempts : 0; attempt < kAttemptsMax; ++attempt) {
    app::DeviceGateway gateway(engine_, entry.dialect->name(), engine_.clock().now(),
                               waiting ? waiting->loaded : nullptr);
    http::Response response;
    try {
      response = run_handler(entry, request, gateway);
    } catch (const std::exception& e) {
      const std::string incident = incident_id();
      base::log::error(
          "request.failed",
          {{"door", entry.dialect->name()}, {"incident", incident}, {"what", e.what()}});
      return send(failed(entry, request, {base::Code::internal, "incident " + incident, {}}));
    }
    if (engine_.missed(gateway)) {
      wait();
      waiting->attempts = attempt + 1;
      const auto then = [this, &entry, &request, waiting](const base::Status& status) {
        if (!status) {
          return answer(entry, waiting->responder, failed(entry, request, status.error()));
        }
        run(entry, request, waiting, {});
      };
      engine_.load(gateway, waiting->loaded, then);
      return;
    }
    // Nearly every check ends here: nothing changed, nothing to wait for.
    if (!engine_.has_changes(gateway)) {
      engine_.note_visit(gateway);
      return send(std::move(response));
    }
    wait();
    waiting->response = std::move(response);
    const auto outcome =
        engine_.commit(gateway, [this, &entry, &request, waiting](const base::Status& status) {
          answer(entry, waiting->responder,
                 status ? std::move(waiting->response) : failed(entry, request, status.error()));
        });
    switch (outcome) {
      case app::CommitOutcome::queued:
        return;
      case app::CommitOutcome::nothing_to_wait_for:
        return send(std::move(waiting->response));
      case app::CommitOutcome::conflict:
        waiting->loaded = std::make_shared<app::LoadedRows>();
        continue;
      case app::CommitOutcome::refused:
        return send(
            failed(entry, request, {base::Code::exhausted, "the server is busy, try again", {}}));
    }
  }
  send(failed(entry, request, {base::Code::unavailable, "the server is busy, try again", {}}));
}

tl::expected<std::unique_ptr<http::BodySink>, http::Response> Dispatcher::open_sink(
    const http::Request& head, const http::RoutePlan& plan) {
  const Entry& entry = *static_cast<const Entry*>(plan.route);
  OTARU_ASSERT(entry.worker != nullptr);
  const Params params = params_of(entry, head);
  return entry.worker->open_sink(entry.worker_route.tag, head, params.span());
}

http::Response Dispatcher::refuse(int status, std::string_view why, const http::RoutePlan* plan) {
  if (plan == nullptr || plan->route == nullptr) return plain(status, why);
  const Entry& entry = *static_cast<const Entry*>(plan->route);
  if (entry.worker != nullptr) return entry.worker->refuse(status, why, entry.worker_route.tag);
  return entry.dialect->refuse(*entry.route, status, why);
}

}  // namespace otaru::server
