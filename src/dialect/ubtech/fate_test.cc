// SPDX-License-Identifier: Apache-2.0
// Simulated robots that do not do well, against the whole server in one process.
#include <gtest/gtest.h>

#include "dialect/ubtech/seed_world.h"
#include "dialect/ubtech/ubtech.h"
#include "domain/facts.h"

namespace otaru::dialect::ubtech {
namespace {

constexpr std::string_view kUnhappy = "unhappy1";

std::unique_ptr<SimDevice> unhappy_robot(SimOutcome outcome) {
  auto conduct = std::make_shared<SimConduct>();
  conduct->install = [outcome](std::string_view, std::string_view version, base::Random&) {
    return version == "18" ? outcome : SimOutcome{};
  };
  SimIdentity identity;
  identity.key = std::string(kUnhappy);
  identity.host = "localhost:8010";
  identity.words = {{"client_id", "mobile_1"},
                    {"client_secret", "secret_1"},
                    {"username", "aa"},
                    {"password", "aa"},
                    {"package_name", "com.ubtechinc.alpha2services"},
                    {"file_name", "service5mic"},
                    {"language", "CN"},
                    {"robot_version", "1"},
                    {"version", "6"}};
  identity.conduct = std::move(conduct);
  return make_ubtech_device(std::move(identity));
}

std::string poll(SimDevice& device, tests::World& world) {
  std::vector<SimEvent> events;
  for (int i = 0; i < 200; ++i) {
    if (!device.step(world.transport(), world.now(), world.random(), events)) break;
  }
  std::string out;
  for (const auto& event : events) {
    if (event.step != "download" && event.step != "verify") out += event.step + " ";
  }
  return out;
}

domain::Task newest_task(tests::World& world) {
  return world.device(kUnhappy)->tasks.front();
}

TEST(UbtechFacts, TheRobotVersionIsItsHardware) {
  auto world = make_seed_world();
  const auto robot = unhappy_robot({SimFate::declines, {}});
  poll(*robot, *world);
  const auto device = world->device(kUnhappy);
  const std::string* text = domain::find_text(device->reported, domain::facts::kHwVersion);
  ASSERT_NE(text, nullptr);
  EXPECT_EQ(*text, "1");
}

TEST(UbtechFate, FailsWithCodeTwo) {
  const struct {
    domain::FailureClass failure;
    std::string_view steps;
    std::string_view version;
  } cases[] = {
      {domain::FailureClass::space, "check offer fail report ", "6"},
      {domain::FailureClass::verification, "check offer fail report ", "6"},
      {domain::FailureClass::boot, "check offer fail report ", "6"},
  };
  for (const auto& item : cases) {
    SCOPED_TRACE(domain::name_of(item.failure));
    auto world = make_seed_world();
    const auto robot = unhappy_robot({SimFate::fails, item.failure});
    EXPECT_EQ(poll(*robot, *world), item.steps);
    EXPECT_EQ(robot->running_version(), item.version);
    EXPECT_EQ(newest_task(*world).state, domain::TaskState::failed);
    EXPECT_EQ(newest_task(*world).result, "2");
    EXPECT_EQ(newest_task(*world).failure, domain::FailureClass::unknown);
  }
}

TEST(UbtechFate, DiesVanishesComplainsAndDeclines) {
  {
    auto world = make_seed_world();
    const auto robot = unhappy_robot({SimFate::declines, {}});
    EXPECT_EQ(poll(*robot, *world), "check offer decline report ");
    EXPECT_EQ(newest_task(*world).state, domain::TaskState::pending);
    EXPECT_EQ(robot->running_version(), "6");
  }
  {
    auto world = make_seed_world();
    const auto robot = unhappy_robot({SimFate::dies, {}});
    EXPECT_EQ(poll(*robot, *world), "check offer install report install silent ");
    EXPECT_EQ(newest_task(*world).state, domain::TaskState::upgrading);
    EXPECT_EQ(poll(*robot, *world), "");
  }
  {
    auto world = make_seed_world();
    const auto robot = unhappy_robot({SimFate::vanishes, {}});
    EXPECT_EQ(poll(*robot, *world), "check offer install report install report silent ");
    EXPECT_EQ(newest_task(*world).state, domain::TaskState::succeeded);
  }
  {
    auto world = make_seed_world();
    const auto robot = unhappy_robot({SimFate::unwell, {}});
    EXPECT_EQ(poll(*robot, *world),
              "check offer install report install report complain check idle ");
    EXPECT_EQ(robot->running_version(), "18");
    EXPECT_EQ(newest_task(*world).state, domain::TaskState::succeeded);
  }
}

}  // namespace
}  // namespace otaru::dialect::ubtech
