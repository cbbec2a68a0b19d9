// SPDX-License-Identifier: Apache-2.0
#include "app/oidc.h"

#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;

constexpr size_t kStateBytes = 16;
constexpr size_t kVerifierBytes = 32;  // 43 characters, the least that RFC 7636 4.1 allows

std::string form(const std::vector<std::pair<std::string_view, std::string_view>>& members) {
  std::string out;
  for (const auto& [name, value] : members) {
    if (!out.empty()) out += '&';
    out += base::percent_encode(name) + "=" + base::percent_encode(value);
  }
  return out;
}

base::Error wrong(const std::string& what) {
  return {Code::unauthenticated, "the log-in did not work; begin again", "OpenID Connect: " + what};
}

base::Error no_provider(const std::string& what) {
  return {Code::unavailable, "the identity provider cannot be used now; try again later",
          "OpenID Connect: " + what};
}

// RFC 6749 2.3.1: both parts form-encoded before they are joined.
std::string basic_login(const OidcConfig& config) {
  return "Basic " + base::base64(base::percent_encode(config.client_id) + ":" +
                                 base::percent_encode(config.client_secret));
}

// What the cookie remembers between begin() and finish().
struct Pending {
  std::string state;
  std::string nonce;
  std::string verifier;
  base::Time begun;
};

std::string text_of(const Pending& pending) {
  return pending.state + "." + pending.nonce + "." + pending.verifier + "." +
         std::to_string(pending.begun.ms);
}

std::optional<Pending> pending_of(std::string_view text) {
  std::vector<std::string> parts;
  for (size_t from = 0; from <= text.size();) {
    const size_t dot = std::min(text.find('.', from), text.size());
    parts.emplace_back(text.substr(from, dot - from));
    from = dot + 1;
  }
  if (parts.size() != 4) return std::nullopt;
  const auto begun = base::parse_int(parts[3]);
  if (!begun) return std::nullopt;
  return Pending{parts[0], parts[1], parts[2], base::Time{*begun}};
}

}  // namespace

bool OidcIdentity::has_claim(std::string_view name_of_claim, std::string_view value) const {
  for (const auto& [claim, values] : claims) {
    if (claim != name_of_claim) continue;
    for (const auto& one : values) {
      if (one == value) return true;
    }
  }
  return false;
}

Oidc::Oidc(OidcConfig config, HttpClient& http, const Secrets& secrets, const base::Clock& clock,
           base::Random& random)
    : config_(std::move(config)), http_(http), secrets_(secrets), clock_(clock), random_(random) {}

base::Result<std::string> Oidc::get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.headers = {{"Accept", "application/json"}};
  request.ca_file = config_.ca_file;
  request.reach = config_.reach;
  auto reply = http_.send(request);
  if (!reply) return base::fail(no_provider(url + ": " + reply.error().message));
  if (reply->status != 200) {
    return base::fail(no_provider(url + " answers with " + std::to_string(reply->status)));
  }
  return std::move(reply->body);
}

// Discovery 1.0, 4. The issuer in the document must be the one that was asked (4.3): otherwise one
// provider could speak for another.
base::Result<Oidc::Provider> Oidc::provider() {
  const base::Time now = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    if (provider_ && now - provider_->read_at < limits::kOidcProviderMs) return *provider_;
  }
  std::string root = config_.issuer;
  while (root.ends_with('/')) root.pop_back();
  OTARU_TRY(text, get(root + "/.well-known/openid-configuration"));
  const auto document = base::JsonDocument::parse(text);
  if (!document) return base::fail(no_provider("the discovery document is no JSON"));
  const auto member = [&](std::string_view name) {
    return std::string(document->root().find(name).text().value_or(""));
  };
  if (member("issuer") != config_.issuer) {
    return base::fail(
        no_provider("the discovery document is of issuer '" + member("issuer") + "'"));
  }
  Provider out;
  out.authorization_endpoint = member("authorization_endpoint");
  out.token_endpoint = member("token_endpoint");
  out.jwks_uri = member("jwks_uri");
  if (out.authorization_endpoint.empty() || out.token_endpoint.empty() || out.jwks_uri.empty()) {
    return base::fail(no_provider("the discovery document lacks an endpoint"));
  }
  const auto methods = document->root().find("token_endpoint_auth_methods_supported");
  for (size_t i = 0; i < methods.size(); ++i) {
    if (i == 0) out.basic_login = false;
    if (methods.at(i).text() == "client_secret_basic") out.basic_login = true;
  }
  OTARU_TRY(keys, get(out.jwks_uri));
  out.jwks = std::move(keys);
  out.read_at = out.keys_read_at = now;
  const std::lock_guard lock(mutex_);
  provider_ = out;
  return out;
}

// A key that is not known yet: providers change their keys. Not more often than now and then,
// because anybody can send tokens with made-up key ids.
base::Result<Oidc::Provider> Oidc::fresh_keys() {
  OTARU_TRY(known, provider());
  const base::Time now = clock_.now();
  if (now - known.keys_read_at < limits::kOidcKeysMs) return base::fail(wrong("an unknown key"));
  OTARU_TRY(keys, get(known.jwks_uri));
  const std::lock_guard lock(mutex_);
  if (provider_) {
    provider_->jwks = std::move(keys);
    provider_->keys_read_at = now;
    return *provider_;
  }
  return base::fail(no_provider("it was forgotten meanwhile"));
}

base::Result<OidcBegin> Oidc::begin() {
  OTARU_TRY(known, provider());
  Pending pending;
  pending.state = base::base64url(random_.bytes(kStateBytes));
  pending.nonce = base::base64url(random_.bytes(kStateBytes));
  pending.verifier = base::base64url(random_.bytes(kVerifierBytes));
  pending.begun = clock_.now();
  const std::string challenge =
      base::base64url(base::digest(base::HashKind::sha256, pending.verifier));
  std::string scopes;
  for (const auto& scope : config_.scopes) scopes += (scopes.empty() ? "" : " ") + scope;
  OidcBegin out;
  out.url = known.authorization_endpoint;
  out.url += out.url.find('?') == std::string::npos ? '?' : '&';
  out.url += form({{"response_type", "code"},
                   {"client_id", config_.client_id},
                   {"redirect_uri", config_.redirect_uri},
                   {"scope", scopes},
                   {"state", pending.state},
                   {"nonce", pending.nonce},
                   {"code_challenge", challenge},
                   {"code_challenge_method", "S256"}});
  out.cookie = secrets_.seal_text(text_of(pending));
  return out;
}

base::Result<std::string> Oidc::exchange(const Provider& known, std::string_view code,
                                         std::string_view verifier) {
  HttpRequest request;
  request.method = "POST";
  request.url = known.token_endpoint;
  request.ca_file = config_.ca_file;
  request.reach = config_.reach;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"Accept", "application/json"}};
  std::vector<std::pair<std::string_view, std::string_view>> members = {
      {"grant_type", "authorization_code"},
      {"code", code},
      {"redirect_uri", config_.redirect_uri},
      {"code_verifier", verifier}};
  if (config_.client_secret.empty() || !known.basic_login) {
    members.emplace_back("client_id", config_.client_id);
  }
  if (!config_.client_secret.empty()) {
    if (known.basic_login) {
      request.headers.emplace_back("Authorization", basic_login(config_));
    } else {
      members.emplace_back("client_secret", config_.client_secret);
    }
  }
  request.body = form(members);
  const auto reply = http_.send(request);
  if (!reply) return base::fail(no_provider("the token endpoint: " + reply.error().message));
  const auto document = base::JsonDocument::parse(reply->body);
  if (reply->status != 200) {
    const auto error = document ? document->root().find("error").text() : std::nullopt;
    if (reply->status >= 500) {
      return base::fail(
          no_provider("the token endpoint answers with " + std::to_string(reply->status)));
    }
    return base::fail(wrong("the code was refused (" + std::string(error.value_or("no reason")) +
                            ", " + std::to_string(reply->status) + ")"));
  }
  if (!document) return base::fail(no_provider("the token endpoint's answer is no JSON"));
  const auto token = document->root().find("id_token").text();
  if (!token) return base::fail(no_provider("the token endpoint gave no id_token"));
  return std::string(*token);
}

base::Result<OidcIdentity> Oidc::finish(std::string_view code, std::string_view state,
                                        std::string_view cookie) {
  const auto opened = secrets_.unseal_text(cookie);
  const auto pending = opened ? pending_of(*opened) : std::nullopt;
  if (!pending) return base::fail(wrong("there is no log-in under way in this browser"));
  // What another site made a browser send does not have the state of this browser's cookie.
  if (!base::constant_time_equal(pending->state, state)) return base::fail(wrong("another state"));
  const base::Time now = clock_.now();
  if (now - pending->begun > limits::kOidcLoginMs || pending->begun > now) {
    return base::fail(wrong("it took too long"));
  }
  if (code.empty() || code.size() > limits::kOidcCodeBytesMax) {
    return base::fail(wrong("there is no code"));
  }
  OTARU_TRY(known, provider());
  OTARU_TRY(token, exchange(known, code, pending->verifier));
  const IdTokenRules rules{config_.issuer, config_.client_id, pending->nonce, now};
  auto identity = read_id_token(token, known.jwks, rules);
  if (!identity && identity.error().code == Code::not_found) {
    OTARU_TRY(renewed, fresh_keys());
    identity = read_id_token(token, renewed.jwks, rules);
    if (!identity && identity.error().code == Code::not_found) {
      return base::fail(wrong("a key that the provider does not publish"));
    }
  }
  return identity;
}

}  // namespace otaru::app
