// SPDX-License-Identifier: Apache-2.0
#include "dialect/onenet/handler.h"

#include <array>
#include <type_traits>
#include <vector>

#include "dialect/onenet/policy.h"
#include "http/form.h"

namespace otaru::dialect {

std::unique_ptr<Dialect> make_onenet(OnenetConfig config, const app::Secrets& secrets) {
  return std::make_unique<onenet::Onenet>(std::move(config), secrets);
}

}  // namespace otaru::dialect

namespace otaru::dialect::onenet {
namespace {

enum Tag : int {
  kVersion,
  kCheck,
  kTokenCheck,
  kDownload,
  kProgress,
  kReport,
  kTasking,
  kDevInfo,
};

// Bodies are one small JSON object; the longest real one has 200 bytes.
constexpr size_t kBodyBytesMax = 4 * 1024;

Route make_route(int tag, std::string pattern, uint32_t methods) {
  Route out;
  out.tag = tag;
  out.pattern = std::move(pattern);
  out.methods = methods;
  out.body_bytes_max = kBodyBytesMax;
  out.host_required = false;  // rule 7: some modules send none
  return out;
}

bool has_field(std::string_view query, std::string_view name) {
  for (http::FormReader reader(query); auto pair = reader.next();) {
    if (pair->name == name) return true;
  }
  return false;
}

}  // namespace

Onenet::Onenet(OnenetConfig config, const app::Secrets& secrets)
    : config_(std::move(config)), keyring_(secrets), defaults_(check_defaults()) {
  if (config_.ip_port.size() > kIpPortBytesMax || !plain_json_text(config_.ip_port)) {
    config_.ip_port.clear();
  }
}

std::span<const Route> Onenet::routes() const {
  static const std::vector<Route> kRoutes = {
      make_route(kVersion, "/ota/device/version", kGet | kPost),
      make_route(kCheck, "/ota/south/check", kGet | kPost),
      make_route(kTokenCheck, "/ota/south/download/{token}/check", kGet | kPost),
      make_route(kDownload, "/ota/south/download/{token}", kGet),
      make_route(kProgress, "/ota/south/device/download/{token}/progress", kPost),
      make_route(kReport, "/ota/south/report", kPost),
      make_route(kTasking, "/ota/south/tasking", kGet | kPost),
      make_route(kDevInfo, "/ota/devInfo", kGet | kPost),
      // The older spellings, 2019; the document's own comment on `token` still has one of them.
      make_route(kCheck, "/ota/check", kGet | kPost),
      make_route(kTokenCheck, "/ota/download/{token}/check", kGet | kPost),
      make_route(kDownload, "/ota/download/{token}", kGet),
      make_route(kReport, "/ota/report", kPost),
  };
  return kRoutes;
}

// Rule 7: a GET whose query says everything is answered at once, also when it announces a body:
// some clients never send it.
http::BodyMode Onenet::body_mode(const Route& route, const http::Request& head) const {
  if (head.method != http::Method::get) return http::BodyMode::buffer;
  const bool announced = head.header("Content-Length").value_or("0") != "0" ||
                         head.header("Transfer-Encoding").has_value();
  if (!announced) return http::BodyMode::buffer;
  const bool whole =
      route.tag == kDownload || (has_field(head.query, "dev_id") &&
                                 (route.tag != kCheck || has_field(head.query, "version")));
  return whole ? http::BodyMode::discard : http::BodyMode::buffer;
}

http::Response Onenet::handle(const Route& route, const http::Request& request,
                              const RequestFacts& facts, app::DeviceGateway& gateway) {
  http::Response response;
  if (route.tag == kDownload) {
    Call call{request, facts, gateway, {}};
    response = download(call);
  } else {
    Call call{request, facts, gateway, Params::read(request)};
    auto answer = answer_json(route.tag, call);
    response = answer ? json_answer(std::move(*answer)) : outcome_answer(answer.error());
  }
  response.close = body_mode(route, request) == http::BodyMode::discard;
  return response;
}

Answer<std::string> Onenet::answer_json(int tag, Call& call) const {
  switch (tag) {
    case kVersion:
      return call.request.method == http::Method::get ? get_version(call) : post_version(call);
    case kCheck:
      return check(call);
    case kTokenCheck:
      return check_token(call);
    case kProgress:
      return progress(call);
    case kReport:
      return report(call);
    case kTasking:
      return tasking(call);
    case kDevInfo:
      return dev_info(call);
    default:
      return tl::unexpected(Outcome::internal);
  }
}

http::Response Onenet::failure(const Route& route, const http::Request&, const base::Error& error) {
  return route.tag == kDownload ? download_failure_answer(download_failure_of(error.code))
                                : outcome_answer(outcome_of(error.code));
}

http::Response Onenet::refuse(const Route& route, int status, std::string_view) {
  const bool ours = status >= 500;
  if (route.tag == kDownload) {
    return download_failure_answer(
        ours ? DownloadFailure::fetch_failed : DownloadFailure::bad_parameter, status);
  }
  return outcome_answer(ours ? Outcome::internal : Outcome::bad_parameter, status);
}

// --- Versions -----------------------------------------------------------------------------------

Answer<std::string> Onenet::post_version(Call& call) const {
  constexpr std::array<std::pair<Param, domain::ProductType>, 2> kVersions{
      {{Param::f_version, domain::ProductType::firmware},
       {Param::s_version, domain::ProductType::software}}};
  app::Inventory inventory;
  for (const auto& [param, type] : kVersions) {
    if (call.params.broken(param)) return tl::unexpected(Outcome::bad_parameter);
    const std::string* version = call.params.find(param);
    if (version == nullptr) continue;
    if (!valid_version(*version)) return tl::unexpected(Outcome::bad_version);
    inventory.versions.push_back({slot_of(type), {}, *version});
  }
  if (inventory.versions.empty()) return tl::unexpected(Outcome::bad_parameter);
  const auto device = admit(call);
  if (!device) return tl::unexpected(device.error());
  // Completes the task whose target this is.
  if (const auto status = call.gateway.attributes(*device, inventory); !status) {
    return tl::unexpected(outcome_of(status.error().code));
  }
  return write_outcome(Outcome::done);
}

Answer<std::string> Onenet::get_version(Call& call) const {
  const auto device = admit(call);
  if (!device) return tl::unexpected(device.error());
  const domain::Device& known = call.gateway.describe(*device);
  const auto version_in = [&](domain::ProductType type) -> std::string_view {
    const domain::Component* component = known.component(slot_of(type));
    if (component == nullptr || !plain_json_text(component->version)) return {};
    return component->version;
  };
  return write_versions(version_in(domain::ProductType::firmware),
                        version_in(domain::ProductType::software));
}

// A device asks for its id by what it proves itself with (IMEI, device name ...). Here a device is
// known by just that, so the answer is the same text; the point is whether it is known.
Answer<std::string> Onenet::dev_info(Call& call) const {
  const std::string* pid = call.params.find(Param::pid);
  const std::string* id = find_dev_id(call.params, Param::auth_info);
  if (pid == nullptr || id == nullptr || !plain_json_text(*id)) {
    return tl::unexpected(Outcome::bad_parameter);
  }
  const auto device = admit(call, *id);
  if (!device) return tl::unexpected(device.error());
  const auto* product =
      call.gateway.catalogue().credential(domain::CredentialKind::onenet_product, *pid);
  if (product == nullptr || product->tenant != call.gateway.describe(*device).tenant) {
    return tl::unexpected(Outcome::auth_failed);
  }
  return write_dev_id(*id);
}

static_assert(!std::is_abstract_v<Onenet>);

}  // namespace otaru::dialect::onenet
