// SPDX-License-Identifier: Apache-2.0
// Who asks: device by guid, account by id or access token, and the Basic pair of downloads.
#include <algorithm>

#include "base/encoding.h"
#include "base/hash.h"
#include "dialect/oomi/handler.h"

namespace otaru::dialect::oomi {
// By id where the request names one (the vendor does not authenticate it), else by the cookie's
// access token. Nothing for an account that is unknown, disabled or another tenant's: anonymous.
const domain::Credential* Oomi::account_of(const Exchange& exchange,
                                           std::optional<int64_t> account) const {
  constexpr auto kKind = domain::CredentialKind::oomi_account;
  const domain::Snapshot& catalogue = exchange.gateway.catalogue();
  const domain::Credential* found = nullptr;
  if (account) {
    found = catalogue.credential(kKind, std::to_string(*account));
  } else if (!exchange.cookies.aat.empty() &&
             catalogue.first_credential(exchange.facts.tenant, kKind) != nullptr) {
    found = catalogue.credential_by_secret(
        kKind, secrets_.keyed_hash(app::kOomiTokenPurpose, exchange.cookies.aat));
  }
  if (found == nullptr || found->disabled || found->tenant != exchange.facts.tenant) return nullptr;
  return found;
}

// docs/dialects/oomi.md, "Cookies": the three error rows of the check.
Answer Oomi::enforce(Exchange& exchange, std::string_view guid) const {
  if (exchange.cookies.aat.empty()) return Answer::missing;
  if (account_of(exchange, std::nullopt) == nullptr) return Answer::token_invalid;
  if (guid.empty()) return Answer::not_registered;
  const auto device = exchange.gateway.identify(exchange.facts.tenant, guid, app::Identify::find);
  if (device) return Answer::success;
  if (device.error().code == base::Code::not_found) return Answer::not_registered;
  return answer_of(device.error().code);
}

Decoded<Asker> Oomi::asker_of(Exchange& exchange, std::string_view guid,
                              const domain::Credential* account, app::Identify mode) const {
  Asker asker;
  if (account != nullptr) asker.permissions = account->permissions;
  if (std::find(asker.permissions.begin(), asker.permissions.end(), kGammaPermission) ==
      asker.permissions.end()) {
    asker.permissions.push_back(kGammaPermission);
  }
  if (guid.empty()) return asker;
  // Where cookies are enforced, asking does not make an unknown guid known.
  if (config_.enforce_cookies) mode = app::Identify::find;
  const auto device = exchange.gateway.identify(exchange.facts.tenant, guid, mode);
  if (device) {
    asker.device = *device;
  } else if (device.error().code != base::Code::not_found) {
    return tl::unexpected(answer_of(device.error().code));
  }
  return asker;
}

Decoded<Asker> Oomi::asker_by_cookie(Exchange& exchange, std::optional<int64_t> account) const {
  // These endpoints do not ask for cookies: an odd one is not an error, only no identity.
  const std::string_view guid =
      sane_guid(exchange.cookies.guid) ? exchange.cookies.guid : std::string_view();
  return asker_of(exchange, guid, account_of(exchange, account), app::Identify::find_or_register);
}

Decoded<Login> Oomi::login_of(const Exchange& exchange) const {
  const domain::Credential* pair = exchange.gateway.catalogue().first_credential(
      exchange.facts.tenant, domain::CredentialKind::download_basic);
  if (pair == nullptr) return Login{};
  auto password = secrets_.unseal_text(pair->secret);
  if (!password) return tl::unexpected(Answer::system);
  return Login{pair->name, std::move(*password)};
}

bool Oomi::may_download(const Exchange& exchange) const {
  constexpr auto kKind = domain::CredentialKind::download_basic;
  const domain::Snapshot& catalogue = exchange.gateway.catalogue();
  switch (config_.download_login) {
    case OomiDownloadLogin::never:
      return true;
    case OomiDownloadLogin::when_known:
      if (catalogue.first_credential(exchange.facts.tenant, kKind) == nullptr) return true;
      break;
    case OomiDownloadLogin::always:
      break;
  }
  const std::string_view header = exchange.request.header("Authorization").value_or("");
  constexpr std::string_view kScheme = "Basic ";
  if (!base::iequals(header.substr(0, kScheme.size()), kScheme)) return false;
  const auto plain = base::unbase64(base::trim(header.substr(kScheme.size())));
  if (!plain) return false;
  const std::string_view pair = *plain;
  const size_t colon = pair.find(':');
  if (colon == std::string_view::npos) return false;
  // Any living pair of the tenant opens the door, so that a pair can be replaced while devices
  // still hold the old one; the answers print the first.
  const domain::Credential* known = catalogue.credential(kKind, pair.substr(0, colon));
  if (known == nullptr || known->disabled || known->tenant != exchange.facts.tenant) return false;
  const auto password = secrets_.unseal_text(known->secret);
  return password && base::constant_time_equal(*password, pair.substr(colon + 1));
}

}  // namespace otaru::dialect::oomi
