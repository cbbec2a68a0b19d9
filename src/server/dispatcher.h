// SPDX-License-Identifier: Apache-2.0
// From a request to its answer: finds the route, runs the dialect's handler as one unit of work of
// the engine, and sends the answer when what it relies on is durable. The only place that knows
// about misses, conflicts and tickets; dialects do not.
//
// Threads: plan() and handle() on I/O threads; answers may be sent from the committer's or a
// reader's thread. Lifetime: longer than the network layer that calls it.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/engine.h"
#include "app/executor.h"
#include "dialect/dialect.h"
#include "http/router.h"
#include "http/service.h"

namespace otaru::server {

// Routes that are answered on a worker thread and may block: the operators' API.
class WorkerRoutes {
 public:
  struct Route {
    int tag = 0;
    std::string pattern;
    uint32_t methods = dialect::kGet;
    http::BodyMode body = http::BodyMode::buffer;
    size_t body_bytes_max = base::limits::kApiBodyBytesMax;
  };
  virtual ~WorkerRoutes();
  virtual std::vector<Route> routes() const = 0;
  // Whether a path without a route is refused in its words.
  virtual bool owns(std::string_view path) const = 0;
  // How the body of this request comes: as the route says, unless the head tells otherwise.
  virtual http::BodyMode body_mode(int tag, const http::Request& head) const = 0;
  // When the head is there, on an I/O thread: the refusal of a request whose body need not be read.
  virtual std::optional<http::Response> early(int tag, const http::Request& head) = 0;
  virtual http::Response handle(int tag, const http::Request& request,
                                std::span<const std::string_view> params) = 0;
  virtual tl::expected<std::unique_ptr<http::BodySink>, http::Response> open_sink(
      int tag, const http::Request& head, std::span<const std::string_view> params) = 0;
  // `tag`: the route, if it is known.
  virtual http::Response refuse(int status, std::string_view why, std::optional<int> tag) = 0;
};

struct DispatcherOptions {
  // "https://ota.example.com": what links to devices start with. Empty: the request's own Host.
  std::string public_url;
};

class Dispatcher final : public http::Service {
 public:
  Dispatcher(app::Engine& engine, app::Executor& workers, DispatcherOptions options);
  ~Dispatcher() override;

  // Before the first request. Code::conflict when two routes are the same.
  base::Status add(dialect::Dialect& dialect);
  base::Status add(WorkerRoutes& routes);

  http::RoutePlan plan(const http::Request& head) override;
  void handle(const http::Request& request, const http::RoutePlan& plan,
              http::Responder responder) override;
  tl::expected<std::unique_ptr<http::BodySink>, http::Response> open_sink(
      const http::Request& head, const http::RoutePlan& plan) override;
  http::Response refuse(int status, std::string_view why, const http::RoutePlan* plan) override;

  // Requests per door and status class (index status / 100), for /metrics.
  struct DoorStats {
    std::string door;
    std::array<std::atomic<int64_t>, 6> by_class{};
  };
  const std::deque<DoorStats>& stats() const { return stats_; }

 private:
  struct Entry {
    dialect::Dialect* dialect = nullptr;
    const dialect::Route* route = nullptr;
    WorkerRoutes* worker = nullptr;
    WorkerRoutes::Route worker_route;
    DoorStats* stats = nullptr;
    bool has_params = false;
  };
  struct Params;
  struct Waiting;

  base::Status add_route(Entry entry, const std::string& pattern, uint32_t methods);
  Params params_of(const Entry& entry, const http::Request& request) const;
  std::string base_url(const http::Request& request) const;
  http::Response run_handler(const Entry& entry, const http::Request& request,
                             app::DeviceGateway& gateway) const;
  void run(const Entry& entry, const http::Request& request, std::shared_ptr<Waiting> waiting,
           http::Responder responder);
  void answer(const Entry& entry, http::Responder& responder, http::Response&& response) const;
  http::Response failed(const Entry& entry, const http::Request& request,
                        const base::Error& error) const;

  app::Engine& engine_;
  app::Executor& workers_;
  DispatcherOptions options_;
  http::Router router_;
  std::deque<Entry> entries_;  // stable addresses: RoutePlan::route points here
  std::deque<DoorStats> stats_;
  std::vector<WorkerRoutes*> worker_routes_;
};

}  // namespace otaru::server
