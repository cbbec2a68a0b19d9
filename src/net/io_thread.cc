// SPDX-License-Identifier: Apache-2.0
#include "net/io_thread.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/log.h"
#include "net/connection.h"
#include "net/signals.h"

namespace otaru::net {
namespace {

namespace limits = base::limits;

constexpr uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP | EPOLLET;

// Timeouts are measured by a clock that no administrator turns back; Date is not.
int64_t monotonic_ms() {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_boot).count();
}

AddressKey address_key(const sockaddr_storage& address) {
  AddressKey key;
  if (address.ss_family == AF_INET6) {
    const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&address);
    std::memcpy(&key.high, in6->sin6_addr.s6_addr, 8);
    if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
      std::memcpy(&key.low, in6->sin6_addr.s6_addr + 8, 8);
    }
    return key;
  }
  const auto* in = reinterpret_cast<const sockaddr_in*>(&address);
  const unsigned char prefix[4] = {0, 0, 0xff, 0xff};
  auto* low = reinterpret_cast<unsigned char*>(&key.low);
  std::memcpy(low, prefix, 4);
  std::memcpy(low + 4, &in->sin_addr, 4);
  return key;
}

base::Error os_error(std::string_view what) {
  return {base::Code::unavailable, std::string(what) + ": " + std::strerror(errno), {}};
}

}  // namespace

class IoThread::Acceptor final : public EventHandler {
 public:
  Acceptor(IoThread& io, Listener& where, ListenSocket socket)
      : listener(where), socket_(std::move(socket)), io_(io) {}
  void on_events(uint32_t) override {
    for (size_t i = 0; i < limits::kAcceptBatchMax && io_.accept_one(*this); ++i) {
    }
  }
  int fd() const { return socket_.fd(); }

  Listener& listener;

 private:
  ListenSocket socket_;
  IoThread& io_;
};

class IoThread::Wake final : public EventHandler {
 public:
  explicit Wake(IoThread& io) : io_(io) {}
  void on_events(uint32_t) override { io_.mail_ = true; }

 private:
  IoThread& io_;
};

IoThread::IoThread(Shared& shared)
    : shared_(shared),
      wake_(std::make_unique<Wake>(*this)),
      timers_{TimerQueue(shared.config.head_timeout_ms),
              TimerQueue(shared.config.body_idle_timeout_ms),
              TimerQueue(shared.config.write_idle_timeout_ms),
              TimerQueue(shared.config.keep_alive_timeout_ms),
              TimerQueue(limits::kLingerTimeoutMs),
              TimerQueue(limits::kDrainGraceMs),
              TimerQueue(shared.config.stream_idle_ms)},
      scratch_(limits::kReadScratchBytes) {}

IoThread::~IoThread() {
  join();
  acceptors_.clear();
  if (epoll_fd_ >= 0) ::close(epoll_fd_);
}

base::Status IoThread::open() {
  epoll_fd_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd_ < 0) return base::fail(os_error("epoll"));
  if (mailbox_->wake_fd() < 0) return base::fail(os_error("eventfd"));
  if (!watch(mailbox_->wake_fd(), EPOLLIN, *wake_)) return base::fail(os_error("epoll"));
  now_ms_ = monotonic_ms();
  return {};
}

bool IoThread::watch(int fd, uint32_t events, EventHandler& handler) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &handler;
  return ::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void IoThread::add_listener(Listener& listener, ListenSocket socket) {
  acceptors_.push_back(std::make_unique<Acceptor>(*this, listener, std::move(socket)));
}

void IoThread::start() {
  resume_accepting();
  thread_ = std::thread([this] { run(); });
}

void IoThread::join() {
  if (thread_.joinable()) thread_.join();
}

void IoThread::run() {
  block_all_signals();
  mailbox_->adopt_thread();
  std::array<epoll_event, 128> events{};
  for (;;) {
    const int count =
        ::epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), wait_ms());
    now_ms_ = monotonic_ms();
    for (int i = 0; i < count; ++i) {
      const auto& event = events[static_cast<size_t>(i)];
      static_cast<EventHandler*>(event.data.ptr)->on_events(event.events);
    }
    // Letters last: a task may close the listening sockets that other events of this round name.
    if (mail_) read_mailbox();
    run_again();
    fire_timers();
    if (drain_deadline_ms_ != 0 && now_ms_ >= drain_deadline_ms_) cut_all();
    bury();
    if (drain_deadline_ms_ != 0 && connections_.empty()) break;
  }
  shut_mailbox();
}

int IoThread::wait_ms() {
  if (!again_.empty() || !graveyard_.empty()) return 0;
  int64_t next = -1;
  const auto consider = [&next](int64_t deadline) {
    if (next < 0 || deadline < next) next = deadline;
  };
  for (auto& queue : timers_) {
    if (const TimerNode* first = queue.first()) consider(first->deadline_ms);
  }
  if (accept_resume_ms_ != 0) consider(accept_resume_ms_);
  if (drain_deadline_ms_ != 0) consider(drain_deadline_ms_);
  if (next < 0) return -1;
  return static_cast<int>(std::clamp<int64_t>(next - now_ms_, 0, 60'000));
}

void IoThread::read_mailbox() {
  mail_ = false;
  const Mailbox::Letters letters = mailbox_->take();
  for (Connection* connection : letters.answered) connection->on_answered();
  for (const auto& task : letters.tasks) task();
}

// Most connections never fill their socket: only those that do are woken for writing.
void IoThread::watch_writes(Connection& connection) {
  epoll_event event{};
  event.events = kReadEvents | EPOLLOUT;
  event.data.ptr = static_cast<EventHandler*>(&connection);
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, connection.fd(), &event);
}

void IoThread::again(Connection& connection) {
  if (connection.queued_again) return;
  connection.queued_again = true;
  again_.push_back(&connection);
}

void IoThread::run_again() {
  if (again_.empty()) return;
  std::vector<Connection*> now;
  now.swap(again_);
  for (Connection* connection : now) {
    connection->queued_again = false;
    connection->pump();
  }
  if (again_.empty()) {  // keeps the memory
    now.clear();
    again_.swap(now);
  }
}

void IoThread::fire_timers() {
  for (auto& queue : timers_) {
    while (TimerNode* first = queue.first()) {
      if (first->deadline_ms > now_ms_) break;
      first->disarm();
      static_cast<Connection*>(first)->on_timeout();
    }
  }
  if (accept_resume_ms_ != 0 && now_ms_ >= accept_resume_ms_) resume_accepting();
}

void IoThread::leave(Connection& connection) {
  connections_.back()->index = connection.index;
  connections_[connection.index] = connections_.back();
  connections_.pop_back();
  shared_.connections_open.fetch_sub(1, std::memory_order_relaxed);
  shared_.addresses.leave(connection.address());
}

void IoThread::discard(Connection& connection) {
  graveyard_.push_back(&connection);
}

void IoThread::bury() {
  size_t kept = 0;
  for (Connection* connection : graveyard_) {
    if (connection->queued_again) {
      graveyard_[kept++] = connection;  // still named in again_
    } else {
      const std::unique_ptr<Connection> gone(connection);
    }
  }
  graveyard_.resize(kept);
}

bool IoThread::accept_one(Acceptor& acceptor) {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  const int fd = ::accept4(acceptor.fd(), reinterpret_cast<sockaddr*>(&peer), &length,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      counters_.accept_failures.add();
      pause_accepting();
      return false;
    }
    return true;  // this one connection went wrong (ECONNABORTED and its kind)
  }
  Shared& shared = shared_;
  if (shared.connections_open.fetch_add(1, std::memory_order_relaxed) >=
      shared.config.connections_max) {
    shared.connections_open.fetch_sub(1, std::memory_order_relaxed);
    counters_.refused_total_limit.add();
    ::close(fd);
    return true;
  }
  const AddressKey key = address_key(peer);
  if (!shared.addresses.enter(key, shared.config.connections_per_address_max)) {
    shared.connections_open.fetch_sub(1, std::memory_order_relaxed);
    counters_.refused_address_limit.add();
    ::close(fd);
    return true;
  }
  SslPtr ssl = acceptor.listener.tls ? acceptor.listener.tls->open_session(fd) : nullptr;
  auto connection =
      std::make_unique<Connection>(*this, acceptor.listener, fd, std::move(ssl), &peer, key);
  connection->index = connections_.size();
  connections_.push_back(connection.get());
  counters_.connections.add();
  const bool ok = watch(fd, kReadEvents, *connection);
  Connection* kept = connection.release();
  if (ok) {
    kept->start();
  } else {
    kept->cut();
  }
  return true;
}

// Out of descriptors: an idle client gives up its own, and nobody is accepted for a moment, or the
// waiting connection would wake this thread in a busy loop.
void IoThread::pause_accepting() {
  for (const auto& acceptor : acceptors_) {
    ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, acceptor->fd(), nullptr);
  }
  accept_resume_ms_ = now_ms_ + limits::kAcceptBackoffMs;
  base::log::warn("net.no_descriptors", {{"connections", connections_.size()}});
  TimerNode* oldest = timers_[static_cast<size_t>(Timeout::keep_alive)].first();
  if (oldest != nullptr) static_cast<Connection*>(oldest)->cut();
}

void IoThread::resume_accepting() {
  accept_resume_ms_ = 0;
  for (const auto& acceptor : acceptors_) {
    watch(acceptor->fd(), EPOLLIN, *acceptor);
  }
}

void IoThread::drain() {
  mailbox_->push(Mailbox::Task([this] { begin_drain(); }));
}

void IoThread::begin_drain() {
  if (drain_deadline_ms_ != 0) return;
  drain_deadline_ms_ = now_ms_ + shared_.config.drain_timeout_ms;
  // Who has connected already is answered: closing a listening socket resets its queue.
  for (const auto& acceptor : acceptors_) {
    for (int i = 0; i < SOMAXCONN && accept_one(*acceptor); ++i) {
    }
  }
  accept_resume_ms_ = 0;
  acceptors_.clear();
  const std::vector<Connection*> all = connections_;
  for (Connection* connection : all) connection->on_drain();
}

void IoThread::cut_all() {
  const std::vector<Connection*> all = connections_;
  for (Connection* connection : all) connection->cut();
}

// From here on, answers of other threads find the mailbox closed and delete their connection.
void IoThread::shut_mailbox() {
  for (Connection* connection : mailbox_->close().answered) connection->on_answered();
  run_again();
  bury();
}

std::string_view IoThread::http_date() {
  const base::Time now = shared_.clock.now();
  if (now.seconds() != date_second_) {
    date_second_ = now.seconds();
    date_ = base::http_date(now);
  }
  return date_;
}

std::unique_ptr<Exchange> IoThread::take_exchange() {
  if (spare_exchanges_.empty()) return std::make_unique<Exchange>();
  auto out = std::move(spare_exchanges_.back());
  spare_exchanges_.pop_back();
  return out;
}

void IoThread::spare(std::unique_ptr<Exchange> exchange) {
  if (spare_exchanges_.size() >= limits::kSpareBuffersMax) return;
  exchange->reset();
  spare_exchanges_.push_back(std::move(exchange));
}

std::unique_ptr<char[]> IoThread::take_buffer() {
  if (spare_buffers_.empty()) {
    return std::make_unique_for_overwrite<char[]>(limits::kReadBufferBytes);
  }
  auto out = std::move(spare_buffers_.back());
  spare_buffers_.pop_back();
  return out;
}

void IoThread::spare(std::unique_ptr<char[]> buffer) {
  if (spare_buffers_.size() < limits::kSpareBuffersMax) spare_buffers_.push_back(std::move(buffer));
}

}  // namespace otaru::net
