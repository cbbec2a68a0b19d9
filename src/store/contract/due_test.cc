// SPDX-License-Identifier: Apache-2.0
// The contract of the store port, continued: what the server itself has to find, without looking at
// everything: tasks that fall due, open tasks of one deployment, when devices were there last.
#include <gtest/gtest.h>

#include "store/contract/engines.h"
#include "store/contract/samples.h"

namespace otaru::store::contract {
namespace {

using base::Time;
using domain::DeploymentId;
using domain::TaskState;

class DueContract : public testing::TestWithParam<EngineUnderTest> {
 protected:
  void SetUp() override { store_ = GetParam().open(folder_.path()); }

  app::Store& store() { return *store_; }
  void put(std::vector<app::WriteOp> ops) { ASSERT_TRUE(apply_one(store(), std::move(ops))); }
  void reopen() {
    if (!GetParam().survives_closing) return;
    store_.reset();
    store_ = GetParam().open(folder_.path());
  }
  // The n-th device with one task.
  domain::Task task(int64_t n, int64_t deployment, TaskState state, int64_t due_ms) {
    const auto device = sample_device("dev-" + std::to_string(n), n);
    auto row = sample_task(device, n, deployment);
    row.state = state;
    row.due_at = Time{due_ms};
    put({app::PutDevice{device}, row});
    return row;
  }
  std::vector<domain::TaskId> due(int64_t until_ms, size_t limit = 10) {
    std::vector<domain::TaskId> ids;
    const auto rows = store().due_tasks(Time{until_ms}, limit);
    EXPECT_TRUE(rows);
    for (const auto& row : *rows) ids.push_back(row.id);
    return ids;
  }

 private:
  TempFolder folder_;
  std::unique_ptr<app::Store> store_;
};

using Ids = std::vector<domain::TaskId>;

TEST_P(DueContract, tasks_fall_due_in_order_of_time_and_id) {
  const auto late = task(1, 1, TaskState::pending, 500);
  const auto never = task(2, 1, TaskState::pending, 0);
  const auto early = task(3, 2, TaskState::succeeded, 100);
  auto same = task(4, 1, TaskState::downloading, 500);
  reopen();
  const Ids pair = late.id < same.id ? Ids{late.id, same.id} : Ids{same.id, late.id};
  EXPECT_EQ(due(99), Ids{});
  EXPECT_EQ(due(100), Ids{early.id});
  EXPECT_EQ(due(INT64_MAX), (Ids{early.id, pair[0], pair[1]}));
  EXPECT_EQ(due(INT64_MAX, 2), (Ids{early.id, pair[0]}));
  EXPECT_EQ(store().due_tasks(Time{100}, 1)->front(), early);
  same.due_at = Time{0};
  put({same, app::Erase<domain::DeviceId>{early.device}});
  EXPECT_EQ(due(INT64_MAX), Ids{late.id});
}

TEST_P(DueContract, open_tasks_are_found_by_deployment) {
  EXPECT_TRUE(store().deployments_with_open_tasks()->empty());
  const TaskState states[] = {TaskState::pending,   TaskState::downloading,
                              TaskState::upgrading, TaskState::paused,
                              TaskState::succeeded, TaskState::failed,
                              TaskState::cancelled, TaskState::expired,
                              TaskState::awaiting_consent};
  std::vector<domain::Task> open;
  int64_t n = 0;
  for (const auto state : states) {
    const auto row = task(++n, 7, state, 0);
    if (domain::is_open(state)) open.push_back(row);
  }
  task(++n, 8, TaskState::failed, 0);
  const auto other = task(++n, 9, TaskState::pending, 0);
  reopen();
  std::sort(open.begin(), open.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  ASSERT_EQ(open.size(), 5u);
  EXPECT_EQ(*store().open_tasks(DeploymentId{7}, {}, 10), open);
  EXPECT_EQ(*store().open_tasks(DeploymentId{7}, open[1].id, 2),
            (std::vector<domain::Task>{open[2], open[3]}));
  EXPECT_TRUE(store().open_tasks(DeploymentId{8}, {}, 10)->empty());
  using Deployments = std::vector<DeploymentId>;
  EXPECT_EQ(*store().deployments_with_open_tasks(),
            (Deployments{DeploymentId{7}, DeploymentId{9}}));
  auto ended = other;
  ended.state = TaskState::cancelled;
  put({ended});
  EXPECT_EQ(*store().deployments_with_open_tasks(), Deployments{DeploymentId{7}});
}

TEST_P(DueContract, when_devices_were_there_last) {
  const auto one = sample_device("dev-1", 1);
  const auto two = sample_device("dev-2", 2);
  put({app::PutDevice{one}, app::PutDevice{two}, app::Seen{two.id, Time{9}},
       app::Seen{two.id, Time{12}}});
  reopen();
  const domain::DeviceId asked[] = {one.id, two.id, device_id(one.tenant, "nobody", 3)};
  EXPECT_EQ(*store().last_seen(asked), (std::vector<Time>{Time{0}, Time{12}, Time{0}}));
}

INSTANTIATE_TEST_SUITE_P(engines, DueContract,
                         testing::ValuesIn(engines().begin(), engines().end()),
                         [](const auto& engine) { return std::string(engine.param.name); });

}  // namespace
}  // namespace otaru::store::contract
