// SPDX-License-Identifier: Apache-2.0
#include "domain/dry_run.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "base/random.h"
#include "domain/test_world.h"

namespace otaru::domain {
namespace {

struct DryRunTest : ::testing::Test {
  DryRunTest() : p(w.product("gateway")), one(w.release(p, "1.0")), two(w.release(p, "2.0")) {
    w.full(two, 5000);
    w.delta(two, "1.0", 300);
  }
  Device device(std::string key, std::string_view version) {
    Device out = w.device;
    out.key = std::move(key);
    out.tasks.clear();
    out.components = {{"slot", p.id, std::string(version), {}}};
    return out;
  }
  DryRunCount count(DeploymentId id, const std::vector<Device>& fleet) {
    auto snapshot = as_if_running(w.build(), id);
    EXPECT_TRUE(snapshot.has_value());
    DryRun run(**snapshot, doors, id, w.now);
    for (const Device& d : fleet) run.add(d);
    return run.count();
  }

  TestWorld w;
  Doors doors;
  Product& p;
  Release& one;
  Release& two;
};

TEST_F(DryRunTest, CountsADraftAsIfItRan) {
  Deployment& d = w.deploy(two);
  d.state = DeploymentState::draft;
  d.starts_at = w.now + 1'000'000;
  std::vector<Device> fleet = {device("a", "1.0"), device("b", "0.9"), device("c", "2.0"),
                               device("d", "")};
  fleet.push_back(device("e", "1.0"));
  fleet.back().components.front().product = w.product("other").id;
  fleet.push_back(device("f", "1.0"));
  fleet.back().blocked = true;
  const auto got = count(d.id, fleet);
  EXPECT_EQ(got.devices, 6);
  EXPECT_EQ(got.concerned, 5);
  EXPECT_EQ(got.matching, 3);
  EXPECT_EQ(got.all.updates, 3);
  EXPECT_EQ(got.all.bytes, 300 + 5000 + 5000);
  EXPECT_EQ(got.all.paths[static_cast<size_t>(DryRunPath::full)], 2);
  EXPECT_EQ(got.all.paths[static_cast<size_t>(DryRunPath::delta)], 1);
  EXPECT_EQ(got.from_versions.at("1.0").bytes, 300);
  EXPECT_EQ(got.from_versions.at("").updates, 1);
  const auto group = [&](Fate fate, Reason reason) {
    const auto found = got.groups.find({fate, reason});
    return found == got.groups.end() ? 0 : found->second.updates;
  };
  EXPECT_EQ(group(Fate::begins, Reason::offer), 3);
  EXPECT_EQ(group(Fate::stopped, Reason::up_to_date), 1);
  EXPECT_EQ(group(Fate::stopped, Reason::device_blocked), 1);
}

TEST_F(DryRunTest, AChainIsItsOwnPath) {
  w.rows.packages.clear();
  w.delta(one, "0.9", 100);
  w.delta(two, "1.0", 300);
  Deployment& d = w.deploy(two);
  const auto got = count(d.id, {device("a", "0.9")});
  EXPECT_EQ(got.all.paths[static_cast<size_t>(DryRunPath::chain)], 1);
  EXPECT_EQ(got.all.bytes, 400);
}

TEST_F(DryRunTest, AnotherDeploymentOrTaskComesFirst) {
  Deployment& d = w.deploy(two);
  Deployment& above = w.deploy(one);
  above.priority = 5;
  w.full(one);
  Device busy = device("b", "1.0");
  w.task(above, two, {PackageId{1}}, TaskState::downloading);
  busy.tasks = w.device.tasks;
  Device own = device("c", "1.0");
  w.device.tasks.clear();
  w.task(d, two, {PackageId{1}}, TaskState::downloading);
  own.tasks = w.device.tasks;
  const auto got = count(d.id, {device("a", "0.9"), busy, own});
  EXPECT_EQ(got.matching, 0);
  EXPECT_EQ(got.groups.at({Fate::elsewhere, Reason::offer}).updates, 2);
  EXPECT_EQ(got.groups.at({Fate::under_way, Reason::continue_task}).updates, 1);
}

TEST_F(DryRunTest, WavesShowWhomTheyHold) {
  Deployment& d = w.deploy(two);
  d.waves.resize(2);
  d.waves[0].filter = "key == \"a\"";
  d.waves[1].filter = "key == \"b\"";
  d.rollout.open_waves = 1;
  const auto got = count(d.id, {device("a", "1.0"), device("b", "1.0"), device("c", "1.0")});
  EXPECT_EQ(got.waves.at(0).updates, 1);
  EXPECT_EQ(got.waves.at(1).updates, 1);
  EXPECT_EQ(got.groups.at({Fate::stopped, Reason::not_in_wave}).updates, 1);
}

TEST_F(DryRunTest, EndedOnesDoNotRunAgain) {
  Deployment& d = w.deploy(two);
  d.state = DeploymentState::finished;
  EXPECT_EQ(as_if_running(w.build(), d.id).error().code, base::Code::precondition);
  EXPECT_EQ(as_if_running(w.build(), DeploymentId{99}).error().code, base::Code::not_found);
}

// The sample and the counts do not depend on the order in which the fleet is read.
TEST_F(DryRunTest, OrderDoesNotMatter) {
  Deployment& d = w.deploy(two);
  std::vector<Device> fleet;
  for (int i = 0; i < 100; ++i) {
    fleet.push_back(device("k" + std::to_string(i), i % 3 == 0 ? "2.0" : "1.0"));
  }
  const auto forward = count(d.id, fleet);
  std::reverse(fleet.begin(), fleet.end());
  EXPECT_EQ(count(d.id, fleet), forward);
  const auto& sample = forward.groups.at({Fate::begins, Reason::offer}).sample;
  EXPECT_EQ(sample.size(), base::limits::kDryRunSampleMax);
  EXPECT_TRUE(std::is_sorted(sample.begin(), sample.end()));
}

// What is counted is what decide() says to every device, over random fleets and deployments.
TEST_F(DryRunTest, EqualsDecidingForEveryDevice) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    base::SeededRandom random(seed);
    const auto chance = [&](uint64_t percent) { return random.below(100) < percent; };
    TestWorld fresh;
    w.rows.deployments.clear();
    Deployment& d = w.deploy(two);
    d.mode = static_cast<PackageMode>(random.below(3));
    d.audience.share_ppm = chance(50) ? kWholeShare : 300'000;
    if (chance(30)) d.from_versions = {"1.0", ""};
    if (chance(30)) d.excluded_keys = {"k1", "k2", "k3"};
    if (chance(30)) {
      d.waves.resize(2);
      d.waves[0].share_ppm = 200'000;
      d.waves[1].share_ppm = 700'000;
    }
    if (chance(30)) d.power_min_percent = 50;
    if (chance(50)) w.deploy(two).priority = chance(50) ? 1 : -1;
    std::vector<Device> fleet;
    const std::vector<std::string> versions = {"0.9", "1.0", "1.5", "2.0", "3.0", "", "x"};
    for (int i = 0; i < 60; ++i) {
      fleet.push_back(device("k" + std::to_string(i), versions[random.below(versions.size())]));
      fleet.back().blocked = chance(5);
      if (chance(30)) fleet.back().reported = {{"battery_percent", chance(50) ? "10" : "90"}};
    }
    const DeploymentId id = w.rows.deployments.front().id;
    const auto got = count(id, fleet);
    const auto snapshot = *as_if_running(w.build(), id);
    int64_t begins = 0;
    int64_t bytes = 0;
    std::map<int64_t, int64_t> waves;
    std::map<Reason, int64_t> waits;
    for (const Device& one_device : fleet) {
      const StoredCheck check(one_device, one_device.components.front(), doors.of("operator"));
      const Decision decision = check.decide(*snapshot, w.now);
      if (decision.deployment != id) continue;
      if (decision.has_offer()) {
        begins += 1;
        bytes += decision.offer->bytes;
        waves[decision.wave] += 1;
      } else if (decision.reason == Reason::condition_unmet) {
        waits[decision.reason] += 1;
      }
    }
    int64_t counted = 0;
    int64_t held = 0;
    for (const auto& [key, group] : got.groups) {
      if (key.first == Fate::begins) counted += group.updates;
      if (key.first == Fate::waits) held += group.updates;
    }
    EXPECT_EQ(counted, begins);
    EXPECT_EQ(held, waits[Reason::condition_unmet]);
    EXPECT_EQ(got.all.updates, begins + held);
    if (held == 0) {
      EXPECT_EQ(got.all.bytes, bytes);
      for (const auto& [wave, updates] : waves) EXPECT_EQ(got.waves.at(wave).updates, updates);
    }
  }
}

TEST(DryRunEstimateTest, RatesGrowthSoakAndWindows) {
  Deployment row;
  DryRunCount count;
  count.waves[0].updates = 1000;
  count.waves[0].bytes = 1'000'000;
  EXPECT_EQ(estimate(row, count).total_ms, 0) << "no limit, no time";
  row.rate.per_minute = 100;
  EXPECT_EQ(estimate(row, count).rate_ms, 10 * base::kMinuteMs);
  row.rate.growth_percent = 100;
  row.rate.growth_every_ms = base::kMinuteMs;
  // 100 + 200 + 400 + 800
  EXPECT_EQ(estimate(row, count).rate_ms, 4 * base::kMinuteMs);
  row.rate.per_minute_max = 200;
  // 100 + 200 * 5
  EXPECT_EQ(estimate(row, count).rate_ms, 6 * base::kMinuteMs);
  row.rate.growth_every_ms = 0;
  row.rate.growth_every_successes = 100;
  EXPECT_EQ(estimate(row, count).rate_ms, 6 * base::kMinuteMs);
  row.rate.bytes_per_second = 1000;
  EXPECT_EQ(estimate(row, count).rate_ms, 1000 * base::kSecondMs) << "the narrower limit";
  row.waves.resize(3);
  row.waves[0].gate.soak_ms = base::kHourMs;
  row.waves[1].gate.approval = true;
  row.waves[2].gate.soak_ms = base::kDayMs;
  const auto waves = estimate(row, count);
  EXPECT_EQ(waves.soak_ms, base::kHourMs) << "the last gate is not looked at";
  EXPECT_EQ(waves.approvals, 1);
  EXPECT_EQ(waves.total_ms, waves.rate_ms + waves.soak_ms);
  row.windows.list = {Window{0x7f, 22 * 60, 4 * 60}};  // six hours of each day
  const auto nights = estimate(row, count);
  EXPECT_EQ(nights.open_ppm, 250'000);
  EXPECT_EQ(nights.total_ms, 4 * nights.rate_ms + nights.soak_ms);
  row.rate = {};
  row.rate.per_minute = 1;
  count.waves[0].updates = 100'000'000;
  EXPECT_FALSE(estimate(row, count).bounded);
}

}  // namespace
}  // namespace otaru::domain
