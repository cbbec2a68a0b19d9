// SPDX-License-Identifier: Apache-2.0
// From who somebody is at the identity provider to who they are here.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/access_service.h"
#include "app/oidc.h"

namespace otaru::app {

struct OidcRules {
  // Which claim says what somebody may do, and its values in the order they are looked for.
  std::string role_claim = "groups";
  std::vector<std::pair<std::string, domain::Role>> roles;
  std::optional<domain::Role> default_role;  // when none of them is there; nothing: no way in
  domain::TenantId tenant;                   // of people who are made; zero: every tenant
  bool create_users = false;                 // people who are not known yet are made
};

// A session for the person whom the provider names. Known people are found by issuer and subject;
// one who was invited, has no password yet and has the mail address that the provider has verified
// is bound to the subject. Where roles are mapped, the role follows the claims at every log-in.
// Code::forbidden when there is no such person and none may be made, or no role is left.
base::Result<NewLogin> log_in_by_provider(AccessService& access, CatalogueService& catalogue,
                                          const domain::Snapshot& snapshot, const OidcRules& rules,
                                          const OidcIdentity& who, const LoginFacts& facts);

}  // namespace otaru::app
