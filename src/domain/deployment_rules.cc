// SPDX-License-Identifier: Apache-2.0
#include "domain/deployment_rules.h"

#include <algorithm>

namespace otaru::domain {

int depth_of(Reason reason) {
  switch (reason) {
    case Reason::unknown_product:
    case Reason::no_deployment:
    case Reason::deployment_paused:
    case Reason::device_blocked:
      return 0;
    case Reason::not_started:
    case Reason::deadline_passed:
      return 1;
    case Reason::not_in_audience:
      return 2;
    case Reason::from_version_excluded:
      return 3;
    case Reason::not_in_wave:
      return 4;
    case Reason::no_release:
      return 5;
    case Reason::label_mismatch:
      return 6;
    case Reason::bad_version:
    case Reason::up_to_date:
      return 7;
    case Reason::release_withdrawn:
      return 8;
    case Reason::requirement_unmet:
      return 9;
    case Reason::attempts_exhausted:
    case Reason::task_cancelled:
      return 10;
    case Reason::not_visible:
      return 11;
    case Reason::no_package:
    case Reason::base_mismatch:
      return 12;
    case Reason::mode_unsupported:
      return 13;
    case Reason::waits_for_component:
    case Reason::retry_later:
    case Reason::consent_needed:
    case Reason::consent_postponed:
    case Reason::consent_refused:
    case Reason::condition_unmet:
    case Reason::outside_window:
    case Reason::braked:
    case Reason::rate_limited:
    case Reason::offer:
    case Reason::continue_task:
      return 14;
  }
  return 0;
}

void accept(const Outcome& outcome, Decision& decision) {
  decision.reason = outcome.reason;
  decision.label = outcome.label;
  decision.wave = outcome.wave;
  decision.retry_at = outcome.retry_at;
  if (outcome.deployment != nullptr) decision.deployment = outcome.deployment->deployment->id;
  if (outcome.release != nullptr) decision.release = outcome.release->release->id;
  if (outcome.final_release != nullptr) {
    decision.stepping = true;
    decision.final_release = outcome.final_release->release->id;
  }
  if (outcome.reason != Reason::offer) return;
  Offer& offer = decision.offer.emplace();
  offer.deployment = decision.deployment;
  offer.release = decision.release;
  offer.bytes = outcome.plan.bytes;
  offer.chain.reserve(outcome.plan.chain.size());
  for (const Package* package : outcome.plan.chain) offer.chain.push_back(package->id);
}

DeploymentRules::DeploymentRules(const Snapshot& snapshot, const CompiledProduct& product,
                                 const Device& device, const CheckIn& check_in, base::Time now)
    : snapshot_(snapshot),
      whom_(snapshot, device, now),
      product_(product),
      index_(*product.versions),
      device_(device),
      check_in_(check_in),
      now_(now),
      place_(index_.place_of(check_in.version)) {}

Outcome DeploymentRules::evaluate(const CompiledDeployment& compiled, const Admissions* live,
                                  const DecisionTrace& trace) const {
  Outcome out = concern(compiled, trace);
  if (out.reason != Reason::offer) return out;
  const Deployment& row = *compiled.deployment;
  Hold hold = kit_order(compiled, trace);
  if (!hold) hold = retry(row, *out.release->release, trace);
  const HoldQuestion asked = question(row, out.plan.bytes);
  if (!hold) hold = hold_of(asked, trace);
  if (!hold) hold = admission_hold(asked, live, trace);
  if (!hold) return out;
  out.holds = true;
  out.reason = hold.reason;
  out.label = hold.label;
  out.retry_at = hold.retry_at;
  return out;
}

HoldQuestion DeploymentRules::question(const Deployment& row, int64_t bytes) const {
  const Thresholds whose = check_in_.keeps_thresholds ? Thresholds::the_devices : Thresholds::ours;
  return HoldQuestion{row, device_, device_.open_task(check_in_.slot), bytes, now_, whose};
}

Outcome DeploymentRules::concern(const CompiledDeployment& compiled,
                                 const DecisionTrace& trace) const {
  Outcome out;
  out.deployment = &compiled;
  const Deployment& row = *compiled.deployment;
  out.reason = Reason::not_started;
  if (!whom_.schedule(compiled, trace)) {
    out.retry_at = row.starts_at;
    return out;
  }
  out.reason = Reason::deadline_passed;
  if (!whom_.deadline(compiled, trace)) return out;
  out.reason = Reason::not_in_audience;
  if (!whom_.audience(compiled, trace)) return out;
  out.reason = Reason::from_version_excluded;
  if (!from_versions(compiled, trace)) return out;
  if (!row.waves.empty()) {
    const std::optional<size_t> fits = whom_.wave_of(compiled);
    out.reason = Reason::not_in_wave;
    out.wave = fits ? static_cast<int64_t>(*fits) : 0;
    if (fits) out.label = row.waves[*fits].name;
    if (!whom_.wave(compiled, fits, trace)) return out;
    out.label = {};
  }
  if (compiled.targets.empty()) {
    newest_in_channel(compiled, trace, out);
  } else {
    fixed_target(compiled, trace, out);
  }
  return out;
}

bool DeploymentRules::reports(std::string_view version) const {
  return index_.same(version, check_in_.version);
}

bool DeploymentRules::from_versions(const CompiledDeployment& compiled,
                                    const DecisionTrace& trace) const {
  const Deployment& row = *compiled.deployment;
  if (row.heals && !healed(compiled, trace)) return false;
  const std::vector<std::string>& wanted = row.from_versions;
  if (wanted.empty()) return true;
  const bool listed = std::any_of(wanted.begin(), wanted.end(),
                                  [&](const std::string& version) { return reports(version); });
  const bool passed = listed || stone_reached(row) != nullptr;
  return trace.step(row.id, "from_versions", passed, [&] {
    std::string text = shown_version(check_in_.version);
    if (passed && !listed) return text + " is a stepping stone of this deployment";
    text += listed ? " in" : " not in";
    for (const std::string& version : wanted) text += " " + shown_version(version);
    return text;
  });
}

void DeploymentRules::fixed_target(const CompiledDeployment& compiled, const DecisionTrace& trace,
                                   Outcome& out) const {
  const CompiledTarget* target = target_of(compiled);
  const bool found = target != nullptr && target->index >= 0;
  out.reason = Reason::no_release;
  if (!trace.step(compiled.deployment->id, "release", found, [&] {
        const Release* row = target != nullptr ? snapshot_.release(target->release) : nullptr;
        if (row == nullptr) return std::string("none for this product");
        return row->version + (found ? " is published" : " is not published");
      })) {
    return;
  }
  const auto at = static_cast<size_t>(target->index);
  out.release = &product_.releases[at];
  const auto mismatch = mismatch_of(*out.release->release);
  out.reason = Reason::label_mismatch;
  if (!labels_passed(compiled, *out.release, mismatch, trace)) {
    out.label = mismatch->key;
    return;
  }
  out.reason = place_.valid ? Reason::up_to_date : Reason::bad_version;
  if (!version_passed(compiled, at, trace)) return;
  out.reason = Reason::release_withdrawn;
  if (!offered_still(compiled, at, trace)) return;
  settle(compiled, target->item, at, trace, out);
}

std::optional<LabelMismatch> DeploymentRules::mismatch_of(const Release& release) const {
  return first_mismatch(release, check_in_.labels, check_in_.strict_labels);
}

bool DeploymentRules::labels_passed(const CompiledDeployment& compiled,
                                    const CompiledRelease& release,
                                    const std::optional<LabelMismatch>& mismatch,
                                    const DecisionTrace& trace) const {
  if (release.release->labels.empty()) return true;
  return trace.step(compiled.deployment->id, "labels", !mismatch, [&] {
    std::string text = "release " + release.release->version + " is for";
    for (const auto& label : release.release->labels) {
      text += " " + label.first + "=" + label.second;
    }
    return text;
  });
}

// Newer than what runs, or the same and to be installed again.
bool DeploymentRules::installable(size_t at) const {
  if (!place_.valid) return false;
  const int32_t node = index_.releases[at].node;
  if (place_.older_than(node)) return true;
  return place_.equals(node) && check_in_.reinstall_allowed && product_.releases[at].release->force;
}

// Older than what runs, where the deployment says why it may be.
bool DeploymentRules::leads_down(const Deployment& row, size_t at) const {
  if (row.downgrade_reason.empty() || !place_.known || !place_.valid) return false;
  const int32_t node = index_.releases[at].node;
  return !place_.older_than(node) && !place_.equals(node);
}

bool DeploymentRules::version_passed(const CompiledDeployment& compiled, size_t at,
                                     const DecisionTrace& trace) const {
  const Deployment& row = *compiled.deployment;
  const bool down = leads_down(row, at);
  const bool passed = down || installable(at);
  return trace.step(row.id, "version", passed, [&] {
    const std::string& target = product_.releases[at].release->version;
    const std::string reported = shown_version(check_in_.version);
    if (!place_.valid) return reported + " is no version of this product";
    if (place_.equals(index_.releases[at].node)) return reported + " = " + target;
    if (down) return reported + " > " + target + ", down: " + row.downgrade_reason;
    return reported + (passed ? " < " : " > ") + target;
  });
}

// A channel: the newest release that is meant for this device and newer than what it runs.
void DeploymentRules::newest_in_channel(const CompiledDeployment& compiled,
                                        const DecisionTrace& trace, Outcome& out) const {
  const std::string& name = compiled.deployment->target.newest_in_channel;
  const ReleaseChannel* channel = index_.channel(name);
  out.reason = Reason::no_release;
  if (!trace.step(compiled.deployment->id, "release", channel != nullptr,
                  [&] { return "channel " + name; })) {
    return;
  }
  Outcome skipped;
  skipped.deployment = &compiled;
  skipped.wave = out.wave;
  if (place_.valid && try_newest(compiled, *channel, trace, out, skipped)) return;
  if (!compiled.deployment->downgrade_reason.empty()) {
    const std::optional<size_t> lower = newest_meant(*channel, Meant::and_offered);
    if (lower && leads_down(*compiled.deployment, *lower)) {
      out.release = &product_.releases[*lower];
      version_passed(compiled, *lower, trace);
      settle(compiled, nullptr, *lower, trace, out);
      return;
    }
  }
  if (skipped.release != nullptr &&
      (skipped.reason == Reason::release_withdrawn || !served(*channel, skipped.label))) {
    out = std::move(skipped);
    return;
  }
  const std::optional<size_t> meant = newest_meant(*channel, Meant::by_labels);
  const size_t at = meant ? *meant : static_cast<size_t>(channel->releases.back());
  out.release = &product_.releases[at];
  out.reason = place_.valid ? Reason::up_to_date : Reason::bad_version;
  version_passed(compiled, at, trace);
}

// Tries what is newer, newest first; false when none of it is for this device, with the one that
// came nearest in `skipped`.
bool DeploymentRules::try_newest(const CompiledDeployment& compiled, const ReleaseChannel& channel,
                                 const DecisionTrace& trace, Outcome& out, Outcome& skipped) const {
  size_t deepest = 0;
  bool decided = false;
  for (size_t i = channel.releases.size(); i-- > 0;) {
    const auto at = static_cast<size_t>(channel.releases[i]);
    const int32_t node = index_.releases[at].node;
    if (!place_.older_than(node) && !place_.equals(node)) break;
    if (!installable(at)) continue;
    const CompiledRelease& release = product_.releases[at];
    const auto mismatch = mismatch_of(*release.release);
    if (!labels_passed(compiled, release, mismatch, trace)) {
      const bool nearer = skipped.release == nullptr || mismatch->depth > deepest;
      if (skipped.reason == Reason::release_withdrawn || !nearer) continue;
      skipped.reason = Reason::label_mismatch;
      skipped.release = &release;
      skipped.label = mismatch->key;
      deepest = mismatch->depth;
      continue;
    }
    version_passed(compiled, at, trace);
    if (!offered_still(compiled, at, trace)) {
      if (skipped.reason == Reason::release_withdrawn) continue;
      skipped.reason = Reason::release_withdrawn;
      skipped.release = &release;
      skipped.label = {};
      continue;
    }
    Outcome tried;
    tried.deployment = &compiled;
    tried.wave = out.wave;
    tried.release = &release;
    settle(compiled, nullptr, at, trace, tried);
    // The reason is the newest one's, unless a lower one can be reached.
    if (!decided || tried.reason == Reason::offer) out = std::move(tried);
    decided = true;
    // docs/dialects/oomi.md, "Selection order", rule 3.
    const bool lower_may_do = check_in_.rules.accept_lower_release && out.reason != Reason::offer &&
                              out.reason != Reason::attempts_exhausted &&
                              out.reason != Reason::task_cancelled;
    if (!lower_may_do) return true;
  }
  return decided;
}

// Whether a release that is not newer states the failed label with this device's own value: then
// its language or model is served, and it is up to date (docs/dialects/ubtech.md, order of
// checks: language before version).
bool DeploymentRules::served(const ReleaseChannel& channel, std::string_view label) const {
  for (const int32_t entry : channel.releases) {
    const Release& release = *product_.releases[static_cast<size_t>(entry)].release;
    const std::string* value = find_text(release.labels, label);
    if (value == nullptr || mismatch_of(release)) continue;
    for (const auto& stated : check_in_.labels) {
      if (stated.first == label && stated.second == *value) return true;
    }
  }
  return false;
}

std::optional<size_t> DeploymentRules::newest_meant(const ReleaseChannel& channel,
                                                    Meant meant) const {
  for (size_t i = channel.releases.size(); i-- > 0;) {
    const auto at = static_cast<size_t>(channel.releases[i]);
    if (mismatch_of(*product_.releases[at].release)) continue;
    if (meant == Meant::by_labels || taken_back_by(at) == nullptr) return at;
  }
  return std::nullopt;
}

}  // namespace otaru::domain
