// SPDX-License-Identifier: Apache-2.0
#include "domain/device_filter.h"

#include <gtest/gtest.h>

#include "domain/test_world.h"

namespace otaru::domain {
namespace {

struct DeviceFilterTest : ::testing::Test {
  DeviceFilterTest() {
    Product& radio = w.product("M5310");
    radio.model = "A";
    w.product("named", VersionScheme::publish_order);
    w.full(w.release(w.rows.products[1], "pear"));
    w.full(w.release(w.rows.products[1], "apple"));
    w.device.key = "dev-1";
    w.device.door = "onenet";
    w.device.created_at = base::Time{1'777'593'600'000};
    w.device.tags = {"beta"};
    w.device.attributes = {{"site", "harbour"}};
    w.device.reported = {{"chip", "esp32"}, {"site", "factory"}};
    w.device.components = {{"firmware", w.rows.products[0].id, "V1.10", base::Time{5000}},
                           {"modem", {}, "2.0", {}},
                           {"names", w.rows.products[1].id, "pear", {}}};
    w.device.groups = {GroupId{1}, GroupId{77}};
    group(1, "lab", "");
    group(2, "betas", R"(tag == "beta")");
    group(3, "lab betas", R"(group == "lab" and group != "betas")");
    group(4, "nobody", R"(tag == "none")");
    w.build();
  }
  void group(int64_t id, std::string name, std::string filter) {
    w.rows.groups.push_back(
        {GroupId{id}, kDefaultTenant, std::move(name), "", std::move(filter), w.now, w.now});
  }
  bool holds(std::string_view text) {
    const auto filter = Filter::compile(text, device_words());
    EXPECT_TRUE(filter) << text << ": " << filter.error().message;
    return filter && filter->matches(DeviceSubject(*w.snapshot, w.device, seen));
  }
  TestWorld w;
  base::Time seen;
};

TEST_F(DeviceFilterTest, EveryWordAnswers) {
  for (const auto* text :
       {R"(key == "dev-1" and door == "onenet" and tenant == "default")", "blocked == false",
        "pending == false",
        R"(created_at == 2026-05-01)", R"(tag in ("beta", "lab"))", R"(product == "M5310")",
        R"(product.model == "A" and slot == "firmware")", R"(version == "1.10.0")",
        R"(reported_at == 1970-01-01T00:00:05Z)", R"(site == "harbour")",
        R"(set.site == "harbour" and reported.site == "factory" and chip like "esp*")",
        R"(attribute.chip == "esp32")", "not has(last_seen)", "id >= 0"}) {
    EXPECT_TRUE(holds(text)) << text;
  }
  seen = base::Time{10};
  EXPECT_TRUE(holds("last_seen < 2000-01-01"));
}

TEST_F(DeviceFilterTest, VersionsFollowTheProductOfTheComponent) {
  EXPECT_TRUE(holds(R"(product == "M5310" and version > "1.9")"));
  EXPECT_FALSE(holds(R"(product == "M5310" and version == "2.0")"));
  EXPECT_TRUE(holds(R"(slot == "modem" and version < "10")"));         // no product: dotted numbers
  EXPECT_TRUE(holds(R"(product == "named" and version < "apple")"));   // published later
  EXPECT_FALSE(holds(R"(product == "named" and version < "zebra")"));  // never published
}

TEST_F(DeviceFilterTest, GroupsByHandAndByFilter) {
  EXPECT_TRUE(holds(R"(group == "lab")"));
  EXPECT_TRUE(holds(R"(group == "betas")"));
  EXPECT_TRUE(holds(R"(group == "lab betas")"));  // sees only what the device was put into
  EXPECT_FALSE(holds(R"(group == "nobody")"));
  EXPECT_TRUE(is_member(*w.snapshot, *w.snapshot->group(GroupId{2}), w.device, seen));
  EXPECT_FALSE(
      is_member(*w.snapshot, *w.snapshot->group(kDefaultTenant, "nobody"), w.device, seen));
}

TEST_F(DeviceFilterTest, GroupsThatAreWrongAreRefused) {
  group(5, "lab", "");
  EXPECT_EQ(w.try_build().error().message, "group 5: its name is taken");
  w.rows.groups.back() = {GroupId{5}, kDefaultTenant, "x", "", "tag = 5", w.now, w.now};
  EXPECT_EQ(w.try_build().error().message,
            "group 5: its filter: column 5: expected '==', found '='");
}

}  // namespace
}  // namespace otaru::domain
