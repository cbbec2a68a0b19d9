// SPDX-License-Identifier: Apache-2.0
// What becomes an event, in which order, and how long it is kept.
#include "app/event_log.h"

#include <gtest/gtest.h>

#include "tests/support/service_world.h"

namespace otaru::app {
namespace {

class EventLogTest : public ServiceTest {
 protected:
  std::vector<std::string> types() {
    std::vector<std::string> out;
    const auto events = engine->events().read(0, 1000);
    for (const auto& event : *events) out.push_back(event->type);
    return out;
  }
  // The device asks; reports what becomes of its task.
  void device_asks(std::string_view version, const std::vector<domain::TaskEvent>& reports = {}) {
    const auto work = [&](DeviceGateway& gateway) -> base::Status {
      OTARU_TRY(ref, gateway.identify(domain::kDefaultTenant, "d1", Identify::find_or_register));
      domain::CheckIn in;
      in.product = lamp;
      in.slot = "lamp";
      in.version = version;
      OTARU_TRY(got, gateway.check(ref, in, TaskBirth::record));
      for (const auto event : reports) {
        TaskReport report;
        report.event = event;
        report.failure = domain::FailureClass::none;
        OTARU_CHECK(gateway.report(ref, got.task->id, report));
      }
      return {};
    };
    const auto done = engine->run_blocking("onenet", work);
    ASSERT_TRUE(done) << done.error().message;
  }

  domain::ProductId lamp;
};

TEST_F(EventLogTest, TheStoryOfAnUpdate) {
  ASSERT_TRUE(catalogue->first_start().has_value());
  lamp = product("lamp");
  const auto release = published(lamp, "2.0");
  DeploymentChange with;
  with.name = "all";
  with.target = domain::DeploymentTarget{{}, {}, "stable", {}};
  const auto made = catalogue->create_deployment(kOperator, domain::kDefaultTenant, with);
  ASSERT_TRUE(catalogue->act(kOperator, made->id, DeploymentAction::start));
  device_asks("1.0");
  device_asks("1.0", {domain::TaskEvent::download_started, domain::TaskEvent::downloaded});
  const auto quiet = store.dump()->size();
  const int64_t newest = engine->events().span().newest;
  device_asks("1.0");
  EXPECT_EQ(engine->events().span().newest, newest);  // nothing happened: no event, no row
  EXPECT_EQ(store.dump()->size(), quiet);
  device_asks("1.0", {domain::TaskEvent::installed});
  ASSERT_TRUE(catalogue->act(kOperator, made->id, DeploymentAction::cancel, "enough"));
  ASSERT_TRUE(catalogue->revoke_release(kOperator, release));
  EXPECT_EQ(types(),
            (std::vector<std::string>{"upload.completed", "release.published", "deployment.created",
                                      "deployment.running", "deployment.started",
                                      "device.registered", "task.created", "task.downloading",
                                      "task.upgrading", "task.succeeded", "deployment.cancelled",
                                      "release.revoked"}));
  const auto rows = store.read_events({});
  EXPECT_EQ(rows->size(), types().size());
  const Event& last = (*rows)[9];
  EXPECT_EQ(last.tenant, domain::kDefaultTenant);
  EXPECT_EQ(last.deployment, made->id);
  EXPECT_EQ(last.at, clock.now());
  EXPECT_NE(last.data.find("\"device\":\"d1\""), std::string::npos) << last.data;
  EXPECT_NE(last.data.find("\"previous\":\"upgrading\""), std::string::npos) << last.data;
  EXPECT_NE(last.data.find("\"target_version\":\"2.0\""), std::string::npos) << last.data;
}

TEST_F(EventLogTest, AChangeThatFailsIsNoEvent) {
  ASSERT_TRUE(catalogue->first_start().has_value());
  lamp = product("lamp");
  const auto release = draft(lamp, "1.0");
  package(release, "x");
  const auto before = types();
  fail_next_write();
  EXPECT_FALSE(catalogue->publish_release(kOperator, release));
  EXPECT_EQ(types(), before);
}

TEST_F(EventLogTest, IdsRiseWithoutGapsAlsoWhenTheStoreFails) {
  const auto write = [this](int count) {
    WriteBatch batch;
    for (int i = 0; i < count; ++i) {
      Event event;
      event.type = "test.x";
      batch.events.push_back(event);
    }
    return engine->write_and_wait(std::move(batch));
  };
  const int64_t before = engine->events().span().newest;
  ASSERT_TRUE(write(2));
  fail_next_write();
  ASSERT_FALSE(write(3));
  ASSERT_TRUE(write(1));
  EXPECT_EQ(engine->events().span().newest, before + 3);
  const auto rows = store.read_events({before, INT64_MAX, false, 10});
  ASSERT_EQ(rows->size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ((*rows)[i].id, before + 1 + static_cast<int64_t>(i));
  restart();
  EXPECT_EQ(engine->events().span().newest, before + 3);
  ASSERT_TRUE(write(1));
  EXPECT_EQ(engine->events().span().newest, before + 4);
  EXPECT_EQ(engine->events().span().oldest, 1);
}

TEST_F(EventLogTest, MemoryAndStoreAreOneSequence) {
  WriteBatch batch;
  batch.events.resize(base::limits::kEventsInMemory + 300);
  ASSERT_TRUE(engine->write_and_wait(std::move(batch)));
  const EventLog& log = engine->events();
  const int64_t newest = log.span().newest;
  EXPECT_FALSE(log.recent(0, 10));
  EXPECT_TRUE(log.recent(newest, 10)->empty());
  EXPECT_TRUE(log.recent(newest + 5, 10)->empty());
  int64_t seen = 0;
  while (true) {
    const auto page = log.read(seen, 100);
    ASSERT_TRUE(page);
    if (page->empty()) break;
    for (const auto& event : *page) ASSERT_EQ(event->id, ++seen);
  }
  EXPECT_EQ(seen, newest);
}

TEST_F(EventLogTest, ListenersAreWokenAfterTheCommit) {
  int64_t seen = 0;
  const uint64_t number =
      engine->events().subscribe([&] { seen = engine->events().span().newest; });
  WriteBatch batch;
  batch.events.resize(2);
  ASSERT_TRUE(engine->write_and_wait(batch));
  EXPECT_EQ(seen, engine->events().span().newest);
  EXPECT_GT(seen, 0);
  engine->events().unsubscribe(number);
  const int64_t before = seen;
  ASSERT_TRUE(engine->write_and_wait(batch));
  EXPECT_EQ(seen, before);
}

TEST_F(EventLogTest, OldEventsGoButNotThoseThatAreOwed) {
  EventLog& log = engine->events();
  WriteBatch batch;
  batch.events.resize(10'000);
  ASSERT_TRUE(engine->write_and_wait(batch));
  const auto tick = [&] {
    engine->tick(clock.now());
    ASSERT_TRUE(engine->committer().flush());
  };
  log.set_kept(1'000, 5'000);
  log.set_owed_behind(7'000);
  tick();
  EXPECT_EQ(log.span().oldest, 7'001);
  EXPECT_EQ(*store.event_span(), log.span());
  ASSERT_TRUE(engine->write_and_wait(batch));
  tick();
  EXPECT_EQ(log.span().oldest, log.span().newest - 5'000 + 1);  // owed or not
  log.set_owed_behind(INT64_MAX);
  tick();
  EXPECT_EQ(log.span().oldest, log.span().newest - 1'000 + 1);
  restart();
  EXPECT_EQ(engine->events().span(), *store.event_span());
}

TEST_F(EventLogTest, TypesAreMatchedByWordOrFamily) {
  EXPECT_TRUE(event_type_matches("task.succeeded", "task.succeeded"));
  EXPECT_TRUE(event_type_matches("task.*", "task.succeeded"));
  EXPECT_TRUE(event_type_matches("*", "task.succeeded"));
  EXPECT_FALSE(event_type_matches("task", "task.succeeded"));
  EXPECT_FALSE(event_type_matches("deployment.*", "task.succeeded"));
  EXPECT_TRUE(event_type_matches(std::vector<std::string>{}, "task.succeeded"));
  EXPECT_TRUE(check_event_types("types", {"*", "task.*", "alarm.disk_low"}));
  for (const char* wrong : {"", ".*", "Task", "task.*.x", "a b", "task*"}) {
    EXPECT_FALSE(check_event_types("types", {wrong})) << wrong;
  }
  EXPECT_FALSE(check_event_types("types", std::vector<std::string>(33, "a")));
}

}  // namespace
}  // namespace otaru::app
