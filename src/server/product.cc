// SPDX-License-Identifier: Apache-2.0
#include "server/product.h"

#include "dialect/hawkbit/hawkbit.h"
#include "dialect/onenet/onenet.h"
#include "dialect/oomi/oomi.h"
#include "dialect/ubtech/ubtech.h"

namespace otaru::server {
namespace {

std::unique_ptr<dialect::Dialect> oomi(const Config& config, const app::Secrets& secrets,
                                       base::Random&) {
  dialect::OomiConfig out;
  out.enforce_cookies = config.oomi_enforce_cookies;
  if (config.oomi_download_login == "always") {
    out.download_login = dialect::OomiDownloadLogin::always;
  } else if (config.oomi_download_login == "never") {
    out.download_login = dialect::OomiDownloadLogin::never;
  }
  out.kit_extras = config.oomi_kit_extras;
  out.url_in_check = config.oomi_url_in_check;
  return dialect::make_oomi(out, secrets);
}

std::unique_ptr<dialect::Dialect> onenet(const Config& config, const app::Secrets& secrets,
                                         base::Random&) {
  dialect::OnenetConfig out;
  out.self_registration = config.onenet_register_unknown;
  out.strict_parameters = config.onenet_strict;
  out.ip_port = config.onenet_ip_port;
  return dialect::make_onenet(out, secrets);
}

std::unique_ptr<dialect::Dialect> ubtech(const Config& config, const app::Secrets& secrets,
                                         base::Random& random) {
  dialect::UbtechConfig out;
  out.auto_register = config.ubtech_register_unknown;
  out.base_paths = config.ubtech_base_paths;
  return dialect::make_ubtech(out, secrets, random);
}

std::unique_ptr<dialect::Dialect> hawkbit(const Config& config, const app::Secrets& secrets,
                                          base::Random&) {
  dialect::HawkbitConfig out;
  out.polling_s = config.hawkbit_polling_s;
  if (config.hawkbit_register_unknown == "no") {
    out.register_unknown = dialect::HawkbitRegister::no;
  } else if (config.hawkbit_register_unknown == "yes") {
    out.register_unknown = dialect::HawkbitRegister::yes;
  }
  out.target_token = config.hawkbit_target_token;
  out.gateway_token = config.hawkbit_gateway_token;
  out.certificate = config.hawkbit_certificate;
  return dialect::make_hawkbit(out, secrets);
}

constexpr DialectEntry kDialects[] = {
    {"oomi", "OOMI Cube and Touch smart-home hubs", oomi, dialect::make_oomi_device},
    {"onenet", "NB-IoT modules and MCUs of OneNET", onenet, dialect::make_onenet_device},
    {"ubtech", "UBTech robots", ubtech, dialect::make_ubtech_device},
    {"hawkbit", "Linux devices: SWUpdate and other hawkBit (DDI) clients", hawkbit,
     dialect::make_hawkbit_device},
};

}  // namespace

std::span<const DialectEntry> dialects() {
  return kDialects;
}

}  // namespace otaru::server
