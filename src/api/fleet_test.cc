// SPDX-License-Identifier: Apache-2.0
// The operations on devices, tasks and uploads.
#include "base/encoding.h"
#include "base/limits.h"
#include "tests/support/api_world.h"

namespace otaru::api {
namespace {

class ApiFleetTest : public ApiTest {
 protected:
  ApiFleetTest() {
    lamp = product("lamp");
    published(lamp, "1.0");
    published(lamp, "2.0");
    ask("POST", "/api/v1/deployments", R"({"name":"all","target":{"newest_in_channel":"stable"}})");
    EXPECT_EQ(ask("POST", "/api/v1/deployments/1/start").outcome(), "200");
  }

  void check(std::string_view key, std::string_view version) {
    EXPECT_TRUE(engine
                    ->run_blocking("test",
                                   [&](app::DeviceGateway& gateway) -> base::Status {
                                     OTARU_TRY(device,
                                               gateway.identify(domain::kDefaultTenant, key,
                                                                app::Identify::find_or_register));
                                     domain::CheckIn in;
                                     in.product = lamp;
                                     in.slot = "lamp";
                                     in.version = version;
                                     OTARU_CHECK(gateway.check(device, in, app::TaskBirth::record));
                                     gateway.log(device, "checked");
                                     return {};
                                   })
                    .has_value());
  }

  domain::ProductId lamp;
};

TEST_F(ApiFleetTest, DevicesThatWaitForApproval) {
  for (const std::string_view key : {"d1", "d2", "d3"}) {
    const auto mode = key == "d3" ? app::Identify::find_or_register
                                  : app::Identify::find_or_register_pending;
    const auto done =
        engine->run_blocking("door", [&](app::DeviceGateway& gateway) -> base::Status {
          OTARU_CHECK(gateway.identify(domain::kDefaultTenant, key, mode));
          return {};
        });
    ASSERT_TRUE(done.has_value());
  }
  EXPECT_EQ(ask("GET", "/api/v1/devices/d1").at("pending"), "true");
  const auto waiting = ask("GET", "/api/v1/devices?pending=true");
  EXPECT_EQ(waiting.at("items.0.key"), "d1");
  EXPECT_EQ(waiting.at("items.1.key"), "d2");
  EXPECT_EQ(waiting.at("items.2.key"), "(none)");
  EXPECT_EQ(waiting.at("scanned"), "2");
  EXPECT_EQ(ask("GET", "/api/v1/devices?pending=false").at("items.0.key"), "d3");
  EXPECT_EQ(ask("GET", "/api/v1/devices?pending=maybe").outcome(), "400 invalid pending");
  EXPECT_EQ(ask("GET", "/api/v1/devices?filter=pending%20%3D%3D%20true").at("items.1.key"), "d2");
  const auto approved = ask("POST", "/api/v1/devices/d1/approve");
  EXPECT_EQ(approved.outcome(), "200");
  EXPECT_EQ(approved.at("blocked") + approved.at("pending"), "falsefalse");
  const auto rejected = ask("POST", "/api/v1/devices/d2/reject");
  EXPECT_EQ(rejected.at("blocked") + rejected.at("pending"), "truefalse");
  EXPECT_EQ(ask("POST", "/api/v1/devices/d2/approve").outcome(), "409 precondition");
  EXPECT_EQ(ask("POST", "/api/v1/devices/d9/approve").outcome(), "404 not_found key");
  EXPECT_EQ(ask("GET", "/api/v1/devices?pending=true").at("items.0.key"), "(none)");
  std::vector<std::string> actions;
  const auto journal = *store.list_journal({});
  for (const auto& entry : journal) actions.push_back(entry.action);
  EXPECT_EQ(actions.at(0), "device.reject");
  EXPECT_EQ(actions.at(1), "device.approve");
}

TEST_F(ApiFleetTest, Devices) {
  const std::string secret = "AQIDBAUGBwgJCgsMDQ4PEA==";
  const auto made = ask("POST", "/api/v1/devices",
                        R"({"key":"d1","attributes":{"a":"1"},"secret":")" + secret + R"("})");
  ASSERT_EQ(made.outcome(), "201");
  EXPECT_EQ(made.at("has_secret"), "true");
  EXPECT_EQ(made.at("door"), "operator");
  EXPECT_EQ(made.at("last_seen_at"), "null");
  EXPECT_EQ(made.body.find(secret), std::string::npos);
  EXPECT_EQ(ask("POST", "/api/v1/devices", R"({"key":"d1"})").outcome(), "409 conflict key");
  EXPECT_EQ(ask("POST", "/api/v1/devices", "{}").outcome(), "400 invalid key");
  EXPECT_EQ(ask("POST", "/api/v1/devices", R"({"key":"x","secret":"y"})").outcome(),
            "400 invalid secret");
  const auto changed =
      ask("PATCH", "/api/v1/devices/d1", R"({"blocked":true,"attributes":{"a":null,"b":"2"}})");
  EXPECT_EQ(changed.at("blocked"), "true");
  EXPECT_EQ(changed.at("attributes.a"), "(none)");
  EXPECT_EQ(changed.at("attributes.b"), "2");
  EXPECT_EQ(ask("PATCH", "/api/v1/devices/d1", R"({"blocked":"yes"})").outcome(),
            "400 invalid blocked");
  EXPECT_EQ(ask("PATCH", "/api/v1/devices/d9", R"({"blocked":true})").outcome(),
            "404 not_found key");
  EXPECT_EQ(ask("PUT", "/api/v1/devices/d1/secret").at("secret").size(), 44U);
  EXPECT_EQ(ask("PUT", "/api/v1/devices/d1/secret", R"({"secret":"x"})").outcome(),
            "400 invalid secret");
  EXPECT_EQ(ask("PUT", "/api/v1/devices/d9/secret").outcome(), "404 not_found key");
  EXPECT_EQ(ask("DELETE", "/api/v1/devices/d1/secret").outcome(), "204");
  EXPECT_EQ(ask("GET", "/api/v1/devices/d1").at("has_secret"), "false");
  EXPECT_EQ(ask("DELETE", "/api/v1/devices/d1").outcome(), "204");
  EXPECT_EQ(ask("DELETE", "/api/v1/devices/d1").outcome(), "404 not_found key");
  EXPECT_EQ(ask("GET", "/api/v1/devices/d1").outcome(), "404 not_found key");
}

TEST_F(ApiFleetTest, ConsentOfADevice) {
  check("d1", "1.0");
  const std::string path = "/api/v1/devices/d1/consent";
  EXPECT_EQ(ask("GET", path).body,
            R"({"choice":"unset","postponed_until":null,"by":"","at":null,"history":[]})");
  const std::string until = base::iso8601(clock.now() + base::kHourMs);
  const auto set = ask("PUT", path, R"({"choice":"ask","postponed_until":")" + until + R"("})");
  ASSERT_EQ(set.outcome(), "200");
  EXPECT_EQ(set.at("choice"), "ask");
  EXPECT_EQ(set.at("postponed_until"), until);
  EXPECT_EQ(set.at("by"), "operator: admin");
  EXPECT_EQ(set.at("history.0.step"), "chosen");
  // As a whole: what is left out is nothing.
  const auto again = ask("PUT", path, R"({"choice":"automatic"})");
  EXPECT_EQ(again.at("postponed_until"), "null");
  EXPECT_EQ(again.at("history"), "[2]");
  EXPECT_EQ(again.at("history.0.choice"), "automatic");
  EXPECT_EQ(again.at("history.1.until"), until);
  EXPECT_EQ(ask("GET", path).body, again.body);
  EXPECT_EQ(ask("PUT", path, "{}").outcome(), "400 invalid choice");
  EXPECT_EQ(ask("PUT", path, R"({"choice":"never"})").outcome(), "400 invalid choice");
  EXPECT_EQ(
      ask("PUT", path, R"({"choice":"ask","postponed_until":"2001-01-01T00:00:00Z"})").outcome(),
      "400 invalid postponed_until");
  EXPECT_EQ(ask("PUT", "/api/v1/devices/d9/consent", R"({"choice":"ask"})").outcome(),
            "404 not_found key");
  EXPECT_EQ(ask("GET", "/api/v1/devices/d9/consent").outcome(), "404 not_found key");
  EXPECT_EQ(ask("GET", path).at("history"), "[2]");
  const std::string viewer = key_of_role("viewer");
  EXPECT_EQ(ask_as(viewer, "GET", path).outcome(), "200");
  EXPECT_EQ(ask_as(viewer, "PUT", path, R"({"choice":"ask"})").outcome(), "403 forbidden");
}

TEST_F(ApiFleetTest, AnAnswerToOneUpdate) {
  check("d1", "1.0");
  const auto id = ask("GET", "/api/v1/devices/d1/tasks").at("items.0.id");
  const std::string path = "/api/v1/tasks/" + id + "/consent";
  EXPECT_EQ(ask("POST", path, "{}").outcome(), "400 invalid action");
  EXPECT_EQ(ask("POST", path, R"({"action":"maybe"})").outcome(), "400 invalid action");
  EXPECT_EQ(ask("POST", path, R"({"action":"postpone"})").outcome(), "400 invalid until");
  EXPECT_EQ(ask("POST", path, R"({"action":"grant","until":"2030-01-01T00:00:00Z"})").outcome(),
            "400 invalid until");
  const std::string until = base::iso8601(clock.now() + base::kHourMs);
  const auto later = ask("POST", path, R"({"action":"postpone","until":")" + until + R"("})");
  EXPECT_EQ(later.at("state"), "pending");
  const auto noted = ask("GET", "/api/v1/devices/d1/consent");
  EXPECT_EQ(noted.at("postponed_until"), until);
  EXPECT_EQ(noted.at("choice"), "unset");
  EXPECT_EQ(noted.at("history.0.task"), id);
  EXPECT_EQ(ask("POST", path, R"({"action":"grant"})").at("state"), "pending");
  EXPECT_EQ(ask("GET", "/api/v1/devices/d1/consent").at("postponed_until"), "null");
  const auto no = ask("POST", path, R"({"action":"refuse"})");
  EXPECT_EQ(no.at("state"), "cancelled");
  EXPECT_EQ(no.at("result"), "consent_refused");
  EXPECT_EQ(ask("POST", path, R"({"action":"grant"})").outcome(), "409 precondition");
  EXPECT_EQ(ask("POST", "/api/v1/tasks/99999/consent", R"({"action":"grant"})").outcome(),
            "404 not_found id");
}

TEST_F(ApiFleetTest, ARevokedReleaseSaysWhoHasIt) {
  check("d1", "1.0");
  check("d2", "v1.00");  // the same version, as versions of the product go
  check("d3", "2.0");
  ASSERT_TRUE(engine->flush().has_value());
  const auto first = ask("POST", "/api/v1/releases/2/revoke");
  EXPECT_EQ(first.at("state"), "revoked");
  EXPECT_EQ(first.at("installed.devices"), "1");
  EXPECT_EQ(first.at("installed.open_tasks"), "2");
  EXPECT_EQ(first.at("installed.counted_all"), "true");
  EXPECT_EQ(ask("GET", first.at("installed.list")).at("items.0.key"), "d3");
  const auto second = ask("POST", "/api/v1/releases/1/revoke");
  EXPECT_EQ(second.at("installed.devices"), "2");
  EXPECT_EQ(second.at("installed.open_tasks"), "0");
  EXPECT_EQ(ask("GET", second.at("installed.list")).at("items"), "[2]");
}

TEST_F(ApiFleetTest, ARevokedReleaseSaysWhenNotAllWereCounted) {
  app::WriteBatch batch;
  for (size_t i = 1; i <= base::limits::kInstalledScanMax + 1; ++i) {
    domain::Device device;
    device.key = "k" + std::to_string(i);
    device.tenant = domain::kDefaultTenant;
    const auto bucket = domain::bucket_for(device.tenant, device.key);
    device.id = domain::DeviceId{static_cast<int64_t>(i) * base::kBucketCount + bucket};
    device.components = {{"lamp", lamp, "1.0", {}}};
    batch.ops.emplace_back(app::PutDevice{device});
  }
  const app::WriteBatch* batches[] = {&batch};
  ASSERT_TRUE(store.apply(batches).has_value());
  const auto revoked = ask("POST", "/api/v1/releases/1/revoke");
  EXPECT_EQ(revoked.at("state"), "revoked");
  EXPECT_EQ(revoked.at("installed.devices"), std::to_string(base::limits::kInstalledScanMax));
  EXPECT_EQ(revoked.at("installed.counted_all"), "false");
}

TEST_F(ApiFleetTest, WhatADeviceSaidIsShown) {
  check("d1", "1.0");
  ASSERT_TRUE(engine->flush().has_value());
  const auto device = ask("GET", "/api/v1/devices/d1");
  EXPECT_EQ(device.at("door"), "test");
  EXPECT_EQ(device.at("components.0.slot"), "lamp");
  EXPECT_EQ(device.at("components.0.product"), "1");
  EXPECT_EQ(device.at("components.0.version"), "1.0");
  EXPECT_EQ(device.at("last_seen_at"), "2026-05-01T12:00:00.000Z");
  EXPECT_EQ(ask("GET", "/api/v1/devices/d1/log").at("items.0.text"), "checked");
  EXPECT_EQ(ask("GET", "/api/v1/devices/d9/log").outcome(), "404 not_found key");
  EXPECT_EQ(ask("GET", "/api/v1/devices/d9/tasks").outcome(), "404 not_found key");
}

TEST_F(ApiFleetTest, Tasks) {
  check("d1", "1.0");
  check("d2", "1.0");
  const auto all = ask("GET", "/api/v1/tasks?deployment=1&state=pending");
  EXPECT_EQ(all.at("items"), "[2]");
  const auto first = ask("GET", "/api/v1/tasks?limit=1");
  const auto second = ask("GET", "/api/v1/tasks?limit=1&cursor=" + first.at("next_cursor"));
  EXPECT_NE(first.at("items.0.device"), second.at("items.0.device"));
  EXPECT_EQ(second.at("next_cursor"), "null");
  const auto task = ask("GET", "/api/v1/devices/d1/tasks");
  EXPECT_EQ(task.at("items"), "[1]");
  EXPECT_EQ(task.at("items.0.device"), "d1");
  EXPECT_EQ(task.at("items.0.target_version"), "2.0");
  EXPECT_EQ(task.at("items.0.packages.0"), "2");
  const auto path = "/api/v1/tasks/" + task.at("items.0.id");
  EXPECT_EQ(ask("GET", path).at("state"), "pending");
  EXPECT_EQ(ask("POST", path + "/pause").at("state"), "paused");
  EXPECT_EQ(ask("POST", path + "/resume").at("state"), "pending");
  EXPECT_EQ(ask("POST", path + "/cancel").at("state"), "cancelled");
  EXPECT_EQ(ask("POST", path + "/cancel").outcome(), "409 precondition");
  EXPECT_EQ(ask("POST", path + "/cancel", R"({"x":1})").outcome(), "400 invalid x");
  const auto history = ask("GET", path + "/history");
  EXPECT_EQ(history.at("items.0.event"), "created");
  EXPECT_EQ(history.at("items.3.detail"), "operator: admin");
  EXPECT_EQ(ask("GET", "/api/v1/deployments/1").at("counts.cancelled"), "1");
  EXPECT_EQ(ask("GET", "/api/v1/deployments/1").at("counts.pending"), "1");
  EXPECT_EQ(ask("GET", "/api/v1/tasks/99999").outcome(), "404 not_found id");
  EXPECT_EQ(ask("GET", "/api/v1/tasks?deployment=9").outcome(), "404 not_found deployment");
}

TEST_F(ApiFleetTest, Explain) {
  check("d1", "1.0");
  const auto before = stored();
  const auto why = ask("GET", "/api/v1/devices/d1/explain");
  EXPECT_EQ(why.at("device"), "d1");
  EXPECT_EQ(why.at("items"), "[1]");
  EXPECT_EQ(why.at("items.0.reason"), "continue_task");
  EXPECT_EQ(why.at("items.0.offered"), "true");
  EXPECT_EQ(why.at("items.0.packages.0"), "2");
  EXPECT_NE(why.at("items.0.sentence.en").find("2.0"), std::string::npos);
  EXPECT_NE(why.at("items.0.sentence.zh").find("2.0"), std::string::npos);
  EXPECT_NE(why.at("items.0.trace"), "[0]");
  const auto newer = ask("GET", "/api/v1/devices/d1/explain?product=1&version=9.0");
  EXPECT_EQ(newer.at("items.0.reason"), "up_to_date");
  EXPECT_EQ(stored(), before);  // looking changes nothing
  ask("POST", "/api/v1/products", R"({"name":"other"})");
  const auto other = ask("GET", "/api/v1/devices/d1/explain?product=2");
  EXPECT_EQ(other.at("items.0.offered"), "false");
  EXPECT_EQ(other.at("items.0.version"), "");
  EXPECT_EQ(ask("GET", "/api/v1/devices/d1/explain?product=9").outcome(), "404 not_found product");
  EXPECT_EQ(ask("GET", "/api/v1/devices/d1/explain?version=1").outcome(), "400 invalid version");
  EXPECT_EQ(ask("GET", "/api/v1/devices/d1/explain?label=x").outcome(), "400 invalid label");
  EXPECT_EQ(ask("GET", "/api/v1/devices/d1/explain?permission=x").outcome(),
            "400 invalid permission");
  EXPECT_EQ(ask("GET", "/api/v1/devices/d9/explain").outcome(), "404 not_found key");
  ask("PATCH", "/api/v1/devices/d1", R"({"blocked":true})");
  EXPECT_EQ(ask("GET", "/api/v1/devices/d1/explain").at("items.0.reason"), "device_blocked");
  ask("PATCH", "/api/v1/devices/d1", R"({"blocked":false})");
}

TEST_F(ApiFleetTest, ExplainAsksAsTheDevicesDoorDoes) {
  const auto why = [&](const std::string& more) {
    return ask("GET", "/api/v1/devices/d1/explain?product=1&version=1.0" + more);
  };
  ask("POST", "/api/v1/devices", R"({"key":"d1","attributes":{"language":"EN"}})");
  EXPECT_EQ(why("").at("door"), "operator");
  EXPECT_EQ(why("").at("items.0.reason"), "offer");
  const auto cn = ask("POST", "/api/v1/releases",
                      R"({"product":1,"version":"3.0","labels":{"language":"CN"}})");
  package(domain::ReleaseId{cn.id()}, "three");
  ask("POST", "/api/v1/releases/" + std::to_string(cn.id()) + "/publish");
  EXPECT_NE(why("").at("items.0.release"), std::to_string(cn.id())) << "it says EN";
  EXPECT_EQ(why("&door=plain").at("items.0.release"), std::to_string(cn.id()))
      << "that protocol states no labels";
  EXPECT_EQ(why("&door=nowhere").outcome(), "400 invalid door");
}

TEST_F(ApiFleetTest, ExplainAtAnotherTimeAndInAnotherLanguage) {
  ask("POST", "/api/v1/devices", R"({"key":"d1"})");
  const std::string path = "/api/v1/devices/d1/explain?product=1&version=1.0";
  const auto now = ask("GET", path);
  EXPECT_EQ(now.at("items.0.summary"), now.at("items.0.sentence.en"));
  EXPECT_EQ(now.at("items.0.deployments.0.standing"), "decided");
  EXPECT_EQ(now.at("items.0.deployments.0.reason"), "offer");
  EXPECT_NE(now.at("items.0.deployments.0.rules"), "[0]");
  const auto then = ask("GET", path + "&at=2030-01-01T00:00:00Z");
  EXPECT_EQ(then.at("at"), "2030-01-01T00:00:00.000Z");
  EXPECT_EQ(then.at("live"), "false");
  EXPECT_EQ(ask("GET", path + "&at=tomorrow").outcome(), "400 invalid at");
  const auto summary = [&](std::string_view wanted) {
    more_headers = {{"Accept-Language", wanted}};
    const auto reply = ask("GET", path);
    more_headers.clear();
    return reply.at("items.0.summary") == reply.at("items.0.sentence.zh") ? "zh" : "en";
  };
  EXPECT_STREQ(summary("zh-CN,zh;q=0.9,en;q=0.8"), "zh");
  EXPECT_STREQ(summary("en;q=0.5, ZH;q=0.7"), "zh");
  EXPECT_STREQ(summary("fr, en;q=0.5, zh;q=0.4"), "en");
  EXPECT_STREQ(summary("zh;q=0"), "en");
  EXPECT_STREQ(summary("fr"), "en");
}

TEST_F(ApiFleetTest, DryRuns) {
  for (int i = 0; i < 3; ++i) {
    ask("POST", "/api/v1/devices", R"({"key":"f)" + std::to_string(i) + R"("})");
  }
  check("d1", "1.0");
  const std::string path = "/api/v1/deployments/1/dry-runs";
  const auto before = stored();
  const auto made = ask("POST", path, R"({"at":null})");
  EXPECT_EQ(made.status, 201);
  const std::string one = path + "/" + made.at("n");
  EXPECT_EQ(ask("GET", one).at("state"), "queued");
  while (dry_runs->step()) {
  }
  const auto done = ask("GET", one);
  EXPECT_EQ(done.at("state"), "finished");
  EXPECT_EQ(done.at("devices_done"), "4");
  EXPECT_EQ(done.at("devices_concerned"), "1");
  EXPECT_EQ(done.at("groups.0.fate"), "under_way");
  EXPECT_EQ(done.at("groups.0.devices.0"), "d1");
  EXPECT_NE(done.at("groups.0.example.sentence.en").find("Goes on with task"), std::string::npos);
  EXPECT_EQ(stored(), before) << "it writes nothing";
  EXPECT_EQ(ask("GET", path).at("items"), "[1]");
  EXPECT_EQ(ask("GET", "/api/v1/deployments/1/dry-runs/9").outcome(), "404 not_found n");
  EXPECT_EQ(ask("GET", "/api/v1/deployments/1/dry-runs/x").outcome(), "404 not_found n");
  EXPECT_EQ(ask("DELETE", one).outcome(), "204");
  EXPECT_EQ(ask("GET", one).outcome(), "404 not_found n");
  // So many wait, and no more; one that is forgotten makes room.
  std::string last;
  for (size_t i = 0; i < base::limits::kDryRunsWaitingMax + base::limits::kDryRunsAtOnce; ++i) {
    last = ask("POST", path).at("n");
  }
  EXPECT_EQ(ask("POST", path).status, 429);
  EXPECT_EQ(ask("DELETE", path + "/" + last).outcome(), "204");
  EXPECT_EQ(ask("POST", path).status, 201);
  ask("POST", "/api/v1/deployments/1/cancel", R"({"reason":"enough"})");
  EXPECT_EQ(ask("POST", path).outcome(), "409 precondition");
  while (dry_runs->step()) {
  }
  EXPECT_EQ(ask("GET", path).at("items.0.state"), "failed") << "it ended while they waited";
}

TEST_F(ApiFleetTest, ExplainWithLabelsAndPermissions) {
  const auto cn = ask("POST", "/api/v1/releases",
                      R"({"product":1,"version":"3.0","labels":{"language":"CN"}})");
  app::PackageSpec spec;
  spec.release = domain::ReleaseId{cn.id()};
  spec.upload = upload("three");
  spec.permissions = {7};
  ASSERT_TRUE(catalogue->create_package(app::kOperator, spec).has_value());
  ASSERT_TRUE(catalogue->publish_release(app::kOperator, spec.release).has_value());
  ask("POST", "/api/v1/devices", R"({"key":"d1"})");
  const std::string path = "/api/v1/devices/d1/explain?product=1&version=2.0";
  const auto reason = [&](const std::string& more) {
    return ask("GET", path + more).at("items.0.reason");
  };
  EXPECT_EQ(reason("&language=CN&permission=7"), "offer");
  EXPECT_EQ(reason("&label=language%3DCN&permission=3&permission=7"), "offer");
  EXPECT_EQ(reason("&language=CN"), "not_visible");
  EXPECT_NE(reason("&language=EN&permission=7"), "offer");
  ask("PATCH", "/api/v1/devices/d1", R"({"attributes":{"language":"EN"}})");
  EXPECT_NE(reason("&permission=7"), "offer");
  ask("PATCH", "/api/v1/devices/d1", R"({"attributes":{"language":"CN"}})");
  EXPECT_EQ(reason("&permission=7"), "offer");
}

// --- Uploads ------------------------------------------------------------------------------------

constexpr http::HeaderView kBytes{"Content-Type", "application/offset+octet-stream"};

TEST_F(ApiFleetTest, UploadsInPieces) {
  const auto made = ask("POST", "/api/v1/uploads", R"({"size":10,"file_name":"a.bin"})");
  ASSERT_EQ(made.outcome(), "201");
  EXPECT_EQ(made.at("offset"), "0");
  EXPECT_EQ(made.at("sha256"), "null");
  const auto path = "/api/v1/uploads/" + made.at("id");
  // The connection is lost after five bytes.
  EXPECT_FALSE(
      send("PATCH", path, {"01", "234"}, {kBytes, {"Upload-Offset", "0"}}, false).has_value());
  EXPECT_EQ(ask("GET", path).at("offset"), "5");
  EXPECT_EQ(ask("HEAD", path).header("Upload-Offset"), "5");
  EXPECT_EQ(ask("HEAD", path).body, "");
  const auto wrong = send("PATCH", path, {"5"}, {kBytes, {"Upload-Offset", "0"}});
  EXPECT_EQ(wrong->outcome(), "409 conflict Upload-Offset");
  EXPECT_EQ(wrong->header("Upload-Offset"), "5");
  EXPECT_EQ(send("PATCH", path, {"5"}, {kBytes})->outcome(), "400 invalid Upload-Offset");
  EXPECT_EQ(send("PATCH", path, {"5"}, {kBytes, {"Upload-Offset", "-1"}})->outcome(),
            "400 invalid Upload-Offset");
  EXPECT_EQ(send("PATCH", path, {"5"}, {{"Upload-Offset", "5"}})->outcome(),
            "415 invalid Content-Type");
  EXPECT_EQ(ask("POST", path + "/complete").outcome(), "409 precondition upload");
  const auto more = send("PATCH", path, {"567", "8910"}, {kBytes, {"Upload-Offset", "5"}});
  EXPECT_EQ(more->outcome(), "413 too_large body");
  EXPECT_EQ(more->header("Upload-Offset"), "8");
  const auto last = send("PATCH", path, {"89"}, {kBytes, {"Upload-Offset", "8"}});
  EXPECT_EQ(last->status, 204);
  EXPECT_EQ(last->header("Upload-Offset"), "10");
  const auto done = ask("POST", path + "/complete");
  EXPECT_EQ(done.at("complete"), "true");
  EXPECT_EQ(done.at("md5"), "781e5e245d69b566979b86e28d23f2c7");
  EXPECT_EQ(
      ask("POST", path + "/complete", R"({"sha256":")" + done.at("sha256") + R"("})").outcome(),
      "200");
  EXPECT_EQ(send("PATCH", path, {"x"}, {kBytes, {"Upload-Offset", "10"}})->outcome(),
            "409 precondition upload");
  EXPECT_EQ(
      ask("POST", path + "/complete", R"({"sha256":")" + std::string(64, '0') + R"("})").outcome(),
      "409 conflict sha256");
  EXPECT_EQ(ask("GET", path).outcome(), "404 not_found upload");
}

TEST_F(ApiFleetTest, TusCreatesAndChecks) {
  const std::string all = "/api/v1/uploads";
  const http::HeaderView tus{"Tus-Resumable", "1.0.0"};
  const auto options = ask_as("", "OPTIONS", all);
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("Tus-Version"), "1.0.0");
  EXPECT_EQ(options.header("Tus-Max-Size"), "17179869184");
  EXPECT_EQ(options.header("Tus-Checksum-Algorithm"), "sha1,sha256,md5");
  const auto made = send(
      "POST", all, {}, {tus, {"Upload-Length", "5"}, {"Upload-Metadata", "filename bXkgYS5iaW4="}});
  ASSERT_EQ(made->status, 201);
  const std::string path = made->header("Location");
  EXPECT_EQ(path.substr(0, all.size()), all);
  EXPECT_EQ(made->header("Upload-Expires"), "Sat, 02 May 2026 12:00:00 GMT");
  EXPECT_EQ(ask("GET", path).at("file_name"), "my_a.bin");
  const auto head = ask("HEAD", path);
  EXPECT_EQ(head.header("Upload-Metadata"), "filename bXkgYS5iaW4=");
  EXPECT_EQ(head.header("Cache-Control"), "no-store");
  EXPECT_EQ(head.header("Tus-Resumable"), "1.0.0");
  const std::string checksum = "md5 " + base::base64(base::digest(base::HashKind::md5, "01"));
  const auto append = [&](std::string_view offset, const std::string& bytes,
                          std::string_view with) {
    return send("PATCH", path, {bytes},
                {tus, kBytes, {"Upload-Offset", offset}, {"Upload-Checksum", with}});
  };
  const auto mismatch = append("0", "0X", checksum);
  EXPECT_EQ(mismatch->outcome(), "460 conflict Upload-Checksum");
  EXPECT_EQ(mismatch->header("Upload-Offset"), "0");
  EXPECT_EQ(mismatch->header("Tus-Resumable"), "1.0.0");
  EXPECT_EQ(append("0", "01", checksum)->header("Upload-Offset"), "2");
  EXPECT_EQ(append("2", "23", "sha512 AAAA")->outcome(), "400 invalid Upload-Checksum");
  EXPECT_EQ(ask("HEAD", path).header("Upload-Offset"), "2");
  const auto old =
      send("PATCH", path, {"2"}, {{"Tus-Resumable", "0.2.2"}, kBytes, {"Upload-Offset", "2"}});
  EXPECT_EQ(old->outcome(), "412 precondition Tus-Resumable");
  EXPECT_EQ(old->header("Tus-Version"), "1.0.0");
  const auto last =
      send("POST", path, {"234"},
           {tus, kBytes, {"Upload-Offset", "2"}, {"X-HTTP-Method-Override", "PATCH"}});
  EXPECT_EQ(last->header("Upload-Offset"), "5");
  EXPECT_EQ(ask("GET", path).at("complete"), "true");
  EXPECT_EQ(ask("POST", path).outcome(), "400 invalid X-HTTP-Method-Override");
  EXPECT_EQ(ask("DELETE", path).header("Tus-Resumable"), "1.0.0");
  EXPECT_EQ(ask("HEAD", path).status, 404);
}

TEST_F(ApiFleetTest, TusCreationWithUpload) {
  const std::string all = "/api/v1/uploads";
  const http::HeaderView tus{"Tus-Resumable", "1.0.0"};
  const http::HeaderView five{"Upload-Length", "5"};
  const auto whole = send("POST", all, {"01", "234"}, {tus, five, kBytes, {"Content-Length", "5"}});
  ASSERT_EQ(whole->status, 201);
  EXPECT_EQ(whole->header("Upload-Offset"), "5");
  const auto known = ask("GET", whole->header("Location"));
  EXPECT_EQ(known.at("complete"), "true");
  EXPECT_EQ(known.at("file_name"), "upload");
  const auto some = send("POST", all, {"01"}, {tus, five, kBytes, {"Content-Length", "2"}});
  EXPECT_EQ(some->header("Upload-Offset"), "2");
  const auto refused = [&](std::vector<http::HeaderView> headers) {
    headers.push_back(tus);
    return send("POST", all, {"01"}, headers)->outcome();
  };
  EXPECT_EQ(refused({five, {"Content-Length", "2"}}), "415 invalid Content-Type");
  EXPECT_EQ(refused({}), "400 invalid Upload-Length");
  EXPECT_EQ(refused({{"Upload-Defer-Length", "1"}}), "400 invalid Upload-Length");
  EXPECT_EQ(refused({{"Upload-Length", "99999999999999"}}), "413 too_large size");
  EXPECT_EQ(refused({five, {"Upload-Metadata", "a !"}}), "400 invalid Upload-Metadata");
  // The hash of what is there already: nothing need be sent.
  const std::string metadata = "sha256 " + base::base64(known.at("sha256"));
  const auto again = send("POST", all, {}, {tus, five, {"Upload-Metadata", metadata}});
  EXPECT_EQ(again->header("Upload-Offset"), "5");
}

TEST_F(ApiFleetTest, UploadsOfAnotherTenantDoNotExist) {
  ask("POST", "/api/v1/tenants", R"({"name":"acme"})");
  const auto stranger = key_of_role("publisher", "acme");
  const auto made = ask("POST", "/api/v1/uploads", R"({"size":5,"file_name":"a.bin"})");
  EXPECT_EQ(made.at("tenant"), "default");
  EXPECT_EQ(made.at("made_by"), "key admin");
  const std::string nothing = std::string(32, '0');
  const auto same = [&](std::string_view method, const std::string& rest, std::string_view body) {
    const auto hidden = ask_as(stranger, method, "/api/v1/uploads/" + made.at("id") + rest, body);
    const auto absent = ask_as(stranger, method, "/api/v1/uploads/" + nothing + rest, body);
    EXPECT_EQ(hidden.outcome(), "404 not_found upload");
    EXPECT_EQ(hidden.body, absent.body);
  };
  same("GET", "", "");
  same("DELETE", "", "");
  same("POST", "/complete", "{}");
  const auto append = [&](const std::string& id) {
    return send_as(stranger, "PATCH", "/api/v1/uploads/" + id, {"01234"},
                   {kBytes, {"Upload-Offset", "0"}});
  };
  EXPECT_EQ(append(made.at("id"))->body, append(nothing)->body);
  EXPECT_EQ(append(made.at("id"))->header("Upload-Offset"), "(none)");
  EXPECT_EQ(ask_as(stranger, "GET", "/api/v1/uploads").at("items"), "[0]");
  EXPECT_EQ(ask("GET", "/api/v1/uploads?tenant=acme").at("items"), "[0]");
  EXPECT_EQ(ask("GET", "/api/v1/uploads?limit=1").at("items"), "[1]");
  send("PATCH", "/api/v1/uploads/" + made.at("id"), {"01234"}, {kBytes, {"Upload-Offset", "0"}});
  const auto theirs = ask_as(stranger, "POST", "/api/v1/products", R"({"name":"theirs"})");
  const auto release = ask_as(stranger, "POST", "/api/v1/releases",
                              R"({"product":)" + theirs.at("id") + R"(,"version":"1.0"})");
  EXPECT_EQ(ask_as(stranger, "POST", "/api/v1/packages",
                   R"({"release":)" + release.at("id") + R"(,"upload":")" + made.at("id") + R"("})")
                .outcome(),
            "404 not_found upload");
  // The hash of what another tenant has opens nothing either.
  const auto known = ask("GET", "/api/v1/uploads/" + made.at("id"));
  const auto again = R"({"size":5,"file_name":"a.bin","sha256":")" + known.at("sha256") + R"("})";
  EXPECT_EQ(ask("POST", "/api/v1/uploads", again).at("complete"), "true");
  EXPECT_EQ(ask_as(stranger, "POST", "/api/v1/uploads", again).at("complete"), "false");
}

TEST_F(ApiFleetTest, UploadsThatAreRefused) {
  EXPECT_EQ(ask("POST", "/api/v1/uploads", R"({"size":0,"file_name":"a"})").outcome(),
            "400 invalid size");
  EXPECT_EQ(ask("POST", "/api/v1/uploads", R"({"size":1e30,"file_name":"a"})").outcome(),
            "400 invalid size");
  EXPECT_EQ(ask("POST", "/api/v1/uploads", R"({"size":99999999999999,"file_name":"a"})").outcome(),
            "413 too_large size");
  EXPECT_EQ(ask("POST", "/api/v1/uploads", R"({"size":1,"file_name":"../a"})").outcome(),
            "400 invalid file_name");
  EXPECT_EQ(ask("GET", "/api/v1/uploads/x").outcome(), "404 not_found upload");
  EXPECT_EQ(send("PATCH", "/api/v1/uploads/x", {}, {kBytes, {"Upload-Offset", "0"}})->outcome(),
            "404 not_found upload");
  EXPECT_EQ(ask("DELETE", "/api/v1/uploads/x").outcome(), "404 not_found upload");
  const auto made = ask("POST", "/api/v1/uploads", R"({"size":10,"file_name":"a.bin"})");
  EXPECT_EQ(ask("DELETE", "/api/v1/uploads/" + made.at("id")).outcome(), "204");
}

TEST_F(ApiFleetTest, AFormWithItsFieldsInEitherOrder) {
  const auto field = [](const std::string& name, const std::string& text) {
    return "--b\r\nContent-Disposition: form-data; name=" + name + "\r\n\r\n" + text + "\r\n";
  };
  const std::string file =
      "--b\r\nContent-Disposition: form-data; name=file; filename=\"my a.bin\"\r\n\r\n0123\r\n";
  const std::string hash = base::hex(base::digest(base::HashKind::sha256, "0123"));
  const auto post = [&](const std::string& body) {
    return *send("POST", "/api/v1/blobs", {body.substr(0, 9), body.substr(9)},
                 {{"Content-Type", "multipart/form-data; boundary=b"}});
  };
  const auto plain = post(file + "--b--");
  ASSERT_EQ(plain.outcome(), "201");
  EXPECT_EQ(plain.at("file_name"), "my_a.bin");
  EXPECT_EQ(plain.at("sha256"), hash);
  EXPECT_EQ(post(field("file_name", "b.bin") + file + "--b--").at("file_name"), "b.bin");
  const auto behind = post(file + field("sha256", hash) + field("file_name", "c.bin") + "--b--");
  EXPECT_EQ(behind.at("file_name"), "c.bin");
  EXPECT_EQ(ask("GET", "/api/v1/uploads/" + behind.at("id")).at("file_name"), "c.bin");
  const auto kept = store.load_uploads()->size();
  EXPECT_EQ(post(file + field("sha256", std::string(64, '0')) + "--b--").outcome(),
            "409 conflict sha256");
  EXPECT_EQ(post(file + field("file_name", "../c") + "--b--").outcome(), "400 invalid file_name");
  EXPECT_EQ(post(file + field("file_name", std::string(300, 'c')) + "--b--").outcome(),
            "413 too_large file_name");
  EXPECT_EQ(post(file + field("what", "x") + "--b--").outcome(), "400 invalid what");
  EXPECT_EQ(post(file + file + "--b--").outcome(), "400 invalid file");
  EXPECT_EQ(post(field("file_name", "c.bin") + "--b--").outcome(), "400 invalid file");
  EXPECT_EQ(post(file).outcome(), "400 invalid body");
  EXPECT_EQ(send("POST", "/api/v1/blobs", {"x"}, {})->outcome(), "415 invalid Content-Type");
  EXPECT_EQ(store.load_uploads()->size(), kept);
  EXPECT_TRUE(blobs.uploads().empty());
}

TEST_F(ApiFleetTest, AWholeFileAtOnce) {
  const std::string path = "/api/v1/blobs?file_name=a.bin";
  const auto sized = send("PUT", path, {"01234", "56789"}, {{"Content-Length", "10"}});
  ASSERT_EQ(sized->outcome(), "201");
  EXPECT_EQ(sized->at("complete"), "true");
  EXPECT_EQ(sized->at("size"), "10");
  const auto chunked = send("PUT", path, {"01234", "56789"}, {});
  ASSERT_EQ(chunked->outcome(), "201");
  EXPECT_EQ(chunked->at("sha256"), sized->at("sha256"));
  EXPECT_EQ(chunked->at("size"), "10");
  EXPECT_EQ(send("PUT", path + "&sha256=" + sized->at("sha256"), {"0123456789"}, {})->outcome(),
            "201");
  const auto kept = store.load_uploads()->size();
  EXPECT_EQ(send("PUT", path + "&sha256=" + std::string(64, '0'), {"x"}, {})->outcome(),
            "409 conflict sha256");
  EXPECT_EQ(send("PUT", path, {}, {})->outcome(), "400 invalid body");
  EXPECT_EQ(send("PUT", path, {"123"}, {{"Content-Length", "2"}})->outcome(), "413 too_large body");
  EXPECT_EQ(send("PUT", path, {"123"}, {{"Content-Length", "4"}})->outcome(),
            "409 precondition upload");
  EXPECT_FALSE(send("PUT", path, {"1"}, {{"Content-Length", "2"}}, false).has_value());
  EXPECT_EQ(send("PUT", "/api/v1/blobs", {"1"}, {})->outcome(), "400 invalid file_name");
  EXPECT_EQ(send("PUT", "/api/v1/blobs?file_name=%2Fa", {"1"}, {})->outcome(),
            "400 invalid file_name");
  EXPECT_EQ(store.load_uploads()->size(), kept);
  EXPECT_TRUE(blobs.uploads().empty());
}

}  // namespace
}  // namespace otaru::api
