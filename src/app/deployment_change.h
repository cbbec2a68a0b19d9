// SPDX-License-Identifier: Apache-2.0
// What an operator says of a deployment: members that are not given stay as they are, or get their
// default in a new one; what holds several of the same kind (waves, brakes, groups ...) is given
// whole. Plain values; deployment_checks.h says what is refused.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "domain/deployment.h"
#include "domain/snapshot.h"

namespace otaru::app {

// A group by its id, or by its name where that is zero.
struct GroupRef {
  domain::GroupId id;
  std::string name;
};
using GroupRefs = std::vector<GroupRef>;

struct AudienceChange {
  std::optional<GroupRefs> groups, excluded_groups;
  std::optional<std::string> filter, excluded_filter;
  std::optional<std::vector<std::string>> hardware;
  std::optional<int64_t> share_ppm;
};

struct WaveSpec {
  domain::Wave wave;  // but for its groups
  GroupRefs groups;
};

struct RateChange {
  std::optional<int64_t> per_minute, growth_percent, growth_every_ms, growth_every_successes;
  std::optional<int64_t> per_minute_max, concurrent_max, bytes_per_second;
};

struct WindowsChange {
  std::optional<std::vector<domain::Window>> list;
  std::optional<std::string> time_zone;
};

struct ConditionsChange {
  std::optional<int64_t> free_bytes_min;
  std::optional<bool> fits_package, strict;
  std::optional<std::vector<std::string>> networks;
};

struct TimeoutsChange {
  std::optional<int64_t> pending_ms, downloading_ms, upgrading_ms;
};

struct WatchChange {
  std::optional<int64_t> silence_ms, health_ms;
};

struct DeploymentChange {
  std::optional<std::string> name;
  std::optional<domain::DeploymentTarget> target;
  std::optional<int64_t> priority;
  std::optional<bool> everyone;
  std::optional<std::vector<std::string>> devices, excluded_devices;
  std::optional<std::vector<std::string>> from_versions;
  AudienceChange audience;
  std::optional<std::vector<WaveSpec>> waves;
  RateChange rate;
  WindowsChange windows;
  ConditionsChange conditions;
  std::optional<domain::ConsentMode> consent;
  std::optional<domain::Urgency> urgency;
  std::optional<domain::PackageMode> package_mode;
  std::optional<int64_t> signal_min, power_min_percent, retry_count, retry_interval_s, attempts_max;
  TimeoutsChange timeouts;
  WatchChange watch;
  std::optional<std::vector<domain::Brake>> brakes;
  std::optional<std::string> downgrade_reason;
  std::optional<std::optional<base::Time>> starts_at, deadline;
};

// Takes the members over. Groups are looked up in the row's tenant (Code::not_found) and filters
// are compiled: the row keeps their canonical text. The result is not checked yet.
base::Status take_over(const domain::Snapshot& snapshot, const DeploymentChange& with,
                       domain::Deployment& row);

}  // namespace otaru::app
