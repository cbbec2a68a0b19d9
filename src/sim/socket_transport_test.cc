// SPDX-License-Identifier: Apache-2.0
#include "sim/socket_transport.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace otaru::sim {
namespace {

// Takes one connection, reads once, and answers with fixed bytes.
class OneAnswer {
 public:
  explicit OneAnswer(std::string bytes) : bytes_(std::move(bytes)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, generic, size), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    EXPECT_EQ(::getsockname(listener_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~OneAnswer() {
    thread_.join();
    ::close(listener_);
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;

  Endpoint endpoint() const { return {"127.0.0.1", std::to_string(port_)}; }

 private:
  void serve() {
    const int fd = ::accept(listener_, nullptr, nullptr);
    char chunk[4096];
    EXPECT_GT(::recv(fd, chunk, sizeof chunk, 0), 0);
    EXPECT_EQ(::send(fd, bytes_.data(), bytes_.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes_.size()));
    ::close(fd);
  }

  std::string bytes_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::thread thread_;
};

TEST(SocketTransport, AnInterimAnswerIsNotTheAnswer) {
  OneAnswer server("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
  SocketTransport transport(server.endpoint());
  const auto reply = transport.exchange(
      "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "body");
}

TEST(SocketTransport, AnAnswerToHeadHasNoBody) {
  OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 4711\r\n\r\n");
  SocketTransport transport(server.endpoint());
  const auto reply = transport.exchange("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(reply);
  EXPECT_EQ(*reply->header("content-length"), "4711");
  EXPECT_EQ(reply->body, "");
}

}  // namespace
}  // namespace otaru::sim
