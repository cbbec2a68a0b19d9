// SPDX-License-Identifier: Apache-2.0
#include "dialect/hawkbit/gate.h"

#include "base/encoding.h"
#include "base/hash.h"
#include "base/limits.h"

namespace otaru::dialect::hawkbit {
namespace {

namespace limits = base::limits;
using base::Code;

// The text behind "<scheme> ", scheme in any case.
std::string_view after_scheme(std::string_view authorization, std::string_view scheme) {
  if (authorization.size() <= scheme.size() || authorization[scheme.size()] != ' ') return {};
  if (!base::iequals(authorization.substr(0, scheme.size()), scheme)) return {};
  return base::trim(authorization.substr(scheme.size()));
}

tl::unexpected<base::Error> not_admitted() {
  return base::fail(Code::unauthenticated, "");
}

std::string cache_key(const domain::Device& device, std::string_view token) {
  std::string out = std::to_string(device.id.value);
  out += '\n';
  out += token;
  return out;
}

}  // namespace

Gate::Gate(const HawkbitConfig& config, const app::Secrets& secrets)
    : config_(config), secrets_(secrets), known_tokens_(limits::kHawkbitTokensCachedMax) {}

const domain::Tenant* Gate::tenant(const domain::Snapshot& catalogue, std::string_view segment) {
  if (const auto* found = catalogue.tenant(segment)) return found;
  return catalogue.tenant(base::lower(segment));
}

Gate::Shown Gate::shown_by(const http::Request& request, domain::TenantId tenant,
                           std::string_view key, const domain::Snapshot& catalogue) const {
  Shown out;
  if (config_.certificate && !key.empty() && request.client_certificate == key) out.vouched = true;
  const auto header = request.header("Authorization");
  if (!header) return out;
  const std::string_view own = after_scheme(*header, "TargetToken");
  if (config_.target_token && own.size() <= limits::kHawkbitTokenBytesMax) out.target_token = own;
  const std::string_view gateway = after_scheme(*header, "GatewayToken");
  if (!config_.gateway_token || gateway.empty()) return out;
  const auto* credential =
      catalogue.credential_by_secret(domain::CredentialKind::hawkbit_gateway,
                                     secrets_.keyed_hash(app::kHawkbitGatewayPurpose, gateway));
  const bool good = credential != nullptr && !credential->disabled && credential->tenant == tenant;
  out.vouched = out.vouched || good;
  return out;
}

bool Gate::is_own_token(const domain::Device& device, std::string_view token) {
  if (device.secret_sealed.empty() || token.empty()) return false;
  const std::string key = cache_key(device, token);
  if (const auto good_with = known_tokens_.find(key)) {
    if (*good_with == device.secret_sealed) return true;
  }
  const auto secret = secrets_.unseal_text(device.secret_sealed);
  if (!secret || !base::constant_time_equal(*secret, token)) return false;
  known_tokens_.put(key, device.secret_sealed);
  return true;
}

base::Result<app::DeviceRef> Gate::take_in(const Shown& shown, domain::TenantId tenant,
                                           std::string_view key,
                                           app::DeviceGateway& gateway) const {
  const bool at_once = shown.vouched && config_.register_unknown == HawkbitRegister::yes;
  if (config_.register_unknown == HawkbitRegister::no) return not_admitted();
  OTARU_TRY(device, gateway.identify(tenant, key,
                                     at_once ? app::Identify::find_or_register
                                             : app::Identify::find_or_register_pending));
  // From now on it is known by the token it showed; whoever approves it approves that.
  if (!shown.target_token.empty() && gateway.describe(device).secret_sealed.empty()) {
    gateway.set_secret(device, secrets_.seal_text(shown.target_token));
  }
  return device;
}

base::Result<app::DeviceRef> Gate::admit(const http::Request& request, domain::TenantId tenant,
                                         std::string_view key, app::DeviceGateway& gateway,
                                         std::string_view token) {
  Shown shown = shown_by(request, tenant, key, gateway.catalogue());
  const bool by_token = config_.target_token && token.size() <= limits::kHawkbitTokenBytesMax;
  if (shown.target_token.empty() && by_token) shown.target_token = token;
  if (!shown.vouched && shown.target_token.empty()) return not_admitted();
  const auto device = gateway.identify(tenant, key, app::Identify::find);
  if (device) {
    if (shown.vouched || is_own_token(gateway.describe(*device), shown.target_token)) {
      return *device;
    }
    return not_admitted();
  }
  if (device.error().code != Code::not_found) return base::fail(device.error());
  return take_in(shown, tenant, key, gateway);
}

}  // namespace otaru::dialect::hawkbit
