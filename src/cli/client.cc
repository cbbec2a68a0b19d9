// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

#include <curl/curl.h>

#include "base/encoding.h"
#include "cli/process.h"

namespace otaru::cli {
namespace {

// A connection that does not come about in that time will not.
constexpr long kConnectTimeoutS = 10;
// Below one byte a second for that long, a transfer has died.
constexpr long kStallSeconds = 60;
// The longest page of a list is far below; whatever sends more is no Otaru server.
constexpr size_t kReplyBytesMax = 64 << 20;

struct Transfer {
  const ApiRequest* request = nullptr;
  ApiReply reply;
  bool writes = false;  // the caller has got bytes
};

size_t take_body(char* data, size_t size, size_t count, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  const std::string_view bytes(data, size * count);
  // A refusal's body is text for us, not content for the caller.
  if (transfer->request->write && transfer->reply.status < 300) {
    const auto& begin = transfer->request->begin_write;
    if (begin && !transfer->writes && !begin(transfer->reply.status)) return 0;
    transfer->writes = true;
    return transfer->request->write(bytes) ? bytes.size() : 0;
  }
  transfer->reply.body += bytes;
  return transfer->reply.body.size() <= kReplyBytesMax ? bytes.size() : 0;
}

size_t take_header(char* data, size_t size, size_t count, void* user) {
  auto* transfer = static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/") && line.size() > 12) {
    transfer->reply.status = static_cast<int>(base::parse_int(line.substr(9, 3)).value_or(0));
    transfer->reply.headers.clear();
  }
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    transfer->reply.headers[base::lower(line.substr(0, colon))] =
        std::string(base::trim(line.substr(colon + 1)));
  }
  return line.size();
}

size_t give_body(char* buffer, size_t size, size_t count, void* user) {
  return static_cast<Transfer*>(user)->request->read(buffer, size * count);
}

// Called about once a second and with every piece: gives up when interrupted.
int go_on(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return interrupted() ? 1 : 0;
}

// A proxy of the environment is for what lies beyond this machine.
bool is_this_machine(const std::string& server) {
  const size_t from = server.find("://") == std::string::npos ? 0 : server.find("://") + 3;
  const std::string host = server.substr(from);
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
}

bool is_about_certificate(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
}

}  // namespace

struct Client::Impl {
  CURL* curl = curl_easy_init();
  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { curl_easy_cleanup(curl); }
};

Client::Client(std::string server_url, std::string api_key, std::string ca_file, Remedies remedies)
    : server_(std::move(server_url)),
      key_(std::move(api_key)),
      ca_file_(std::move(ca_file)),
      remedies_(remedies),
      impl_(std::make_unique<Impl>()) {
  while (server_.ends_with('/')) server_.pop_back();
}

Client::~Client() = default;

base::Result<ApiReply> Client::send(const ApiRequest& request) {
  CURL* curl = impl_->curl;
  curl_easy_reset(curl);  // keeps the connection
  Transfer transfer;
  transfer.request = &request;
  const std::string url = server_ + request.path;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectTimeoutS);
  if (request.endless) {
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  } else {
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kStallSeconds);
  }
  if (!ca_file_.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file_.c_str());
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, go_on);
  if (is_this_machine(server_)) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "otaru");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_slist* headers = nullptr;
  const auto add = [&](const std::string& line) {
    headers = curl_slist_append(headers, line.c_str());
  };
  if (!key_.empty()) add("Authorization: Bearer " + key_);
  for (const auto& [name, value] : request.headers) add(name + ": " + value);
  if (request.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else if (request.read) {
    add("Content-Type: " + request.content_type);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(curl, CURLOPT_READDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.read_bytes));
  } else if (request.method != "GET") {
    add("Content-Type: " + request.content_type);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  const CURLcode code = curl_easy_perform(curl);
  curl_slist_free_all(headers);
  if (interrupted()) return base::fail(base::Code::timeout, "interrupted");
  // An early refusal may cut the upload short; the answer is what counts.
  if (code != CURLE_OK && !(code == CURLE_SEND_ERROR && transfer.reply.status >= 400)) {
    const bool certificate = is_about_certificate(code);
    const auto remedy = certificate ? remedies_.certificate : remedies_.reach;
    return base::fail_rule(
        base::Code::unavailable, "", certificate ? "certificate" : "",
        "cannot talk to " + server_ + ": " + curl_easy_strerror(code) + std::string(remedy));
  }
  return std::move(transfer.reply);
}

}  // namespace otaru::cli
