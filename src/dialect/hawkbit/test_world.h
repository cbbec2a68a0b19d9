// SPDX-License-Identifier: Apache-2.0
// For tests: a world with gateways, and a client that speaks for them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dialect/hawkbit/hawkbit.h"
#include "tests/support/world.h"

namespace otaru::dialect::hawkbit {

// Products, in tenant "default":
//   1 gateway-os, feature os: release 4 (1.1), file "gateway 1.1.swu", 18 bytes.
//   2 gateway-app, feature application: release 5 (2.0).
//   3 robot: release 6 (3.0). For everyone, and for no gateway.
// Kit 1 of both gateway releases.
// Deployments: 1, newest gateway-os in "stable", for everyone; 2, the robot's; 3, the kit, for the
//   listed "kit-1", forced; 4, gateway-os for "ask-1", asks first, priority 5; 5, gateway-os for
//   "fetch-1", only downloads, priority 5; 6, gateway-os for "stop-1", for an hour; 7, gateway-os
//   for "later-1", from 12:01 to 13:00 each day: a minute after the world starts.
// Credentials: gateway token "gateway-secret" (tenant default), "other-secret" (tenant other).
// Devices: those above and "idle-1", and with the attribute product = gateway-os "gw-1" to "gw-3";
//   the token of each is "token-" and its key.
std::unique_ptr<tests::World> make_test_world(const HawkbitConfig& config = {},
                                              server::DispatcherOptions options = {});
// A device of that world with the token "token-KEY"; product as its attribute, if any.
void put_device(tests::World& world, std::string_view key, std::string_view product);

inline constexpr std::string_view kGatewayImage = "gateway image 1.1\n";

// A world and a client of its gateways.
class Gateways {
 protected:
  void put_device(const std::string& key, std::string_view product = "gateway-os") {
    hawkbit::put_device(*world_, key, product);
  }
  // `path` behind /default/controller/v1/{device}; `head`: more header lines, each with its CRLF.
  WireReply send(std::string_view method, const std::string& device, std::string_view path,
                 std::string_view body, std::string_view head);
  WireReply get(const std::string& device, std::string_view path, std::string_view head = {}) {
    return send("GET", device, path, {}, head);
  }
  WireReply post(const std::string& device, std::string_view path, std::string_view body) {
    return send("POST", device, path, body, {});
  }
  WireReply put(const std::string& device, std::string_view path, std::string_view body) {
    return send("PUT", device, path, body, {});
  }
  // Of the deploymentBase link of its poll; empty without one.
  std::string poll_for_action(const std::string& device);
  WireReply feedback(const std::string& device, const std::string& action,
                     std::string_view execution, std::string_view finished = "none",
                     std::string_view details = {});
  domain::Task task_of(const std::string& device) { return world_->device(device)->tasks.front(); }
  std::string reported(const std::string& device, std::string_view name);
  std::vector<domain::TaskHistory> history_of(const std::string& device);

  std::unique_ptr<tests::World> world_ = make_test_world();
};

}  // namespace otaru::dialect::hawkbit
