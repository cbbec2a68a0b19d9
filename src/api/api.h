// SPDX-License-Identifier: Apache-2.0
// The operators' REST API: `/api/v1`, and `/healthz`, `/readyz`, `/metrics`. openapi.yaml beside
// this file is the contract; a test holds the routes against it both ways.
//
// It is values in, values out: the server gives it requests on a worker thread (it blocks) and
// sends what comes back. Everything it changes goes through the services of app/.
//
// Threads: any. Lifetime: not longer than its parts.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/access_service.h"
#include "app/catalogue_service.h"
#include "app/dry_run_service.h"
#include "app/engine.h"
#include "app/fleet_service.h"
#include "app/import_service.h"
#include "app/oidc_people.h"
#include "app/secrets.h"
#include "app/upload_service.h"
#include "app/webhook_service.h"
#include "domain/door.h"
#include "http/message.h"
#include "http/service.h"
#include "http/source.h"

namespace otaru::api {

class StreamSlots;  // event_stream.h

struct ApiParts {
  app::Engine* engine = nullptr;
  app::CatalogueService* catalogue = nullptr;
  app::UploadService* uploads = nullptr;
  app::FleetService* fleet = nullptr;
  app::AccessService* access = nullptr;
  app::ImportService* imports = nullptr;
  app::DryRunService* dry_runs = nullptr;
  http::Post post;            // has a job run on a worker: for answers that are made over time
  app::Oidc* oidc = nullptr;  // null: no identity provider
  const app::OidcRules* oidc_rules = nullptr;
  app::WebhookService* webhooks = nullptr;
  const app::Secrets* secrets = nullptr;
  const domain::Doors* doors = nullptr;            // how each protocol asks
  const domain::Admissions* admissions = nullptr;  // rates and brakes now; null: none are kept
  std::shared_ptr<StreamSlots> streams;            // made by the Api
  bool behind_tls = false;  // people come by https even where this server does not see it
  std::string version;      // of the server
  // Why the server does not take requests now, for /readyz; nothing when it does. May be empty.
  std::function<std::optional<std::string>()> not_ready;
  std::function<std::string()> metrics;  // the whole page, Prometheus text format 0.0.4
};

struct ApiRoute {
  int tag = 0;
  http::Method method = http::Method::get;
  std::string_view pattern;
  domain::Permission needs = domain::Permission::read;
  http::BodyMode body = http::BodyMode::buffer;
  size_t body_bytes_max = 0;
};

class Api {
 public:
  explicit Api(ApiParts parts);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  const std::vector<ApiRoute>& routes() const { return routes_; }

  // How the body of this request comes: some operations take JSON as well as files.
  http::BodyMode body_mode(int tag, const http::Request& head) const;
  // When the head is there: the refusal of a request whose body need not be read, because who sends
  // it may not do this. Cheap, does not block.
  std::optional<http::Response> early(int tag, const http::Request& head) const;
  // `params` are the pattern's, in its order, undecoded.
  http::Response handle(int tag, const http::Request& request,
                        std::span<const std::string_view> params) const;
  tl::expected<std::unique_ptr<http::BodySink>, http::Response> open_sink(
      int tag, const http::Request& head, std::span<const std::string_view> params) const;
  // Refusals of the HTTP layer in this API's words.
  http::Response refuse(int status, std::string_view why, std::optional<int> tag = {}) const;

 private:
  struct State;  // locks
  ApiParts parts_;
  std::unique_ptr<State> state_;
  std::vector<ApiRoute> routes_;
};

}  // namespace otaru::api
