// SPDX-License-Identifier: Apache-2.0
// Simulated devices against the whole server in one process.
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "dialect/onenet/test_catalogue.h"

namespace otaru::dialect::onenet {
namespace {

SimIdentity identity_of(std::string_view id,
                        std::vector<std::pair<std::string, std::string>> words) {
  SimIdentity out;
  out.key = std::string(id);
  out.host = "ota.heclouds.com";
  out.words = std::move(words);
  out.words.emplace_back("pid", "123123");
  out.words.emplace_back("access_key", std::string(kTestKey));
  return out;
}

std::string sha256_of(const std::string& bytes) {
  return base::hex(base::digest(base::HashKind::sha256, bytes));
}

// Steps until the device has nothing to do; the steps it told.
std::string live(SimDevice& device, tests::World& world, const Transport& transport) {
  base::SeededRandom dice(7);
  std::vector<SimEvent> events;
  for (int i = 0; i < 2000; ++i) {
    if (!device.step(transport, world.now(), dice, events)) break;
  }
  std::string out;
  for (const auto& event : events) {
    if (event.step == "error") ADD_FAILURE() << event.detail;
    out += event.step + " ";
  }
  return out;
}

TEST(OnenetSimDevice, ModuleUpdatesItselfInSlices) {
  auto world = make_test_world();
  const auto device = make_onenet_device(identity_of(
      "s1", {{"manuf", "乐鑫"}, {"model", "ESP32"}, {"type", "2"}, {"version", "1.0"}}));
  EXPECT_EQ(live(*device, *world, world->transport()),
            "report offer download verify report install report report idle ");
  EXPECT_EQ(device->running_version(), "2.0");
  EXPECT_EQ(device->running_image_sha256(), sha256_of(large_file()));
  const auto known = world->device("s1");
  EXPECT_EQ(known->tasks.front().state, domain::TaskState::succeeded);
  EXPECT_EQ(known->component("software")->version, "2.0");
  EXPECT_EQ(live(*device, *world, world->transport()), "idle ");
}

TEST(OnenetSimDevice, LazyClientCompletesByItsVersion) {
  auto world = make_test_world();
  const auto device = make_onenet_device(identity_of(
      "e1", {{"manuf", "001"}, {"model", "00108"}, {"version", "V1.0.0"}, {"style", "esp8266"}}));
  EXPECT_EQ(live(*device, *world, world->transport()),
            "report offer download verify install report idle ");
  EXPECT_EQ(device->running_image_sha256(), sha256_of(small_file()));
  EXPECT_EQ(world->device("e1")->tasks.front().state, domain::TaskState::succeeded);
}

TEST(OnenetSimDevice, SurvivesALossyNetwork) {
  auto world = make_test_world();
  const auto device = make_onenet_device(
      identity_of("l1", {{"manuf", "1"}, {"model", "108"}, {"version", "V1.0.0"}}));
  base::SeededRandom dice(5);
  const auto wire = world->transport();
  const Transport lossy = [&](const std::string& request) -> base::Result<WireReply> {
    const uint64_t fate = dice.below(3);
    if (fate == 0) return base::fail(base::Code::unavailable, "lost");
    auto reply = wire(request);
    if (fate == 1) return base::fail(base::Code::unavailable, "answer lost");
    return reply;
  };
  std::vector<SimEvent> events;
  for (int i = 0; i < 400 && device->running_image_sha256().empty(); ++i) {
    (void)device->step(lossy, world->now(), dice, events);
  }
  EXPECT_EQ(device->running_version(), "V1.0.1");
  for (int i = 0; i < 20; ++i) (void)device->step(wire, world->now(), dice, events);
  EXPECT_EQ(world->device("l1")->tasks.front().state, domain::TaskState::succeeded);
}

}  // namespace
}  // namespace otaru::dialect::onenet
