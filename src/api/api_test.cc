// SPDX-License-Identifier: Apache-2.0
// The frame around every operation: who asks, strict input, lists, problems.
#include "api/api.h"

#include "tests/support/api_world.h"

namespace otaru::api {
namespace {

class ApiFrameTest : public ApiTest {};

// A path of each route with things put into its parameters.
std::string filled(std::string_view pattern) {
  std::string out(pattern);
  for (size_t at = out.find('{'); at != std::string::npos; at = out.find('{')) {
    out.replace(at, out.find('}') - at + 1, "1");
  }
  return out;
}

TEST_F(ApiFrameTest, NothingWithoutAKeyButHealth) {
  for (const auto& route : api->routes()) {
    http::Request head;
    head.method = route.method;
    const auto early = api->early(route.tag, head);
    const bool open = route.needs == domain::Permission::open;
    EXPECT_EQ(early.has_value(), !open) << route.pattern;
    if (!early) continue;
    EXPECT_EQ(early->status, 401);
    EXPECT_NE(early->find("WWW-Authenticate"), nullptr);
  }
}

TEST_F(ApiFrameTest, KeysThatAreNone) {
  const std::string path = "/api/v1/products";
  EXPECT_EQ(ask_as("", "GET", path).outcome(), "401 unauthenticated");
  EXPECT_EQ(ask_as("otk_wrong", "GET", path).outcome(), "401 unauthenticated");
  EXPECT_EQ(ask_as(" ", "GET", path).outcome(), "401 unauthenticated");
  // The stored hash is no key, and a device's credential is none either.
  EXPECT_EQ(ask_as(secrets.keyed_hash(app::kApiKeyPurpose, admin_key), "GET", path).outcome(),
            "401 unauthenticated");
  const auto account = ask("POST", "/api/v1/credentials", R"({"kind":"oomi_account","name":"7"})");
  EXPECT_EQ(ask_as(account.at("secret"), "GET", path).outcome(), "401 unauthenticated");
  EXPECT_EQ(ask("GET", path).outcome(), "200");
  const auto key = key_of_role("operator");
  EXPECT_EQ(ask_as(key, "GET", path).outcome(), "200");
  const auto id = ask("GET", "/api/v1/credentials?kind=api_key").at("items.1.id");
  EXPECT_EQ(ask("PATCH", "/api/v1/credentials/" + id, R"({"disabled":true})").outcome(), "200");
  EXPECT_EQ(ask_as(key, "GET", path).outcome(), "401 unauthenticated");
}

TEST_F(ApiFrameTest, RolesAreHeld) {
  std::vector<std::pair<domain::Role, std::string>> keys;
  for (const auto role : domain::all_roles()) {
    keys.emplace_back(role, key_of_role(name_of(role), "default", "tenant"));
  }
  for (const auto& route : api->routes()) {
    const std::string path = filled(route.pattern);
    http::Request head;
    head.method = route.method;
    head.path = path;
    const auto status_for = [&](const std::string& key) {
      const std::string authorization = "bearer " + key;
      head.headers = {{"authorization", authorization}};
      const auto early = api->early(route.tag, head);
      return early ? early->status : 0;
    };
    for (const auto& [role, key] : keys) {
      const bool may = allows(role, domain::Reach::tenant, route.needs);
      EXPECT_EQ(status_for(key), may ? 0 : 403)
          << name_of(role) << " " << http::method_name(route.method) << " " << path;
    }
    EXPECT_EQ(status_for(admin_key), 0) << path;
  }
}

TEST_F(ApiFrameTest, RolesInWords) {
  const auto viewer = key_of_role("viewer");
  const auto op = key_of_role("operator");
  const auto publisher = key_of_role("publisher");
  const auto admin = key_of_role("admin", "default", "tenant");
  const std::string products = "/api/v1/products";
  const std::string lamp = R"({"name":"lamp"})";
  EXPECT_EQ(ask_as(viewer, "POST", products, lamp).outcome(), "403 forbidden");
  EXPECT_EQ(ask_as(op, "POST", products, lamp).outcome(), "403 forbidden");
  EXPECT_EQ(ask_as(publisher, "POST", products, lamp).outcome(), "201");
  EXPECT_EQ(ask_as(publisher, "POST", "/api/v1/devices", R"({"key":"d"})").outcome(),
            "403 forbidden");
  EXPECT_EQ(ask_as(op, "POST", "/api/v1/devices", R"({"key":"d"})").outcome(), "201");
  const std::string credentials = "/api/v1/credentials";
  const std::string client = R"({"kind":"oauth_client","name":"c"})";
  EXPECT_EQ(ask_as(op, "POST", credentials, client).outcome(), "403 forbidden");
  EXPECT_EQ(ask_as(publisher, "POST", credentials, client).outcome(), "403 forbidden");
  EXPECT_EQ(ask_as(admin, "POST", credentials, client).outcome(), "201");
  EXPECT_EQ(ask_as(admin, "POST", "/api/v1/tenants", R"({"name":"t"})").outcome(), "403 forbidden");
  const auto refused = ask_as(viewer, "POST", products, lamp);
  EXPECT_NE(refused.at("detail").find("viewer"), std::string::npos);
  EXPECT_NE(refused.at("detail").find("catalogue.write"), std::string::npos);
}

TEST_F(ApiFrameTest, AnAdminOfOneTenantHasItsSettingsOnly) {
  const auto admin = key_of_role("admin", "default", "tenant");
  const std::string settings = "/api/v1/settings";
  const std::string value = R"({"value":"1"})";
  EXPECT_EQ(ask("PUT", settings + "/a.b", value).outcome(), "200");
  EXPECT_EQ(ask("PUT", settings + "/tenant.other.a", value).outcome(), "200");
  EXPECT_EQ(ask_as(admin, "GET", settings).at("items"), "[3]");
  EXPECT_EQ(ask_as(admin, "GET", settings).at("items.2.name"), "tenant.default.display_name");
  EXPECT_EQ(ask_as(admin, "PUT", settings + "/a.b", value).outcome(), "403 forbidden name");
  EXPECT_EQ(ask_as(admin, "PUT", settings + "/tenant.other.a", value).outcome(),
            "403 forbidden name");
  EXPECT_EQ(ask_as(admin, "PUT", settings + "/tenant.default", value).outcome(),
            "403 forbidden name");
  EXPECT_EQ(ask_as(admin, "PUT", settings + "/tenant.default.a", value).outcome(), "200");
  EXPECT_EQ(ask_as(admin, "GET", settings).at("items.0.name"), "tenant.default.a");
  EXPECT_EQ(ask("GET", settings).at("items"), "[10]");  // and the seven that are known
}

TEST_F(ApiFrameTest, AnotherTenantsThingsDoNotExist) {
  ASSERT_EQ(ask("POST", "/api/v1/tenants", R"({"name":"acme"})").outcome(), "201");
  const auto theirs = key_of_role("admin", "acme", "tenant");
  const auto lamp = product("lamp");
  published(lamp, "1.0");
  ask("POST", "/api/v1/kits", R"({"version":"1","releases":[1]})");
  ask("POST", "/api/v1/deployments", R"({"name":"d","target":{"release":1}})");
  ask("POST", "/api/v1/devices", R"({"key":"d1"})");
  for (const char* path :
       {"/api/v1/products/1", "/api/v1/releases/1", "/api/v1/packages/1", "/api/v1/packages/1/file",
        "/api/v1/kits/1", "/api/v1/deployments/1", "/api/v1/deployments/1/devices",
        "/api/v1/credentials/1", "/api/v1/devices/d1", "/api/v1/devices/d1/explain",
        "/api/v1/devices/d1?tenant=default"}) {
    EXPECT_EQ(ask("GET", path).status, 200) << path;
    EXPECT_EQ(ask_as(theirs, "GET", path).status, 404) << path;
  }
  for (const char* path :
       {"products", "releases", "packages", "kits", "deployments", "devices", "tasks"}) {
    EXPECT_EQ(ask_as(theirs, "GET", "/api/v1/" + std::string(path)).at("items"), "[0]") << path;
    EXPECT_EQ(ask_as(theirs, "GET", "/api/v1/" + std::string(path) + "?tenant=default").outcome(),
              "404 not_found tenant");
  }
  EXPECT_EQ(ask_as(theirs, "GET", "/api/v1/tenants").at("items"), "[1]");
  EXPECT_EQ(ask_as(theirs, "DELETE", "/api/v1/products/1").outcome(), "404 not_found id");
  EXPECT_EQ(ask_as(theirs, "POST", "/api/v1/deployments/1/start").outcome(), "404 not_found id");
  EXPECT_EQ(ask_as(theirs, "POST", "/api/v1/releases", R"({"product":1,"version":"9"})").outcome(),
            "404 not_found product");
  EXPECT_EQ(
      ask_as(theirs, "POST", "/api/v1/products", R"({"name":"x","tenant":"default"})").outcome(),
      "404 not_found tenant");
  EXPECT_EQ(ask_as(theirs, "POST", "/api/v1/deployments",
                   R"({"name":"d","tenant":"acme","target":{"release":1}})")
                .outcome(),
            "404 not_found target.release");
  EXPECT_EQ(ask_as(theirs, "POST", "/api/v1/products", R"({"name":"lamp"})").at("tenant"), "acme");
}

TEST_F(ApiFrameTest, BodiesAreReadStrictly) {
  const std::string path = "/api/v1/products";
  EXPECT_EQ(ask("POST", path).outcome(), "400 invalid");
  EXPECT_EQ(ask("POST", path, "{").outcome(), "400 invalid");
  EXPECT_EQ(ask("POST", path, "[]").outcome(), "400 invalid");
  EXPECT_EQ(ask("POST", path, "null").outcome(), "400 invalid");
  EXPECT_EQ(ask("POST", path, R"({"name":"a","name":"b"})").outcome(), "400 invalid");
  EXPECT_EQ(ask("POST", path, R"({"name":"a",})").outcome(), "400 invalid");
  EXPECT_EQ(ask("POST", path, R"({"name":"a","nmae":"b"})").outcome(), "400 invalid nmae");
  EXPECT_EQ(ask("POST", path, R"({"name":7})").outcome(), "400 invalid name");
  EXPECT_EQ(ask("POST", path, R"({"name":null})").outcome(), "400 invalid name");
  EXPECT_EQ(ask("POST", path, R"({"name":"a","type":"hardware"})").outcome(), "400 invalid type");
  EXPECT_EQ(ask("POST", path, "{\"name\":\"a\xff\"}").status, 400);
  EXPECT_EQ(ask("POST", path, std::string(200, '[')).outcome(), "400 invalid");
  EXPECT_TRUE(engine->snapshot()->rows().products.empty());
  const std::string long_name(300, 'x');
  EXPECT_EQ(ask("POST", path, "{\"name\":\"" + long_name + "\"}").outcome(), "413 too_large name");
  // A form by mistake, as curl -d sends it.
  http::Request request;
  request.body = "name=a";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  const std::string authorization = "Bearer " + admin_key;
  request.headers.push_back({"Authorization", authorization});
  for (const auto& route : api->routes()) {
    if (route.pattern != path || route.method != http::Method::post) continue;
    EXPECT_EQ(api->handle(route.tag, request, {}).status, 400);
    EXPECT_EQ(route.body_bytes_max, base::limits::kApiBodyBytesMax);
  }
  EXPECT_TRUE(engine->snapshot()->rows().products.empty());
}

TEST_F(ApiFrameTest, ParametersAreReadStrictly) {
  const std::string path = "/api/v1/products";
  EXPECT_EQ(ask("GET", path + "?nmae=x").outcome(), "400 invalid nmae");
  EXPECT_EQ(ask("GET", path + "?name=x&name=y").outcome(), "400 invalid name");
  EXPECT_EQ(ask("GET", path + "?name=%zz").outcome(), "400 invalid");
  EXPECT_EQ(ask("GET", path + "?limit=0").outcome(), "400 invalid limit");
  EXPECT_EQ(ask("GET", path + "?limit=1001").outcome(), "400 invalid limit");
  EXPECT_EQ(ask("GET", path + "?limit=x").outcome(), "400 invalid limit");
  EXPECT_EQ(ask("GET", path + "?cursor=x").outcome(), "400 invalid cursor");
  EXPECT_EQ(ask("GET", "/api/v1/devices?cursor=x").outcome(), "400 invalid cursor");
  EXPECT_EQ(ask("GET", "/api/v1/devices?cursor=abcd").outcome(), "400 invalid cursor");
  EXPECT_EQ(ask("GET", "/api/v1/tasks?cursor=-1").outcome(), "400 invalid cursor");
  EXPECT_EQ(ask("GET", "/api/v1/tasks?state=x").outcome(), "400 invalid state");
  EXPECT_EQ(ask("GET", "/api/v1/releases?product=x").outcome(), "400 invalid product");
  const auto lamp = product("lamp");
  EXPECT_EQ(
      ask("DELETE", "/api/v1/products/" + std::to_string(lamp.value) + "?dry_run=true").outcome(),
      "400 invalid");
  EXPECT_EQ(ask("GET", "/api/v1/products/1").outcome(), "200");
  EXPECT_EQ(ask("GET", "/api/v1/products/x").outcome(), "404 not_found id");
  EXPECT_EQ(ask("GET", "/api/v1/products/-1").outcome(), "404 not_found id");
  EXPECT_EQ(ask("GET", "/api/v1/products/99999999999999999999").outcome(), "404 not_found id");
  EXPECT_EQ(ask("PUT", "/api/v1/products/1").outcome(), "405 method_not_allowed");
  EXPECT_EQ(ask("GET", "/api/v1/nothing").outcome(), "404 not_found");
}

TEST_F(ApiFrameTest, ListsByPages) {
  for (int i = 0; i < 7; ++i) product("p" + std::to_string(i));
  std::string seen;
  std::string cursor;
  for (int page = 0; page < 4; ++page) {
    const auto reply =
        ask("GET", "/api/v1/products?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor));
    ASSERT_EQ(reply.outcome(), "200");
    for (int i = 0; i < 2; ++i) {
      const auto name = reply.at("items." + std::to_string(i) + ".name");
      if (name != "(none)") seen += name + " ";
    }
    cursor = reply.at("next_cursor");
  }
  EXPECT_EQ(seen, "p0 p1 p2 p3 p4 p5 p6 ");
  EXPECT_EQ(cursor, "null");
  // Exactly full is the end, too.
  EXPECT_EQ(ask("GET", "/api/v1/products?limit=7").at("next_cursor"), "null");
  EXPECT_EQ(ask("GET", "/api/v1/products?name=p3").at("items"), "[1]");
}

TEST_F(ApiFrameTest, DevicesByPages) {
  for (const char* key : {"a", "b/c", "b d", "\xe5\x9b\xba", "e"}) {
    const std::string body = "{\"key\":\"" + std::string(key) + "\"}";
    ASSERT_EQ(ask("POST", "/api/v1/devices", body).outcome(), "201");
  }
  std::string seen;
  std::string cursor;
  for (int page = 0; page < 5; ++page) {
    const auto reply =
        ask("GET", "/api/v1/devices?limit=1" + (cursor.empty() ? "" : "&cursor=" + cursor));
    seen += reply.at("items.0.key") + "|";
    cursor = reply.at("next_cursor");
  }
  EXPECT_EQ(seen, "a|b d|b/c|e|\xe5\x9b\xba|");
  EXPECT_EQ(cursor, "null");
  EXPECT_EQ(ask("GET", "/api/v1/devices?prefix=b").at("items"), "[2]");
  EXPECT_EQ(ask("GET", "/api/v1/devices/b%2Fc").at("key"), "b/c");
  EXPECT_EQ(ask("GET", "/api/v1/devices/%E5%9B%BA").outcome(), "200");
  EXPECT_EQ(ask("GET", "/api/v1/devices/b").outcome(), "404 not_found key");
  EXPECT_EQ(ask("GET", "/api/v1/devices/%zz").outcome(), "400 invalid key");
}

TEST_F(ApiFrameTest, AFullDiskIsAClearAnswerAndLaterWorks) {
  fail_next_write();
  const auto reply = ask("POST", "/api/v1/products", R"({"name":"lamp"})");
  EXPECT_EQ(reply.outcome(), "503 unavailable");
  EXPECT_EQ(reply.at("detail"), "the disk is full");
  EXPECT_EQ(reply.at("remedy"), "try again later");
  EXPECT_EQ(ask("GET", "/api/v1/products").at("items"), "[0]");
  EXPECT_EQ(ask("POST", "/api/v1/products", R"({"name":"lamp"})").outcome(), "201");
}

TEST_F(ApiFrameTest, OurOwnFaultsShowAnIncidentAndNoMore) {
  store.fail_next_applies(1, {base::Code::internal, "secret words", "/etc/otaru: secret detail"});
  const auto reply = ask("POST", "/api/v1/products", R"({"name":"lamp"})");
  EXPECT_EQ(reply.outcome(), "500 internal");
  EXPECT_EQ(reply.body.find("secret"), std::string::npos);
  EXPECT_NE(reply.at("detail").find("incident "), std::string::npos);
}

TEST_F(ApiFrameTest, HealthReadinessNumbers) {
  EXPECT_EQ(ask_as("", "GET", "/healthz").body, "ok\n");
  EXPECT_EQ(ask_as("", "GET", "/readyz").body, "ready\n");
  EXPECT_EQ(ask_as("", "GET", "/metrics").body, "otaru_test 7\n");
  not_ready = "the server is stopping";
  const auto reply = ask_as("", "GET", "/readyz");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.body, "the server is stopping\n");
  EXPECT_EQ(ask_as("", "GET", "/healthz").status, 200);
}

TEST_F(ApiFrameTest, RefusalsOfTheHttpLayer) {
  for (const int status : {400, 404, 405, 408, 413, 414, 417, 429, 431, 500, 501, 503, 505}) {
    const auto response = api->refuse(status, "why");
    EXPECT_EQ(response.status, status);
    EXPECT_NE(std::get<std::string>(response.body.front()).find("\"detail\":\"why\""),
              std::string::npos);
  }
}

}  // namespace
}  // namespace otaru::api
