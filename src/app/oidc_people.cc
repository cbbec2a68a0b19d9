// SPDX-License-Identifier: Apache-2.0
#include "app/oidc_people.h"

#include "base/encoding.h"

namespace otaru::app {
namespace {

using base::Code;
using domain::User;

base::Error refused(const std::string& message, const std::string& detail,
                    const std::string& remedy) {
  base::Error out{Code::forbidden, message, "OpenID Connect: " + detail};
  out.remedy = remedy;
  return out;
}

std::optional<domain::Role> role_for(const OidcRules& rules, const OidcIdentity& who) {
  for (const auto& [value, role] : rules.roles) {
    if (who.has_claim(rules.role_claim, value)) return role;
  }
  return rules.default_role;
}

// Somebody who was invited by mail address and has not come yet: no password, no other subject.
const User* invited(const domain::Snapshot& snapshot, const OidcIdentity& who) {
  if (who.email.empty()) return nullptr;
  const User* found = nullptr;
  for (const auto& row : snapshot.rows().users) {
    if (!base::iequals(row.email, who.email)) continue;
    if (found != nullptr) return nullptr;  // two people with one address: nobody is meant
    found = &row;
  }
  const bool free = found != nullptr && found->password_hash.empty() && found->oidc_subject.empty();
  return free ? found : nullptr;
}

// Letters that a name may have; a provider's may have others.
std::string login_name(const OidcIdentity& who) {
  std::string out;
  for (const char c : base::lower(who.name)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       std::string_view("._-@+").find(c) != std::string_view::npos;
    if (plain && out.size() < 64) out += c;
  }
  return out.empty() ? "person" : out;
}

base::Result<User> make_user(CatalogueService& catalogue, const domain::Snapshot& snapshot,
                             const OidcRules& rules, const OidcIdentity& who, domain::Role role,
                             const Actor& actor) {
  User row;
  row.tenant = rules.tenant;
  row.name = login_name(who);
  // The name of somebody else here does not make one that person.
  for (int n = 2; snapshot.user(row.name) != nullptr && n < 1000; ++n) {
    row.name = login_name(who).substr(0, 60) + std::to_string(n);
  }
  row.display_name = who.display_name;
  row.email = who.email;
  row.role = role;
  row.oidc_issuer = who.issuer;
  row.oidc_subject = who.subject;
  return catalogue.create_user(actor, row);
}

}  // namespace

base::Result<NewLogin> log_in_by_provider(AccessService& access, CatalogueService& catalogue,
                                          const domain::Snapshot& snapshot, const OidcRules& rules,
                                          const OidcIdentity& who, const LoginFacts& facts) {
  const auto role = role_for(rules, who);
  const User* known = snapshot.user_by_subject(who.issuer, who.subject);
  const bool binding = known == nullptr;
  if (binding) known = invited(snapshot, who);
  Actor actor;
  actor.kind = ActorKind::system;
  actor.name = "oidc";
  actor.peer = facts.peer;
  if (known == nullptr) {
    if (!rules.create_users || !role) {
      return base::fail(refused("you are not known here", "unknown: " + who.subject,
                                "ask an administrator to add you with your mail address"));
    }
    OTARU_TRY(made, make_user(catalogue, snapshot, rules, who, *role, actor));
    return access.log_in_as(made, facts);
  }
  if (known->disabled) {
    return base::fail(refused("you are not known here", "disabled: " + who.subject,
                              "ask an administrator of this server"));
  }
  UserChange change;
  if (!rules.roles.empty()) {
    if (!role) {
      return base::fail(refused("nothing at the identity provider lets you in here",
                                "no role: " + who.subject, "ask its administrator for a group"));
    }
    if (*role != known->role) change.role = role;
  }
  if (!binding && !change.role) return access.log_in_as(*known, facts);
  OTARU_TRY(changed, catalogue.edit_user(actor, "user.provider_login", known->id, change,
                                         [&](User& row, base::Time) -> base::Status {
                                           row.oidc_issuer = who.issuer;
                                           row.oidc_subject = who.subject;
                                           return {};
                                         },
                                         {}));
  return access.log_in_as(changed, facts);
}

}  // namespace otaru::app
