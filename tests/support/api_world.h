// SPDX-License-Identifier: Apache-2.0
// For tests of api: the API over the services of service_world.h, asked as the server asks it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "base/json.h"
#include "http/router.h"
#include "tests/support/scripted_http.h"
#include "tests/support/service_world.h"

namespace otaru::api {

struct Reply {
  int status = 0;
  std::string body;
  std::vector<http::Response::Header> headers;
  std::shared_ptr<http::BodySource> source;  // of a streamed answer

  std::string header(std::string_view name) const;
  // Members by a path such as "items.0.id", as text: a string's text, a number's digits, "true",
  // "null"; "(none)" when there is no such member.
  std::string at(std::string_view path) const;
  int64_t id() const;
  // "409 conflict name": status, code and field of a problem; "201" otherwise.
  std::string outcome() const;
};

class ApiTest : public app::ServiceTest {
 protected:
  ApiTest();
  void restart_api();
  void restart_all();  // the engine too, and before it whatever uses it

  // With the admin key unless another is given; "" sends none.
  Reply ask(std::string_view method, std::string_view target, std::string_view body = "");
  Reply ask_as(std::string_view key, std::string_view method, std::string_view target,
               std::string_view body = "");
  // A streamed body in pieces; `finish` false loses the connection after the last.
  std::optional<Reply> send(std::string_view method, std::string_view target,
                            const std::vector<std::string>& pieces,
                            std::vector<http::HeaderView> headers, bool finish = true);
  std::optional<Reply> send_as(std::string_view key, std::string_view method,
                               std::string_view target, const std::vector<std::string>& pieces,
                               std::vector<http::HeaderView> headers, bool finish = true);
  std::string key_of_role(std::string_view role, std::string_view tenant = "default",
                          std::string_view scope = "");

  tests::ScriptedHttp http;
  app::ManualExecutor webhook_workers;
  std::unique_ptr<app::WebhookService> webhooks;
  domain::Doors doors;
  std::unique_ptr<app::DryRunService> dry_runs;
  std::unique_ptr<Api> api;
  std::string admin_key;
  std::optional<std::string> not_ready;
  bool behind_tls = false;
  // What goes with every request besides: cookies, the header against forged requests.
  std::vector<http::HeaderView> more_headers;
  std::string peer = "192.0.2.1";

 private:
  struct Routed;
  std::unique_ptr<http::Router> router_;
};

}  // namespace otaru::api
