// SPDX-License-Identifier: Apache-2.0
// Logging in through an OpenID Connect provider: authorization code flow with PKCE.
//
//   OTARU_TRY(begun, oidc.begin());           // send the browser to begun.url, keep begun.cookie
//   OTARU_TRY(who, oidc.finish(code, state, cookie));
//
// Nothing is kept on the server between the two: what must be remembered (state, nonce, PKCE
// verifier, when) is sealed into the cookie, so that a restart in between does not matter. A code
// works once because the provider says so; a cookie is good for kOidcLoginMs.
//
// Sources: OpenID Connect Core 1.0 (3.1), OpenID Connect Discovery 1.0 (4), RFC 7636 (PKCE),
// RFC 7517 (keys), RFC 9207 is not needed with one provider.
//
// Threads: any. begin() and finish() may ask the provider and block: not for I/O threads.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/ports/http_client.h"
#include "app/secrets.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"

namespace otaru::app {

struct OidcConfig {
  std::string issuer;  // "https://id.example.com"; its discovery document is below it
  std::string client_id;
  std::string client_secret;  // empty: a public client, which has PKCE only
  std::string redirect_uri;   // ".../api/v1/oidc/callback", as registered with the provider
  std::vector<std::string> scopes{"openid", "profile", "email"};
  std::string ca_file;               // PEM authorities; empty: the system's
  Reach reach = Reach::public_only;  // where the provider may be
};

struct OidcBegin {
  std::string url;     // where the browser goes
  std::string cookie;  // what it brings back
};

// Who the provider says it is. Verified: signature, issuer, audience, times and nonce.
struct OidcIdentity {
  std::string issuer;
  std::string subject;  // unique with the issuer, and never given to another person
  std::string name;     // preferred_username, else email, else the subject
  std::string display_name;
  std::string email;  // only if the provider says that it is verified
  // All claims that are texts, or lists of texts, by name: for rules about roles.
  std::vector<std::pair<std::string, std::vector<std::string>>> claims;
  bool has_claim(std::string_view name, std::string_view value) const;
};

// One signed token, taken apart and verified against a set of keys (RFC 7515, RFC 7519).
// Code::unauthenticated says what is wrong, for the log; Code::not_found when no key of the set has
// its key id, which a newer set may have.
struct IdTokenRules {
  std::string issuer;
  std::string client_id;
  std::string nonce;
  base::Time now;
};
base::Result<OidcIdentity> read_id_token(std::string_view token, std::string_view jwks,
                                         const IdTokenRules& rules);

class Oidc {
 public:
  // All outlive it.
  Oidc(OidcConfig config, HttpClient& http, const Secrets& secrets, const base::Clock& clock,
       base::Random& random);

  // Code::unavailable: the provider does not answer, or not as one should.
  base::Result<OidcBegin> begin();
  // Code::unauthenticated: the answer does not belong to this browser or is not right.
  base::Result<OidcIdentity> finish(std::string_view code, std::string_view state,
                                    std::string_view cookie);

 private:
  struct Provider {
    std::string authorization_endpoint;
    std::string token_endpoint;
    std::string jwks_uri;
    bool basic_login = true;  // how it wants the client's secret
    std::string jwks;
    base::Time read_at;
    base::Time keys_read_at;
  };
  base::Result<std::string> get(const std::string& url);
  base::Result<Provider> provider();
  base::Result<Provider> fresh_keys();
  base::Result<std::string> exchange(const Provider& provider, std::string_view code,
                                     std::string_view verifier);

  const OidcConfig config_;
  HttpClient& http_;
  const Secrets& secrets_;
  const base::Clock& clock_;
  base::Random& random_;
  std::mutex mutex_;
  std::optional<Provider> provider_;  // guarded by mutex_
};

}  // namespace otaru::app
