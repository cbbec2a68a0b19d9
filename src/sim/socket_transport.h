// SPDX-License-Identifier: Apache-2.0
// The transport of a simulated device over a real TCP connection. Blocking, one thread, one
// connection that is kept as long as both sides like. Deliberately plain: it is a device's network,
// not a library client.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dialect/sim_device.h"

namespace otaru::sim {

struct Endpoint {
  std::string host;
  std::string port;
};
// "http://host:port[/...]" taken apart. Code::invalid for anything else: devices speak plain HTTP.
base::Result<Endpoint> parse_endpoint(std::string_view url);

class SocketTransport {
 public:
  explicit SocketTransport(Endpoint where, int64_t timeout_ms = 30'000)
      : where_(std::move(where)), timeout_ms_(timeout_ms) {}
  ~SocketTransport();
  SocketTransport(const SocketTransport&) = delete;
  SocketTransport& operator=(const SocketTransport&) = delete;

  // Code::unavailable: no connection, or it broke before the answer was complete.
  base::Result<dialect::WireReply> exchange(const std::string& request_bytes);
  int64_t bytes_received() const { return received_; }

 private:
  base::Status connect();
  void disconnect();
  base::Status send_all(std::string_view bytes);
  base::Status receive_more();
  base::Result<dialect::WireReply> receive(bool head_only);
  base::Result<dialect::WireReply> receive_head();
  base::Result<std::string> receive_body(const dialect::WireReply& head, bool& closes);

  Endpoint where_;
  int64_t timeout_ms_;
  int fd_ = -1;
  std::string buffer_;
  int64_t received_ = 0;
};

}  // namespace otaru::sim
