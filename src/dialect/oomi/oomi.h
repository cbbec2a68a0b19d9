// SPDX-License-Identifier: Apache-2.0
// OOMI Cube and Touch: devices (and the phone beside them) that ask over JSON for newer firmware of
// named products, or for a newer "big version" (a kit), and fetch files by plain HTTP GET.
// See README.md of this folder for endpoints, deviations and the error table.
#pragma once

#include <memory>
#include <string>

#include "app/secrets.h"
#include "dialect/dialect.h"
#include "dialect/sim_device.h"

namespace otaru::dialect {

enum class OomiDownloadLogin {
  when_known,  // asked for as soon as a credential of kind download_basic exists
  always,
  never,
};

struct OomiConfig {
  // /ota/integration/check needs the cookies guid and aat: none is code 3, an unknown aat 2001, an
  // unknown guid 160. Devices then no longer register themselves by asking.
  bool enforce_cookies = false;
  // The key firmwareUrl at the end of each element of the check answer (not in the vendor's sample,
  // but in its table, under a wrong name).
  bool url_in_check = true;
  // The keys of a kit's rows that only the vendor's table has (version, cnDescription,
  // enDescription, releaseDatetime, upgradeMethod), after those of its sample.
  bool kit_extras = false;
  OomiDownloadLogin download_login = OomiDownloadLogin::when_known;
  // What links begin with, e.g. "http://ota.example.com"; empty: the address the request came to.
  std::string download_base_url;
};

std::unique_ptr<Dialect> make_oomi(OomiConfig config, const app::Secrets& secrets);

// Words: "product", "feature", "version" (parallel lists, separated by commas, for a Cube with
// several parts; product "OOMI_Kit" makes a Touch that asks for kits), "account", "aat".
std::unique_ptr<SimDevice> make_oomi_device(SimIdentity identity);

}  // namespace otaru::dialect
