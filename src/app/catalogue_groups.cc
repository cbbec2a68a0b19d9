// SPDX-License-Identifier: Apache-2.0
#include "app/catalogue_draft.h"
#include "app/deployment_checks.h"
#include "app/input_checks.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "domain/device_filter.h"

namespace otaru::app {

namespace limits = base::limits;
using base::Code;

namespace {

// When a device asks it is not known when it was last there.
base::Status check_not_an_audience(const std::vector<domain::Deployment>& deployments,
                                   domain::GroupId group) {
  for (const auto& deployment : deployments) {
    if (domain::has_ended(deployment.state) || !names_group(deployment, group)) continue;
    return base::fail_rule(Code::precondition, "filter", "known_at_check",
                           "deployment " + std::to_string(deployment.id.value) +
                               " names the group, and last_seen is not known when a device asks",
                           "ask something else, or make another group");
  }
  return {};
}

}  // namespace

base::Status CatalogueService::apply(const Draft& draft, const GroupChange& with,
                                     domain::Group& row) const {
  if (with.name) {
    OTARU_CHECK(check_name("name", *with.name));
    // Lists of names in a CSV file are separated by ';'.
    if (with.name->find(';') != std::string::npos || *with.name != base::trim(*with.name)) {
      return base::fail_field(Code::invalid, "name",
                              "a group's name has no ';', and no blanks around it");
    }
    row.name = *with.name;
  }
  if (with.description) {
    OTARU_CHECK(check_note("description", *with.description, limits::kTextBytesMax));
    row.description = *with.description;
  }
  if (with.filter) {
    OTARU_TRY(filter, domain::Filter::compile(*with.filter, domain::group_words()));
    if (filter.mentions(domain::kLastSeenWord)) {
      OTARU_CHECK(check_not_an_audience(draft.rows.deployments, row.id));
    }
    row.filter = filter.text();
  }
  row.updated_at = draft.now;
  for (const auto& other : draft.rows.groups) {
    if (other.id == row.id || other.tenant != row.tenant || other.name != row.name) continue;
    return base::fail_field(Code::conflict, "name",
                            "group " + std::to_string(other.id.value) + " has this name");
  }
  return {};
}

base::Result<domain::Group> CatalogueService::create_group(const Actor& actor,
                                                           domain::TenantId tenant,
                                                           const GroupChange& with) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_CHECK(draft.get(tenant, "tenant", "tenant"));
  if (!with.name) return base::fail_field(Code::invalid, "name", "a group needs a name");
  domain::Group row;
  row.id = domain::GroupId{ids_.group + 1};
  row.tenant = tenant;
  row.created_at = draft.now;
  OTARU_CHECK(apply(draft, with, row));
  draft.add(draft.rows.groups, row);
  OTARU_CHECK(commit(draft, draft.deed("group.create", row)));
  ids_.group = row.id.value;
  return row;
}

base::Result<domain::Group> CatalogueService::update_group(const Actor& actor, domain::GroupId id,
                                                           const GroupChange& with) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "group", "group"));
  OTARU_CHECK(apply(draft, with, *row));
  draft.put(*row);
  const domain::Group out = *row;
  OTARU_CHECK(commit(draft, draft.deed("group.update", out)));
  return out;
}

// Devices that were put into it keep its id, which is never given out again and means nothing.
base::Status CatalogueService::delete_group(const Actor& actor, domain::GroupId id) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "group", "group"));
  for (const auto& deployment : draft.rows.deployments) {
    if (domain::has_ended(deployment.state) || !names_group(deployment, id)) continue;
    return base::fail_rule(base::Code::precondition, "", "unused",
                           "deployment " + std::to_string(deployment.id.value) + " names it",
                           "take it out there, or end the deployment");
  }
  const Deed deed = draft.deed("group.delete", *row);
  draft.remove(draft.rows.groups, id);
  return commit(draft, deed);
}

}  // namespace otaru::app
