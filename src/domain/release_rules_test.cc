// SPDX-License-Identifier: Apache-2.0
// The way to a release: stepping stones, requirements, kits as one, down again, what is taken back.
#include <gtest/gtest.h>

#include "domain/decide.h"
#include "domain/test_world.h"

namespace otaru::domain {
namespace {

// One product with 1.0 to 4.0, and a deployment of everything newest.
struct ReleaseRulesTest : ::testing::Test {
  ReleaseRulesTest() : p(w.product("gateway")), q(w.product("modem")) {
    for (const std::string_view version : {"1.0", "2.0", "3.0", "4.0"}) {
      w.full(w.release(p, version));
    }
    w.newest();
  }
  Deployment& first() { return w.rows.deployments[0]; }
  Release& release(size_t number) { return w.rows.releases[number - 1]; }
  Decision at(std::string_view version) { return w.check(check_in_of(p, version)); }
  std::string why(std::string_view version) { return std::string(name_of(at(version).reason)); }
  void runs(const Product& product, std::string version) {
    w.device.components = {Component{product.name, product.id, std::move(version), {}}};
  }

  TestWorld w;
  Product& p;
  Product& q;
};

TEST_F(ReleaseRulesTest, SteppingStones) {
  release(4).min_version = "2.5";
  release(3).min_version = "2.0";
  Decision d = at("1.0");
  EXPECT_EQ(d.reason, Reason::offer);
  EXPECT_EQ(d.release, ReleaseId{2});
  EXPECT_TRUE(d.stepping);
  EXPECT_EQ(d.final_release, ReleaseId{4});
  EXPECT_EQ(at("2.0").release, ReleaseId{3});
  d = at("3.0");
  EXPECT_EQ(d.release, ReleaseId{4});
  EXPECT_FALSE(d.stepping);
  EXPECT_FALSE(d.final_release);
  // A device that says nothing might run anything.
  EXPECT_EQ(at("").release, ReleaseId{2});
  // The stone must be meant for the device.
  release(3).labels = {{"language", "CN"}};
  const std::pair<std::string_view, std::string_view> english[] = {{"language", "EN"}};
  CheckIn check = check_in_of(p, "2.0");
  check.labels = english;
  d = w.check(check);
  EXPECT_EQ(d.reason, Reason::requirement_unmet);
  EXPECT_EQ(d.label, "min_version");
  EXPECT_EQ(d.release, ReleaseId{4});
}

TEST_F(ReleaseRulesTest, SourceVersionsAreAskedForAtTheStart) {
  release(4).min_version = "3.0";
  first().from_versions = {"1.0"};
  EXPECT_EQ(at("1.0").release, ReleaseId{3});
  EXPECT_EQ(why("3.0"), "from_version_excluded");
  w.task(first(), release(3), {PackageId{3}}, TaskState::succeeded).stepping = true;
  EXPECT_EQ(at("3.0").release, ReleaseId{4});
  EXPECT_EQ(why("2.0"), "from_version_excluded");
}

TEST_F(ReleaseRulesTest, Requirements) {
  release(4).requirements = {{q.id, "7"}};
  EXPECT_EQ(why("3.0"), "requirement_unmet");
  EXPECT_EQ(at("3.0").label, "modem");
  runs(q, "6.9");
  EXPECT_EQ(why("3.0"), "requirement_unmet");
  runs(q, "7.0");
  EXPECT_EQ(why("3.0"), "offer");
  runs(q, "nonsense");
  EXPECT_EQ(why("3.0"), "requirement_unmet");
  // Of what is installed now, so that two products can lead one another up.
  release(4).min_version = "2.0";
  EXPECT_EQ(at("1.0").release, ReleaseId{2});
}

TEST_F(ReleaseRulesTest, RowsThatCannotBe) {
  const auto refused = [&] {
    const auto status = w.try_build();
    return status ? std::string() : status.error().message;
  };
  release(4).min_version = "4.0";
  EXPECT_EQ(refused(), "release 4: its minimum version is not older than itself");
  release(4).min_version = "often";
  EXPECT_NE(refused(), "");
  release(4).min_version.clear();
  release(4).requirements = {{p.id, "1"}};
  EXPECT_EQ(refused(), "release 4: it requires a version of its own product");
  release(4).requirements = {{ProductId{9}, "1"}};
  EXPECT_EQ(refused(), "release 4: a product that it requires does not exist");
  release(4).requirements = {{q.id, "x"}};
  EXPECT_NE(refused(), "");
  q.tenant = TenantId{2};
  release(4).requirements = {{q.id, "1"}};
  EXPECT_EQ(refused(), "release 4: a product that it requires belongs to another tenant");
}

struct KitOrderTest : ReleaseRulesTest {
  KitOrderTest() {
    Release& modem = w.release(q, "7");
    w.full(modem);
    Kit& kit = w.kit("1.0", {ReleaseId{4}, modem.id});
    kit.items[0].stage = 1;
    first().state = DeploymentState::finished;
    w.deploy(kit);
    w.newest().priority = -1;
  }
  KitItem& app() { return w.rows.kits[0].items[0]; }
};

TEST_F(KitOrderTest, LowerStagesFirst) {
  // What the device does not have is skipped.
  EXPECT_EQ(at("1.0").deployment, DeploymentId{2});
  EXPECT_EQ(why("1.0"), "offer");
  runs(q, "6");
  Decision d = at("1.0");
  EXPECT_EQ(d.reason, Reason::waits_for_component);
  EXPECT_EQ(d.label, "modem");
  // It holds its place: the standing deployment is not asked.
  EXPECT_EQ(d.deployment, DeploymentId{2});
  EXPECT_EQ(d.release, ReleaseId{4});
  // The other one has its turn.
  EXPECT_EQ(w.check(check_in_of(q, "6")).reason, Reason::offer);
  runs(q, "7");
  EXPECT_EQ(why("1.0"), "offer");
  // What is there is skipped.
  EXPECT_EQ(why("4.0"), "up_to_date");
  runs(q, "6");
  EXPECT_EQ(why("4.0"), "up_to_date");
  app().stage = 0;
  EXPECT_EQ(why("1.0"), "offer");
}

TEST_F(KitOrderTest, RequirementsOfTheKit) {
  app().stage = 0;
  app().requirements = {{q.id, "7"}};
  w.rows.deployments[2].state = DeploymentState::finished;
  EXPECT_EQ(why("1.0"), "requirement_unmet");
  runs(q, "7.1");
  EXPECT_EQ(why("1.0"), "offer");
}

TEST_F(ReleaseRulesTest, DownOnlyWithAReason) {
  first().state = DeploymentState::finished;
  Deployment& d = w.deploy(release(2));
  EXPECT_EQ(why("3.0"), "up_to_date");
  d.downgrade_reason = "3.0 loses settings";
  Decision down = at("3.0");
  EXPECT_EQ(down.reason, Reason::offer);
  EXPECT_EQ(down.release, ReleaseId{2});
  EXPECT_EQ(why("2.0"), "up_to_date");
  EXPECT_EQ(why("factory"), "bad_version");
  // Its task leads down, and goes on.
  w.task(d, release(2), {PackageId{2}});
  EXPECT_EQ(why("3.0"), "continue_task");
  d.downgrade_reason.clear();
  EXPECT_EQ(why("3.0"), "up_to_date");
  w.device.tasks.clear();
  // A channel leads down to its newest.
  d.downgrade_reason = "stable only";
  d.target = {};
  d.target.newest_in_channel = "stable";
  release(4).channel = "beta";
  EXPECT_EQ(at("4.0").release, ReleaseId{3});
  EXPECT_EQ(why("3.0"), "up_to_date");
}

// Two deployments that lead a device up and down for ever would wear out its memory.
TEST_F(ReleaseRulesTest, WhoLeadsDownTakesBack) {
  Deployment& d = w.deploy(release(2));
  d.downgrade_reason = "3.0 loses settings";
  EXPECT_EQ(at("4.0").release, ReleaseId{2});
  EXPECT_EQ(at("2.0").reason, Reason::release_withdrawn);
  EXPECT_EQ(at("1.0").release, ReleaseId{2});
  // Only what it leads away from.
  d.from_versions = {"3.0"};
  EXPECT_EQ(at("2.0").release, ReleaseId{4});
  // Only from its audience, and not when it is over.
  d.from_versions.clear();
  d.excluded_keys = {"dev-1"};
  EXPECT_EQ(at("2.0").release, ReleaseId{4});
  d.excluded_keys = {};
  d.deadline = w.now;
  EXPECT_EQ(at("2.0").release, ReleaseId{4});
  d.deadline.reset();
  d.state = DeploymentState::paused;
  EXPECT_EQ(at("2.0").reason, Reason::release_withdrawn);
}

TEST_F(ReleaseRulesTest, HealingServesThoseThatRunWhatItHeals) {
  Deployment& bad = w.deploy(release(3));
  bad.state = DeploymentState::rolled_back;
  Deployment& heals = w.deploy(release(2));
  heals.heals = bad.id;
  heals.downgrade_reason = "rolled back";
  release(4).state = ReleaseState::draft;
  EXPECT_EQ(at("3.0").deployment, heals.id);
  EXPECT_EQ(at("3.0").release, ReleaseId{2});
  // The standing deployment leads nobody there again, but serves whatever else there is.
  EXPECT_EQ(at("2.0").reason, Reason::release_withdrawn);
  EXPECT_EQ(at("1.0").release, ReleaseId{2});
  EXPECT_EQ(at("1.0").deployment, first().id);
  release(4).state = ReleaseState::published;
  EXPECT_EQ(at("2.0").release, ReleaseId{4});
  // What is newer is not healed.
  EXPECT_EQ(at("3.5").release, ReleaseId{4});
}

// A chain of deltas would run what is taken back for a moment, and may stop there.
TEST_F(ReleaseRulesTest, NoChainLeadsThroughWhatIsTakenBack) {
  w.rows.packages[3].hidden = true;  // the full package of 4.0
  w.delta(release(3), "2.0");
  w.delta(release(4), "3.0");
  EXPECT_EQ(at("2.0").offer->chain.size(), 2u);
  Deployment& bad = w.deploy(release(3));
  Deployment& heals = w.deploy(release(2));
  heals.heals = bad.id;
  heals.downgrade_reason = "rolled back";
  bad.state = DeploymentState::rolled_back;
  EXPECT_EQ(at("2.0").reason, Reason::base_mismatch);
  w.delta(release(4), "2.0");
  EXPECT_EQ(at("2.0").offer->chain.size(), 1u);
}

TEST_F(ReleaseRulesTest, HealingEndsTasksThatHaveNotBegun) {
  Deployment& bad = w.deploy(release(3));
  Deployment& heals = w.deploy(release(2));
  heals.heals = bad.id;
  heals.downgrade_reason = "rolled back";
  bad.state = DeploymentState::rolled_back;
  Deployment& other = w.deploy(release(3));
  w.task(other, release(3), {PackageId{3}});
  EXPECT_EQ(at("1.0").superseded, w.device.tasks[0].id);
  w.device.tasks[0].state = TaskState::awaiting_consent;
  EXPECT_EQ(at("1.0").superseded, w.device.tasks[0].id);
  w.device.tasks[0].state = TaskState::downloading;
  EXPECT_EQ(why("1.0"), "continue_task");
}

TEST_F(ReleaseRulesTest, KitsAreTakenBackWithTheirReleases) {
  const Kit& kit = w.kit("9", {ReleaseId{3}});
  Deployment& bad = w.deploy(kit);
  bad.state = DeploymentState::rolled_back;
  Deployment& heals = w.deploy(release(2));
  const auto ask = [&] { return decide_kit(w.build(), kDefaultTenant, w.device, "1", {}, w.now); };
  EXPECT_EQ(ask().reason, Reason::offer);
  heals.heals = bad.id;
  EXPECT_EQ(ask().reason, Reason::release_withdrawn);
}

}  // namespace
}  // namespace otaru::domain
