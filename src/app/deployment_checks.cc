// SPDX-License-Identifier: Apache-2.0
#include "app/deployment_checks.h"

#include <algorithm>

#include "app/input_checks.h"
#include "base/limits.h"
#include "domain/device_filter.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;
using domain::Deployment;
using domain::kWholeShare;

constexpr size_t kChannelNameBytesMax = 64;
constexpr int64_t kPriorityMax = 1'000'000;
constexpr int64_t kAttemptsMax = 1'000;
constexpr int64_t kRetriesMax = 1'000;

base::Status refuse(std::string field, std::string_view rule, std::string message,
                    std::string remedy) {
  return base::fail_rule(Code::invalid, std::move(field), rule, std::move(message),
                         std::move(remedy));
}

base::Status check_count(const std::string& field, size_t count, size_t most) {
  if (count <= most) return {};
  return base::fail_rule(Code::too_large, field, "count",
                         "there are more than " + std::to_string(most));
}

// Times are given in seconds.
base::Status check_time(const std::string& field, int64_t ms) {
  constexpr int64_t kMost = limits::kPlanTimeMs / base::kSecondMs;
  return check_range(field, ms / base::kSecondMs, 0, kMost);
}

base::Status check_share(const std::string& field, int64_t ppm) {
  if (ppm >= 0 && ppm <= kWholeShare) return {};
  return refuse(field, "range", "it must be from 0 to 100", "give percent");
}

// --- What ---------------------------------------------------------------------------------------

base::Status not_there(std::string field, std::string_view what, int64_t id) {
  return base::fail_rule(Code::not_found, std::move(field), "exists",
                         "there is no " + std::string(what) + " " + std::to_string(id));
}

bool has_product(const domain::Snapshot& snapshot, domain::TenantId tenant,
                 domain::ProductId product) {
  const auto* found = snapshot.product(product);
  return found != nullptr && found->product->tenant == tenant;
}

// The parts of a target, by its own fields. What they name must exist, in the deployment's tenant.
base::Status check_target(const domain::Snapshot& snapshot, const Deployment& row) {
  const auto& target = row.target;
  const int given =
      (target.release ? 1 : 0) + (target.kit ? 1 : 0) + (target.newest_in_channel.empty() ? 0 : 1);
  if (given != 1) {
    return base::fail_field(Code::invalid, "target",
                            "give exactly one of release, kit and newest_in_channel");
  }
  if (target.product && target.newest_in_channel.empty()) {
    return base::fail_field(Code::invalid, "target.product",
                            "a product is only named together with newest_in_channel");
  }
  if (target.release) {
    const auto* release = snapshot.release(target.release);
    if (release == nullptr || !has_product(snapshot, row.tenant, release->product)) {
      return not_there("target.release", "release", target.release.value);
    }
  }
  if (target.kit) {
    const auto* kit = snapshot.kit(target.kit);
    if (kit == nullptr || kit->tenant != row.tenant) {
      return not_there("target.kit", "kit", target.kit.value);
    }
  }
  if (target.product && !has_product(snapshot, row.tenant, target.product)) {
    return not_there("target.product", "product", target.product.value);
  }
  if (target.newest_in_channel.empty()) return {};
  return check_word("target.newest_in_channel", target.newest_in_channel, kChannelNameBytesMax);
}

// The release of the product that a release or kit stands for; nullptr: none.
const domain::Release* release_for(const domain::Snapshot& snapshot, domain::ReleaseId release,
                                   domain::KitId kit, domain::ProductId product) {
  if (release) {
    const auto* found = snapshot.release(release);
    return found != nullptr && found->product == product ? found : nullptr;
  }
  const auto* found = snapshot.kit(kit);
  if (found == nullptr) return nullptr;
  for (const auto& item : found->items) {
    const auto* of = snapshot.release(item.release);
    if (of != nullptr && of->product == product) return of;
  }
  return nullptr;
}

// The products that the target may install on; empty for "every product".
std::vector<domain::ProductId> products_of(const domain::Snapshot& snapshot,
                                           const domain::DeploymentTarget& target) {
  std::vector<domain::ProductId> out;
  if (target.release) out.push_back(snapshot.release(target.release)->product);
  if (target.product) out.push_back(target.product);
  if (target.kit) {
    for (const auto& item : snapshot.kit(target.kit)->items) {
      out.push_back(snapshot.release(item.release)->product);
    }
  }
  return out;
}

// A version that devices report today, and that the target is known to be older than.
base::Status check_downgrade(const domain::Snapshot& snapshot, const Deployment& row) {
  OTARU_CHECK(check_note("downgrade_reason", row.downgrade_reason, limits::kTextBytesMax));
  if (!row.target.release || !row.downgrade_reason.empty()) return {};
  const auto* release = snapshot.release(row.target.release);
  const auto& format = snapshot.product(release->product)->product->version_format;
  for (const auto& version : row.from_versions) {
    const auto* known = snapshot.release(release->product, version);
    bool newer = false;
    if (known != nullptr && known->sequence > 0) {
      newer = order_of(snapshot, *known, *release) == std::strong_ordering::greater;
    } else if (const auto order = domain::compare_versions(format, version, release->version)) {
      newer = *order == std::strong_ordering::greater;
    }
    if (!newer) continue;
    return refuse("downgrade_reason", "downgrade",
                  "from_versions names " + version + ", which is newer than " + release->version +
                      ": devices would be led to an older version",
                  "say why in downgrade_reason, or take that version out of from_versions");
  }
  return {};
}

// --- Whom ---------------------------------------------------------------------------------------

base::Status check_list_size(const std::string& field, const domain::KeySet& keys) {
  if (keys.size() <= limits::kExplicitDevicesMax) return {};
  return base::fail_rule(
      Code::too_large, field, "count",
      "a deployment lists at most " + std::to_string(limits::kExplicitDevicesMax) + " devices",
      "make it for everyone, or split it");
}

// Membership in a group with such a filter is not known when a device asks.
base::Status check_groups(const domain::Snapshot& snapshot, const std::string& field,
                          const std::vector<domain::GroupId>& groups) {
  OTARU_CHECK(check_count(field, groups.size(), limits::kAudienceGroupsMax));
  for (const auto id : groups) {
    const auto* group = snapshot.group(id);
    if (group == nullptr || !group->filter.mentions(domain::kLastSeenWord)) continue;
    return refuse(field, "known_at_check",
                  "the filter of group '" + group->group->name +
                      "' asks last_seen, which is not known when a device asks",
                  "name another group");
  }
  return {};
}

base::Status check_words(const std::string& field, const std::vector<std::string>& words) {
  OTARU_CHECK(check_count(field, words.size(), limits::kPlanWordsMax));
  for (size_t i = 0; i < words.size(); ++i) {
    OTARU_CHECK(check_name(field + "[" + std::to_string(i) + "]", words[i]));
  }
  return {};
}

base::Status check_whom(const domain::Snapshot& snapshot, const Deployment& row) {
  OTARU_CHECK(check_list_size("devices", row.device_keys));
  OTARU_CHECK(check_list_size("excluded_devices", row.excluded_keys));
  if (row.everyone && !row.device_keys.empty()) {
    return refuse("everyone", "either", "it is either for everyone or for the listed devices",
                  "give an empty list of devices as well");
  }
  const domain::Audience& audience = row.audience;
  if (row.everyone && !audience.groups.empty()) {
    return refuse("everyone", "either", "it is either for everyone or for the groups",
                  "give an empty audience.groups as well");
  }
  OTARU_CHECK(check_count("from_versions", row.from_versions.size(), limits::kFromVersionsMax));
  for (const auto& version : row.from_versions) {
    if (version.empty()) {
      return base::fail_field(Code::invalid, "from_versions", "a version is empty");
    }
    OTARU_CHECK(check_text("from_versions", version, limits::kVersionBytesMax));
  }
  OTARU_CHECK(check_groups(snapshot, "audience.groups", audience.groups));
  OTARU_CHECK(check_groups(snapshot, "audience.excluded_groups", audience.excluded_groups));
  OTARU_CHECK(check_words("audience.hardware", audience.hardware));
  return check_share("audience.share_percent", audience.share_ppm);
}

// --- Waves --------------------------------------------------------------------------------------

base::Status check_gate(const std::string& at, const domain::Gate& gate) {
  OTARU_CHECK(check_range(at + "sample_min", gate.sample_min, 0, limits::kDevicesPerTenantMax));
  OTARU_CHECK(check_share(at + "success_percent", gate.success_ppm_min));
  OTARU_CHECK(check_share(at + "failure_percent", gate.failure_ppm_max));
  return check_time(at + "soak_s", gate.soak_ms);
}

// The last wave has to reach whoever the deployment is for. Of groups and filters nobody knows;
// of shares it is known.
base::Status check_reach(const Deployment& row) {
  const size_t last = row.waves.size() - 1;
  const domain::Wave& wave = row.waves[last];
  const bool by_share = wave.groups.empty() && wave.filter.empty();
  if (!by_share || wave.share_ppm >= row.audience.share_ppm) return {};
  return refuse("waves[" + std::to_string(last) + "].share_percent", "reaches_everyone",
                "the last wave leaves out devices that the deployment is for",
                "add a wave of 100 percent; or, if the others are not meant, say so with "
                "audience.share_percent");
}

base::Status check_waves(const domain::Snapshot& snapshot, const Deployment& row) {
  OTARU_CHECK(check_count("waves", row.waves.size(), limits::kWavesMax));
  int64_t share = 0;
  bool test = true;
  for (size_t i = 0; i < row.waves.size(); ++i) {
    const domain::Wave& wave = row.waves[i];
    const std::string at = "waves[" + std::to_string(i) + "].";
    OTARU_CHECK(check_name(at + "name", wave.name));
    const auto same = [&](const domain::Wave& other) { return other.name == wave.name; };
    const auto here = row.waves.begin() + static_cast<ptrdiff_t>(i);
    if (std::find_if(row.waves.begin(), here, same) != here) {
      return refuse(at + "name", "unique", "another wave has this name", "give it its own");
    }
    OTARU_CHECK(check_share(at + "share_percent", wave.share_ppm));
    OTARU_CHECK(check_groups(snapshot, at + "groups", wave.groups));
    if (wave.share_ppm == 0 && wave.groups.empty() && wave.filter.empty()) {
      return refuse(at + "share_percent", "not_empty", "the wave is for nobody",
                    "give it a share_percent, groups or a filter");
    }
    if (wave.share_ppm != 0 && wave.share_ppm <= share) {
      return refuse(at + "share_percent", "grows",
                    "shares count from the first device on: it must be more than in the wave "
                    "before",
                    "1, 10, 100 and not 1, 9, 90");
    }
    share = std::max(share, wave.share_ppm);
    if (wave.test && !test) {
      return refuse(at + "test", "first", "waves of test devices come before the others",
                    "move it to the front");
    }
    test = wave.test;
    OTARU_CHECK(check_gate(at + "gate.", wave.gate));
  }
  return row.waves.empty() ? base::Status() : check_reach(row);
}

// --- How ----------------------------------------------------------------------------------------

base::Status check_rate(const domain::Rate& rate) {
  constexpr int64_t kMost = limits::kDevicesPerTenantMax;
  OTARU_CHECK(check_range("rate.per_minute", rate.per_minute, 0, kMost));
  OTARU_CHECK(check_range("rate.per_minute_max", rate.per_minute_max, 0, kMost));
  OTARU_CHECK(check_range("rate.concurrent_max", rate.concurrent_max, 0, kMost));
  OTARU_CHECK(check_range("rate.growth_percent", rate.growth_percent, 0, 1'000));
  OTARU_CHECK(check_range("rate.growth_every_successes", rate.growth_every_successes, 0, kMost));
  OTARU_CHECK(check_time("rate.growth_every_s", rate.growth_every_ms));
  OTARU_CHECK(check_range("rate.bytes_per_second", rate.bytes_per_second, 0,
                          limits::kPlanBytesPerSecondMax));
  const bool by_time = rate.growth_every_ms > 0;
  const bool by_successes = rate.growth_every_successes > 0;
  if (rate.growth_percent == 0) {
    if (!by_time && !by_successes && rate.per_minute_max == 0) return {};
    const std::string_view field = by_time        ? "rate.growth_every_s"
                                   : by_successes ? "rate.growth_every_successes"
                                                  : "rate.per_minute_max";
    return refuse(std::string(field), "together",
                  "it says how the rate grows, and the rate does not",
                  "give rate.growth_percent as well");
  }
  if (rate.per_minute == 0) {
    return refuse("rate.per_minute", "together", "there is no rate that could grow",
                  "say how many devices a minute it begins with");
  }
  if (by_time == by_successes) {
    return refuse(by_time ? "rate.growth_every_successes" : "rate.growth_every_s", "either",
                  "the rate grows either with time or with successes",
                  "give exactly one of growth_every_s and growth_every_successes");
  }
  if (rate.per_minute_max != 0 && rate.per_minute_max < rate.per_minute) {
    return refuse("rate.per_minute_max", "range", "it is less than per_minute",
                  "give at least as many as it begins with");
  }
  return {};
}

base::Status check_conditions(const Deployment& row) {
  const domain::Conditions& conditions = row.conditions;
  OTARU_CHECK(check_range("signal_min", row.signal_min, -1'000, 1'000));
  OTARU_CHECK(check_range("power_min_percent", row.power_min_percent, 0, 100));
  OTARU_CHECK(check_range("conditions.free_bytes_min", conditions.free_bytes_min, 0,
                          limits::kBlobBytesMax * 1'024));
  OTARU_CHECK(check_words("conditions.networks", conditions.networks));
  for (size_t i = 0; i < conditions.networks.size(); ++i) {
    OTARU_CHECK(check_word("conditions.networks[" + std::to_string(i) + "]", conditions.networks[i],
                           limits::kTagBytesMax));
  }
  if (row.consent == domain::ConsentMode::ask && row.urgency == domain::Urgency::forced) {
    return refuse("consent", "either", "a forced deployment asks nobody",
                  "make urgency soft, or consent none");
  }
  return {};
}

base::Status check_numbers(const Deployment& row) {
  OTARU_CHECK(check_range("priority", row.priority, -kPriorityMax, kPriorityMax));
  OTARU_CHECK(check_range("retry_count", row.retry_count, 0, kRetriesMax));
  OTARU_CHECK(check_range("retry_interval_s", row.retry_interval_s, 0,
                          limits::kPlanTimeMs / base::kSecondMs));
  OTARU_CHECK(check_range("attempts_max", row.attempts_max, 1, kAttemptsMax));
  OTARU_CHECK(check_time("timeouts.pending_s", row.timeouts.pending_ms));
  OTARU_CHECK(check_time("timeouts.downloading_s", row.timeouts.downloading_ms));
  OTARU_CHECK(check_time("timeouts.upgrading_s", row.timeouts.upgrading_ms));
  OTARU_CHECK(check_time("watch.silence_s", row.watch.silence_ms));
  OTARU_CHECK(check_time("watch.health_s", row.watch.health_ms));
  if (row.starts_at && row.deadline && *row.deadline <= *row.starts_at) {
    return refuse("deadline", "after_start", "it is not after starts_at",
                  "give a later deadline, or an earlier start");
  }
  return {};
}

// --- Brakes -------------------------------------------------------------------------------------

// Devices are led back from what the deployment installs to something older.
base::Status check_way_back(const domain::Snapshot& snapshot, const Deployment& row,
                            const std::string& at, const domain::Brake& brake) {
  if (brake.back_to_release && brake.back_to_kit) {
    return refuse(at + "back_to_kit", "either", "it leads back to a release and to a kit",
                  "give one of back_to_release and back_to_kit");
  }
  if (!brake.back_to_release && !brake.back_to_kit) {
    return refuse(at + "back_to_release", "required", "where devices are led back to is missing",
                  "name the release, or in back_to_kit the kit, that they had before");
  }
  const std::string field = at + (brake.back_to_release ? "back_to_release" : "back_to_kit");
  if (brake.back_to_release) {
    const auto* release = snapshot.release(brake.back_to_release);
    if (release == nullptr || !has_product(snapshot, row.tenant, release->product)) {
      return not_there(field, "release", brake.back_to_release.value);
    }
  } else {
    const auto* kit = snapshot.kit(brake.back_to_kit);
    if (kit == nullptr || kit->tenant != row.tenant) {
      return not_there(field, "kit", brake.back_to_kit.value);
    }
  }
  bool common = row.target.product.value == 0 && !row.target.newest_in_channel.empty();
  for (const auto product : products_of(snapshot, row.target)) {
    const auto* back = release_for(snapshot, brake.back_to_release, brake.back_to_kit, product);
    if (back == nullptr) continue;
    common = true;
    const auto* to = release_for(snapshot, row.target.release, row.target.kit, product);
    if (to == nullptr) continue;  // the newest of a channel: not known before
    // Of a kit some components may stay as they are.
    const auto order = order_of(snapshot, *back, *to);
    const bool older = order == std::strong_ordering::less;
    const bool same = back->id == to->id && row.target.kit;
    if (!order || older || same) continue;
    return refuse(field, "older",
                  back->version + " is not older than what is installed, " + to->version,
                  "name what the devices had before");
  }
  if (common) return {};
  return refuse(field, "same_product", "it is of another product than what is installed",
                "name an older release of the same product");
}

base::Status check_brake(const domain::Snapshot& snapshot, const Deployment& row, size_t index) {
  const domain::Brake& brake = row.brakes[index];
  const std::string at = "brakes[" + std::to_string(index) + "].";
  OTARU_CHECK(check_range(at + "count_min", brake.count_min, 0, limits::kDevicesPerTenantMax));
  OTARU_CHECK(check_range(at + "sample_min", brake.sample_min, 0, limits::kDevicesPerTenantMax));
  OTARU_CHECK(check_share(at + "share_percent", brake.share_ppm));
  if (brake.count_min == 0 && brake.share_ppm == 0) {
    return refuse(at + "share_percent", "required", "when it acts is missing",
                  "give a share_percent, a count_min or both");
  }
  if (brake.sample_min != 0 && brake.share_ppm == 0) {
    return refuse(at + "sample_min", "together", "it goes with a share, and there is none",
                  "give share_percent, or leave sample_min out");
  }
  if (brake.kind != domain::BrakeKind::failures && !brake.classes.empty()) {
    return refuse(at + "classes", "together", "only failures have classes", "leave it out");
  }
  for (const auto of : brake.classes) {
    if (of != domain::FailureClass::none) continue;
    return refuse(at + "classes", "enum", "none is no failure", "leave it out");
  }
  if (brake.kind == domain::BrakeKind::silence && row.watch.silence_ms == 0) {
    return refuse(at + "kind", "watched", "nothing says after how long a device is silent",
                  "give watch.silence_s");
  }
  if (brake.kind == domain::BrakeKind::health && row.watch.health_ms == 0) {
    return refuse(at + "kind", "watched", "nothing says for how long reports of health count",
                  "give watch.health_s");
  }
  if (brake.action == domain::BrakeAction::roll_back) {
    return check_way_back(snapshot, row, at, brake);
  }
  if (!brake.back_to_release && !brake.back_to_kit) return {};
  return refuse(at + (brake.back_to_release ? "back_to_release" : "back_to_kit"), "together",
                "only the action roll_back leads back", "leave it out, or make action roll_back");
}

// --- After the start ----------------------------------------------------------------------------

base::Status too_late(std::string field, std::string why, std::string remedy) {
  return base::fail_rule(Code::precondition, std::move(field), "started", std::move(why),
                         std::move(remedy));
}

constexpr std::string_view kAnother = "cancel it and create another one";

base::Status check_late_audience(const Deployment& before, const Deployment& after) {
  const domain::Audience& was = before.audience;
  const domain::Audience& is = after.audience;
  if (is.share_ppm < was.share_ppm) {
    return too_late("audience.share_percent",
                    "the deployment has been started: its share only grows, since devices beyond "
                    "a smaller one may have been updated",
                    "pause it, or exclude devices");
  }
  if (!std::includes(is.groups.begin(), is.groups.end(), was.groups.begin(), was.groups.end()) &&
      !after.everyone) {
    return too_late("audience.groups",
                    "the deployment has been started: groups may be added, not taken away",
                    "put the group into audience.excluded_groups");
  }
  if (is.filter != was.filter) {
    return too_late("audience.filter",
                    "the deployment has been started: its counts and gates are about these devices",
                    "narrow it with audience.excluded_filter, or create another one");
  }
  if (is.hardware != was.hardware) {
    return too_late("audience.hardware",
                    "the deployment has been started: its counts and gates are about these devices",
                    "narrow it with audience.excluded_filter, or create another one");
  }
  return {};
}

base::Status check_late_waves(const Deployment& before, const Deployment& after) {
  const auto open = static_cast<size_t>(before.rollout.open_waves);
  if (before.waves.empty() != after.waves.empty()) {
    return too_late(
        "waves",
        before.waves.empty() ? "it was started without waves: everybody is being served"
                             : "without waves everybody would be served at once",
        before.waves.empty() ? "set a rate, or pause it" : "open the waves one after the other");
  }
  for (size_t i = 0; i < std::min(open, before.waves.size()); ++i) {
    const std::string at = "waves[" + std::to_string(i) + "]";
    if (i >= after.waves.size()) {
      return too_late("waves", at + " has been opened and stays", "keep the waves that are open");
    }
    domain::Wave same = after.waves[i];
    // The gate of the wave that is open now is still ahead.
    if (i + 1 == open) same.gate = before.waves[i].gate;
    if (same == before.waves[i]) continue;
    return too_late(at, "the wave has been opened: tasks were made for its devices",
                    "change the waves that have not been opened");
  }
  return {};
}

// Where it is a rule that test devices come first. What heals another deployment is in a hurry.
base::Status check_test_wave(const domain::Snapshot& snapshot, const Deployment& row) {
  if (row.rollout.started_at || row.heals) return {};
  const auto& settings = snapshot.rows().settings;
  const auto* tenant = snapshot.tenant(row.tenant);
  const std::string own = "tenant." + (tenant == nullptr ? std::string() : tenant->name) + "." +
                          std::string(kTestWaveSetting);
  const std::string* setting = domain::find_text(settings, own);
  if (setting == nullptr) setting = domain::find_text(settings, kTestWaveSetting);
  const bool needed = setting != nullptr && *setting == "true";
  if (!needed || (!row.waves.empty() && row.waves.front().test)) return {};
  return base::fail_rule(Code::precondition, "waves", "test_wave",
                         "the first wave has to be one of test devices",
                         "put a wave with \"test\": true and a gate in front; the setting " +
                             std::string(kTestWaveSetting) + " asks for it");
}

}  // namespace

std::optional<std::strong_ordering> order_of(const domain::Snapshot& snapshot,
                                             const domain::Release& a, const domain::Release& b) {
  const auto& format = snapshot.product(a.product)->product->version_format;
  if (format.scheme != domain::VersionScheme::publish_order) {
    const auto order = domain::compare_versions(format, a.version, b.version);
    return order ? std::optional(*order) : std::nullopt;
  }
  // A draft will be published later than all that are.
  const auto place = [](const domain::Release& row) {
    return row.sequence == 0 ? INT64_MAX : row.sequence;
  };
  if (a.id == b.id) return std::strong_ordering::equal;
  if (place(a) == place(b)) return std::nullopt;
  return place(a) <=> place(b);
}

bool names_group(const Deployment& row, domain::GroupId group) {
  const auto has = [group](const std::vector<domain::GroupId>& groups) {
    return std::binary_search(groups.begin(), groups.end(), group);
  };
  return has(row.audience.groups) || has(row.audience.excluded_groups) ||
         std::any_of(row.waves.begin(), row.waves.end(),
                     [&has](const domain::Wave& wave) { return has(wave.groups); });
}

base::Status check_plan(const domain::Snapshot& snapshot, const Deployment& row) {
  OTARU_CHECK(check_name("name", row.name));
  OTARU_CHECK(check_target(snapshot, row));
  OTARU_CHECK(check_whom(snapshot, row));
  OTARU_CHECK(check_downgrade(snapshot, row));
  OTARU_CHECK(check_waves(snapshot, row));
  OTARU_CHECK(check_rate(row.rate));
  if (auto windows = domain::check_windows(row.windows); !windows) {
    auto error = std::move(windows).error();
    error.field = error.rule == "time_zone" ? "windows.time_zone" : "windows.list";
    return base::fail(std::move(error));
  }
  OTARU_CHECK(check_conditions(row));
  OTARU_CHECK(check_numbers(row));
  OTARU_CHECK(check_count("brakes", row.brakes.size(), limits::kBrakesMax));
  for (size_t i = 0; i < row.brakes.size(); ++i) OTARU_CHECK(check_brake(snapshot, row, i));
  return {};
}

base::Status check_change(const Deployment& before, const Deployment& after) {
  if (before.target != after.target) {
    return too_late("target", "the deployment has been started", std::string(kAnother));
  }
  if (before.mode != after.mode) {
    return too_late("package_mode", "the deployment has been started", std::string(kAnother));
  }
  if (before.downgrade_reason != after.downgrade_reason) {
    return too_late("downgrade_reason",
                    "the deployment has been started: what it may lead to was agreed on then",
                    std::string(kAnother));
  }
  if (before.starts_at != after.starts_at) {
    return too_late("starts_at", "the deployment has been started",
                    "pause it if it is to go on later");
  }
  OTARU_CHECK(check_late_audience(before, after));
  return check_late_waves(before, after);
}

base::Status check_ready(const domain::Snapshot& snapshot, const Deployment& row, base::Time now) {
  const auto published = [&](domain::ReleaseId release, domain::KitId kit) {
    constexpr auto kPublished = domain::ReleaseState::published;
    return (!release || snapshot.release(release)->state == kPublished) &&
           (!kit || snapshot.kit(kit)->state == kPublished);
  };
  if (!published(row.target.release, row.target.kit)) {
    const bool release = row.target.release.value != 0;
    return base::fail_field(Code::precondition, release ? "target.release" : "target.kit",
                            release ? "the release is not published" : "the kit is not published",
                            "publish it first");
  }
  for (size_t i = 0; i < row.brakes.size(); ++i) {
    const domain::Brake& brake = row.brakes[i];
    if (published(brake.back_to_release, brake.back_to_kit)) continue;
    return base::fail_rule(Code::precondition,
                           "brakes[" + std::to_string(i) + "]." +
                               (brake.back_to_release ? "back_to_release" : "back_to_kit"),
                           "published", "what devices would be led back to is not published",
                           "publish it, or name another one");
  }
  OTARU_CHECK(check_test_wave(snapshot, row));
  if (row.deadline && *row.deadline <= now) {
    return base::fail_field(Code::precondition, "deadline", "the deadline has passed",
                            "set another one");
  }
  return {};
}

}  // namespace otaru::app
