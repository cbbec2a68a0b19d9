// SPDX-License-Identifier: Apache-2.0
// The checker of the simulation can fail: each rule broken once.
#include "tests/sim/rollout_watch.h"

#include <gtest/gtest.h>

namespace otaru::tests {
namespace {

using domain::TaskState;

class RolloutWatchTest : public testing::Test {
 protected:
  RolloutWatchTest() {
    row.id = domain::DeploymentId{1};
    row.name = "spring";
    row.state = domain::DeploymentState::running;
    row.waves.resize(2);
    row.rollout.open_waves = 1;
    row.rate.per_minute = 3;
    row.rate.concurrent_max = 2;
    domain::Brake brake;
    brake.share_ppm = 500'000;
    brake.sample_min = 2;
    row.brakes = {brake};
    put(row);
  }

  template <class Row>
  void put(const Row& what) {
    app::WriteBatch batch;
    batch.ops.emplace_back(what);
    const app::WriteBatch* batches[] = {&batch};
    watch.committed(batches);
  }

  domain::Task task(int64_t id, TaskState state, int64_t at_ms = 0, int64_t wave = 0) {
    domain::Task out;
    out.id = domain::TaskId{id};
    out.device = domain::DeviceId{id};
    out.deployment = row.id;
    out.state = state;
    out.wave = wave;
    out.created_at = base::Time{1'000'000 + at_ms};
    return out;
  }

  void expect(const std::string& words) {
    ASSERT_EQ(violations.size(), 1u);
    EXPECT_NE(violations.front().find(words), std::string::npos) << violations.front();
  }

  std::vector<std::string> violations;
  RolloutWatch watch{[this](const std::string& what) { violations.push_back(what); }};
  domain::Deployment row;
};

TEST_F(RolloutWatchTest, IsSilentWhileAllIsWell) {
  put(task(1, TaskState::pending));
  put(task(1, TaskState::succeeded));
  put(task(2, TaskState::pending, 10));
  put(task(2, TaskState::failed, 10));
  put(task(1, TaskState::succeeded));
  EXPECT_TRUE(violations.empty()) << violations.front();
  EXPECT_EQ(watch.text(), RolloutWatch::recount(watch.tasks()));
  EXPECT_EQ(watch.counts(row.id).failed, 1);
}

TEST_F(RolloutWatchTest, SeesATaskTooManyInAMinute) {
  for (int64_t id = 1; id <= 3; ++id) {
    put(task(id, TaskState::pending, id * 19'000));
    put(task(id, TaskState::succeeded, id * 19'000));
  }
  put(task(4, TaskState::pending, 79'000));  // the first is exactly a minute old
  EXPECT_TRUE(violations.empty());
  put(task(4, TaskState::succeeded, 79'000));
  put(task(5, TaskState::pending, 97'999));
  expect("number 4 within a minute");
}

TEST_F(RolloutWatchTest, SeesTooManyOpenOnes) {
  for (int64_t id = 1; id <= 3; ++id) put(task(id, TaskState::pending, id * 30'000));
  expect("3 open tasks");
}

TEST_F(RolloutWatchTest, SeesABirthAfterTheBrake) {
  put(task(1, TaskState::failed));
  put(task(2, TaskState::failed));
  EXPECT_TRUE(violations.empty());
  put(task(3, TaskState::pending, 70'000));
  expect("after its brake had tripped");
}

TEST_F(RolloutWatchTest, SeesAWaveThatIsNotOpen) {
  put(task(1, TaskState::pending, 0, 1));
  expect("wave 1");
}

TEST_F(RolloutWatchTest, SeesABirthInAPausedDeployment) {
  row.state = domain::DeploymentState::paused;
  put(row);
  put(task(1, TaskState::pending));
  expect("while it was paused");
}

}  // namespace
}  // namespace otaru::tests
