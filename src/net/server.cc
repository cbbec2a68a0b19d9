// SPDX-License-Identifier: Apache-2.0
#include "net/server.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <thread>

#include "base/log.h"
#include "net/io_thread.h"
#include "net/signals.h"

namespace otaru::net {

// Order of destruction: I/O threads first (they use all of `shared`).
struct Server::Impl {
  Impl(ServerConfig config, http::Service& service, const base::Clock& clock)
      : shared(std::move(config), service, clock) {}

  Shared shared;
  std::vector<std::unique_ptr<IoThread>> threads;
  std::thread tls_watch;
  std::mutex mutex;
  std::condition_variable stop_watching;
  bool stopping = false;

  base::Status listen(const ListenerConfig& config);
  void watch_tls_files();
  void stop();
};

Server::Server(ServerConfig config, http::Service& service, const base::Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(config), service, clock)) {}

Server::~Server() {
  drain_and_stop();
}

base::Status Server::Impl::listen(const ListenerConfig& config) {
  auto listener = std::make_unique<Listener>();
  listener->config = config;
  if (config.tls) {
    listener->tls = std::make_unique<TlsContext>(*config.tls);
    OTARU_CHECK(listener->tls->load());
  }
  OTARU_TRY(sockets, open_listener(*listener, threads.size()));
  for (size_t i = 0; i < threads.size(); ++i) {
    threads[i]->add_listener(*listener, std::move(sockets[i]));
  }
  shared.listeners.push_back(std::move(listener));
  return {};
}

base::Status Server::start() {
  Impl& impl = *impl_;
  ServerConfig& config = impl.shared.config;
  size_t count = config.io_threads;
  if (count == 0) count = std::max<size_t>(1, std::thread::hardware_concurrency());
  count = std::min(count, base::limits::kIoThreadsMax);
  config.io_threads = count;
  for (size_t i = 0; i < count; ++i) {
    impl.threads.push_back(std::make_unique<IoThread>(impl.shared));
    OTARU_CHECK(impl.threads.back()->open());
  }
  bool any_tls = false;
  for (const ListenerConfig& listener : config.listeners) {
    OTARU_CHECK(impl.listen(listener));
    any_tls = any_tls || listener.tls.has_value();
  }
  impl.shared.workers.start(std::max<size_t>(1, config.body_workers));
  for (const auto& thread : impl.threads) thread->start();
  if (any_tls) impl.tls_watch = std::thread([&impl] { impl.watch_tls_files(); });
  return {};
}

void Server::Impl::watch_tls_files() {
  block_all_signals();
  const std::chrono::milliseconds interval(shared.config.tls_files_check_ms);
  std::unique_lock lock(mutex);
  while (!stop_watching.wait_for(lock, interval, [this] { return stopping; })) {
    for (const auto& listener : shared.listeners) {
      if (!listener->tls) continue;
      const auto loaded = listener->tls->load_if_changed();
      if (!loaded) base::log::warn("tls.reload_failed", {{"why", loaded.error().message}});
    }
  }
}

void Server::drain_and_stop() {
  impl_->stop();
}

void Server::Impl::stop() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
  }
  stop_watching.notify_all();
  if (tls_watch.joinable()) tls_watch.join();
  shared.draining.store(true, std::memory_order_relaxed);
  for (const auto& thread : threads) thread->drain();
  for (const auto& thread : threads) thread->join();
  // Last: connections that were cut have handed their sinks over to be thrown away.
  shared.workers.stop();
}

uint16_t Server::port(size_t listener) const {
  return impl_->shared.listeners.at(listener)->port;
}

base::Status Server::reload_tls() {
  base::Status first;
  for (const auto& listener : impl_->shared.listeners) {
    if (!listener->tls) continue;
    auto loaded = listener->tls->load();
    if (!loaded && first) first = std::move(loaded);
  }
  return first;
}

ServerStats Server::stats() const {
  ServerStats out;
  out.connections_open = impl_->shared.connections_open.load(std::memory_order_relaxed);
  for (const auto& thread : impl_->threads) {
    const Counters& c = thread->counters();
    out.connections_total += c.connections.get();
    const uint64_t ended = c.streams_ended.get();
    out.streams_open += c.streams_begun.get() - ended;
    out.requests_total += c.requests.get();
    out.bytes_out += c.bytes_out.get();
    out.tls_handshakes += c.tls_handshakes.get();
    out.refused_total_limit += c.refused_total_limit.get();
    out.refused_address_limit += c.refused_address_limit.get();
    out.refused_malformed += c.refused_malformed.get();
    out.refused_too_large += c.refused_too_large.get();
    out.refused_no_room += c.refused_no_room.get();
    out.timeouts += c.timeouts.get();
    out.accept_failures += c.accept_failures.get();
    out.tls_failures += c.tls_failures.get();
  }
  return out;
}

}  // namespace otaru::net
