// SPDX-License-Identifier: Apache-2.0
#include "app/version_history.h"

#include "base/limits.h"
#include "tests/support/service_world.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::kDayMs;
using base::kHourMs;

class VersionHistoryTest : public ServiceTest {
 protected:
  VersionHistoryTest() {
    EXPECT_TRUE(catalogue->first_start().has_value());
    lamp = product("lamp");
    product("nobody has it");
    day = base::Time{clock.now().ms / kDayMs * kDayMs + kDayMs};
    clock.set(day);
    up();
  }
  void up() {
    history.reset();
    restart();
    history = std::make_unique<VersionHistory>(*engine);
  }

  void runs(const std::string& key, const std::string& version) {
    domain::Device device;
    device.tenant = domain::kDefaultTenant;
    device.key = key;
    device.id = domain::DeviceId((1 + ++devices) * base::kBucketCount +
                                 domain::bucket_for(device.tenant, key));
    device.components = {{"firmware", lamp, version, clock.now()}};
    put({PutDevice{device}});
  }
  void put(std::vector<WriteOp> ops) {
    const WriteBatch batch{std::move(ops)};
    const WriteBatch* const batches[] = {&batch};
    ASSERT_TRUE(store.apply(batches));
  }
  // "0h a:2 b:1 +3": when since `day`, how many of which version, and others.
  std::string samples(int64_t step_ms) {
    std::string out;
    const auto rows = store.version_samples(lamp, step_ms, base::Time{});
    for (const auto& row : *rows) {
      out += (out.empty() ? "" : "; ") + std::to_string((row.at - day) / kHourMs) + "h";
      for (size_t i = 0; i < row.versions.size() && i < 3; ++i) {
        out += " " + row.versions[i] + ":" + std::to_string(row.counts[i]);
      }
      if (row.others > 0) out += " +" + std::to_string(row.others);
    }
    return out;
  }

  domain::ProductId lamp;
  base::Time day;
  int64_t devices = 0;
  std::unique_ptr<VersionHistory> history;
};

TEST_F(VersionHistoryTest, AnHourAndADayHaveOneSampleEach) {
  ASSERT_TRUE(history->tick());
  EXPECT_EQ(samples(kHourMs), "");
  clock.advance(kHourMs);
  runs("d1", "1.0");
  ASSERT_TRUE(history->tick());
  EXPECT_EQ(samples(kHourMs), "1h 1.0:1");
  // The first look of the day is its only one in this process; another takes what is missing.
  EXPECT_EQ(samples(kDayMs), "");
  runs("d2", "2.0");
  runs("d3", "2.0");
  ASSERT_TRUE(history->tick());
  up();
  ASSERT_TRUE(history->tick());
  EXPECT_EQ(samples(kHourMs), "1h 1.0:1");
  EXPECT_EQ(samples(kDayMs), "0h 2.0:2 1.0:1");
  clock.advance(kHourMs + base::kMinuteMs);
  ASSERT_TRUE(history->tick());
  clock.advance(3 * kHourMs);  // the server was down
  ASSERT_TRUE(history->tick());
  EXPECT_EQ(samples(kHourMs), "1h 1.0:1; 2h 2.0:2 1.0:1; 5h 2.0:2 1.0:1");
  EXPECT_EQ(samples(kDayMs), "0h 2.0:2 1.0:1");
  // A clock that goes back takes nothing twice.
  clock.set(base::Time{day.ms + 2 * kHourMs});
  runs("d4", "3.0");
  ASSERT_TRUE(history->tick());
  EXPECT_EQ(samples(kHourMs), "1h 1.0:1; 2h 2.0:2 1.0:1; 5h 2.0:2 1.0:1");
}

TEST_F(VersionHistoryTest, WhatCouldNotBeWrittenIsTakenLater) {
  runs("d1", "1.0");
  fail_next_write();
  EXPECT_FALSE(history->tick());
  EXPECT_EQ(samples(kHourMs), "");
  ASSERT_TRUE(history->tick());
  EXPECT_EQ(samples(kHourMs), "0h 1.0:1");
  EXPECT_EQ(samples(kDayMs), "0h 1.0:1");
}

TEST_F(VersionHistoryTest, HoursGoBeforeDaysAndDaysGoToo) {
  runs("d1", "1.0");
  ASSERT_TRUE(history->tick());
  clock.set(base::Time{day.ms + limits::kVersionHoursKeptMs});
  ASSERT_TRUE(history->tick());
  EXPECT_EQ(samples(kHourMs), "0h 1.0:1; 336h 1.0:1");
  clock.advance(kHourMs);
  ASSERT_TRUE(history->tick());
  EXPECT_EQ(samples(kHourMs), "336h 1.0:1; 337h 1.0:1");
  EXPECT_EQ(samples(kDayMs), "0h 1.0:1; 336h 1.0:1");
  clock.set(base::Time{day.ms + limits::kVersionDaysKeptMs + kDayMs});
  ASSERT_TRUE(history->tick());
  EXPECT_EQ(samples(kHourMs), "17544h 1.0:1");
  EXPECT_EQ(samples(kDayMs), "336h 1.0:1; 17544h 1.0:1");
}

TEST_F(VersionHistoryTest, RareVersionsAreOneNumber) {
  const auto kept = static_cast<int64_t>(limits::kVersionsPerSample);
  for (int64_t i = 0; i < kept + 4; ++i) {
    runs("d" + std::to_string(i), "v" + std::to_string(i));
  }
  runs("x", "v33");
  ASSERT_TRUE(history->tick());
  EXPECT_EQ(samples(kHourMs), "0h v33:2 v0:1 v1:1 +4");
  EXPECT_EQ(store.version_samples(lamp, kHourMs, day)->at(0).versions.size(),
            limits::kVersionsPerSample);
}

}  // namespace
}  // namespace otaru::app
