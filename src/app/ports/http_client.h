// SPDX-License-Identifier: Apache-2.0
// The outbound HTTP port: requests of the server to others (webhooks, identity providers). One
// request, one answer, whole in memory and bounded. Redirects are answers like any other: who
// follows one decides so.
//
// Threads: any. send() blocks; keep it away from I/O threads and the committer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace otaru::app {

// Where a request may go. A URL that an operator typed must not become a way into the server's own
// network: its address is judged at the moment of connecting, so that a name that changes its
// address between check and use gains nothing.
enum class Reach {
  public_only,  // not this machine, not link-local, not private: Code::forbidden
  anywhere,
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // http or https
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // sent with a length by every method but GET and HEAD
  Reach reach = Reach::public_only;
  std::string ca_file;  // PEM authorities; empty: the system's. Certificates are always verified.
  int64_t connect_timeout_ms = base::limits::kOutboundConnectTimeoutMs;
  int64_t total_timeout_ms = base::limits::kOutboundTotalTimeoutMs;
  size_t response_bytes_max = base::limits::kOutboundResponseBytesMax;  // head included
};

struct HttpReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // as they came, in their order
  std::string body;
  // The first of that name, case-insensitive; nothing if absent.
  std::optional<std::string_view> header(std::string_view name) const;
};

class HttpClient {
 public:
  virtual ~HttpClient();
  // Any status is an answer. Code::invalid: the URL or a header cannot be sent; Code::forbidden:
  // its address is out of reach; Code::timeout; Code::too_large: the answer; Code::unavailable: no
  // connection, a certificate that is not trusted, an answer that is none, or stopped.
  virtual base::Result<HttpReply> send(const HttpRequest& request) = 0;
  // For shutdown: requests under way fail within about a second, new ones at once.
  virtual void stop() = 0;
};

}  // namespace otaru::app
