// SPDX-License-Identifier: Apache-2.0
#include "domain/catalogue.h"

#include "domain/names.h"

namespace otaru::domain {
namespace {

constexpr ProductType kProductTypes[] = {ProductType::firmware, ProductType::software};
constexpr ReleaseState kReleaseStates[] = {ReleaseState::draft, ReleaseState::published,
                                           ReleaseState::revoked};
constexpr PackageKind kPackageKinds[] = {PackageKind::full, PackageKind::delta};
constexpr CredentialKind kCredentialKinds[] = {
    CredentialKind::api_key,    CredentialKind::onenet_product, CredentialKind::oauth_client,
    CredentialKind::oauth_user, CredentialKind::oomi_account,   CredentialKind::download_basic,
    CredentialKind::hawkbit_gateway};

}  // namespace

const std::string* find_text(const TextMap& map, std::string_view key) {
  for (const auto& entry : map) {
    if (entry.first == key) return &entry.second;
  }
  return nullptr;
}

void set_text(TextMap& map, std::string_view key, std::string_view value) {
  for (auto& entry : map) {
    if (entry.first == key) {
      entry.second = value;
      return;
    }
  }
  map.emplace_back(key, value);
}

std::string_view name_of(ProductType v) {
  switch (v) {
    case ProductType::firmware:
      return "firmware";
    case ProductType::software:
      return "software";
  }
  return "firmware";
}

std::string_view name_of(ReleaseState v) {
  switch (v) {
    case ReleaseState::draft:
      return "draft";
    case ReleaseState::published:
      return "published";
    case ReleaseState::revoked:
      return "revoked";
  }
  return "draft";
}

std::string_view name_of(PackageKind v) {
  switch (v) {
    case PackageKind::full:
      return "full";
    case PackageKind::delta:
      return "delta";
  }
  return "full";
}

bool is_named(CredentialKind kind) {
  switch (kind) {
    case CredentialKind::onenet_product:
    case CredentialKind::oauth_client:
    case CredentialKind::oauth_user:
    case CredentialKind::oomi_account:
    case CredentialKind::download_basic:
      return true;
    case CredentialKind::api_key:
    case CredentialKind::hawkbit_gateway:
      return false;
  }
  return true;
}

std::string_view name_of(CredentialKind v) {
  switch (v) {
    case CredentialKind::api_key:
      return "api_key";
    case CredentialKind::onenet_product:
      return "onenet_product";
    case CredentialKind::oauth_client:
      return "oauth_client";
    case CredentialKind::oauth_user:
      return "oauth_user";
    case CredentialKind::oomi_account:
      return "oomi_account";
    case CredentialKind::download_basic:
      return "download_basic";
    case CredentialKind::hawkbit_gateway:
      return "hawkbit_gateway";
  }
  return "api_key";
}

base::Result<ProductType> parse_product_type(std::string_view text) {
  return parse_word<ProductType>("product type", text, kProductTypes, name_of);
}

base::Result<ReleaseState> parse_release_state(std::string_view text) {
  return parse_word<ReleaseState>("release state", text, kReleaseStates, name_of);
}

base::Result<PackageKind> parse_package_kind(std::string_view text) {
  return parse_word<PackageKind>("package kind", text, kPackageKinds, name_of);
}

base::Result<CredentialKind> parse_credential_kind(std::string_view text) {
  return parse_word<CredentialKind>("credential kind", text, kCredentialKinds, name_of);
}

}  // namespace otaru::domain
