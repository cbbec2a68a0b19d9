// SPDX-License-Identifier: Apache-2.0
// Which kit ("big version") a requester is offered.
#include <algorithm>

#include "domain/audience_rules.h"
#include "domain/deployment_rules.h"
#include "domain/version_key.h"

namespace otaru::domain {
namespace {

VersionKey kit_key(const Kit& kit) {
  VersionKey key;
  // Kits without a dotted version do not get into a snapshot.
  OTARU_ASSERT(parse_version_key(VersionScheme::dotted, kit.version, key) == VersionFault::none);
  return key;
}

bool may_see(const Kit& kit, std::span<const int64_t> permissions) {
  if (kit.permissions.empty()) return true;
  return std::any_of(kit.permissions.begin(), kit.permissions.end(), [&](int64_t wanted) {
    return std::find(permissions.begin(), permissions.end(), wanted) != permissions.end();
  });
}

// The highest kit of one deployment that the requester may see.
const Kit* highest_kit(const Snapshot& snapshot, const Deployment& row,
                       std::span<const int64_t> permissions, Reason& reason) {
  reason = Reason::no_release;
  if (row.target.kit) {
    const Kit* kit = snapshot.kit(row.target.kit);
    if (kit->state != ReleaseState::published) return nullptr;
    if (may_see(*kit, permissions)) return kit;
    reason = Reason::not_visible;
    return nullptr;
  }
  const auto kits = snapshot.kits_of(row.tenant);
  for (size_t i = kits.size(); i-- > 0;) {
    if (kits[i]->channel != row.target.newest_in_channel) continue;
    if (may_see(*kits[i], permissions)) return kits[i];
    reason = Reason::not_visible;
  }
  return nullptr;
}

// What one deployment has for this requester: a kit, or why it has none.
KitDecision kit_of(const Snapshot& snapshot, const CompiledDeployment& compiled,
                   const AudienceRules& whom, std::span<const int64_t> permissions,
                   const DecisionTrace& steps) {
  const Deployment& row = *compiled.deployment;
  KitDecision out;
  out.deployment = row.id;
  out.reason = Reason::not_started;
  if (!whom.schedule(compiled, steps)) {
    out.retry_at = row.starts_at;
    return out;
  }
  out.reason = Reason::deadline_passed;
  if (!whom.deadline(compiled, steps)) return out;
  out.reason = Reason::not_in_audience;
  if (!whom.audience(compiled, steps)) return out;
  const std::optional<size_t> fits = whom.wave_of(compiled);
  out.reason = Reason::not_in_wave;
  out.wave = fits ? static_cast<int64_t>(*fits) : 0;
  if (!whom.wave(compiled, fits, steps)) {
    if (fits) out.label = row.waves[*fits].name;
    return out;
  }
  out.kit = highest_kit(snapshot, row, permissions, out.reason);
  if (out.kit != nullptr) out.reason = Reason::offer;
  steps.step(row.id, "kit", out.kit != nullptr, [&] {
    return out.kit != nullptr ? "kit " + out.kit->version : std::string(name_of(out.reason));
  });
  return out;
}

}  // namespace

KitDecision decide_kit(const Snapshot& snapshot, TenantId tenant, const Device& device,
                       std::string_view version, std::span<const int64_t> permissions,
                       base::Time now, Trace* trace) {
  const DecisionTrace steps(trace);
  KitDecision furthest;
  furthest.reason = Reason::device_blocked;
  if (!steps.step({}, "blocked", !device.blocked, [&] { return "device " + device.key; })) {
    return furthest;
  }
  furthest.reason = Reason::no_deployment;
  KitDecision best;
  VersionKey best_key;
  const AudienceRules whom(snapshot, device, now);
  for (const CompiledDeployment* compiled : snapshot.running_kits_of(tenant)) {
    const KitDecision found = kit_of(snapshot, *compiled, whom, permissions, steps);
    if (found.kit == nullptr) {
      if (depth_of(found.reason) > depth_of(furthest.reason)) furthest = found;
      continue;
    }
    const VersionKey key = kit_key(*found.kit);
    if (best.kit == nullptr || compare_keys(VersionScheme::dotted, key, best_key) > 0) {
      best = found;
      best_key = key;
    }
  }
  if (best.kit == nullptr) return furthest;
  VersionKey reported;
  if (!version.empty() &&
      parse_version_key(VersionScheme::dotted, version, reported) != VersionFault::none) {
    steps.step({}, "version", false, [&] { return std::string(version) + " is no version"; });
    best.kit = nullptr;
    best.reason = Reason::bad_version;
    return best;
  }
  const bool newer = version.empty() || compare_keys(VersionScheme::dotted, best_key, reported) > 0;
  steps.step({}, "version", newer,
             [&] { return shown_version(version) + (newer ? " < " : " >= ") + best.kit->version; });
  if (!newer) {
    best.kit = nullptr;
    best.reason = Reason::up_to_date;
  }
  return best;
}

}  // namespace otaru::domain
