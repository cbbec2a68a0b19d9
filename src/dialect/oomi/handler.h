// SPDX-License-Identifier: Apache-2.0
// The OOMI dialect itself: from decoded messages to verbs of the gateway and back. Private to this
// folder; the door to the outside is oomi.h.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/oomi/codec.h"
#include "dialect/oomi/oomi.h"

namespace otaru::dialect::oomi {

enum class Endpoint {
  integration_check,
  kit_check,
  pegging,
  kit_detail,
  retrieve,
  firmware_retrieve,
  package_detail,
  batch_detail,
  migration,
  download_status,
  product_packages,
  download,
};

// Who asks: perhaps a device, always a set of permissions.
struct Asker {
  std::optional<app::DeviceRef> device;  // none: anonymous, nothing is written
  std::vector<int64_t> permissions;
};

// One look for a package.
struct Wish {
  const domain::CompiledProduct* product = nullptr;
  std::string_view version;  // as reported; empty: older than everything, and never recorded
  bool reinstall = false;    // Release::force is heard
};

// Whether an asked-for model must be the product's, or only decides between several.
enum class ModelRule { must_match, hint };

// Permission 79 GAMMA is the public one: everybody holds it, with or without an account.
constexpr int64_t kGammaPermission = 79;

class Oomi final : public Dialect {
 public:
  Oomi(OomiConfig config, const app::Secrets& secrets)
      : config_(std::move(config)), secrets_(secrets), defaults_(check_defaults()) {}

  std::string_view name() const override { return "oomi"; }
  domain::CheckDefaults check_defaults() const override;
  std::span<const Route> routes() const override;
  http::Response handle(const Route& route, const http::Request& request, const RequestFacts& facts,
                        app::DeviceGateway& gateway) override;
  http::Response failure(const Route& route, const http::Request& request,
                         const base::Error& error) override;
  http::Response refuse(const Route& route, int status, std::string_view why) override;

 private:
  // What all handlers need of one request.
  struct Exchange {
    const http::Request& request;
    const RequestFacts& facts;
    app::DeviceGateway& gateway;
    Cookies cookies;
    // The shortest time after which something that was asked about is worth asking again.
    std::optional<int64_t> retry_after_s;
    void note_wait(std::optional<int64_t> seconds) {
      if (seconds && (!retry_after_s || *seconds < *retry_after_s)) retry_after_s = seconds;
    }
  };

  http::Response integration_check(Exchange& exchange) const;
  http::Response kit_check(Exchange& exchange) const;
  http::Response pegging(Exchange& exchange) const;
  http::Response kit_detail(Exchange& exchange) const;
  http::Response retrieve(Exchange& exchange, const Decoded<Retrieve>& wanted) const;
  http::Response package_detail(Exchange& exchange) const;
  http::Response batch_detail(Exchange& exchange) const;
  http::Response migration(Exchange& exchange) const;
  http::Response download_status(Exchange& exchange) const;
  http::Response download(Exchange& exchange) const;

  // asker.cc: who asks, and what they may see and download.
  const domain::Credential* account_of(const Exchange& exchange,
                                       std::optional<int64_t> account) const;
  Answer enforce(Exchange& exchange, std::string_view guid) const;
  Decoded<Asker> asker_of(Exchange& exchange, std::string_view guid,
                          const domain::Credential* account, app::Identify mode) const;
  // The same, for endpoints that know the device by its cookie only.
  Decoded<Asker> asker_by_cookie(Exchange& exchange, std::optional<int64_t> account) const;
  Decoded<Login> login_of(const Exchange& exchange) const;
  bool may_download(const Exchange& exchange) const;

  // lookup.cc: products by the vendor's words, and the package for one of them.
  const domain::CompiledProduct* find_product(const Exchange& exchange, std::string_view name,
                                              std::string_view feature, std::string_view model,
                                              ModelRule rule) const;
  Decoded<Offered> look_up(Exchange& exchange, const Asker& asker, const Wish& wish) const;
  Decoded<Offered> look_up_once(Exchange& exchange, const Asker& asker, const Wish& wish,
                                app::TaskBirth birth) const;
  std::string link_of(const Exchange& exchange, const domain::Product& product,
                      const domain::Release& release, const domain::Package& package) const;

  // The one task of a device that is waiting for its file or fetching it; zero: none, or several.
  static domain::TaskId only_update(const Exchange& exchange, app::DeviceRef device);
  static void record_facts(Exchange& exchange, app::DeviceRef device,
                           std::span<const FirmwareState> parts);

  http::Response answer_kit_check(Exchange& exchange, std::optional<int64_t> account,
                                  std::string_view version) const;
  http::Response kit_answer(const Exchange& exchange, const domain::Kit& kit) const;

  OomiConfig config_;
  const app::Secrets& secrets_;
  const domain::CheckDefaults defaults_;
};

}  // namespace otaru::dialect::oomi
