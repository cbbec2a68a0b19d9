// SPDX-License-Identifier: Apache-2.0
// Listening sockets. Every I/O thread has its own for each address (SO_REUSEPORT), so that the
// kernel spreads connections and no thread waits for another.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/server.h"
#include "net/tls.h"

namespace otaru::net {

// One configured listener; lives as long as the server.
struct Listener {
  ListenerConfig config;
  std::unique_ptr<TlsContext> tls;  // null: plain
  uint16_t port = 0;                // as bound
  std::string local_address;        // "ip:port"; empty when listening on every address
};

// A listening socket that closes itself.
class ListenSocket {
 public:
  ListenSocket() = default;
  explicit ListenSocket(int fd) : fd_(fd) {}
  ~ListenSocket();
  ListenSocket(ListenSocket&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  ListenSocket& operator=(ListenSocket&& other) noexcept;
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

// Binds `count` sockets to the listener's address, fills in port and local_address.
// Code::unavailable when somebody else listens there, even with SO_REUSEPORT.
base::Result<std::vector<ListenSocket>> open_listener(Listener& listener, size_t count);

// "ip" or "ip:port" of a socket address; mapped IPv4 as IPv4.
struct AddressText {
  std::string ip;
  uint16_t port = 0;
};
AddressText address_text(const void* sockaddr);

}  // namespace otaru::net
