// SPDX-License-Identifier: Apache-2.0
// Answers that are made over time: framing, back-pressure, clients that leave, the end of the
// server, and all of it in disorder.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <mutex>
#include <thread>

#include "base/random.h"
#include "http/source.h"
#include "net/net_test_support.h"
#include "net/server.h"
#include "net/worker_pool.h"

namespace otaru::net::testing {
namespace {

using http::BodySource;

// What a test says to all clients of one route, and what became of them.
class Channel {
 public:
  // (One that is far behind already has enough.)
  void say(const std::string& text) {
    change([&](Listener& l) {
      if (l.queue.size() < 1'000'000) l.queue += text;
    });
  }
  void end() {
    change([](Listener& l) { l.ended = true; });
  }
  void fail() {
    change([](Listener& l) { l.failed = true; });
  }
  int living() const { return living_; }
  size_t taken() const { return taken_; }
  int drains() const { return drains_; }
  void repeat_idle(std::string text) { idle_ = std::move(text); }  // before the first client

  http::Response answer() {
    auto listener = std::make_shared<Listener>();
    {
      const std::lock_guard lock(mutex_);
      listeners_.push_back(listener);
    }
    http::Response response(200);
    response.header("Content-Type", "text/event-stream").slot(http::Slot::connection);
    return response.stream(std::make_shared<Source>(*this, listener));
  }

 private:
  struct Listener {
    std::string queue;
    bool ended = false;
    bool failed = false;
    std::function<void()> wake;
  };
  class Source final : public BodySource {
   public:
    Source(Channel& channel, std::shared_ptr<Listener> listener)
        : channel_(channel), listener_(std::move(listener)) {
      ++channel_.living_;
    }
    ~Source() override {
      {
        const std::lock_guard lock(channel_.mutex_);
        std::erase(channel_.listeners_, listener_);
      }
      --channel_.living_;
    }
    void on_ready(std::function<void()> wake) override {
      const std::lock_guard lock(channel_.mutex_);
      listener_->wake = std::move(wake);
    }
    More more(std::string& out, size_t room) override {
      const std::lock_guard lock(channel_.mutex_);
      if (listener_->failed) return More::error;
      const std::string piece = listener_->queue.substr(0, room);
      listener_->queue.erase(0, piece.size());
      out += piece;
      channel_.taken_ += piece.size();
      if (listener_->queue.empty() && listener_->ended) return More::end;
      return piece.empty() ? More::later : More::ready;
    }
    void idle(std::string& out) override { out += channel_.idle_; }
    void drain() override {
      ++channel_.drains_;
      const std::lock_guard lock(channel_.mutex_);
      listener_->queue += "bye";
      listener_->ended = true;
    }

   private:
    Channel& channel_;
    std::shared_ptr<Listener> listener_;
  };

  template <class Change>
  void change(Change what) {
    std::vector<std::function<void()>> wakes;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& listener : listeners_) {
        what(*listener);
        if (listener->wake) wakes.push_back(listener->wake);
      }
    }
    for (const auto& wake : wakes) wake();
  }

  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::atomic<int> living_{0};
  std::atomic<int> drains_{0};
  std::atomic<size_t> taken_{0};
  std::string idle_;
};

struct SourceServer {
  explicit SourceServer(ServerConfig config = {}) : s(std::move(config)) {
    s.service.route("/stream").handle = [this](const http::Request&, http::Responder r) {
      r.respond(channel.answer());
    };
    s.service.route("/later").handle = [this](const http::Request&, http::Responder r) {
      auto responder = std::make_shared<http::Responder>(std::move(r));
      pool.submit([this, responder] { responder->respond(channel.answer()); });
    };
    s.service.route("/pages").handle = [this](const http::Request&, http::Responder r) {
      int page = 0;
      auto producer = [page](std::string& out) mutable -> base::Result<bool> {
        for (int i = 0; i < 1000; ++i) out += std::to_string(page) + ";";
        return ++page < 500;
      };
      http::Response response(200);
      response.slot(http::Slot::connection);
      response.stream(http::make_pooled_source(
          [this](std::function<void()> job) { pool.submit(std::move(job)); }, producer));
      r.respond(std::move(response));
    };
    pool.start(2);
  }
  ~SourceServer() {
    s.server->drain_and_stop();
    pool.stop();
  }
  uint16_t port() const { return s.port(); }
  uint64_t streams() const { return s.server->stats().streams_open; }

  Channel channel;
  WorkerPool pool;
  TestServer s;
};

std::string all_pages() {
  std::string out;
  for (int page = 0; page < 500; ++page) {
    for (int i = 0; i < 1000; ++i) out += std::to_string(page) + ";";
  }
  return out;
}

// Reads until what has come ends with `text`.
std::string read_until(Client& client, std::string_view text) {
  std::string out;
  while (!out.ends_with(text)) {
    const std::string piece = client.read_some();
    if (piece.empty()) break;
    out += piece;
  }
  return out;
}

TEST(Sources, WhatIsSaidArrivesAtOnceInChunks) {
  SourceServer s;
  for (const char* path : {"/stream", "/later"}) {
    Client client(s.port());
    client.send(get(path));
    const std::string head = read_until(client, "\r\n\r\n");
    EXPECT_NE(head.find("Transfer-Encoding: chunked"), std::string::npos) << head;
    s.channel.say("one");
    EXPECT_EQ(read_until(client, "one\r\n"), "3\r\none\r\n");
    s.channel.say("twelve bytes");
    EXPECT_EQ(read_until(client, "bytes\r\n"), "c\r\ntwelve bytes\r\n");
    EXPECT_EQ(s.streams(), 1u);
    s.channel.end();
    EXPECT_EQ(read_until(client, "\r\n\r\n"), "0\r\n\r\n");
    EXPECT_EQ(client.ask(get("/")).body, "hello");  // the connection goes on
    EXPECT_TRUE(eventually([&] { return s.channel.living() == 0 && s.streams() == 0; }));
  }
}

TEST(Sources, ToHttp10TheEndOfTheConnectionIsTheEnd) {
  SourceServer s;
  Client client(s.port());
  client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string head = read_until(client, "\r\n\r\n");
  EXPECT_EQ(head.find("Transfer-Encoding"), std::string::npos) << head;
  EXPECT_NE(head.find("Connection: close"), std::string::npos) << head;
  s.channel.say("one");
  s.channel.say("two");
  s.channel.end();
  EXPECT_EQ(read_until(client, "onetwo"), "onetwo");
  EXPECT_TRUE(client.ended());
}

TEST(Sources, HeadAsksForNoBody) {
  SourceServer s;
  Client client(s.port());
  client.send("HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read(true).status, 200);
  EXPECT_EQ(s.channel.living(), 0);
  EXPECT_EQ(client.ask(get("/")).body, "hello");
}

TEST(Sources, ASourceThatFailsLeavesAnUnfinishedBody) {
  SourceServer s;
  Client client(s.port());
  client.send(get("/stream"));
  read_until(client, "\r\n\r\n");
  s.channel.say("half");
  s.channel.fail();
  std::string rest;
  for (std::string piece; !(piece = client.read_some()).empty();) rest += piece;
  EXPECT_EQ(rest.find("0\r\n"), std::string::npos);
  EXPECT_EQ(s.channel.living(), 0);
}

TEST(Sources, AClientThatLeavesIsNoticedAtOnce) {
  SourceServer s;
  for (int way = 0; way < 3; ++way) {
    Client client(s.port());
    client.send(get("/stream"));
    read_until(client, "\r\n\r\n");
    EXPECT_EQ(s.channel.living(), 1);
    if (way == 0) client.half_close();
    if (way == 1) client.reset();
    if (way == 2) client.send(get("/"));  // what comes too early waits
    if (way == 2) client.half_close();
    EXPECT_TRUE(eventually([&] { return s.channel.living() == 0; })) << way;
    EXPECT_TRUE(eventually([&] { return s.s.server->stats().connections_open == 0; }));
    s.channel.say("to nobody");
  }
}

TEST(Sources, ASlowClientStopsItsSourceAndIsCutInTheEnd) {
  ServerConfig config;
  config.write_idle_timeout_ms = 300;
  SourceServer s(std::move(config));
  Client client;
  const int small = 8 * 1024;
  ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  ASSERT_TRUE(client.connect(s.port()));
  client.send(get("/stream"));
  ASSERT_TRUE(eventually([&] { return s.channel.living() == 1; }));
  s.channel.say(std::string(32 << 20, 'x'));
  // The kernel's buffers take some megabytes; then nothing more is asked for.
  EXPECT_TRUE(eventually([&] { return s.channel.living() == 0; }));
  EXPECT_LT(s.channel.taken(), size_t{16} << 20);
  EXPECT_EQ(s.s.server->stats().timeouts, 1u);
}

TEST(Sources, AnIdleStreamGivesSignsOfLifeAndNeverTimesOut) {
  ServerConfig config;
  config.stream_idle_ms = 30;
  config.keep_alive_timeout_ms = config.write_idle_timeout_ms = config.head_timeout_ms = 50;
  SourceServer s(std::move(config));
  s.channel.repeat_idle(":\n");
  Client client(s.port());
  client.send(get("/stream"));
  read_until(client, "\r\n\r\n");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(read_until(client, ":\n\r\n"), "2\r\n:\n\r\n");
  EXPECT_EQ(s.s.server->stats().timeouts, 0u);
}

TEST(Sources, PagesFromAWorkerPool) {
  SourceServer s;
  const std::string expected = all_pages();
  Client client(s.port());
  for (int i = 0; i < 2; ++i) {
    const Reply reply = client.ask(get("/pages"));
    EXPECT_TRUE(reply.ok);
    EXPECT_TRUE(reply.body == expected) << reply.body.size() << " of " << expected.size();
  }
  // One that leaves in the middle holds nothing.
  for (int i = 0; i < 20; ++i) {
    Client leaver(s.port());
    leaver.send(get("/pages"));
    leaver.read_some();
  }
  EXPECT_TRUE(eventually([&] { return s.streams() == 0; }));
}

TEST(Sources, TheyEndWhenTheServerStops) {
  auto s = std::make_unique<SourceServer>();
  Client client(s->port());
  client.send(get("/stream"));
  read_until(client, "\r\n\r\n");
  s->s.server->drain_and_stop();
  EXPECT_EQ(s->channel.drains(), 1);
  EXPECT_EQ(s->channel.living(), 0);
  EXPECT_EQ(read_until(client, "0\r\n\r\n"), "3\r\nbye\r\n0\r\n\r\n");
  EXPECT_TRUE(client.ended());
  s->channel.say("nobody is there any more");  // wakes of a stopped server do nothing
}

TEST(Sources, Chaos) {
  ServerConfig config;
  config.write_idle_timeout_ms = 200;
  config.stream_idle_ms = 20;
  config.keep_alive_timeout_ms = 50;
  config.drain_timeout_ms = 500;
  auto s = std::make_unique<SourceServer>(std::move(config));
  s->channel.repeat_idle(":");
  std::atomic<bool> over = false;
  std::thread speaker([&] {
    base::SeededRandom random(7);
    while (!over) {
      s->channel.say(std::string(random.below(20'000), 'x'));
      if (random.below(50) == 0) s->channel.end();
      if (random.below(50) == 0) s->channel.fail();
      eventually([] { return true; });
    }
  });
  const uint16_t port = s->port();
  std::vector<std::thread> clients;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    clients.emplace_back([port, seed] {
      base::SeededRandom random(seed);
      for (int round = 0; round < 40; ++round) {
        Client client;
        if (!client.connect(port)) return;
        const std::array<const char*, 3> paths{"/stream", "/later", "/pages"};
        const std::string path = paths[random.below(3)];
        std::string wanted = get(path) + (random.below(3) == 0 ? get("/") : "");
        if (random.below(5) == 0) wanted = "GET " + path + " HTTP/1.0\r\n\r\n";
        client.send(wanted);
        for (uint64_t reads = random.below(20); reads > 0; --reads) {
          if (client.read_some().empty()) break;
        }
        if (random.below(3) == 0) client.half_close();
        if (random.below(3) == 0) client.reset();
      }
    });
  }
  for (size_t i = 0; i < 3; ++i) clients[i].join();
  s->s.server->drain_and_stop();  // in the middle of the others
  EXPECT_EQ(s->s.server->stats().connections_open, 0u);
  EXPECT_EQ(s->streams(), 0u);
  for (size_t i = 3; i < clients.size(); ++i) clients[i].join();
  over = true;
  speaker.join();
  s->pool.stop();
  EXPECT_EQ(s->channel.living(), 0);
}

}  // namespace
}  // namespace otaru::net::testing
