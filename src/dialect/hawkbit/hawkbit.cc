// SPDX-License-Identifier: Apache-2.0
// Routes and dispatch: which resource, who may, in which words the answer.
#include "dialect/hawkbit/hawkbit.h"

#include <type_traits>
#include <utility>

#include "base/encoding.h"
#include "dialect/hawkbit/codec.h"
#include "dialect/hawkbit/gate.h"
#include "dialect/hawkbit/general.h"
#include "dialect/hawkbit/handler.h"
#include "dialect/hawkbit/policy.h"
#include "http/form.h"
#include "http/ranges.h"

namespace otaru::dialect {
namespace hawkbit {
namespace {

using base::Code;

enum class Resource {
  poll,
  config_data,
  deployment,
  deployment_feedback,
  cancel,
  cancel_feedback,
  confirmation_base,
  activate_auto_confirm,
  deactivate_auto_confirm,
  confirmation,
  confirmation_feedback,
  installed,
  artifacts,
  artifact,
  general,
  general_log,
  file,
};

struct RouteRow {
  Resource resource;
  uint32_t methods;
  std::string_view pattern;  // behind the base of the device, or "=" and the whole
};
constexpr RouteRow kRoutes[] = {
    {Resource::poll, kGet, ""},
    {Resource::config_data, kPut, "/configData"},
    {Resource::deployment, kGet, "/deploymentBase/{action}"},
    {Resource::deployment_feedback, kPost, "/deploymentBase/{action}/feedback"},
    {Resource::cancel, kGet, "/cancelAction/{action}"},
    {Resource::cancel_feedback, kPost, "/cancelAction/{action}/feedback"},
    {Resource::confirmation_base, kGet, "/confirmationBase"},
    {Resource::activate_auto_confirm, kPost, "/confirmationBase/activateAutoConfirm"},
    {Resource::deactivate_auto_confirm, kPost, "/confirmationBase/deactivateAutoConfirm"},
    {Resource::confirmation, kGet, "/confirmationBase/{action}"},
    {Resource::confirmation_feedback, kPost, "/confirmationBase/{action}/feedback"},
    {Resource::installed, kGet, "/installedBase/{action}"},
    {Resource::artifacts, kGet, "/softwaremodules/{module}/artifacts"},
    {Resource::artifact, kGet | kHead, "/softwaremodules/{module}/artifacts/{file_name}"},
    {Resource::general, kGet, "=/{tenant}/general"},
    {Resource::general_log, kPut, "=/{tenant}/general/log"},
    {Resource::file, kGet | kHead, "=/{tenant}/artifacts/{sha256}/{file_name}"},
};
constexpr std::string_view kDeviceBase = "/{tenant}/controller/v1/{controllerId}";
constexpr std::string_view kChecksumSuffix = ".MD5SUM";

std::vector<Route> make_routes() {
  std::vector<Route> out;
  for (const RouteRow& row : kRoutes) {
    Route route;
    route.tag = static_cast<int>(row.resource);
    route.methods = row.methods;
    const bool whole = row.pattern.starts_with('=');
    route.pattern = whole ? std::string(row.pattern.substr(1))
                          : std::string(kDeviceBase) + std::string(row.pattern);
    out.push_back(std::move(route));
  }
  return out;
}

std::string_view method_list(const Route& route) {
  if ((route.methods & kHead) != 0) return "GET, HEAD";
  if ((route.methods & kPut) != 0) return "PUT";
  return (route.methods & kPost) != 0 ? "POST" : "GET";
}

// "?actionHistory=N": how many messages; without it none.
int64_t messages_wanted(const http::Request& request) {
  const auto text = http::form_value(request.query, "actionHistory", base::Plus::space);
  if (!text || !*text) return 0;
  return base::parse_int(**text).value_or(0);
}

http::Response reply(const http::Request& request, base::Result<std::string> body) {
  if (!body) return error_response(body.error());
  return resource_response(request, std::move(*body));
}

http::Response tagged_reply(const http::Request& request, base::Result<std::string> body) {
  if (!body) return error_response(body.error());
  return tagged_response(request, std::move(*body));
}

http::Response taken(const base::Status& status) {
  return status ? taken_response() : error_response(status.error());
}

http::Response file_response(const http::Request& request, const domain::Package& package,
                             app::DeviceGateway& gateway) {
  const auto payload = gateway.open_payload(package.id);
  if (!payload) return error_response(payload.error());
  http::Download what;
  what.file = payload->blob;
  what.etag = "\"" + package.digests.sha256 + "\"";
  what.last_modified = package.updated_at;
  return http::download(request, what);
}

class Hawkbit final : public Dialect {
 public:
  Hawkbit(const HawkbitConfig& config, const app::Secrets& secrets)
      : config_(config), gate_(config_, secrets), routes_(make_routes()) {}

  std::string_view name() const override { return "hawkbit"; }
  domain::CheckDefaults check_defaults() const override { return hawkbit::check_defaults(); }
  std::span<const Route> routes() const override { return routes_; }

  http::Response handle(const Route& route, const http::Request& request, const RequestFacts& facts,
                        app::DeviceGateway& gateway) override {
    const auto resource = static_cast<Resource>(route.tag);
    const auto* tenant = Gate::tenant(gateway.catalogue(), facts.params[0]);
    if (resource == Resource::file) return plain_file(request, facts, tenant, gateway);
    // A tenant that is not here looks like one whose door is closed.
    if (tenant == nullptr) return status_response(401, "");
    if (resource == Resource::general) return general(request, facts, *tenant, gateway);
    if (resource == Resource::general_log) return general_log(request, *tenant, gateway);
    const auto key = read_segment(facts.params[1]);
    if (!key) return status_response(400, "the controllerId is no text");
    const auto device = gate_.admit(request, tenant->id, *key, gateway);
    if (!device) return error_response(device.error());
    std::string root = facts.base_url;
    root += '/';
    root += facts.params[0];
    root += "/controller/v1/";
    root += facts.params[1];
    const Visit visit{gateway, *device, std::move(root), config_.polling_s};
    const auto rest = facts.params.subspan(2);
    return request.method == http::Method::get || request.method == http::Method::head
               ? read(resource, request, rest, visit)
               : write(resource, request, rest, visit);
  }

  http::Response failure(const Route&, const http::Request&, const base::Error& error) override {
    return error_response(error);
  }

  http::Response refuse(const Route& route, int status, std::string_view why) override {
    if (status != 405) return status_response(status, why);
    http::Response response = status_response(405, "the method is not supported");
    response.header("Allow", method_list(route));
    return response;
  }

 private:
  using Rest = std::span<const std::string_view>;

  static http::Response read(Resource resource, const http::Request& request, Rest rest,
                             const Visit& visit) {
    switch (resource) {
      case Resource::poll:
        return tagged_reply(request, answer_poll(visit));
      case Resource::deployment:
        return tagged_reply(request, answer_deployment(visit, rest[0], messages_wanted(request)));
      case Resource::installed:
        return tagged_reply(request, answer_installed(visit, rest[0], messages_wanted(request)));
      case Resource::cancel:
        return reply(request, answer_cancel(visit, rest[0]));
      case Resource::confirmation_base:
        return reply(request, answer_confirmation_base(visit));
      case Resource::confirmation:
        return reply(request, answer_confirmation(visit, rest[0]));
      case Resource::artifacts:
        return reply(request, answer_artifacts(visit, rest[0]));
      case Resource::artifact:
        return artifact(request, rest[0], rest[1], visit);
      case Resource::config_data:
      case Resource::deployment_feedback:
      case Resource::cancel_feedback:
      case Resource::activate_auto_confirm:
      case Resource::deactivate_auto_confirm:
      case Resource::confirmation_feedback:
      case Resource::general:
      case Resource::general_log:
      case Resource::file:
        break;
    }
    return status_response(404, "there is nothing to read here");
  }

  template <class Read, class Take>
  static http::Response take_body(const http::Request& request, Read read_it, Take take_it) {
    const auto said = read_it(request.body);
    if (!said) return error_response(said.error());
    return taken(take_it(*said));
  }

  static http::Response write(Resource resource, const http::Request& request, Rest rest,
                              const Visit& visit) {
    switch (resource) {
      case Resource::config_data:
        return take_body(request, read_config_data,
                         [&](const auto& said) { return take_config_data(visit, said); });
      case Resource::deployment_feedback:
        return take_body(request, read_feedback,
                         [&](const auto& said) { return take_feedback(visit, rest[0], said); });
      case Resource::cancel_feedback:
        return take_body(request, read_feedback, [&](const auto& said) {
          return take_cancel_feedback(visit, rest[0], said);
        });
      case Resource::confirmation_feedback:
        return take_body(request, read_confirmation,
                         [&](const auto& said) { return take_confirmation(visit, rest[0], said); });
      case Resource::activate_auto_confirm:
        return take_body(request, read_auto_confirm,
                         [&](const auto& said) { return activate_auto_confirm(visit, said); });
      case Resource::deactivate_auto_confirm:
        return taken(deactivate_auto_confirm(visit));
      case Resource::poll:
      case Resource::deployment:
      case Resource::cancel:
      case Resource::confirmation_base:
      case Resource::confirmation:
      case Resource::installed:
      case Resource::artifacts:
      case Resource::artifact:
      case Resource::general:
      case Resource::general_log:
      case Resource::file:
        break;
    }
    return status_response(404, "there is nothing to write here");
  }

  static http::Response artifact(const http::Request& request, std::string_view module,
                                 std::string_view segment, const Visit& visit) {
    auto file_name = read_segment(segment);
    if (!file_name) return status_response(400, "the file name is no text");
    const bool checksum =
        file_name->size() > kChecksumSuffix.size() &&
        base::iequals(
            std::string_view(*file_name).substr(file_name->size() - kChecksumSuffix.size()),
            kChecksumSuffix);
    if (checksum) file_name->resize(file_name->size() - kChecksumSuffix.size());
    const bool fetches = !checksum && request.method == http::Method::get;
    const auto package =
        find_artifact(visit, module, *file_name, fetches ? Purpose::fetch : Purpose::look);
    if (!package) return error_response(package.error());
    if (!checksum) return file_response(request, **package, visit.gateway);
    http::Response response = text_response(render_md5sum((*package)->digests.md5, *file_name),
                                            *file_name + std::string(kChecksumSuffix));
    if (request.method == http::Method::head) {
      response.declared_length = response.body_length();
      response.body.clear();
    }
    return response;
  }

  http::Response general(const http::Request& request, const RequestFacts& facts,
                         const domain::Tenant& tenant, app::DeviceGateway& gateway) {
    const auto query = read_general_query(request.query);
    if (!query) return error_response(query.error());
    const auto device = gate_.admit(request, tenant.id, query->id, gateway, query->token);
    if (!device) return error_response(device.error());
    const Visit visit{gateway, *device, {}, config_.polling_s};
    const auto answer = answer_general(visit, *query);
    if (!answer) return error_response(answer.error());
    // SWUpdate reads Retry-After from every answer: it is when it asks again.
    const std::string again = std::to_string(answer->retry_after_s);
    if (answer->package == nullptr) return status_only(answer->waits ? 503 : 404, again);
    http::Response response = status_only(302, again);
    const auto& package = *answer->package;
    response.header("Location", facts.base_url + "/" + std::string(facts.params[0]) +
                                    "/artifacts/" + package.digests.sha256 + "/" +
                                    base::percent_encode(package.file_name));
    return response;
  }

  http::Response general_log(const http::Request& request, const domain::Tenant& tenant,
                             app::DeviceGateway& gateway) {
    const auto log = read_general_log(request.body);
    if (!log) return error_response(log.error());
    const auto device = gate_.admit(request, tenant.id, log->id, gateway, log->token);
    if (!device) return error_response(device.error());
    const Visit visit{gateway, *device, {}, config_.polling_s};
    return taken(take_general_log(visit, *log));
  }

  // A file of a published release, for whoever knows its SHA-256: delta handlers and redirected
  // clients send no token. The hash can be told beforehand, by whoever has the file, and not be
  // guessed.
  static http::Response plain_file(const http::Request& request, const RequestFacts& facts,
                                   const domain::Tenant* tenant, app::DeviceGateway& gateway) {
    const auto file_name = read_segment(facts.params[2]);
    const domain::Package* package =
        tenant == nullptr || !file_name
            ? nullptr
            : gateway.catalogue().package(tenant->id, base::lower(facts.params[1]), *file_name);
    if (package == nullptr) return status_response(404, "there is no such file");
    return file_response(request, *package, gateway);
  }

  HawkbitConfig config_;
  Gate gate_;
  std::vector<Route> routes_;
};

static_assert(!std::is_abstract_v<Hawkbit>);

}  // namespace
}  // namespace hawkbit

std::unique_ptr<Dialect> make_hawkbit(const HawkbitConfig& config, const app::Secrets& secrets) {
  return std::make_unique<hawkbit::Hawkbit>(config, secrets);
}

}  // namespace otaru::dialect
