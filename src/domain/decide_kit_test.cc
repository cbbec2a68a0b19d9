// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "domain/decide.h"
#include "domain/test_world.h"

namespace otaru::domain {
namespace {

struct KitTest : ::testing::Test {
  KitTest() : p(w.product("OOMI_Cube_APP")), r(w.release(p, "1")) {
    w.full(r);
    w.kit("2.0.6.9", {r.id});
    w.kit("2.0.6.11", {r.id});
    w.newest();
  }
  std::string ask(std::string_view version, std::vector<int64_t> permissions = {}) {
    const KitDecision d =
        decide_kit(w.build(), kDefaultTenant, w.device, version, permissions, w.now);
    EXPECT_EQ(d.kit != nullptr, d.reason == Reason::offer);
    return d.kit != nullptr ? d.kit->version : std::string(name_of(d.reason));
  }
  Deployment& first() { return w.rows.deployments[0]; }

  TestWorld w;
  Product& p;
  Release& r;
};

TEST_F(KitTest, TheHighestNotTheNext) {
  EXPECT_EQ(ask("V0.0.1"), "2.0.6.11");
  EXPECT_EQ(ask("2.0.6.9"), "2.0.6.11");
  EXPECT_EQ(ask(""), "2.0.6.11");
  EXPECT_EQ(ask("V2.0.6.11"), "up_to_date");
  EXPECT_EQ(ask("2.0.6.11.0"), "up_to_date");
  EXPECT_EQ(ask("3"), "up_to_date");
  EXPECT_EQ(ask("spring"), "bad_version");
}

TEST_F(KitTest, VisibleToTheRequester) {
  w.rows.kits[1].permissions = {1};
  EXPECT_EQ(ask("1"), "2.0.6.9");
  EXPECT_EQ(ask("2.0.6.9"), "up_to_date");
  EXPECT_EQ(ask("1", {1}), "2.0.6.11");
  w.rows.kits[0].permissions = {79};
  EXPECT_EQ(ask("1"), "not_visible");
}

TEST_F(KitTest, PublishedInTheChannel) {
  w.rows.kits[1].state = ReleaseState::revoked;
  EXPECT_EQ(ask("1"), "2.0.6.9");
  w.rows.kits[0].channel = "beta";
  EXPECT_EQ(ask("1"), "no_release");
  first().target.newest_in_channel = "beta";
  EXPECT_EQ(ask("1"), "2.0.6.9");
}

TEST_F(KitTest, NeedsADeploymentThatCoversKits) {
  first().target.product = p.id;
  EXPECT_EQ(ask("1"), "no_deployment");
  Deployment& d = w.deploy(w.rows.kits[0]);
  EXPECT_EQ(ask("1"), "2.0.6.9");
  d.everyone = false;
  EXPECT_EQ(ask("1"), "not_in_audience");
  d.deadline = w.now;
  EXPECT_EQ(ask("1"), "deadline_passed");
  d.state = DeploymentState::finished;
  EXPECT_EQ(ask("1"), "no_deployment");
  first().target.product = {};
  w.device.blocked = true;
  EXPECT_EQ(ask("1"), "device_blocked");
}

TEST_F(KitTest, TheHighestOfAllDeployments) {
  w.deploy(w.rows.kits[0]).priority = 9;
  EXPECT_EQ(ask("1"), "2.0.6.11");
  EXPECT_EQ(ask("1", {}), "2.0.6.11");
  const KitDecision foreign = decide_kit(w.build(), TenantId{2}, w.device, "1", {}, w.now);
  EXPECT_EQ(foreign.reason, Reason::no_deployment);
}

TEST_F(KitTest, InstallsItsReleases) {
  first().state = DeploymentState::finished;
  w.deploy(w.rows.kits[1]);
  EXPECT_EQ(w.why(check_in_of(p, "0.5")), "offer");
  w.rows.kits[1].state = ReleaseState::draft;
  EXPECT_EQ(w.why(check_in_of(p, "0.5")), "no_release");
  Product& other = w.product("unrelated");
  EXPECT_EQ(w.why(check_in_of(other, "0.5")), "no_deployment");
}

TEST_F(KitTest, HasATrace) {
  Trace trace;
  decide_kit(w.build(), kDefaultTenant, w.device, "1", {}, w.now, &trace);
  ASSERT_FALSE(trace.empty());
  EXPECT_EQ(trace.back().detail, "1 < 2.0.6.11");
}

}  // namespace
}  // namespace otaru::domain
