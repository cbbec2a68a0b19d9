// SPDX-License-Identifier: Apache-2.0
#include "app/fleet_service.h"

#include "tests/support/service_world.h"

namespace otaru::app {
namespace {

using domain::kDefaultTenant;
using domain::TaskState;

class FleetServiceTest : public ServiceTest {
 protected:
  FleetServiceTest() {
    EXPECT_TRUE(catalogue->first_start().has_value());
    lamp = product("lamp");
    published(lamp, "1.0");
    published(lamp, "2.0");
    DeploymentChange with;
    with.name = "all";
    with.target = domain::DeploymentTarget{{}, {}, "stable", {}};
    const auto made = catalogue->create_deployment(kOperator, kDefaultTenant, with);
    EXPECT_TRUE(catalogue->act(kOperator, made->id, DeploymentAction::start).has_value());
  }

  std::optional<domain::Device> device(std::string_view key) {
    return *store.find_device(kDefaultTenant, key);
  }

  // A device asks, as its own protocol would let it.
  domain::Reason check(std::string_view key, std::string_view version = "1.0") {
    domain::Reason reason = domain::Reason::unknown_product;
    EXPECT_TRUE(engine
                    ->run_blocking("test",
                                   [&](DeviceGateway& gateway) -> base::Status {
                                     OTARU_TRY(ref, gateway.identify(kDefaultTenant, key,
                                                                     Identify::find_or_register));
                                     domain::CheckIn in;
                                     in.product = lamp;
                                     in.slot = "lamp";
                                     in.version = version;
                                     OTARU_TRY(got, gateway.check(ref, in, TaskBirth::record));
                                     reason = got.decision.reason;
                                     return {};
                                   })
                    .has_value());
    return reason;
  }

  domain::ProductId lamp;
};

TEST_F(FleetServiceTest, RegisteredBeforeItAsks) {
  const std::string secret = "AQIDBAUGBwgJCgsMDQ4PEA==";
  DeviceSpec spec{kDefaultTenant, "d1", {{"site", "north"}}, secret};
  EXPECT_EQ(refusal(fleet->register_device(kOperator, spec)), "ok");
  EXPECT_EQ(refusal(fleet->register_device(kOperator, spec)), "conflict key");
  const auto row = device("d1");
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->door, "operator");
  EXPECT_EQ(row->attributes, spec.attributes);
  EXPECT_EQ(*secrets.unseal_text(row->secret_sealed), secret);
  EXPECT_EQ(refusal(fleet->register_device(kOperator, {kDefaultTenant, "", {}, {}})),
            "invalid key");
  EXPECT_EQ(
      refusal(fleet->register_device(kOperator, {kDefaultTenant, std::string(129, 'x'), {}, {}})),
      "too_large key");
  EXPECT_EQ(refusal(fleet->register_device(kOperator, {kDefaultTenant, "a\nb", {}, {}})),
            "invalid key");
  EXPECT_EQ(refusal(fleet->register_device(kOperator, {kDefaultTenant, "d2", {}, "short"})),
            "invalid secret");
  for (const std::string& bad : {std::string("seven77"), std::string("with a blank"),
                                 std::string("l\u00e4nge\u00e4"), std::string(513, 'x')}) {
    EXPECT_EQ(refusal(fleet->register_device(kOperator, {kDefaultTenant, "d2", {}, bad})),
              "invalid secret")
        << bad;
  }
  EXPECT_EQ(refusal(fleet->register_device(kOperator, {kDefaultTenant, "d2", {}, "hawk:bit!"})),
            "ok");
  EXPECT_EQ(*secrets.unseal_text(device("d2")->secret_sealed), "hawk:bit!");
  EXPECT_EQ(refusal(fleet->register_device(kOperator, {kDefaultTenant, "d3", {{"", "x"}}, {}})),
            "invalid attributes");
  // Registering is not being seen.
  ASSERT_TRUE(engine->flush().has_value());
  DeviceFilter filter;
  EXPECT_EQ(store.list_devices(filter)->front().last_seen.ms, 0);
}

TEST_F(FleetServiceTest, BlockedDevicesGetNothing) {
  EXPECT_EQ(refusal(fleet->update_device(kOperator, kDefaultTenant, "d1", {true, {}})),
            "not_found");
  ASSERT_TRUE(fleet->register_device(kOperator, {kDefaultTenant, "d1", {}, {}}).has_value());
  ASSERT_TRUE(fleet->update_device(kOperator, kDefaultTenant, "d1", {true, {}}).has_value());
  EXPECT_EQ(check("d1"), domain::Reason::device_blocked);
  restart();
  EXPECT_EQ(check("d1"), domain::Reason::device_blocked);
  ASSERT_TRUE(fleet->update_device(kOperator, kDefaultTenant, "d1", {false, {}}).has_value());
  EXPECT_EQ(check("d1"), domain::Reason::offer);
}

TEST_F(FleetServiceTest, WhoRegistersItselfMayHaveToBeApproved) {
  const auto knock = [&](std::string_view key) {
    return engine->run_blocking("door", [&](DeviceGateway& gateway) -> base::Status {
      OTARU_TRY(ref, gateway.identify(kDefaultTenant, key, Identify::find_or_register_pending));
      if (gateway.describe(ref).secret_sealed.empty()) gateway.set_secret(ref, "sealed");
      return {};
    });
  };
  ASSERT_TRUE(knock("d1").has_value());
  EXPECT_TRUE(device("d1")->pending);
  EXPECT_TRUE(device("d1")->blocked);
  EXPECT_EQ(device("d1")->door, "door");
  EXPECT_EQ(device("d1")->secret_sealed, "sealed");
  EXPECT_EQ(engine->pending_count(kDefaultTenant), 1);
  EXPECT_EQ(check("d1"), domain::Reason::device_blocked);
  restart();
  EXPECT_EQ(engine->pending_count(kDefaultTenant), 1);
  EXPECT_EQ(engine->device_count(kDefaultTenant), 1);
  EXPECT_EQ(refusal(fleet->approve_device(kOperator, kDefaultTenant, "d9")), "not_found");
  EXPECT_EQ(refusal(fleet->approve_device(kOperator, kDefaultTenant, "d1")), "ok");
  EXPECT_FALSE(device("d1")->pending);
  EXPECT_EQ(engine->pending_count(kDefaultTenant), 0);
  EXPECT_EQ(check("d1"), domain::Reason::offer);
  EXPECT_EQ(refusal(fleet->approve_device(kOperator, kDefaultTenant, "d1")), "precondition");
  EXPECT_EQ(refusal(fleet->reject_device(kOperator, kDefaultTenant, "d1")), "precondition");
  // One that is known does not wait again.
  ASSERT_TRUE(knock("d1").has_value());
  EXPECT_FALSE(device("d1")->pending);
  ASSERT_TRUE(knock("d2").has_value());
  EXPECT_EQ(refusal(fleet->reject_device(kOperator, kDefaultTenant, "d2")), "ok");
  EXPECT_FALSE(device("d2")->pending);
  EXPECT_EQ(check("d2"), domain::Reason::device_blocked);
  ASSERT_TRUE(knock("d2").has_value());
  EXPECT_TRUE(device("d2")->blocked);
  // Serving one is approving it; forgetting one makes room.
  ASSERT_TRUE(knock("d3").has_value());
  ASSERT_TRUE(fleet->update_device(kOperator, kDefaultTenant, "d3", {false, {}}).has_value());
  EXPECT_FALSE(device("d3")->pending);
  EXPECT_EQ(engine->pending_count(kDefaultTenant), 0);
  ASSERT_TRUE(knock("d4").has_value());
  EXPECT_EQ(engine->pending_count(kDefaultTenant), 1);
  EXPECT_EQ(refusal(fleet->erase_device(kOperator, kDefaultTenant, "d4")), "ok");
  EXPECT_EQ(engine->pending_count(kDefaultTenant), 0);
  std::vector<std::string> told;
  const auto events = *store.read_events({});
  for (const auto& event : events) {
    if (event.type.starts_with("device.")) told.push_back(event.type + " " + event.data);
  }
  EXPECT_EQ(told.at(0), R"(device.registered {"device":"d1","door":"door","pending":true})");
  EXPECT_EQ(told.at(1), R"(device.approved {"device":"d1","door":"door","pending":false})");
  EXPECT_EQ(told.at(3), R"(device.rejected {"device":"d2","door":"door","pending":false})");
}

TEST_F(FleetServiceTest, OnlySoManyWaitForApproval) {
  const auto knock = [&](int64_t n) {
    return engine->run_blocking("door", [&](DeviceGateway& gateway) -> base::Status {
      OTARU_CHECK(gateway.identify(kDefaultTenant, "d" + std::to_string(n),
                                   Identify::find_or_register_pending));
      return {};
    });
  };
  const int64_t most = base::limits::kPendingDevicesMax;
  for (int64_t n = 1; n < most; ++n) ASSERT_TRUE(knock(n).has_value()) << n;
  // Two at once for the last place: one of them is run again, and finds none.
  DeviceGateway first(*engine, "door", clock.now());
  DeviceGateway second(*engine, "door", clock.now());
  for (auto* gateway : {&first, &second}) {
    const std::string key = gateway == &first ? "a" : "b";
    const auto seen = engine->run_blocking("door", [&](DeviceGateway& other) -> base::Status {
      const auto known = other.identify(kDefaultTenant, key, Identify::find);
      return known || known.error().code == base::Code::not_found ? base::Status()
                                                                   : base::fail(known.error());
    });
    ASSERT_TRUE(seen.has_value());
    ASSERT_TRUE(
        gateway->identify(kDefaultTenant, key, Identify::find_or_register_pending).has_value());
  }
  EXPECT_EQ(engine->commit(first, nullptr), CommitOutcome::queued);
  EXPECT_EQ(engine->commit(second, nullptr), CommitOutcome::conflict);
  EXPECT_EQ(refusal(knock(most)), "exhausted");
  EXPECT_EQ(engine->pending_count(kDefaultTenant), most);
  EXPECT_EQ(engine->device_count(kDefaultTenant), most);
  // Who is known, or need not be approved, is served.
  EXPECT_EQ(refusal(knock(1)), "ok");
  EXPECT_EQ(check("other"), domain::Reason::offer);
  EXPECT_EQ(refusal(fleet->approve_device(kOperator, kDefaultTenant, "d1")), "ok");
  EXPECT_EQ(refusal(knock(most)), "ok");
}

TEST_F(FleetServiceTest, ADeviceThatCouldNotBeWrittenDoesNotCount) {
  fail_next_write();
  const auto done = engine->run_blocking("door", [&](DeviceGateway& gateway) -> base::Status {
    OTARU_CHECK(gateway.identify(kDefaultTenant, "d1", Identify::find_or_register_pending));
    return {};
  });
  EXPECT_FALSE(done.has_value());
  EXPECT_EQ(engine->pending_count(kDefaultTenant), 0);
  EXPECT_EQ(engine->device_count(kDefaultTenant), 0);
}

TEST_F(FleetServiceTest, AttributesAndSecret) {
  ASSERT_TRUE(
      fleet->register_device(kOperator, {kDefaultTenant, "d1", {{"a", "1"}}, {}}).has_value());
  DeviceChange change;
  change.attributes = {{"a", std::nullopt}, {"b", "2"}, {"c", std::nullopt}};
  ASSERT_TRUE(fleet->update_device(kOperator, kDefaultTenant, "d1", change).has_value());
  EXPECT_EQ(device("d1")->attributes, (domain::TextMap{{"b", "2"}}));
  const auto made = fleet->set_secret(kOperator, kDefaultTenant, "d1", std::nullopt);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(*secrets.unseal_text(device("d1")->secret_sealed), *made);
  EXPECT_EQ(refusal(fleet->set_secret(kOperator, kDefaultTenant, "d1", "x")), "invalid secret");
  ASSERT_TRUE(fleet->clear_secret(kOperator, kDefaultTenant, "d1").has_value());
  EXPECT_TRUE(device("d1")->secret_sealed.empty());
  EXPECT_EQ(refusal(fleet->set_secret(kOperator, kDefaultTenant, "d9", std::nullopt)), "not_found");
}

TEST_F(FleetServiceTest, AnErasedDeviceIsGoneAndComesBackAnew) {
  EXPECT_EQ(check("d1"), domain::Reason::offer);
  const auto before = device("d1");
  ASSERT_TRUE(before.has_value());
  ASSERT_EQ(before->tasks.size(), 1U);
  EXPECT_EQ(engine->device_count(), 1);
  fail_next_write();
  EXPECT_EQ(refusal(fleet->erase_device(kOperator, kDefaultTenant, "d1")), "unavailable");
  EXPECT_EQ(device("d1"), before);
  restart();
  ASSERT_TRUE(fleet->erase_device(kOperator, kDefaultTenant, "d1").has_value());
  EXPECT_EQ(engine->device_count(), 0);
  EXPECT_FALSE(device("d1").has_value());
  EXPECT_FALSE(store.find_task(before->tasks.front().id)->has_value());
  EXPECT_EQ(refusal(fleet->act(kOperator, before->tasks.front().id, TaskAction::cancel)),
            "not_found");
  EXPECT_EQ(refusal(fleet->erase_device(kOperator, kDefaultTenant, "d1")), "not_found");
  EXPECT_EQ(check("d1"), domain::Reason::offer);
  EXPECT_NE(device("d1")->id, before->id);
  ASSERT_TRUE(engine->flush().has_value());
  for (const auto& line : stored()) {
    EXPECT_EQ(line.find("seen " + std::to_string(before->id.value) + " "), std::string::npos);
  }
}

TEST_F(FleetServiceTest, TasksAreCancelledPausedAndResumed) {
  EXPECT_EQ(check("d1"), domain::Reason::offer);
  const auto id = device("d1")->tasks.front().id;
  ASSERT_TRUE(fleet->act(kOperator, id, TaskAction::pause).has_value());
  EXPECT_EQ(device("d1")->tasks.front().state, TaskState::paused);
  EXPECT_NE(check("d1"), domain::Reason::offer);
  ASSERT_TRUE(fleet->act(kOperator, id, TaskAction::resume).has_value());
  EXPECT_EQ(check("d1"), domain::Reason::continue_task);
  ASSERT_TRUE(fleet->act(kOperator, id, TaskAction::cancel).has_value());
  EXPECT_EQ(device("d1")->tasks.front().state, TaskState::cancelled);
  EXPECT_EQ(refusal(fleet->act(kOperator, id, TaskAction::resume)), "precondition");
  EXPECT_EQ(refusal(fleet->act(kOperator, id, TaskAction::pause)), "precondition");
  const auto history = *store.task_history(id);
  ASSERT_EQ(history.size(), 4U);
  EXPECT_EQ(history.back().event, "cancel");
  EXPECT_EQ(history.back().detail, "operator: admin");
}

}  // namespace
}  // namespace otaru::app
