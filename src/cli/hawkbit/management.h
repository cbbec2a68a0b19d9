// SPDX-License-Identifier: Apache-2.0
// A running hawkBit, read through its Management API (eclipse.dev/hawkbit, "Management API"):
// lists page by page, single things, artifacts into files. Nothing is written there. One thread.
//
// What is broken only for now (no connection, 429, 5xx) is tried again with growing pauses, as soon
// as there has been one good answer; before that it is an error at once, because it is the address
// or the password then.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "cli/client.h"
#include "cli/hawkbit/mapping.h"

namespace otaru::cli::hawkbit {

struct Access {
  std::string url;   // without /rest/v1, without user and password
  std::string user;  // "tenant\user" where hawkBit has tenants
  std::string password;
  std::string ca_file;
};

// Code::invalid: no http(s) URL, or one with a password in it.
base::Result<std::string> clean_url(std::string url);

// How long to wait before the next try: what the server asks for, else 0.5, 1, 2 ... seconds.
int64_t retry_wait_ms(int attempt, const std::string& retry_after);

// Says why on standard error, and waits.
void pause_before_retry(int attempt, const std::string& retry_after, const std::string& why);
// The same after a reply, or none, of `whom`: "hawkBit".
void pause_before_retry(int attempt, const base::Result<ApiReply>& reply, std::string_view whom);

class Management {
 public:
  explicit Management(Access access);

  // Whether that is a hawkBit and it knows the user; the errors say what to do.
  base::Status probe();

  // One document. Code::not_found (404), Code::forbidden (403), Code::unauthenticated (401),
  // Code::unavailable after all tries; Code::timeout: interrupted. 204, or nothing: an empty
  // object.
  base::Result<base::JsonDocument> get(const std::string& path);

  struct Listing {
    std::string path;             // "/rest/v1/targets", with its query if it has one
    std::string sort = "id:ASC";  // empty: not sorted
    int64_t from = 0;             // offset of the first page
    int64_t items_max = 0;        // Code::too_large beyond
  };
  struct Page {
    base::JsonView content;
    int64_t offset = 0;
    int64_t total = 0;
  };
  using EachPage = std::function<base::Status(const Page& page)>;
  // Also a plain array, as some lists were or became: one page.
  base::Status for_each_page(const Listing& listing, const EachPage& each);
  using Each = std::function<base::Status(base::JsonView item)>;
  base::Status for_each(const Listing& listing, const Each& each);

  // Into `path`, going on with what is there of an earlier try. Code::conflict: what arrives is not
  // what hawkBit says it is. The file is not kept then.
  using Progress = std::function<void(int64_t done)>;
  base::Status download(int64_t module, const Artifact& artifact, const std::string& path,
                        const Progress& progress);

 private:
  base::Result<ApiReply> send(const ApiRequest& request);
  base::Status fetch_once(const std::string& where, const Artifact& artifact,
                          const std::string& path, const Progress& progress);
  base::Result<ApiReply> follow(const ApiReply& reply, const ApiRequest& request);

  Access access_;
  std::string authorization_;
  Client client_;
  bool reached_ = false;
};

}  // namespace otaru::cli::hawkbit
