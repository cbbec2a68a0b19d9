// SPDX-License-Identifier: Apache-2.0
// HTTP to a server's API, over libcurl. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace otaru::cli {

struct ApiReply {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  // names in lower case
  bool good() const { return status >= 200 && status < 300; }
};

struct ApiRequest {
  std::string method = "GET";
  std::string path;  // "/api/v1/products?name=x", already encoded
  std::string body;  // sent as JSON unless content_type says otherwise
  std::string content_type = "application/json";
  std::map<std::string, std::string> headers;
  // A streamed body instead: fills the buffer, returns the number of bytes, 0 at the end.
  std::function<size_t(char* buffer, size_t size)> read;
  int64_t read_bytes = -1;
  // A streamed answer instead of ApiReply::body; false gives up.
  std::function<bool(std::string_view bytes)> write;
  // Before the first byte of such an answer: its status, below 300; false gives up.
  std::function<bool(int status)> begin_write;
  bool endless = false;  // an answer that may say little for long: being slow is no fault
};

// What to try when nobody answers, behind the message that says so.
struct Remedies {
  std::string_view certificate =
      "; a server with a certificate of your own: --ca-file or "
      "OTARU_CA_FILE";
  std::string_view reach = "; is it running? another one: --server URL or OTARU_SERVER";
};

class Client {
 public:
  // ca_file: PEM authorities for https; empty: the system's.
  Client(std::string server_url, std::string api_key, std::string ca_file = {},
         Remedies remedies = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Code::unavailable: nobody answered, the message says why and what to try; `rule` is
  // "certificate" where trying again is of no use. Every answer of the server is a reply, whatever
  // its status.
  base::Result<ApiReply> send(const ApiRequest& request);
  const std::string& server() const { return server_; }
  bool has_key() const { return !key_.empty(); }

 private:
  struct Impl;
  std::string server_;
  std::string key_;
  std::string ca_file_;
  Remedies remedies_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otaru::cli
