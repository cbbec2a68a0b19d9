// SPDX-License-Identifier: Apache-2.0
// The order of checks is Spring's (ClientCredentialsTokenEndpointFilter, TokenEndpoint, the token
// granters, DefaultTokenServices); docs/dialects/ubtech.md has the table of answers.
#include "dialect/ubtech/oauth.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"

namespace otaru::dialect::ubtech {
namespace {

using Challenge = OauthError::Challenge;
using domain::Credential;
using domain::CredentialKind;

// Attributes of credentials, and what counts when they are absent.
constexpr std::string_view kDefaultGrants = "password refresh_token";
constexpr std::string_view kDefaultScopes = "read write trust";
constexpr int64_t kAccessValidityS = 12'000;           // the seed: expires_in 11999
constexpr int64_t kRefreshValidityS = 30 * 24 * 3600;  // Spring's default
// Nobody needs more, and times stay far from overflowing.
constexpr int64_t kValidityMaxS = 100ll * 365 * 24 * 3600;

constexpr size_t kTokenBytes = 16;
constexpr size_t kNonceBytes = 16;
constexpr std::string_view kAccessPurpose = "ubtech access token";
constexpr std::string_view kRefreshPurpose = "ubtech refresh token";

std::string_view attribute(const Credential& row, std::string_view name,
                           std::string_view otherwise) {
  const std::string* found = domain::find_text(row.attributes, name);
  return found == nullptr ? otherwise : std::string_view(*found);
}

std::optional<int64_t> seconds_attribute(const Credential& row, std::string_view name) {
  const std::string* found = domain::find_text(row.attributes, name);
  if (found == nullptr) return std::nullopt;
  const auto value = base::parse_int(*found);
  if (!value) return std::nullopt;
  return std::min(*value, kValidityMaxS);
}

bool has_word(const std::vector<std::string_view>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string joined_words(const std::vector<std::string_view>& words) {
  std::string out;
  for (const auto word : words) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

bool may_grant(const Credential& client, std::string_view grant) {
  return has_word(split_words(attribute(client, "grants", kDefaultGrants)), grant);
}

bool is_locked(const Credential& user) {
  return attribute(user, "locked", "") == "true";
}

// The parts of SessionRow::key.
struct SessionOwner {
  std::string_view client;
  std::string_view user;
  std::string_view scope;
};

std::string session_key(std::string_view client, std::string_view user, std::string_view scope) {
  std::string key(client);
  key += '\n';
  key += user;
  key += '\n';
  key += scope;
  return key;
}

SessionOwner owner_of(std::string_view key) {
  const size_t first = std::min(key.find('\n'), key.size());
  const size_t second = std::min(key.find('\n', first + 1), key.size());
  SessionOwner owner;
  owner.client = key.substr(0, first);
  owner.user = key.substr(std::min(first + 1, second), second - std::min(first + 1, second));
  owner.scope = key.substr(std::min(second + 1, key.size()));
  return owner;
}

// The user a session or login stands for, if both credentials still hold; nullptr otherwise.
const Credential* living_user(const domain::Snapshot& catalogue, const Credential* client,
                              std::string_view name) {
  if (client == nullptr || client->disabled) return nullptr;
  const auto* user = catalogue.credential(CredentialKind::oauth_user, name);
  if (user == nullptr || user->disabled || is_locked(*user)) return nullptr;
  return user->tenant == client->tenant ? user : nullptr;
}

tl::unexpected<OauthError> refuse_with(OauthError error) {
  return tl::unexpected<OauthError>(std::move(error));
}

tl::unexpected<OauthError> invalid_scope(std::string_view description, std::string valid) {
  OauthError error = bad_request("invalid_scope", description);
  error.scope = std::move(valid);
  return refuse_with(std::move(error));
}

}  // namespace

const Credential* TokenDesk::client_with(const domain::Snapshot& catalogue, std::string_view id,
                                         std::string_view secret) const {
  const auto* client = catalogue.credential(CredentialKind::oauth_client, id);
  // Hashed for unknown names too: the time taken does not tell which names exist.
  const bool good =
      secrets_.matches(app::kOauthSecretPurpose, secret, client == nullptr ? "" : client->secret);
  return good && client != nullptr && !client->disabled ? client : nullptr;
}

OauthResult<const Credential*> TokenDesk::authenticate_client(
    const http::Request& request, const Params& params, const domain::Snapshot& catalogue) const {
  const auto authorization = request.header("Authorization");
  const auto basic = authorization ? read_basic(*authorization) : std::nullopt;
  const auto client_id = params.text("client_id");
  if (basic) {
    const auto* client = client_with(catalogue, basic->id, basic->secret);
    if (client == nullptr) return refuse_with(unauthorized(Challenge::basic, "Bad credentials"));
    if (client_id && *client_id != client->name) {
      return refuse_with(
          invalid_client(Challenge::bare, "Given client ID does not match authenticated client"));
    }
    return client;
  }
  if (!client_id) {
    return refuse_with(
        unauthorized(Challenge::realm, "Full authentication is required to access this resource"));
  }
  const auto* client =
      client_with(catalogue, *client_id, params.text("client_secret").value_or(""));
  if (client == nullptr) {
    return refuse_with(invalid_client(Challenge::form, "Bad client credentials"));
  }
  return client;
}

OauthResult<TokenAnswer> TokenDesk::grant(const http::Request& request, const Params& params,
                                          app::DeviceGateway& gateway) {
  const auto client = authenticate_client(request, params, gateway.catalogue());
  if (!client) return refuse_with(client.error());
  Asked asked;
  asked.client = *client;
  const Words allowed = split_words(attribute(**client, "scopes", kDefaultScopes));
  const Words named = split_words(params.text("scope").value_or(""));
  for (const auto word : named) {
    if (has_word(allowed, word)) continue;
    return invalid_scope(with_value("Invalid scope", word), joined_words(allowed));
  }
  asked.scope_named = !named.empty();
  for (const auto word : allowed) {
    if (named.empty() || has_word(named, word)) asked.scope.push_back(word);
  }
  const std::string_view type = base::trim(params.text("grant_type").value_or(""));
  if (type.empty()) return refuse_with(bad_request("invalid_request", "Missing grant type"));
  if (type == "implicit") {
    return refuse_with(
        bad_request("invalid_grant", "Implicit grant type not supported from token endpoint"));
  }
  const bool known = type == "password" || type == "refresh_token" ||
                     type == "authorization_code" || type == "client_credentials";
  if (known && !may_grant(**client, type)) {
    return refuse_with(
        invalid_client(Challenge::bare, with_value("Unauthorized grant type", type)));
  }
  if (type == "password") return password_grant(asked, params, gateway);
  if (type == "refresh_token") return refresh_grant(asked, params, gateway);
  return refuse_with(
      bad_request("unsupported_grant_type", with_value("Unsupported grant type", type)));
}

OauthResult<TokenAnswer> TokenDesk::password_grant(const Asked& asked, const Params& params,
                                                   app::DeviceGateway& gateway) {
  const Credential& client = *asked.client;
  const auto username = params.text("username").value_or("");
  const auto* user = gateway.catalogue().credential(CredentialKind::oauth_user, username);
  const bool good = secrets_.matches(app::kOauthSecretPurpose, params.text("password").value_or(""),
                                     user == nullptr ? "" : user->secret);
  if (!good || user == nullptr || user->tenant != client.tenant) {
    return refuse_with(bad_request("invalid_grant", "Bad credentials"));
  }
  // Deviates: Spring says so before it looked at the password. Here only who knows it is told.
  if (is_locked(*user)) return refuse_with(bad_request("invalid_grant", "User account is locked"));
  if (user->disabled) return refuse_with(bad_request("invalid_grant", "User is disabled"));

  const std::string scope = joined_words(asked.scope);
  const base::Time now = gateway.now();
  app::SessionRow row;
  row.key = session_key(client.name, user->name, scope);
  if (auto known = gateway.find_session(row.key)) {
    // The same token as long as it lives; after that a new one, with the same refresh token.
    row = std::move(*known);
    if (now <= row.expires_at) return answer_for(row, scope, now);
  }
  const bool refreshable = may_grant(client, "refresh_token");
  const bool refresh_over =
      row.refresh_nonce.empty() || (row.refresh_expires_at.ms != 0 && now > row.refresh_expires_at);
  if (!refreshable) {
    row.refresh_nonce.clear();
    row.refresh_index.clear();
  } else if (refresh_over) {
    renew_refresh(row, client, now);
  }
  renew_access(row, client, now);
  if (auto stored = gateway.put_session(row); !stored) {
    return refuse_with(oauth_error_for(stored.error().code));
  }
  return answer_for(row, scope, now);
}

OauthResult<TokenAnswer> TokenDesk::refresh_grant(const Asked& asked, const Params& params,
                                                  app::DeviceGateway& gateway) {
  const auto token = params.text("refresh_token");
  if (!token) return refuse_with(bad_request("invalid_grant", "Invalid refresh token: null"));
  const auto refuse_grant = [&](std::string_view text) {
    return refuse_with(bad_request("invalid_grant", describe(text, *token)));
  };
  const std::string index = secrets_.keyed_hash(kRefreshPurpose, *token);
  auto row = gateway.find_session_by_token(index);
  if (!row || row->refresh_index != index) return refuse_grant("Invalid refresh token");
  const SessionOwner owner = owner_of(row->key);
  if (owner.client != asked.client->name) {
    return refuse_grant("Wrong client for this refresh token");
  }
  const base::Time now = gateway.now();
  if (row->refresh_expires_at.ms != 0 && now > row->refresh_expires_at) {
    gateway.erase_session(row->key);
    return refuse_with(
        invalid_token(Challenge::bare, describe("Invalid refresh token (expired)", *token)));
  }
  if (living_user(gateway.catalogue(), asked.client, owner.user) == nullptr) {
    return refuse_grant("Invalid refresh token");
  }
  const std::string whole(owner.scope);
  std::string scope = asked.scope_named ? joined_words(asked.scope) : whole;
  const Words original = split_words(whole);
  for (const auto word : split_words(scope)) {
    if (has_word(original, word)) continue;
    return invalid_scope(
        "Unable to narrow the scope of the client authentication to [" + scope + "].", whole);
  }
  // The old access token ends here: its index leaves the table with its nonce.
  renew_access(*row, *asked.client, now);
  if (auto stored = gateway.put_session(*row); !stored) {
    return refuse_with(oauth_error_for(stored.error().code));
  }
  return answer_for(*row, std::move(scope), now);
}

OauthResult<domain::TenantId> TokenDesk::admit(const http::Request& request, const Params& params,
                                               const app::DeviceGateway& gateway) const {
  std::optional<std::string_view> token;
  if (const auto authorization = request.header("Authorization")) {
    token = read_bearer(*authorization);
  }
  if (!token) token = params.text("access_token");
  if (!token) {
    return refuse_with(
        unauthorized(Challenge::realm, "Full authentication is required to access this resource"));
  }
  const auto refuse_token = [&](std::string_view text) {
    return refuse_with(invalid_token(Challenge::realm, describe(text, *token)));
  };
  const std::string index = secrets_.keyed_hash(kAccessPurpose, *token);
  const auto row = gateway.find_session_by_token(index);
  if (!row || row->token_index != index) return refuse_token("Invalid access token");
  if (gateway.now() > row->expires_at) return refuse_token("Access token expired");
  const SessionOwner owner = owner_of(row->key);
  const auto* client = gateway.catalogue().credential(CredentialKind::oauth_client, owner.client);
  // A client or user that was taken away or disabled takes its tokens along.
  const auto* user = living_user(gateway.catalogue(), client, owner.user);
  if (user == nullptr) return refuse_token("Invalid access token");
  return user->tenant;
}

void TokenDesk::renew_access(app::SessionRow& row, const Credential& client, base::Time now) {
  int64_t seconds = seconds_attribute(client, "access_token_validity_s").value_or(kAccessValidityS);
  if (seconds <= 0) seconds = kAccessValidityS;
  row.nonce = fresh_nonce();
  row.token_index = secrets_.keyed_hash(kAccessPurpose, access_token(row));
  row.issued_at = now;
  row.expires_at = now + seconds * base::kSecondMs;
}

void TokenDesk::renew_refresh(app::SessionRow& row, const Credential& client, base::Time now) {
  const int64_t seconds =
      seconds_attribute(client, "refresh_token_validity_s").value_or(kRefreshValidityS);
  row.refresh_nonce = fresh_nonce();
  row.refresh_index = secrets_.keyed_hash(kRefreshPurpose, refresh_token(row));
  row.refresh_expires_at = seconds > 0 ? now + seconds * base::kSecondMs : base::Time{};
}

TokenAnswer TokenDesk::answer_for(const app::SessionRow& row, std::string scope,
                                  base::Time now) const {
  TokenAnswer out;
  out.access_token = access_token(row);
  if (!row.refresh_nonce.empty()) out.refresh_token = refresh_token(row);
  // Spring truncates what is left when it writes the answer, at least a moment after issuing:
  // robots have only ever seen 11999 for a fresh token of 12000 seconds.
  out.expires_in_s = std::max<int64_t>(0, (row.expires_at - now - 1) / base::kSecondMs);
  out.scope = std::move(scope);
  return out;
}

std::string TokenDesk::access_token(const app::SessionRow& row) const {
  return secrets_.derive_hex(kAccessPurpose, row.key + "\n" + row.nonce, kTokenBytes);
}

std::string TokenDesk::refresh_token(const app::SessionRow& row) const {
  return secrets_.derive_hex(kRefreshPurpose, row.key + "\n" + row.refresh_nonce, kTokenBytes);
}

std::string TokenDesk::fresh_nonce() {
  const std::lock_guard lock(random_mutex_);
  return base::hex(random_.bytes(kNonceBytes));
}

std::string TokenDesk::describe(std::string_view text, std::string_view token) const {
  return echo_ == EchoTokens::yes ? with_value(text, token) : std::string(text);
}

}  // namespace otaru::dialect::ubtech
