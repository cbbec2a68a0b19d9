// SPDX-License-Identifier: Apache-2.0
// For the tests of net: a service whose answers are written in the test, and a client on a raw
// socket that sees every byte.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/time.h"
#include "http/service.h"
#include "net/server.h"

namespace otaru::net::testing {

// Routes by path; unknown paths get the plan's early 404.
class TestService final : public http::Service {
 public:
  struct Route {
    http::BodyMode mode = http::BodyMode::buffer;
    size_t body_bytes_max = 1 << 20;
    bool host_required = true;
    std::function<void(const http::Request&, http::Responder)> handle;
    std::function<tl::expected<std::unique_ptr<http::BodySink>, http::Response>()> open_sink;
  };

  TestService();
  ~TestService() override;
  Route& route(const std::string& path) { return routes_[path]; }

  http::RoutePlan plan(const http::Request& head) override;
  void handle(const http::Request& request, const http::RoutePlan& plan,
              http::Responder responder) override;
  tl::expected<std::unique_ptr<http::BodySink>, http::Response> open_sink(
      const http::Request& head, const http::RoutePlan& plan) override;
  http::Response refuse(int status, std::string_view why, const http::RoutePlan* plan) override;

 private:
  std::map<std::string, Route, std::less<>> routes_;
  std::mutex mutex_;
  std::vector<std::thread> threads_;  // of "/async"
};

// A response with the usual slots.
http::Response text_response(int status, std::string body);

struct Reply {
  int status = 0;
  std::string head;  // status line and headers, without the empty line
  std::string body;
  bool ok = false;  // complete as its framing says
  std::string header(std::string_view name) const;
};

// Blocking client with a deadline of some seconds on every read.
class Client {
 public:
  explicit Client(uint16_t port);
  Client();  // not yet connected
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connect(uint16_t port);
  bool send(std::string_view bytes);
  // Reads one response; `head_request`: it has no body whatever its head says.
  Reply read(bool head_request = false);
  Reply ask(std::string_view bytes) {
    send(bytes);
    return read();
  }
  // True when the server ends the connection in order; false on a reset or on nothing for long.
  bool ended();
  std::string read_some();  // whatever comes next; empty at the end
  void half_close();
  void reset();  // closes with RST
  int fd() const { return fd_; }

 private:
  bool fill();
  int fd_ = -1;
  std::string buffer_;
};

std::string get(std::string_view path, std::string_view more_headers = "");
std::string post(std::string_view path, std::string_view body, std::string_view more_headers = "");

// A running server on 127.0.0.1 with two threads; stopped by the destructor.
struct TestServer {
  explicit TestServer(ServerConfig config = {});
  uint16_t port() const { return server->port(0); }

  base::ManualClock clock{base::Time{1'777'636'800'000}};
  TestService service;
  std::unique_ptr<Server> server;
};

// Whether somebody listens there.
bool listened_on(uint16_t port);

// Waits until `condition` holds, at most some seconds.
bool eventually(const std::function<bool()>& condition);

}  // namespace otaru::net::testing
