// SPDX-License-Identifier: Apache-2.0
// The bytes of one accepted socket, plain or TLS, without blocking.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/tls.h"

namespace otaru::net {

struct IoResult {
  enum class State { ok, again, end, failed };
  State state = State::ok;
  size_t bytes = 0;
};

class Transport {
 public:
  explicit Transport(int fd, SslPtr ssl) : fd_(fd), ssl_(std::move(ssl)) {}
  ~Transport() { close(); }
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  int fd() const { return fd_; }
  bool tls() const { return ssl_ != nullptr; }
  IoResult handshake();
  IoResult read(char* to, size_t size);
  // `first` then `second`, as far as it goes. `more`: other bytes follow at once.
  IoResult write(std::string_view first, std::string_view second, bool more);
  // Plain only: the kernel copies from the file; moves `offset`. `end`: the file is shorter.
  IoResult send_file(int file, int64_t& offset, size_t size);
  bool wants_write() const;  // TLS: what it waits for is room to write
  void say_goodbye();        // TLS: its own end of stream
  void shutdown_write();     // says goodbye and ends the stream; reading goes on
  void close();
  std::string client_name() const { return ssl_ ? verified_common_name(ssl_.get()) : ""; }

 private:
  IoResult of_ssl(int result);

  int fd_;
  SslPtr ssl_;
};

}  // namespace otaru::net
