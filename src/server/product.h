// SPDX-License-Identifier: Apache-2.0
// The product definition: the one list of dialects that this binary speaks.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "app/secrets.h"
#include "base/random.h"
#include "dialect/dialect.h"
#include "dialect/sim_device.h"
#include "server/config.h"

namespace otaru::server {

struct DialectEntry {
  std::string_view name;
  std::string_view devices;  // who speaks it, for help texts
  std::unique_ptr<dialect::Dialect> (*make)(const Config& config, const app::Secrets& secrets,
                                            base::Random& random);
  std::unique_ptr<dialect::SimDevice> (*make_device)(dialect::SimIdentity identity);
};

std::span<const DialectEntry> dialects();

}  // namespace otaru::server
