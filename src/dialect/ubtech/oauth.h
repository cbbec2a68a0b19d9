// SPDX-License-Identifier: Apache-2.0
// The token desk: Spring Security OAuth 2.0.x as robots of 2016 met it, for the password and
// refresh_token grants, and the check of a presented token. Clients and users are credentials of
// the catalogue; sessions live behind the gateway. A token is derived from the server's key and a
// nonce, so what is stored gives no token away.
//
// Threads: any.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/device_gateway.h"
#include "app/secrets.h"
#include "base/random.h"
#include "dialect/ubtech/codec.h"
#include "dialect/ubtech/errors.h"
#include "http/message.h"

namespace otaru::dialect::ubtech {

template <class T>
using OauthResult = tl::expected<T, OauthError>;

enum class EchoTokens { no, yes };

class TokenDesk {
 public:
  TokenDesk(const app::Secrets& secrets, base::Random& random, EchoTokens echo)
      : secrets_(secrets), random_(random), echo_(echo) {}

  // GET or POST of the token endpoint.
  OauthResult<TokenAnswer> grant(const http::Request& request, const Params& params,
                                 app::DeviceGateway& gateway);
  // The tenant of whoever presents a living token with this request.
  OauthResult<domain::TenantId> admit(const http::Request& request, const Params& params,
                                      const app::DeviceGateway& gateway) const;

 private:
  using Words = std::vector<std::string_view>;
  // Who may ask for what, once client and scope are known.
  struct Asked {
    const domain::Credential* client = nullptr;
    Words scope;  // asked for, in the client's order; all of it when none was named
    bool scope_named = false;
  };

  OauthResult<const domain::Credential*> authenticate_client(
      const http::Request& request, const Params& params, const domain::Snapshot& catalogue) const;
  const domain::Credential* client_with(const domain::Snapshot& catalogue, std::string_view id,
                                        std::string_view secret) const;
  OauthResult<TokenAnswer> password_grant(const Asked& asked, const Params& params,
                                          app::DeviceGateway& gateway);
  OauthResult<TokenAnswer> refresh_grant(const Asked& asked, const Params& params,
                                         app::DeviceGateway& gateway);
  void renew_access(app::SessionRow& row, const domain::Credential& client, base::Time now);
  void renew_refresh(app::SessionRow& row, const domain::Credential& client, base::Time now);
  TokenAnswer answer_for(const app::SessionRow& row, std::string scope, base::Time now) const;
  std::string access_token(const app::SessionRow& row) const;
  std::string refresh_token(const app::SessionRow& row) const;
  std::string fresh_nonce();
  std::string describe(std::string_view text, std::string_view token) const;

  const app::Secrets& secrets_;
  std::mutex random_mutex_;
  base::Random& random_;  // guarded by random_mutex_
  EchoTokens echo_;
};

}  // namespace otaru::dialect::ubtech
