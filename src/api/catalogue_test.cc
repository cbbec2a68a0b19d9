// SPDX-License-Identifier: Apache-2.0
// The operations of catalogue, deployments and administration, each with what it does and what it
// refuses. What the services refuse in detail is tested with them (app/).
#include "tests/support/api_world.h"

namespace otaru::api {
namespace {

class ApiCatalogueTest : public ApiTest {
 protected:
  std::string upload_of(std::string_view bytes) { return upload(bytes, "file.bin"); }
};

TEST_F(ApiCatalogueTest, Tenants) {
  const auto made = ask("POST", "/api/v1/tenants", R"({"name":"acme"})");
  EXPECT_EQ(made.outcome(), "201");
  EXPECT_EQ(made.at("name"), "acme");
  EXPECT_EQ(ask("POST", "/api/v1/tenants", R"({"name":"acme"})").outcome(), "409 conflict name");
  EXPECT_EQ(ask("POST", "/api/v1/tenants", R"({"name":"A"})").outcome(), "400 invalid name");
  EXPECT_EQ(ask("POST", "/api/v1/tenants", "{}").outcome(), "400 invalid name");
  EXPECT_EQ(ask("GET", "/api/v1/tenants").at("items"), "[2]");
}

TEST_F(ApiCatalogueTest, Products) {
  const auto made = ask("POST", "/api/v1/products",
                        R"({"name":"OOMI_Cube","model":"m","feature":"f","manufacturer":"001",)"
                        R"("module":"00107","type":"software","version_scheme":"dotted",)"
                        R"("version_pattern":"V#N.#N","hw_version":"1"})");
  EXPECT_EQ(made.outcome(), "201");
  EXPECT_EQ(made.body,
            R"({"id":1,"tenant":"default","name":"OOMI_Cube","model":"m","hw_version":"1",)"
            R"("feature":"f","manufacturer":"001","module":"00107","type":"software",)"
            R"("version_scheme":"dotted","version_pattern":"V#N.#N",)"
            R"("created_at":"2026-05-01T12:00:00.000Z"})");
  const auto changed = ask("PATCH", "/api/v1/products/1", R"({"hw_version":"2"})");
  EXPECT_EQ(changed.at("hw_version"), "2");
  EXPECT_EQ(changed.at("model"), "m");
  EXPECT_EQ(ask("PATCH", "/api/v1/products/1", R"({"tenant":"acme"})").outcome(),
            "400 invalid tenant");
  EXPECT_EQ(ask("PATCH", "/api/v1/products/2", "{}").outcome(), "404 not_found id");
  EXPECT_EQ(ask("GET", "/api/v1/products?model=m").at("items.0.id"), "1");
  EXPECT_EQ(ask("GET", "/api/v1/products?model=x").at("items"), "[0]");
  EXPECT_EQ(ask("DELETE", "/api/v1/products/1").outcome(), "204");
  EXPECT_EQ(ask("DELETE", "/api/v1/products/1").outcome(), "404 not_found id");
}

TEST_F(ApiCatalogueTest, AReleaseFromDraftToRevoked) {
  product("lamp");
  const auto made = ask("POST", "/api/v1/releases",
                        R"({"product":1,"version":"V1.02","channel":"beta",)"
                        R"("labels":{"language":"CN"},"notes":{"zh":"新"},"force":true})");
  EXPECT_EQ(made.outcome(), "201");
  EXPECT_EQ(made.at("version"), "V1.02");
  EXPECT_EQ(made.at("published_at"), "null");
  EXPECT_EQ(made.at("notes.zh"), "新");
  EXPECT_EQ(ask("POST", "/api/v1/releases", R"({"version":"1"})").outcome(), "400 invalid product");
  EXPECT_EQ(ask("POST", "/api/v1/releases", R"({"product":9,"version":"1"})").outcome(),
            "404 not_found product");
  EXPECT_EQ(ask("POST", "/api/v1/releases", R"({"product":1,"version":"x"})").outcome(),
            "400 invalid version");
  EXPECT_EQ(
      ask("POST", "/api/v1/releases", R"({"product":1,"version":"1","notes":{"en":1}})").outcome(),
      "400 invalid notes");
  EXPECT_EQ(ask("POST", "/api/v1/releases/1/publish").outcome(), "409 precondition");
  package(domain::ReleaseId{1}, "bytes");
  EXPECT_EQ(ask("POST", "/api/v1/releases/1/publish", R"({"now":true})").outcome(),
            "400 invalid now");
  const auto published_reply = ask("POST", "/api/v1/releases/1/publish");
  EXPECT_EQ(published_reply.at("state"), "published");
  EXPECT_EQ(published_reply.at("sequence"), "1");
  EXPECT_EQ(published_reply.at("published_at"), "2026-05-01T12:00:00.000Z");
  EXPECT_EQ(ask("PATCH", "/api/v1/releases/1", R"({"force":false})").outcome(),
            "409 precondition force");
  EXPECT_EQ(ask("PATCH", "/api/v1/releases/1", R"({"security":true})").at("security"), "true");
  EXPECT_EQ(ask("DELETE", "/api/v1/releases/1").outcome(), "409 precondition");
  EXPECT_EQ(ask("POST", "/api/v1/releases/1/revoke").at("state"), "revoked");
  EXPECT_EQ(ask("GET", "/api/v1/releases?state=revoked&channel=beta&version=V1.02&product=1")
                .at("items.0.id"),
            "1");
  EXPECT_EQ(ask("GET", "/api/v1/releases?state=draft").at("items"), "[0]");
  const auto second = draft(domain::ProductId{1}, "2.0");
  EXPECT_EQ(ask("DELETE", "/api/v1/releases/" + std::to_string(second.value)).outcome(), "204");
  EXPECT_EQ(ask("GET", "/api/v1/releases/2").outcome(), "404 not_found id");
}

TEST_F(ApiCatalogueTest, Packages) {
  const auto lamp = product("lamp");
  draft(lamp, "1.0");
  draft(lamp, "2.0");
  const auto made = ask("POST", "/api/v1/packages",
                        R"({"release":1,"upload":")" + upload_of("0123456789") + R"("})");
  ASSERT_EQ(made.outcome(), "201");
  EXPECT_EQ(made.at("kind"), "full");
  EXPECT_EQ(made.at("file_name"), "file.bin");
  EXPECT_EQ(made.at("size_bytes"), "10");
  EXPECT_EQ(made.at("md5"), "781e5e245d69b566979b86e28d23f2c7");
  const auto sha256 = made.at("sha256");
  const auto delta = ask("POST", "/api/v1/packages",
                         R"({"release":2,"sha256":")" + sha256 +
                             R"(","base_version":"1.0","file_name":"d.patch","format":"bsdiff",)"
                             R"("permissions":[2,1],"hidden":true})");
  ASSERT_EQ(delta.outcome(), "201");
  EXPECT_EQ(delta.at("kind"), "delta");
  EXPECT_EQ(delta.at("permissions.0"), "1");
  EXPECT_EQ(ask("GET", "/api/v1/packages?release=2").at("items.0.format"), "bsdiff");
  EXPECT_EQ(ask("GET", "/api/v1/packages?sha256=" + sha256).at("items"), "[2]");
  EXPECT_EQ(ask("GET", "/api/v1/packages?product=2").at("items"), "[0]");
  EXPECT_EQ(ask("PATCH", "/api/v1/packages/2", R"({"hidden":false,"permissions":[]})").at("hidden"),
            "false");
  EXPECT_EQ(ask("PATCH", "/api/v1/packages/2", R"({"file_name":"x"})").outcome(),
            "400 invalid file_name");
  EXPECT_EQ(ask("PATCH", "/api/v1/packages/2", R"({"permissions":["1"]})").outcome(),
            "400 invalid permissions");
  EXPECT_EQ(ask("POST", "/api/v1/packages", R"({"release":1})").outcome(), "400 invalid upload");
  EXPECT_EQ(ask("POST", "/api/v1/packages", R"({"release":9,"upload":"x"})").outcome(),
            "404 not_found release");
  EXPECT_EQ(ask("POST", "/api/v1/packages", R"({"release":1,"upload":"x"})").outcome(),
            "404 not_found upload");
  EXPECT_EQ(ask("DELETE", "/api/v1/packages/2").outcome(), "204");
  EXPECT_EQ(ask("DELETE", "/api/v1/packages/2").outcome(), "404 not_found id");
}

// What devices were told of stays what it was; docs/api.md has what may change.
TEST_F(ApiCatalogueTest, APublishedReleaseStays) {
  const auto lamp = product("lamp");
  published(lamp, "1.0");
  const std::string release = "/api/v1/releases/1";
  const std::string package = "/api/v1/packages/1";
  const std::string release_was = ask("GET", release).body;
  const std::string package_was = ask("GET", package).body;
  for (const std::string body : {R"({"version":"1.1"})", R"({"channel":"beta"})",
                                 R"({"labels":{"language":"CN"}})", R"({"force":true})"}) {
    EXPECT_EQ(ask("PATCH", release, body).outcome().substr(0, 16), "409 precondition") << body;
  }
  // One that may not change keeps those that may from changing.
  EXPECT_EQ(ask("PATCH", release, R"({"security":true,"version":"1.1"})").outcome(),
            "409 precondition version");
  for (const std::string body : {R"({"state":"draft"})", R"({"product":2})", R"({"sequence":9})",
                                 R"({"published_at":null})"}) {
    EXPECT_EQ(ask("PATCH", release, body).status, 400) << body;
  }
  for (const std::string member : {"release", "file_name", "format", "kind", "base_version",
                                   "size_bytes", "sha256", "upload"}) {
    EXPECT_EQ(ask("PATCH", package, "{\"" + member + "\":\"1\"}").outcome(),
              "400 invalid " + member);
  }
  EXPECT_EQ(ask("POST", release + "/publish").outcome(), "409 precondition");
  EXPECT_EQ(ask("DELETE", release).outcome(), "409 precondition");
  EXPECT_EQ(ask("DELETE", package).outcome(), "409 precondition");
  EXPECT_EQ(ask("DELETE", "/api/v1/products/1").outcome(), "409 precondition");
  EXPECT_EQ(ask("GET", release).body, release_was);
  EXPECT_EQ(ask("GET", package).body, package_was);
  EXPECT_EQ(ask("GET", package + "/file").body, "content of 1.0");
}

TEST_F(ApiCatalogueTest, WhatMayChangeOfAPublishedRelease) {
  published(product("lamp"), "1.0");
  const std::string release = "/api/v1/releases/1";
  const auto noted = ask("PATCH", release, R"({"notes":{"en":"more"},"security":true})");
  EXPECT_EQ(noted.at("notes.en"), "more");
  EXPECT_EQ(noted.at("version"), "1.0");
  const auto hidden = ask("PATCH", "/api/v1/packages/1", R"({"hidden":true,"permissions":[7]})");
  EXPECT_EQ(hidden.at("hidden"), "true");
  EXPECT_EQ(hidden.at("permissions.0"), "7");
  // Another file beside the ones that are there: a delta made later.
  const auto first = ask("GET", "/api/v1/packages/1").body;
  const std::string more = R"({"release":1,"base_version":"0.9","upload":")";
  EXPECT_EQ(ask("POST", "/api/v1/packages", more + upload_of("delta") + R"("})").outcome(), "201");
  EXPECT_EQ(ask("GET", "/api/v1/packages/1").body, first);
  EXPECT_EQ(ask("DELETE", "/api/v1/packages/2").outcome(), "409 precondition");
  // Revoked is the end.
  EXPECT_EQ(ask("POST", release + "/revoke").outcome(), "200");
  EXPECT_EQ(ask("POST", "/api/v1/packages", more + upload_of("later") + R"("})").outcome(),
            "409 precondition release");
  EXPECT_EQ(ask("POST", release + "/publish").outcome(), "409 precondition");
  EXPECT_EQ(ask("POST", release + "/revoke").outcome(), "409 precondition");
  EXPECT_EQ(ask("PATCH", release, R"({"version":"1.1"})").outcome(), "409 precondition version");
  EXPECT_EQ(ask("DELETE", "/api/v1/packages/1").outcome(), "409 precondition");
  EXPECT_EQ(ask("DELETE", release).outcome(), "409 precondition");
}

TEST_F(ApiCatalogueTest, ADraftGoesWithAllItsPackages) {
  const auto lamp = product("lamp");
  published(lamp, "1.0");
  const auto two = draft(lamp, "2.0");
  package(two, "one");
  package(two, "two");
  EXPECT_EQ(ask("GET", "/api/v1/packages?release=2").at("items"), "[2]");
  EXPECT_EQ(ask("DELETE", "/api/v1/releases/2").outcome(), "204");
  EXPECT_EQ(ask("GET", "/api/v1/releases/2").outcome(), "404 not_found id");
  EXPECT_EQ(ask("GET", "/api/v1/packages/2").outcome(), "404 not_found id");
  EXPECT_EQ(ask("GET", "/api/v1/packages/3").outcome(), "404 not_found id");
  EXPECT_EQ(ask("GET", "/api/v1/packages").at("items"), "[1]");
}

TEST_F(ApiCatalogueTest, DownloadsForOperators) {
  const auto lamp = product("lamp");
  package(draft(lamp, "1.0"), "0123456789");
  const auto whole = ask("GET", "/api/v1/packages/1/file");
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body, "0123456789");
  EXPECT_EQ(whole.header("ETag").size(), 66U);
  EXPECT_EQ(whole.header("Content-Disposition"), "attachment; filename=\"app.bin\"");
  const auto head = ask("HEAD", "/api/v1/packages/1/file");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("ETag"), whole.header("ETag"));
  EXPECT_EQ(ask("GET", "/api/v1/packages/2/file").outcome(), "404 not_found id");
}

TEST_F(ApiCatalogueTest, AMissingFileIsOurFault) {
  const auto lamp = product("lamp");
  package(draft(lamp, "1.0"), "0123456789");
  ASSERT_TRUE(blobs.sweep([](std::string_view) { return false; }, clock.now(), 0).has_value());
  EXPECT_EQ(ask("GET", "/api/v1/packages/1/file").outcome(), "500 internal");
}

TEST_F(ApiCatalogueTest, Kits) {
  published(product("lamp"), "1.0");
  const auto made =
      ask("POST", "/api/v1/kits",
          R"({"version":"0.0.5","releases":[1],"notes":{"zh":"x"},"permissions":[79],)"
          R"("released_at":"2026-01-02T03:04:05.000Z"})");
  ASSERT_EQ(made.outcome(), "201");
  EXPECT_EQ(made.at("items.0.release"), "1");
  EXPECT_EQ(made.at("released_at"), "2026-01-02T03:04:05.000Z");
  EXPECT_EQ(made.at("upgrade_method"), "query");
  EXPECT_EQ(ask("POST", "/api/v1/kits", R"({"version":"0.0.6","releases":[9]})").outcome(),
            "404 not_found releases");
  EXPECT_EQ(ask("POST", "/api/v1/kits", R"({"version":"0.0.6","released_at":"soon"})").outcome(),
            "400 invalid released_at");
  EXPECT_EQ(ask("PATCH", "/api/v1/kits/1", R"({"released_at":null})").at("released_at"), "null");
  EXPECT_EQ(ask("POST", "/api/v1/kits/1/publish").at("released_at"), "null");
  EXPECT_EQ(ask("PATCH", "/api/v1/kits/1", R"({"version":"1"})").outcome(),
            "409 precondition version");
  EXPECT_EQ(ask("DELETE", "/api/v1/kits/1").outcome(), "409 precondition");
  EXPECT_EQ(ask("POST", "/api/v1/kits/1/revoke").at("state"), "revoked");
  EXPECT_EQ(ask("GET", "/api/v1/kits?state=revoked").at("items"), "[1]");
  EXPECT_EQ(ask("POST", "/api/v1/kits", R"({"version":"7"})").outcome(), "201");
  EXPECT_EQ(ask("DELETE", "/api/v1/kits/2").outcome(), "204");
  EXPECT_EQ(ask("GET", "/api/v1/kits/2").outcome(), "404 not_found id");
}

TEST_F(ApiCatalogueTest, ListsOfDevicesAsFiles) {
  published(product("lamp"), "1.0");
  ask("POST", "/api/v1/deployments", R"({"name":"d","target":{"release":1}})");
  const std::string path = "/api/v1/deployments/1/";
  const auto put = [&](const std::string& what, const std::vector<std::string>& pieces) {
    return *send("PUT", path + what, pieces, {{"Content-Type", "text/csv"}});
  };
  EXPECT_EQ(put("devices?mode=add", {"a\n"}).outcome(), "409 precondition everyone");
  const auto made = put("devices", {"key,site\nb", ",x\na,y\nb,", "z\n"});
  EXPECT_EQ(made.body,
            R"({"deployment":1,"list":"devices","mode":"replace","lines":3,"keys":2,"added":2,)"
            R"("removed":0,"unchanged":0,"count":2})");
  EXPECT_EQ(ask("GET", "/api/v1/deployments/1").at("everyone"), "false");
  const auto more = put("devices?mode=add", {"a\nc\n"});
  EXPECT_EQ(more.at("added") + more.at("unchanged") + more.at("count"), "113");
  const auto less = put("devices?mode=remove", {"c\nnobody\n"});
  EXPECT_EQ(less.at("removed") + less.at("unchanged") + less.at("count"), "112");
  const auto wrong = put("devices", {"d\ne,f\n\n", "\"g\n"});
  EXPECT_EQ(wrong.outcome(), "400 invalid line 2");
  EXPECT_NE(wrong.body.find("line 4"), std::string::npos) << wrong.body;
  EXPECT_EQ(put("devices?mode=x", {}).outcome(), "400 invalid mode");
  EXPECT_EQ(ask("GET", path + "devices").at("items"), "[2]");
  EXPECT_EQ(put("excluded-devices", {"b\n\"x,y\"\n"}).at("list"), "excluded_devices");
  EXPECT_EQ(ask("GET", path + "excluded-devices?limit=1").at("items.0"), "b");
  // A file that does not come whole changes nothing.
  EXPECT_FALSE(send("PUT", path + "devices", {"z\n"}, {}, false));
  EXPECT_EQ(put("devices", {}).at("removed"), "2");
  EXPECT_EQ(ask("GET", "/api/v1/deployments/1").at("everyone"), "false");
  ask("POST", path + "cancel");
  EXPECT_EQ(put("devices", {"a\n"}).outcome(), "409 precondition");
  EXPECT_EQ(put("excluded-devices?mode=add", {"a\n"}).outcome(), "409 precondition");
}

TEST_F(ApiCatalogueTest, Deployments) {
  published(product("lamp"), "1.0");
  const auto made =
      ask("POST", "/api/v1/deployments",
          R"({"name":"spring","target":{"release":1,"kit":null},"devices":["b","a"],)"
          R"("priority":5,"from_versions":["0.9"],"package_mode":"full_only","signal_min":-20,)"
          R"("power_min_percent":30,"retry_count":2,"retry_interval_s":60,"attempts_max":4,)"
          R"("deadline":"2026-06-01T00:00:00.000Z"})");
  ASSERT_EQ(made.outcome(), "201");
  EXPECT_EQ(made.at("everyone"), "false");
  EXPECT_EQ(made.at("device_count"), "2");
  EXPECT_EQ(made.at("target.release"), "1");
  EXPECT_EQ(made.at("target.newest_in_channel"), "null");
  EXPECT_EQ(made.at("deadline"), "2026-06-01T00:00:00.000Z");
  EXPECT_EQ(ask("GET", "/api/v1/deployments/1").at("counts.pending"), "0");
  EXPECT_EQ(
      ask("PATCH", "/api/v1/deployments/1", R"({"deadline":null,"priority":6})").at("deadline"),
      "null");
  EXPECT_EQ(ask("POST", "/api/v1/deployments/1/devices", R"({"add":["c"],"remove":["a"]})")
                .at("device_count"),
            "2");
  const auto first = ask("GET", "/api/v1/deployments/1/devices?limit=1");
  EXPECT_EQ(first.at("items.0"), "b");
  const auto second =
      ask("GET", "/api/v1/deployments/1/devices?limit=1&cursor=" + first.at("next_cursor"));
  EXPECT_EQ(second.at("items.0"), "c");
  EXPECT_EQ(second.at("next_cursor"), "null");
  EXPECT_EQ(ask("GET", "/api/v1/deployments/1/devices?cursor=zz").outcome(), "400 invalid cursor");
  for (const auto& [action, state] : {std::pair{"start", "running"},
                                      {"pause", "paused"},
                                      {"resume", "running"},
                                      {"finish", "finished"}}) {
    EXPECT_EQ(ask("POST", "/api/v1/deployments/1/" + std::string(action)).at("state"), state);
  }
  EXPECT_EQ(ask("POST", "/api/v1/deployments/1/cancel").outcome(), "409 precondition");
  EXPECT_EQ(ask("DELETE", "/api/v1/deployments/1").outcome(), "409 precondition");
  EXPECT_EQ(ask("GET", "/api/v1/deployments?state=finished").at("items"), "[1]");
}

TEST_F(ApiCatalogueTest, DeploymentsThatAreRefused) {
  const std::string path = "/api/v1/deployments";
  EXPECT_EQ(ask("POST", path, "{}").outcome(), "400 invalid name");
  EXPECT_EQ(ask("POST", path, R"({"name":"d"})").outcome(), "400 invalid target");
  EXPECT_EQ(ask("POST", path, R"({"name":"d","target":{}})").outcome(), "400 invalid target");
  EXPECT_EQ(ask("POST", path, R"({"name":"d","target":{"realese":1}})").outcome(),
            "400 invalid target.realese");
  EXPECT_EQ(ask("POST", path, R"({"name":"d","target":{"release":-1}})").outcome(),
            "400 invalid target.release");
  EXPECT_EQ(ask("POST", path, R"({"name":"d","target":{"kit":3}})").outcome(),
            "404 not_found target.kit");
  EXPECT_EQ(ask("POST", path, R"({"name":"d","target":{"newest_in_channel":7}})").outcome(),
            "400 invalid target.newest_in_channel");
  EXPECT_EQ(ask("POST", path, R"({"name":"d","target":"stable"})").outcome(), "400 invalid target");
  EXPECT_EQ(ask("POST", path, R"({"name":"d","target":{"newest_in_channel":"a"},"devices":[1]})")
                .outcome(),
            "400 invalid devices");
  EXPECT_EQ(
      ask("POST", path, R"({"name":"d","target":{"newest_in_channel":"a"},"package_mode":"some"})")
          .outcome(),
      "400 invalid package_mode");
  EXPECT_EQ(ask("POST", path, R"({"name":"d","target":{"newest_in_channel":"a"}})").outcome(),
            "201");
  EXPECT_EQ(ask("DELETE", path + "/1").outcome(), "204");
}

TEST_F(ApiCatalogueTest, ADeploymentBelongsToTheTenantOfItsTarget) {
  ask("POST", "/api/v1/tenants", R"({"name":"acme"})");
  ask("POST", "/api/v1/products", R"({"name":"lamp","tenant":"acme"})");
  const auto made = ask("POST", "/api/v1/deployments",
                        R"({"name":"d","target":{"newest_in_channel":"a","product":1}})");
  EXPECT_EQ(made.at("tenant"), "acme");
  EXPECT_EQ(ask("POST", "/api/v1/deployments",
                R"({"name":"e","tenant":"default","target":{"newest_in_channel":"a","product":1}})")
                .outcome(),
            "404 not_found target.product");
}

TEST_F(ApiCatalogueTest, Credentials) {
  const auto made = ask("POST", "/api/v1/credentials",
                        R"({"kind":"oauth_client","name":"mobile_1","secret":"secret_1",)"
                        R"("attributes":{"grants":"password refresh_token"},"permissions":[1]})");
  ASSERT_EQ(made.outcome(), "201");
  EXPECT_EQ(made.at("secret"), "secret_1");
  const auto path = "/api/v1/credentials/" + made.at("id");
  EXPECT_EQ(ask("GET", path).at("secret"), "(none)");
  EXPECT_EQ(ask("GET", path).at("attributes.grants"), "password refresh_token");
  const auto changed =
      ask("PATCH", path, R"({"attributes":{"grants":null,"scopes":"read"},"disabled":true})");
  EXPECT_EQ(changed.at("attributes.grants"), "(none)");
  EXPECT_EQ(changed.at("attributes.scopes"), "read");
  EXPECT_EQ(changed.at("disabled"), "true");
  EXPECT_EQ(ask("PATCH", path, R"({"attributes":{"a":1}})").outcome(), "400 invalid attributes");
  EXPECT_EQ(ask("PATCH", path, R"({"secret":"x"})").outcome(), "400 invalid secret");
  EXPECT_EQ(ask("POST", path + "/rotate").at("secret").size(), 40U);
  EXPECT_EQ(ask("POST", path + "/rotate", R"({"secret":"given"})").at("secret"), "given");
  EXPECT_EQ(ask("GET", "/api/v1/credentials?kind=oauth_client").at("items"), "[1]");
  EXPECT_EQ(ask("POST", "/api/v1/credentials", R"({"name":"x"})").outcome(), "400 invalid kind");
  EXPECT_EQ(ask("POST", "/api/v1/credentials", R"({"kind":"x","name":"x"})").outcome(),
            "400 invalid kind");
  EXPECT_EQ(ask("POST", "/api/v1/credentials", R"({"kind":"oauth_user"})").outcome(),
            "400 invalid name");
  EXPECT_EQ(
      ask("POST", "/api/v1/credentials", R"({"kind":"oauth_client","name":"mobile_1"})").outcome(),
      "409 conflict name");
  EXPECT_EQ(ask("DELETE", path).outcome(), "204");
  EXPECT_EQ(ask("DELETE", path).outcome(), "404 not_found id");
  EXPECT_EQ(ask("DELETE", "/api/v1/credentials/1").outcome(), "409 precondition");
}

TEST_F(ApiCatalogueTest, NobodyMakesThemselvesAdmin) {
  const auto op = key_of_role("admin", "default", "tenant");
  const auto path = std::string("/api/v1/credentials");
  const auto own = ask_as(op, "GET", path + "?kind=api_key").at("items.1.id");
  EXPECT_EQ(
      ask_as(op, "POST", path, R"({"kind":"api_key","name":"x","attributes":{"role":"admin"}})")
          .outcome(),
      "403 forbidden attributes.scope");
  EXPECT_EQ(ask_as(op, "PATCH", path + "/" + own, R"({"attributes":{"scope":null}})").outcome(),
            "403 forbidden attributes.scope");
  EXPECT_EQ(ask_as(op, "PATCH", path + "/" + own, R"({"attributes":{"scope":"server"}})").outcome(),
            "403 forbidden attributes.scope");
  EXPECT_EQ(ask_as(op, "POST", path + "/1/rotate").outcome(), "403 forbidden attributes.scope");
  EXPECT_EQ(ask_as(op, "DELETE", path + "/1").outcome(), "403 forbidden attributes.scope");
  EXPECT_EQ(ask_as(op, "PATCH", path + "/1", R"({"disabled":true})").outcome(),
            "403 forbidden attributes.scope");
  EXPECT_EQ(ask_as(op, "POST", path, R"({"kind":"api_key","name":"x"})").outcome(), "201");
  EXPECT_EQ(
      ask_as(op, "POST", path, R"({"kind":"api_key","name":"y","attributes":{"scope":"server"}})")
          .outcome(),
      "403 forbidden attributes.scope");
  EXPECT_EQ(ask_as(op, "POST", path,
                   R"({"kind":"api_key","name":"z",)"
                   R"("attributes":{"role":"admin","scope":"tenant"}})")
                .outcome(),
            "201");
}

TEST_F(ApiCatalogueTest, Settings) {
  EXPECT_EQ(ask("PUT", "/api/v1/settings/a.b", R"({"value":"c"})").outcome(), "200");
  EXPECT_EQ(ask("GET", "/api/v1/settings").at("items.0.value"), "c");
  EXPECT_EQ(ask("GET", "/api/v1/settings/a.b").at("known"), "false");
  EXPECT_EQ(ask("GET", "/api/v1/settings/b.a").outcome(), "404 not_found name");
  const std::string known = "/api/v1/settings/api.require_if_match";
  EXPECT_EQ(ask("GET", known).at("default"), "false");
  EXPECT_EQ(ask("GET", known).at("allowed"), "[2]");
  EXPECT_EQ(ask("PUT", known, R"({"value":"yes"})").outcome(), "400 invalid value");
  EXPECT_EQ(ask("PUT", known, R"({"value":"false"})").outcome(), "200");
  EXPECT_EQ(ask("PUT", "/api/v1/settings/A", R"({"value":"c"})").outcome(), "400 invalid name");
  EXPECT_EQ(ask("PUT", "/api/v1/settings/a", "{}").outcome(), "400 invalid value");
}

TEST_F(ApiCatalogueTest, EverythingIsThereAfterARestart) {
  published(product("lamp"), "1.0");
  ask("POST", "/api/v1/kits", R"({"version":"1","releases":[1]})");
  ask("POST", "/api/v1/deployments", R"({"name":"d","target":{"release":1},"devices":["a"]})");
  ask("POST", "/api/v1/credentials", R"({"kind":"oauth_user","name":"aa"})");
  ask("POST", "/api/v1/devices", R"({"key":"a","attributes":{"k":"v"}})");
  const std::vector<std::string> paths{
      "/api/v1/tenants",     "/api/v1/products", "/api/v1/releases",
      "/api/v1/packages",    "/api/v1/kits",     "/api/v1/deployments/1",
      "/api/v1/credentials", "/api/v1/devices",  "/api/v1/deployments/1/devices"};
  std::vector<std::string> before;
  for (const auto& path : paths) before.push_back(ask("GET", path).body);
  restart_all();
  for (size_t i = 0; i < paths.size(); ++i) EXPECT_EQ(ask("GET", paths[i]).body, before[i]);
}

}  // namespace
}  // namespace otaru::api
