// SPDX-License-Identifier: Apache-2.0
// Exact rates, brakes and counters: the board alone, under many threads, and within the engine.
#include "app/rollout_board.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "app/engine.h"
#include "base/random.h"
#include "store/memory/memory_store.h"
#include "tests/support/memory_blobs.h"

namespace otaru::app {
namespace {

using base::Code;
using domain::DeploymentId;
using domain::FailureClass;
using domain::Task;
using domain::TaskCount;
using domain::TaskEvent;
using domain::TaskState;

constexpr base::Time kBoardNow{1'777'636'800'000};
constexpr DeploymentId kOne{1};

TaskCount pending(int64_t n) {
  TaskCount out;
  out.deployment = kOne;
  out.n = n;
  return out;
}

TaskCount failed(int64_t n, FailureClass failure = FailureClass::boot) {
  TaskCount out = pending(n);
  out.state = TaskState::failed;
  out.failure = failure;
  return out;
}

TaskCount succeeded(int64_t n) {
  TaskCount out = pending(n);
  out.state = TaskState::succeeded;
  return out;
}

domain::CatalogueRows board_catalogue(const domain::Deployment& deployment) {
  domain::CatalogueRows rows;
  rows.tenants.push_back({domain::kDefaultTenant, "default", kBoardNow});
  domain::Product product;
  product.id = domain::ProductId{1};
  product.tenant = domain::kDefaultTenant;
  product.name = "lamp";
  rows.products.push_back(product);
  domain::Release release;
  release.id = domain::ReleaseId{1};
  release.product = product.id;
  release.version = "1.0";
  release.state = domain::ReleaseState::published;
  release.sequence = 1;
  rows.releases.push_back(release);
  domain::Package package;
  package.id = domain::PackageId{1};
  package.release = release.id;
  package.file_name = "lamp.bin";
  package.size_bytes = 10;
  package.digests.sha256 = std::string(64, 'a');
  rows.packages.push_back(package);
  rows.deployments.push_back(deployment);
  return rows;
}

domain::Deployment running() {
  domain::Deployment row;
  row.id = kOne;
  row.tenant = domain::kDefaultTenant;
  row.name = "spring";
  row.state = domain::DeploymentState::running;
  row.target.release = domain::ReleaseId{1};
  row.rollout.started_at = kBoardNow;
  return row;
}

domain::Brake failures_brake(int64_t count_min) {
  domain::Brake brake;
  brake.count_min = count_min;
  return brake;
}

void follow(RolloutBoard& board, const domain::Deployment& row) {
  auto snapshot = domain::Snapshot::build(board_catalogue(row));
  ASSERT_TRUE(snapshot.has_value()) << snapshot.error().message;
  board.follow(*snapshot);
}

// --- The window ----------------------------------------------------------------------------------

// The most that lies within any minute of these moments.
size_t most_in_a_minute(std::vector<int64_t> at) {
  std::sort(at.begin(), at.end());
  size_t most = 0;
  size_t first = 0;
  for (size_t last = 0; last < at.size(); ++last) {
    while (at[last] - at[first] >= base::kMinuteMs) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

TEST(BeginWindowTest, no_minute_holds_more_whatever_the_order_of_requests) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    base::SeededRandom random(seed);
    BeginWindow window;
    const int64_t limit = 1 + static_cast<int64_t>(random.below(20));
    std::vector<int64_t> begun;
    int64_t clock = kBoardNow.ms;
    for (int i = 0; i < 20'000; ++i) {
      clock += static_cast<int64_t>(random.below(i % 1'000 < 900 ? 300 : 20'000));
      const base::Time at{clock - static_cast<int64_t>(random.below(5'000))};
      if (window.ask(at, 0, {limit, 0}).full != BeginWindow::Full::no) continue;
      window.add(at, 0);
      begun.push_back(at.ms);
    }
    EXPECT_LE(most_in_a_minute(begun), static_cast<size_t>(limit)) << "seed " << seed;
    EXPECT_GT(begun.size(), static_cast<size_t>(limit) * 5) << "seed " << seed;
  }
}

TEST(BeginWindowTest, says_when_there_is_room_and_then_there_is) {
  BeginWindow window;
  window.add(kBoardNow, 0);
  window.add(kBoardNow + 30'000, 0);
  const auto full = window.look(kBoardNow + 31'000, 0, {2, 0});
  EXPECT_EQ(full.full, BeginWindow::Full::tasks);
  EXPECT_EQ(full.free_at, kBoardNow + 61'000);
  EXPECT_EQ(window.look(full.free_at, 0, {2, 0}).full, BeginWindow::Full::no);
  EXPECT_EQ(window.look(full.free_at + -1, 0, {2, 0}).full, BeginWindow::Full::tasks);
}

TEST(BeginWindowTest, what_is_larger_than_the_limit_goes_alone) {
  BeginWindow window;
  const BeginWindow::Limits limits{0, 1'000};
  EXPECT_EQ(window.ask(kBoardNow, 5'000, limits).full, BeginWindow::Full::no);
  window.add(kBoardNow, 5'000);
  EXPECT_EQ(window.ask(kBoardNow + 1'000, 1, limits).full, BeginWindow::Full::bytes);
  EXPECT_EQ(window.ask(kBoardNow + 61'000, 900, limits).full, BeginWindow::Full::no);
  window.add(kBoardNow + 61'000, 900);
  EXPECT_EQ(window.ask(kBoardNow + 62'000, 101, limits).full, BeginWindow::Full::bytes);
  EXPECT_EQ(window.ask(kBoardNow + 62'000, 100, limits).full, BeginWindow::Full::no);
}

TEST(BeginWindowTest, a_clock_that_was_set_back_costs_a_minute_and_not_more) {
  BeginWindow window;
  const BeginWindow::Limits limits{1, 0};
  const base::Time back{kBoardNow.ms - base::kHourMs};
  window.add(kBoardNow, 0);
  EXPECT_EQ(window.ask(back, 0, limits).full, BeginWindow::Full::tasks);
  EXPECT_EQ(window.ask(back + 50'000, 0, limits).full, BeginWindow::Full::tasks);
  EXPECT_EQ(window.ask(back + 62'000, 0, limits).full, BeginWindow::Full::no);
}

// --- The board alone -----------------------------------------------------------------------------

TEST(RolloutBoardTest, places_are_returned_unless_they_are_taken) {
  RolloutBoard board;
  auto row = running();
  row.rate.concurrent_max = 2;
  follow(board, row);
  auto first = board.reserve(kOne, 1, kBoardNow);
  {
    const auto second = board.reserve(kOne, 1, kBoardNow);
    EXPECT_TRUE(first.place && second.place);
    const auto third = board.reserve(kOne, 1, kBoardNow);
    EXPECT_FALSE(third.place);
    EXPECT_EQ(third.refusal.limit, "concurrent_max");
    EXPECT_GT(third.refusal.retry_at, kBoardNow);
    EXPECT_TRUE(board.reserve(kOne, 1, kBoardNow, 1).place);  // one that gives up its own
  }
  const TaskCount born[] = {pending(1)};
  EXPECT_TRUE(board.enter(born, {&first.place, 1}));
  EXPECT_EQ(board.progress(kOne, kBoardNow).reserved, 0);
  EXPECT_TRUE(board.look(kOne, 1, kBoardNow).limit.empty());
  const TaskCount more[] = {pending(1)};
  EXPECT_TRUE(board.enter(more, {}));
  EXPECT_EQ(board.look(kOne, 1, kBoardNow).limit, "concurrent_max");
  const TaskCount ended[] = {pending(-1), succeeded(1)};
  EXPECT_TRUE(board.enter(ended, {}));
  EXPECT_TRUE(board.look(kOne, 1, kBoardNow).limit.empty());
}

TEST(RolloutBoardTest, a_rate_grows_with_time_or_successes) {
  domain::Rate rate;
  rate.per_minute = 10;
  rate.growth_percent = 50;
  rate.growth_every_ms = 1'000;
  rate.per_minute_max = 30;
  EXPECT_EQ(domain::per_minute_at(rate, 999, 0), 10);
  EXPECT_EQ(domain::per_minute_at(rate, 1'000, 0), 15);
  EXPECT_EQ(domain::per_minute_at(rate, 2'000, 0), 22);
  EXPECT_EQ(domain::per_minute_at(rate, 9'000'000'000, 0), 30);
  rate = {};
  rate.per_minute = 1;
  rate.growth_percent = 1;
  rate.growth_every_successes = 5;
  EXPECT_EQ(domain::per_minute_at(rate, 0, 4), 1);
  EXPECT_EQ(domain::per_minute_at(rate, 0, 10), 3);
  EXPECT_EQ(domain::per_minute_at(rate, 0, INT64_MAX), 1'000'000'000);
}

TEST(RolloutBoardTest, a_tripped_brake_stops_also_what_had_its_place) {
  RolloutBoard board;
  auto row = running();
  row.brakes = {failures_brake(2)};
  follow(board, row);
  auto early = board.reserve(kOne, 1, kBoardNow);
  ASSERT_TRUE(early.place);
  const TaskCount bad[] = {failed(2)};
  EXPECT_TRUE(board.tripped().empty());
  EXPECT_TRUE(board.enter(bad, {}));
  EXPECT_TRUE(board.look(kOne, 1, kBoardNow).braked);
  EXPECT_FALSE(board.reserve(kOne, 1, kBoardNow).place);
  const TaskCount born[] = {pending(1)};
  EXPECT_FALSE(board.enter(born, {&early.place, 1}));
  EXPECT_EQ(board.progress(kOne, kBoardNow).all.all(), 2);
  ASSERT_EQ(board.tripped().size(), 1u);
  EXPECT_EQ(board.tripped()[0].why, "2 of 2 ended tasks failed; the brake trips at 2");

  // Carried out: the state says it. Resumed, the same numbers are forgiven and new ones count.
  row.state = domain::DeploymentState::paused;
  follow(board, row);
  EXPECT_TRUE(board.tripped().empty());
  row.state = domain::DeploymentState::running;
  row.rollout.forgiven = board.brake_counts(kOne);
  follow(board, row);
  EXPECT_FALSE(board.look(kOne, 1, kBoardNow).braked);
  const TaskCount one[] = {failed(1, FailureClass::space)};
  EXPECT_TRUE(board.enter(one, {}));
  EXPECT_TRUE(board.tripped().empty());
  EXPECT_TRUE(board.enter(one, {}));
  EXPECT_EQ(board.tripped().size(), 1u);
  board.leave(one);  // it never became durable
  EXPECT_TRUE(board.tripped().empty());
}

TEST(RolloutBoardTest, brakes_weigh_classes_shares_and_samples) {
  domain::Brake brake;
  brake.classes = {FailureClass::boot};
  brake.share_ppm = 200'000;
  brake.sample_min = 10;
  domain::BrakeCounts counts;
  counts.succeeded = 5;
  counts.failures = {{FailureClass::space, 2}, {FailureClass::boot, 2}};
  EXPECT_FALSE(domain::tripped_brake({brake}, counts));  // 2 of 9
  counts.succeeded = 6;
  EXPECT_EQ(domain::tripped_brake({brake}, counts), 0u);  // 2 of 10
  EXPECT_EQ(domain::brake_text(brake, counts),
            "2 of 10 ended tasks failed (boot); the brake trips at 20 % of at least 10");
  counts.succeeded = 7;
  EXPECT_FALSE(domain::tripped_brake({brake}, counts));  // 2 of 11
  brake = {};
  brake.kind = domain::BrakeKind::silence;
  brake.count_min = 3;
  counts.silent = 2;
  EXPECT_FALSE(domain::tripped_brake({brake}, counts));
  counts.silent = 3;
  EXPECT_TRUE(domain::tripped_brake({brake}, counts));
}

// Many threads take, commit and give back; at no moment are there more than allowed, and a second
// count by the test agrees with the board's.
TEST(RolloutBoardTest, limits_hold_under_many_threads) {
  RolloutBoard board;
  auto row = running();
  row.rate.concurrent_max = 7;
  row.rate.per_minute = 50;
  follow(board, row);
  std::atomic<int64_t> clock{kBoardNow.ms};
  std::atomic<int64_t> open{0};
  std::atomic<int64_t> most_open{0};
  std::mutex mutex;
  std::vector<int64_t> begun;
  const auto work = [&](uint64_t seed) {
    base::SeededRandom random(seed);
    for (int i = 0; i < 3'000; ++i) {
      const base::Time now{clock += static_cast<int64_t>(random.below(60))};
      if (!board.look(kOne, 1, now).limit.empty() && random.below(4) != 0) continue;
      auto taken = board.reserve(kOne, 1, now);
      if (!taken.place) continue;
      if (random.below(3) == 0) continue;  // a conflict: dropped
      const TaskCount born[] = {pending(1)};
      const int64_t is_open = ++open;
      int64_t most = most_open;
      while (most < is_open && !most_open.compare_exchange_weak(most, is_open)) {
      }
      ASSERT_TRUE(board.enter(born, {&taken.place, 1}));
      {
        const std::lock_guard lock(mutex);
        begun.push_back(now.ms);
      }
      const TaskCount ended[] = {pending(-1), succeeded(1)};
      --open;
      ASSERT_TRUE(board.enter(ended, {}));
    }
  };
  std::vector<std::thread> threads;
  for (uint64_t seed = 1; seed <= 4; ++seed) threads.emplace_back(work, seed);
  for (auto& thread : threads) thread.join();
  EXPECT_LE(most_open, 7);
  EXPECT_LE(most_in_a_minute(begun), 50u);
  const auto progress = board.progress(kOne, base::Time{clock});
  EXPECT_EQ(progress.all.succeeded(), static_cast<int64_t>(begun.size()));
  EXPECT_EQ(progress.all.under_way(), 0);
  EXPECT_EQ(progress.reserved, 0);
  EXPECT_GT(begun.size(), 50u);
}

// --- Within the engine ---------------------------------------------------------------------------

class BoardInEngineTest : public ::testing::Test {
 protected:
  void begin(const domain::Deployment& row) {
    WriteBatch batch;
    const auto rows = board_catalogue(row);
    for (const auto& each : rows.tenants) batch.ops.emplace_back(each);
    for (const auto& each : rows.products) batch.ops.emplace_back(each);
    for (const auto& each : rows.releases) batch.ops.emplace_back(each);
    for (const auto& each : rows.packages) batch.ops.emplace_back(each);
    for (const auto& each : rows.deployments) batch.ops.emplace_back(each);
    const WriteBatch* batches[] = {&batch};
    ASSERT_TRUE(store_.apply(batches).has_value());
    restart();
  }
  void restart() {
    engine_.reset();
    EngineParts parts;
    parts.store = &store_;
    parts.blobs = &blobs_;
    parts.readers = &readers_;
    parts.clock = &clock_;
    parts.commit_mode = Committer::Mode::manual;
    engine_ = std::make_unique<Engine>(parts);
    ASSERT_TRUE(engine_->start().has_value());
  }
  static base::Result<CheckResult> check_in(DeviceGateway& gateway, std::string_view key,
                                            std::string_view version) {
    OTARU_TRY(device, gateway.identify(domain::kDefaultTenant, key, Identify::find_or_register));
    domain::CheckIn in;
    in.product = domain::ProductId{1};
    in.slot = "lamp";
    in.version = version;
    return gateway.check(device, in, TaskBirth::record);
  }
  domain::Decision check(std::string_view key, std::string_view version = "0.9") {
    domain::Decision out;
    const auto done = engine_->run_blocking("test", [&](DeviceGateway& gateway) -> base::Status {
      OTARU_TRY(result, check_in(gateway, key, version));
      out = result.decision;
      return {};
    });
    EXPECT_TRUE(done.has_value()) << done.error().message;
    return out;
  }
  base::Status report(std::string_view key, TaskEvent event,
                      FailureClass failure = FailureClass::none) {
    base::Status said;
    const auto done = engine_->run_blocking("test", [&](DeviceGateway& gateway) -> base::Status {
      OTARU_TRY(device, gateway.identify(domain::kDefaultTenant, key, Identify::find));
      TaskReport what;
      what.event = event;
      what.failure = failure;
      said = gateway.report(device, gateway.describe(device).tasks.front().id, what);
      return {};
    });
    EXPECT_TRUE(done.has_value());
    return said;
  }
  Task task_of(std::string_view key) {
    const auto found = store_.find_device(domain::kDefaultTenant, key);
    EXPECT_TRUE(found && *found && !(*found)->tasks.empty());
    return (*found)->tasks.front();
  }
  void expect_exact() {
    const auto same = engine_->board().verify(store_);
    EXPECT_TRUE(same.has_value()) << same.error().message;
  }

  base::ManualClock clock_{kBoardNow};
  store::MemoryStore store_;
  tests::MemoryBlobs blobs_;
  InlineExecutor readers_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(BoardInEngineTest, who_must_wait_is_told_when_and_loses_no_attempt) {
  auto row = running();
  row.rate.per_minute = 2;
  begin(row);
  EXPECT_TRUE(check("a").has_offer());
  EXPECT_TRUE(check("b").has_offer());
  const auto third = check("c");
  EXPECT_EQ(third.reason, domain::Reason::rate_limited);
  EXPECT_EQ(third.label, "per_minute");
  ASSERT_TRUE(third.retry_at);
  EXPECT_GE(*third.retry_at, kBoardNow + 60'000);
  EXPECT_LE(*third.retry_at, kBoardNow + 61'000 + 60'000);
  EXPECT_TRUE((*store_.find_device(domain::kDefaultTenant, "c"))->tasks.empty());
  EXPECT_TRUE(check("a").has_offer());  // has its place
  expect_exact();
  // The minute before a restart counts as used up.
  restart();
  EXPECT_EQ(check("c").reason, domain::Reason::rate_limited);
  clock_.advance(61'000);
  EXPECT_TRUE(check("c").has_offer());
  EXPECT_EQ(task_of("c").attempt, 1);
  expect_exact();
}

TEST_F(BoardInEngineTest, what_is_dropped_gives_its_place_back) {
  auto row = running();
  row.rate.concurrent_max = 1;
  begin(row);
  {
    DeviceGateway gateway(*engine_, "test", clock_.now());
    auto missed = check_in(gateway, "a", "0.9");  // not loaded yet
    EXPECT_FALSE(missed);
  }
  EXPECT_TRUE(engine_->run_blocking("test", [&](DeviceGateway& gateway) -> base::Status {
    OTARU_CHECK(gateway.identify(domain::kDefaultTenant, "a", Identify::find_or_register));
    return {};
  }));
  {
    DeviceGateway dropped(*engine_, "test", clock_.now());
    EXPECT_TRUE(check_in(dropped, "a", "0.9")->decision.has_offer());
    EXPECT_EQ(check("b").reason, domain::Reason::rate_limited);
  }
  EXPECT_TRUE(check("b").has_offer());
  // A transaction that fails takes everything back.
  ASSERT_TRUE(report("b", TaskEvent::installed));
  store_.fail_next_applies(1, {Code::unavailable, "the disk is full", {}});
  const int64_t devices = engine_->device_count();
  EXPECT_FALSE(engine_->run_blocking("test", [&](DeviceGateway& gateway) -> base::Status {
    OTARU_CHECK(check_in(gateway, "new", "0.9"));
    return {};
  }));
  EXPECT_EQ(engine_->device_count(), devices);
  expect_exact();
  EXPECT_TRUE(check("c").has_offer());
  expect_exact();
}

TEST_F(BoardInEngineTest, a_brake_acts_within_one_check_and_after_a_restart) {
  auto row = running();
  row.brakes = {failures_brake(1)};
  begin(row);
  check("a");
  check("b");
  DeviceGateway late(*engine_, "test", clock_.now());
  const auto known = late.identify(domain::kDefaultTenant, "a", Identify::find);
  ASSERT_TRUE(known);
  ASSERT_TRUE(report("b", TaskEvent::failed, FailureClass::boot));
  EXPECT_EQ(check("c").reason, domain::Reason::braked);
  EXPECT_EQ(check("a").reason, domain::Reason::braked);
  expect_exact();
  restart();
  EXPECT_EQ(check("c").reason, domain::Reason::braked);
  EXPECT_EQ(engine_->board().tripped().size(), 1u);
}

TEST_F(BoardInEngineTest, tasks_know_their_times_and_what_is_watched) {
  auto row = running();
  row.rate.concurrent_max = 100;
  row.timeouts.downloading_ms = 5'000;
  row.watch.silence_ms = 7'000;
  row.watch.health_ms = 9'000;
  begin(row);
  check("a");
  EXPECT_EQ(task_of("a").due_at, kBoardNow + base::kDayMs);
  ASSERT_TRUE(report("a", TaskEvent::download_started));
  EXPECT_EQ(task_of("a").due_at, kBoardNow + 5'000);
  EXPECT_FALSE(task_of("a").began);
  ASSERT_TRUE(report("a", TaskEvent::installed));
  EXPECT_EQ(task_of("a").due_at, kBoardNow + 7'000);
  EXPECT_EQ(task_of("a").aftermath, domain::Aftermath::watched);
  EXPECT_TRUE(task_of("a").began);
  check("b");
  check("b", "1.0");  // says by itself what it runs
  EXPECT_EQ(task_of("b").state, TaskState::succeeded);
  EXPECT_EQ(task_of("b").due_at, kBoardNow + 9'000);
  EXPECT_TRUE(engine_->run_blocking("test", [&](DeviceGateway& gateway) -> base::Status {
    OTARU_TRY(device, gateway.identify(domain::kDefaultTenant, "b", Identify::find));
    Inventory said;
    said.attributes = {{"health", "unhealthy"}};
    return gateway.attributes(device, said);
  }));
  EXPECT_EQ(task_of("b").aftermath, domain::Aftermath::unhealthy);
  EXPECT_EQ(task_of("b").due_at.ms, 0);
  expect_exact();
}

TEST_F(BoardInEngineTest, late_reports_are_noted_and_not_obeyed) {
  begin(running());
  check("a");
  ASSERT_TRUE(engine_->run_blocking(kOperatorDoor, [&](DeviceGateway& gateway) -> base::Status {
    OTARU_TRY(device, gateway.identify(domain::kDefaultTenant, "a", Identify::find));
    TaskReport what;
    what.event = TaskEvent::cancel;
    return gateway.report(device, gateway.describe(device).tasks.front().id, what);
  }));
  const auto said = report("a", TaskEvent::installed);
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().code, Code::precondition);
  EXPECT_EQ(task_of("a").state, TaskState::cancelled);
  EXPECT_EQ(store_.task_history(task_of("a").id)->back().event, "late: installed");
  const auto device = *store_.find_device(domain::kDefaultTenant, "a");
  EXPECT_EQ(device->component("lamp")->version, "1.0");
  expect_exact();
}

TEST_F(BoardInEngineTest, an_erased_device_takes_all_its_tasks_out_of_the_counters) {
  auto row = running();
  row.attempts_max = 0;
  begin(row);
  for (size_t i = 0; i < base::limits::kTasksInStateMax + 5; ++i) {
    ASSERT_TRUE(check("a").has_offer()) << i;
    ASSERT_TRUE(report("a", TaskEvent::failed, FailureClass::boot));
    clock_.advance(1'000);
  }
  check("b");
  expect_exact();
  const auto erased =
      engine_->run_blocking(kOperatorDoor, [&](DeviceGateway& gateway) -> base::Status {
        OTARU_TRY(device, gateway.identify(domain::kDefaultTenant, "a", Identify::find));
        return gateway.erase(device);
      });
  ASSERT_TRUE(erased);
  expect_exact();
  EXPECT_EQ(engine_->board().progress(kOne, clock_.now()).all.all(), 1);
}

}  // namespace
}  // namespace otaru::app
