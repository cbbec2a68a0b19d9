// SPDX-License-Identifier: Apache-2.0
// The Direct Device Integration API of Eclipse hawkBit, version 1: SWUpdate, rauc-hawkbit-updater,
// Zephyr and other embedded clients. See README.md for sources, decisions and a session.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/secrets.h"
#include "dialect/dialect.h"
#include "dialect/sim_device.h"

namespace otaru::dialect {

// What becomes of a device that nobody registered.
enum class HawkbitRegister {
  no,       // it is refused
  approve,  // it waits until somebody approves it (Device::pending)
  // With the tenant's gateway token or its own certificate it is registered at once; one that shows
  // only a token of its own waits as above, because nobody vouches for it.
  yes,
};

struct HawkbitConfig {
  int64_t polling_s = 300;  // how long devices sleep between polls
  HawkbitRegister register_unknown = HawkbitRegister::approve;
  bool target_token = true;   // Authorization: TargetToken, the device's own secret
  bool gateway_token = true;  // Authorization: GatewayToken, one of the tenant
  bool certificate = false;   // a verified client certificate whose common name is the controllerId
};

// `secrets` must outlive the dialect.
std::unique_ptr<Dialect> make_hawkbit(const HawkbitConfig& config, const app::Secrets& secrets);

// A Linux gateway as SWUpdate speaks. sim_device.cc says which words it knows.
std::unique_ptr<SimDevice> make_hawkbit_device(SimIdentity identity);

}  // namespace otaru::dialect
