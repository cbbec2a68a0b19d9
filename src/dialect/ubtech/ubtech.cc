// SPDX-License-Identifier: Apache-2.0
// Routes and dispatch: which endpoint, who may, in which words the answer.
#include "dialect/ubtech/ubtech.h"

#include <type_traits>
#include <utility>

#include "dialect/ubtech/codec.h"
#include "dialect/ubtech/errors.h"
#include "dialect/ubtech/handler.h"
#include "dialect/ubtech/oauth.h"
#include "dialect/ubtech/policy.h"
#include "http/ranges.h"

namespace otaru::dialect {
namespace ubtech {
namespace {

enum class Endpoint { token, download, callback, file };

// "regisiter information": the vendor's spelling, and what robots have always been sent.
constexpr std::string_view kCallbackThanks = "regisiter information";

Route make_route(Endpoint endpoint, std::string pattern) {
  Route route;
  route.tag = static_cast<int>(endpoint);
  route.pattern = std::move(pattern);
  switch (endpoint) {
    case Endpoint::token:
      route.methods = kGet | kPost;
      break;
    case Endpoint::download:
      route.methods = kGet;
      break;
    // Only POST, as the vendor document says: proxies and prefetchers repeat a GET at will.
    case Endpoint::callback:
      route.methods = kPost;
      break;
    case Endpoint::file:
      route.methods = kGet | kHead;
      break;
  }
  return route;
}

std::string_view allowed_methods(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::token:
      return "GET, POST";
    case Endpoint::download:
      return "GET";
    case Endpoint::callback:
      return "POST";
    case Endpoint::file:
      return "GET, HEAD";
  }
  return "GET";
}

http::Response error_result(const base::Error& error) {
  return result_response(status_for(error.code),
                         render_result(code_text(code_for(error.code)), error.message));
}

class Ubtech final : public Dialect {
 public:
  Ubtech(const UbtechConfig& config, const app::Secrets& secrets, base::Random& random)
      : secrets_(secrets),
        auto_register_(config.auto_register ? AutoRegister::yes : AutoRegister::no),
        desk_(secrets, random, config.echo_tokens ? EchoTokens::yes : EchoTokens::no) {
    for (const auto& base_path : config.base_paths) {
      routes_.push_back(make_route(Endpoint::token, base_path + "/oauth/token"));
      routes_.push_back(make_route(Endpoint::download, base_path + "/file/download"));
      routes_.push_back(make_route(Endpoint::callback, base_path + "/file/callback"));
    }
    routes_.push_back(make_route(Endpoint::file, "/version/{package}/{mark}/{file_name}"));
  }

  std::string_view name() const override { return "ubtech"; }
  domain::CheckDefaults check_defaults() const override { return ubtech::check_defaults(); }
  std::span<const Route> routes() const override { return routes_; }

  http::Response handle(const Route& route, const http::Request& request, const RequestFacts& facts,
                        app::DeviceGateway& gateway) override {
    switch (static_cast<Endpoint>(route.tag)) {
      case Endpoint::token:
        return for_client(token(request, gateway), request);
      case Endpoint::download:
        return for_client(download(request, facts, gateway), request);
      case Endpoint::callback:
        return for_client(callback(request, gateway), request);
      case Endpoint::file:
        return for_client(file(request, facts, gateway), request);
    }
    return result_response(404, render_result(code_text(ResultCode::no_version), "no such file"));
  }

  http::Response failure(const Route& route, const http::Request& request,
                         const base::Error& error) override {
    if (static_cast<Endpoint>(route.tag) == Endpoint::token) {
      return for_client(oauth_error_response(oauth_error_for(error.code)), request);
    }
    return for_client(error_result(error), request);
  }

  http::Response refuse(const Route& route, int status, std::string_view why) override {
    const auto endpoint = static_cast<Endpoint>(route.tag);
    // `why` is the method then. Spring's words on all endpoints: the vendor has none for it.
    if (status == 405) return method_response(why, allowed_methods(endpoint));
    if (endpoint != Endpoint::token) {
      return result_response(status, render_result(code_text(ResultCode::server_error), why));
    }
    OauthError error = bad_request(status >= 500 ? "server_error" : "invalid_request", why);
    error.status = status;
    return oauth_error_response(error);
  }

 private:
  http::Response token(const http::Request& request, app::DeviceGateway& gateway) {
    const auto params = Params::read(request);
    if (!params) return oauth_error_response(oauth_error_for(params.error().code));
    const auto answer = desk_.grant(request, *params, gateway);
    if (!answer) return oauth_error_response(answer.error());
    return token_response(render_token(*answer));
  }

  http::Response download(const http::Request& request, const RequestFacts& facts,
                          app::DeviceGateway& gateway) {
    const auto params = Params::read(request);
    if (!params) return error_result(params.error());
    const auto tenant = desk_.admit(request, *params, gateway);
    if (!tenant) return oauth_error_response(tenant.error());
    const auto query = read_download(*params);
    if (!query) return error_result(query.error());
    const auto answer = answer_download(*query, *tenant, auto_register_, secrets_, gateway);
    if (!answer) return error_result(answer.error());
    std::string links;
    std::string ids;
    for (const auto& step : answer->steps) {
      if (!links.empty()) {
        links += ';';
        ids += ';';
      }
      links += facts.base_url;
      links += step.path;
      ids += std::to_string(step.id);
    }
    http::Response response =
        result_response(200, render_offer(code_text(answer->code), links, ids));
    // RFC 9110, 10.2.3. The vendor's document has no field for it; robots read headers by name.
    if (answer->steps.empty() && answer->retry_after_s) {
      response.header("Retry-After", std::to_string(*answer->retry_after_s));
    }
    return response;
  }

  http::Response callback(const http::Request& request, app::DeviceGateway& gateway) {
    const auto params = Params::read(request);
    if (!params) return error_result(params.error());
    const auto tenant = desk_.admit(request, *params, gateway);
    if (!tenant) return oauth_error_response(tenant.error());
    const auto query = read_callback(*params);
    if (!query) return error_result(query.error());
    if (auto applied = apply_callback(*query, *tenant, auto_register_, gateway); !applied) {
      return error_result(applied.error());
    }
    return result_response(200, render_result(code_text(ResultCode::success), kCallbackThanks));
  }

  http::Response file(const http::Request& request, const RequestFacts& facts,
                      app::DeviceGateway& gateway);

  const app::Secrets& secrets_;
  AutoRegister auto_register_;
  TokenDesk desk_;
  std::vector<Route> routes_;
};

static_assert(!std::is_abstract_v<Ubtech>);

http::Response Ubtech::file(const http::Request& request, const RequestFacts& facts,
                            app::DeviceGateway& gateway) {
  const auto* package = facts.params.size() == 3
                            ? find_linked(gateway.catalogue(), secrets_, facts.params[0],
                                          facts.params[1], facts.params[2])
                            : nullptr;
  if (package == nullptr) {
    return result_response(404, render_result(code_text(ResultCode::no_version), "no such file"));
  }
  const auto payload = gateway.open_payload(package->id);
  if (!payload) return error_result(payload.error());
  http::Download what;
  what.file = payload->blob;
  what.etag = "\"" + package->digests.sha256 + "\"";
  what.last_modified = package->updated_at;
  return http::download(request, what);
}

}  // namespace
}  // namespace ubtech

std::unique_ptr<Dialect> make_ubtech(const UbtechConfig& config, const app::Secrets& secrets,
                                     base::Random& random) {
  return std::make_unique<ubtech::Ubtech>(config, secrets, random);
}

}  // namespace otaru::dialect
