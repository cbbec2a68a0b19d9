// SPDX-License-Identifier: Apache-2.0
// Large things: files out, streamed bodies in.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/encoding.h"
#include "base/hash.h"
#include "http/ranges.h"
#include "net/net_test_support.h"
#include "net/server.h"

namespace otaru::net::testing {
namespace {

std::string pattern(size_t size) {
  std::string out;
  out.reserve(size + 16);
  for (size_t i = 0; out.size() < size; ++i) out += std::to_string(i * i) + ";";
  out.resize(size);
  return out;
}

http::Download file_of(const std::string& bytes) {
  const int fd = ::memfd_create("file", MFD_CLOEXEC);
  EXPECT_EQ(::write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  http::Download out;
  out.file = std::make_shared<http::FileHandle>(fd, static_cast<int64_t>(bytes.size()));
  out.etag = "\"e\"";
  return out;
}

void serve_file(TestServer& s, const http::Download& file) {
  s.service.route("/file").handle = [file](const http::Request& request, http::Responder r) {
    r.respond(http::download(request, file));
  };
}

TEST(Files, AreSentWholeByManyAtOnce) {
  TestServer s;
  const std::string bytes = pattern(8'000'000);
  serve_file(s, file_of(bytes));
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      Client client(s.port());
      for (int k = 0; k < 2; ++k) {
        if (client.ask(get("/file")).body == bytes) ++good;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(good, 16);
}

TEST(Files, RangesAndPipelining) {
  TestServer s;
  const std::string bytes = pattern(300'000);
  serve_file(s, file_of(bytes));
  Client client(s.port());
  client.send(get("/file", "Range: bytes=299990-\r\n") +
              get("/file", "Range: bytes=0-0,5-200000\r\n") +
              "HEAD /file HTTP/1.1\r\nHost: h\r\n\r\n" + get("/"));
  EXPECT_EQ(client.read().body, bytes.substr(299'990));
  const Reply many = client.read();
  EXPECT_EQ(many.status, 206);
  EXPECT_NE(many.body.find(bytes.substr(5, 199'996)), std::string::npos);
  EXPECT_EQ(client.read(true).header("Content-Length"), "300000");
  EXPECT_EQ(client.read().body, "hello");
}

TEST(Files, ChunkedFileSlices) {
  TestServer s;
  const std::string bytes = pattern(100'000);
  const http::Download file = file_of(bytes);
  s.service.route("/c").handle = [file](const http::Request&, http::Responder r) {
    http::Response response(200);
    response.framing = http::Framing::chunked;
    response.text("a").file({file.file, 10, 50'000}).text("b").file({file.file, 0, 1});
    r.respond(std::move(response));
  };
  Client client(s.port());
  EXPECT_EQ(client.ask(get("/c")).body, "a" + bytes.substr(10, 50'000) + "b" + bytes.substr(0, 1));
  EXPECT_EQ(client.ask(get("/")).body, "hello");
}

TEST(Files, AFileThatShrankEndsTheConnection) {
  TestServer s;
  http::Download file = file_of(pattern(1'000'000));
  serve_file(s, file);
  ASSERT_EQ(::ftruncate(file.file->fd(), 600'000), 0);
  Client client(s.port());
  EXPECT_FALSE(client.ask(get("/file")).ok);
}

// Counts what comes and can be told to be slow or to fail.
struct SinkLog {
  std::mutex mutex;
  std::condition_variable change;
  base::MultiHasher hasher;
  size_t bytes = 0;
  size_t largest = 0;
  bool blocked = false;
  bool finished = false;
  bool destroyed = false;
  size_t fail_after = SIZE_MAX;
};

class LogSink final : public http::BodySink {
 public:
  explicit LogSink(SinkLog& log) : log_(log) {}
  ~LogSink() override {
    const std::lock_guard lock(log_.mutex);
    log_.destroyed = true;
    log_.change.notify_all();
  }
  base::Status write(std::string_view bytes) override {
    std::unique_lock lock(log_.mutex);
    log_.change.wait(lock, [this] { return !log_.blocked; });
    log_.bytes += bytes.size();
    log_.largest = std::max(log_.largest, bytes.size());
    if (log_.bytes > log_.fail_after) return base::fail(base::Code::unavailable, "disk full");
    log_.hasher.update(bytes);
    return {};
  }
  http::Response finish() override {
    const std::lock_guard lock(log_.mutex);
    log_.finished = true;
    if (log_.bytes > log_.fail_after) return text_response(507, "disk full");
    return text_response(201, log_.hasher.finish().sha256);
  }

 private:
  SinkLog& log_;
};

struct StreamServer : TestServer {
  explicit StreamServer(ServerConfig config = {}) : TestServer(std::move(config)) {
    auto& route = service.route("/up");
    route.mode = http::BodyMode::stream;
    route.body_bytes_max = 1u << 30;
    route.open_sink = [this]() -> tl::expected<std::unique_ptr<http::BodySink>, http::Response> {
      if (refuse_open) return tl::unexpected(text_response(409, "not now"));
      return std::make_unique<LogSink>(log);
    };
  }
  ~StreamServer() { server->drain_and_stop(); }  // before the log goes away
  bool wait_destroyed() {
    std::unique_lock lock(log.mutex);
    return log.change.wait_for(lock, std::chrono::seconds(10), [this] { return log.destroyed; });
  }

  SinkLog log;
  std::atomic<bool> refuse_open = false;
};

std::string sha256_of(const std::string& bytes) {
  return base::hex(base::digest(base::HashKind::sha256, bytes));
}

TEST(Streams, LargeUploadArrivesWhole) {
  StreamServer s;
  const std::string bytes = pattern(12'000'000);
  Client client(s.port());
  std::thread sender([&] { client.send(post("/up", bytes) + get("/")); });
  const Reply reply = client.read();
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.body, sha256_of(bytes));
  EXPECT_EQ(client.read().body, "hello");  // the connection goes on
  sender.join();
  EXPECT_LE(s.log.largest, 2 * base::limits::kStreamBufferBytes);
}

TEST(Streams, ChunkedAndEmptyUploads) {
  StreamServer s;
  Client client(s.port());
  const Reply chunked = client.ask(
      "POST /up HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(chunked.status, 100);
  EXPECT_EQ(client.ask("3\r\nabc\r\n0\r\n\r\n").body, sha256_of("abc"));
  SinkLog& log = s.log;
  {
    const std::lock_guard lock(log.mutex);
    log.hasher = base::MultiHasher();
  }
  EXPECT_EQ(client.ask(post("/up", "")).body, sha256_of(""));
}

TEST(Streams, ABusySinkStopsTheReading) {
  StreamServer s;
  s.log.blocked = true;
  Client client(s.port());
  const std::string bytes = pattern(16'000'000);
  std::atomic<size_t> sent = 0;
  std::thread sender([&] {
    client.send("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(bytes.size()) +
                "\r\n\r\n");
    for (size_t at = 0; at < bytes.size(); at += 100'000) {
      if (!client.send(std::string_view(bytes).substr(at, 100'000))) return;
      sent = at + 100'000;
    }
  });
  // Stands still when the buffers here and in the kernel are full, long before the end.
  size_t last = 0;
  int same = 0;
  // No ASSERT while the sender runs: leaving it unjoined would end the whole program.
  EXPECT_TRUE(eventually([&] {
    same = sent == last && last != 0 ? same + 1 : 0;
    last = sent;
    return same > 40;
  }));
  EXPECT_LT(last, bytes.size());
  {
    const std::lock_guard lock(s.log.mutex);
    s.log.blocked = false;
    s.log.change.notify_all();
  }
  EXPECT_EQ(client.read().body, sha256_of(bytes));
  sender.join();
}

TEST(Streams, FailuresAreAnsweredAndTheRestIsNotWanted) {
  StreamServer s;
  s.log.fail_after = 1'000'000;
  const std::string bytes = pattern(8'000'000);
  {
    Client client(s.port());
    std::thread sender([&] { client.send(post("/up", bytes)); });
    const Reply reply = client.read();
    EXPECT_EQ(reply.status, 507);
    EXPECT_EQ(reply.header("Connection"), "close");
    sender.join();
  }
  s.refuse_open = true;
  Client client(s.port());
  EXPECT_EQ(client.ask(post("/up", "x")).status, 409);
}

TEST(Streams, AClientThatGoesAwayLeavesAnUnfinishedSink) {
  StreamServer s;
  {
    Client client(s.port());
    client.send("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" +
                std::string(500'000, 'x'));
    ASSERT_TRUE(eventually([&] {
      const std::lock_guard lock(s.log.mutex);
      return s.log.bytes == 500'000;
    }));
    client.reset();
  }
  EXPECT_TRUE(s.wait_destroyed());
  EXPECT_FALSE(s.log.finished);
}

TEST(Streams, MalformedAndTooLargeUploads) {
  StreamServer s;
  Client client(s.port());
  client.send("POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(s.log.mutex);
    return s.log.bytes == 3;
  }));
  EXPECT_EQ(client.ask("zzz\r\n").status, 400);
  EXPECT_TRUE(s.wait_destroyed());
  EXPECT_FALSE(s.log.finished);
  s.service.route("/up").body_bytes_max = 10;
  Client large(s.port());
  EXPECT_EQ(large.ask(post("/up", std::string(11, 'x'))).status, 413);
}

TEST(Streams, AnUploadThatStopsIsCutOff) {
  ServerConfig config;
  config.body_idle_timeout_ms = 100;
  StreamServer s(std::move(config));
  Client client(s.port());
  client.send("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc");
  EXPECT_EQ(client.read().status, 408);
  EXPECT_TRUE(s.wait_destroyed());
  EXPECT_FALSE(s.log.finished);
}

// What is tested is a rate, and a rate takes time.
void pace() {
  ::poll(nullptr, 0, 10);
}

TEST(Streams, AnUploadThatBarelyMovesIsCutOff) {
  ServerConfig config;
  config.stream_pace_ms = 100;
  config.stream_bytes_per_second_min = 1000;
  StreamServer s(std::move(config));
  Client client(s.port());
  client.send("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
  // Never idle, but far below the least rate. Writing ends with the answer.
  for (int i = 0; i < 100 && s.server->stats().timeouts == 0; ++i) {
    client.send("x");
    pace();
  }
  EXPECT_EQ(client.read().status, 408);
  // One that is fast enough may take many times as long.
  Client steady(s.port());
  steady.send("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n");
  for (int i = 0; i < 30; ++i) {
    steady.send(std::string(2000, 'x'));
    pace();
  }
  EXPECT_EQ(steady.read().status, 201);
}

TEST(Streams, DrainFinishesARunningUpload) {
  StreamServer s;
  Client client(s.port());
  client.send("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc");
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(s.log.mutex);
    return s.log.bytes == 3;
  }));
  const uint16_t port = s.port();
  std::thread drain([&] { s.server->drain_and_stop(); });
  EXPECT_TRUE(eventually([&] { return !listened_on(port); }));
  const Reply reply = client.ask("def");
  EXPECT_EQ(reply.body, sha256_of("abcdef"));
  EXPECT_EQ(reply.header("Connection"), "close");
  drain.join();
}

}  // namespace
}  // namespace otaru::net::testing
