// SPDX-License-Identifier: Apache-2.0
// Who may ask, and for which device. Source: Eclipse hawkBit, "Security", DDI authentication:
// target security token, gateway security token, client certificate.
#pragma once

#include <string>
#include <string_view>

#include "app/device_gateway.h"
#include "app/secrets.h"
#include "base/result.h"
#include "dialect/bounded_cache.h"
#include "dialect/hawkbit/hawkbit.h"
#include "http/message.h"

namespace otaru::dialect::hawkbit {

// Thread-safe.
class Gate {
 public:
  Gate(const HawkbitConfig& config, const app::Secrets& secrets);

  // The tenant of a path; nothing when there is none. hawkBit's names are upper case.
  static const domain::Tenant* tenant(const domain::Snapshot& catalogue, std::string_view segment);

  // `token`: the device's own, where it comes by another way than the header. Who nobody knows yet
  // is registered as the configuration says. Code::unauthenticated without saying what was wrong.
  base::Result<app::DeviceRef> admit(const http::Request& request, domain::TenantId tenant,
                                     std::string_view key, app::DeviceGateway& gateway,
                                     std::string_view token = {});

 private:
  // How a request shows who it is.
  struct Shown {
    std::string_view target_token;
    bool vouched = false;  // by the tenant's gateway token, or by the device's certificate
  };
  Shown shown_by(const http::Request& request, domain::TenantId tenant, std::string_view key,
                 const domain::Snapshot& catalogue) const;
  base::Result<app::DeviceRef> take_in(const Shown& shown, domain::TenantId tenant,
                                       std::string_view key, app::DeviceGateway& gateway) const;
  bool is_own_token(const domain::Device& device, std::string_view token);

  const HawkbitConfig& config_;
  const app::Secrets& secrets_;
  // Device and token to the sealed secret that it was found to be: opening that costs more than
  // all the rest of a poll.
  BoundedCache<std::string> known_tokens_;
};

}  // namespace otaru::dialect::hawkbit
