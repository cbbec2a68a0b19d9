// SPDX-License-Identifier: Apache-2.0
// Operators' changes of deployments.
#include "app/catalogue_draft.h"
#include "app/catalogue_service.h"
#include "app/input_checks.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;
using domain::DeploymentState;
using domain::ReleaseState;

constexpr size_t kChannelNameBytesMax = 64;
constexpr int64_t kPriorityMax = 1'000'000;
constexpr int64_t kAttemptsMax = 1'000;
constexpr int64_t kRetriesMax = 1'000;

base::Status check_keys(const std::vector<std::string>& keys) {
  for (const auto& key : keys) OTARU_CHECK(check_device_key("devices", key));
  return {};
}

base::Status check_key_count(const domain::Deployment& row) {
  if (row.device_keys.size() <= limits::kExplicitDevicesMax) return {};
  return base::fail_field(
      Code::too_large, "devices",
      "a deployment lists at most " + std::to_string(limits::kExplicitDevicesMax) + " devices",
      "make it for everyone, or split it");
}

bool has_ended(const domain::Deployment& row) {
  return domain::has_ended(row.state);
}

// The parts of a target, by its own fields. What they name must exist, in the deployment's tenant.
base::Status check_target(const domain::Snapshot& snapshot, const domain::Deployment& row) {
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
  const auto belongs = [&](domain::ProductId product) {
    const auto* found = snapshot.product(product);
    return found != nullptr && found->product->tenant == row.tenant;
  };
  if (target.release) {
    const auto* release = snapshot.release(target.release);
    if (release == nullptr || !belongs(release->product)) {
      return base::fail_field(Code::not_found, "target.release",
                              "there is no release " + std::to_string(target.release.value));
    }
  }
  if (target.kit) {
    const auto* kit = snapshot.kit(target.kit);
    if (kit == nullptr || kit->tenant != row.tenant) {
      return base::fail_field(Code::not_found, "target.kit",
                              "there is no kit " + std::to_string(target.kit.value));
    }
  }
  if (target.product && !belongs(target.product)) {
    return base::fail_field(Code::not_found, "target.product",
                            "there is no product " + std::to_string(target.product.value));
  }
  if (target.newest_in_channel.empty()) return {};
  return check_word("target.newest_in_channel", target.newest_in_channel, kChannelNameBytesMax);
}

base::Status check_numbers(const domain::Deployment& row) {
  OTARU_CHECK(check_range("priority", row.priority, -kPriorityMax, kPriorityMax));
  OTARU_CHECK(check_range("signal_min", row.signal_min, -1'000, 1'000));
  OTARU_CHECK(check_range("power_min_percent", row.power_min_percent, 0, 100));
  OTARU_CHECK(check_range("retry_count", row.retry_count, 0, kRetriesMax));
  OTARU_CHECK(check_range("retry_interval_s", row.retry_interval_s, 0, 366 * 86'400));
  return check_range("attempts_max", row.attempts_max, 1, kAttemptsMax);
}

}  // namespace

base::Status check_ready(const domain::Snapshot& snapshot, const domain::Deployment& row,
                         base::Time now) {
  if (row.target.release &&
      snapshot.release(row.target.release)->state != ReleaseState::published) {
    return base::fail_field(Code::precondition, "target.release", "the release is not published",
                            "publish it first");
  }
  if (row.target.kit && snapshot.kit(row.target.kit)->state != ReleaseState::published) {
    return base::fail_field(Code::precondition, "target.kit", "the kit is not published",
                            "publish it first");
  }
  if (row.deadline && *row.deadline <= now) {
    return base::fail_field(Code::precondition, "deadline", "the deadline has passed",
                            "set another one");
  }
  return {};
}

base::Status CatalogueService::apply(const Draft& draft, const DeploymentChange& with,
                                     domain::Deployment& row) const {
  if (has_ended(row)) {
    return base::fail(Code::precondition, "the deployment is " + std::string(name_of(row.state)));
  }
  const bool started =
      row.state != DeploymentState::draft && row.state != DeploymentState::awaiting_approval;
  if (started && (with.target || with.package_mode)) {
    return base::fail_field(Code::precondition, with.target ? "target" : "package_mode",
                            "the deployment has been started", "cancel it and create another one");
  }
  if (with.name) {
    OTARU_CHECK(check_name("name", *with.name));
    row.name = *with.name;
  }
  if (with.target) row.target = *with.target;
  if (with.devices) {
    OTARU_CHECK(check_keys(*with.devices));
    row.device_keys = domain::KeySet::of(*with.devices);
    row.everyone = with.everyone.value_or(row.device_keys.empty() ? row.everyone : false);
  }
  row.everyone = with.everyone.value_or(row.everyone);
  if (row.everyone && !row.device_keys.empty()) {
    return base::fail_field(Code::invalid, "everyone",
                            "it is either for everyone or for the listed devices",
                            "give an empty list of devices as well");
  }
  OTARU_CHECK(check_key_count(row));
  if (with.from_versions) {
    if (with.from_versions->size() > limits::kFromVersionsMax) {
      return base::fail_field(Code::too_large, "from_versions", "there are too many");
    }
    for (const auto& version : *with.from_versions) {
      if (version.empty()) {
        return base::fail_field(Code::invalid, "from_versions", "a version is empty");
      }
      OTARU_CHECK(check_text("from_versions", version, limits::kVersionBytesMax));
    }
    row.from_versions = *with.from_versions;
  }
  row.priority = with.priority.value_or(row.priority);
  row.mode = with.package_mode.value_or(row.mode);
  row.signal_min = with.signal_min.value_or(row.signal_min);
  row.power_min_percent = with.power_min_percent.value_or(row.power_min_percent);
  row.retry_count = with.retry_count.value_or(row.retry_count);
  row.retry_interval_s = with.retry_interval_s.value_or(row.retry_interval_s);
  row.attempts_max = with.attempts_max.value_or(row.attempts_max);
  if (with.deadline) row.deadline = *with.deadline;
  row.updated_at = draft.now;
  OTARU_CHECK(check_numbers(row));
  OTARU_CHECK(check_target(*draft.before, row));
  for (const auto& other : draft.rows.deployments) {
    if (other.id == row.id || other.tenant != row.tenant || other.name != row.name) continue;
    return base::fail_field(Code::conflict, "name",
                            "deployment " + std::to_string(other.id.value) + " has this name");
  }
  return {};
}

base::Result<domain::Deployment> CatalogueService::create_deployment(const Actor& actor,
                                                                     domain::TenantId tenant,
                                                                     const DeploymentChange& with) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_CHECK(draft.get(tenant, "tenant", "tenant"));
  if (!with.name) return base::fail_field(Code::invalid, "name", "a deployment needs a name");
  if (!with.target) return base::fail_field(Code::invalid, "target", "a deployment needs a target");
  domain::Deployment row;
  row.id = domain::DeploymentId{ids_.deployment + 1};
  row.tenant = tenant;
  row.created_at = draft.now;
  OTARU_CHECK(apply(draft, with, row));
  draft.add(draft.rows.deployments, row);
  OTARU_CHECK(commit(draft, draft.deed("deployment.create", row)));
  ids_.deployment = row.id.value;
  return row;
}

base::Result<domain::Deployment> CatalogueService::update_deployment(const Actor& actor,
                                                                     domain::DeploymentId id,
                                                                     const DeploymentChange& with) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "deployment", "deployment"));
  OTARU_CHECK(apply(draft, with, *row));
  approve_again(draft, *row);
  draft.put(*row);
  domain::Deployment out = *row;
  OTARU_CHECK(commit(draft, draft.deed("deployment.update", *row)));
  return out;
}

base::Result<domain::Deployment> CatalogueService::change_devices(
    const Actor& actor, domain::DeploymentId id, const std::vector<std::string>& add,
    const std::vector<std::string>& remove) {
  OTARU_CHECK(check_keys(add));
  OTARU_CHECK(check_keys(remove));
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "deployment", "deployment"));
  if (has_ended(*row)) {
    return base::fail(Code::precondition, "the deployment is " + std::string(name_of(row->state)));
  }
  if (row->everyone) {
    return base::fail_field(Code::precondition, "everyone", "the deployment is for everyone",
                            "set everyone to false first");
  }
  row->device_keys =
      row->device_keys.united(domain::KeySet::of(add)).without(domain::KeySet::of(remove));
  OTARU_CHECK(check_key_count(*row));
  row->updated_at = draft.now;
  approve_again(draft, *row);
  draft.put(*row);
  domain::Deployment out = *row;
  OTARU_CHECK(commit(draft, draft.deed("deployment.change_devices", *row)));
  return out;
}

base::Status CatalogueService::delete_deployment(const Actor& actor, domain::DeploymentId id) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "deployment", "deployment"));
  if (row->state != DeploymentState::draft) {
    return base::fail_field(Code::precondition, "",
                            "the deployment is " + std::string(name_of(row->state)),
                            "finish or cancel it");
  }
  const Deed deed = draft.deed("deployment.delete", *row);
  draft.remove(draft.rows.deployments, id);
  return commit(draft, deed);
}

}  // namespace otaru::app
