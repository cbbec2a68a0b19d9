// SPDX-License-Identifier: Apache-2.0
// Which kit ("big version") a requester is offered.
#include <algorithm>

#include "domain/decide.h"
#include "domain/decision_trace.h"
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

int kit_depth(Reason reason) {
  if (reason == Reason::no_deployment) return 0;
  if (reason == Reason::deadline_passed) return 1;
  if (reason == Reason::not_in_audience) return 2;
  if (reason == Reason::no_release) return 3;
  return 4;  // not_visible
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
const Kit* kit_of(const Snapshot& snapshot, const CompiledDeployment& compiled,
                  const Device& device, std::span<const int64_t> permissions, base::Time now,
                  const DecisionTrace& steps, Reason& reason) {
  const Deployment& row = *compiled.deployment;
  reason = Reason::deadline_passed;
  if (row.deadline && !steps.step(row.id, "deadline", now < *row.deadline, [&] {
        return base::iso8601(now) + " < " + base::iso8601(*row.deadline);
      })) {
    return nullptr;
  }
  reason = Reason::not_in_audience;
  if (!steps.step(row.id, "audience", compiled.has_device(device.key),
                  [&] { return "device " + device.key; })) {
    return nullptr;
  }
  const Kit* kit = highest_kit(snapshot, row, permissions, reason);
  steps.step(row.id, "kit", kit != nullptr,
             [&] { return kit != nullptr ? "kit " + kit->version : std::string(name_of(reason)); });
  return kit;
}

}  // namespace

KitDecision decide_kit(const Snapshot& snapshot, TenantId tenant, const Device& device,
                       std::string_view version, std::span<const int64_t> permissions,
                       base::Time now, Trace* trace) {
  const DecisionTrace steps(trace);
  if (!steps.step({}, "blocked", !device.blocked, [&] { return "device " + device.key; })) {
    return KitDecision{Reason::device_blocked, nullptr};
  }
  Reason furthest = Reason::no_deployment;
  const Kit* best = nullptr;
  VersionKey best_key;
  for (const CompiledDeployment* compiled : snapshot.running_kits_of(tenant)) {
    Reason reason = Reason::no_release;
    const Kit* kit = kit_of(snapshot, *compiled, device, permissions, now, steps, reason);
    if (kit == nullptr) {
      if (kit_depth(reason) > kit_depth(furthest)) furthest = reason;
      continue;
    }
    const VersionKey key = kit_key(*kit);
    if (best == nullptr || compare_keys(VersionScheme::dotted, key, best_key) > 0) {
      best = kit;
      best_key = key;
    }
  }
  if (best == nullptr) return KitDecision{furthest, nullptr};
  VersionKey reported;
  if (!version.empty() &&
      parse_version_key(VersionScheme::dotted, version, reported) != VersionFault::none) {
    steps.step({}, "version", false, [&] { return std::string(version) + " is no version"; });
    return KitDecision{Reason::bad_version, nullptr};
  }
  const bool newer = version.empty() || compare_keys(VersionScheme::dotted, best_key, reported) > 0;
  steps.step({}, "version", newer,
             [&] { return shown_version(version) + (newer ? " < " : " >= ") + best->version; });
  if (!newer) return KitDecision{Reason::up_to_date, nullptr};
  return KitDecision{Reason::offer, best};
}

}  // namespace otaru::domain
