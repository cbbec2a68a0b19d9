// SPDX-License-Identifier: Apache-2.0
#include "domain/dry_run.h"

#include <algorithm>

#include "base/limits.h"
#include "domain/deployment_rules.h"
#include "domain/explain_trace.h"
#include "domain/explain_words.h"
#include "domain/rollout.h"

namespace otaru::domain {
namespace {

namespace limits = base::limits;

constexpr int64_t kMinutesOfWeek = 7 * 24 * 60;
constexpr int64_t kMinutesMax = 10ll * 366 * 24 * 60;

void keep_sample(DryRunGroup& group, int64_t at, const std::string& key) {
  auto& sample = group.sample;
  std::pair<int64_t, std::string> entry(at, key);
  if (sample.size() >= limits::kDryRunSampleMax && sample.back() < entry) return;
  const auto where = std::lower_bound(sample.begin(), sample.end(), entry);
  if (where != sample.end() && *where == entry) return;  // another component of the same device
  sample.insert(where, std::move(entry));
  if (sample.size() > limits::kDryRunSampleMax) sample.pop_back();
}

const CompiledDeployment& compiled_of(const Snapshot& snapshot, DeploymentId id) {
  const CompiledDeployment* found = snapshot.deployment(id);
  OTARU_ASSERT(found != nullptr);
  return *found;
}

// Minutes of the week in which one of the windows is open.
int64_t open_minutes(const Windows& windows) {
  std::vector<bool> open(static_cast<size_t>(kMinutesOfWeek), windows.list.empty());
  constexpr int64_t kDay = 24 * 60;
  for (const Window& window : windows.list) {
    int64_t length = window.to_minute - window.from_minute;
    if (length <= 0) length += kDay;
    for (int64_t day = 0; day < 7; ++day) {
      if ((window.days >> day & 1) == 0) continue;
      for (int64_t i = 0; i < length; ++i) {
        open[static_cast<size_t>((day * kDay + window.from_minute + i) % kMinutesOfWeek)] = true;
      }
    }
  }
  return std::count(open.begin(), open.end(), true);
}

}  // namespace

base::Result<std::shared_ptr<const Snapshot>> as_if_running(const Snapshot& snapshot,
                                                            DeploymentId deployment) {
  CatalogueRows rows = snapshot.rows();
  const auto row = std::find_if(rows.deployments.begin(), rows.deployments.end(),
                                [&](const Deployment& d) { return d.id == deployment; });
  if (row == rows.deployments.end()) {
    return base::fail(base::Code::not_found, "there is no such deployment");
  }
  if (has_ended(row->state)) {
    return base::fail(
        base::Code::precondition,
        "the deployment is " + std::string(name_of(row->state)) + ": it will not run again");
  }
  row->state = DeploymentState::running;
  row->starts_at.reset();
  row->rollout.open_waves = static_cast<int64_t>(row->waves.size());
  return Snapshot::build(std::move(rows), &snapshot);
}

void DryRunTotal::add(DryRunPath path, int64_t size_bytes) {
  updates += 1;
  paths[static_cast<size_t>(path)] += 1;
  bytes += size_bytes;
}

DryRun::DryRun(const Snapshot& snapshot, const Doors& doors, DeploymentId deployment, base::Time at)
    : snapshot_(snapshot), doors_(doors), compiled_(compiled_of(snapshot, deployment)), at_(at) {}

bool DryRun::concerns(ProductId product) const {
  const DeploymentTarget& target = compiled_.deployment->target;
  if (!product) return false;
  if (!target.newest_in_channel.empty()) return !target.product || target.product == product;
  return std::any_of(compiled_.targets.begin(), compiled_.targets.end(),
                     [&](const CompiledTarget& t) { return t.product == product; });
}

bool DryRun::concerns(const Device& device) const {
  const std::vector<Component> asked = asked_of(device);
  return std::any_of(asked.begin(), asked.end(),
                     [&](const Component& component) { return concerns(component.product); });
}

std::vector<Component> DryRun::asked_of(const Device& device) const {
  return asked_components(snapshot_, device, doors_.of(device.door), at_);
}

DryRunLook DryRun::look(const Device& device, const Component& component) const {
  DryRunLook out;
  const StoredCheck check(device, component, doors_.of(device.door));
  const Decision decision = check.decide(snapshot_, at_);
  out.reason = decision.reason;
  if (decision.reason == Reason::device_blocked || decision.reason == Reason::unknown_product) {
    return out;
  }
  const DeploymentId own = compiled_.deployment->id;
  if (decision.task && decision.deployment == own) {
    out.fate = Fate::under_way;
    return out;
  }
  const CompiledProduct& product = *snapshot_.product(component.product);
  CheckIn in = check.check_in();
  const auto asked = [&] {
    const DeploymentRules rules(snapshot_, product, device, in, at_);
    return rules.evaluate(compiled_, nullptr, DecisionTrace::silent());
  };
  Outcome outcome = asked();
  // As StoredCheck::decide: a reinstall, when nothing else is offered.
  if (outcome.reason == Reason::up_to_date && doors_.of(device.door).reinstalls) {
    in.reinstall_allowed = true;
    const Outcome again = asked();
    if (again.reason == Reason::offer) outcome = again;
  }
  out.reason = outcome.reason;
  const bool serves = outcome.reason == Reason::offer || serves_later(outcome.reason);
  if (!serves) return out;
  out.fate = outcome.reason == Reason::offer ? Fate::begins : Fate::waits;
  if (decision.deployment != own) {
    out.fate = Fate::elsewhere;
    out.first = decision.deployment;
  }
  out.wave = outcome.wave;
  if (outcome.release != nullptr) out.release = outcome.release->release->id;
  for (const Package* package : outcome.plan.chain) out.chain.push_back(package->id);
  out.bytes = outcome.plan.bytes;
  return out;
}

DryRunPath DryRun::path_of(const DryRunLook& look) const {
  if (look.chain.size() > 1) return DryRunPath::chain;
  const Package* package = look.chain.empty() ? nullptr : snapshot_.package(look.chain.front());
  const bool full = package == nullptr || package->kind == PackageKind::full;
  return full ? DryRunPath::full : DryRunPath::delta;
}

void DryRun::tally(const Device& device, const Component& component, const DryRunLook& look) {
  DryRunGroup& group = count_.groups[{look.fate, look.reason}];
  group.updates += 1;
  keep_sample(group, place(compiled_.deployment->id, device.key), device.key);
  if (look.fate != Fate::begins && look.fate != Fate::waits) return;
  const DryRunPath path = path_of(look);
  count_.all.add(path, look.bytes);
  count_.waves[look.wave].add(path, look.bytes);
  const auto known = count_.from_versions.find(component.version);
  if (known != count_.from_versions.end()) {
    known->second.add(path, look.bytes);
  } else if (count_.from_versions.size() < limits::kDryRunVersionsMax) {
    count_.from_versions[component.version].add(path, look.bytes);
  } else {
    count_.other_versions.add(path, look.bytes);
  }
}

void DryRun::add(const Device& device) {
  count_.devices += 1;
  bool concerned = false;
  bool matches = false;
  for (const Component& component : asked_of(device)) {
    if (!concerns(component.product)) continue;
    concerned = true;
    const DryRunLook found = look(device, component);
    tally(device, component, found);
    matches = matches || found.fate == Fate::begins || found.fate == Fate::waits;
  }
  if (concerned) count_.concerned += 1;
  if (matches) count_.matching += 1;
}

std::optional<DryRunExample> DryRun::example(const Device& device, Fate fate, Reason reason) const {
  for (const Component& component : asked_of(device)) {
    if (!concerns(component.product)) continue;
    const DryRunLook found = look(device, component);
    if (found.fate != fate || found.reason != reason) continue;
    DryRunExample out;
    out.fate = fate;
    out.reason = reason;
    out.device = device.key;
    out.slot = component.slot;
    out.version = component.version;
    const StoredCheck check(device, component, doors_.of(device.door));
    // Where something else comes first, or there is a task, the whole decision is the answer.
    const bool alone = (fate == Fate::begins || fate == Fate::waits || fate == Fate::stopped) &&
                       reason != Reason::device_blocked && reason != Reason::unknown_product;
    DeploymentView view;
    if (alone) {
      view = look_alone(snapshot_, device, check.check_in(), compiled_.deployment->id, at_);
    } else {
      view.decision = check.decide(snapshot_, at_, &view.trace);
    }
    out.english = explain(snapshot_, device, check.check_in(), view.decision, "en");
    out.chinese = explain(snapshot_, device, check.check_in(), view.decision, "zh");
    out.trace = std::move(view.trace);
    return out;
  }
  return std::nullopt;
}

DryRunEstimate estimate(const Deployment& row, const DryRunCount& count) {
  DryRunEstimate out;
  const Rate& rate = row.rate;
  int64_t minutes = 0;
  int64_t done = 0;
  // Waves follow one another; without waves there is one.
  for (const auto& wave : count.waves) {
    const int64_t until = done + wave.second.updates;
    while (rate.per_minute > 0 && done < until && minutes < kMinutesMax) {
      done += per_minute_at(rate, minutes * base::kMinuteMs, done);
      minutes += 1;
    }
    done = until;
    if (rate.bytes_per_second > 0) {
      out.rate_ms += wave.second.bytes / rate.bytes_per_second * base::kSecondMs;
    }
  }
  out.bounded = minutes < kMinutesMax;
  // The narrower of the two limits counts.
  out.rate_ms = std::max(out.rate_ms, minutes * base::kMinuteMs);
  for (size_t i = 0; i + 1 < row.waves.size(); ++i) {
    out.soak_ms += row.waves[i].gate.soak_ms;
    if (row.waves[i].gate.approval) out.approvals += 1;
  }
  const int64_t open = open_minutes(row.windows);
  out.open_ppm = open * kWholeShare / kMinutesOfWeek;
  out.total_ms = out.soak_ms;
  if (open == 0) {
    out.bounded = false;
  } else {
    out.total_ms +=
        out.rate_ms / open * kMinutesOfWeek + out.rate_ms % open * kMinutesOfWeek / open;
  }
  return out;
}

std::string_view name_of(Fate v) {
  switch (v) {
    case Fate::begins:
      return "begins";
    case Fate::waits:
      return "waits";
    case Fate::under_way:
      return "under_way";
    case Fate::elsewhere:
      return "elsewhere";
    case Fate::stopped:
      return "stopped";
  }
  return "stopped";
}

}  // namespace otaru::domain
