// SPDX-License-Identifier: Apache-2.0
// What the simulation publishes: a product or more per dialect, in two waves of releases, and the
// devices that run them.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "dialect/sim_device.h"
#include "domain/catalogue.h"
#include "tests/support/world.h"

namespace otaru::tests {

struct SimProduct {
  domain::ProductId id;
  std::string key_prefix;
  std::vector<std::pair<std::string, std::string>> words;
  std::unique_ptr<dialect::SimDevice> (*make)(dialect::SimIdentity identity) = nullptr;
  std::string newest;  // after both waves
  // Per version: the SHA-256 of every file that may have brought a device there.
  std::map<std::string, std::set<std::string>> images;
};

struct SimCatalogue {
  domain::CatalogueRows rows;  // the second wave's releases are drafts
  std::vector<SimProduct> products;
};

// Every protocol, as the devices of the catalogue need it; `token_random` must outlive the world.
void add_sim_dialects(World& world, base::Random& token_random);

SimCatalogue make_sim_catalogue(World& world);
// For deployments: what the devices run at first is a release too, everything is published, and the
// first, second and third releases of the products are the kits 1, 2 and 3. No deployment.
SimCatalogue make_rollout_catalogue(World& world);

}  // namespace otaru::tests
