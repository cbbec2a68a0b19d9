// SPDX-License-Identifier: Apache-2.0
// The dialect against the whole server in one process: what is hard to see in a transcript.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "dialect/onenet/authorization.h"
#include "dialect/onenet/policy.h"
#include "dialect/onenet/test_catalogue.h"
#include "domain/facts.h"

namespace otaru::dialect::onenet {
namespace {

using domain::DeploymentState;
using domain::FailureClass;
using domain::TaskState;

class OnenetServer : public ::testing::Test {
 protected:
  std::string raw(std::string_view method, const std::string& target, const std::string& body = {},
                  const std::string& headers = {}) {
    std::string request(method);
    request += " " + target + " HTTP/1.1\r\nHost: ota.heclouds.com\r\n" + headers;
    if (authorized_) request += "Authorization: " + authorization_ + "\r\n";
    if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return world_->exchange(request + "\r\n" + body);
  }
  WireReply call(std::string_view method, const std::string& target, const std::string& body = {},
                 const std::string& headers = {}) {
    const std::string bytes = raw(method, target, body, headers);
    EXPECT_LE(bytes.find("\r\n\r\n"), kSliceHeadBytesMax);
    auto reply = tests::parse_reply(bytes);
    EXPECT_TRUE(reply) << bytes;
    return reply ? *reply : WireReply{};
  }
  int64_t errno_of(const WireReply& reply) {
    EXPECT_EQ(reply.status, 200);
    const auto document = base::JsonDocument::parse(reply.body);
    EXPECT_TRUE(document) << reply.body;
    return document ? document->root().find("errno").integer().value_or(-1) : -1;
  }
  int64_t get(const std::string& target) { return errno_of(last_ = call("GET", target)); }
  int64_t post(const std::string& target, const std::string& body) {
    return errno_of(last_ = call("POST", target, body));
  }
  std::string data(std::string_view key) {
    const auto document = base::JsonDocument::parse(last_.body);
    if (!document) return {};
    return document->root().find("data").find(key).text_or_integer().value_or("");
  }
  // A check of the standing deployment's product; the token.
  std::string offered(const std::string& id, const std::string& version = "V1.0.0") {
    EXPECT_EQ(get(policy_check(id, version)), 0) << last_.body;
    return data("token");
  }
  static std::string policy_check(const std::string& id, const std::string& version) {
    return "/ota/south/check?dev_id=" + id + "&manuf=001&model=00108&type=1&version=" + version;
  }
  domain::Task task_of(const std::string& id) {
    const auto device = world_->device(id);
    return device && !device->tasks.empty() ? device->tasks.front() : domain::Task{};
  }
  size_t writes() { return world_->store().dump()->size(); }
  std::string report_target(const std::string& id, const std::string& token) {
    return "/ota/south/report?dev_id=" + id + "&token=" + token;
  }
  int64_t report(const std::string& id, const std::string& token, int code) {
    return post(report_target(id, token), "{\"result\":" + std::to_string(code) + "}");
  }
  void edit_deployment(domain::DeploymentId id,
                       const std::function<void(domain::Deployment&)>& edit) {
    auto rows = world_->engine().snapshot()->rows();
    for (auto& row : rows.deployments) {
      if (row.id == id) edit(row);
    }
    world_->load(rows);
  }
  void fresh(OnenetConfig config) { world_ = make_test_world(std::move(config)); }

  std::unique_ptr<tests::World> world_ = make_test_world();
  std::string authorization_ = test_authorization();
  bool authorized_ = true;
  WireReply last_;
};

TEST_F(OnenetServer, WholeLifeOfATask) {
  EXPECT_EQ(post("/ota/device/version?dev_id=1", R"({"f_version":"V1.0.0"})"), 0);
  const std::string token = offered("1");
  EXPECT_EQ(token.size(), 24u);
  EXPECT_EQ(data("target"), "V1.0.1");
  EXPECT_EQ(data("size"), "22");
  EXPECT_EQ(task_of("1").state, TaskState::pending);
  EXPECT_EQ(get("/ota/south/download/" + token + "/check?dev_id=1"), 0);
  EXPECT_EQ(task_of("1").state, TaskState::downloading);
  EXPECT_EQ(call("GET", "/ota/south/download/" + token).body, small_file());
  EXPECT_EQ(get("/ota/south/tasking?dev_id=1&type=1"), 0);
  EXPECT_EQ(data("token"), token);
  EXPECT_EQ(post("/ota/south/device/download/" + token + "/progress?dev_id=1", R"({"step":40})"),
            0);
  EXPECT_EQ(task_of("1").progress_percent, 40);
  EXPECT_EQ(report("1", token, 101), 0);
  EXPECT_EQ(task_of("1").state, TaskState::upgrading);
  EXPECT_EQ(report("1", token, 201), 0);
  EXPECT_EQ(task_of("1").state, TaskState::succeeded);
  EXPECT_EQ(task_of("1").result, "201");
  EXPECT_EQ(world_->device("1")->component("firmware")->version, "V1.0.1");
  EXPECT_EQ(get(policy_check("1", "V1.0.1")), 11);
  EXPECT_EQ(report("1", token, 201), 20);
  EXPECT_EQ(call("GET", "/ota/south/download/" + token).body, "3");
}

TEST_F(OnenetServer, VersionMessageCompletesTheTask) {
  const std::string token = offered("1");
  EXPECT_EQ(post("/ota/device/version?dev_id=1", R"({"f_version":"V1.0.1"})"), 0);
  EXPECT_EQ(task_of("1").state, TaskState::succeeded);
  EXPECT_EQ(get("/ota/south/download/" + token + "/check?dev_id=1"), 20);
}

// Deployments that stand must not make a task for what runs already; a task that exists is answered
// although the device says it runs the target.
TEST_F(OnenetServer, TargetEqualToTheReportedVersion) {
  EXPECT_EQ(get(policy_check("1", "V1.0.1")), 11);
  EXPECT_TRUE(world_->device("1")->tasks.empty());
  const std::string token = offered("2");
  EXPECT_EQ(offered("2", "V1.0.1"), token);
  EXPECT_EQ(task_of("2").state, TaskState::pending);
  EXPECT_EQ(world_->device("2")->component("firmware")->version, "V1.0.1");
}

TEST_F(OnenetServer, CheckKeepsTheVersionEvenWithoutATask) {
  EXPECT_EQ(get("/ota/south/check?dev_id=1&manuf=077&model=07701&type=1&version=0.9"), 11);
  ASSERT_TRUE(world_->device("1"));
  EXPECT_EQ(world_->device("1")->component("firmware")->version, "0.9");
  EXPECT_EQ(*domain::find_text(world_->device("1")->reported, "manuf"), "077");
  EXPECT_EQ(*domain::find_text(world_->device("1")->reported, "model"), "07701");
  EXPECT_EQ(get("/ota/south/check?dev_id=1&type=2&version=7"), 11);
  EXPECT_EQ(world_->device("1")->component("software")->version, "7");
}

TEST_F(OnenetServer, NothingIsWrittenWhenNothingChanges) {
  offered("1");
  const auto before = *world_->store().dump();
  offered("1");
  EXPECT_EQ(get(policy_check("1", "V1.0.0")), 0);
  EXPECT_EQ(*world_->store().dump(), before);
}

// "signals" and "powers" of the check, under the names that conditions and filters look at.
TEST_F(OnenetServer, WhatADeviceMeasuresIsKept) {
  const auto reported = [&](std::string_view name) {
    const auto device = world_->device("1");
    const std::string* text = domain::find_text(device->reported, name);
    return text == nullptr ? std::string() : *text;
  };
  offered("1");
  EXPECT_EQ(reported(domain::facts::kSignal), "");
  EXPECT_EQ(get(policy_check("1", "V1.0.0") + "&signals=-97&powers=30"), 0);
  EXPECT_EQ(reported(domain::facts::kSignal), "-97");
  EXPECT_EQ(reported(domain::facts::kBatteryPercent), "30");
  const auto before = *world_->store().dump();
  EXPECT_EQ(get(policy_check("1", "V1.0.0") + "&signals=-97&powers=30"), 0);
  EXPECT_EQ(get(policy_check("1", "V1.0.0") + "&signals=&powers="), 0);
  offered("1");
  EXPECT_EQ(*world_->store().dump(), before) << "only changes are written";
  // Also of a device that there is nothing for.
  EXPECT_EQ(get("/ota/south/check?dev_id=1&manuf=077&model=07701&type=2&version=1&powers=29"), 11);
  EXPECT_EQ(reported(domain::facts::kBatteryPercent), "29");
}

TEST_F(OnenetServer, AThousandSlicesWriteOneRow) {
  const std::string id = "1";
  ASSERT_EQ(get("/ota/south/check?dev_id=1&manuf=101&model=10101&type=2&version=1.0"), 0);
  const std::string token = data("token");
  std::string file;
  const auto slice = [&](size_t from) {
    const auto reply =
        call("GET", "/ota/south/download/" + token, {},
             "Range: bytes=" + std::to_string(from) + "-" + std::to_string(from + 99) + "\r\n");
    EXPECT_EQ(reply.status, 206);
    return reply.body;
  };
  file += slice(0);
  EXPECT_EQ(task_of(id).state, TaskState::downloading);
  const auto before = *world_->store().dump();
  for (size_t from = 100; from < large_file().size(); from += 100) file += slice(from);
  EXPECT_EQ(file, large_file());
  EXPECT_EQ(*world_->store().dump(), before);
}

TEST_F(OnenetServer, TokenLivesTwoDaysAndLongerInUse) {
  const std::string token = offered("1");
  world_->advance(base::kDayMs * 2 - 1);
  EXPECT_EQ(offered("1"), token);  // extended
  world_->advance(base::kDayMs + base::kHourMs);
  // A download that runs for a week keeps its token.
  for (int day = 0; day < 7; ++day) {
    const auto reply = call("GET", "/ota/south/download/" + token, {}, "Range: 0-1\r\n");
    EXPECT_EQ(reply.body, small_file().substr(0, 2));
    world_->advance(base::kDayMs * 3 / 2);
  }
  world_->advance(base::kDayMs);
  EXPECT_EQ(call("GET", "/ota/south/download/" + token).body, "3");
  EXPECT_EQ(get("/ota/south/download/" + token + "/check?dev_id=1"), 12);
  EXPECT_EQ(get("/ota/south/tasking?dev_id=1&type=1"), 12);
  const std::string next = offered("1");
  EXPECT_NE(next, token);
  EXPECT_EQ(get("/ota/south/download/" + token + "/check?dev_id=1"), 12);
  EXPECT_EQ(get("/ota/south/download/" + next + "/check?dev_id=1"), 0);
}

TEST_F(OnenetServer, AResultIsTakenThoughTheTokenExpired) {
  const std::string token = offered("1");
  EXPECT_EQ(report("1", token, 101), 0);
  world_->advance(base::kDayMs * 5);
  EXPECT_EQ(report("1", token, 201), 0);
  EXPECT_EQ(task_of("1").state, TaskState::succeeded);
}

TEST_F(OnenetServer, TokenOfAnotherDevice) {
  const std::string token = offered("1");
  offered("2");
  EXPECT_EQ(get("/ota/south/download/" + token + "/check?dev_id=2"), 4);
  EXPECT_EQ(report("2", token, 201), 4);
  EXPECT_EQ(post("/ota/south/device/download/" + token + "/progress?dev_id=2", R"({"step":1})"), 4);
  EXPECT_EQ(task_of("1").state, TaskState::pending);
  // The other tenant's product cannot use it either.
  authorization_ = write_authorization(
      {base::HashKind::md5, "products/456456", kTestEt, *base::unbase64(kOtherKey), true});
  EXPECT_EQ(get("/ota/south/download/" + token + "/check?dev_id=1"), 4);
}

TEST_F(OnenetServer, ResultsMoveTheTask) {
  const struct {
    int code;
    FailureClass failure;
  } kFailures[] = {{102, FailureClass::space},   {103, FailureClass::memory},
                   {104, FailureClass::timeout}, {105, FailureClass::power},
                   {106, FailureClass::signal},  {107, FailureClass::download},
                   {202, FailureClass::power},   {203, FailureClass::memory},
                   {204, FailureClass::version}, {205, FailureClass::verification},
                   {206, FailureClass::unknown}, {207, FailureClass::retries},
                   {208, FailureClass::expired}};
  for (const auto& row : kFailures) {
    const std::string id = "f" + std::to_string(row.code);
    const std::string token = offered(id);
    EXPECT_EQ(report(id, token, row.code), 0);
    EXPECT_EQ(task_of(id).state, TaskState::failed) << row.code;
    EXPECT_EQ(task_of(id).failure, row.failure) << row.code;
    EXPECT_EQ(task_of(id).result, std::to_string(row.code));
    EXPECT_EQ(report(id, token, 201), 20);
  }
  const std::string token = offered("u");
  EXPECT_EQ(report("u", token, 201), 0);  // without 101
  EXPECT_EQ(task_of("u").state, TaskState::succeeded);
}

TEST_F(OnenetServer, UpgradingTakesOnlyUpgradeResults) {
  const std::string token = offered("1");
  EXPECT_EQ(report("1", token, 101), 0);
  EXPECT_EQ(report("1", token, 101), 0);
  EXPECT_EQ(report("1", token, 104), 21);
  EXPECT_EQ(task_of("1").state, TaskState::upgrading);
  EXPECT_EQ(post("/ota/south/device/download/" + token + "/progress?dev_id=1", R"({"step":50})"),
            17);
  EXPECT_EQ(get("/ota/south/download/" + token + "/check?dev_id=1"), 17);
  EXPECT_EQ(get(policy_check("1", "V1.0.0")), 0);
  EXPECT_EQ(report("1", token, 205), 0);
  EXPECT_EQ(task_of("1").state, TaskState::failed);
}

TEST_F(OnenetServer, DownloadOfAnUpgradingTaskStillWorks) {
  const std::string token = offered("1");
  EXPECT_EQ(report("1", token, 101), 0);
  EXPECT_EQ(call("GET", "/ota/south/download/" + token).body, small_file());
  EXPECT_EQ(task_of("1").state, TaskState::upgrading);
}

TEST_F(OnenetServer, StoppedDeployments) {
  const std::string token = offered("1");
  edit_deployment(kPolicy, [](auto& row) { row.state = DeploymentState::paused; });
  EXPECT_EQ(get(policy_check("1", "V1.0.0")), 11);
  EXPECT_EQ(get("/ota/south/download/" + token + "/check?dev_id=1"), 21);
  EXPECT_EQ(call("GET", "/ota/south/download/" + token).body, "3");
  edit_deployment(kPolicy, [](auto& row) { row.state = DeploymentState::running; });
  EXPECT_EQ(offered("1"), token);
  edit_deployment(kPolicy, [](auto& row) { row.state = DeploymentState::cancelled; });
  EXPECT_EQ(get("/ota/south/download/" + token + "/check?dev_id=1"), 22);
  EXPECT_EQ(report("1", token, 107), 22);
  EXPECT_EQ(call("GET", "/ota/south/download/" + token).body, "3");
  EXPECT_EQ(get(policy_check("1", "V1.0.0")), 11);
  EXPECT_EQ(task_of("1").state, TaskState::cancelled);
}

TEST_F(OnenetServer, DeadlineEndsTheTask) {
  const std::string token = offered("1");
  edit_deployment(kPolicy, [&](auto& row) { row.deadline = world_->now() + 1000; });
  world_->advance(2000);
  EXPECT_EQ(get("/ota/south/download/" + token + "/check?dev_id=1"), 12);
  EXPECT_EQ(task_of("1").state, TaskState::expired);
}

// --- Errno 8 and 9 ------------------------------------------------------------------------------

TEST_F(OnenetServer, OtherHardwareFailsTheOpenTask) {
  const std::string token = offered("1");
  // Missing words are not compared.
  EXPECT_EQ(get("/ota/south/check?dev_id=1&type=1&version=V1.0.0"), 0);
  EXPECT_EQ(get("/ota/south/check?dev_id=1&model=00108&type=1&version=V1.0.0"), 0);
  EXPECT_EQ(get("/ota/south/check?dev_id=1&manuf=1&model=108&type=1&version=V1.0.0"), 0);
  EXPECT_EQ(get("/ota/south/check?dev_id=1&manuf=001&type=2&version=1"), 11);
  // Nobody but the device itself can fail it.
  authorized_ = false;
  EXPECT_EQ(get("/ota/south/check?dev_id=1&manuf=014&type=1&version=V1.0.0"), 1);
  authorized_ = true;
  EXPECT_EQ(task_of("1").state, TaskState::pending);
  EXPECT_EQ(get("/ota/south/check?dev_id=1&manuf=014&type=1&version=V1.0.0"), 8);
  EXPECT_EQ(task_of("1").state, TaskState::failed);
  EXPECT_EQ(task_of("1").failure, FailureClass::hardware);
  EXPECT_EQ(call("GET", "/ota/south/download/" + token).body, "3");
}

TEST_F(OnenetServer, OtherHardwareFailsANamedDeploymentOnce) {
  EXPECT_EQ(get("/ota/south/check?dev_id=8001&manuf=001&model=00108&type=1&version=V1.0.1"), 8);
  EXPECT_EQ(task_of("8001").deployment, kNamedTask);
  EXPECT_EQ(task_of("8001").failure, FailureClass::hardware);
  const auto history = *world_->store().task_history(task_of("8001").id);
  EXPECT_NE(history.back().detail.find("manuf 001 model 00108"), std::string::npos)
      << history.back().detail;
  // After that it is like any device of its real kind.
  EXPECT_EQ(get("/ota/south/check?dev_id=8001&manuf=001&model=00108&type=1&version=V1.0.1"), 11);
  EXPECT_EQ(world_->device("8001")->tasks.size(), 1u);
  EXPECT_EQ(get("/ota/south/check?dev_id=8001&manuf=001&model=00108&type=1&version=V1.0.0"), 0);
  // The standing deployment of other hardware fails nothing.
  EXPECT_EQ(get("/ota/south/check?dev_id=1&manuf=001&model=00107&type=1&version=1.0"), 11);
  EXPECT_TRUE(world_->device("1")->tasks.empty());
}

TEST_F(OnenetServer, ProductsWrittenWithNamesAreFound) {
  EXPECT_EQ(get("/ota/south/check?dev_id=8002&manuf=014&model=01405&type=1&version=4.0"), 0);
  EXPECT_EQ(data("target"), "5.0");
}

TEST_F(OnenetServer, MissingHardwareFindsTheNamedDeployment) {
  EXPECT_EQ(get("/ota/south/check?dev_id=8002&type=1&version=4.0"), 0);
  EXPECT_EQ(data("target"), "5.0");
  // And then what the device is known to run.
  EXPECT_EQ(get(policy_check("1", "V1.0.1")), 11);
  EXPECT_EQ(get("/ota/south/check?dev_id=1&type=1&version=V1.0.0"), 0);
  EXPECT_EQ(get("/ota/south/check?dev_id=2&type=1&version=V1.0.0"), 11);
}

TEST_F(OnenetServer, DeltaOnlyWithAnotherBase) {
  const std::string check = "/ota/south/check?manuf=014&model=01404&type=1&dev_id=";
  EXPECT_EQ(get(check + "9001&version=3.0"), 0);
  EXPECT_EQ(data("type"), "2");
  EXPECT_EQ(get(check + "9001&version=3.1"), 0);  // says it runs the target: goes on
  EXPECT_EQ(get(check + "9001&version=2.9"), 9);
  EXPECT_EQ(task_of("9001").state, TaskState::failed);
  EXPECT_EQ(task_of("9001").failure, FailureClass::version);
  // No task yet: the named deployment becomes a failed one, once.
  EXPECT_EQ(get(check + "9002&version=2.9"), 9);
  EXPECT_EQ(task_of("9002").failure, FailureClass::version);
  EXPECT_EQ(get(check + "9002&version=2.9"), 11);
  EXPECT_EQ(world_->device("9002")->component("firmware")->version, "2.9");
}

// --- Who may ask --------------------------------------------------------------------------------

TEST_F(OnenetServer, EveryJsonEndpointWantsAuthorization) {
  const std::string token = offered("1");
  authorized_ = false;
  EXPECT_EQ(get(policy_check("1", "V1.0.0")), 1);
  EXPECT_EQ(get("/ota/device/version?dev_id=1"), 1);
  EXPECT_EQ(post("/ota/device/version?dev_id=1", R"({"f_version":"V1.0.1"})"), 1);
  EXPECT_EQ(get("/ota/south/download/" + token + "/check?dev_id=1"), 1);
  EXPECT_EQ(post("/ota/south/device/download/" + token + "/progress?dev_id=1", R"({"step":1})"), 1);
  EXPECT_EQ(report("1", token, 201), 1);
  EXPECT_EQ(get("/ota/south/tasking?dev_id=1&type=1"), 1);
  EXPECT_EQ(post("/ota/devInfo", R"({"pid":123123,"authInfo":"1"})"), 1);
  EXPECT_EQ(task_of("1").state, TaskState::pending);
  EXPECT_EQ(call("GET", "/ota/south/download/" + token).body, small_file());
}

TEST_F(OnenetServer, WrongAuthorizationIsNoMatterOnDownload) {
  const std::string token = offered("1");
  authorization_ = "version=2018-10-31&res=nonsense";
  EXPECT_EQ(call("GET", "/ota/south/download/" + token).body, small_file());
}

TEST_F(OnenetServer, ForgedKeysProductsAndTimes) {
  const auto with = [&](std::string_view res, int64_t et, std::string_view key) {
    authorization_ =
        write_authorization({base::HashKind::sha256, res, et, *base::unbase64(key), true});
    return get(policy_check("new", "V1.0.0"));
  };
  EXPECT_EQ(with("products/123123", kTestEt, kOtherKey), 1);
  EXPECT_EQ(with("products/456456", kTestEt, kTestKey), 1);
  EXPECT_EQ(with("products/777777", kTestEt, kTestKey), 1);
  EXPECT_EQ(with("products/999999", kTestEt, kTestKey), 1);  // disabled
  EXPECT_EQ(with("products/123123", world_->now().seconds() - 1, kTestKey), 1);
  EXPECT_FALSE(world_->device("new"));
  EXPECT_EQ(with("products/123123", kTestEt, kTestKey), 0);
}

TEST_F(OnenetServer, TenantIsThatOfTheProduct) {
  authorization_ = write_authorization(
      {base::HashKind::sha1, "products/456456", kTestEt, *base::unbase64(kOtherKey), true});
  EXPECT_EQ(get(policy_check("1", "V1.0.0")), 11);  // no such product in that tenant
  EXPECT_FALSE(world_->device("1"));
  EXPECT_TRUE(world_->device("1", kSecondTenant));
}

TEST_F(OnenetServer, DeviceKeys) {
  domain::Device device;
  device.id = world_->engine().next_device_id(domain::bucket_for(domain::kDefaultTenant, "77"));
  device.tenant = domain::kDefaultTenant;
  device.key = "77";
  device.door = "operator";
  device.secret_sealed = world_->secrets().seal_text(kDeviceKey);
  device.attributes = {{"device_name", "mydev"}};
  world_->put_device(device);
  const auto with = [&](std::string_view res, std::string_view key, const std::string& id = "77") {
    authorization_ =
        write_authorization({base::HashKind::sha1, res, kTestEt, *base::unbase64(key), true});
    return get(policy_check(id, "V1.0.0"));
  };
  EXPECT_EQ(with("products/123123/devices/77", kDeviceKey), 0);
  EXPECT_EQ(with("products/123123/devices/mydev", kDeviceKey), 0);
  EXPECT_EQ(with("products/123123", kDeviceKey), 0);  // a client does that
  EXPECT_EQ(with("products/123123/devices/77", kTestKey), 0);
  EXPECT_EQ(with("products/123123/devices/other", kDeviceKey), 1);
  EXPECT_EQ(with("products/123123/devices/other", kTestKey), 1);
  EXPECT_EQ(with("products/123123/devices/77", kOtherKey), 1);
  // A device's key says nothing about another device, and makes none.
  EXPECT_EQ(with("products/123123/devices/77", kDeviceKey, "78"), 1);
  EXPECT_EQ(with("products/123123", kDeviceKey, "78"), 1);
  EXPECT_FALSE(world_->device("78"));
  EXPECT_EQ(with("products/123123/devices/78", kTestKey, "79"), 1);
  EXPECT_FALSE(world_->device("79"));
  EXPECT_EQ(with("products/123123/devices/79", kTestKey, "79"), 0);
}

TEST_F(OnenetServer, SelfRegistrationCanBeOff) {
  OnenetConfig config;
  config.self_registration = false;
  fresh(config);
  EXPECT_EQ(get(policy_check("1", "V1.0.0")), 1);
  EXPECT_FALSE(world_->device("1"));
}

TEST_F(OnenetServer, BadParametersMakeNoDevice) {
  EXPECT_EQ(get("/ota/south/check?dev_id=1&type=9&version=1"), 2);
  EXPECT_EQ(get("/ota/south/check?dev_id=1&type=1&version=1%202"), 27);
  EXPECT_EQ(post("/ota/device/version?dev_id=1", R"({"f_version":"V 1"})"), 27);
  EXPECT_EQ(post("/ota/device/version?dev_id=1", R"({})"), 2);
  EXPECT_FALSE(world_->device("1"));
}

TEST_F(OnenetServer, StrictModeWantsManufAndModel) {
  OnenetConfig config;
  config.strict_parameters = true;
  fresh(config);
  EXPECT_EQ(get("/ota/south/check?dev_id=1&type=1&version=V1.0.0"), 2);
  EXPECT_EQ(get(policy_check("1", "V1.0.0")), 0);
}

TEST_F(OnenetServer, BlockedDevicesGetNothing) {
  const std::string token = offered("1");
  auto device = *world_->device("1");
  device.blocked = true;
  world_->put_device(device);
  EXPECT_EQ(get(policy_check("1", "V1.0.0")), 11);
  EXPECT_EQ(get("/ota/south/download/" + token + "/check?dev_id=1"), 21);
  EXPECT_EQ(call("GET", "/ota/south/download/" + token).body, "3");
  // Not even a mismatch is recorded.
  EXPECT_EQ(get("/ota/south/check?dev_id=1&manuf=014&model=01401&type=1&version=V1.0.0"), 11);
  EXPECT_EQ(task_of("1").state, TaskState::pending);
}

TEST_F(OnenetServer, NamedDeploymentsThatAreOverRecordNoMismatch) {
  edit_deployment(kNamedTask, [&](auto& row) { row.deadline = world_->now() + -1; });
  EXPECT_EQ(get("/ota/south/check?dev_id=8001&manuf=001&model=00108&type=1&version=V1.0.1"), 11);
  EXPECT_TRUE(world_->device("8001")->tasks.empty());
}

TEST_F(OnenetServer, AVersionThatCannotBeSaidFailsTheTask) {
  auto rows = world_->engine().snapshot()->rows();
  for (auto& product : rows.products) {
    product.version_format.scheme = domain::VersionScheme::publish_order;
  }
  for (auto& release : rows.releases) {
    if (release.version == "V1.0.1") release.version = "the \"newest\" of all versions";
  }
  world_->load(rows);
  EXPECT_EQ(get(policy_check("1", "V1.0.0")), 11);
  EXPECT_EQ(task_of("1").state, TaskState::failed);
  EXPECT_EQ(task_of("1").failure, FailureClass::version);
  // Attempts end as they always do.
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get(policy_check("1", "V1.0.0")), 11);
  EXPECT_EQ(world_->device("1")->tasks.size(), 3u);
}

TEST_F(OnenetServer, IpPort) {
  const std::string check = policy_check("1", "V1.0.0");
  EXPECT_EQ(get(check + "&cdn=false"), 0);
  EXPECT_EQ(data("ipPort"), "");
  EXPECT_EQ(get(check + "&cdn=TRUE"), 0);
  EXPECT_EQ(data("ipPort"), "127.0.0.1:8080");
  OnenetConfig config;
  config.ip_port = "172.19.3.3";
  fresh(config);
  EXPECT_EQ(get(check + "&cdn=1"), 0);
  EXPECT_EQ(data("ipPort"), "172.19.3.3");
}

TEST_F(OnenetServer, TheWorstOfferFitsTheSmallestBuffer) {
  OnenetConfig config;
  config.ip_port = std::string(kIpPortBytesMax, '1');
  fresh(config);
  const std::string bytes =
      raw("GET", "/ota/south/check?dev_id=7001&manuf=014&model=01401&type=1&version=1&cdn=true");
  EXPECT_NE(bytes.find("\"target\":\"V1234567890.12345678\""), std::string::npos) << bytes;
  EXPECT_LE(bytes.size(), kAnswerBytesMax);
}

TEST_F(OnenetServer, MissingBlobIsADigit) {
  auto rows = world_->engine().snapshot()->rows();
  for (auto& package : rows.packages) {
    if (package.file_name == "121.bin") package.digests.sha256 = std::string(64, '0');
  }
  world_->load(rows);
  const std::string token = offered("1");
  EXPECT_EQ(call("GET", "/ota/south/download/" + token).body, "1");
  EXPECT_EQ(task_of("1").state, TaskState::pending);
}

TEST_F(OnenetServer, SizeThatDiffersIsADigit) {
  auto rows = world_->engine().snapshot()->rows();
  for (auto& package : rows.packages) {
    if (package.file_name == "121.bin") package.size_bytes += 1;
  }
  world_->load(rows);
  const std::string token = offered("1");
  EXPECT_EQ(call("GET", "/ota/south/download/" + token).body, "2");
}

TEST_F(OnenetServer, AnnouncedButMissingBodyIsNotWaitedFor) {
  const auto dialect = make_onenet({}, world_->secrets());
  http::Request head;
  head.method = http::Method::get;
  head.headers = {{"Content-Length", "42"}};
  for (const auto& route : dialect->routes()) {
    head.query = {};
    if (route.pattern == "/ota/south/check") {
      EXPECT_EQ(dialect->body_mode(route, head), http::BodyMode::buffer);
      head.query = "dev_id=1&type=1&version=1";
      EXPECT_EQ(dialect->body_mode(route, head), http::BodyMode::discard);
    }
    if (route.pattern == "/ota/south/download/{token}") {
      EXPECT_EQ(dialect->body_mode(route, head), http::BodyMode::discard);
    }
    head.method = http::Method::post;
    EXPECT_EQ(dialect->body_mode(route, head), http::BodyMode::buffer);
    head.method = http::Method::get;
  }
}

}  // namespace
}  // namespace otaru::dialect::onenet
