// SPDX-License-Identifier: Apache-2.0
// Who may do what: roles, permissions and the matrix between them. docs/api.md shows the matrix and
// a test holds it against this one. Pure.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"

namespace otaru::domain {

// What a person or an API key is allowed to do in its tenant.
enum class Role {
  viewer,     // looks
  operator_,  // and decides what the fleet installs
  publisher,  // looks, and decides what there is to install
  admin,      // all of that, people, keys and settings
};

// Where a role holds: in one tenant, or in every one of this server.
enum class Reach { tenant, server };

// What one operation needs. Every operation of the API needs exactly one.
enum class Permission {
  open,                 // nothing: anybody
  self,                 // to be somebody: one's own session, password, permissions
  read,                 // see the tenant's things
  fleet_write,          // devices, deployments, tasks
  deployments_approve,  // be the second person
  catalogue_write,      // products, releases, packages, kits, files
  keys_manage,          // credentials of devices, clients and operators
  users_manage,         // people
  settings_manage,      // the tenant's settings
  audit_read,           // the journal of changes
  server_manage,        // tenants and what concerns all of them
};

std::span<const Role> all_roles();
std::span<const Permission> all_permissions();
std::string_view name_of(Role v);
std::string_view name_of(Permission v);  // "fleet.write"
std::string_view name_of(Reach v);
base::Result<Role> parse_role(std::string_view text);
base::Result<Reach> parse_reach(std::string_view text);

bool allows(Role role, Reach reach, Permission permission);

}  // namespace otaru::domain
