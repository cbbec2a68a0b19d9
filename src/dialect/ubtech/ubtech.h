// SPDX-License-Identifier: Apache-2.0
// The firmware interface of UBTech's robots: an OAuth2 token, a question that is answered with a
// chain of patches, a report for each. See README.md for devices, sources and decisions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/secrets.h"
#include "base/random.h"
#include "dialect/dialect.h"
#include "dialect/sim_device.h"

namespace otaru::dialect {

struct UbtechConfig {
  // Context paths under which the three endpoints are served, each "" or "/name" without a slash at
  // the end. Robots of one maker ask for "/oauth/token" on one host, "/upgrade/oauth/token" on
  // another.
  std::vector<std::string> base_paths{"", "/upgrade"};
  // A robot that asks for the first time becomes a device. Off: an unknown robot gets code 103.
  bool auto_register = true;
  // Error descriptions repeat the refused token, as servers of the time did. Off: they do not, and
  // no token ever stands in a log or a screenshot of one.
  bool echo_tokens = false;
};

// `secrets` and `random` must outlive the dialect. `random` is used under a lock.
std::unique_ptr<Dialect> make_ubtech(const UbtechConfig& config, const app::Secrets& secrets,
                                     base::Random& random);

// A robot: token, question, every file of the chain with resume, a report for each, again until
// there is nothing new. Words: client_id, client_secret, username, password, package_name,
// file_name, language, robot_version, version (the one it starts with), base_path.
std::unique_ptr<SimDevice> make_ubtech_device(SimIdentity identity);

}  // namespace otaru::dialect
