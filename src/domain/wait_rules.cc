// SPDX-License-Identifier: Apache-2.0
// When an update may begin that is there: what failed before, consent, conditions, window, brakes
// and rates.
#include <algorithm>

#include "domain/consent.h"
#include "domain/deployment_rules.h"

namespace otaru::domain {
namespace {

std::string until_text(std::optional<base::Time> until) {
  return until ? "until " + base::iso8601(*until) : std::string("for how long is not known");
}

// How long to wait after that many failures before installation began.
int64_t early_wait_ms(int64_t failures) {
  if (failures <= kEarlyFailuresFree) return 0;
  const int64_t doublings = std::min<int64_t>(failures - kEarlyFailuresFree - 1, 20);
  return std::min(kEarlyWaitMs << doublings, kEarlyWaitMaxMs);
}

}  // namespace

bool DeploymentRules::is_failure(const Task& task, DeploymentId deployment,
                                 ReleaseId release) const {
  return task.state == TaskState::failed && is_same(task, deployment, release);
}

bool DeploymentRules::is_same(const Task& task, DeploymentId deployment, ReleaseId release) const {
  return task.deployment == deployment && task.target == release && task.slot == check_in_.slot;
}

// Only what began to install was an attempt; what failed before has a bound of its own.
bool DeploymentRules::attempts(const CompiledDeployment& compiled, const Release& release,
                               const DecisionTrace& trace, Outcome& out) const {
  const Deployment& row = *compiled.deployment;
  int64_t begun = 0;
  int64_t early = 0;
  for (const Task& task : device_.tasks) {
    if (is_failure(task, row.id, release.id)) ++(task.began ? begun : early);
    if (!cancelled_by_operator(task) || !is_same(task, row.id, release.id)) continue;
    out.reason = Reason::task_cancelled;
    return trace.step(row.id, "cancelled", false, [&] {
      return "task " + std::to_string(task.id.value) + " was cancelled by an operator";
    });
  }
  const bool many_begun = row.attempts_max > 0 && begun >= row.attempts_max;
  const bool many_early = early >= kEarlyFailuresMax;
  if (many_begun || many_early) {
    out.reason = Reason::attempts_exhausted;
    out.label = many_begun ? "attempts" : "before_installation";
  }
  return trace.step(row.id, "attempts", !many_begun && !many_early, [&] {
    std::string text = std::to_string(begun) + " of ";
    text += row.attempts_max > 0 ? std::to_string(row.attempts_max) : std::string("any number");
    text += " failed";
    if (early == 0) return text;
    return text + ", " + std::to_string(early) + " of " + std::to_string(kEarlyFailuresMax) +
           " before installation began";
  });
}

Hold DeploymentRules::retry(const Deployment& row, const Release& release,
                            const DecisionTrace& trace) const {
  int64_t failures = 0;
  int64_t early = 0;
  base::Time last;
  base::Time last_early;
  for (const Task& task : device_.tasks) {
    if (!is_failure(task, row.id, release.id)) continue;
    ++failures;
    last = std::max(last, task.updated_at);
    if (task.began) continue;
    ++early;
    last_early = std::max(last_early, task.updated_at);
  }
  if (failures == 0) return {};
  const base::Time due =
      std::max(last + row.retry_interval_s * 1000, last_early + early_wait_ms(early));
  if (due == last) return {};
  const bool passed = now_ >= due;
  trace.step(row.id, "retry", passed, [&] {
    return "failed at " + base::iso8601(last) + ", again from " + base::iso8601(due);
  });
  if (passed) return {};
  return {Reason::retry_later, {}, due};
}

Hold hold_of(const HoldQuestion& asked, const DecisionTrace& trace) {
  const Deployment& row = asked.row;
  const Device& device = asked.device;
  const ConsentAnswer consent = consent_of(row, device, asked.open, asked.now);
  const bool goes = consent.verdict == ConsentVerdict::goes;
  if (!goes || row.consent != ConsentMode::none || row.urgency == Urgency::forced) {
    trace.step(row.id, "consent", goes, [&] { return consent_text(row, device); });
  }
  switch (consent.verdict) {
    case ConsentVerdict::goes:
      break;
    case ConsentVerdict::needed:
      return {Reason::consent_needed, {}, {}};
    case ConsentVerdict::postponed:
      return {Reason::consent_postponed, {}, consent.until};
    case ConsentVerdict::refused:
      return {Reason::consent_refused, {}, {}};
  }
  const auto unmet = unmet_condition(row, device, asked.bytes, asked.thresholds);
  if (trace.wanted()) {
    const std::string text = conditions_text(row, device, asked.bytes, asked.thresholds);
    if (text != "none") trace.step(row.id, "conditions", !unmet, [&] { return text; });
  }
  if (unmet) return {Reason::condition_unmet, name_of(unmet->condition), {}};
  if (row.windows.list.empty()) return {};
  const DeviceZone zone = zone_of(device.attributes, device.reported, row.windows);
  const bool opened = open(row.windows, zone.zone, asked.now);
  const auto opening = opened ? std::nullopt : next_opening(row.windows, zone.zone, asked.now);
  trace.step(row.id, "window", opened, [&] {
    std::string text = base::iso8601(asked.now) + (opened ? " in " : " not in ") +
                       text_of(row.windows.list) + ", " + zone.text();
    return opened ? text : text + ", " + until_text(opening);
  });
  if (opened) return {};
  return {Reason::outside_window, {}, opening};
}

Hold admission_hold(const HoldQuestion& asked, const Admissions* live, const DecisionTrace& trace) {
  if (live == nullptr) return {};
  const DeploymentId id = asked.row.id;
  const Admission said = live->look(id, asked.bytes, asked.now);
  if (said.braked) {
    trace.step(id, "brakes", false, [] { return std::string("one has tripped"); });
    return {Reason::braked, {}, {}};
  }
  // Who has a task has its place.
  const bool has_task = asked.open != nullptr && asked.open->deployment == id;
  if (has_task || !said.retry_at) return {};
  trace.step(id, "rate", false,
             [&] { return std::string(said.limit) + " is used up, " + until_text(said.retry_at); });
  return {Reason::rate_limited, said.limit, said.retry_at};
}

}  // namespace otaru::domain
