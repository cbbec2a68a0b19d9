// SPDX-License-Identifier: Apache-2.0
#include "app/deployment_change.h"

#include <algorithm>

#include "app/input_checks.h"
#include "domain/device_filter.h"

namespace otaru::app {
namespace {

using base::Code;

template <class T>
void take(const std::optional<T>& given, T& member) {
  if (given) member = *given;
}

base::Status take_keys(const std::string& field,
                       const std::optional<std::vector<std::string>>& given,
                       domain::KeySet& member) {
  if (!given) return {};
  for (const auto& key : *given) OTARU_CHECK(check_device_key(field, key));
  member = domain::KeySet::of(*given);
  return {};
}

base::Status take_groups(const domain::Snapshot& snapshot, domain::TenantId tenant,
                         const std::string& field, const std::optional<GroupRefs>& given,
                         std::vector<domain::GroupId>& member) {
  if (!given) return {};
  std::vector<domain::GroupId> out;
  for (size_t i = 0; i < given->size(); ++i) {
    const GroupRef& ref = (*given)[i];
    const auto* found = ref.id ? snapshot.group(ref.id) : snapshot.group(tenant, ref.name);
    // A group that was deleted may stay where it stood: it has no devices.
    const bool kept = ref.id && std::find(member.begin(), member.end(), ref.id) != member.end();
    if (!kept && (found == nullptr || found->group->tenant != tenant)) {
      return base::fail_rule(
          Code::not_found, field + "[" + std::to_string(i) + "]", "exists",
          "there is no group " + (ref.id ? std::to_string(ref.id.value) : "'" + ref.name + "'"),
          "create it first");
    }
    out.push_back(found == nullptr ? ref.id : found->group->id);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  member = std::move(out);
  return {};
}

base::Status take_filter(const std::string& field, const std::optional<std::string>& given,
                         std::string& member) {
  if (!given) return {};
  auto filter = domain::Filter::compile(*given, domain::device_words());
  if (!filter) {
    auto error = std::move(filter).error();
    error.field = field;
    return base::fail(std::move(error));
  }
  if (filter->mentions(domain::kLastSeenWord)) {
    return base::fail_rule(
        Code::invalid, field, "known_at_check",
        "last_seen is not known when a device asks: it always asks right now",
        "leave last_seen out; a brake on silence looks at devices that do not come back");
  }
  member = filter->everything() ? "" : filter->text();
  return {};
}

base::Status take_audience(const domain::Snapshot& snapshot, const AudienceChange& with,
                           domain::Deployment& row) {
  domain::Audience& to = row.audience;
  OTARU_CHECK(take_groups(snapshot, row.tenant, "audience.groups", with.groups, to.groups));
  OTARU_CHECK(take_groups(snapshot, row.tenant, "audience.excluded_groups", with.excluded_groups,
                          to.excluded_groups));
  OTARU_CHECK(take_filter("audience.filter", with.filter, to.filter));
  OTARU_CHECK(take_filter("audience.excluded_filter", with.excluded_filter, to.excluded_filter));
  take(with.hardware, to.hardware);
  take(with.share_ppm, to.share_ppm);
  return {};
}

base::Status take_waves(const domain::Snapshot& snapshot, const std::vector<WaveSpec>& with,
                        domain::Deployment& row) {
  std::vector<domain::Wave> waves;
  for (size_t i = 0; i < with.size(); ++i) {
    const std::string at = "waves[" + std::to_string(i) + "].";
    domain::Wave wave = with[i].wave;
    // Deleted groups may stay, where the wave itself is the same.
    wave.groups = i < row.waves.size() ? row.waves[i].groups : std::vector<domain::GroupId>();
    OTARU_CHECK(take_groups(snapshot, row.tenant, at + "groups", std::optional(with[i].groups),
                            wave.groups));
    OTARU_CHECK(take_filter(at + "filter", std::optional(with[i].wave.filter), wave.filter));
    waves.push_back(std::move(wave));
  }
  row.waves = std::move(waves);
  return {};
}

void take_rate(const RateChange& with, domain::Rate& to) {
  take(with.per_minute, to.per_minute);
  take(with.growth_percent, to.growth_percent);
  take(with.growth_every_ms, to.growth_every_ms);
  take(with.growth_every_successes, to.growth_every_successes);
  take(with.per_minute_max, to.per_minute_max);
  take(with.concurrent_max, to.concurrent_max);
  take(with.bytes_per_second, to.bytes_per_second);
}

void take_conditions(const ConditionsChange& with, domain::Conditions& to) {
  take(with.free_bytes_min, to.free_bytes_min);
  take(with.fits_package, to.fits_package);
  take(with.networks, to.networks);
  take(with.strict, to.strict);
}

base::Status take_whom(const DeploymentChange& with, domain::Deployment& row) {
  OTARU_CHECK(take_keys("devices", with.devices, row.device_keys));
  OTARU_CHECK(take_keys("excluded_devices", with.excluded_devices, row.excluded_keys));
  // Who names somebody does not mean everyone.
  const bool names_some = (with.devices && !with.devices->empty()) ||
                          (with.audience.groups && !with.audience.groups->empty());
  row.everyone = with.everyone.value_or(names_some ? false : row.everyone);
  return {};
}

}  // namespace

base::Status take_over(const domain::Snapshot& snapshot, const DeploymentChange& with,
                       domain::Deployment& row) {
  take(with.name, row.name);
  take(with.target, row.target);
  take(with.priority, row.priority);
  OTARU_CHECK(take_whom(with, row));
  take(with.from_versions, row.from_versions);
  OTARU_CHECK(take_audience(snapshot, with.audience, row));
  if (with.waves) OTARU_CHECK(take_waves(snapshot, *with.waves, row));
  take_rate(with.rate, row.rate);
  take(with.windows.list, row.windows.list);
  take(with.windows.time_zone, row.windows.time_zone);
  take_conditions(with.conditions, row.conditions);
  take(with.consent, row.consent);
  take(with.urgency, row.urgency);
  take(with.package_mode, row.mode);
  take(with.signal_min, row.signal_min);
  take(with.power_min_percent, row.power_min_percent);
  take(with.retry_count, row.retry_count);
  take(with.retry_interval_s, row.retry_interval_s);
  take(with.attempts_max, row.attempts_max);
  take(with.timeouts.pending_ms, row.timeouts.pending_ms);
  take(with.timeouts.downloading_ms, row.timeouts.downloading_ms);
  take(with.timeouts.upgrading_ms, row.timeouts.upgrading_ms);
  take(with.watch.silence_ms, row.watch.silence_ms);
  take(with.watch.health_ms, row.watch.health_ms);
  take(with.brakes, row.brakes);
  take(with.downgrade_reason, row.downgrade_reason);
  take(with.starts_at, row.starts_at);
  take(with.deadline, row.deadline);
  return {};
}

}  // namespace otaru::app
