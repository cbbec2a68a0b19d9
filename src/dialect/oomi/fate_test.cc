// SPDX-License-Identifier: Apache-2.0
// Simulated Cubes that do not do well, against the whole server in one process: what the server can
// learn of it, which in this protocol is little.
#include <gtest/gtest.h>

#include "dialect/oomi/fixture.h"
#include "dialect/oomi/oomi.h"

namespace otaru::dialect::oomi {
namespace {

constexpr std::string_view kCube = "FATE";

std::unique_ptr<SimDevice> zwave_cube(SimOutcome outcome) {
  auto conduct = std::make_shared<SimConduct>();
  conduct->install = [outcome](std::string_view, std::string_view, base::Random&) {
    return outcome;
  };
  SimIdentity identity;
  identity.key = std::string(kCube);
  identity.host = "ota.example.com";
  identity.words = {
      {"product", "OOMI_Cube_Zwave"}, {"feature", "zwave_freq_29"}, {"version", "V1.01.0.0"}};
  identity.conduct = std::move(conduct);
  return make_oomi_device(std::move(identity));
}

// One poll; the steps it told.
std::string poll(SimDevice& device, tests::World& world) {
  std::vector<SimEvent> events;
  for (int i = 0; i < 500; ++i) {
    if (!device.step(world.transport(), world.now(), world.random(), events)) break;
  }
  std::string out;
  for (const auto& event : events) {
    if (event.step != "download") out += event.step + " ";
  }
  return out;
}

domain::Task newest_task(tests::World& world) {
  return world.device(kCube)->tasks.front();
}

TEST(OomiFate, AFailureIsOnlySeenByTheOldVersion) {
  auto world = make_world({}, Fixture{true});
  const auto early = zwave_cube({SimFate::fails, domain::FailureClass::space});
  EXPECT_EQ(poll(*early, *world), "check offer fail idle ");
  const auto late = zwave_cube({SimFate::fails, domain::FailureClass::verification});
  EXPECT_EQ(poll(*late, *world), "check offer verify fail ");
  EXPECT_EQ(poll(*late, *world), "check offer verify fail ");
  const auto boot = zwave_cube({SimFate::fails, domain::FailureClass::boot});
  EXPECT_EQ(poll(*boot, *world), "check offer verify fail report ");
  EXPECT_EQ(boot->running_version(), "V1.01.0.0");
  EXPECT_TRUE(domain::is_open(newest_task(*world).state));
}

TEST(OomiFate, DiesVanishesAndDeclines) {
  auto world = make_world({}, Fixture{true});
  const auto dies = zwave_cube({SimFate::dies, {}});
  EXPECT_EQ(poll(*dies, *world), "check offer verify install silent ");
  EXPECT_EQ(poll(*dies, *world), "");
  EXPECT_TRUE(domain::is_open(newest_task(*world).state));

  const auto declines = zwave_cube({SimFate::declines, {}});
  EXPECT_EQ(poll(*declines, *world), "check offer decline idle ");
  EXPECT_EQ(newest_task(*world).state, domain::TaskState::pending);

  const auto vanishes = zwave_cube({SimFate::vanishes, {}});
  EXPECT_EQ(poll(*vanishes, *world), "check offer verify install report check silent ");
  EXPECT_EQ(newest_task(*world).state, domain::TaskState::succeeded);
}

TEST(OomiFate, AKitIsDeclinedOrFailsWhole) {
  auto world = make_world({}, Fixture{true});
  for (const SimFate fate : {SimFate::declines, SimFate::fails, SimFate::good}) {
    auto conduct = std::make_shared<SimConduct>();
    conduct->install = [fate](std::string_view, std::string_view, base::Random&) {
      return SimOutcome{fate, domain::FailureClass::boot};
    };
    SimIdentity identity;
    identity.host = "ota.example.com";
    identity.words = {{"product", "OOMI_Kit"},
                      {"version", "V0.0.1"},
                      {"account", "111"},
                      {"feature", "zwave_freq_29"}};
    identity.conduct = conduct;
    const auto touch = make_oomi_device(std::move(identity));
    poll(*touch, *world);
    EXPECT_EQ(touch->running_version(), fate == SimFate::good ? "2.0.6.11" : "V0.0.1")
        << name_of(fate);
  }
}

}  // namespace
}  // namespace otaru::dialect::oomi
