// SPDX-License-Identifier: Apache-2.0
#include "server/product.h"

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

constexpr DialectEntry kDialects[] = {
    {"oomi", "OOMI Cube and Touch smart-home hubs", oomi, dialect::make_oomi_device},
    {"onenet", "NB-IoT modules and MCUs of OneNET", onenet, dialect::make_onenet_device},
    {"ubtech", "UBTech robots", ubtech, dialect::make_ubtech_device},
};

}  // namespace

std::span<const DialectEntry> dialects() {
  return kDialects;
}

}  // namespace otaru::server
