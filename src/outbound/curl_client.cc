// SPDX-License-Identifier: Apache-2.0
#include "outbound/curl_client.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/encoding.h"
#include "outbound/address_rules.h"

namespace otaru::outbound {
namespace {

using app::HttpReply;
using app::HttpRequest;
using base::Code;

struct Closer {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, Closer>;
using HeaderList = std::unique_ptr<curl_slist, Closer>;

struct Transfer {
  const HttpRequest& request;
  const std::atomic<bool>& stopped;
  HttpReply reply = {};
  size_t received = 0;
  bool too_large = false;
  bool out_of_reach = false;
};

// What a kept connection may be used for again.
std::string kind_of(const HttpRequest& request) {
  return (request.reach == app::Reach::anywhere ? "any " : "public ") + request.ca_file;
}

bool within_reach(const HttpRequest& request, const sockaddr& address) {
  if (request.reach == app::Reach::anywhere) return true;
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    return is_public(ntohl(in.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in6{};
    std::memcpy(&in6, &address, sizeof in6);
    std::array<uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), in6.sin6_addr.s6_addr, bytes.size());
    return is_public(bytes);
  }
  return false;
}

curl_socket_t open_socket(void* user, curlsocktype, curl_sockaddr* to) {
  auto* transfer = static_cast<Transfer*>(user);
  if (!within_reach(transfer->request, to->addr)) {
    transfer->out_of_reach = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

bool has_room(Transfer& transfer, size_t bytes) {
  transfer.received += bytes;
  transfer.too_large = transfer.received > transfer.request.response_bytes_max;
  return !transfer.too_large;
}

size_t take_body(char* data, size_t size, size_t count, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  if (!has_room(*transfer, size * count)) return 0;
  transfer->reply.body.append(data, size * count);
  return size * count;
}

size_t take_header(char* data, size_t size, size_t count, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  if (!has_room(*transfer, line.size())) return 0;
  if (line.starts_with("HTTP/")) transfer->reply.headers.clear();  // behind an interim answer
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos && !line.starts_with("HTTP/")) {
    transfer->reply.headers.emplace_back(line.substr(0, colon), base::trim(line.substr(colon + 1)));
  }
  return line.size();
}

// Called about once a second, and with every piece.
int go_on(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->stopped.load(std::memory_order_relaxed) ? 1 : 0;
}

bool has_line_end(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

base::Result<HeaderList> header_list(const HttpRequest& request) {
  HeaderList out;
  const auto add = [&out](const std::string& line) {
    out.reset(curl_slist_append(out.release(), line.c_str()));
  };
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || has_line_end(name) || has_line_end(value)) {
      return base::fail(Code::invalid, "a header of the request cannot be sent");
    }
    add(value.empty() ? name + ";" : name + ": " + value);  // curl's way of an empty value
  }
  add("Expect:");  // a body of a few kB does not ask first
  return out;
}

base::Error error_of(CURLcode code, const Transfer& transfer, const char* detail) {
  const auto make = [&](Code canonical, std::string message) {
    return base::Error{canonical, std::move(message), detail};
  };
  if (transfer.stopped.load()) return make(Code::unavailable, "the server is stopping");
  if (transfer.too_large) return make(Code::too_large, "the answer is too large");
  if (transfer.out_of_reach) {
    return make(Code::forbidden, "the address is not a public one, and no other is allowed");
  }
  switch (static_cast<int>(code)) {
    case CURLE_OPERATION_TIMEDOUT:
      return make(Code::timeout, "no answer in time");
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return make(Code::invalid, "the URL cannot be used");
    default:
      return make(Code::unavailable, curl_easy_strerror(code));
  }
}

class CurlClient final : public app::HttpClient {
 public:
  explicit CurlClient(std::string user_agent) : user_agent_(std::move(user_agent)) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  }

  void stop() override { stopped_ = true; }

  base::Result<HttpReply> send(const HttpRequest& request) override {
    if (request.url.size() > base::limits::kOutboundUrlBytesMax || has_line_end(request.url)) {
      return base::fail(Code::invalid, "the URL cannot be used");
    }
    OTARU_TRY(headers, header_list(request));
    const std::string kind = kind_of(request);
    Handle curl = take(kind);
    if (!curl) return base::fail(Code::unavailable, "no memory for a request");
    Transfer transfer{request, stopped_};
    char why[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    set_options(curl.get(), transfer);
    const CURLcode code = curl_easy_perform(curl.get());
    if (code != CURLE_OK) return base::fail(error_of(code, transfer, why));
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    transfer.reply.status = static_cast<int>(status);
    curl_easy_reset(curl.get());  // keeps the connection, forgets all that names this call
    keep(kind, std::move(curl));
    return std::move(transfer.reply);
  }

 private:
  void set_options(CURL* curl, Transfer& transfer) const {
    const HttpRequest& request = transfer.request;
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");  // a proxy would hide where it goes
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(request.connect_timeout_ms));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.total_timeout_ms));
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!request.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, request.ca_file.c_str());
    curl_easy_setopt(curl, CURLOPT_USERAGENT, user_agent_.c_str());
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, go_on);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (request.method == "HEAD") {
      curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (request.method != "GET") {
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request.body.size()));
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
    }
  }

  Handle take(const std::string& kind) {
    {
      const std::lock_guard lock(mutex_);
      for (auto it = idle_.begin(); it != idle_.end(); ++it) {
        if (it->first != kind) continue;
        Handle out = std::move(it->second);
        idle_.erase(it);
        return out;
      }
    }
    return Handle(curl_easy_init());
  }

  void keep(const std::string& kind, Handle curl) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() >= base::limits::kOutboundIdleMax) idle_.erase(idle_.begin());
    idle_.emplace_back(kind, std::move(curl));
  }

  const std::string user_agent_;
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::vector<std::pair<std::string, Handle>> idle_;  // oldest first
};

}  // namespace

std::unique_ptr<app::HttpClient> make_curl_client(std::string user_agent) {
  return std::make_unique<CurlClient>(std::move(user_agent));
}

}  // namespace otaru::outbound
