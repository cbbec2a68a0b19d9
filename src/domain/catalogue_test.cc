// SPDX-License-Identifier: Apache-2.0
#include "domain/catalogue.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "domain/device.h"

namespace otaru::domain {
namespace {

template <class Enum, class Parse>
void expect_round_trip(Enum last, Parse parse) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const auto value = static_cast<Enum>(i);
    const auto parsed = parse(name_of(value));
    ASSERT_TRUE(parsed.has_value()) << name_of(value);
    EXPECT_EQ(*parsed, value);
  }
  const auto unknown = parse("no such word");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().code, base::Code::invalid);
  EXPECT_NE(unknown.error().message.find(name_of(last)), std::string::npos);
}

TEST(Catalogue, EveryWordHasAWayBack) {
  expect_round_trip(ProductType::software, parse_product_type);
  expect_round_trip(ReleaseState::revoked, parse_release_state);
  expect_round_trip(PackageKind::delta, parse_package_kind);
  expect_round_trip(DeploymentState::cancelled, parse_deployment_state);
  expect_round_trip(PackageMode::delta_only, parse_package_mode);
  expect_round_trip(CredentialKind::download_basic, parse_credential_kind);
}

TEST(Catalogue, TextsKeepTheirOrder) {
  TextMap map;
  set_text(map, "zh", "五");
  set_text(map, "en", "five");
  set_text(map, "zh", "六");
  ASSERT_EQ(map.size(), 2u);
  EXPECT_EQ(map[0].first, "zh");
  EXPECT_EQ(*find_text(map, "zh"), "六");
  EXPECT_EQ(*find_text(map, "en"), "five");
  EXPECT_EQ(find_text(map, "fr"), nullptr);
}

TEST(Device, FindsComponentsAndTasks) {
  Device device;
  device.components = {{"a", {}, "1", {}}, {"b", {}, "2", {}}, {"d", {}, "3", {}}};
  EXPECT_EQ(device.component("b")->version, "2");
  EXPECT_EQ(device.component("c"), nullptr);
  EXPECT_EQ(device.component("e"), nullptr);
  Task ended;
  ended.id = TaskId{512};
  ended.slot = "a";
  ended.state = TaskState::failed;
  Task open = ended;
  open.id = TaskId{256};
  open.state = TaskState::paused;
  device.tasks = {ended, open};
  EXPECT_EQ(device.task(TaskId{512})->state, TaskState::failed);
  EXPECT_EQ(device.task(TaskId{1}), nullptr);
  EXPECT_EQ(device.open_task("a")->id, TaskId{256});
  EXPECT_EQ(device.open_task("b"), nullptr);
}

TEST(Device, BucketIsPartOfTheStoredFormat) {
  const auto expected = static_cast<int64_t>(base::stable_hash("1\ndev-1") & 255);
  EXPECT_EQ(bucket_for(TenantId{1}, "dev-1"), expected);
  EXPECT_NE(bucket_for(TenantId{12}, "3"), bucket_for(TenantId{1}, "23"));
  std::vector<int> hits(256);
  for (int i = 0; i < 25600; ++i) {
    const int64_t bucket = bucket_for(kDefaultTenant, std::to_string(i));
    ASSERT_GE(bucket, 0);
    ASSERT_LT(bucket, 256);
    ++hits[static_cast<size_t>(bucket)];
  }
  // 100 each on average: no bucket stays empty or takes a multiple.
  for (const int count : hits) {
    EXPECT_GT(count, 50);
    EXPECT_LT(count, 200);
  }
}

}  // namespace
}  // namespace otaru::domain
