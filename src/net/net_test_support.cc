// SPDX-License-Identifier: Apache-2.0
#include "net/net_test_support.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/encoding.h"

namespace otaru::net::testing {
namespace {

constexpr int kClientDeadlineMs = 10'000;

}  // namespace

http::Response text_response(int status, std::string body) {
  http::Response r(status);
  r.slot(http::Slot::date).header("Content-Type", "text/plain");
  r.slot(http::Slot::content_length).slot(http::Slot::connection).text(std::move(body));
  return r;
}

// Every server has: "/" says hello, "/echo" gives the body back, "/async" does so from another
// thread, "/sink" counts a streamed body.
TestService::TestService() {
  route("/").handle = [](const http::Request&, http::Responder r) {
    r.respond(text_response(200, "hello"));
  };
  route("/echo").handle = [](const http::Request& request, http::Responder r) {
    r.respond(text_response(200, request.body));
  };
  route("/async").handle = [this](const http::Request& request, http::Responder r) {
    auto later = std::make_shared<http::Responder>(std::move(r));
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([&request, later] {
      // The request is still there, though handle() has returned.
      later->respond(text_response(200, std::string(request.query) + request.body));
    });
  };
}

TestService::~TestService() {
  for (auto& thread : threads_) thread.join();
}

http::RoutePlan TestService::plan(const http::Request& head) {
  http::RoutePlan plan;
  const auto it = routes_.find(head.path);
  if (it == routes_.end()) {
    plan.early = std::make_unique<http::Response>(text_response(404, "no such route"));
    return plan;
  }
  plan.mode = it->second.mode;
  plan.body_bytes_max = it->second.body_bytes_max;
  plan.host_required = it->second.host_required;
  plan.route = &it->second;
  return plan;
}

void TestService::handle(const http::Request& request, const http::RoutePlan& plan,
                         http::Responder responder) {
  static_cast<const Route*>(plan.route)->handle(request, std::move(responder));
}

tl::expected<std::unique_ptr<http::BodySink>, http::Response> TestService::open_sink(
    const http::Request&, const http::RoutePlan& plan) {
  return static_cast<const Route*>(plan.route)->open_sink();
}

http::Response TestService::refuse(int status, std::string_view why, const http::RoutePlan*) {
  return text_response(status, std::string(why));
}

std::string Reply::header(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    const size_t colon = line.find(": ");
    if (colon != std::string_view::npos && base::iequals(line.substr(0, colon), name)) {
      return std::string(line.substr(colon + 2));
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  }
  return {};
}

Client::Client() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}

Client::Client(uint16_t port) : Client() {
  EXPECT_TRUE(connect(port));
}

bool Client::connect(uint16_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
}

Client::~Client() {
  ::close(fd_);
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool Client::fill() {
  pollfd wait{fd_, POLLIN, 0};
  if (::poll(&wait, 1, kClientDeadlineMs) <= 0) return false;
  char chunk[65536];
  const ssize_t got = ::recv(fd_, chunk, sizeof chunk, 0);
  if (got <= 0) return false;
  buffer_.append(chunk, static_cast<size_t>(got));
  return true;
}

Reply Client::read(bool head_request) {
  Reply reply;
  size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return reply;
  }
  reply.head = buffer_.substr(0, end);
  buffer_.erase(0, end + 4);
  reply.status = std::stoi(reply.head.substr(9, 3));
  if (head_request || reply.status == 204 || reply.status == 304 || reply.status < 200) {
    reply.ok = true;
    return reply;
  }
  const std::string length = reply.header("Content-Length");
  if (!length.empty()) {
    const size_t wanted = std::stoul(length);
    while (buffer_.size() < wanted) {
      if (!fill()) return reply;
    }
    reply.body = buffer_.substr(0, wanted);
    buffer_.erase(0, wanted);
    reply.ok = true;
    return reply;
  }
  if (reply.header("Transfer-Encoding") != "chunked") {
    while (fill()) {
    }
    reply.body.swap(buffer_);
    reply.ok = true;
    return reply;
  }
  for (;;) {
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
      if (!fill()) return reply;
    }
    const size_t size = std::stoul(buffer_.substr(0, end), nullptr, 16);
    buffer_.erase(0, end + 2);
    while (buffer_.size() < size + 2) {
      if (!fill()) return reply;
    }
    reply.body += buffer_.substr(0, size);
    buffer_.erase(0, size + 2);
    if (size == 0) break;
  }
  reply.ok = true;
  return reply;
}

bool Client::ended() {
  if (!buffer_.empty()) return false;
  pollfd wait{fd_, POLLIN, 0};
  if (::poll(&wait, 1, kClientDeadlineMs) <= 0) return false;
  char byte = 0;
  return ::recv(fd_, &byte, 1, 0) == 0;
}

std::string Client::read_some() {
  if (buffer_.empty()) fill();
  return std::exchange(buffer_, {});
}

void Client::half_close() {
  ::shutdown(fd_, SHUT_WR);
}

void Client::reset() {
  const linger hard{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(fd_);
  fd_ = -1;
}

std::string get(std::string_view path, std::string_view more_headers) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" + std::string(more_headers) +
         "\r\n";
}

std::string post(std::string_view path, std::string_view body, std::string_view more_headers) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more_headers) + "\r\n" + std::string(body);
}

TestServer::TestServer(ServerConfig config) {
  if (config.listeners.empty()) config.listeners.emplace_back();
  if (config.io_threads == 0) config.io_threads = 2;
  server = std::make_unique<Server>(std::move(config), service, clock);
  const auto started = server->start();
  EXPECT_TRUE(started) << (started ? "" : started.error().message);
}

bool listened_on(uint16_t port) {
  return Client().connect(port);
}

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 2'000; ++i) {
    if (condition()) return true;
    ::poll(nullptr, 0, 5);
  }
  return false;
}

}  // namespace otaru::net::testing
