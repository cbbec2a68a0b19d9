// SPDX-License-Identifier: Apache-2.0
// The simulated robot against a whole server, and what stays behind on the server's side.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "dialect/ubtech/seed_world.h"

namespace otaru::dialect::ubtech {
namespace {

constexpr std::string_view kRobot = "15ae48ecs171faef35fafa5feafew";

SimIdentity robot_identity(std::string base_path = {}) {
  SimIdentity out;
  out.key = std::string(kRobot);
  out.host = "ota.example:8010";
  out.words = {{"client_id", "mobile_1"},
               {"client_secret", "secret_1"},
               {"username", "aa"},
               {"password", "aa"},
               {"package_name", "com.ubtechinc.alpha2services"},
               {"file_name", "service5mic"},
               {"language", "CN"},
               {"robot_version", "1"},
               {"version", "6"},
               {"base_path", std::move(base_path)}};
  return out;
}

// Steps until the robot rests; the events as lines "step: detail".
std::vector<std::string> live(SimDevice& robot, const Transport& transport, tests::World& world) {
  std::vector<std::string> lines;
  for (int i = 0; i < 200; ++i) {
    std::vector<SimEvent> events;
    const bool busy = robot.step(transport, world.now(), world.random(), events);
    for (const auto& event : events) lines.push_back(event.step + ": " + event.detail);
    if (!busy) return lines;
  }
  ADD_FAILURE() << "the robot never rests";
  return lines;
}

bool has_line(const std::vector<std::string>& lines, std::string_view start) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.starts_with(start); });
}

std::string first_token(tests::World& world) {
  const std::string answer = world.exchange(
      "GET /oauth/token?client_id=mobile_1&client_secret=secret_1&grant_type=password"
      "&username=aa&password=aa HTTP/1.1\r\nHost: h\r\n\r\n");
  constexpr std::string_view kKey = "\"access_token\":\"";
  const size_t at = answer.find(kKey);
  return at == std::string::npos ? "" : answer.substr(at + kKey.size(), 32);
}

std::string question(std::string_view token, std::string_view robot, std::string_view version) {
  std::string out = "GET /file/download?access_token=";
  out += token;
  out += "&package_name=com.ubtechinc.alpha2services&version=";
  out += version;
  out += "&file_name=service5mic&language=CN&robot_version=1&robot_id=";
  out += robot;
  return out + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

std::string report_of(std::string_view token, std::string_view id, std::string_view robot,
                      std::string_view code) {
  std::string out = "POST /file/callback?access_token=";
  out += token;
  out += "&id=";
  out += id;
  out += "&robot_id=";
  out += robot;
  out += "&code=";
  out += code;
  return out + " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";
}

std::vector<std::string> ids_in(const std::string& answer) {
  constexpr std::string_view kKey = "\"id\": \"";
  std::vector<std::string> out;
  const size_t at = answer.find(kKey);
  if (at == std::string::npos) return out;
  std::string_view rest = std::string_view(answer).substr(at + kKey.size());
  rest = rest.substr(0, rest.find('"'));
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(';'), rest.size());
    out.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

TEST(UbtechRobot, AppliesTheWholeChainAndRests) {
  for (const std::string base_path : {"", "/upgrade"}) {
    auto world = make_seed_world();
    auto robot = make_ubtech_device(robot_identity(base_path));
    const auto lines = live(*robot, world->transport(), *world);
    EXPECT_EQ(robot->running_version(), "18");
    EXPECT_EQ(robot->running_image_sha256(),
              base::hex(base::digest(base::HashKind::sha256, kPatch18)));
    EXPECT_TRUE(has_line(lines, "offer: 2 files"));
    EXPECT_EQ(lines.back(), "idle: code 102");
    const auto device = world->device(kRobot);
    ASSERT_TRUE(device);
    ASSERT_EQ(device->tasks.size(), 1u);
    EXPECT_EQ(device->tasks[0].state, domain::TaskState::succeeded);
    EXPECT_EQ(device->tasks[0].steps_done, 2);
    EXPECT_EQ(device->component("com.ubtechinc.alpha2services/service5mic")->version, "18");
    EXPECT_FALSE(has_line(live(*robot, world->transport(), *world), "offer"));
  }
}

TEST(UbtechRobot, LosesEveryThirdAnswerAndStillArrives) {
  auto world = make_seed_world();
  auto robot = make_ubtech_device(robot_identity());
  int count = 0;
  const Transport good = world->transport();
  // The server saw the request; the robot cannot know.
  const Transport lossy = [&](const std::string& request) -> base::Result<WireReply> {
    auto reply = good(request);
    if (++count % 3 == 0) return base::fail(base::Code::unavailable, "lost");
    return reply;
  };
  const auto lines = live(*robot, lossy, *world);
  EXPECT_EQ(robot->running_version(), "18");
  EXPECT_EQ(lines.back(), "idle: code 102");
  const auto device = world->device(kRobot);
  ASSERT_TRUE(device);
  ASSERT_EQ(device->tasks.size(), 1u);
  EXPECT_EQ(device->tasks[0].state, domain::TaskState::succeeded);
  // created, step 1, step 2: repetitions left no trace
  EXPECT_EQ(device->tasks[0].history_count, 3);
}

TEST(UbtechRobot, SurvivesARestartOfTheServerBetweenAnyTwoSteps) {
  for (int restart_after = 1; restart_after < 9; ++restart_after) {
    auto world = make_seed_world();
    auto robot = make_ubtech_device(robot_identity());
    const Transport transport = world->transport();
    int count = 0;
    const Transport restarting = [&](const std::string& request) {
      if (count++ == restart_after) world->restart();
      return transport(request);
    };
    live(*robot, restarting, *world);
    EXPECT_EQ(robot->running_version(), "18") << restart_after;
    const auto device = world->device(kRobot);
    ASSERT_TRUE(device);
    ASSERT_EQ(device->tasks.size(), 1u) << restart_after;
    EXPECT_EQ(device->tasks[0].state, domain::TaskState::succeeded) << restart_after;
  }
}

TEST(UbtechServer, TokensAreNotStoredReadable) {
  auto world = make_seed_world();
  const std::string token = first_token(*world);
  ASSERT_EQ(token.size(), 32u);
  const auto dump = world->store().dump();
  ASSERT_TRUE(dump);
  ASSERT_FALSE(dump->empty());
  for (const auto& line : *dump) {
    EXPECT_EQ(line.find(token), std::string::npos) << line;
    EXPECT_EQ(line.find("secret_1"), std::string::npos) << line;
  }
  // And they are good after a restart.
  world->restart();
  EXPECT_EQ(first_token(*world), token);
  EXPECT_NE(world->exchange(question(token, "r", "18")).find("\"102\""), std::string::npos);
}

TEST(UbtechServer, AStrangersReportCountsAndIsFlagged) {
  auto world = make_seed_world();
  const std::string token = first_token(*world);
  const auto ids = ids_in(world->exchange(question(token, kRobot, "6")));
  ASSERT_EQ(ids.size(), 2u);
  for (int i = 0; i < 2; ++i) {
    world->exchange(report_of(token, ids[0], "15ae48ecs171faef35f5feafew", "1"));
  }
  const auto device = world->device(kRobot);
  ASSERT_TRUE(device);
  EXPECT_EQ(device->tasks[0].steps_done, 1);
  EXPECT_EQ(device->tasks[0].state, domain::TaskState::upgrading);
  EXPECT_FALSE(world->device("15ae48ecs171faef35f5feafew"));
  const auto log = world->store().device_log(device->id, 10);
  ASSERT_TRUE(log);
  ASSERT_EQ(log->size(), 1u);
  EXPECT_EQ((*log)[0].text, "flagged: download id " + ids[0] +
                                " was reported by robot_id 15ae48ecs171faef35f5feafew");
}

TEST(UbtechServer, NoStateAndNotUpdatedLeaveTheTaskAlone) {
  auto world = make_seed_world();
  const std::string token = first_token(*world);
  const auto ids = ids_in(world->exchange(question(token, kRobot, "6")));
  ASSERT_EQ(ids.size(), 2u);
  for (const auto code : {"0", "0", "3", "3"}) {
    world->exchange(report_of(token, ids[0], kRobot, code));
  }
  const auto device = world->device(kRobot);
  ASSERT_TRUE(device);
  EXPECT_EQ(device->tasks[0].state, domain::TaskState::pending);
  const auto log = world->store().device_log(device->id, 10);
  ASSERT_TRUE(log);
  ASSERT_EQ(log->size(), 2u);
  EXPECT_EQ((*log)[0].text, "report for download id " + ids[0] + ": not updated yet (code 3)");
  EXPECT_EQ((*log)[1].text, "report for download id " + ids[0] + ": no state (code 0)");
}

TEST(UbtechServer, AnUnknownIdAmongKnownOnesChangesNothing) {
  auto world = make_seed_world();
  const std::string token = first_token(*world);
  const auto ids = ids_in(world->exchange(question(token, kRobot, "6")));
  ASSERT_EQ(ids.size(), 2u);
  const auto before = world->store().dump();
  const std::string answer = world->exchange(report_of(token, ids[0] + ";999999999", kRobot, "1"));
  EXPECT_NE(answer.find(R"({"code": "102", "data": "no such download id"})"), std::string::npos);
  EXPECT_EQ(*world->store().dump(), *before);
}

TEST(UbtechServer, AReflashedRobotGetsAChainThatApplies) {
  auto world = make_seed_world();
  const std::string token = first_token(*world);
  const auto ids = ids_in(world->exchange(question(token, kRobot, "17")));
  ASSERT_EQ(ids.size(), 1u);
  const auto again = ids_in(world->exchange(question(token, kRobot, "6")));
  ASSERT_EQ(again.size(), 2u);
  const auto device = world->device(kRobot);
  ASSERT_TRUE(device);
  ASSERT_EQ(device->tasks.size(), 2u);
  EXPECT_EQ(device->tasks[0].state, domain::TaskState::pending);
  EXPECT_FALSE(domain::is_open(device->tasks[1].state));
}

TEST(UbtechServer, AReflashedRobotAmidAChainIsPlannedAnew) {
  auto world = make_seed_world();
  const std::string token = first_token(*world);
  const auto ids = ids_in(world->exchange(question(token, kRobot, "6")));
  ASSERT_EQ(ids.size(), 2u);
  world->exchange(report_of(token, ids[0], kRobot, "1"));
  // No patch starts at 5: nothing can be offered, and the task does not hang on.
  const std::string answer = world->exchange(question(token, kRobot, "5"));
  EXPECT_NE(answer.find(R"({"code": "102", "data": "", "id": ""})"), std::string::npos) << answer;
  const auto device = world->device(kRobot);
  ASSERT_TRUE(device);
  ASSERT_EQ(device->tasks.size(), 1u);
  EXPECT_EQ(device->tasks[0].state, domain::TaskState::failed);
  EXPECT_EQ(device->tasks[0].failure, domain::FailureClass::version);
}

TEST(UbtechServer, UnknownRobotsAreRefusedWithoutSelfRegistration) {
  UbtechConfig config;
  config.auto_register = false;
  auto world = make_seed_world(config);
  const std::string token = first_token(*world);
  const std::string answer = world->exchange(question(token, kRobot, "6"));
  EXPECT_NE(answer.find(R"({"code": "103", "data": "", "id": ""})"), std::string::npos) << answer;
  EXPECT_NE(world->exchange(report_of(token, "23", kRobot, "1")).find("\"102\""),
            std::string::npos);
  EXPECT_FALSE(world->device(kRobot));
}

TEST(UbtechServer, ARobotOfAnUnknownProductLeavesNoTrace) {
  auto world = make_seed_world();
  const std::string token = first_token(*world);
  std::string request = question(token, kRobot, "6");
  request.replace(request.find("alpha2services"), 14, "alpha3services");
  EXPECT_NE(world->exchange(request).find("\"102\""), std::string::npos);
  EXPECT_FALSE(world->device(kRobot));
}

TEST(UbtechServer, RefusedTokensAreEchoedOnlyWhenWanted) {
  UbtechConfig config;
  config.echo_tokens = true;
  auto world = make_seed_world(config);
  const std::string answer = world->exchange(question("10bb2da8", kRobot, "6"));
  EXPECT_NE(answer.find("Invalid access token: 10bb2da8"), std::string::npos) << answer;
  auto silent = make_seed_world();
  const std::string other = silent->exchange(question("10bb2da8", kRobot, "6"));
  EXPECT_EQ(other.find("10bb2da8"), std::string::npos) << other;
}

TEST(UbtechServer, BasePathsAreConfigured) {
  UbtechConfig config;
  config.base_paths = {"/robots"};
  auto world = make_seed_world(config);
  EXPECT_EQ(first_token(*world), "");
  auto robot = make_ubtech_device(robot_identity("/robots"));
  live(*robot, world->transport(), *world);
  EXPECT_EQ(robot->running_version(), "18");
}

}  // namespace
}  // namespace otaru::dialect::ubtech
