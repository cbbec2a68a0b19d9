// SPDX-License-Identifier: Apache-2.0
// What devices may add to a task's history through the waist, and how they read it; and what a
// device says of itself that replaces what it said before.
#include "base/limits.h"
#include "domain/consent.h"
#include "tests/support/service_world.h"

namespace otaru::app {
namespace {

using base::Code;
using domain::kDefaultTenant;
using domain::TaskEvent;
using domain::TaskState;

class TaskHistoryTest : public ServiceTest {
 protected:
  TaskHistoryTest() {
    EXPECT_TRUE(catalogue->first_start().has_value());
    lamp = product("lamp");
    published(lamp, "1.0");
    published(lamp, "2.0");
    DeploymentChange with;
    with.name = "all";
    with.target = domain::DeploymentTarget{{}, {}, "stable", {}};
    deployment = catalogue->create_deployment(kOperator, kDefaultTenant, with)->id;
    EXPECT_TRUE(catalogue->act(kOperator, deployment, DeploymentAction::start).has_value());
  }

  // As a door does it.
  template <class Work>
  base::Status at_door(Work work, std::string_view key = "d1") {
    return engine->run_blocking("door", [&](DeviceGateway& gateway) -> base::Status {
      OTARU_TRY(ref, gateway.identify(kDefaultTenant, key, Identify::find_or_register));
      return work(gateway, ref);
    });
  }
  // A poll of a protocol whose polls say no version: with what is stored of the component.
  domain::Decision poll() {
    domain::Decision out;
    EXPECT_TRUE(at_door([&](DeviceGateway& gateway, DeviceRef ref) -> base::Status {
                  const auto* known = gateway.describe(ref).component("lamp");
                  domain::CheckIn in;
                  in.product = lamp;
                  in.slot = "lamp";
                  in.version = known == nullptr ? std::string_view() : known->version;
                  OTARU_TRY(got, gateway.check(ref, in, TaskBirth::record,
                                               StatedVersion::keeps_task));
                  out = got.decision;
                  return {};
                }).has_value());
    return out;
  }
  void say(const Inventory& what) {
    EXPECT_TRUE(at_door([&](DeviceGateway& gateway, DeviceRef ref) {
                  return gateway.attributes(ref, what);
                }).has_value());
  }
  void say_version(std::string_view version) {
    Inventory inventory;
    inventory.versions.push_back({"lamp", lamp, version});
    say(inventory);
  }
  domain::Task begun() {
    say_version("1.0");
    EXPECT_TRUE(poll().has_offer());
    return device().tasks.at(0);
  }
  domain::Device device(std::string_view key = "d1") {
    return **store.find_device(kDefaultTenant, key);
  }
  std::string acknowledge(domain::TaskId id, std::string_view detail = "stopped") {
    const auto done = at_door([&](DeviceGateway& gateway, DeviceRef ref) {
      return gateway.acknowledge_end(ref, id, detail);
    });
    return refusal(done);
  }
  std::string note(domain::TaskId id, std::string_view event, std::string_view detail = "") {
    const auto done = at_door([&](DeviceGateway& gateway, DeviceRef ref) {
      return gateway.note(ref, id, event, detail);
    });
    return refusal(done);
  }
  std::string report(domain::TaskId id, TaskEvent event) {
    const auto done = at_door([&](DeviceGateway& gateway, DeviceRef ref) {
      TaskReport what;
      what.event = event;
      what.detail = "words";
      return gateway.report(ref, id, what);
    });
    return refusal(done);
  }
  std::vector<std::string> read(domain::TaskId id, size_t newest_max) {
    std::vector<std::string> out;
    EXPECT_TRUE(at_door([&](DeviceGateway& gateway, DeviceRef ref) -> base::Status {
                  OTARU_TRY(lines, gateway.history(ref, id, newest_max));
                  out.clear();
                  for (const auto& line : lines) out.push_back(line.event + " " + line.detail);
                  return {};
                }).has_value());
    return out;
  }
  int64_t batches() { return engine->committer().stats().batches.load(); }

  domain::ProductId lamp;
  domain::DeploymentId deployment;
};

TEST_F(TaskHistoryTest, APollWithTheKnownVersionWritesNothing) {
  // It runs the newest.
  say_version("2.0");
  int64_t before = batches();
  EXPECT_EQ(poll().reason, domain::Reason::up_to_date);
  EXPECT_EQ(batches(), before);
  EXPECT_TRUE(device().tasks.empty());
  // It has its task.
  say_version("1.0");
  EXPECT_TRUE(poll().has_offer());
  before = batches();
  EXPECT_TRUE(poll().has_offer());
  EXPECT_EQ(batches(), before);
  EXPECT_EQ(device().tasks.size(), 1U);
}

TEST_F(TaskHistoryTest, TheDeviceAcknowledgesThatItStopped) {
  const auto id = begun().id;
  EXPECT_EQ(acknowledge(id), "precondition");
  EXPECT_EQ(report(id, TaskEvent::download_started), "ok");
  EXPECT_EQ(refusal(fleet->act(kOperator, id, TaskAction::cancel)), "ok");
  const domain::Task cancelled = device().tasks[0];
  EXPECT_FALSE(domain::end_acknowledged(cancelled));
  clock.advance(5);
  EXPECT_EQ(acknowledge(id), "ok");
  const domain::Task task = device().tasks[0];
  EXPECT_EQ(task.result, "cancelled_by_operator, acknowledged");
  EXPECT_TRUE(domain::end_acknowledged(task));
  EXPECT_EQ(task.state, TaskState::cancelled);
  // When it was cancelled says when it may be tried again.
  EXPECT_EQ(task.updated_at, cancelled.updated_at);
  EXPECT_EQ(store.task_history(id)->back().event, "acknowledged");
  EXPECT_EQ(store.task_history(id)->back().detail, "door: stopped");
  EXPECT_EQ(store.task_history(id)->back().at, clock.now());
  const int64_t before = batches();
  EXPECT_EQ(acknowledge(id, "once more"), "ok");
  EXPECT_EQ(batches(), before);
  EXPECT_EQ(acknowledge(domain::TaskId{id.value + 256}), "not_found");
}

TEST_F(TaskHistoryTest, WhatWasSaidBeforeIsKeptWithTheAcknowledgement) {
  const auto id = begun().id;
  EXPECT_TRUE(at_door([&](DeviceGateway& gateway, DeviceRef ref) {
                TaskReport what;
                what.event = TaskEvent::download_started;
                what.result = "17";
                return gateway.report(ref, id, what);
              }).has_value());
  EXPECT_EQ(report(id, TaskEvent::cancel), "ok");
  EXPECT_EQ(acknowledge(id, "stopped"), "ok");
  EXPECT_EQ(store.task_history(id)->back().detail, "door: stopped (result before: 17)");
}

TEST_F(TaskHistoryTest, WhoRefusedHasNothingToAcknowledge) {
  const auto id = begun().id;
  EXPECT_EQ(refusal(fleet->answer_consent(kOperator, id, domain::ConsentStep::refused, {})), "ok");
  const int64_t before = batches();
  EXPECT_TRUE(domain::end_acknowledged(device().tasks[0]));
  EXPECT_EQ(acknowledge(id), "ok");
  EXPECT_EQ(batches(), before);
  // "No" still holds.
  EXPECT_EQ(device().tasks[0].result, domain::kConsentRefused);
  EXPECT_EQ(poll().reason, domain::Reason::consent_refused);
}

TEST_F(TaskHistoryTest, WhatSucceededOrFailedIsNotAcknowledged) {
  const auto id = begun().id;
  EXPECT_EQ(report(id, TaskEvent::failed), "ok");
  EXPECT_EQ(acknowledge(id), "precondition");
}

TEST_F(TaskHistoryTest, ARemarkChangesNoState) {
  const auto id = begun().id;
  EXPECT_EQ(note(id, "rejected", "busy"), "ok");
  domain::Task task = device().tasks[0];
  EXPECT_EQ(task.state, TaskState::pending);
  EXPECT_EQ(task.history_count, 2);
  EXPECT_EQ(report(id, TaskEvent::failed), "ok");
  const base::Time ended = device().tasks[0].updated_at;
  clock.advance(1'000);
  EXPECT_EQ(note(id, "scheduled"), "ok");
  task = device().tasks[0];
  EXPECT_EQ(task.state, TaskState::failed);
  EXPECT_EQ(task.updated_at, ended);
  const auto lines = *store.task_history(id);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[1].event, "rejected");
  EXPECT_EQ(lines[1].detail, "door: busy");
  EXPECT_EQ(lines[3].event, "scheduled");
  EXPECT_EQ(lines[3].detail, "door");
  EXPECT_EQ(lines[3].from, TaskState::failed);
  EXPECT_EQ(lines[3].to, TaskState::failed);
  EXPECT_EQ(note(domain::TaskId{id.value + 256}, "rejected"), "not_found");
}

TEST_F(TaskHistoryTest, AHistoryEndsButATaskCanAlwaysEnd) {
  const auto max = static_cast<int64_t>(base::limits::kHistoryPerTaskMax);
  const auto id = begun().id;
  for (int64_t i = 1; i < max; ++i) ASSERT_EQ(note(id, "proceeding"), "ok") << i;
  EXPECT_EQ(device().tasks[0].history_count, max);
  EXPECT_EQ(note(id, "proceeding"), "exhausted");
  // Steps are noted, what comes between them is not.
  EXPECT_EQ(report(id, TaskEvent::download_started), "ok");
  for (int64_t percent = 1; percent < 90; ++percent) {
    ASSERT_TRUE(at_door([&](DeviceGateway& gateway, DeviceRef ref) {
                  return gateway.progress(ref, id, percent, "");
                }).has_value());
    ASSERT_EQ(report(id, TaskEvent::download_started), "ok");
  }
  EXPECT_EQ(device().tasks[0].progress_percent, 89);
  EXPECT_EQ(device().tasks[0].history_count, max + 1);
  // Operators can make lines, too; the last one has room all the same.
  for (size_t i = 0; i < base::limits::kHistoryStepsMax; ++i) {
    ASSERT_EQ(refusal(fleet->act(kOperator, id, TaskAction::pause)), "ok");
    ASSERT_EQ(refusal(fleet->act(kOperator, id, TaskAction::resume)), "ok");
  }
  EXPECT_EQ(report(id, TaskEvent::installed), "ok");
  EXPECT_EQ(device().tasks[0].state, TaskState::succeeded);
  const auto lines = *store.task_history(id);
  EXPECT_EQ(lines.back().event, "installed");
  EXPECT_EQ(lines.size(), base::limits::kHistoryPerTaskMax + base::limits::kHistoryStepsMax + 1);
  EXPECT_EQ(device().tasks[0].history_count, static_cast<int64_t>(lines.size()));
}

TEST_F(TaskHistoryTest, AHandlerReadsTheNewestLines) {
  const auto id = begun().id;
  EXPECT_EQ(note(id, "one"), "ok");
  EXPECT_EQ(note(id, "two", "words"), "ok");
  EXPECT_EQ(read(id, 2), (std::vector<std::string>{"one door", "two door: words"}));
  EXPECT_EQ(read(id, 100).size(), 3U);
  // Each request reads anew.
  EXPECT_EQ(note(id, "three"), "ok");
  EXPECT_EQ(read(id, 1), (std::vector<std::string>{"three door"}));
  const auto strange = at_door([&](DeviceGateway& gateway, DeviceRef ref) -> base::Status {
    OTARU_CHECK(gateway.history(ref, domain::TaskId{id.value + 256}, 5));
    return {};
  });
  ASSERT_FALSE(strange.has_value());
  EXPECT_EQ(strange.error().code, Code::not_found);
}

// As the server does it: no thread waits.
TEST_F(TaskHistoryTest, WhatWasReadReachesTheNextRunOfTheHandler) {
  const auto id = begun().id;
  const auto loaded = std::make_shared<LoadedRows>();
  DeviceGateway first(*engine, "door", clock.now(), loaded);
  const auto ref = first.identify(kDefaultTenant, "d1", Identify::find);
  ASSERT_TRUE(ref.has_value());
  const auto missed = first.history(*ref, id, 5);
  ASSERT_FALSE(missed.has_value());
  EXPECT_EQ(missed.error().code, Code::unavailable);
  ASSERT_TRUE(engine->missed(first));
  int calls = 0;
  engine->load(first, loaded, [&](const base::Status& status) {
    ++calls;
    EXPECT_TRUE(status.has_value());
  });
  EXPECT_EQ(calls, 1);
  DeviceGateway second(*engine, "door", clock.now(), loaded);
  const auto again = second.identify(kDefaultTenant, "d1", Identify::find);
  ASSERT_TRUE(again.has_value());
  ASSERT_TRUE(second.note(*again, id, "now", "").has_value());
  const auto lines = second.history(*again, id, 5);
  ASSERT_TRUE(lines.has_value());
  // What this unit of work adds is not there yet.
  ASSERT_EQ(lines->size(), 1U);
  EXPECT_EQ((*lines)[0].event, "created");
  // More than was read is read again.
  EXPECT_FALSE(second.history(*again, id, 6).has_value());
  EXPECT_TRUE(engine->missed(second));
}

TEST_F(TaskHistoryTest, WhatADeviceNoLongerSaysGoes) {
  Inventory first;
  first.attributes = {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"door.own", "x"}};
  say(first);
  const auto reported = [&] {
    std::string out;
    for (const auto& [key, value] : device().reported) out += key + "=" + value + " ";
    return out;
  };
  EXPECT_EQ(reported(), "a=1 b=2 c=3 door.own=x ");
  Inventory merge;
  merge.attributes = {{"b", "20"}};
  say(merge);
  EXPECT_EQ(reported(), "a=1 b=20 c=3 door.own=x ");
  Inventory remove;
  remove.removed = {"c", "never", "b"};
  remove.attributes = {{"b", "20"}};
  say(remove);
  EXPECT_EQ(reported(), "a=1 b=20 door.own=x ");
  Inventory replace;
  replace.attributes = {{"b", "20"}, {"d", "4"}};
  replace.replace_attributes = true;
  replace.kept = {"door.own"};
  say(replace);
  EXPECT_EQ(reported(), "b=20 door.own=x d=4 ");
  const int64_t before = batches();
  say(replace);
  say(remove);
  EXPECT_EQ(batches(), before);
}

TEST_F(TaskHistoryTest, ReplacingMakesRoomForOthers) {
  std::vector<std::string> keys;
  for (size_t i = 0; i < base::limits::kAttributesPerDeviceMax; ++i) {
    keys.push_back("k" + std::to_string(i));
  }
  Inventory full;
  for (const auto& key : keys) full.attributes.emplace_back(key, "1");
  say(full);
  Inventory other;
  for (auto& key : keys) key += "x";
  for (const auto& key : keys) other.attributes.emplace_back(key, "1");
  other.replace_attributes = true;
  say(other);
  EXPECT_EQ(device().reported.size(), base::limits::kAttributesPerDeviceMax);
  EXPECT_EQ(device().reported[0].first, "k0x");
}

TEST_F(TaskHistoryTest, ADeviceCannotRemoveWhatOperatorsSet) {
  say_version("1.0");
  EXPECT_EQ(refusal(engine->run_blocking(kOperatorDoor,
                                         [&](DeviceGateway& gateway) -> base::Status {
                                           OTARU_TRY(ref, gateway.identify(kDefaultTenant, "d1",
                                                                           Identify::find));
                                           Inventory inventory;
                                           inventory.attributes = {{"site", "north"}};
                                           return gateway.attributes(ref, inventory);
                                         })),
            "ok");
  Inventory replace;
  replace.replace_attributes = true;
  replace.removed = {"site"};
  say(replace);
  ASSERT_EQ(device().attributes.size(), 1U);
  EXPECT_EQ(device().attributes[0].second, "north");
}

}  // namespace
}  // namespace otaru::app
