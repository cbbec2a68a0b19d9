// SPDX-License-Identifier: Apache-2.0
// Operators' changes of deployments.
#include "app/catalogue_draft.h"
#include "app/catalogue_service.h"
#include "app/deployment_checks.h"
#include "app/input_checks.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;
using domain::DeploymentState;

base::Status check_keys(const std::string& field, const std::vector<std::string>& keys) {
  for (const auto& key : keys) OTARU_CHECK(check_device_key(field, key));
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

}  // namespace

base::Status CatalogueService::apply(const Draft& draft, const DeploymentChange& with,
                                     domain::Deployment& row) const {
  if (has_ended(row)) {
    return base::fail(Code::precondition, "the deployment is " + std::string(name_of(row.state)));
  }
  const domain::Deployment before = row;
  OTARU_CHECK(take_over(*draft.before, with, row));
  row.updated_at = draft.now;
  OTARU_CHECK(check_plan(*draft.before, row));
  switch (row.state) {
    case DeploymentState::draft:
    case DeploymentState::awaiting_approval:
      break;
    case DeploymentState::scheduled:
      OTARU_CHECK(check_ready(*draft.before, row, draft.now));
      break;
    case DeploymentState::running:
    case DeploymentState::paused:
    case DeploymentState::finished:
    case DeploymentState::cancelled:
    case DeploymentState::rolled_back:
      OTARU_CHECK(check_change(before, row));
      // Since when a gate holds is said of the gate it was.
      if (before.waves != row.waves) row.rollout.gate_met_at.reset();
      break;
  }
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
  OTARU_CHECK(check_keys("add", add));
  OTARU_CHECK(check_keys("remove", remove));
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
