// SPDX-License-Identifier: Apache-2.0
// What transcripts do not show: what is kept of what devices say, and what operators do meanwhile.
#include "dialect/hawkbit/hawkbit.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "dialect/hawkbit/test_world.h"
#include "domain/consent.h"
#include "domain/facts.h"

namespace otaru::dialect::hawkbit {
namespace {

using domain::FailureClass;
using domain::TaskEvent;
using domain::TaskState;

bool has(const WireReply& reply, std::string_view text) {
  return reply.body.find(text) != std::string::npos;
}

class HawkbitDoor : public ::testing::Test, protected Gateways {
 protected:
  // An operator's doing.
  void move_task(const std::string& device, TaskEvent event) {
    const domain::TaskId task = task_of(device).id;
    const base::Status done =
        world_->engine().run_blocking("operator", [&](app::DeviceGateway& gateway) -> base::Status {
          OTARU_TRY(ref, gateway.identify(domain::kDefaultTenant, device, app::Identify::find));
          app::TaskReport report;
          report.event = event;
          report.detail = "an operator";
          if (event == TaskEvent::cancel) report.result = domain::kCancelledByOperator;
          return gateway.report(ref, task, report);
        });
    EXPECT_TRUE(done);
    world_->advance(1000);
  }
  void change_deployment(int64_t id, const std::function<void(domain::Deployment&)>& change) {
    auto rows = world_->engine().snapshot()->rows();
    for (auto& row : rows.deployments) {
      if (row.id.value == id) change(row);
    }
    world_->load(rows);
  }
  std::string version_of(const std::string& device, std::string_view slot) {
    const auto row = world_->device(device);
    const auto* component = row->component(slot);
    return component == nullptr ? std::string() : component->version;
  }
};

TEST_F(HawkbitDoor, APollWithNothingToDoWritesNothing) {
  EXPECT_EQ(put("gw-1", "/configData", R"({"data":{"version.gateway-os/os":"1.1"}})").status, 200);
  EXPECT_EQ(version_of("gw-1", "gateway-os/os"), "1.1");
  get("gw-1", "");  // the first one tells which door it uses
  const auto before = *world_->store().dump();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(has(get("gw-1", ""), R"("_links":{})"));
  EXPECT_EQ(*world_->store().dump(), before);
}

TEST_F(HawkbitDoor, WhatIsForEveryoneIsForNobodyItDoesNotConcern) {
  // The robot's firmware is for everyone; the gateways know nothing of robots.
  for (const char* device : {"gw-1", "idle-1"}) get(device, "");
  EXPECT_TRUE(world_->device("idle-1")->tasks.empty());
  ASSERT_EQ(world_->device("gw-1")->tasks.size(), 1u);
  EXPECT_EQ(task_of("gw-1").product, domain::ProductId{1});
}

TEST_F(HawkbitDoor, ADeviceSaysWhatItIs) {
  EXPECT_EQ(put("idle-1", "/configData", R"({"data":{"product":"gateway-os"}})").status, 200);
  EXPECT_NE(poll_for_action("idle-1"), "");
  // An operator knows better.
  put_device("told", "robot");
  put("told", "/configData", R"({"data":{"product":"gateway-os"}})");
  get("told", "");
  EXPECT_EQ(task_of("told").product, domain::ProductId{3});
}

TEST_F(HawkbitDoor, AReportedVersionEndsItsAction) {
  const std::string action = poll_for_action("gw-1");
  EXPECT_EQ(put("gw-1", "/configData", R"({"data":{"sw_version":"1.1"}})").status, 200);
  EXPECT_EQ(task_of("gw-1").state, TaskState::succeeded);
  EXPECT_EQ(feedback("gw-1", action, "closed", "success").status, 410);
  // What is no version of the product is an attribute, and nothing else.
  put("gw-1", "/configData", R"({"data":{"sw_version":"Kirkstone r3!"}})");
  EXPECT_EQ(version_of("gw-1", "gateway-os/os"), "1.1");
  EXPECT_EQ(reported("gw-1", "sw_version"), "Kirkstone r3!");
}

TEST_F(HawkbitDoor, AttributesAreMergedReplacedAndRemoved) {
  put("gw-1", "/configData", R"({"data":{"a":"1","b":"2"}})");
  put("gw-1", "/configData", R"({"mode":"merge","data":{"b":"3"}})");
  EXPECT_EQ(reported("gw-1", "a"), "1");
  EXPECT_EQ(reported("gw-1", "b"), "3");
  put("gw-1", "/configData", R"({"mode":"remove","data":{"a":""}})");
  EXPECT_EQ(reported("gw-1", "a"), "");
  put("gw-1", "/configData", R"({"mode":"replace","data":{"c":"4"}})");
  EXPECT_EQ(reported("gw-1", "b"), "");
  EXPECT_EQ(reported("gw-1", "c"), "4");
  // An attempt to speak for the server.
  put("gw-1", "/configData", R"({"data":{"config_data":"never"}})");
  EXPECT_EQ(reported("gw-1", "config_data"), "received");
}

TEST_F(HawkbitDoor, OperatorsAskForTheAttributesAgain) {
  put("gw-1", "/configData", R"({"data":{"a":"1"}})");
  EXPECT_FALSE(has(get("gw-1", ""), "configData"));
  auto row = *world_->device("gw-1");
  domain::set_text(row.attributes, "ask_config_data", "again");
  world_->put_device(row);
  EXPECT_TRUE(has(get("gw-1", ""), "configData"));
  put("gw-1", "/configData", R"({"data":{"a":"1"}})");
  EXPECT_FALSE(has(get("gw-1", ""), "configData"));
}

TEST_F(HawkbitDoor, SuccessIsKnownAfterwards) {
  const std::string action = poll_for_action("gw-1");
  EXPECT_EQ(get("gw-1", "/softwaremodules/4/artifacts/gateway%201.1.swu").body, kGatewayImage);
  EXPECT_EQ(task_of("gw-1").state, TaskState::downloading);
  EXPECT_EQ(feedback("gw-1", action, "closed", "success").status, 200);
  EXPECT_EQ(task_of("gw-1").state, TaskState::succeeded);
  EXPECT_EQ(version_of("gw-1", "gateway-os/os"), "1.1");
  EXPECT_TRUE(has(get("gw-1", ""), "installedBase/" + action));
}

TEST_F(HawkbitDoor, ALookAtAFileBeginsNothing) {
  poll_for_action("gw-1");
  send("HEAD", "gw-1", "/softwaremodules/4/artifacts/gateway%201.1.swu", {}, {});
  get("gw-1", "/softwaremodules/4/artifacts/gateway%201.1.swu.MD5SUM");
  EXPECT_EQ(task_of("gw-1").state, TaskState::pending);
}

TEST_F(HawkbitDoor, AComplaintAfterSuccessIsBadHealth) {
  const std::string action = poll_for_action("gw-1");
  feedback("gw-1", action, "closed", "success");
  EXPECT_EQ(reported("gw-1", domain::facts::kHealth), "");
  EXPECT_EQ(feedback("gw-1", action, "closed", "failure").status, 410);
  EXPECT_EQ(reported("gw-1", domain::facts::kHealth), "unhealthy");
  EXPECT_EQ(task_of("gw-1").state, TaskState::succeeded);
}

// SWUpdate tells why in its log, and closes with other words.
TEST_F(HawkbitDoor, TheReasonOfAFailureMayComeBefore) {
  const std::string action = poll_for_action("gw-1");
  feedback("gw-1", action, "proceeding", "none",
           R"("[x] : Verified signature 0","ERROR : SW not compatible with hardware")");
  feedback("gw-1", action, "closed", "failure", R"("No suitable .swu image found")");
  EXPECT_EQ(task_of("gw-1").state, TaskState::failed);
  EXPECT_EQ(task_of("gw-1").failure, FailureClass::hardware);
  EXPECT_EQ(task_of("gw-1").result, "failure");
}

TEST_F(HawkbitDoor, AScriptThatFailsIsNothingElse) {
  const std::string action = poll_for_action("gw-1");
  feedback(
      "gw-1", action, "proceeding", "none",
      R"("[x] : effective URL resolved to http://h","ERROR : execute postinstall scripts failed")");
  feedback("gw-1", action, "closed", "failure", R"("No suitable .swu image found")");
  EXPECT_EQ(task_of("gw-1").failure, FailureClass::unknown);
}

TEST_F(HawkbitDoor, CancelledWhileItDownloads) {
  const std::string action = poll_for_action("gw-1");
  feedback("gw-1", action, "proceeding");
  move_task("gw-1", TaskEvent::cancel);
  EXPECT_TRUE(has(get("gw-1", ""), "cancelAction/" + action + "\""));
  EXPECT_EQ(get("gw-1", "/deploymentBase/" + action).status, 404);
  EXPECT_EQ(get("gw-1", "/cancelAction/" + action).body,
            R"({"id":")" + action + R"(","cancelAction":{"stopId":")" + action + R"("}})");
  EXPECT_EQ(world_->device("gw-1")->tasks.size(), 1u) << "nothing new before it has stopped";
  // One more page of the log comes too late.
  EXPECT_EQ(feedback("gw-1", action, "proceeding").status, 410);
  EXPECT_EQ(post("gw-1", "/cancelAction/" + action + "/feedback",
                 R"({"status":{"execution":"closed","result":{"finished":"success"}}})")
                .status,
            200);
  // It is neither told to stop again, nor to begin again.
  for (int i = 0; i < 3; ++i) {
    const WireReply poll = get("gw-1", "");
    EXPECT_FALSE(has(poll, "cancelAction"));
    EXPECT_FALSE(has(poll, "deploymentBase"));
  }
  EXPECT_EQ(world_->device("gw-1")->tasks.size(), 1u);
}

TEST_F(HawkbitDoor, ACancelThatNobodyAcknowledgesEndsByItself) {
  const std::string action = poll_for_action("gw-1");
  move_task("gw-1", TaskEvent::cancel);
  EXPECT_TRUE(has(get("gw-1", ""), "cancelAction"));
  world_->advance(base::limits::kHawkbitCancelMs);
  EXPECT_FALSE(has(get("gw-1", ""), "cancelAction"));
  EXPECT_EQ(get("gw-1", "/cancelAction/" + action).status, 404);
}

TEST_F(HawkbitDoor, ADeviceThatWouldNotStopSaysWhatItRuns) {
  const std::string action = poll_for_action("gw-1");
  move_task("gw-1", TaskEvent::cancel);
  EXPECT_EQ(post("gw-1", "/cancelAction/" + action + "/feedback",
                 R"({"status":{"execution":"rejected","details":["too late"]}})")
                .status,
            200);
  EXPECT_FALSE(has(get("gw-1", ""), "cancelAction"));
  EXPECT_EQ(feedback("gw-1", action, "closed", "success").status, 410);
  EXPECT_EQ(version_of("gw-1", "gateway-os/os"), "1.1");
}

TEST_F(HawkbitDoor, APausedDeploymentStopsNothingThatBegan) {
  const std::string begun = poll_for_action("gw-1");
  feedback("gw-1", begun, "proceeding");
  poll_for_action("gw-2");
  change_deployment(1, [](auto& row) { row.state = domain::DeploymentState::paused; });
  EXPECT_EQ(poll_for_action("gw-1"), begun);
  EXPECT_EQ(get("gw-1", "/deploymentBase/" + begun).status, 200);
  EXPECT_EQ(poll_for_action("gw-2"), "");
}

TEST_F(HawkbitDoor, AKitIsOneActionInTheOrderOfItsStages) {
  const std::string action = poll_for_action("kit-1");
  EXPECT_EQ(world_->device("kit-1")->tasks.size(), 2u);
  const std::string body = get("kit-1", "/deploymentBase/" + action).body;
  const size_t app = body.find("gateway-app");
  const size_t os = body.find("gateway-os");
  ASSERT_NE(app, std::string::npos);
  ASSERT_NE(os, std::string::npos);
  EXPECT_LT(app, os);
  EXPECT_NE(body.find(R"("download":"forced","update":"forced")"), std::string::npos);
  feedback("kit-1", action, "closed", "success");
  const auto device = world_->device("kit-1");
  for (const auto& task : device->tasks) {
    EXPECT_EQ(task.state, TaskState::succeeded);
  }
  EXPECT_EQ(version_of("kit-1", "gateway-app/application"), "2.0");
}

TEST_F(HawkbitDoor, ALinkChangesWithWhatStandsUnderIt) {
  const auto link = [&] {
    const std::string body = get("gw-1", "").body;
    const size_t at = body.find("?c=");
    return at == std::string::npos ? body : body.substr(at, body.find('"', at) - at);
  };
  const std::string first = link();
  EXPECT_TRUE(first.starts_with("?c="));
  EXPECT_EQ(link(), first);
  change_deployment(1, [](auto& row) { row.urgency = domain::Urgency::forced; });
  const std::string forced = link();
  EXPECT_NE(forced, first);
  change_deployment(1, [](auto& row) { row.windows.list = {{domain::kEveryDay, 0, 0}}; });
  EXPECT_NE(link(), forced);
  auto rows = world_->engine().snapshot()->rows();
  const std::string before = link();
  for (auto& row : rows.packages) {
    if (row.id.value == 24) row.file_name = "renamed.swu";
  }
  world_->load(rows);
  EXPECT_NE(link(), before);
}

TEST_F(HawkbitDoor, OnlyDownloadingIsNoInstallation) {
  const std::string action = poll_for_action("fetch-1");
  // SWUpdate does not even download then, and says success.
  feedback("fetch-1", action, "closed", "success", R"("Skipped Update.")");
  EXPECT_EQ(task_of("fetch-1").state, TaskState::pending);
  get("fetch-1", "/softwaremodules/4/artifacts/gateway%201.1.swu");
  feedback("fetch-1", action, "closed", "success");
  EXPECT_EQ(task_of("fetch-1").state, TaskState::upgrading);
  EXPECT_EQ(version_of("fetch-1", "gateway-os/os"), "");
  // Now it may.
  change_deployment(5, [](auto& row) { row.urgency = domain::Urgency::forced; });
  EXPECT_TRUE(has(get("fetch-1", "/deploymentBase/" + action), R"("update":"forced")"));
  feedback("fetch-1", action, "closed", "success");
  EXPECT_EQ(version_of("fetch-1", "gateway-os/os"), "1.1");
}

TEST_F(HawkbitDoor, TooManyMessagesAreRefusedAndTheLastWordIsNot) {
  const std::string action = poll_for_action("gw-1");
  int status = 200;
  size_t sent = 0;
  while (status == 200 && sent <= base::limits::kHistoryPerTaskMax) {
    status = feedback("gw-1", action, "scheduled").status;
    ++sent;
  }
  EXPECT_EQ(status, 429);
  EXPECT_EQ(feedback("gw-1", action, "closed", "success").status, 200);
  EXPECT_EQ(task_of("gw-1").state, TaskState::succeeded);
}

TEST_F(HawkbitDoor, ProgressIsKept) {
  const std::string action = poll_for_action("gw-1");
  const auto said = [&](std::string_view progress) {
    return post("gw-1", "/deploymentBase/" + action + "/feedback",
                R"({"status":{"execution":"proceeding","result":{"finished":"none","progress":)" +
                    std::string(progress) + "}}}")
        .status;
  };
  EXPECT_EQ(said(R"({"cnt":2,"of":5})"), 200);
  EXPECT_EQ(task_of("gw-1").progress_percent, 40);
  for (const char* odd : {R"({"cnt":7,"of":0})", R"({"cnt":7,"of":5})", R"({"cnt":-1,"of":5})",
                          R"({"cnt":9223372036854775807,"of":9223372036854775807})", "{}", "3"}) {
    EXPECT_EQ(said(odd), 200) << odd;
  }
  EXPECT_EQ(task_of("gw-1").progress_percent, 100);
}

TEST_F(HawkbitDoor, ConsentIsGivenByTheDevice) {
  EXPECT_EQ(poll_for_action("ask-1"), "");
  const std::string action = std::to_string(task_of("ask-1").id.value);
  EXPECT_EQ(task_of("ask-1").state, TaskState::awaiting_consent);
  EXPECT_EQ(get("ask-1", "/softwaremodules/4/artifacts").status, 404);
  post("ask-1", "/confirmationBase/" + action + "/feedback",
       R"({"confirmation":"confirmed","details":["the owner"]})");
  EXPECT_EQ(poll_for_action("ask-1"), action);
  EXPECT_EQ(world_->device("ask-1")->consent.history.size(), 1u);
}

TEST_F(HawkbitDoor, ABlockedDeviceGetsNothing) {
  poll_for_action("gw-1");
  auto row = *world_->device("gw-1");
  row.blocked = true;
  world_->put_device(row);
  const WireReply poll = get("gw-1", "");
  EXPECT_EQ(poll.status, 200);
  EXPECT_FALSE(has(poll, "deploymentBase"));
  EXPECT_EQ(get("gw-1", "/softwaremodules/4/artifacts/gateway%201.1.swu").status, 404);
  EXPECT_EQ(put("gw-1", "/configData", R"({"data":{"a":"1"}})").status, 200);
  EXPECT_EQ(reported("gw-1", "a"), "");
}

TEST_F(HawkbitDoor, AnUnknownDeviceWaitsForApproval) {
  EXPECT_FALSE(has(get("new-1", "", "Authorization: TargetToken mine\r\n"), "deploymentBase"));
  auto row = *world_->device("new-1");
  EXPECT_TRUE(row.pending);
  EXPECT_TRUE(row.blocked);
  const std::string mine = "Authorization: TargetToken mine\r\n";
  // It tells people what it is, and gets nothing.
  EXPECT_EQ(
      send("PUT", "new-1", "/configData", R"({"data":{"product":"gateway-os"}})", mine).status,
      200);
  EXPECT_EQ(reported("new-1", "product"), "gateway-os");
  EXPECT_FALSE(has(get("new-1", "", mine), "deploymentBase"));
  // Nobody else can be it any more.
  EXPECT_EQ(get("new-1", "", "Authorization: TargetToken other\r\n").status, 401);
  row = *world_->device("new-1");
  row.pending = row.blocked = false;
  world_->put_device(row);
  EXPECT_TRUE(has(get("new-1", "", mine), "deploymentBase"));
}

TEST_F(HawkbitDoor, UnknownDevicesAreRefusedWhereNobodyWantsThem) {
  HawkbitConfig config;
  config.register_unknown = HawkbitRegister::no;
  world_ = make_test_world(config);
  EXPECT_EQ(get("new-1", "", "Authorization: TargetToken mine\r\n").status, 401);
  EXPECT_EQ(get("new-1", "", "Authorization: GatewayToken gateway-secret\r\n").status, 401);
  EXPECT_FALSE(world_->device("new-1"));
}

TEST_F(HawkbitDoor, EachWayInCanBeClosed) {
  HawkbitConfig config;
  config.target_token = false;
  world_ = make_test_world(config);
  EXPECT_EQ(get("gw-1", "").status, 401);
  EXPECT_EQ(get("gw-1", "", "Authorization: GatewayToken gateway-secret\r\n").status, 200);
  config.target_token = true;
  config.gateway_token = false;
  world_ = make_test_world(config);
  EXPECT_EQ(get("gw-1", "").status, 200);
  EXPECT_EQ(get("gw-1", "", "Authorization: GatewayToken gateway-secret\r\n").status, 401);
}

TEST_F(HawkbitDoor, LinksStandUnderThePublicUrl) {
  server::DispatcherOptions options;
  options.public_url = "https://ota.example.com/otaru";
  world_ = make_test_world({}, options);
  EXPECT_TRUE(has(get("gw-1", ""),
                  "\"https://ota.example.com/otaru/default/controller/v1/gw-1/deploymentBase/"));
}

TEST_F(HawkbitDoor, LabelsMustBeMatchedByAttributes) {
  auto rows = world_->engine().snapshot()->rows();
  for (auto& row : rows.releases) {
    if (row.id.value == 4) row.labels = {{"board", "imx8"}};
  }
  world_->load(rows);
  EXPECT_EQ(poll_for_action("gw-1"), "");
  put("gw-1", "/configData", R"({"data":{"board":"imx8"}})");
  EXPECT_NE(poll_for_action("gw-1"), "");
}

TEST_F(HawkbitDoor, ALostSecretIsForgotten) {
  EXPECT_EQ(get("gw-1", "").status, 200);
  auto row = *world_->device("gw-1");
  row.secret_sealed = world_->secrets().seal_text("another");
  world_->put_device(row);
  EXPECT_EQ(get("gw-1", "").status, 401);
  EXPECT_EQ(get("gw-1", "", "Authorization: TargetToken another\r\n").status, 200);
  row.secret_sealed.clear();
  world_->put_device(row);
  EXPECT_EQ(get("gw-1", "", "Authorization: TargetToken another\r\n").status, 401);
  EXPECT_EQ(get("gw-1", "", "Authorization: TargetToken \r\n").status, 401);
}

}  // namespace
}  // namespace otaru::dialect::hawkbit
