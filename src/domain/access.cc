// SPDX-License-Identifier: Apache-2.0
#include "domain/access.h"

#include "domain/names.h"

namespace otaru::domain {
namespace {

constexpr Role kRoles[] = {Role::viewer, Role::operator_, Role::publisher, Role::admin};
constexpr Reach kReaches[] = {Reach::tenant, Reach::server};
constexpr Permission kPermissions[] = {
    Permission::open,
    Permission::self,
    Permission::read,
    Permission::fleet_write,
    Permission::deployments_approve,
    Permission::catalogue_write,
    Permission::keys_manage,
    Permission::users_manage,
    Permission::settings_manage,
    Permission::audit_read,
    Permission::server_manage,
};

}  // namespace

std::span<const Role> all_roles() {
  return kRoles;
}

std::span<const Permission> all_permissions() {
  return kPermissions;
}

std::string_view name_of(Role v) {
  switch (v) {
    case Role::viewer:
      return "viewer";
    case Role::operator_:
      return "operator";
    case Role::publisher:
      return "publisher";
    case Role::admin:
      break;
  }
  return "admin";
}

std::string_view name_of(Reach v) {
  switch (v) {
    case Reach::tenant:
      return "tenant";
    case Reach::server:
      break;
  }
  return "server";
}

std::string_view name_of(Permission v) {
  switch (v) {
    case Permission::open:
      return "open";
    case Permission::self:
      return "self";
    case Permission::read:
      return "read";
    case Permission::fleet_write:
      return "fleet.write";
    case Permission::deployments_approve:
      return "deployments.approve";
    case Permission::catalogue_write:
      return "catalogue.write";
    case Permission::keys_manage:
      return "keys.manage";
    case Permission::users_manage:
      return "users.manage";
    case Permission::settings_manage:
      return "settings.manage";
    case Permission::audit_read:
      return "audit.read";
    case Permission::server_manage:
      break;
  }
  return "server.manage";
}

base::Result<Role> parse_role(std::string_view text) {
  return parse_word<Role>("role", text, kRoles, name_of);
}

base::Result<Reach> parse_reach(std::string_view text) {
  return parse_word<Reach>("scope", text, kReaches, name_of);
}

bool allows(Role role, Reach reach, Permission permission) {
  switch (permission) {
    case Permission::open:
    case Permission::self:
    case Permission::read:
      return true;
    case Permission::fleet_write:
    case Permission::deployments_approve:
      return role == Role::operator_ || role == Role::admin;
    case Permission::catalogue_write:
      return role == Role::publisher || role == Role::admin;
    case Permission::keys_manage:
    case Permission::users_manage:
    case Permission::settings_manage:
    case Permission::audit_read:
      return role == Role::admin;
    case Permission::server_manage:
      break;
  }
  return role == Role::admin && reach == Reach::server;
}

}  // namespace otaru::domain
