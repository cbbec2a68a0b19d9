// SPDX-License-Identifier: Apache-2.0
// Which products concern a device that does not say so itself.
#include "domain/products_meant.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "domain/test_world.h"

namespace otaru::domain {
namespace {

using Ids = std::vector<int64_t>;

struct ProductsMeantTest : ::testing::Test {
  ProductsMeantTest() {
    os = w.release(w.product("os"), "1.0").id;
    app = w.release(w.product("app"), "1.0").id;
    w.device.key = "dev-1";
  }
  Deployment& listed(const ReleaseId release) {
    Deployment& row = w.deploy(*std::find_if(
        w.rows.releases.begin(), w.rows.releases.end(),
        [release](const Release& one) { return one.id == release; }));
    row.everyone = false;
    row.device_keys = {"dev-1", "dev-2"};
    return row;
  }
  Deployment& filtered(std::string_view filter) {
    Deployment& row = listed(os);
    row.everyone = true;
    row.device_keys = {};
    row.audience.filter = std::string(filter);
    return row;
  }
  Ids meant() {
    std::vector<ProductId> out;
    products_meant(w.build(), w.device, w.now, out);
    Ids ids;
    for (const ProductId id : out) ids.push_back(id.value);
    return ids;
  }
  bool meant_by(std::string_view filter) {
    w.rows.deployments.clear();
    filtered(filter);
    return !meant().empty();
  }

  TestWorld w;
  ReleaseId os;
  ReleaseId app;
};

TEST_F(ProductsMeantTest, a_list_that_has_the_key_means_it) {
  EXPECT_EQ(meant(), Ids{});
  listed(os);
  EXPECT_EQ(meant(), Ids{1});
  w.device.key = "dev-3";
  EXPECT_EQ(meant(), Ids{});
}

TEST_F(ProductsMeantTest, a_group_means_those_in_it_whatever_makes_them_so) {
  Group& group = w.rows.groups.emplace_back();
  group.id = GroupId{1};
  group.tenant = kDefaultTenant;
  group.name = "yard";
  Deployment& row = listed(app);
  row.device_keys = {};
  row.audience.groups = {GroupId{1}};
  EXPECT_EQ(meant(), Ids{});
  w.device.groups = {GroupId{1}};
  EXPECT_EQ(meant(), Ids{2});
  w.device.groups = {};
  group.filter = "key like \"dev-*\"";
  EXPECT_EQ(meant(), Ids{2});
}

TEST_F(ProductsMeantTest, a_filter_must_say_which_device_it_means) {
  w.device.tags = {"lab"};
  w.device.reported = {{"site", "north"}};
  w.device.door = "hawkbit";
  EXPECT_TRUE(meant_by("site == \"north\""));
  EXPECT_TRUE(meant_by("tag == \"lab\" and site != \"x\""));
  EXPECT_TRUE(meant_by("key in (\"dev-1\", \"dev-9\")"));
  EXPECT_TRUE(meant_by("reported.site == \"north\" or tag == \"other\""));
  // They hold, but they would for anybody.
  EXPECT_FALSE(meant_by(""));
  EXPECT_FALSE(meant_by("door == \"hawkbit\""));
  EXPECT_FALSE(meant_by("site like \"n*\""));
  EXPECT_FALSE(meant_by("site == \"north\" or door == \"hawkbit\""));
  EXPECT_FALSE(meant_by("not blocked == true"));
  // They do not hold.
  EXPECT_FALSE(meant_by("site == \"south\""));
  EXPECT_FALSE(meant_by("set.site == \"north\""));
}

TEST_F(ProductsMeantTest, everyone_a_share_a_version_or_hardware_mean_nobody) {
  Deployment& row = filtered("");
  EXPECT_EQ(meant(), Ids{});
  row.audience.share_ppm = kWholeShare - 1;
  EXPECT_EQ(meant(), Ids{});
  row.from_versions = {"0.9"};
  w.device.reported = {{"hw_version", "A"}};
  row.audience.hardware = {"A"};
  EXPECT_EQ(meant(), Ids{});
}

TEST_F(ProductsMeantTest, who_is_excluded_or_not_in_the_share_is_not_meant) {
  Deployment& row = listed(os);
  row.excluded_keys = {"dev-1"};
  EXPECT_EQ(meant(), Ids{});
  row.excluded_keys = {};
  row.audience.share_ppm = 1;
  EXPECT_EQ(meant(), Ids{});
  row.audience.share_ppm = kWholeShare;
  row.audience.filter = "site == \"north\"";
  EXPECT_EQ(meant(), Ids{});
  w.device.reported = {{"site", "north"}};
  EXPECT_EQ(meant(), Ids{1});
  // A version it starts from is asked for later, when it is known.
  row.from_versions = {"0.9"};
  EXPECT_EQ(meant(), Ids{1});
}

TEST_F(ProductsMeantTest, targets_with_a_product_count_each_once) {
  Deployment& row = listed(os);
  row.target = {{}, {}, "stable", {}};
  EXPECT_EQ(meant(), Ids{});
  row.target.product = ProductId{2};
  EXPECT_EQ(meant(), Ids{2});
  w.rows.deployments.clear();
  const KitId kit = w.kit("1.0.0.0", {app, os}).id;
  listed(os).target = {{}, kit, "", {}};
  listed(app);
  EXPECT_EQ(meant(), (Ids{1, 2}));
}

TEST_F(ProductsMeantTest, only_what_runs_or_will_by_itself_counts) {
  Deployment& row = listed(os);
  for (const auto& [state, counts] :
       {std::pair{DeploymentState::draft, false}, std::pair{DeploymentState::scheduled, true},
        std::pair{DeploymentState::paused, false}, std::pair{DeploymentState::finished, false}}) {
    row.state = state;
    EXPECT_EQ(!meant().empty(), counts) << name_of(state);
  }
  row.state = DeploymentState::running;
  w.device.tenant = TenantId{7};
  EXPECT_EQ(meant(), Ids{});
}

}  // namespace
}  // namespace otaru::domain
