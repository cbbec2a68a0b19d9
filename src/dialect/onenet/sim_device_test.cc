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

// Lives through one poll; the steps it told, without those of a device that does well.
std::string poll(SimDevice& device, tests::World& world) {
  base::SeededRandom dice(7);
  std::vector<SimEvent> events;
  for (int i = 0; i < 2000 && device.step(world.transport(), world.now(), dice, events); ++i) {
  }
  std::string out;
  for (const auto& event : events) out += event.step + " ";
  return out;
}

SimIdentity software_identity(std::string_view key, SimOutcome outcome) {
  auto conduct = std::make_shared<SimConduct>();
  conduct->install = [outcome](std::string_view, std::string_view version, base::Random&) {
    return version == "2.0" ? outcome : SimOutcome{};
  };
  SimIdentity out =
      identity_of(key, {{"manuf", "101"}, {"model", "10101"}, {"type", "2"}, {"version", "1.0"}});
  out.conduct = std::move(conduct);
  return out;
}

TEST(OnenetSimDevice, FailsWithTheVendorsCodeOfEachClass) {
  const struct {
    domain::FailureClass failure;
    std::string_view code;
    domain::FailureClass heard;
  } cases[] = {
      {domain::FailureClass::space, "102", domain::FailureClass::space},
      {domain::FailureClass::memory, "103", domain::FailureClass::memory},
      {domain::FailureClass::timeout, "104", domain::FailureClass::timeout},
      {domain::FailureClass::power, "105", domain::FailureClass::power},
      {domain::FailureClass::signal, "106", domain::FailureClass::signal},
      {domain::FailureClass::download, "107", domain::FailureClass::download},
      {domain::FailureClass::version, "204", domain::FailureClass::version},
      {domain::FailureClass::verification, "205", domain::FailureClass::verification},
      // No words for these.
      {domain::FailureClass::boot, "206", domain::FailureClass::unknown},
      {domain::FailureClass::hardware, "206", domain::FailureClass::unknown},
      {domain::FailureClass::unknown, "206", domain::FailureClass::unknown},
      {domain::FailureClass::retries, "207", domain::FailureClass::retries},
      {domain::FailureClass::expired, "208", domain::FailureClass::expired},
  };
  for (const auto& item : cases) {
    SCOPED_TRACE(domain::name_of(item.failure));
    auto world = make_test_world();
    const auto device = make_onenet_device(software_identity("f1", {SimFate::fails, item.failure}));
    EXPECT_NE(poll(*device, *world).find("fail "), std::string::npos);
    EXPECT_EQ(device->running_version(), "1.0");
    const auto task = world->device("f1")->tasks.front();
    EXPECT_EQ(task.state, domain::TaskState::failed);
    EXPECT_EQ(task.result, item.code);
    EXPECT_EQ(task.failure, item.heard);
  }
}

TEST(OnenetSimDevice, DiesVanishesComplainsAndDeclines) {
  auto world = make_test_world();
  const auto dies = make_onenet_device(software_identity("g1", {SimFate::dies, {}}));
  EXPECT_NE(poll(*dies, *world).find("install silent "), std::string::npos);
  EXPECT_TRUE(dies->silent());
  EXPECT_EQ(poll(*dies, *world), "");
  EXPECT_EQ(world->device("g1")->tasks.front().state, domain::TaskState::upgrading);

  const auto vanishes = make_onenet_device(software_identity("g2", {SimFate::vanishes, {}}));
  EXPECT_NE(poll(*vanishes, *world).find("install report silent "), std::string::npos);
  EXPECT_EQ(world->device("g2")->tasks.front().state, domain::TaskState::succeeded);

  const auto unwell = make_onenet_device(software_identity("g3", {SimFate::unwell, {}}));
  EXPECT_NE(poll(*unwell, *world).find("install report report complain idle "), std::string::npos);
  EXPECT_EQ(unwell->running_version(), "2.0");

  const auto declines = make_onenet_device(software_identity("g4", {SimFate::declines, {}}));
  EXPECT_EQ(poll(*declines, *world), "report offer decline ");
  EXPECT_EQ(world->device("g4")->tasks.front().state, domain::TaskState::pending);
}

TEST(OnenetSimDevice, WaitsForSignalAndPowerByItself) {
  auto world = make_test_world();
  SimIdentity identity = identity_of(
      "6523", {{"manuf", "001"}, {"model", "00107"}, {"type", "1"}, {"version", "1.1"}});
  identity.condition = {11, 100};  // the task wants a signal of 12 and 90 percent
  const auto device = make_onenet_device(std::move(identity));
  EXPECT_EQ(poll(*device, *world), "report offer decline ");
  device->set_condition({12, 89});
  EXPECT_EQ(poll(*device, *world), "offer decline ");
  device->set_condition({12, 90});
  // (The file of the document's example does not have the md5 that the example prints.)
  EXPECT_NE(poll(*device, *world).find("offer download "), std::string::npos);
}

TEST(OnenetSimDevice, ComesBackNoEarlierThanTheTaskSays) {
  auto world = make_test_world();
  SimIdentity identity = software_identity("6523", {});
  identity.words =
      identity_of("", {{"manuf", "001"}, {"model", "00107"}, {"type", "1"}, {"version", "1.1"}})
          .words;
  auto conduct = std::make_shared<SimConduct>();
  conduct->install = [](std::string_view, std::string_view, base::Random&) {
    return SimOutcome{SimFate::fails, domain::FailureClass::space};
  };
  identity.conduct = conduct;
  const auto device = make_onenet_device(std::move(identity));
  EXPECT_NE(poll(*device, *world).find("fail report "), std::string::npos);
  EXPECT_EQ(device->not_before(), world->now() + 90'000);  // the task's interval
  EXPECT_EQ(poll(*device, *world), "");
  world->advance(90'000);
  EXPECT_NE(poll(*device, *world), "");
}

TEST(OnenetSimDevice, HeedsRetryAfter) {
  const auto device = make_onenet_device(identity_of("w1", {{"version", "1.0"}}));
  int asked = 0;
  const Transport busy = [&](const std::string&) -> base::Result<WireReply> {
    ++asked;
    return WireReply{503, {{"Retry-After", "120"}}, ""};
  };
  base::SeededRandom dice(1);
  std::vector<SimEvent> events;
  (void)device->step(busy, base::Time{1000}, dice, events);
  EXPECT_EQ(device->not_before(), base::Time{121'000});
  (void)device->step(busy, base::Time{120'999}, dice, events);
  EXPECT_EQ(asked, 1);
  (void)device->step(busy, base::Time{121'000}, dice, events);
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace otaru::dialect::onenet
