// SPDX-License-Identifier: Apache-2.0
// Many clients that do everything wrong at every moment; a server that must neither leak a
// connection nor stop answering. Meant for the sanitizers, and useful without.
#include <gtest/gtest.h>

#include "base/random.h"
#include "net/net_test_support.h"
#include "net/server.h"

namespace otaru::net::testing {
namespace {

class NullSink final : public http::BodySink {
 public:
  explicit NullSink(std::atomic<int>& living) : living_(living) { ++living_; }
  ~NullSink() override { --living_; }
  base::Status write(std::string_view bytes) override {
    seen_ += bytes.size();
    if (seen_ > 700'000) return base::fail(base::Code::too_large, "enough");
    return {};
  }
  http::Response finish() override { return text_response(200, std::to_string(seen_)); }

 private:
  std::atomic<int>& living_;
  size_t seen_ = 0;
};

std::string random_request(base::Random& random) {
  const std::string body = random.bytes(random.below(random.below(4) == 0 ? 1'200'000 : 2'000));
  switch (random.below(10)) {
    case 0:
      return get("/");
    case 1:
      return get("/async?" + std::to_string(random.below(1000)));
    case 2:
      return post("/echo", body);
    case 3:
      return post("/async", body.substr(0, 5'000));
    case 4:
      return post("/up", body);
    case 5:
      return post("/discard", body);
    case 6:
      return post("/nowhere", body);
    case 7:
      return "POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
             "chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    case 8:
      return get("/big", "Connection: close\r\n");
    default:
      return body;
  }
}

void misbehave(uint16_t port, uint64_t seed) {
  base::SeededRandom random(seed);
  for (int round = 0; round < 25; ++round) {
    Client client;
    if (!client.connect(port)) return;
    std::string bytes;
    for (uint64_t n = random.below(4) + 1; n > 0; --n) bytes += random_request(random);
    // Whole, cut somewhere, or in pieces; then: read, half close, reset, or just go.
    if (random.below(3) == 0) bytes.resize(random.below(bytes.size() + 1));
    std::thread reader;
    const bool reads = random.below(2) == 0;
    if (reads) {
      reader = std::thread([&client] {
        while (!client.read_some().empty()) {
        }
      });
    }
    for (size_t at = 0; at < bytes.size();) {
      const size_t piece = random.below(2) == 0 ? bytes.size() : random.below(20'000) + 1;
      if (!client.send(std::string_view(bytes).substr(at, piece))) break;
      at += std::min(piece, bytes.size() - at);
      // Without a reader, a server that waits for us to read must not make us wait for it.
      if (!reads && at > 100'000) break;
    }
    client.half_close();
    if (reader.joinable()) reader.join();
    if (random.below(2) == 0) client.reset();
  }
}

TEST(Chaos, NothingLeaksAndNothingStops) {
  ServerConfig config;
  config.body_idle_timeout_ms = 200;
  config.head_timeout_ms = 200;
  config.write_idle_timeout_ms = 200;
  TestServer s(std::move(config));
  std::atomic<int> sinks = 0;
  auto& up = s.service.route("/up");
  up.mode = http::BodyMode::stream;
  up.body_bytes_max = 1'000'000;
  up.open_sink = [&sinks]() -> tl::expected<std::unique_ptr<http::BodySink>, http::Response> {
    return std::make_unique<NullSink>(sinks);
  };
  s.service.route("/discard").mode = http::BodyMode::discard;
  s.service.route("/discard").handle = s.service.route("/").handle;
  s.service.route("/big").handle = [](const http::Request&, http::Responder r) {
    r.respond(text_response(200, std::string(2'000'000, 'x')));
  };
  std::vector<std::thread> clients;
  for (uint64_t i = 0; i < 6; ++i) {
    clients.emplace_back([&s, i] { misbehave(s.port(), 1000 + i); });
  }
  for (int i = 0; i < 50; ++i) {
    Client good(s.port());
    ASSERT_EQ(good.ask(post("/echo", "still here")).body, "still here");
  }
  for (auto& client : clients) client.join();
  EXPECT_TRUE(eventually([&] { return s.server->stats().connections_open == 0; }));
  EXPECT_TRUE(eventually([&] { return sinks == 0; }));
  EXPECT_EQ(Client(s.port()).ask(get("/")).body, "hello");
}

TEST(Chaos, DrainInTheMiddleOfIt) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    ServerConfig config;
    config.drain_timeout_ms = seed % 2 == 0 ? 20 : 2'000;
    TestServer s(std::move(config));
    const uint16_t port = s.port();
    std::vector<std::thread> clients;
    for (uint64_t i = 0; i < 4; ++i) {
      clients.emplace_back([port, seed, i] { misbehave(port, seed * 10 + i); });
    }
    ASSERT_TRUE(eventually([&] { return s.server->stats().requests_total > 5; }));
    s.server->drain_and_stop();
    EXPECT_EQ(s.server->stats().connections_open, 0u);
    for (auto& client : clients) client.join();
  }
}

}  // namespace
}  // namespace otaru::net::testing
