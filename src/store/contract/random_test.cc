// SPDX-License-Identifier: Apache-2.0
// Thousands of random operations on every engine beside the memory model: after each step the same
// answers, at the end the same rows. A seed that failed goes into kSeeds and stays there.
#include <gtest/gtest.h>

#include "store/contract/engines.h"
#include "store/contract/samples.h"
#include "store/memory/memory_store.h"

namespace otaru::store::contract {
namespace {

constexpr uint64_t kSeeds[] = {1, 2, 3, 20260501};
constexpr int kSteps = 500;

class RandomOperations : public testing::TestWithParam<EngineUnderTest> {};

void expect_same_reads(app::Store& model, app::Store& store, base::Random& random) {
  const domain::TenantId tenant(static_cast<int64_t>(1 + random.below(2)));
  const auto n = static_cast<int64_t>(1 + random.below(30));
  const std::string key = (n % 3 == 0   ? "dev\xFF-"
                           : n % 3 == 1 ? "设备-"
                                        : "dev-") +
                          std::to_string(n);
  EXPECT_EQ(*model.find_device(tenant, key), *store.find_device(tenant, key));
  const auto device = device_id(tenant, key, tenant.value * 100 + n);
  EXPECT_EQ(*model.find_device(device), *store.find_device(device));
  const auto task = task_id(device, (device.value >> 8) * 10 + 1 + n % 6);
  EXPECT_EQ(*model.find_task(task), *store.find_task(task));
  EXPECT_EQ(*model.task_history(task), *store.task_history(task));
  EXPECT_EQ(*model.device_log(device, 3), *store.device_log(device, 3));
  const domain::DeploymentId deployment(static_cast<int64_t>(1 + random.below(3)));
  EXPECT_EQ(*model.count_tasks(deployment), *store.count_tasks(deployment));
  EXPECT_EQ(*model.open_tasks(deployment, task, 5), *store.open_tasks(deployment, task, 5));
  EXPECT_EQ(*model.deployments_with_open_tasks(), *store.deployments_with_open_tasks());
  for (int64_t product = 0; product < 10; ++product) {
    EXPECT_EQ(*model.version_counts(domain::ProductId(product)),
              *store.version_counts(domain::ProductId(product)));
    EXPECT_EQ(*model.version_samples(domain::ProductId(product), 1, base::Time{6}),
              *store.version_samples(domain::ProductId(product), 1, base::Time{6}));
  }
  const base::Time until{static_cast<int64_t>(random.below(5))};
  EXPECT_EQ(*model.due_tasks(until, 7), *store.due_tasks(until, 7));
  const domain::DeviceId seen[] = {device};
  EXPECT_EQ(*model.last_seen(seen), *store.last_seen(seen));
  EXPECT_EQ(*model.load_task_counts(), *store.load_task_counts());
  EXPECT_EQ(*model.failure_reasons(deployment, 3), *store.failure_reasons(deployment, 3));
  app::EventRange events;
  const auto span = *model.event_span();
  EXPECT_EQ(span, *store.event_span());
  if (random.below(2) == 0) events.after = span.oldest + static_cast<int64_t>(random.below(50));
  if (random.below(2) == 0) events.before = span.newest - static_cast<int64_t>(random.below(50));
  events.newest_first = random.below(2) == 0;
  events.limit = random.below(30);
  EXPECT_EQ(*model.read_events(events), *store.read_events(events));
  const app::WebhookId webhook(static_cast<int64_t>(1 + random.below(4)));
  const auto after = static_cast<int64_t>(random.below(10));
  EXPECT_EQ(*model.list_dead_letters(webhook, after, 4),
            *store.list_dead_letters(webhook, after, 4));
  app::TaskFilter tasks;
  if (random.below(2) == 0) tasks.tenant = tenant;
  if (random.below(2) == 0) tasks.deployment = deployment;
  if (random.below(2) == 0) tasks.state = static_cast<domain::TaskState>(random.below(8));
  if (random.below(3) == 0) tasks.before_id = task.value;
  tasks.limit = random.below(20);
  EXPECT_EQ(*model.list_tasks(tasks), *store.list_tasks(tasks));
  app::DeviceFilter devices;
  if (random.below(2) == 0) devices.tenant = tenant;
  if (random.below(2) == 0) devices.key_prefix = key.substr(0, random.below(key.size()));
  if (random.below(2) == 0) devices.after = std::to_string(tenant.value) + "\n" + key;
  devices.limit = random.below(20);
  devices.pending = random.below(3) == 0;
  const auto expected = model.list_devices(devices);
  const auto got = store.list_devices(devices);
  ASSERT_EQ(expected->size(), got->size());
  for (size_t i = 0; i < got->size(); ++i) {
    EXPECT_EQ((*expected)[i].device, (*got)[i].device);
    EXPECT_EQ((*expected)[i].last_seen, (*got)[i].last_seen);
  }
}

void expect_same_marks(app::Store& model, app::Store& store) {
  const auto a = model.high_water();
  const auto b = store.high_water();
  EXPECT_EQ(a->device, b->device);
  EXPECT_EQ(a->task, b->task);
  EXPECT_EQ(a->device_count, b->device_count);
  EXPECT_EQ(a->kit_item, b->kit_item);
  EXPECT_EQ(a->devices_of, b->devices_of);
  EXPECT_EQ(a->pending_of, b->pending_of);
  EXPECT_EQ(a->user, b->user);
  EXPECT_EQ(a->deployment, b->deployment);
  EXPECT_EQ(a->webhook, b->webhook);
}

TEST_P(RandomOperations, give_the_same_rows_as_the_model) {
  for (const uint64_t seed : kSeeds) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TempFolder folder;
    auto store = GetParam().open(folder.path());
    const auto model = make_memory_store();
    RandomWorld world(seed);
    for (int step = 0; step < kSteps; ++step) {
      std::vector<app::WriteBatch> batches;
      for (uint64_t i = 1 + world.rng().below(4); i > 0; --i) batches.push_back(world.batch());
      std::vector<const app::WriteBatch*> pointers;
      for (const auto& batch : batches) pointers.push_back(&batch);
      const auto expected = model->apply(pointers);
      const auto done = store->apply(pointers);
      ASSERT_EQ(expected.has_value(), done.has_value())
          << "step " << step << ": " << (done ? "" : done.error().detail);
      if (step % 5 == 0) expect_same_reads(*model, *store, world.rng());
      if (step % 100 == 0) {
        ASSERT_EQ(*model->dump(), *store->dump()) << "step " << step;
        expect_same_marks(*model, *store);
      }
      if (testing::Test::HasFailure()) FAIL() << "first difference at step " << step;
      if (step % 400 == 399 && GetParam().survives_closing) {
        store.reset();
        store = GetParam().open(folder.path());
      }
    }
    EXPECT_EQ(*model->dump(), *store->dump());
    EXPECT_GT(model->dump()->size(), 100u);
  }
}

INSTANTIATE_TEST_SUITE_P(engines, RandomOperations,
                         testing::ValuesIn(engines().begin(), engines().end()),
                         [](const auto& engine) { return std::string(engine.param.name); });

}  // namespace
}  // namespace otaru::store::contract
