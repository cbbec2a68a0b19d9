// SPDX-License-Identifier: Apache-2.0
// One I/O thread: epoll, its connections, their timeouts, and what they share (spare buffers, the
// Date text). Nothing here is touched by another thread, except through the mailbox and the
// counters.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/address_table.h"
#include "net/listener.h"
#include "net/mailbox.h"
#include "net/server.h"
#include "net/timers.h"
#include "net/worker_pool.h"

namespace otaru::net {

class Connection;
struct Exchange;

// What all threads of one server share.
struct Shared {
  Shared(ServerConfig c, http::Service& s, const base::Clock& k)
      : config(std::move(c)), service(s), clock(k) {}
  ServerConfig config;
  http::Service& service;
  const base::Clock& clock;
  std::vector<std::unique_ptr<Listener>> listeners;
  AddressTable addresses;
  WorkerPool workers;
  std::atomic<size_t> connections_open{0};
  std::atomic<bool> draining{false};
};

// A counter with one writer: no locked instruction on the way of a request.
class Counter {
 public:
  void add(uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

struct Counters {
  Counter connections, requests, bytes_out, tls_handshakes, refused_total_limit,
      refused_address_limit, refused_malformed, refused_too_large, refused_no_room, timeouts,
      accept_failures, tls_failures, streams_begun, streams_ended;
};

// What epoll calls back.
class EventHandler {
 public:
  virtual void on_events(uint32_t events) = 0;

 protected:
  ~EventHandler() = default;
};

enum class Timeout { head, body, write, keep_alive, linger, drain_grace, stream_idle };
inline constexpr size_t kTimeoutKinds = 7;

class IoThread {
 public:
  explicit IoThread(Shared& shared);
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;
  base::Status open();
  void add_listener(Listener& listener, ListenSocket socket);
  void start();  // the thread
  void join();
  // Any thread: stops accepting and ends when no connection is left, or after the drain timeout.
  void drain();
  const Counters& counters() const { return counters_; }

  // --- for connections, on this thread ---
  Shared& shared() { return shared_; }
  Counters& counters_mut() { return counters_; }
  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }
  int64_t now_ms() const { return now_ms_; }
  void arm(TimerNode& node, Timeout kind) { timers_[static_cast<size_t>(kind)].arm(node, now_ms_); }
  void watch_writes(Connection& connection);  // from now on; reads are watched from the start
  void again(Connection& connection);         // pump it once more, after the others
  void discard(Connection& connection);       // delete it when no event can name it any more
  void leave(Connection& connection);         // it has closed: not counted any more
  std::string_view http_date();
  char* scratch() { return scratch_.data(); }  // kReadScratchBytes, until the next call
  size_t& unfinished_body_bytes() { return unfinished_body_bytes_; }
  std::unique_ptr<Exchange> take_exchange();
  void spare(std::unique_ptr<Exchange> exchange);
  std::unique_ptr<char[]> take_buffer();  // kReadBufferBytes
  void spare(std::unique_ptr<char[]> buffer);

 private:
  class Acceptor;
  class Wake;

  void run();
  bool watch(int fd, uint32_t events, EventHandler& handler);
  int wait_ms();
  void read_mailbox();
  void run_again();
  void fire_timers();
  void begin_drain();
  void cut_all();
  void bury();
  bool accept_one(Acceptor& acceptor);
  void pause_accepting();
  void resume_accepting();
  void shut_mailbox();

  Shared& shared_;
  Counters counters_;
  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  std::unique_ptr<Wake> wake_;
  bool mail_ = false;
  std::thread thread_;
  int epoll_fd_ = -1;
  int64_t now_ms_ = 0;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  int64_t accept_resume_ms_ = 0;   // 0: not paused
  int64_t drain_deadline_ms_ = 0;  // 0: not draining
  std::array<TimerQueue, kTimeoutKinds> timers_;
  std::vector<Connection*> connections_;  // owned; a connection knows its index
  std::vector<Connection*> again_;
  std::vector<Connection*> graveyard_;
  std::vector<std::unique_ptr<Exchange>> spare_exchanges_;
  std::vector<std::unique_ptr<char[]>> spare_buffers_;
  std::vector<char> scratch_;
  size_t unfinished_body_bytes_ = 0;
  int64_t date_second_ = -1;
  std::string date_;
};

}  // namespace otaru::net
