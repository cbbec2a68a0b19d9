// SPDX-License-Identifier: Apache-2.0
// A device that asks is seen now: that is the "last seen" of every filter here.
#include "domain/audience_rules.h"

#include <algorithm>

#include "domain/device_filter.h"
#include "domain/facts.h"

namespace otaru::domain {
namespace {

std::string share_text(int64_t place, int64_t share_ppm) {
  return "place " + std::to_string(place) + (place < share_ppm ? " < " : " >= ") +
         std::to_string(share_ppm);
}

}  // namespace

size_t open_waves(const Deployment& row) {
  return static_cast<size_t>(std::max<int64_t>(1, row.rollout.open_waves));
}

bool AudienceRules::schedule(const CompiledDeployment& compiled, const DecisionTrace& trace) const {
  const auto& start = compiled.deployment->starts_at;
  if (!start) return true;
  const bool begun = now_ >= *start;
  return trace.step(compiled.deployment->id, "schedule", begun, [&] {
    return base::iso8601(now_) + (begun ? " >= " : " < ") + base::iso8601(*start);
  });
}

bool AudienceRules::deadline(const CompiledDeployment& compiled, const DecisionTrace& trace) const {
  const auto& limit = compiled.deployment->deadline;
  if (!limit) return true;
  const bool before = now_ < *limit;
  return trace.step(compiled.deployment->id, "deadline", before, [&] {
    return base::iso8601(now_) + (before ? " < " : " >= ") + base::iso8601(*limit);
  });
}

bool AudienceRules::audience(const CompiledDeployment& compiled, const DecisionTrace& trace) const {
  if (!membership(compiled, trace)) return false;
  if (!compiled.narrows) return true;
  const Deployment& row = *compiled.deployment;
  if (!compiled.filter.everything()) {
    const bool passed = matches(compiled.filter);
    if (!trace.step(row.id, "filter", passed,
                    [&] { return row.audience.filter + (passed ? " holds" : " does not hold"); })) {
      return false;
    }
  }
  return hardware(compiled, trace) && share(compiled, trace);
}

bool AudienceRules::membership(const CompiledDeployment& compiled,
                               const DecisionTrace& trace) const {
  return !excluded(compiled, trace) && member(compiled, trace);
}

bool AudienceRules::excluded(const CompiledDeployment& compiled, const DecisionTrace& trace) const {
  if (!compiled.excludes) return false;
  const Deployment& row = *compiled.deployment;
  const bool named = row.excluded_keys.contains(device_.key);
  const CompiledGroup* group = named ? nullptr : group_of(compiled.excluded_groups);
  const bool filtered = !named && group == nullptr && !compiled.excluded_filter.everything() &&
                        matches(compiled.excluded_filter);
  const bool out = named || group != nullptr || filtered;
  trace.step(row.id, "excluded", !out, [&] {
    if (named) return "excluded by name: " + device_.key;
    if (group != nullptr) return "excluded with group '" + group->group->name + "'";
    if (filtered) return "excluded by " + row.audience.excluded_filter;
    return std::string("not excluded");
  });
  return out;
}

bool AudienceRules::member(const CompiledDeployment& compiled, const DecisionTrace& trace) const {
  const Deployment& row = *compiled.deployment;
  const bool named = row.everyone || compiled.has_device(device_.key);
  const CompiledGroup* group = named ? nullptr : group_of(compiled.groups);
  return trace.step(row.id, "audience", named || group != nullptr, [&] {
    if (row.everyone) return std::string("everyone");
    if (group != nullptr) return "in group '" + group->group->name + "'";
    std::string text = std::to_string(row.device_keys.size()) + " named devices";
    if (named) return "one of " + text;
    text = "none of " + text;
    for (const CompiledGroup* wanted : compiled.groups) {
      text += ", not in group '" + wanted->group->name + "'";
    }
    return text;
  });
}

bool AudienceRules::hardware(const CompiledDeployment& compiled, const DecisionTrace& trace) const {
  const std::vector<std::string>& wanted = compiled.deployment->audience.hardware;
  if (wanted.empty()) return true;
  const std::string_view own = facts::find(device_.attributes, device_.reported, facts::kHwVersion);
  const bool passed = std::find(wanted.begin(), wanted.end(), own) != wanted.end();
  return trace.step(compiled.deployment->id, "hardware", passed, [&] {
    std::string text = own.empty() ? std::string("(not said)") : std::string(own);
    text += passed ? " in" : " not in";
    for (const std::string& one : wanted) text += " " + one;
    return text;
  });
}

bool AudienceRules::share(const CompiledDeployment& compiled, const DecisionTrace& trace) const {
  const Deployment& row = *compiled.deployment;
  const int64_t share_ppm = row.audience.share_ppm;
  if (share_ppm >= kWholeShare) return true;
  const int64_t own = place(row.id, device_.key);
  return trace.step(row.id, "share", own < share_ppm, [&] { return share_text(own, share_ppm); });
}

bool AudienceRules::fits(const CompiledDeployment& compiled, size_t wave) const {
  const Wave& row = compiled.deployment->waves[wave];
  if (row.share_ppm >= kWholeShare) return true;
  if (row.share_ppm > 0 && place(compiled.deployment->id, device_.key) < row.share_ppm) return true;
  const CompiledWave& more = compiled.waves[wave];
  return group_of(more.groups) != nullptr || (!more.filter.everything() && matches(more.filter));
}

std::optional<size_t> AudienceRules::wave_of(const CompiledDeployment& compiled) const {
  const size_t count = compiled.waves.size();
  if (count == 0) return 0;
  for (size_t i = 0; i < count; ++i) {
    if (fits(compiled, i)) return i;
  }
  return std::nullopt;
}

bool AudienceRules::wave(const CompiledDeployment& compiled, std::optional<size_t> fits,
                         const DecisionTrace& trace) const {
  const Deployment& row = *compiled.deployment;
  if (row.waves.empty()) return true;
  const size_t open = std::min(open_waves(row), row.waves.size());
  return trace.step(row.id, "wave", fits && *fits < open, [&] {
    const std::string counts =
        std::to_string(open) + " of " + std::to_string(row.waves.size()) + " open";
    if (!fits) return "fits no wave, " + counts;
    return "wave " + std::to_string(*fits + 1) + " '" + row.waves[*fits].name + "' (place " +
           std::to_string(place(row.id, device_.key)) + "), " + counts;
  });
}

const CompiledGroup* AudienceRules::group_of(
    const std::vector<const CompiledGroup*>& groups) const {
  for (const CompiledGroup* group : groups) {
    if (is_member(snapshot_, *group, device_, now_)) return group;
  }
  return nullptr;
}

bool AudienceRules::matches(const Filter& filter) const {
  return filter.matches(DeviceSubject(snapshot_, device_, now_));
}

}  // namespace otaru::domain
