// SPDX-License-Identifier: Apache-2.0
// The contract of the store port, continued: counters of tasks, kept with every write.
#include <gtest/gtest.h>

#include "store/contract/engines.h"
#include "store/contract/samples.h"

namespace otaru::store::contract {
namespace {

class CountContract : public testing::TestWithParam<EngineUnderTest> {
 protected:
  void SetUp() override { store_ = GetParam().open(folder_.path()); }

  app::Store& store() { return *store_; }
  void put(std::vector<app::WriteOp> ops) {
    const auto done = apply_one(store(), std::move(ops));
    ASSERT_TRUE(done) << done.error().message << " / " << done.error().detail;
  }
  void reopen() {
    if (!GetParam().survives_closing) return;
    store_.reset();
    store_ = GetParam().open(folder_.path());
  }

 private:
  TempFolder folder_;
  std::unique_ptr<app::Store> store_;
};

using Counts = std::vector<domain::TaskCount>;

TEST_P(CountContract, tasks_of_a_deployment_are_counted_by_all_that_is_asked_for) {
  std::vector<app::WriteOp> ops;
  std::vector<domain::Task> tasks;
  for (int64_t n = 1; n <= 6; ++n) {
    const auto device = sample_device("dev-" + std::to_string(n), n);
    auto task = sample_task(device, n, n == 6 ? 2 : 1);
    task.state = n <= 2 ? domain::TaskState::pending : domain::TaskState::failed;
    task.failure = n <= 2 ? domain::FailureClass::none : domain::FailureClass::boot;
    task.aftermath = domain::Aftermath::none;
    task.wave = n == 2 ? 1 : 0;
    task.stepping = n == 3;
    tasks.push_back(task);
    ops.push_back(app::PutDevice{device});
    ops.push_back(task);
  }
  put(ops);
  const domain::DeploymentId one(1);
  const auto row = [&](const domain::Task& like, int64_t n) { return domain::counted(like, n); };
  EXPECT_EQ(*store().count_tasks(one),
            (Counts{row(tasks[0], 1), row(tasks[3], 2), row(tasks[2], 1), row(tasks[1], 1)}));
  tasks[0].state = tasks[1].state = domain::TaskState::succeeded;
  tasks[0].aftermath = domain::Aftermath::watched;
  put({tasks[0], tasks[1], tasks[1], app::Erase<domain::DeviceId>{tasks[4].device}});
  tasks[0].aftermath = domain::Aftermath::silent;
  put({tasks[0]});
  reopen();
  const Counts now{row(tasks[0], 1), row(tasks[3], 1), row(tasks[2], 1), row(tasks[1], 1)};
  EXPECT_EQ(*store().count_tasks(one), now);
  EXPECT_EQ(*store().count_tasks(domain::DeploymentId(2)), (Counts{row(tasks[5], 1)}));
  EXPECT_EQ(*store().count_tasks(domain::DeploymentId(3)), Counts{});
  Counts all = now;
  all.push_back(row(tasks[5], 1));
  EXPECT_EQ(*store().load_task_counts(), all);
}

TEST_P(CountContract, failures_are_counted_by_class_and_the_devices_own_words) {
  using domain::FailureClass;
  std::vector<app::WriteOp> ops;
  std::vector<domain::Task> tasks;
  for (int64_t n = 1; n <= 5; ++n) {
    const auto device = sample_device("dev-" + std::to_string(n), n);
    auto task = sample_task(device, n, 1);
    task.state = domain::TaskState::failed;
    task.failure = n <= 3 ? FailureClass::space : FailureClass::boot;
    task.result = n == 1 ? "it's \"full\"" : "203";
    tasks.push_back(task);
    ops.push_back(app::PutDevice{device});
    ops.push_back(task);
  }
  put(ops);
  using Reasons = std::vector<domain::FailureReason>;
  const domain::DeploymentId one(1);
  EXPECT_EQ(*store().failure_reasons(one, 10),
            (Reasons{{FailureClass::space, "203", 2},
                     {FailureClass::boot, "203", 2},
                     {FailureClass::space, "it's \"full\"", 1}}));
  tasks[1].state = domain::TaskState::succeeded;  // no longer a failure, whatever it says
  tasks[4].result = "204";
  put({tasks[1], tasks[4], app::Erase<domain::DeviceId>{tasks[0].device}});
  reopen();
  EXPECT_EQ(*store().failure_reasons(one, 2), (Reasons{{FailureClass::space, "203", 1},
                                                       {FailureClass::boot, "203", 1}}));
  EXPECT_EQ(store().failure_reasons(one, 10)->size(), 3u);
  EXPECT_EQ(*store().failure_reasons(domain::DeploymentId(2), 10), Reasons{});
}

TEST_P(CountContract, versions_are_counted_as_devices_report_them) {
  using Versions = std::vector<app::VersionCount>;
  const auto counts = [this](int64_t product) {
    return *store().version_counts(domain::ProductId(product));
  };
  std::vector<domain::Device> devices;
  std::vector<app::WriteOp> ops;
  for (int64_t n = 1; n <= 4; ++n) {
    devices.push_back(sample_device("dev-" + std::to_string(n), n));
    ops.push_back(app::PutDevice{devices.back()});
  }
  put(ops);
  EXPECT_EQ(counts(7), (Versions{{"V1.02", 4}}));
  EXPECT_EQ(counts(8), (Versions{{"2.0", 4}}));
  devices[0].components[0].version = "V1.03";
  devices[1].components[0].reported_at = base::Time{1};          // no other version
  devices[2].components[1].product = domain::ProductId(7);       // another product's now
  devices[3].components.pop_back();                              // no longer there
  put({app::PutDevice{devices[0]}, app::PutDevice{devices[1]}, app::PutDevice{devices[2]},
       app::PutDevice{devices[3]}});
  reopen();
  EXPECT_EQ(counts(7), (Versions{{"2.0", 1}, {"V1.02", 3}, {"V1.03", 1}}));
  EXPECT_EQ(counts(8), (Versions{{"2.0", 2}}));
  // Once there and back in one transaction, and one that goes.
  auto back = devices[1];
  back.components[0].version = "V9";
  put({app::PutDevice{back}, app::PutDevice{devices[1]},
       app::Erase<domain::DeviceId>{devices[0].id}});
  EXPECT_EQ(counts(7), (Versions{{"2.0", 1}, {"V1.02", 3}}));
  // A product of nobody is none.
  devices[1].components[0].product = {};
  put({app::PutDevice{devices[1]}});
  EXPECT_EQ(counts(7), (Versions{{"2.0", 1}, {"V1.02", 2}}));
  EXPECT_EQ(counts(0), Versions{});
}

TEST_P(CountContract, samples_of_versions_come_back_and_go) {
  using Samples = std::vector<app::VersionSample>;
  const auto samples = [this](int64_t product, int64_t step, int64_t since = 0) {
    return *store().version_samples(domain::ProductId(product), step, base::Time{since});
  };
  put({sample_versions(7, 10, 30), sample_versions(7, 10, 20), sample_versions(7, 10, 10),
       sample_versions(7, 50, 10), sample_versions(8, 10, 10), sample_versions(8, 10, 20)});
  auto known = sample_versions(7, 10, 30);
  known.versions = {};
  known.counts = {};
  known.others = 1;
  put({known});
  reopen();
  EXPECT_EQ(samples(7, 10, 20), (Samples{sample_versions(7, 10, 20), known}));
  EXPECT_EQ(samples(7, 10, 31), Samples{});
  put({app::PruneVersionSamples{10, base::Time{20}}});
  EXPECT_EQ(samples(7, 10), (Samples{sample_versions(7, 10, 20), known}));
  EXPECT_EQ(samples(7, 50), (Samples{sample_versions(7, 50, 10)}));
  EXPECT_EQ(samples(8, 10), (Samples{sample_versions(8, 10, 20)}));
  put({sample_product(7), app::Erase<domain::ProductId>{domain::ProductId(7)}});
  EXPECT_EQ(samples(7, 10), Samples{});
  EXPECT_EQ(samples(7, 50), Samples{});
  EXPECT_EQ(samples(8, 10).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(engines, CountContract,
                         testing::ValuesIn(engines().begin(), engines().end()),
                         [](const auto& engine) { return std::string(engine.param.name); });

}  // namespace
}  // namespace otaru::store::contract
