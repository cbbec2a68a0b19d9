// SPDX-License-Identifier: Apache-2.0
// The protocol of the engine: misses, optimistic commits, tickets, failing stores. On the memory
// store; the stores themselves are compared by their contract suite.
#include "app/engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/encoding.h"
#include "store/memory/memory_store.h"
#include "tests/support/memory_blobs.h"

namespace otaru::app {
namespace {

using base::Code;
using domain::TaskEvent;
using domain::TaskState;

constexpr domain::ProductId kProduct{1};
constexpr base::Time kNow{1'777'636'800'000};

domain::CatalogueRows small_catalogue() {
  domain::CatalogueRows rows;
  rows.tenants.push_back({domain::kDefaultTenant, "default", kNow});
  domain::Product product;
  product.id = kProduct;
  product.tenant = domain::kDefaultTenant;
  product.name = "lamp";
  rows.products.push_back(product);
  for (int64_t i = 1; i <= 2; ++i) {
    domain::Release release;
    release.id = domain::ReleaseId{i};
    release.product = kProduct;
    release.version = std::to_string(i) + ".0";
    release.state = domain::ReleaseState::published;
    release.sequence = i;
    rows.releases.push_back(release);
    domain::Package package;
    package.id = domain::PackageId{i};
    package.release = release.id;
    package.file_name = "lamp.bin";
    package.size_bytes = 10;
    package.digests.sha256 = std::string(64, 'a');
    rows.packages.push_back(package);
  }
  domain::Deployment deployment;
  deployment.id = domain::DeploymentId{1};
  deployment.tenant = domain::kDefaultTenant;
  deployment.name = "standing";
  deployment.state = domain::DeploymentState::running;
  deployment.target.newest_in_channel = "stable";
  rows.deployments.push_back(deployment);
  return rows;
}

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() {
    WriteBatch batch;
    const auto rows = small_catalogue();
    for (const auto& row : rows.tenants) batch.ops.emplace_back(row);
    for (const auto& row : rows.products) batch.ops.emplace_back(row);
    for (const auto& row : rows.releases) batch.ops.emplace_back(row);
    for (const auto& row : rows.packages) batch.ops.emplace_back(row);
    for (const auto& row : rows.deployments) batch.ops.emplace_back(row);
    const WriteBatch* batches[] = {&batch};
    EXPECT_TRUE(store_.apply(batches).has_value());
    start();
  }

  void start(size_t resident_bytes = base::limits::kResidentDeviceBytesMax) {
    engine_.reset();
    EngineParts parts;
    parts.store = &store_;
    parts.blobs = &blobs_;
    parts.readers = &readers_;
    parts.clock = &clock_;
    parts.commit_mode = Committer::Mode::manual;
    parts.resident_bytes_max = resident_bytes;
    engine_ = std::make_unique<Engine>(parts);
    ASSERT_TRUE(engine_->start().has_value());
  }

  // One check of a device, as a dialect would do it.
  base::Result<TaskState> check(std::string_view key, std::string_view version) {
    base::Result<TaskState> out = base::fail(Code::not_found, "no task");
    const auto done = engine_->run_blocking("test", [&](DeviceGateway& gateway) -> base::Status {
      out = base::fail(Code::not_found, "no task");
      OTARU_TRY(device, gateway.identify(domain::kDefaultTenant, key, Identify::find_or_register));
      domain::CheckIn in;
      in.product = kProduct;
      in.slot = "lamp";
      in.version = version;
      OTARU_TRY(result, gateway.check(device, in, TaskBirth::record));
      if (result.task != nullptr) out = result.task->state;
      return {};
    });
    if (!done) return base::fail(done.error());
    return out;
  }

  void use(const domain::CatalogueRows& rows) {
    auto snapshot = domain::Snapshot::build(rows);
    ASSERT_TRUE(snapshot.has_value());
    engine_->set_snapshot(*snapshot);
  }

  domain::Device stored(std::string_view key) {
    const auto found = store_.find_device(domain::kDefaultTenant, key);
    EXPECT_TRUE(found.has_value() && found->has_value());
    return **found;
  }

  base::ManualClock clock_{kNow};
  store::MemoryStore store_;
  tests::MemoryBlobs blobs_;
  InlineExecutor readers_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, AFirstCheckRegistersTheDeviceAndItsTaskDurably) {
  const auto state = check("lamp-1", "1.0");
  ASSERT_TRUE(state.has_value()) << state.error().message;
  EXPECT_EQ(*state, TaskState::pending);
  const auto device = stored("lamp-1");
  ASSERT_EQ(device.tasks.size(), 1u);
  EXPECT_EQ(device.tasks[0].target_version, "2.0");
  EXPECT_EQ(base::bucket_of(device.id), domain::bucket_for(domain::kDefaultTenant, "lamp-1"));
  EXPECT_EQ(base::bucket_of(device.tasks[0].id), base::bucket_of(device.id));
  const auto history = store_.task_history(device.tasks[0].id);
  ASSERT_TRUE(history.has_value());
  ASSERT_EQ(history->size(), 1u);
  EXPECT_EQ((*history)[0].event, "created");
}

TEST_F(EngineTest, TheSameTaskGoesOnAcrossChecksAndRestarts) {
  ASSERT_TRUE(check("lamp-1", "1.0").has_value());
  const auto first = stored("lamp-1").tasks[0].id;
  ASSERT_TRUE(check("lamp-1", "1.0").has_value());
  start();
  ASSERT_TRUE(check("lamp-1", "1.0").has_value());
  ASSERT_EQ(stored("lamp-1").tasks.size(), 1u);
  EXPECT_EQ(stored("lamp-1").tasks[0].id, first);
}

TEST_F(EngineTest, ReportingTheTargetVersionCompletesTheTask) {
  ASSERT_TRUE(check("lamp-1", "1.0").has_value());
  const auto again = check("lamp-1", "2.0");
  EXPECT_FALSE(again.has_value());
  const auto device = stored("lamp-1");
  ASSERT_EQ(device.tasks.size(), 1u);
  EXPECT_EQ(device.tasks[0].state, TaskState::succeeded);
  EXPECT_EQ(device.components[0].version, "2.0");
}

TEST_F(EngineTest, ACheckThatChangesNothingWritesNothing) {
  ASSERT_FALSE(check("lamp-1", "2.0").has_value());
  const int64_t before = engine_->committer().stats().batches.load();
  ASSERT_FALSE(check("lamp-1", "2.0").has_value());
  EXPECT_EQ(engine_->committer().stats().batches.load(), before);
}

TEST_F(EngineTest, OneOfTwoUnitsOfWorkOnOneDeviceRunsAgain) {
  ASSERT_TRUE(check("lamp-1", "1.0").has_value());
  DeviceGateway first(*engine_, "test", kNow);
  DeviceGateway second(*engine_, "test", kNow);
  for (auto* gateway : {&first, &second}) {
    const auto device = gateway->identify(domain::kDefaultTenant, "lamp-1", Identify::find);
    ASSERT_TRUE(device.has_value());
    ASSERT_TRUE(gateway->attributes(*device, {{{"lamp", kProduct, "1.5"}}, {}}).has_value());
  }
  EXPECT_EQ(engine_->commit(first, nullptr), CommitOutcome::queued);
  EXPECT_EQ(engine_->commit(second, nullptr), CommitOutcome::conflict);
}

TEST_F(EngineTest, AFailedCommitForgetsWhatWasNeverDurable) {
  store_.fail_next_applies(1, {Code::unavailable, "disk full", {}});
  const auto refused = check("lamp-1", "1.0");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::unavailable);
  const auto none = store_.find_device(domain::kDefaultTenant, "lamp-1");
  ASSERT_TRUE(none.has_value());
  EXPECT_FALSE(none->has_value());
  // And the same request works as soon as the store does.
  const auto state = check("lamp-1", "1.0");
  ASSERT_TRUE(state.has_value()) << state.error().message;
  EXPECT_EQ(stored("lamp-1").tasks.size(), 1u);
}

TEST_F(EngineTest, WorkQueuedBehindAFailedCommitFailsToo) {
  ASSERT_FALSE(check("lamp-1", "2.0").has_value());
  std::vector<Code> outcomes;
  const auto queue_change = [&](std::string_view version) {
    DeviceGateway gateway(*engine_, "test", kNow);
    const auto device = gateway.identify(domain::kDefaultTenant, "lamp-1", Identify::find);
    ASSERT_TRUE(device.has_value());
    ASSERT_TRUE(gateway.attributes(*device, {{{"other", {}, version}}, {}}).has_value());
    ASSERT_EQ(engine_->commit(gateway,
                              [&](const base::Status& status) {
                                outcomes.push_back(status ? Code::invalid : status.error().code);
                              }),
              CommitOutcome::queued);
  };
  queue_change("a");
  queue_change("b");
  store_.fail_next_applies(1, {Code::unavailable, "disk full", {}});
  while (engine_->committer().pump()) {
  }
  EXPECT_EQ(outcomes, (std::vector<Code>{Code::unavailable, Code::unavailable}));
  EXPECT_EQ(stored("lamp-1").components.size(), 1u);
}

TEST_F(EngineTest, EndedDeploymentsEndTheirTasksAtTheNextTouch) {
  ASSERT_TRUE(check("lamp-1", "1.0").has_value());
  auto rows = small_catalogue();
  rows.deployments[0].state = domain::DeploymentState::cancelled;
  use(rows);
  EXPECT_FALSE(check("lamp-1", "1.0").has_value());
  EXPECT_EQ(stored("lamp-1").tasks[0].state, TaskState::cancelled);
}

TEST_F(EngineTest, ATaskWhoseDeltaNoLongerAppliesHasFailed) {
  auto rows = small_catalogue();
  rows.packages[1].kind = domain::PackageKind::delta;
  rows.packages[1].base_version = "1.0";
  use(rows);
  ASSERT_TRUE(check("lamp-1", "1.0").has_value());
  EXPECT_FALSE(check("lamp-1", "1.5").has_value());
  const auto task = stored("lamp-1").tasks.at(0);
  EXPECT_EQ(task.state, TaskState::failed);
  EXPECT_EQ(task.failure, domain::FailureClass::version);
  // It is not made again, and it does not stand in the way of the version it is for.
  EXPECT_FALSE(check("lamp-1", "1.5").has_value());
  EXPECT_EQ(stored("lamp-1").tasks.size(), 1U);
  EXPECT_TRUE(check("lamp-1", "1.0").has_value());
}

TEST_F(EngineTest, ATaskExpiresTheMomentItsDeadlineComes) {
  auto rows = small_catalogue();
  rows.deployments[0].deadline = kNow + base::kHourMs;
  use(rows);
  ASSERT_TRUE(check("lamp-1", "1.0").has_value());
  clock_.advance(base::kHourMs);
  EXPECT_FALSE(check("lamp-1", "1.0").has_value());
  const auto task = stored("lamp-1").tasks.at(0);
  EXPECT_EQ(task.state, TaskState::expired);
  EXPECT_EQ(task.failure, domain::FailureClass::expired);
}

TEST_F(EngineTest, ForgottenDevicesAreReadAgain) {
  start(256 * 1024);  // 1 KiB per bucket: nearly every device evicts another
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 2000; ++i) {
      ASSERT_TRUE(check("lamp-" + std::to_string(i), "1.0").has_value());
    }
  }
  EXPECT_LT(engine_->devices().bytes(), 1024u * 1024u);
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(stored("lamp-" + std::to_string(i)).tasks.size(), 1u);
  }
}

TEST_F(EngineTest, IdentitiesThatCannotBeAreRefused) {
  for (const std::string& key :
       {std::string(), std::string(200, 'x'), std::string("a\nb"), std::string("\xff")}) {
    const auto state = check(key, "1.0");
    ASSERT_FALSE(state.has_value());
    EXPECT_EQ(state.error().code, Code::invalid);
  }
}

// Many threads on few devices with a real committer: no update is lost, no attribute is written
// twice, and every answer was durable when it was given.
TEST(EngineThreads, ConcurrentChangesOfOneDeviceAllSurvive) {
  store::MemoryStore store;
  tests::MemoryBlobs blobs;
  base::ManualClock clock(kNow);
  ThreadPool readers(2);
  EngineParts parts;
  parts.store = &store;
  parts.blobs = &blobs;
  parts.readers = &readers;
  parts.clock = &clock;
  Engine engine(parts);
  ASSERT_TRUE(engine.start().has_value());
  constexpr int kThreads = 4;
  constexpr int kChanges = 40;
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&engine, &failures, t] {
      for (int i = 0; i < kChanges; ++i) {
        const std::string name = "t" + std::to_string(t) + "-" + std::to_string(i % 10);
        const std::string value = std::to_string(i);
        const auto done = engine.run_blocking("test", [&](DeviceGateway& gateway) -> base::Status {
          OTARU_TRY(device,
                    gateway.identify(domain::kDefaultTenant, "shared", Identify::find_or_register));
          return gateway.attributes(device, {{}, {{name, value}}});
        });
        if (!done) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures.load(), 0);
  const auto device = store.find_device(domain::kDefaultTenant, "shared");
  ASSERT_TRUE(device.has_value() && device->has_value());
  EXPECT_EQ((*device)->reported.size(), static_cast<size_t>(kThreads) * 10);
  for (const auto& [name, value] : (*device)->reported) {
    EXPECT_EQ(base::parse_int(value).value_or(-1) / 10, kChanges / 10 - 1) << name;
  }
}

}  // namespace
}  // namespace otaru::app
