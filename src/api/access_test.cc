// SPDX-License-Identifier: Apache-2.0
// People over HTTP: links, sessions and their cookies, forged requests, roles, limits.
#include "base/encoding.h"
#include "base/hash.h"
#include "base/limits.h"
#include "tests/support/api_world.h"

namespace otaru::api {
namespace {

namespace limits = base::limits;

const std::string kUsers = "/api/v1/users";
const std::string kMe = "/api/v1/me";
constexpr const char* kGood = "correct horse battery";

class AccessApiTest : public ApiTest {
 protected:
  // A person with a password; the id.
  std::string person(const std::string& name, const std::string& role,
                     const std::string& more = "") {
    const auto made =
        ask("POST", kUsers, R"({"name":")" + name + R"(","role":")" + role + "\"" + more + "}");
    EXPECT_EQ(made.outcome(), "201");
    const auto set =
        ask_as("", "POST", "/api/v1/setup",
               R"({"token":")" + made.at("token") + R"(","password":")" + kGood + "\"}");
    EXPECT_EQ(set.outcome(), "200");
    return made.at("id");
  }
  Reply try_login(const std::string& name, const std::string& password = kGood) {
    return ask_as("", "POST", "/api/v1/login",
                  R"({"name":")" + name + R"(","password":")" + password + "\"}");
  }
  // Logs in as a browser does: from now on its cookie and CSRF token go along.
  Reply enter(const std::string& name) {
    leave();
    auto reply = try_login(name);
    EXPECT_EQ(reply.outcome(), "200");
    const auto header = reply.header("Set-Cookie");
    cookie_ = header.substr(0, header.find(';'));
    csrf_ = reply.at("csrf");
    more_headers = {{"Cookie", cookie_}, {"X-Otaru-CSRF", csrf_}};
    return reply;
  }
  void leave() { more_headers.clear(); }
  std::string token() const { return cookie_.substr(cookie_.find('=') + 1); }

  std::string cookie_;
  std::string csrf_;
};

TEST_F(AccessApiTest, TheCookieIsForTheServerAlone) {
  person("bo", "operator");
  const auto plain = enter("bo").header("Set-Cookie");
  EXPECT_TRUE(plain.starts_with("otaru=ots_")) << plain;
  EXPECT_NE(plain.find("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict"), std::string::npos);
  EXPECT_EQ(plain.find("Secure"), std::string::npos);
  leave();
  api.reset();
  behind_tls = true;
  restart_api();
  const auto secure = enter("bo").header("Set-Cookie");
  EXPECT_TRUE(secure.starts_with("__Host-otaru=ots_")) << secure;
  EXPECT_TRUE(secure.ends_with("; Secure"));
  EXPECT_EQ(ask_as("", "GET", kMe).at("name"), "bo");
  // Where there is TLS a cookie without the prefix is nobody's: others could have set it.
  const std::string weak = "otaru=" + token();
  more_headers = {{"Cookie", weak}};
  EXPECT_EQ(ask_as("", "GET", kMe).outcome(), "401 unauthenticated");
}

TEST_F(AccessApiTest, ChangesByCookieNeedTheHeader) {
  person("bo", "operator");
  enter("bo");
  const std::string device = R"({"key":"d1"})";
  EXPECT_EQ(ask_as("", "POST", "/api/v1/devices", device).outcome(), "201");
  more_headers.pop_back();
  EXPECT_EQ(ask_as("", "GET", "/api/v1/devices/d1").outcome(), "200");
  EXPECT_EQ(ask_as("", "DELETE", "/api/v1/devices/d1").outcome(), "403 forbidden X-Otaru-CSRF");
  EXPECT_EQ(ask_as("", "POST", "/api/v1/logout").outcome(), "403 forbidden X-Otaru-CSRF");
  const std::string other(32, '0');
  more_headers.push_back({"X-Otaru-CSRF", other});
  EXPECT_EQ(ask_as("", "DELETE", "/api/v1/devices/d1").outcome(), "403 forbidden X-Otaru-CSRF");
  // A header that a browser never adds by itself is meant.
  leave();
  EXPECT_EQ(ask_as(token(), "DELETE", "/api/v1/devices/d1").outcome(), "204");
  // A cookie among others, and a key beside a cookie: the key counts.
  const std::string many = "a=b; " + cookie_ + "; otaru2=x";
  more_headers = {{"Cookie", many}};
  EXPECT_EQ(ask_as("", "GET", kMe).at("name"), "bo");
  EXPECT_EQ(ask("POST", "/api/v1/devices", device).outcome(), "201");
}

TEST_F(AccessApiTest, WhoIAmAndWhatIMay) {
  person("bo", "publisher");
  const auto reply = enter("bo");
  EXPECT_EQ(reply.body, ask_as("", "GET", kMe).body);
  EXPECT_EQ(reply.at("kind"), "user");
  EXPECT_EQ(reply.at("role"), "publisher");
  EXPECT_EQ(reply.at("scope"), "tenant");
  EXPECT_EQ(reply.at("permissions"), "[4]");
  EXPECT_EQ(ask_as("", "GET", "/api/v1").at("key"), "bo");
  EXPECT_EQ(ask_as("", "POST", "/api/v1/products", R"({"name":"lamp"})").outcome(), "201");
  EXPECT_EQ(ask_as("", "POST", "/api/v1/devices", R"({"key":"d"})").outcome(), "403 forbidden");
  EXPECT_EQ(ask_as("", "GET", kUsers).outcome(), "403 forbidden");
  leave();
  const auto key = ask("GET", kMe);
  EXPECT_EQ(key.at("kind"), "key");
  EXPECT_EQ(key.at("scope"), "server");
  EXPECT_EQ(key.at("session"), "null");
  EXPECT_EQ(key.at("csrf"), "null");
  EXPECT_EQ(ask("POST", "/api/v1/logout").outcome(), "409 precondition");
  EXPECT_EQ(ask("GET", "/api/v1/sessions").at("items"), "[0]");
}

TEST_F(AccessApiTest, SessionsAreListedAndEnded) {
  person("bo", "viewer");
  person("al", "viewer");
  enter("bo");
  const auto old = token();
  enter("bo");
  const auto list = ask_as("", "GET", "/api/v1/sessions");
  EXPECT_EQ(list.at("items"), "[3]");  // the one of the setup page too
  EXPECT_EQ(list.body.find("ots_"), std::string::npos);
  const auto other = ask_as(old, "GET", kMe).at("session");
  EXPECT_EQ(ask_as("", "DELETE", "/api/v1/sessions/" + other).outcome(), "204");
  EXPECT_EQ(ask_as(old, "GET", kMe).outcome(), "401 unauthenticated");
  const auto mine = ask_as("", "GET", kMe).at("session");
  const auto bo = token();
  enter("al");
  EXPECT_EQ(ask_as("", "DELETE", "/api/v1/sessions/" + mine).outcome(), "404 not_found id");
  leave();
  const auto out = ask_as(bo, "POST", "/api/v1/logout");
  EXPECT_EQ(out.outcome(), "204");
  EXPECT_NE(out.header("Set-Cookie").find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(ask_as(bo, "GET", kMe).outcome(), "401 unauthenticated");
}

TEST_F(AccessApiTest, ChangingThePasswordEndsEverySessionAndBeginsOne) {
  person("bo", "viewer");
  enter("bo");
  const auto old = token();
  const auto change = [&](const std::string& current, const std::string& next) {
    return ask_as("", "PUT", kMe + "/password",
                  R"({"current":")" + current + R"(","password":")" + next + "\"}");
  };
  EXPECT_EQ(change("wrong", "another good one").outcome(), "403 forbidden current");
  EXPECT_EQ(change(kGood, "short").outcome(), "400 invalid password");
  const auto done = change(kGood, "another good one");
  EXPECT_EQ(done.outcome(), "200");
  leave();
  EXPECT_EQ(ask_as(old, "GET", kMe).outcome(), "401 unauthenticated");
  const auto header = done.header("Set-Cookie");
  const auto fresh = header.substr(6, header.find(';') - 6);
  EXPECT_EQ(ask_as(fresh, "GET", kMe).outcome(), "200");
  EXPECT_EQ(try_login("bo").outcome(), "401 unauthenticated");
}

TEST_F(AccessApiTest, WhoMustChangeThePasswordDoesThatFirst) {
  const auto id = person("bo", "viewer");
  EXPECT_EQ(ask("PATCH", kUsers + "/" + id, R"({"must_change_password":true})").outcome(), "200");
  EXPECT_EQ(enter("bo").at("must_change_password"), "true");
  EXPECT_EQ(ask_as("", "GET", "/api/v1/products").outcome(), "403 forbidden");
  EXPECT_EQ(ask_as("", "GET", kMe).outcome(), "200");
  EXPECT_EQ(ask_as("", "PUT", kMe + "/password",
                   R"({"current":"correct horse battery","password":"another good one"})")
                .at("must_change_password"),
            "false");
}

TEST_F(AccessApiTest, PeopleAreMadeChangedAndRemoved) {
  const auto made =
      ask("POST", kUsers, R"({"name":"bo","display_name":"Bo","email":"bo@example.com"})");
  ASSERT_EQ(made.outcome(), "201");
  EXPECT_EQ(made.at("role"), "viewer");
  EXPECT_EQ(made.at("tenant"), "default");
  EXPECT_EQ(made.at("state"), "invited");
  EXPECT_EQ(made.at("link"), "/api/v1/setup#" + made.at("token"));
  const auto path = kUsers + "/" + made.at("id");
  EXPECT_EQ(ask("GET", path).at("token"), "(none)");
  EXPECT_EQ(ask("GET", path).at("last_login_at"), "null");
  EXPECT_EQ(ask("POST", kUsers, R"({"name":"bo"})").outcome(), "409 conflict name");
  EXPECT_EQ(ask("POST", kUsers, R"({"name":"B O"})").outcome(), "400 invalid name");
  EXPECT_EQ(ask("POST", kUsers, R"({"name":"x","role":"king"})").outcome(), "400 invalid role");
  EXPECT_EQ(ask("POST", kUsers, R"({"name":"x","tenant":"default","all_tenants":true})").outcome(),
            "400 invalid tenant");
  EXPECT_EQ(ask("PATCH", path, R"({"role":"admin","email":""})").at("role"), "admin");
  const auto invited = ask("POST", path + "/invite");
  EXPECT_NE(invited.at("token"), made.at("token"));
  EXPECT_EQ(ask("POST", path + "/reset-password").at("state"), "invited");
  EXPECT_EQ(ask("GET", kUsers).at("items"), "[1]");
  EXPECT_EQ(ask("DELETE", path).outcome(), "204");
  EXPECT_EQ(ask("GET", path).outcome(), "404 not_found id");
}

TEST_F(AccessApiTest, AnAdminOfOneTenantSeesAndMakesItsPeopleOnly) {
  ASSERT_EQ(ask("POST", "/api/v1/tenants", R"({"name":"acme"})").outcome(), "201");
  const auto ours = person("bo", "viewer");
  const auto everywhere = person("al", "admin", R"(,"all_tenants":true)");
  person("cy", "admin", R"(,"tenant":"acme")");
  enter("cy");
  EXPECT_EQ(ask_as("", "GET", kUsers).at("items"), "[1]");
  for (const auto& id : {ours, everywhere, std::string("99")}) {
    for (const char* more : {"", "/invite", "/reset-password"}) {
      const std::string method = *more == 0 ? "DELETE" : "POST";
      EXPECT_EQ(ask_as("", method, kUsers + "/" + id + more).outcome(), "404 not_found id");
    }
  }
  EXPECT_EQ(ask_as("", "POST", kUsers, R"({"name":"x","all_tenants":true})").outcome(),
            "403 forbidden all_tenants");
  EXPECT_EQ(ask_as("", "POST", kUsers, R"({"name":"x","tenant":"default"})").outcome(),
            "404 not_found tenant");
  EXPECT_EQ(ask_as("", "POST", kUsers, R"({"name":"x"})").at("tenant"), "acme");
  enter("al");
  EXPECT_EQ(ask_as("", "GET", kMe).at("scope"), "server");
  EXPECT_EQ(ask_as("", "GET", kUsers).at("items"), "[4]");
  EXPECT_EQ(ask_as("", "POST", "/api/v1/products", R"({"name":"lamp"})").at("tenant"), "default");
}

TEST_F(AccessApiTest, DisabledMeansOut) {
  const auto id = person("bo", "viewer");
  enter("bo");
  const auto bo = token();
  leave();
  EXPECT_EQ(ask("PATCH", kUsers + "/" + id, R"({"disabled":true})").at("state"), "disabled");
  EXPECT_EQ(ask_as(bo, "GET", kMe).outcome(), "401 unauthenticated");
  EXPECT_EQ(try_login("bo").outcome(), "401 unauthenticated");
  EXPECT_EQ(try_login("bo").body, try_login("nobody").body);
}

TEST_F(AccessApiTest, TooManyAttemptsAreToldWhenToComeBack) {
  person("bo", "viewer");
  for (int64_t i = 0; i < limits::kLoginsPerName; ++i) {
    EXPECT_EQ(try_login("bo", "wrong password").outcome(), "401 unauthenticated");
  }
  const auto slow = try_login("bo");
  EXPECT_EQ(slow.outcome(), "429 exhausted");
  EXPECT_EQ(slow.header("Retry-After"), "60");
  peer = "198.51.100.1";  // the name is what is being tried, from wherever
  EXPECT_EQ(try_login("bo").outcome(), "429 exhausted");
  clock.advance(60'000);
  EXPECT_EQ(try_login("bo").outcome(), "200");
  peer = "203.0.113.1";
  int refused = 0;
  for (int64_t i = 0; i < limits::kLoginsPerAddress + 5; ++i) {
    if (try_login("n" + std::to_string(i)).status == 429) ++refused;
  }
  EXPECT_EQ(refused, 5);
  EXPECT_EQ(ask_as("", "POST", "/api/v1/setup", R"({"token":"x","password":"y"})").outcome(),
            "429 exhausted");
}

TEST_F(AccessApiTest, KeysExpireAndSayWhenTheyWereUsed) {
  const std::string credentials = "/api/v1/credentials";
  const auto soon = base::iso8601(clock.now() + 60'000);
  const auto made =
      ask("POST", credentials, R"({"kind":"api_key","name":"ci","expires_at":")" + soon + "\"}");
  ASSERT_EQ(made.outcome(), "201");
  EXPECT_EQ(made.at("expires_at"), soon);
  EXPECT_EQ(made.at("last_used_at"), "null");
  const auto key = made.at("secret");
  EXPECT_EQ(ask_as(key, "GET", kMe).outcome(), "200");
  const auto path = credentials + "/" + made.at("id");
  EXPECT_EQ(ask("GET", path).at("last_used_at"), base::iso8601(clock.now()));
  clock.advance(60'000);
  EXPECT_EQ(ask_as(key, "GET", kMe).outcome(), "401 unauthenticated");
  EXPECT_EQ(ask("PATCH", path, R"({"expires_at":")" + soon + "\"}").outcome(),
            "400 invalid expires_at");
  EXPECT_EQ(ask("PATCH", path, R"({"expires_at":null})").at("expires_at"), "null");
  EXPECT_EQ(ask_as(key, "GET", kMe).outcome(), "200");
  EXPECT_EQ(
      ask("POST", credentials, R"({"kind":"oauth_user","name":"u","expires_at":")" + soon + "\"}")
          .outcome(),
      "400 invalid expires_at");
  // The last admin key must stay for good.
  const auto later = base::iso8601(clock.now() + 60'000);
  EXPECT_EQ(ask("PATCH", credentials + "/1", R"({"expires_at":")" + later + "\"}").outcome(),
            "409 precondition");
}

TEST_F(AccessApiTest, ALargeDeploymentNeedsASecondPerson) {
  const std::string setting = "/api/v1/settings/approval.devices_min";
  EXPECT_EQ(ask("PUT", setting, R"({"value":"many"})").outcome(), "400 invalid value");
  ASSERT_EQ(ask("PUT", setting, R"({"value":"2"})").outcome(), "200");
  person("bo", "operator");
  person("al", "operator");
  published(product("lamp"), "1.0");
  for (const char* key : {"a", "b"}) {
    ask("POST", "/api/v1/devices", std::string(R"({"key":")") + key + "\"}");
  }
  const std::string path = "/api/v1/deployments/1";
  const std::string reason = R"({"reason":"not on a Friday"})";
  enter("bo");
  ASSERT_EQ(ask_as("", "POST", "/api/v1/deployments",
                   R"({"name":"all","target":{"newest_in_channel":"stable"}})")
                .outcome(),
            "201");
  EXPECT_EQ(ask_as("", "POST", path + "/approve").outcome(), "409 precondition");
  EXPECT_EQ(ask_as("", "POST", path + "/start").at("state"), "awaiting_approval");
  EXPECT_EQ(ask_as("", "POST", path + "/start").outcome(), "409 precondition");
  EXPECT_EQ(ask_as("", "POST", path + "/approve").outcome(), "403 forbidden");
  EXPECT_TRUE(engine->snapshot()->running_of(domain::kDefaultTenant).empty());
  enter("al");
  EXPECT_EQ(ask_as("", "POST", path + "/reject", "{}").outcome(), "400 invalid reason");
  const auto rejected = ask_as("", "POST", path + "/reject", reason);
  EXPECT_EQ(rejected.at("state"), "draft");
  EXPECT_EQ(rejected.at("approvals.1.reason"), "not on a Friday");
  EXPECT_EQ(rejected.at("approvals.1.name"), "al");
  enter("bo");
  ask_as("", "POST", path + "/start");
  // What is changed has to be asked for again, and what runs and is changed stops.
  EXPECT_EQ(ask_as("", "PATCH", path, R"({"priority":7})").at("state"), "draft");
  ask_as("", "POST", path + "/start");
  enter("al");
  restart_all();
  EXPECT_EQ(ask_as("", "POST", path + "/approve").at("state"), "running");
  EXPECT_EQ(engine->snapshot()->running_of(domain::kDefaultTenant).size(), 1U);
  EXPECT_EQ(ask_as("", "PATCH", path, R"({"priority":8})").at("state"), "awaiting_approval");
  EXPECT_TRUE(engine->snapshot()->running_of(domain::kDefaultTenant).empty());
  EXPECT_EQ(ask_as("", "POST", path + "/approve").outcome(), "403 forbidden");
  leave();
  EXPECT_EQ(ask("POST", path + "/approve").at("state"), "running");
  // Few devices need nobody, and a tenant's own setting counts instead of the server's.
  ask("POST", "/api/v1/deployments",
      R"({"name":"one","target":{"newest_in_channel":"stable"},"devices":["a"]})");
  EXPECT_EQ(ask("POST", "/api/v1/deployments/2/start").at("state"), "running");
  EXPECT_EQ(ask("POST", "/api/v1/deployments/2/devices", R"({"add":["b"]})").at("state"),
            "awaiting_approval");
  EXPECT_EQ(ask("POST", "/api/v1/deployments/2/cancel").at("state"), "cancelled");
  ask("PUT", "/api/v1/settings/tenant.default.approval.devices_min", R"({"value":"0"})");
  ask("POST", "/api/v1/deployments", R"({"name":"free","target":{"newest_in_channel":"stable"}})");
  EXPECT_EQ(ask("POST", "/api/v1/deployments/3/start").at("state"), "running");
}

TEST_F(AccessApiTest, ThePageMayDoNothingElse) {
  for (const char* path : {"/api/v1/login", "/api/v1/setup"}) {
    const auto page = ask_as("", "GET", path);
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
    const auto policy = page.header("Content-Security-Policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'; ")) << policy;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
    for (const char* part : {"script", "style"}) {
      const std::string open = std::string("<") + part + ">";
      const auto begin = page.body.find(open) + open.size();
      const auto text = page.body.substr(begin, page.body.find("</", begin) - begin);
      const auto hash = base::base64(base::digest(base::HashKind::sha256, text));
      EXPECT_NE(policy.find(std::string(part) + "-src 'sha256-" + hash + "'"), std::string::npos);
    }
    EXPECT_EQ(page.body.find("http://"), std::string::npos);
    EXPECT_EQ(page.body.find("https://"), std::string::npos);
  }
}

}  // namespace
}  // namespace otaru::api
