// SPDX-License-Identifier: Apache-2.0
// Simulated gateways, well and unwell, against the whole server in one process.
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/hash.h"
#include "dialect/hawkbit/test_world.h"
#include "domain/facts.h"

namespace otaru::dialect::hawkbit {
namespace {

class HawkbitFate : public ::testing::Test, protected Gateways {
 protected:
  std::unique_ptr<SimDevice> device(const std::string& key, SimOutcome outcome = {},
                                    SimWords more = {}) {
    auto conduct = std::make_shared<SimConduct>();
    conduct->install = [outcome](std::string_view, std::string_view, base::Random&) {
      return outcome;
    };
    SimIdentity identity;
    identity.key = key;
    identity.host = "ota.example.com";
    identity.words = std::move(more);
    if (identity.word("gateway_token").empty()) identity.words.emplace_back("token", "token-{key}");
    if (identity.word("product").empty()) identity.words.emplace_back("product", "gateway-os/os");
    identity.words.emplace_back("version", "1.0");
    identity.conduct = std::move(conduct);
    return make_hawkbit_device(std::move(identity));
  }

  // Until it rests; the steps it told.
  std::string poll(SimDevice& device, const Transport& transport) {
    std::vector<SimEvent> events;
    for (int i = 0; i < 200; ++i) {
      if (!device.step(transport, world_->now(), world_->random(), events)) break;
    }
    std::string out;
    for (const auto& event : events) {
      if (event.step == "error") errors_ += event.detail + "\n";
      out += event.step + " ";
    }
    return out;
  }
  std::string poll(SimDevice& device) { return poll(device, world_->transport()); }
  // As long as the server told it to sleep.
  void wake() { world_->advance(300'000); }

  void edit(int64_t deployment, const std::function<void(domain::Deployment&)>& change) {
    auto rows = world_->engine().snapshot()->rows();
    for (auto& row : rows.deployments) {
      if (row.id.value == deployment) change(row);
    }
    world_->load(rows);
  }

  std::string errors_;
};

const std::string kImage =
    base::hex(base::digest(base::HashKind::sha256, std::string(kGatewayImage)));

TEST_F(HawkbitFate, AnUpdateReachesTheDeviceAndTheServerKnows) {
  const auto gateway = device("gw-1");
  EXPECT_EQ(poll(*gateway), "check offer download verify install check report idle ");
  EXPECT_EQ(errors_, "");
  EXPECT_EQ(gateway->running_version(), "1.1");
  EXPECT_EQ(gateway->running_image_sha256(), kImage);
  EXPECT_EQ(task_of("gw-1").state, domain::TaskState::succeeded);
  EXPECT_EQ(world_->device("gw-1")->component("gateway-os/os")->version, "1.1");
  EXPECT_EQ(poll(*gateway), "") << "it sleeps as long as the server said";
  wake();
  EXPECT_EQ(poll(*gateway), "check idle ");
}

TEST_F(HawkbitFate, AKitIsOneActionWithAChunkForEachRelease) {
  const auto gateway = device("kit-1", {}, {{"product", "gateway-os/os, gateway-app/application"}});
  EXPECT_EQ(poll(*gateway),
            "check offer download verify download verify install check report idle ");
  EXPECT_EQ(errors_, "");
  const auto known = *world_->device("kit-1");
  EXPECT_EQ(known.component("gateway-os/os")->version, "1.1");
  EXPECT_EQ(known.component("gateway-app/application")->version, "2.0");
  ASSERT_EQ(known.tasks.size(), 2u);
  for (const auto& task : known.tasks) EXPECT_EQ(task.state, domain::TaskState::succeeded);
}

TEST_F(HawkbitFate, WhatFailsNamesItsClass) {
  const struct {
    domain::FailureClass failure;
    domain::FailureClass heard;
    std::string_view steps;
  } cases[] = {
      {domain::FailureClass::space, domain::FailureClass::space, "check offer fail report "},
      {domain::FailureClass::memory, domain::FailureClass::memory, "check offer fail report "},
      {domain::FailureClass::power, domain::FailureClass::power, "check offer fail report "},
      {domain::FailureClass::download, domain::FailureClass::download, "check offer fail report "},
      {domain::FailureClass::verification, domain::FailureClass::verification,
       "check offer download verify fail report "},
      {domain::FailureClass::hardware, domain::FailureClass::hardware,
       "check offer download verify fail report "},
      {domain::FailureClass::boot, domain::FailureClass::boot,
       "check offer download verify fail check report "},
      {domain::FailureClass::unknown, domain::FailureClass::unknown,
       "check offer download verify fail check report "},
  };
  for (const auto& item : cases) {
    SCOPED_TRACE(domain::name_of(item.failure));
    const std::string key = "fails-" + std::string(domain::name_of(item.failure));
    put_device(key);
    const auto gateway = device(key, {SimFate::fails, item.failure});
    // What the deployment allows to be tried again may follow at once.
    EXPECT_EQ(poll(*gateway).substr(0, item.steps.size()), item.steps);
    EXPECT_EQ(gateway->running_version(), "1.0");
    EXPECT_EQ(task_of(key).state, domain::TaskState::failed);
    EXPECT_EQ(task_of(key).failure, item.heard);
  }
}

TEST_F(HawkbitFate, DiesAndVanishes) {
  const auto dies = device("gw-1", {SimFate::dies, {}});
  EXPECT_EQ(poll(*dies), "check offer download verify install silent ");
  EXPECT_EQ(task_of("gw-1").state, domain::TaskState::downloading);
  wake();
  EXPECT_EQ(poll(*dies), "");

  const auto vanishes = device("gw-2", {SimFate::vanishes, {}});
  EXPECT_EQ(poll(*vanishes), "check offer download verify install check report silent ");
  EXPECT_EQ(task_of("gw-2").state, domain::TaskState::succeeded);
}

TEST_F(HawkbitFate, ComplainsByAnAttribute) {
  edit(1, [](domain::Deployment& row) { row.watch.health_ms = base::kHourMs; });
  const auto gateway = device("gw-1", {SimFate::unwell, {}});
  EXPECT_EQ(poll(*gateway), "check offer download verify install check report complain idle ");
  EXPECT_EQ(reported("gw-1", domain::facts::kHealth), domain::facts::kUnhealthy);
  EXPECT_EQ(task_of("gw-1").aftermath, domain::Aftermath::unhealthy);
}

TEST_F(HawkbitFate, WhatIsDeclinedStaysOffered) {
  const auto gateway = device("gw-1", {SimFate::declines, {}});
  EXPECT_EQ(poll(*gateway), "check offer decline report ");
  EXPECT_EQ(task_of("gw-1").state, domain::TaskState::pending);
  wake();
  EXPECT_EQ(poll(*gateway), "check offer decline report ");
  EXPECT_EQ(gateway->running_version(), "1.0");
}

TEST_F(HawkbitFate, ConfirmationIsGivenRefusedOrNotKnown) {
  const auto ignorant = device("ask-1");
  EXPECT_EQ(poll(*ignorant), "check idle ");
  EXPECT_EQ(task_of("ask-1").state, domain::TaskState::awaiting_consent);

  const auto unwilling = device("ask-1", {}, {{"confirms", "no"}});
  EXPECT_EQ(poll(*unwilling), "check offer decline ");
  EXPECT_EQ(task_of("ask-1").state, domain::TaskState::awaiting_consent);
  wake();
  EXPECT_EQ(poll(*unwilling), "check ") << "it has said so";

  const auto willing = device("ask-1", {}, {{"confirms", "yes"}});
  EXPECT_EQ(poll(*willing), "check offer report offer download verify install check report idle ");
  EXPECT_EQ(errors_, "");
  EXPECT_EQ(task_of("ask-1").state, domain::TaskState::succeeded);
}

TEST_F(HawkbitFate, AStrangerLearnsNothing) {
  const auto stranger = device("new-1", {}, {{"gateway_token", "gateway-secret"}});
  EXPECT_EQ(poll(*stranger), "check idle ");
  ASSERT_TRUE(world_->device("new-1"));
  EXPECT_TRUE(world_->device("new-1")->pending) << "it waits for approval";
  EXPECT_TRUE(world_->device("new-1")->tasks.empty());
  const auto intruder = device("new-2", {}, {{"gateway_token", "wrong"}});
  EXPECT_EQ(poll(*intruder), "error ");
  EXPECT_FALSE(world_->device("new-2"));
}

TEST_F(HawkbitFate, ALossyNetworkCostsNothingButTime) {
  const auto gateway = device("gw-1");
  base::SeededRandom dice(5);
  const auto wire = world_->transport();
  const Transport lossy = [&](const std::string& request) -> base::Result<WireReply> {
    const uint64_t fate = dice.below(6);
    if (fate == 0) return base::fail(base::Code::unavailable, "lost");
    auto reply = wire(request);
    if (fate == 1) return base::fail(base::Code::unavailable, "answer lost");
    if (fate == 2) reply->body.resize(dice.below(reply->body.size() + 1));
    return reply;
  };
  for (int i = 0; i < 20 && gateway->running_image_sha256().empty(); ++i) {
    poll(*gateway, lossy);
    wake();
  }
  EXPECT_EQ(gateway->running_image_sha256(), kImage);
  for (int i = 0; i < 3; ++i) {
    poll(*gateway);
    wake();
  }
  EXPECT_EQ(task_of("gw-1").state, domain::TaskState::succeeded);
}

// The device has installed what nobody wants any more: it stops, and says what it runs.
TEST_F(HawkbitFate, CancelledAfterTheInstallationTheVersionIsStillTold) {
  const auto gateway = device("gw-1");
  std::vector<SimEvent> events;
  while (gateway->running_version() == "1.0") {
    ASSERT_TRUE(gateway->step(world_->transport(), world_->now(), world_->random(), events));
  }
  edit(1, [](domain::Deployment& row) { row.state = domain::DeploymentState::cancelled; });
  poll(*gateway);
  wake();
  EXPECT_EQ(poll(*gateway), "check idle ");
  EXPECT_FALSE(domain::is_open(task_of("gw-1").state));
  EXPECT_EQ(world_->device("gw-1")->component("gateway-os/os")->version, "1.1");
}

}  // namespace
}  // namespace otaru::dialect::hawkbit
