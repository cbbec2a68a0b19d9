// SPDX-License-Identifier: Apache-2.0
#include "domain/products_meant.h"

#include <algorithm>

#include "domain/audience_index.h"
#include "domain/audience_rules.h"
#include "domain/device_filter.h"

namespace otaru::domain {

bool picks_devices(const CompiledDeployment& compiled) {
  if (compiled.targets.empty() && !compiled.deployment->target.product) return false;
  return !compiled.deployment->everyone || !compiled.filter.needs(identity_words()).empty();
}

void products_meant(const Snapshot& snapshot, const Device& device, base::Time now,
                    std::vector<ProductId>& out) {
  out.clear();
  const Snapshot::Picking picking = snapshot.picking_of(device.tenant);
  if (picking.ordered.empty()) return;
  const AudienceRules rules(snapshot, device, now);
  AudienceIndex::Candidates candidates(picking.ordered, picking.index, device, {});
  while (const CompiledDeployment* compiled = candidates.next()) {
    if (!rules.audience(*compiled, DecisionTrace::silent())) continue;
    const ProductId one = compiled->deployment->target.product;
    if (one) out.push_back(one);
    for (const CompiledTarget& target : compiled->targets) out.push_back(target.product);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
}

}  // namespace otaru::domain
