// SPDX-License-Identifier: Apache-2.0
#include "net/listener.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace otaru::net {
namespace {

std::string errno_text() {
  return std::generic_category().message(errno);
}

base::Result<sockaddr_storage> resolve(const ListenerConfig& config, socklen_t& length) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(config.port);
  const int error = ::getaddrinfo(config.address.c_str(), port.c_str(), &hints, &found);
  if (error != 0) {
    return base::fail(base::Code::invalid,
                      "address '" + config.address + "': " + ::gai_strerror(error));
  }
  sockaddr_storage out{};
  length = found->ai_addrlen;
  std::memcpy(&out, found->ai_addr, length);
  ::freeaddrinfo(found);
  return out;
}

enum class Sharing { alone, with_threads };

base::Result<ListenSocket> bind_socket(const sockaddr_storage& address, socklen_t length,
                                       Sharing sharing) {
  const int fd = ::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return base::fail(base::Code::unavailable, "socket: " + errno_text());
  ListenSocket socket(fd);
  const int on = 1;
  const int off = 0;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (sharing == Sharing::with_threads) {
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  }
  if (address.ss_family == AF_INET6) {
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  // Accepted sockets inherit it: small answers leave at once.
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    return base::fail(base::Code::unavailable, errno_text());
  }
  return socket;
}

void set_port(sockaddr_storage& address, uint16_t port) {
  if (address.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(&address)->sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in*>(&address)->sin_port = htons(port);
  }
}

bool is_any(const std::string& ip) {
  return ip == "0.0.0.0" || ip == "::";
}

}  // namespace

ListenSocket::~ListenSocket() {
  if (fd_ >= 0) ::close(fd_);
}

ListenSocket& ListenSocket::operator=(ListenSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

AddressText address_text(const void* sockaddr_bytes) {
  sockaddr_storage address{};
  std::memcpy(&address.ss_family, sockaddr_bytes, sizeof address.ss_family);
  std::array<char, INET6_ADDRSTRLEN> text{};
  AddressText out;
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 in6{};
    std::memcpy(&in6, sockaddr_bytes, sizeof in6);
    if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
      ::inet_ntop(AF_INET, in6.sin6_addr.s6_addr + 12, text.data(), text.size());
    } else {
      ::inet_ntop(AF_INET6, &in6.sin6_addr, text.data(), text.size());
    }
    out.port = ntohs(in6.sin6_port);
  } else {
    sockaddr_in in{};
    std::memcpy(&in, sockaddr_bytes, sizeof in);
    ::inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size());
    out.port = ntohs(in.sin_port);
  }
  out.ip = text.data();
  return out;
}

base::Result<std::vector<ListenSocket>> open_listener(Listener& listener, size_t count) {
  const std::string where = listener.config.address + ":" + std::to_string(listener.config.port);
  const auto prefixed = [&where](base::Error error) {
    error.message = "cannot listen on " + where + ": " + error.message;
    return base::fail(std::move(error));
  };
  socklen_t length = 0;
  auto address = resolve(listener.config, length);
  if (!address) return prefixed(std::move(address).error());
  // SO_REUSEPORT would let a second server of the same user share the port in silence: listen
  // once without it first.
  {
    auto probe = bind_socket(*address, length, Sharing::alone);
    if (!probe) return prefixed(std::move(probe).error());
    if (::listen(probe->fd(), 1) != 0) {
      return prefixed({base::Code::unavailable, errno_text(), {}});
    }
    sockaddr_storage bound{};
    socklen_t bound_length = sizeof bound;
    ::getsockname(probe->fd(), reinterpret_cast<sockaddr*>(&bound), &bound_length);
    const AddressText text = address_text(&bound);
    listener.port = text.port;
    set_port(*address, text.port);
    if (!is_any(text.ip)) {
      const bool v6 = text.ip.find(':') != std::string::npos;
      listener.local_address =
          (v6 ? "[" + text.ip + "]" : text.ip) + ":" + std::to_string(text.port);
    }
  }
  std::vector<ListenSocket> sockets;
  for (size_t i = 0; i < count; ++i) {
    auto socket = bind_socket(*address, length, Sharing::with_threads);
    if (!socket) return prefixed(std::move(socket).error());
    if (::listen(socket->fd(), SOMAXCONN) != 0) {
      return prefixed({base::Code::unavailable, errno_text(), {}});
    }
    sockets.push_back(std::move(*socket));
  }
  return sockets;
}

}  // namespace otaru::net
