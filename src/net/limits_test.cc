// SPDX-License-Identifier: Apache-2.0
// Slow clients, too many clients, and the end of the server.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <mutex>

#include "base/log.h"
#include "net/net_test_support.h"
#include "net/server.h"

namespace otaru::net::testing {
namespace {

ServerConfig short_timeouts() {
  ServerConfig config;
  config.head_timeout_ms = 150;
  config.body_idle_timeout_ms = 150;
  config.write_idle_timeout_ms = 150;
  config.keep_alive_timeout_ms = 150;
  config.drain_timeout_ms = 400;
  return config;
}

int64_t elapsed_ms(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               since)
      .count();
}

TEST(Timeouts, SilentConnectionsAreClosedSilently) {
  TestServer s(short_timeouts());
  Client never_asks(s.port());
  Client asks_once(s.port());
  EXPECT_EQ(asks_once.ask(get("/")).status, 200);
  EXPECT_TRUE(never_asks.ended());
  EXPECT_TRUE(asks_once.ended());
  EXPECT_EQ(s.server->stats().timeouts, 0u);
}

TEST(Timeouts, AHeadThatTricklesIsCutOff) {
  TestServer s(short_timeouts());
  Client client(s.port());
  const auto start = std::chrono::steady_clock::now();
  // One byte at a time does not put the deadline off.
  std::atomic<bool> answered = false;
  std::thread trickle([&] {
    const std::string text = get("/", "X: " + std::string(1'000, 'y'));
    for (const char c : text) {
      if (answered || !client.send(std::string_view(&c, 1))) break;
      const auto next = std::chrono::steady_clock::now();
      eventually([next] { return elapsed_ms(next) >= 5; });
    }
  });
  EXPECT_EQ(client.read().status, 408);
  answered = true;
  EXPECT_LT(elapsed_ms(start), 1'500);
  trickle.join();
  EXPECT_EQ(s.server->stats().timeouts, 1u);
}

TEST(Timeouts, ABodyThatStopsIsCutOff) {
  TestServer s(short_timeouts());
  Client client(s.port());
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(client.read().status, 408);
  EXPECT_TRUE(client.ended());
}

TEST(Timeouts, AClientThatDoesNotReadIsCutOff) {
  TestServer s(short_timeouts());
  s.service.route("/big").handle = [](const http::Request&, http::Responder r) {
    r.respond(text_response(200, std::string(64 << 20, 'x')));
  };
  Client client(s.port());
  client.send(get("/big"));
  EXPECT_TRUE(eventually([&] { return s.server->stats().timeouts == 1; }));
  EXPECT_TRUE(eventually([&] { return s.server->stats().connections_open == 0; }));
}

TEST(Timeouts, AnAnswerMayTakeLongerThanAllOfThem) {
  TestServer s(short_timeouts());
  std::mutex mutex;
  http::Responder held;
  s.service.route("/slow").handle = [&](const http::Request&, http::Responder r) {
    const std::lock_guard lock(mutex);
    held = std::move(r);
  };
  Client client(s.port());
  client.send(get("/slow"));
  const auto start = std::chrono::steady_clock::now();
  eventually([&] { return elapsed_ms(start) > 400; });
  {
    const std::lock_guard lock(mutex);
    held.respond(text_response(200, "at last"));
  }
  EXPECT_EQ(client.read().body, "at last");
}

TEST(Limits, ConnectionsPerAddress) {
  ServerConfig config;
  config.connections_per_address_max = 3;
  TestServer s(std::move(config));
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<Client>(s.port()));
    EXPECT_EQ(clients.back()->ask(get("/")).status, 200);
  }
  EXPECT_FALSE(Client(s.port()).ask(get("/")).ok);
  EXPECT_TRUE(eventually([&] { return s.server->stats().refused_address_limit == 1; }));
  clients.pop_back();
  ASSERT_TRUE(eventually([&] { return s.server->stats().connections_open == 2; }));
  EXPECT_EQ(Client(s.port()).ask(get("/")).status, 200);
}

TEST(Limits, ConnectionsInAll) {
  ServerConfig config;
  config.connections_max = 2;
  TestServer s(std::move(config));
  Client first(s.port());
  Client second(s.port());
  EXPECT_EQ(first.ask(get("/")).status, 200);
  EXPECT_EQ(second.ask(get("/")).status, 200);
  EXPECT_FALSE(Client(s.port()).ask(get("/")).ok);
  EXPECT_EQ(first.ask(get("/")).status, 200);
  EXPECT_TRUE(eventually([&] { return s.server->stats().refused_total_limit == 1; }));
}

TEST(Limits, BodiesThatGrowTogether) {
  ServerConfig config;
  config.io_threads = 1;
  config.unfinished_body_bytes_max = 700'000;
  TestServer s(std::move(config));
  const std::string start = "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 400000\r\n\r\n";
  auto first = std::make_unique<Client>(s.port());
  first->send(start + std::string(300'000, 'x'));
  ASSERT_TRUE(eventually([&] { return s.server->stats().requests_total == 1; }));
  Client second(s.port());
  EXPECT_EQ(second.ask(start + std::string(399'999, 'x')).status, 503);
  EXPECT_EQ(s.server->stats().refused_no_room, 1u);
  // What has been answered or has gone away counts no more.
  EXPECT_EQ(first->ask(std::string(100'000, 'x')).status, 200);
  first.reset();
  ASSERT_TRUE(eventually([&] { return s.server->stats().connections_open <= 1; }));
  EXPECT_EQ(Client(s.port()).ask(post("/echo", std::string(400'000, 'x'))).status, 200);
}

TEST(Limits, RunningOutOfDescriptorsPassesBy) {
  // UBSan looks at objects through a pipe, which it cannot open here either: nothing new to look
  // at.
  base::log::configure(base::log::Level::off, base::log::Format::text);
  ServerConfig config;
  config.io_threads = 1;
  TestServer s(std::move(config));
  Client idle(s.port());
  EXPECT_EQ(idle.ask(get("/")).status, 200);
  Client waiting;  // has its descriptor already, and connects when there is none left
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_TRUE(waiting.connect(s.port()));
  const bool failed = eventually([&] { return s.server->stats().accept_failures > 0; });
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  base::log::configure(base::log::Level::info, base::log::Format::text);
  EXPECT_TRUE(failed);
  EXPECT_EQ(waiting.ask(get("/")).body, "hello");
  EXPECT_TRUE(idle.ended());  // gave its descriptor up
}

TEST(Drain, FinishesWhatRunsAndClosesWhatIdles) {
  auto s = std::make_unique<TestServer>();
  std::mutex mutex;
  http::Responder held;
  bool holding = false;
  s->service.route("/hold").handle = [&](const http::Request&, http::Responder r) {
    const std::lock_guard lock(mutex);
    held = std::move(r);
    holding = true;
  };
  const uint16_t port = s->port();
  Client idle(port);
  EXPECT_EQ(idle.ask(get("/")).status, 200);
  Client running(port);
  running.send(get("/hold"));
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return holding;
  }));
  std::thread drain([&] { s->server->drain_and_stop(); });
  EXPECT_TRUE(idle.ended());
  {
    const std::lock_guard lock(mutex);
    held.respond(text_response(200, "finished"));
  }
  const Reply reply = running.read();
  EXPECT_EQ(reply.body, "finished");
  EXPECT_EQ(reply.header("Connection"), "close");
  idle.half_close();
  drain.join();
  EXPECT_EQ(s->server->stats().connections_open, 0u);
}

TEST(Drain, CutsWhatTakesTooLongAndLateAnswersAreHarmless) {
  auto s = std::make_unique<TestServer>(short_timeouts());
  http::Responder held;
  std::mutex mutex;
  bool holding = false;
  s->service.route("/hold").handle = [&](const http::Request&, http::Responder r) {
    const std::lock_guard lock(mutex);
    held = std::move(r);
    holding = true;
  };
  Client client(s->port());
  client.send(get("/hold"));
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return holding;
  }));
  const auto start = std::chrono::steady_clock::now();
  s->server->drain_and_stop();
  EXPECT_GE(elapsed_ms(start), 390);
  EXPECT_LT(elapsed_ms(start), 3'000);
  s->server.reset();
  held.respond(text_response(200, "too late"));  // nobody is there any more
}

TEST(Drain, AStoppedServerListensNoMore) {
  TestServer s;
  const uint16_t port = s.port();
  EXPECT_EQ(Client(port).ask(get("/")).status, 200);
  s.server->drain_and_stop();
  s.server->drain_and_stop();  // once more does nothing
  ServerConfig config;
  config.listeners.push_back({"127.0.0.1", port, {}});
  TestServer again(std::move(config));
  EXPECT_EQ(Client(port).ask(get("/")).status, 200);
}

}  // namespace
}  // namespace otaru::net::testing
