// SPDX-License-Identifier: Apache-2.0
// Which release a deployment may install on this device: what was taken back, stepping stones,
// requirements, the order of a kit.
#include <algorithm>

#include "domain/deployment_rules.h"

namespace otaru::domain {

// ---- What is taken back -------------------------------------------------------------------------
//
// A deployment that leads devices away from versions, because it heals another one or because it
// has a downgrade reason, takes these versions back from its audience as long as it is not over:
// otherwise another deployment would lead the devices there again, and so on for ever.
//  * One that heals takes back what the healed deployment installs. Of a channel: what is newer
//    than where it leads itself, or its source versions if it names some.
//  * Another one takes back what is newer than where it leads.
//  * Source versions narrow both.

const CompiledTarget* DeploymentRules::target_of(const CompiledDeployment& compiled) const {
  for (const CompiledTarget& target : compiled.targets) {
    if (target.product == check_in_.product) return &target;
  }
  return nullptr;
}

bool DeploymentRules::takes_back(const CompiledDeployment& taker, size_t at) const {
  const Deployment& row = *taker.deployment;
  const Release& release = *product_.releases[at].release;
  std::optional<size_t> own;
  if (const CompiledTarget* target = target_of(taker)) {
    if (target->index >= 0) own = static_cast<size_t>(target->index);
  } else if (const ReleaseChannel* channel = index_.channel(row.target.newest_in_channel)) {
    own = newest_meant(*channel, Meant::by_labels);
  }
  if (own == at) return false;
  const std::vector<std::string>& from = row.from_versions;
  const bool named = std::any_of(from.begin(), from.end(), [&](const std::string& version) {
    return index_.same(version, release.version);
  });
  if (!from.empty() && !named) return false;
  const bool newer = own && index_.releases[at].node > index_.releases[*own].node;
  if (!row.heals) return newer;
  const CompiledDeployment* healed = snapshot_.deployment(row.heals);
  if (healed == nullptr) return false;
  if (healed->deployment->target.newest_in_channel.empty()) {
    const CompiledTarget* bad = target_of(*healed);
    return bad != nullptr && bad->release == release.id;
  }
  const DeploymentTarget& bad = healed->deployment->target;
  const bool covered = !bad.product || bad.product == check_in_.product;
  return covered && bad.newest_in_channel == release.channel && (named || newer);
}

const CompiledDeployment* DeploymentRules::taken_back_by(size_t at) const {
  const DecisionTrace silent = DecisionTrace::silent();
  for (const CompiledDeployment* taker : product_.taking_back) {
    if (!takes_back(*taker, at)) continue;
    if (whom_.schedule(*taker, silent) && whom_.deadline(*taker, silent) &&
        whom_.audience(*taker, silent)) {
      return taker;
    }
  }
  return nullptr;
}

const CompiledDeployment* DeploymentRules::taken_back_by(ReleaseId release) const {
  if (product_.taking_back.empty()) return nullptr;
  for (size_t at = 0; at < product_.releases.size(); ++at) {
    if (product_.releases[at].release->id == release) return taken_back_by(at);
  }
  return nullptr;
}

bool DeploymentRules::offered_still(const CompiledDeployment& compiled, size_t at,
                                    const DecisionTrace& trace) const {
  if (product_.taking_back.empty()) return true;
  const CompiledDeployment* taker = taken_back_by(at);
  return trace.step(compiled.deployment->id, "withdrawn", taker == nullptr, [&] {
    const std::string& version = product_.releases[at].release->version;
    if (taker == nullptr) return "nobody takes " + version + " back";
    return "deployment " + std::to_string(taker->deployment->id.value) + " takes " + version +
           " back";
  });
}

// A healing deployment serves those that run what it heals.
bool DeploymentRules::healed(const CompiledDeployment& compiled, const DecisionTrace& trace) const {
  const Deployment& row = *compiled.deployment;
  const CompiledDeployment* bad = snapshot_.deployment(row.heals);
  const CompiledTarget* target = bad == nullptr ? nullptr : target_of(*bad);
  const Release* release = target == nullptr ? nullptr : snapshot_.release(target->release);
  // Of a channel the version says it: whatever is newer than the target.
  const bool channel = bad != nullptr && !bad->deployment->target.newest_in_channel.empty();
  const bool passed =
      channel || (release != nullptr && reports(release->version)) || stone_reached(row) != nullptr;
  return trace.step(row.id, "heals", passed, [&] {
    std::string text = "deployment " + std::to_string(row.heals.value);
    if (bad == nullptr) return text + " is gone";
    if (channel) return text + " follows channel " + bad->deployment->target.newest_in_channel;
    if (release == nullptr) return text + " installs nothing here";
    return text + " installs " + release->version + ", " + shown_version(check_in_.version) +
           " runs";
  });
}

// ---- The way to a release -----------------------------------------------------------------------

// The device stands where a task of this deployment has led it on its way: source versions were
// asked for before.
const Task* DeploymentRules::stone_reached(const Deployment& row) const {
  for (const Task& task : device_.tasks) {
    if (task.stepping && task.state == TaskState::succeeded && task.deployment == row.id &&
        task.slot == check_in_.slot && reports(task.target_version)) {
      return &task;
    }
  }
  return nullptr;
}

std::optional<size_t> DeploymentRules::first_step(size_t at) const {
  size_t next = at;
  // Every step is older than the one it leads to, so this ends.
  while (true) {
    const std::string& version_min = product_.releases[next].release->min_version;
    if (version_min.empty() || index_.at_least(check_in_.version, version_min)) return next;
    const VersionPlace least = index_.place_of(version_min);
    const int32_t low = least.node >= 0 ? least.node : least.upper;
    const int32_t high = index_.releases[next].node;
    std::optional<size_t> step;
    for (size_t i = 0; i < product_.releases.size(); ++i) {
      const int32_t node = index_.releases[i].node;
      if (node < low || !place_.older_than(node)) continue;
      // The lowest version; of several releases of it, the one that was published last.
      if (node >= high || (step && node != index_.releases[*step].node)) break;
      if (mismatch_of(*product_.releases[i].release) || taken_back_by(i) != nullptr) continue;
      step = i;
    }
    if (!step) return std::nullopt;
    next = *step;
  }
}

// The rules after the version: the way there, requirements, attempts, visibility, plan.
void DeploymentRules::settle(const CompiledDeployment& compiled, const KitItem* item, size_t at,
                             const DecisionTrace& trace, Outcome& out) const {
  const CompiledRelease& wanted = product_.releases[at];
  size_t first = at;
  // Only upwards: a reinstall is there already, and down it is not asked for.
  if (!wanted.release->min_version.empty() && place_.older_than(index_.releases[at].node)) {
    const std::optional<size_t> step = first_step(at);
    out.reason = Reason::requirement_unmet;
    out.label = "min_version";
    if (!trace.step(compiled.deployment->id, "min_version", step.has_value(), [&] {
          const std::string text = shown_version(check_in_.version) + ", " +
                                   wanted.release->version + " needs " +
                                   wanted.release->min_version;
          if (!step) return text + ", and nothing leads there";
          if (*step == at) return text + ": met";
          return text + ": first " + product_.releases[*step].release->version;
        })) {
      return;
    }
    out.label = {};
    first = *step;
  }
  out.release = &product_.releases[first];
  if (first != at) {
    out.final_release = &wanted;
    item = nullptr;  // the kit asks for its own release, not for the way there
  }
  if (!requirements(compiled, item, trace, out)) return;
  try_release(compiled, first, trace, out);
}

const Requirement* DeploymentRules::unmet(const std::vector<Requirement>& list) const {
  for (const Requirement& wanted : list) {
    const CompiledProduct* product = snapshot_.product(wanted.product);
    const bool met =
        product != nullptr &&
        std::any_of(device_.components.begin(), device_.components.end(),
                    [&](const Component& component) {
                      return component.product == wanted.product &&
                             product->versions->at_least(component.version, wanted.version_min);
                    });
    if (!met) return &wanted;
  }
  return nullptr;
}

bool DeploymentRules::requirements(const CompiledDeployment& compiled, const KitItem* item,
                                   const DecisionTrace& trace, Outcome& out) const {
  const std::vector<Requirement>& own = out.release->release->requirements;
  const bool of_kit = item != nullptr && !item->requirements.empty();
  if (own.empty() && !of_kit) return true;
  const Requirement* missing = unmet(own);
  if (missing == nullptr && of_kit) missing = unmet(item->requirements);
  const CompiledProduct* other = missing == nullptr ? nullptr : snapshot_.product(missing->product);
  if (missing != nullptr) {
    out.reason = Reason::requirement_unmet;
    out.label = other == nullptr ? std::string_view() : std::string_view(other->product->name);
  }
  return trace.step(compiled.deployment->id, "requirements", missing == nullptr, [&] {
    if (missing == nullptr) return std::string("all met");
    std::string text = std::string(out.label) + " >= " + missing->version_min + " is wanted";
    for (const Component& component : device_.components) {
      if (component.product != missing->product) continue;
      text += ", " + component.slot + " runs " + shown_version(component.version);
    }
    return text;
  });
}

// What is taken back from the device is no step on its way either.
class DeploymentRules::TakenBack final : public PlanVeto {
 public:
  explicit TakenBack(const DeploymentRules& rules) : rules_(rules) {}
  bool forbids(size_t release) const override { return rules_.taken_back_by(release) != nullptr; }

 private:
  const DeploymentRules& rules_;
};

void DeploymentRules::try_release(const CompiledDeployment& compiled, size_t at,
                                  const DecisionTrace& trace, Outcome& out) const {
  const Deployment& row = *compiled.deployment;
  const CompiledRelease& release = product_.releases[at];
  if (!attempts(compiled, *release.release, trace, out)) return;
  const auto seen = static_cast<size_t>(
      std::count_if(release.packages.begin(), release.packages.end(),
                    [&](const Package* p) { return visible(*p, check_in_.permissions); }));
  out.reason = release.packages.empty() ? Reason::no_package : Reason::not_visible;
  if (!trace.step(row.id, "visible", seen > 0, [&] {
        return std::to_string(seen) + " of " + std::to_string(release.packages.size()) +
               " packages";
      })) {
    return;
  }
  PlanRules rules = check_in_.rules;
  rules.mode = row.mode;
  rules.labels = check_in_.labels;
  rules.strict_labels = check_in_.strict_labels;
  const TakenBack taken_back(*this);
  if (!product_.taking_back.empty()) rules.veto = &taken_back;
  out.plan = plan_update(product_, release, check_in_.version, check_in_.permissions, rules);
  switch (out.plan.failure) {
    case PlanFailure::none:
      out.reason = Reason::offer;
      break;
    case PlanFailure::no_package:
      out.reason = Reason::no_package;
      break;
    case PlanFailure::base_unknown:
      out.reason = Reason::base_mismatch;
      break;
  }
  if (!trace.step(row.id, "package", out.reason == Reason::offer, [&] {
        if (out.reason != Reason::offer) return std::string(name_of(out.reason));
        return std::to_string(out.plan.chain.size()) + " packages, " +
               std::to_string(out.plan.bytes) + " bytes";
      })) {
    return;
  }
  if (row.urgency != Urgency::download_only) return;
  if (!trace.step(row.id, "mode", check_in_.download_only_allowed, [&] {
        return std::string(check_in_.download_only_allowed ? "download only"
                                                           : "the protocol cannot say so");
      })) {
    out.reason = Reason::mode_unsupported;
  }
}

// A kit moves as one: lower stages first. What the device does not have is skipped.
Hold DeploymentRules::kit_order(const CompiledDeployment& compiled,
                                const DecisionTrace& trace) const {
  const CompiledTarget* own = target_of(compiled);
  if (own == nullptr || own->item == nullptr) return {};
  for (const CompiledTarget& other : compiled.targets) {
    if (other.item->stage >= own->item->stage) continue;
    const CompiledProduct& product = *snapshot_.product(other.product);
    const std::string& wanted = snapshot_.release(other.release)->version;
    for (const Component& component : device_.components) {
      if (component.product != other.product) continue;
      if (product.versions->at_least(component.version, wanted)) continue;
      trace.step(compiled.deployment->id, "kit_order", false, [&] {
        return product.product->name + " (" + component.slot + ") comes first: runs " +
               shown_version(component.version) + ", the kit has " + wanted;
      });
      return {Reason::waits_for_component, product.product->name, {}};
    }
  }
  trace.step(compiled.deployment->id, "kit_order", true,
             [] { return std::string("nothing comes before it"); });
  return {};
}

}  // namespace otaru::domain
