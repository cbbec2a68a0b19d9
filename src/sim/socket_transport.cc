// SPDX-License-Identifier: Apache-2.0
#include "sim/socket_transport.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/encoding.h"
#include "http/parser.h"

namespace otaru::sim {
namespace {

using base::Code;

// No device answer has a longer head, and no device has more memory for a body than this.
constexpr size_t kHeadBytesMax = 64 * 1024;
constexpr size_t kBodyBytesMax = 256 * 1024 * 1024;

base::Status broken(const std::string& what) {
  return base::fail(Code::unavailable, what + ": " + std::strerror(errno));
}

void parse_headers(std::string_view head, dialect::WireReply& reply) {
  size_t at = head.find("\r\n");
  while (at != std::string_view::npos) {
    const size_t next = head.find("\r\n", at + 2);
    const auto line = head.substr(at + 2, next == std::string_view::npos ? next : next - at - 2);
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      reply.headers.emplace_back(line.substr(0, colon), base::trim(line.substr(colon + 1)));
    }
    at = next;
  }
}

}  // namespace

base::Result<Endpoint> parse_endpoint(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) {
    return base::fail(Code::invalid,
                      "simulated devices speak plain http://, not '" + std::string(url) + "'");
  }
  url.remove_prefix(kScheme.size());
  url = url.substr(0, url.find('/'));
  const size_t colon = url.rfind(':');
  const bool has_port = colon != std::string_view::npos && url.find(']', colon) == url.npos;
  std::string_view host = has_port ? url.substr(0, colon) : url;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return base::fail(Code::invalid, "the server's URL has no host");
  return Endpoint{std::string(host), has_port ? std::string(url.substr(colon + 1)) : "80"};
}

SocketTransport::~SocketTransport() {
  disconnect();
}

void SocketTransport::disconnect() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  buffer_.clear();
}

base::Status SocketTransport::connect() {
  if (fd_ >= 0) return {};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(where_.host.c_str(), where_.port.c_str(), &hints, &found)) {
    return base::fail(Code::unavailable, where_.host + ": " + ::gai_strerror(code));
  }
  for (const addrinfo* at = found; at != nullptr && fd_ < 0; at = at->ai_next) {
    fd_ = ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (fd_ < 0) continue;
    timeval limit{timeout_ms_ / 1000, (timeout_ms_ % 1000) * 1000};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd_, at->ai_addr, at->ai_addrlen) != 0) {
      ::close(fd_);
      fd_ = -1;
    }
  }
  ::freeaddrinfo(found);
  return fd_ >= 0 ? base::Status() : broken("connect");
}

base::Status SocketTransport::send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return broken("send");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

base::Status SocketTransport::receive_more() {
  char chunk[64 * 1024];
  const ssize_t n = ::recv(fd_, chunk, sizeof chunk, 0);
  if (n == 0) return base::fail(Code::unavailable, "the server closed the connection");
  if (n < 0) return broken("receive");
  received_ += n;
  buffer_.append(chunk, static_cast<size_t>(n));
  return {};
}

base::Result<std::string> SocketTransport::receive_body(const dialect::WireReply& head,
                                                        bool& closes) {
  std::string body;
  if (head.header("Transfer-Encoding") != nullptr) {
    http::ChunkDecoder decoder;
    while (true) {
      const auto step = decoder.step(buffer_);
      body += step.data;
      buffer_.erase(0, step.consumed);
      if (step.state == http::ChunkDecoder::State::done) return body;
      if (step.state == http::ChunkDecoder::State::refused) {
        return base::fail(Code::invalid, "bad chunked answer");
      }
      if (step.state == http::ChunkDecoder::State::more) OTARU_CHECK(receive_more());
      if (body.size() > kBodyBytesMax) return base::fail(Code::too_large, "the answer is too long");
    }
  }
  const std::string* length_text = head.header("Content-Length");
  if (length_text == nullptr) {
    // Delimited by the end of the connection.
    closes = true;
    while (receive_more()) {
    }
    body.swap(buffer_);
    return body;
  }
  const auto length = base::parse_uint(*length_text);
  if (!length || *length > kBodyBytesMax) {
    return base::fail(Code::too_large, "the answer is too long");
  }
  while (buffer_.size() < *length) OTARU_CHECK(receive_more());
  body = buffer_.substr(0, *length);
  buffer_.erase(0, *length);
  return body;
}

base::Result<dialect::WireReply> SocketTransport::receive_head() {
  size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (buffer_.size() > kHeadBytesMax) return base::fail(Code::too_large, "the head is too long");
    OTARU_CHECK(receive_more());
  }
  dialect::WireReply reply;
  const std::string head = buffer_.substr(0, end);
  buffer_.erase(0, end + 4);
  if (!head.starts_with("HTTP/1.") || head.size() < 12) {
    return base::fail(Code::invalid, "that is no HTTP answer");
  }
  reply.status = static_cast<int>(base::parse_int(std::string_view(head).substr(9, 3)).value_or(0));
  parse_headers(head, reply);
  return reply;
}

base::Result<dialect::WireReply> SocketTransport::receive(bool head_only) {
  OTARU_TRY(reply, receive_head());
  // "100 Continue": the server has seen the head before the body, which was sent with it.
  while (reply.status >= 100 && reply.status < 200) {
    OTARU_TRY(next, receive_head());
    reply = std::move(next);
  }
  const std::string* connection = reply.header("Connection");
  bool closes = connection != nullptr && base::iequals(*connection, "close");
  const bool bodyless = head_only || reply.status == 204 || reply.status == 304;
  if (!bodyless) {
    OTARU_TRY(body, receive_body(reply, closes));
    reply.body = std::move(body);
  }
  if (closes) disconnect();
  return reply;
}

base::Result<dialect::WireReply> SocketTransport::exchange(const std::string& request_bytes) {
  const bool kept = fd_ >= 0;
  OTARU_CHECK(connect());
  const bool head_only = request_bytes.starts_with("HEAD ");
  auto reply = [&]() -> base::Result<dialect::WireReply> {
    OTARU_CHECK(send_all(request_bytes));
    return receive(head_only);
  }();
  if (reply) return reply;
  const bool nothing_came = buffer_.empty();
  disconnect();
  // A kept connection may have been closed while it was idle: once again on a fresh one.
  if (!kept || !nothing_came) return reply;
  OTARU_CHECK(connect());
  OTARU_CHECK(send_all(request_bytes));
  auto again = receive(head_only);
  if (!again) disconnect();
  return again;
}

}  // namespace otaru::sim
