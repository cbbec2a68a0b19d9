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

// What one check asks about every kit.
struct KitAsked {
  const Snapshot& snapshot;
  const Device& device;
  std::span<const int64_t> permissions;
  base::Time now;
};

// A kit is as good as its releases: one of them is taken back from this device.
bool taken_back(const KitAsked& asked, const Kit& kit) {
  return std::any_of(kit.items.begin(), kit.items.end(), [&](const KitItem& item) {
    const Release* release = asked.snapshot.release(item.release);
    const CompiledProduct& product = *asked.snapshot.product(release->product);
    if (product.taking_back.empty()) return false;
    CheckIn check_in;
    check_in.product = release->product;
    const DeploymentRules rules(asked.snapshot, product, asked.device, check_in, asked.now);
    return rules.taken_back_by(item.release) != nullptr;
  });
}

bool offered(const KitAsked& asked, const Kit& kit, Reason& reason) {
  reason = Reason::not_visible;
  if (!may_see(kit, asked.permissions)) return false;
  reason = Reason::release_withdrawn;
  return !taken_back(asked, kit);
}

// The highest kit of one deployment that the requester may have.
const Kit* highest_kit(const KitAsked& asked, const Deployment& row, Reason& reason) {
  reason = Reason::no_release;
  if (row.target.kit) {
    const Kit* kit = asked.snapshot.kit(row.target.kit);
    if (kit->state != ReleaseState::published) return nullptr;
    return offered(asked, *kit, reason) ? kit : nullptr;
  }
  const auto kits = asked.snapshot.kits_of(row.tenant);
  for (size_t i = kits.size(); i-- > 0;) {
    if (kits[i]->channel != row.target.newest_in_channel) continue;
    if (offered(asked, *kits[i], reason)) return kits[i];
  }
  return nullptr;
}

// What one deployment has for this requester: a kit, or why it has none.
KitDecision kit_of(const KitAsked& asked, const CompiledDeployment& compiled,
                   const AudienceRules& whom, const DecisionTrace& steps) {
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
  out.kit = highest_kit(asked, row, out.reason);
  if (out.kit != nullptr) out.reason = Reason::offer;
  steps.step(row.id, "kit", out.kit != nullptr, [&] {
    return out.kit != nullptr ? "kit " + out.kit->version : std::string(name_of(out.reason));
  });
  return out;
}

}  // namespace

KitDecision decide_kit(const Snapshot& snapshot, TenantId tenant, const Device& device,
                       std::string_view version, std::span<const int64_t> permissions,
                       base::Time now, Trace* trace, const Admissions* live) {
  const DecisionTrace steps(trace);
  KitDecision furthest;
  furthest.reason = Reason::device_blocked;
  if (!steps.step({}, "blocked", !device.blocked, [&] { return "device " + device.key; })) {
    return furthest;
  }
  furthest.reason = Reason::no_deployment;
  VersionKey reported;
  const bool valid = version.empty() || parse_version_key(VersionScheme::dotted, version,
                                                          reported) == VersionFault::none;
  const auto newer = [&](const Kit& kit) {
    return version.empty() || compare_keys(VersionScheme::dotted, kit_key(kit), reported) > 0;
  };
  KitDecision best;
  const AudienceRules whom(snapshot, device, now);
  const KitAsked asked{snapshot, device, permissions, now};
  for (const CompiledDeployment* compiled : snapshot.running_kits_of(tenant)) {
    KitDecision found = kit_of(asked, *compiled, whom, steps);
    if (found.kit == nullptr) {
      if (depth_of(found.reason) > depth_of(furthest.reason)) furthest = found;
      continue;
    }
    if (valid && newer(*found.kit)) {
      // Its files are asked for one by one: how large they are is looked at then.
      const HoldQuestion question{*compiled->deployment, device, nullptr, 0, now, Thresholds::ours};
      Hold hold = hold_of(question, steps);
      if (!hold) hold = admission_hold(question, live, steps);
      if (hold) {
        // It holds its place: those below are not asked.
        if (best.kit != nullptr && newer(*best.kit)) break;
        found.kit = nullptr;
        found.reason = hold.reason;
        found.label = hold.label;
        found.retry_at = hold.retry_at;
        return found;
      }
    }
    const bool higher =
        best.kit == nullptr ||
        compare_keys(VersionScheme::dotted, kit_key(*found.kit), kit_key(*best.kit)) > 0;
    if (higher) best = found;
  }
  if (best.kit == nullptr) return furthest;
  if (!valid) {
    steps.step({}, "version", false, [&] { return std::string(version) + " is no version"; });
    best.kit = nullptr;
    best.reason = Reason::bad_version;
    return best;
  }
  const bool passed = newer(*best.kit);
  steps.step({}, "version", passed, [&] {
    return shown_version(version) + (passed ? " < " : " >= ") + best.kit->version;
  });
  if (!passed) {
    best.kit = nullptr;
    best.reason = Reason::up_to_date;
  }
  return best;
}

}  // namespace otaru::domain
