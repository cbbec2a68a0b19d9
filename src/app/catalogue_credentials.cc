// SPDX-License-Identifier: Apache-2.0
// Operators' changes of credentials. How a secret is kept depends on its kind: what is only
// compared is kept as a keyed hash, what must be computed with is sealed.
#include "app/catalogue_draft.h"
#include "app/catalogue_service.h"
#include "app/input_checks.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;
using domain::Credential;
using domain::CredentialKind;

constexpr size_t kOomiTokenBytes = 16;  // 32 hex digits, as OOMI's login answers have them
constexpr size_t kApiKeyBytesMin = 20;  // of one that is given: must not be guessable

base::Status check_attributes(const Credential& row) {
  OTARU_CHECK(check_texts("attributes", row.attributes, limits::kTextBytesMax));
  if (row.kind != CredentialKind::api_key) return {};
  if (const std::string* role = domain::find_text(row.attributes, kRoleAttribute)) {
    if (auto known = domain::parse_role(*role); !known) {
      return base::fail_field(Code::invalid, "attributes.role", known.error().message);
    }
  }
  if (const std::string* scope = domain::find_text(row.attributes, kScopeAttribute)) {
    if (auto known = domain::parse_reach(*scope); !known) {
      return base::fail_field(Code::invalid, "attributes.scope", known.error().message);
    }
  }
  return {};
}

base::Status check_expiry(const Credential& row, base::Time now) {
  if (!row.expires_at) return {};
  if (row.kind != CredentialKind::api_key) {
    return base::fail_field(Code::invalid, "expires_at", "only API keys expire");
  }
  if (*row.expires_at > now) return {};
  return base::fail_field(Code::invalid, "expires_at", "this time has passed");
}

std::string make_secret(CredentialKind kind, base::Random& random) {
  switch (kind) {
    case CredentialKind::api_key:
      return generate_secret(random, "otk_");
    case CredentialKind::onenet_product:
      return generate_access_key(random);
    case CredentialKind::oomi_account:
      return base::hex(random.bytes(kOomiTokenBytes));
    case CredentialKind::oauth_client:
    case CredentialKind::oauth_user:
    case CredentialKind::download_basic:
    case CredentialKind::hawkbit_gateway:
      break;
  }
  return generate_secret(random, "");
}

// Those need different ones.
bool found_by_secret_alone(CredentialKind kind) {
  switch (kind) {
    case CredentialKind::api_key:
    case CredentialKind::oomi_account:
    case CredentialKind::hawkbit_gateway:
      return true;
    case CredentialKind::onenet_product:
    case CredentialKind::oauth_client:
    case CredentialKind::oauth_user:
    case CredentialKind::download_basic:
      break;
  }
  return false;
}

std::string stored_form(CredentialKind kind, const Secrets& secrets, const std::string& secret) {
  switch (kind) {
    case CredentialKind::api_key:
      return secrets.keyed_hash(kApiKeyPurpose, secret);
    case CredentialKind::oauth_client:
    case CredentialKind::oauth_user:
      return secrets.keyed_hash(kOauthSecretPurpose, secret);
    case CredentialKind::oomi_account:
      return secrets.keyed_hash(kOomiTokenPurpose, secret);
    case CredentialKind::hawkbit_gateway:
      return secrets.keyed_hash(kHawkbitGatewayPurpose, secret);
    case CredentialKind::onenet_product:
    case CredentialKind::download_basic:
      break;
  }
  return secrets.seal_text(secret);
}

}  // namespace

bool is_living_admin(const Credential& row) {
  return row.kind == CredentialKind::api_key && !row.disabled && !row.expires_at &&
         role_of(row) == domain::Role::admin && reach_of(row) == domain::Reach::server;
}

bool is_living_admin(const domain::User& row) {
  return !row.disabled && !row.password_hash.empty() && row.role == domain::Role::admin &&
         row.reach() == domain::Reach::server;
}

base::Status check_admin_left(const domain::CatalogueRows& rows) {
  for (const auto& row : rows.credentials) {
    if (is_living_admin(row)) return {};
  }
  for (const auto& row : rows.users) {
    if (is_living_admin(row)) return {};
  }
  return base::fail_field(Code::precondition, "", "this is the last admin of the server",
                          "make another one first");
}

domain::Role role_of(const Credential& api_key) {
  const std::string* role = domain::find_text(api_key.attributes, kRoleAttribute);
  if (role == nullptr) return domain::Role::operator_;
  return domain::parse_role(*role).value_or(domain::Role::viewer);  // checked before it was stored
}

domain::Reach reach_of(const Credential& api_key) {
  if (const std::string* scope = domain::find_text(api_key.attributes, kScopeAttribute)) {
    return domain::parse_reach(*scope).value_or(domain::Reach::tenant);
  }
  return role_of(api_key) == domain::Role::admin ? domain::Reach::server : domain::Reach::tenant;
}

base::Result<NewCredential> CatalogueService::with_secret(
    Credential row, const std::optional<std::string>& secret) {
  NewCredential out;
  if (secret) {
    if (secret->empty()) return base::fail_field(Code::invalid, "secret", "it is empty");
    OTARU_CHECK(check_text("secret", *secret, limits::kSecretBytesMax));
    if (row.kind == CredentialKind::onenet_product) {
      OTARU_CHECK(check_access_key("secret", *secret));
    }
    if (row.kind == CredentialKind::api_key && secret->size() < kApiKeyBytesMin) {
      return base::fail_field(
          Code::invalid, "secret",
          "an API key has at least " + std::to_string(kApiKeyBytesMin) + " characters",
          "leave it out to have one made");
    }
    out.secret = *secret;
  } else {
    out.secret = make_secret(row.kind, random_);
  }
  row.secret = stored_form(row.kind, secrets_, out.secret);
  if (found_by_secret_alone(row.kind)) {
    const auto snapshot = engine_.snapshot();
    const auto* other = snapshot->credential_by_secret(row.kind, row.secret);
    if (other != nullptr && other->id != row.id) {
      return base::fail_field(Code::conflict, "secret", "it is not usable",
                              "leave it out to have one made");
    }
  }
  out.credential = std::move(row);
  return out;
}

base::Result<NewCredential> CatalogueService::create_credential(const Actor& actor,
                                                                const CredentialSpec& spec) {
  OTARU_CHECK(check_name("name", spec.name));
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_CHECK(draft.get(spec.tenant, "tenant", "tenant"));
  for (const auto& other : draft.rows.credentials) {
    if (other.kind != spec.kind || other.name != spec.name) continue;
    if (!domain::is_named(spec.kind) && other.tenant != spec.tenant) continue;
    return base::fail_field(Code::conflict, "name", "there is one of that kind and name already");
  }
  Credential row;
  row.id = domain::CredentialId{ids_.credential + 1};
  row.tenant = spec.tenant;
  row.kind = spec.kind;
  row.name = spec.name;
  row.attributes = spec.attributes;
  row.permissions = spec.permissions;
  row.created_at = draft.now;
  normalize_permissions(row.permissions);
  if (row.permissions.size() > limits::kPermissionsMax) {
    return base::fail_field(Code::too_large, "permissions", "there are too many");
  }
  row.expires_at = spec.expires_at;
  OTARU_CHECK(check_attributes(row));
  OTARU_CHECK(check_expiry(row, draft.now));
  OTARU_TRY(made, with_secret(std::move(row), spec.secret));
  draft.add(draft.rows.credentials, made.credential);
  OTARU_CHECK(commit(draft, draft.deed("credential.create", made.credential)));
  ids_.credential = made.credential.id.value;
  return made;
}

base::Result<Credential> CatalogueService::update_credential(const Actor& actor,
                                                             domain::CredentialId id,
                                                             const CredentialChange& with) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "credential", "credential"));
  const bool was_admin = is_living_admin(*row);
  for (const auto& [name, value] : with.attributes) {
    if (value) {
      domain::set_text(row->attributes, name, *value);
    } else {
      std::erase_if(row->attributes,
                    [&key = name](const auto& entry) { return entry.first == key; });
    }
  }
  if (with.permissions) {
    row->permissions = *with.permissions;
    normalize_permissions(row->permissions);
    if (row->permissions.size() > limits::kPermissionsMax) {
      return base::fail_field(Code::too_large, "permissions", "there are too many");
    }
  }
  row->disabled = with.disabled.value_or(row->disabled);
  if (with.expires_at) {
    row->expires_at = *with.expires_at;
    OTARU_CHECK(check_expiry(*row, draft.now));
  }
  OTARU_CHECK(check_attributes(*row));
  if (was_admin) OTARU_CHECK(check_admin_left(draft.rows));
  draft.put(*row);
  const Credential out = *row;
  OTARU_CHECK(commit(draft, draft.deed("credential.update", *row)));
  return out;
}

base::Result<NewCredential> CatalogueService::rotate_credential(
    const Actor& actor, domain::CredentialId id, const std::optional<std::string>& secret) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "credential", "credential"));
  OTARU_TRY(made, with_secret(*row, secret));
  *row = made.credential;
  draft.put(*row);
  OTARU_CHECK(commit(draft, draft.deed("credential.rotate", made.credential)));
  return made;
}

base::Status CatalogueService::delete_credential(const Actor& actor, domain::CredentialId id) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "credential", "credential"));
  const bool was_admin = is_living_admin(*row);
  const Deed deed = draft.deed("credential.delete", *row);
  draft.remove(draft.rows.credentials, id);
  if (was_admin) OTARU_CHECK(check_admin_left(draft.rows));
  return commit(draft, deed);
}

}  // namespace otaru::app
