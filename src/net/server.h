// SPDX-License-Identifier: Apache-2.0
// The HTTP server as the rest of Otaru sees it: give it a Service and addresses, start it, drain
// it. Knows sockets and TLS, knows nothing of devices. Threads, limits and shutdown: README.md
// here.
//
//   net::Server server(config, service, clock);
//   OTARU_CHECK(server.start());           // listens; returns at once
//   ...                                    // until a signal says stop (not handled here)
//   server.drain_and_stop();               // finishes what runs, then returns
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"
#include "http/service.h"

namespace otaru::net {

enum class ClientCertificate { none, optional, required };

struct TlsFiles {
  std::string certificate;  // PEM, leaf first
  std::string key;          // PEM
  std::string client_ca;    // PEM; needed unless client_certificate is none
  ClientCertificate client_certificate = ClientCertificate::none;
};

struct ListenerConfig {
  std::string address = "127.0.0.1";  // numeric or a name; "0.0.0.0" and "::" are every address
  uint16_t port = 0;                  // 0: any free one, see Server::port()
  std::optional<TlsFiles> tls;
};

struct ServerConfig {
  std::vector<ListenerConfig> listeners;
  size_t io_threads = 0;    // 0: one per core
  size_t body_workers = 4;  // threads that streamed bodies are written by
  int64_t head_timeout_ms = base::limits::kHeadTimeoutMs;
  int64_t body_idle_timeout_ms = base::limits::kBodyIdleTimeoutMs;
  int64_t stream_bytes_per_second_min = base::limits::kStreamBytesPerSecondMin;
  int64_t stream_pace_ms = base::limits::kStreamPaceMs;
  int64_t write_idle_timeout_ms = base::limits::kWriteIdleTimeoutMs;
  int64_t keep_alive_timeout_ms = base::limits::kKeepAliveTimeoutMs;
  int64_t stream_idle_ms = base::limits::kStreamIdleMs;
  int64_t drain_timeout_ms = base::limits::kDrainTimeoutMs;
  int64_t tls_files_check_ms = base::limits::kTlsFilesCheckMs;
  size_t connections_max = base::limits::kConnectionsMax;
  size_t connections_per_address_max = base::limits::kConnectionsPerAddressMax;
  size_t requests_per_connection_max = base::limits::kRequestsPerConnectionMax;
  size_t unfinished_body_bytes_max = base::limits::kUnfinishedBodyBytesMax;
};

// Counted since start(); connections_open and streams_open are now.
struct ServerStats {
  uint64_t connections_open = 0;
  uint64_t streams_open = 0;  // answers under way that are made over time
  uint64_t connections_total = 0;
  uint64_t requests_total = 0;
  uint64_t bytes_out = 0;
  uint64_t tls_handshakes = 0;
  uint64_t refused_total_limit = 0;    // connections over connections_max
  uint64_t refused_address_limit = 0;  // connections over connections_per_address_max
  uint64_t refused_malformed = 0;      // 400, 417, 501, 505
  uint64_t refused_too_large = 0;      // 413, 414, 431
  uint64_t refused_no_room = 0;        // 503: over unfinished_body_bytes_max
  uint64_t timeouts = 0;               // heads, bodies, writes and handshakes that took too long
  uint64_t accept_failures = 0;        // mostly: no descriptors left
  uint64_t tls_failures = 0;           // handshakes
};

class Server {
 public:
  // `service` and `clock` outlive the server and every Responder it gave out.
  Server(ServerConfig config, http::Service& service, const base::Clock& clock);
  ~Server();  // drain_and_stop()
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Once. Code::unavailable: an address cannot be listened on; Code::invalid: configuration or TLS
  // files are wrong. Names what and why.
  base::Status start();
  // Once or more; returns when no connection is left. Stops accepting, closes idle connections,
  // lets running requests finish, and cuts what is left after drain_timeout_ms.
  void drain_and_stop();
  // The port that the index-th listener listens on, after start().
  uint16_t port(size_t listener) const;
  // Reads all TLS files again. A listener whose files are wrong keeps what it has; the first error
  // is returned. Also happens by itself when the files change.
  base::Status reload_tls();
  ServerStats stats() const;  // any thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otaru::net
