// SPDX-License-Identifier: Apache-2.0
// Requests and answers over real sockets.
#include "net/server.h"

#include <gtest/gtest.h>

#include "net/net_test_support.h"

namespace otaru::net::testing {
namespace {

TEST(Server, AnswersInOneWriteWithTheBytesOfTheResponse) {
  TestServer s;
  Client client(s.port());
  client.send(get("/"));
  EXPECT_EQ(client.read_some(),
            "HTTP/1.1 200 OK\r\nDate: Fri, 01 May 2026 12:00:00 GMT\r\nContent-Type: text/plain\r\n"
            "Content-Length: 5\r\nConnection: keep-alive\r\n\r\nhello");
}

TEST(Server, KeepsTheConnectionAlive) {
  TestServer s;
  Client client(s.port());
  for (int i = 0; i < 100; ++i) {
    const std::string body(static_cast<size_t>(i * 37), 'x');
    const Reply reply = client.ask(post("/echo", body));
    ASSERT_TRUE(reply.ok);
    ASSERT_EQ(reply.body, body);
  }
  const ServerStats stats = s.server->stats();
  EXPECT_EQ(stats.connections_total, 1u);
  EXPECT_EQ(stats.connections_open, 1u);
  EXPECT_EQ(stats.requests_total, 100u);
  EXPECT_GT(stats.bytes_out, 100u * 100u);
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  TestServer s;
  Client client(s.port());
  std::string all;
  for (int i = 0; i < 200; ++i) {
    const std::string text = std::to_string(i);
    all += i % 3 == 0 ? get("/async?" + text) : post(i % 3 == 1 ? "/echo" : "/async", text);
  }
  client.send(all);
  for (int i = 0; i < 200; ++i) {
    const Reply reply = client.read();
    ASSERT_TRUE(reply.ok) << i;
    ASSERT_EQ(reply.body, std::to_string(i));
  }
}

TEST(Server, TakesBytesOneByOne) {
  TestServer s;
  Client client(s.port());
  const std::string all = post("/echo", "abc") + get("/") +
                          "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nT: r\r\n\r\n" +
                          get("/");
  for (const char c : all) ASSERT_TRUE(client.send(std::string_view(&c, 1)));
  EXPECT_EQ(client.read().body, "abc");
  EXPECT_EQ(client.read().body, "hello");
  EXPECT_EQ(client.read().body, "hello");
  EXPECT_EQ(client.read().body, "hello");
}

TEST(Server, ReadsBodiesBeyondItsBuffers) {
  TestServer s;
  Client client(s.port());
  std::string body;
  for (int i = 0; body.size() < 900'000; ++i) body += std::to_string(i) + ",";
  std::thread sender([&] {
    client.send(post("/echo", body));
    std::string chunked = "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (size_t at = 0; at < body.size(); at += 70'000) {
      const std::string part = body.substr(at, 70'000);
      char size[32];
      std::snprintf(size, sizeof size, "%zx\r\n", part.size());
      chunked += size + part + "\r\n";
    }
    // The next request follows in the same segments.
    client.send(chunked + "0\r\n\r\n" + get("/") + get("/async?z"));
  });
  EXPECT_EQ(client.read().body, body);
  EXPECT_EQ(client.read().body, body);
  EXPECT_EQ(client.read().body, "hello");
  EXPECT_EQ(client.read().body, "z");
  sender.join();
}

TEST(Server, HeadsUpToTheLimit) {
  TestServer s;
  Client client(s.port());
  const std::string long_value(12'000, 'v');
  EXPECT_EQ(client.ask(get("/", "X: " + long_value + "\r\n")).status, 200);
  EXPECT_EQ(client.ask(get("/")).body, "hello");
  const Reply over = client.ask(get("/", "X: " + long_value + "\r\nY: " + long_value + "\r\n"));
  EXPECT_EQ(over.status, 431);
  EXPECT_EQ(over.header("Connection"), "close");
  EXPECT_TRUE(client.ended());
  Client target(s.port());
  EXPECT_EQ(target.ask(get("/" + std::string(9'000, 'x'))).status, 414);
  EXPECT_EQ(s.server->stats().refused_too_large, 2u);
}

TEST(Server, HttpOneZero) {
  TestServer s;
  Client plain(s.port());
  const Reply once = plain.ask("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(once.body, "hello");
  EXPECT_EQ(once.header("Connection"), "close");
  EXPECT_TRUE(plain.ended());
  Client kept(s.port());
  for (int i = 0; i < 2; ++i) {
    const Reply reply = kept.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(reply.header("Connection"), "keep-alive");
  }
  // Without a Connection header the client would wait for the end.
  s.service.route("/bare").handle = [](const http::Request&, http::Responder r) {
    http::Response response(200);
    response.slot(http::Slot::content_length).text("x");
    r.respond(std::move(response));
  };
  EXPECT_EQ(kept.ask("GET /bare HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").body, "x");
  EXPECT_TRUE(kept.ended());
}

TEST(Server, ConnectionCloseIsHonoured) {
  TestServer s;
  Client client(s.port());
  EXPECT_EQ(client.ask(get("/", "Connection: close\r\n")).header("Connection"), "close");
  EXPECT_TRUE(client.ended());
  ServerConfig config;
  config.requests_per_connection_max = 2;
  TestServer limited(std::move(config));
  Client second(limited.port());
  EXPECT_EQ(second.ask(get("/")).header("Connection"), "keep-alive");
  EXPECT_EQ(second.ask(get("/")).header("Connection"), "close");
  EXPECT_TRUE(second.ended());
}

TEST(Server, HeadHasTheHeadersOfGetAndNoBody) {
  TestServer s;
  Client client(s.port());
  const Reply with_body = client.ask(get("/"));
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  const Reply reply = client.read(true);
  EXPECT_EQ(reply.head, with_body.head);
  EXPECT_EQ(client.ask(get("/")).body, "hello");
}

TEST(Server, FramingOfAnswers) {
  TestServer s;
  const auto framed = [&s](const std::string& path, http::Framing framing) {
    s.service.route(path).handle = [framing](const http::Request&, http::Responder r) {
      http::Response response(framing == http::Framing::none ? 204 : 200);
      response.slot(http::Slot::content_length).slot(http::Slot::connection);
      response.framing = framing;
      if (framing != http::Framing::none) {
        response.text("one").text("").text(std::string(40'000, 'y')).text("three");
      }
      r.respond(std::move(response));
    };
  };
  framed("/chunked", http::Framing::chunked);
  framed("/close", http::Framing::close_delimited);
  framed("/none", http::Framing::none);
  framed("/length", http::Framing::content_length);
  const std::string body = "one" + std::string(40'000, 'y') + "three";
  Client client(s.port());
  const Reply chunked = client.ask(get("/chunked"));
  EXPECT_EQ(chunked.header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(chunked.header("Content-Length"), "");
  EXPECT_EQ(chunked.body, body);
  EXPECT_EQ(client.ask(get("/none")).status, 204);
  EXPECT_EQ(client.ask(get("/length")).body, body);
  const Reply closing = client.ask(get("/close"));
  EXPECT_EQ(closing.header("Connection"), "close");
  EXPECT_EQ(closing.body, body);
  // HTTP/1.0 does not know chunks: the end of the connection ends the body.
  Client old(s.port());
  const Reply plain = old.ask("GET /chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(plain.header("Transfer-Encoding"), "");
  EXPECT_EQ(plain.header("Connection"), "close");
  EXPECT_EQ(plain.body, body);
}

TEST(Server, ChunksAreOnePerPiece) {
  TestServer s;
  s.service.route("/c").handle = [](const http::Request&, http::Responder r) {
    http::Response response(200);
    response.framing = http::Framing::chunked;
    response.text(std::string(26, 'a')).text("3");
    r.respond(std::move(response));
  };
  Client client(s.port());
  client.send(get("/c"));
  EXPECT_EQ(client.read_some(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1a\r\n" +
                                    std::string(26, 'a') + "\r\n1\r\n3\r\n0\r\n\r\n");
}

TEST(Server, ExpectContinue) {
  TestServer s;
  s.service.route("/small").handle = s.service.route("/echo").handle;
  s.service.route("/small").body_bytes_max = 2;
  Client client(s.port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read().status, 100);
  EXPECT_EQ(client.ask("hello").body, "hello");
  // A body that has come already needs no invitation.
  EXPECT_EQ(client.ask(post("/echo", "early", "Expect: 100-continue\r\n")).body, "early");
  // What the plan does not want is said before the body is sent.
  const Reply large = client.ask(
      "POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(large.status, 413);
  EXPECT_TRUE(client.ended());
  Client missing(s.port());
  EXPECT_EQ(missing
                .ask("POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n"
                     "Expect: 100-continue\r\n\r\n")
                .status,
            404);
  EXPECT_TRUE(missing.ended());
  Client other(s.port());
  EXPECT_EQ(other.ask(post("/echo", "x", "Expect: the-unexpected\r\n")).status, 417);
}

TEST(Server, HostRules) {
  TestServer s;
  s.service.route("/loose").handle = s.service.route("/").handle;
  s.service.route("/loose").host_required = false;
  EXPECT_EQ(Client(s.port()).ask("GET / HTTP/1.1\r\n\r\n").status, 400);
  EXPECT_EQ(Client(s.port()).ask("GET /loose HTTP/1.1\r\n\r\n").status, 200);
  EXPECT_EQ(Client(s.port()).ask("GET http://x/ HTTP/1.1\r\n\r\n").status, 200);
  EXPECT_EQ(Client(s.port()).ask("GET / HTTP/1.0\r\n\r\n").status, 200);
  EXPECT_EQ(Client(s.port()).ask("GET /loose HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n").status, 400);
}

TEST(Server, SmugglingIsRefusedAndTheConnectionEnds) {
  TestServer s;
  const std::string smuggled = get("/");
  const struct {
    const char* headers;
    int status;
  } cases[] = {
      {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Content-Length: 4\r\nContent-Length: 5\r\n", 400},
      {"Content-Length: 4\r\nContent-Length: 4\r\n", 400},
      {"Content-Length: 4,4\r\n", 400},
      {"Content-Length: +4\r\n", 400},
      {"Transfer-Encoding: xchunked\r\n", 501},
      {"Transfer-Encoding: gzip, chunked\r\n", 501},
      {"Transfer-Encoding : chunked\r\n", 400},
      {"X: y\r\n Transfer-Encoding: chunked\r\n", 400},
      {"Content-Length: 4\rX: y\r\n", 400},
  };
  for (const auto& c : cases) {
    Client client(s.port());
    client.send("POST /echo HTTP/1.1\r\nHost: h\r\n" + std::string(c.headers) + "\r\n0\r\n\r\n" +
                smuggled);
    const Reply reply = client.read();
    EXPECT_EQ(reply.status, c.status) << c.headers;
    EXPECT_EQ(reply.header("Connection"), "close") << c.headers;
    EXPECT_TRUE(client.ended()) << c.headers;  // nothing of what followed was answered
  }
  for (const char* body : {"5\nhello\r\n0\r\n\r\n", "5\r\nhello!\r\n0\r\n\r\n", "0x5\r\nhello\r\n",
                           "FFFFFFFFFFFFFFFFF\r\n", "5 x\r\nhello\r\n0\r\n\r\n"}) {
    Client client(s.port());
    client.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
                std::string(body) + smuggled);
    EXPECT_EQ(client.read().status, 400) << body;
    EXPECT_TRUE(client.ended()) << body;
  }
  EXPECT_EQ(s.server->stats().refused_malformed, 15u);
}

TEST(Server, BodyLimits) {
  TestServer s;
  s.service.route("/echo").body_bytes_max = 10;
  Client fits(s.port());
  EXPECT_EQ(fits.ask(post("/echo", "0123456789")).status, 200);
  const Reply over = fits.ask(post("/echo", std::string(200'000, 'x')));
  EXPECT_EQ(over.status, 413);
  EXPECT_TRUE(fits.ended());  // in order, though most of the body was never read
  Client chunked(s.port());
  EXPECT_EQ(chunked
                .ask("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n")
                .status,
            413);
}

TEST(Server, DiscardedBodiesAreAnsweredAtOnce) {
  TestServer s;
  s.service.route("/discard").mode = http::BodyMode::discard;
  s.service.route("/discard").handle = s.service.route("/").handle;
  Client client(s.port());
  EXPECT_EQ(client.ask(get("/discard")).header("Connection"), "keep-alive");
  // The body never comes.
  const Reply reply = client.ask(get("/discard", "Content-Length: 100\r\n"));
  EXPECT_EQ(reply.body, "hello");
  EXPECT_EQ(reply.header("Connection"), "close");
  EXPECT_TRUE(client.ended());
  Client sends(s.port());
  EXPECT_EQ(sends.ask(get("/discard", "Content-Length: 3\r\n") + "abc").body, "hello");
  EXPECT_TRUE(sends.ended());
}

TEST(Server, AForgottenOrThrowingHandlerIsA500) {
  TestServer s;
  s.service.route("/forget").handle = [](const http::Request&, http::Responder) {};
  s.service.route("/throw").handle = [](const http::Request&, http::Responder) {
    throw std::runtime_error("broken");
  };
  EXPECT_EQ(Client(s.port()).ask(get("/forget")).status, 500);
  EXPECT_EQ(Client(s.port()).ask(get("/throw")).status, 500);
  EXPECT_EQ(Client(s.port()).ask(get("/")).status, 200);
}

TEST(Server, ClientsThatGoAwayWhileAnswered) {
  TestServer s;
  std::mutex mutex;
  std::vector<http::Responder> held;
  s.service.route("/hold").handle = [&](const http::Request&, http::Responder r) {
    const std::lock_guard lock(mutex);
    held.push_back(std::move(r));
  };
  const auto held_count = [&] {
    const std::lock_guard lock(mutex);
    return held.size();
  };
  for (size_t i = 0; i < 8; ++i) {
    Client client(s.port());
    client.send(get("/hold"));
    ASSERT_TRUE(eventually([&] { return held_count() == i + 1; }));
    if (i % 2 == 0) client.reset();
  }
  {
    const std::lock_guard lock(mutex);
    for (auto& responder : held) responder.respond(text_response(200, std::string(100'000, 'x')));
  }
  EXPECT_TRUE(eventually([&] { return s.server->stats().connections_open == 0; }));
  EXPECT_EQ(Client(s.port()).ask(get("/")).status, 200);
}

TEST(Server, HalfClosedClientsGetTheirAnswer) {
  TestServer s;
  Client client(s.port());
  client.send(get("/async?x") + get("/"));
  client.half_close();
  EXPECT_EQ(client.read().body, "x");
  EXPECT_EQ(client.read().body, "hello");
  EXPECT_TRUE(client.ended());
}

TEST(Server, RequestFacts) {
  ServerConfig config;
  config.listeners.push_back({"0.0.0.0", 0, {}});
  TestServer s(std::move(config));
  s.service.route("/facts").handle = [](const http::Request& q, http::Responder r) {
    r.respond(text_response(200, std::string(q.peer) + "|" + std::string(q.local_address) + "|" +
                                     (q.tls ? "tls" : "plain") + "|" +
                                     std::string(q.client_certificate) + "|" +
                                     std::string(q.host)));
  };
  Client client(s.port());
  EXPECT_EQ(client.ask(get("/facts")).body,
            "127.0.0.1|127.0.0.1:" + std::to_string(s.port()) + "|plain||h");
}

TEST(Server, ListensOnEveryAddressOfBothFamilies) {
  ServerConfig config;
  config.listeners.push_back({"::", 0, {}});
  TestService service;
  const base::ManualClock clock{base::Time{}};
  service.route("/facts").handle = [](const http::Request& q, http::Responder r) {
    r.respond(text_response(200, std::string(q.peer) + "|" + std::string(q.local_address)));
  };
  Server server(std::move(config), service, clock);
  const auto started = server.start();
  if (!started) GTEST_SKIP() << "no IPv6 here: " << started.error().message;
  // An IPv4 client is an IPv4 address, not a mapped one.
  EXPECT_EQ(Client(server.port(0)).ask(get("/facts")).body,
            "127.0.0.1|127.0.0.1:" + std::to_string(server.port(0)));
}

TEST(Server, TwoServersDoNotShareAPort) {
  TestServer first;
  ServerConfig config;
  config.listeners.push_back({"127.0.0.1", first.port(), {}});
  Server second(std::move(config), first.service, first.clock);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, base::Code::unavailable);
  EXPECT_NE(started.error().message.find(std::to_string(first.port())), std::string::npos);
}

}  // namespace
}  // namespace otaru::net::testing
