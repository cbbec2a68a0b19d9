// SPDX-License-Identifier: Apache-2.0
#include "domain/access.h"

#include <gtest/gtest.h>

namespace otaru::domain {
namespace {

std::string holds(Role role, Reach reach = Reach::tenant) {
  std::string out;
  for (const auto permission : all_permissions()) {
    if (allows(role, reach, permission)) out += std::string(name_of(permission)) + " ";
  }
  return out;
}

TEST(AccessTest, WhatRolesHave) {
  EXPECT_EQ(holds(Role::viewer), "open self read ");
  EXPECT_EQ(holds(Role::operator_), "open self read fleet.write deployments.approve ");
  EXPECT_EQ(holds(Role::publisher), "open self read catalogue.write ");
  EXPECT_EQ(holds(Role::admin),
            "open self read fleet.write deployments.approve catalogue.write keys.manage "
            "users.manage settings.manage audit.read ");
}

TEST(AccessTest, OnlyAnAdminOfAllTenantsManagesTheServer) {
  for (const auto role : all_roles()) {
    EXPECT_FALSE(allows(role, Reach::tenant, Permission::server_manage));
    EXPECT_EQ(allows(role, Reach::server, Permission::server_manage), role == Role::admin);
    // Reaching further gives nothing else.
    if (role != Role::admin) {
      EXPECT_EQ(holds(role), holds(role, Reach::server));
    }
  }
}

TEST(AccessTest, Words) {
  for (const auto role : all_roles()) EXPECT_EQ(*parse_role(name_of(role)), role);
  for (const auto reach : {Reach::tenant, Reach::server}) {
    EXPECT_EQ(*parse_reach(name_of(reach)), reach);
  }
  EXPECT_FALSE(parse_role("king").has_value());
  EXPECT_NE(parse_role("king").error().message.find("viewer operator publisher admin"),
            std::string::npos);
  EXPECT_FALSE(parse_reach("").has_value());
}

}  // namespace
}  // namespace otaru::domain
