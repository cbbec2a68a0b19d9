// SPDX-License-Identifier: Apache-2.0
#include "app/access_service.h"

#include "base/limits.h"
#include "tests/support/service_world.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using domain::kDefaultTenant;
using domain::Role;

constexpr std::string_view kGood = "correct horse battery";

class AccessServiceTest : public ServiceTest {
 protected:
  AccessServiceTest() { EXPECT_TRUE(catalogue->first_start().has_value()); }

  std::string first_token() {
    std::string token;
    const auto made = access->first_user([&](const std::string& text) -> base::Status {
      token = text;
      return {};
    });
    EXPECT_TRUE(made.has_value());
    return token;
  }
  domain::User person(const std::string& name, Role role = Role::operator_) {
    domain::User with;
    with.tenant = kDefaultTenant;
    with.name = name;
    with.role = role;
    const auto made = access->create_user(kOperator, with);
    EXPECT_TRUE(made.has_value());
    const auto user = access->set_up(made->token, std::nullopt, kGood, "192.0.2.1");
    EXPECT_TRUE(user.has_value());
    return *user;
  }
  NewLogin log_in(const std::string& name) {
    auto made = access->log_in(name, kGood, {"192.0.2.1", "curl"});
    EXPECT_TRUE(made.has_value());
    return *made;
  }
  std::string tried(std::string_view name, std::string_view password) {
    return refusal(access->log_in(name, password, {}));
  }
};

TEST_F(AccessServiceTest, TheFirstLinkMakesOnePersonOnce) {
  const auto token = first_token();
  EXPECT_EQ(first_token(), "");  // there is somebody now
  EXPECT_EQ(refusal(access->set_up("otl_wrong", "al", kGood, "")), "gone token");
  EXPECT_EQ(refusal(access->set_up("", "al", kGood, "")), "gone token");
  EXPECT_EQ(refusal(access->set_up(token, "al", "short", "")), "invalid password");
  EXPECT_EQ(refusal(access->set_up(token, "A L", kGood, "")), "invalid name");
  const auto user = access->set_up(token, "al", kGood, "");
  ASSERT_TRUE(user.has_value());
  EXPECT_EQ(user->name, "al");
  EXPECT_EQ(user->role, Role::admin);
  EXPECT_EQ(user->reach(), domain::Reach::server);
  EXPECT_EQ(refusal(access->set_up(token, "eve", kGood, "")), "gone token");
  EXPECT_EQ(tried("al", kGood), "ok");
  for (const auto& line : stored()) {
    EXPECT_EQ(line.find(token), std::string::npos);
    EXPECT_EQ(line.find(kGood), std::string::npos);
  }
}

TEST_F(AccessServiceTest, LinksEnd) {
  domain::User with;
  with.tenant = kDefaultTenant;
  with.name = "bo";
  const auto made = access->create_user(kOperator, with);
  const auto again = access->invite(kOperator, made->user.id);
  EXPECT_EQ(refusal(access->set_up(made->token, std::nullopt, kGood, "")), "gone token");
  EXPECT_EQ(refusal(access->set_up(again->token, "other", kGood, "")), "invalid name");
  clock.advance(limits::kLinkLifeMs);
  EXPECT_EQ(refusal(access->set_up(again->token, std::nullopt, kGood, "")), "gone token");
}

TEST_F(AccessServiceTest, WrongIsWrongInOneWay) {
  person("bo");
  domain::User with;
  with.tenant = kDefaultTenant;
  with.name = "invited";
  ASSERT_TRUE(access->create_user(kOperator, with).has_value());
  EXPECT_EQ(tried("bo", "wrong password"), "unauthenticated");
  const auto wrong = access->log_in("bo", "wrong password", {});
  for (const auto* name : {"nobody", "invited", ""}) {
    const auto unknown = access->log_in(name, kGood, {});
    ASSERT_FALSE(unknown.has_value()) << name;
    EXPECT_EQ(unknown.error().message, wrong.error().message);
  }
  EXPECT_EQ(tried("bo", std::string(100'000, 'x')), "unauthenticated");
  EXPECT_EQ(tried("bo", ""), "unauthenticated");
}

TEST_F(AccessServiceTest, SessionsSurviveARestartAndEndInTime) {
  person("bo");
  const auto made = log_in("bo");
  EXPECT_EQ(made.token.size(), 4U + 64U);
  ASSERT_TRUE(access->find(made.token).has_value());
  EXPECT_FALSE(access->find(made.login.token_hash).has_value());
  EXPECT_FALSE(access->find("ots_" + std::string(64, '0')).has_value());
  restart();
  ASSERT_TRUE(access->find(made.token).has_value());
  EXPECT_EQ(access->last_login_at(made.user.id), clock.now());
  clock.advance(limits::kLoginIdleMs - 1);
  access->note_login_used(*access->find(made.token));
  ASSERT_TRUE(access->tick().has_value());
  restart();
  clock.advance(limits::kLoginIdleMs - 1);
  EXPECT_TRUE(access->find(made.token).has_value());
  clock.advance(1);
  EXPECT_FALSE(access->find(made.token).has_value());
  ASSERT_TRUE(access->tick().has_value());
  EXPECT_TRUE(store.load_logins()->empty());
  for (const auto& line : stored()) EXPECT_EQ(line.find(made.token), std::string::npos);
}

TEST_F(AccessServiceTest, NoSessionLivesForEver) {
  person("bo");
  const auto made = log_in("bo");
  for (int64_t gone = 0; gone < limits::kLoginLifeMs; gone += limits::kLoginIdleMs / 2) {
    EXPECT_TRUE(access->find(made.token).has_value());
    access->note_login_used(*access->find(made.token));
    clock.advance(limits::kLoginIdleMs / 2);
  }
  EXPECT_FALSE(access->find(made.token).has_value());
}

TEST_F(AccessServiceTest, PasswordsAndDisablingEndSessionsAtOnce) {
  const auto bo = person("bo");
  const Actor self{ActorKind::user, bo.id.value, "bo", kDefaultTenant, "", ""};
  const auto ended = [&](const NewLogin& login) {
    return !access->find(login.token).has_value() && store.load_logins()->empty();
  };
  auto login = log_in("bo");
  EXPECT_EQ(refusal(access->change_password(self, bo.id, "wrong", "another good one")),
            "forbidden current");
  EXPECT_FALSE(ended(login));
  EXPECT_EQ(refusal(access->change_password(self, bo.id, kGood, "another good one")), "ok");
  EXPECT_TRUE(ended(login));
  EXPECT_EQ(tried("bo", kGood), "unauthenticated");
  ASSERT_TRUE(access->change_password(self, bo.id, "another good one", kGood).has_value());

  login = log_in("bo");
  UserChange disable;
  disable.disabled = true;
  ASSERT_TRUE(access->update_user(kOperator, bo.id, disable).has_value());
  EXPECT_TRUE(ended(login));
  EXPECT_EQ(tried("bo", kGood), "unauthenticated");
  disable.disabled = false;
  ASSERT_TRUE(access->update_user(kOperator, bo.id, disable).has_value());
  EXPECT_FALSE(access->find(login.token).has_value());

  login = log_in("bo");
  const auto link = access->reset_password(kOperator, bo.id);
  EXPECT_TRUE(ended(login));
  EXPECT_EQ(tried("bo", kGood), "unauthenticated");
  ASSERT_TRUE(access->set_up(link->token, std::nullopt, kGood, "").has_value());

  login = log_in("bo");
  ASSERT_TRUE(access->delete_user(kOperator, bo.id).has_value());
  EXPECT_TRUE(ended(login));
  EXPECT_EQ(tried("bo", kGood), "unauthenticated");
}

TEST_F(AccessServiceTest, AFailedWriteLogsNobodyInAndChangesNothing) {
  const auto bo = person("bo");
  const auto before = stored();
  fail_next_write();
  EXPECT_EQ(tried("bo", kGood), "unavailable");
  EXPECT_TRUE(access->logins_of(bo.id).empty());
  const auto login = log_in("bo");
  fail_next_write();
  EXPECT_EQ(refusal(access->reset_password(kOperator, bo.id)), "unavailable");
  EXPECT_TRUE(access->find(login.token).has_value());
  ASSERT_TRUE(access->log_out(bo.id, login.login.id).has_value());
  EXPECT_FALSE(access->find(login.token).has_value());
  EXPECT_EQ(refusal(access->log_out(bo.id, login.login.id)), "not_found id");
}

TEST_F(AccessServiceTest, APersonHasSoManySessions) {
  const auto bo = person("bo");
  const auto first = log_in("bo");
  for (size_t i = 0; i < limits::kLoginsPerUserMax; ++i) {
    clock.advance(1);
    log_in("bo");
  }
  EXPECT_EQ(access->logins_of(bo.id).size(), limits::kLoginsPerUserMax);
  EXPECT_EQ(store.load_logins()->size(), limits::kLoginsPerUserMax);
  EXPECT_FALSE(access->find(first.token).has_value());
}

TEST_F(AccessServiceTest, AttemptsAreCountedPerNameAndPerAddress) {
  person("bo");
  for (int64_t i = 0; i < limits::kLoginsPerName; ++i) {
    EXPECT_EQ(access->take_attempt("bo", "192.0.2." + std::to_string(i)), 0);
  }
  EXPECT_GT(access->take_attempt("bo", "192.0.2.99"), 0);
  EXPECT_EQ(access->take_attempt("al", "192.0.2.99"), 0);
  clock.advance(limits::kLoginsPerNameRefillMs);
  EXPECT_EQ(access->take_attempt("bo", "192.0.2.99"), 0);
  for (int64_t i = 0; i < limits::kLoginsPerAddress; ++i) {
    access->take_attempt("n" + std::to_string(i), "2001:db8:0:1::" + std::to_string(i));
  }
  EXPECT_GT(access->take_attempt("x", "2001:db8:0:1::ffff"), 0);  // one network is one address
  EXPECT_EQ(access->take_attempt("x", "2001:db8:0:2::1"), 0);
  // Who knows the password is not slowed down by having used it.
  for (int64_t i = 0; i < 3 * limits::kLoginsPerName; ++i) {
    EXPECT_EQ(access->take_attempt("al", "198.51.100." + std::to_string(i)), 0);
    if (i == 0) person("al");
    log_in("al");
  }
}

TEST_F(AccessServiceTest, KeysRememberTheirLastUseCoarsely) {
  const domain::CredentialId key{1};
  EXPECT_EQ(access->key_used_at(key).ms, 0);
  access->note_key_used(key);
  const auto at = clock.now();
  clock.advance(limits::kLastUsedStepMs - 1);
  access->note_key_used(key);
  EXPECT_EQ(access->key_used_at(key), at);
  ASSERT_TRUE(access->tick().has_value());
  restart();
  EXPECT_EQ(access->key_used_at(key), at);
  clock.advance(1);
  access->note_key_used(key);
  EXPECT_EQ(access->key_used_at(key), clock.now());
}

TEST_F(AccessServiceTest, TheLastAdminMayBeAPerson) {
  const auto key = engine->snapshot()->rows().credentials.front().id;
  EXPECT_EQ(refusal(catalogue->delete_credential(kOperator, key)), "precondition");
  const auto token = first_token();
  EXPECT_EQ(refusal(catalogue->delete_credential(kOperator, key)), "precondition");
  const auto admin = access->set_up(token, std::nullopt, kGood, "");
  ASSERT_TRUE(admin.has_value());
  EXPECT_EQ(refusal(catalogue->delete_credential(kOperator, key)), "ok");
  UserChange change;
  change.disabled = true;
  EXPECT_EQ(refusal(access->update_user(kOperator, admin->id, change)), "precondition");
  EXPECT_EQ(refusal(access->reset_password(kOperator, admin->id)), "precondition");
  EXPECT_EQ(refusal(access->delete_user(kOperator, admin->id)), "precondition");
}

TEST(PasswordGateTest, SomeAtOnceSomeWaitNoMore) {
  PasswordGate none({{1, 8192}, 0, 0});  // as if all places were taken
  EXPECT_EQ(refusal(none.hash("x")), "unavailable");
  PasswordGate one({{1, 8192}, 1, 0});
  EXPECT_TRUE(*one.matches(*one.hash("x"), "x"));
  EXPECT_FALSE(*one.matches(*one.hash("x"), "y"));
}

}  // namespace
}  // namespace otaru::app
