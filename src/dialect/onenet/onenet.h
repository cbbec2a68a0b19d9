// SPDX-License-Identifier: Apache-2.0
// The OneNET south API, classic generation ("/ota/south/...", "/ota/device/...") and its older
// spellings. What is served, and which readings were chosen: README.md beside this file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/secrets.h"
#include "base/time.h"
#include "dialect/dialect.h"
#include "dialect/sim_device.h"

namespace otaru::dialect {

struct OnenetConfig {
  // Whether a device nobody knows is born on its first contact, when the request is signed with its
  // product's access key. Off: errno 1, and operators create devices.
  bool self_registration = true;
  // Whether `check` insists on manuf and model (errno 2 without). Off: what is missing is not
  // compared, which real devices need.
  bool strict_parameters = false;
  // What "ipPort" says when a device asks with cdn=true, e.g. "172.19.3.3:8002"; at most
  // kOnenetIpPortBytesMax bytes. Empty: the local address the request came in on.
  std::string ip_port;
  // How long a download token lives after it was last of use.
  int64_t token_lifetime_ms = 2 * base::kDayMs;
};

// `secrets` must outlive the dialect.
std::unique_ptr<Dialect> make_onenet(OnenetConfig config, const app::Secrets& secrets);

// A device. Words it knows: README.md, "The simulated device".
std::unique_ptr<SimDevice> make_onenet_device(SimIdentity identity);

}  // namespace otaru::dialect
