// SPDX-License-Identifier: Apache-2.0
// The rules of decide.h one by one; decide_vendor_test.cc has what the vendors' documents demand.
#include "domain/decide.h"

#include <gtest/gtest.h>

#include "domain/test_world.h"

namespace otaru::domain {
namespace {

// One product with 1.0 and 2.0 (full packages 1 and 2) and a standing deployment 1.
struct DecideTest : ::testing::Test {
  DecideTest() : p(w.product("gateway")), one(w.release(p, "1.0")), two(w.release(p, "2.0")) {
    w.full(one);
    w.full(two);
    w.newest();
  }
  CheckIn at(std::string_view version) const { return check_in_of(p, version); }
  Deployment& first() { return w.rows.deployments[0]; }

  TestWorld w;
  Product& p;
  Release& one;
  Release& two;
};

TEST_F(DecideTest, OffersTheNewestToWhatIsOlder) {
  const Decision d = w.check(at("1.0"));
  EXPECT_EQ(d.reason, Reason::offer);
  ASSERT_TRUE(d.has_offer());
  EXPECT_EQ(d.offer->release, two.id);
  EXPECT_EQ(d.offer->deployment, first().id);
  EXPECT_EQ(d.offer->chain, std::vector<PackageId>{PackageId{2}});
  EXPECT_EQ(d.offer->bytes, 1000);
  EXPECT_EQ(d.release, two.id);
  EXPECT_EQ(d.deployment, first().id);
  EXPECT_FALSE(d.task);
  EXPECT_FALSE(d.superseded);
  EXPECT_EQ(w.why(at("")), "offer");
  EXPECT_EQ(w.why(at("0")), "offer");
  EXPECT_EQ(w.why(at("v1.99")), "offer");
}

TEST_F(DecideTest, NothingToDo) {
  for (const std::string_view version : {"2.0", "V2", "2.00.0", "2.0.1", "10"}) {
    const Decision d = w.check(at(version));
    EXPECT_EQ(d.reason, Reason::up_to_date) << version;
    EXPECT_FALSE(d.has_offer());
    EXPECT_EQ(d.release, two.id);
    EXPECT_EQ(d.deployment, first().id);
  }
}

TEST_F(DecideTest, BlockedBeforeEverything) {
  w.device.blocked = true;
  EXPECT_EQ(w.why(at("1.0")), "device_blocked");
  w.task(first(), two, {PackageId{2}});
  EXPECT_EQ(w.why(at("1.0")), "device_blocked");
  EXPECT_EQ(w.why(CheckIn{}), "device_blocked");
}

TEST_F(DecideTest, UnknownProducts) {
  EXPECT_EQ(w.why(CheckIn{}), "unknown_product");
  CheckIn foreign = at("1.0");
  w.device.tenant = TenantId{2};
  EXPECT_EQ(w.why(foreign), "unknown_product");
}

TEST_F(DecideTest, OnlyRunningDeploymentsCount) {
  for (const DeploymentState state :
       {DeploymentState::draft, DeploymentState::finished, DeploymentState::cancelled}) {
    first().state = state;
    EXPECT_EQ(w.why(at("1.0")), "no_deployment") << name_of(state);
  }
  first().state = DeploymentState::paused;
  const Decision d = w.check(at("1.0"));
  EXPECT_EQ(d.reason, Reason::deployment_paused);
  EXPECT_EQ(d.deployment, first().id);
  EXPECT_FALSE(d.has_offer());
  // It is not the pause that keeps this one from an update.
  EXPECT_EQ(w.why(at("2.0")), "no_deployment");
}

TEST_F(DecideTest, AudienceAndDeadline) {
  first().everyone = false;
  first().device_keys = {"dev-0", "dev-2"};
  EXPECT_EQ(w.why(at("1.0")), "not_in_audience");
  first().device_keys = {"dev-1"};
  EXPECT_EQ(w.why(at("1.0")), "offer");
  first().deadline = w.now + 1;
  EXPECT_EQ(w.why(at("1.0")), "offer");
  first().deadline = w.now;
  EXPECT_EQ(w.why(at("1.0")), "deadline_passed");
  first().deadline.reset();
  first().device_keys = {};
  EXPECT_EQ(w.why(at("1.0")), "not_in_audience");
}

TEST_F(DecideTest, FromVersions) {
  first().from_versions = {"V1.00", "1.5"};
  EXPECT_EQ(w.why(at("1.0")), "offer");
  EXPECT_EQ(w.why(at("1.5.0")), "offer");
  EXPECT_EQ(w.why(at("1.4")), "from_version_excluded");
  EXPECT_EQ(w.why(at("")), "from_version_excluded");
  EXPECT_EQ(w.why(at("factory")), "from_version_excluded");
  // "No version reported" can be asked for.
  first().from_versions = {""};
  EXPECT_EQ(w.why(at("")), "offer");
  EXPECT_EQ(w.why(at("1.0")), "from_version_excluded");
}

TEST_F(DecideTest, VersionsThatDoNotFit) {
  EXPECT_EQ(w.why(at("factory")), "bad_version");
  w.deploy(two);
  first().state = DeploymentState::finished;
  EXPECT_EQ(w.why(at("factory")), "bad_version");
}

TEST_F(DecideTest, OnlyPublishedReleases) {
  two.state = ReleaseState::draft;
  EXPECT_EQ(w.why(at("1.0")), "up_to_date");
  one.state = ReleaseState::revoked;
  EXPECT_EQ(w.why(at("0.5")), "no_release");
  EXPECT_EQ(w.why(at("factory")), "no_release");
  w.deploy(two).priority = 1;
  EXPECT_EQ(w.why(at("0.5")), "no_release");
  two.state = ReleaseState::published;
  EXPECT_EQ(w.check(at("0.5")).deployment, DeploymentId{2});
}

TEST_F(DecideTest, ChannelsAreSeparate) {
  two.channel = "beta";
  EXPECT_EQ(w.why(at("1.0")), "up_to_date");
  first().target.newest_in_channel = "beta";
  EXPECT_EQ(w.why(at("1.0")), "offer");
  first().target.newest_in_channel = "alpha";
  EXPECT_EQ(w.why(at("1.0")), "no_release");
}

TEST_F(DecideTest, AFixedTargetNeverLeadsDown) {
  first().state = DeploymentState::finished;
  w.deploy(one);
  EXPECT_EQ(w.why(at("0.9")), "offer");
  EXPECT_EQ(w.why(at("1.0")), "up_to_date");
  EXPECT_EQ(w.why(at("1.5")), "up_to_date");
}

TEST_F(DecideTest, ReinstallNeedsTheFlagAndTheProtocol) {
  CheckIn check = at("2.00");
  check.reinstall_allowed = true;
  EXPECT_EQ(w.why(check), "up_to_date");
  two.force = true;
  EXPECT_EQ(w.why(check), "offer");
  check.reinstall_allowed = false;
  EXPECT_EQ(w.why(check), "up_to_date");
  check.reinstall_allowed = true;
  check.version = "2.1";
  EXPECT_EQ(w.why(check), "up_to_date");
  // A forced release that is not the newest does not come back.
  two.force = false;
  one.force = true;
  check.version = "1.0";
  EXPECT_EQ(w.check(check).release, two.id);
  check.version = "2.0";
  EXPECT_EQ(w.why(check), "up_to_date");
}

TEST_F(DecideTest, PriorityThenYounger) {
  Release& three = w.release(p, "3.0");
  w.full(three);
  w.deploy(two);    // 2
  w.deploy(three);  // 3
  EXPECT_EQ(w.check(at("1.0")).deployment, DeploymentId{3});
  w.rows.deployments[1].priority = 1;
  EXPECT_EQ(w.check(at("1.0")).deployment, DeploymentId{2});
  // One that has nothing for this device does not stand in the way of the next.
  EXPECT_EQ(w.check(at("2.0")).deployment, DeploymentId{3});
}

TEST_F(DecideTest, TheFurthestReasonIsTold) {
  first().everyone = false;
  Deployment& d = w.deploy(two);
  d.from_versions = {"0.5"};
  EXPECT_EQ(w.why(at("1.0")), "from_version_excluded");
  EXPECT_EQ(w.check(at("1.0")).deployment, d.id);
  w.rows.packages[1].hidden = true;
  w.newest().priority = -1;
  EXPECT_EQ(w.why(at("1.0")), "not_visible");
  EXPECT_EQ(w.check(at("1.0")).deployment, DeploymentId{3});
}

TEST_F(DecideTest, AttemptsCountPerRelease) {
  first().attempts_max = 2;
  w.task(first(), two, {PackageId{2}}, TaskState::failed);
  w.task(first(), two, {PackageId{2}}, TaskState::cancelled);
  w.task(first(), two, {PackageId{2}}, TaskState::expired);
  EXPECT_EQ(w.why(at("1.0")), "offer");
  w.task(first(), one, {PackageId{1}}, TaskState::failed);
  w.task(first(), two, {PackageId{2}}, TaskState::failed).slot = "other";
  EXPECT_EQ(w.why(at("1.0")), "offer");
  w.task(first(), two, {PackageId{2}}, TaskState::failed);
  EXPECT_EQ(w.why(at("1.0")), "attempts_exhausted");
  EXPECT_EQ(w.why(at("2.0")), "up_to_date");
  first().attempts_max = 3;
  EXPECT_EQ(w.why(at("1.0")), "offer");
  first().attempts_max = 0;
  EXPECT_EQ(w.why(at("1.0")), "offer");
  first().attempts_max = 2;
  // A newer release is a new chance.
  w.full(w.release(p, "3.0"));
  EXPECT_EQ(w.check(at("1.0")).release, ReleaseId{3});
}

TEST_F(DecideTest, VisibilityAndPackages) {
  w.rows.packages[1].permissions = {79};
  EXPECT_EQ(w.why(at("1.0")), "not_visible");
  const int64_t held[] = {1, 79};
  CheckIn check = at("1.0");
  check.permissions = held;
  EXPECT_EQ(w.why(check), "offer");
  w.rows.packages[1].hidden = true;
  EXPECT_EQ(w.why(check), "not_visible");
  w.rows.packages.pop_back();
  EXPECT_EQ(w.why(check), "no_package");
  w.delta(two, "1.5");
  EXPECT_EQ(w.why(check), "base_mismatch");
  first().mode = PackageMode::full_only;
  EXPECT_EQ(w.why(check), "no_package");
}

TEST_F(DecideTest, LabelsNameWhatFailed) {
  two.labels = {{"language", "CN"}, {"robot_version", "1"}};
  using Stated = std::vector<std::pair<std::string_view, std::string_view>>;
  const auto decision = [&](const Stated& stated, bool strict = false) {
    CheckIn check = at("1.0");
    check.labels = stated;
    check.strict_labels = strict;
    const Decision d = w.check(check);
    return std::string(name_of(d.reason)) + " " + std::string(d.label);
  };
  EXPECT_EQ(decision({{"language", "CN"}, {"robot_version", "1"}}), "offer ");
  EXPECT_EQ(decision({{"language", "EN"}, {"robot_version", "1"}}), "label_mismatch language");
  EXPECT_EQ(decision({{"language", "CN"}, {"robot_version", "2"}}), "label_mismatch robot_version");
  EXPECT_EQ(decision({{"robot_version", "2"}, {"language", "EN"}}), "label_mismatch robot_version");
  EXPECT_EQ(decision({}), "offer ");
  EXPECT_EQ(decision({}, true), "label_mismatch language");
  EXPECT_EQ(decision({{"language", "CN"}}, true), "label_mismatch robot_version");
  EXPECT_EQ(decision({{"colour", "red"}}), "offer ");
}

TEST_F(DecideTest, LabelsChooseAmongReleases) {
  two.labels = {{"language", "EN"}};
  Release& three = w.release(p, "3.0");
  three.labels = {{"language", "CN"}};
  w.full(three);
  const std::pair<std::string_view, std::string_view> english[] = {{"language", "EN"}};
  CheckIn check = at("1.0");
  check.labels = english;
  EXPECT_EQ(w.check(check).release, two.id);
  // Its language is served, it has the newest of it.
  check.version = "2.0";
  EXPECT_EQ(w.why(check), "up_to_date");
  EXPECT_EQ(w.check(check).release, two.id);
  // Nothing in its language at all, but something newer for others.
  const std::pair<std::string_view, std::string_view> french[] = {{"language", "FR"}};
  check.labels = french;
  EXPECT_EQ(w.why(check), "label_mismatch");
  EXPECT_EQ(w.check(check).release, three.id);
  // Of several that fail, the one that passed more labels tells the reason.
  two.labels = {{"language", "FR"}, {"robot_version", "9"}};
  const std::pair<std::string_view, std::string_view> robot[] = {{"language", "FR"},
                                                                 {"robot_version", "1"}};
  check.labels = robot;
  check.version = "1.0";
  EXPECT_EQ(w.check(check).label, "robot_version");
  EXPECT_EQ(w.check(check).release, two.id);
}

TEST_F(DecideTest, ATaskGoesOn) {
  const Deployment& d = w.deploy(two);
  w.task(d, two, {PackageId{2}}, TaskState::downloading);
  const TaskId id = w.device.tasks[0].id;
  for (const TaskState state : {TaskState::pending, TaskState::downloading, TaskState::upgrading}) {
    w.device.tasks[0].state = state;
    const Decision decision = w.check(at("1.0"));
    EXPECT_EQ(decision.reason, Reason::continue_task) << name_of(state);
    EXPECT_EQ(decision.task, id);
    ASSERT_TRUE(decision.has_offer());
    EXPECT_EQ(decision.offer->release, two.id);
    EXPECT_EQ(decision.offer->deployment, d.id);
    EXPECT_EQ(decision.offer->chain, std::vector<PackageId>{PackageId{2}});
    EXPECT_EQ(decision.offer->bytes, 1000);
    EXPECT_FALSE(decision.superseded);
  }
  CheckIn other = at("1.0");
  other.slot = "other";
  EXPECT_EQ(w.why(other), "offer");
}

TEST_F(DecideTest, ATaskWaitsWhilePaused) {
  w.task(first(), two, {PackageId{2}}, TaskState::downloading);
  first().state = DeploymentState::paused;
  Decision d = w.check(at("1.0"));
  EXPECT_EQ(d.reason, Reason::deployment_paused);
  EXPECT_EQ(d.task, w.device.tasks[0].id);
  EXPECT_FALSE(d.has_offer());
  EXPECT_FALSE(d.superseded);
  first().state = DeploymentState::running;
  w.device.tasks[0].state = TaskState::paused;
  d = w.check(at("1.0"));
  EXPECT_EQ(d.reason, Reason::deployment_paused);
  EXPECT_EQ(d.task, w.device.tasks[0].id);
}

TEST_F(DecideTest, ATaskEndsWithWhatItStandsOn) {
  Deployment& d = w.deploy(two);
  first().state = DeploymentState::draft;
  w.task(d, two, {PackageId{2}}, TaskState::downloading);
  const TaskId id = w.device.tasks[0].id;
  const auto ended = [&](std::string_view expected) {
    const Decision decision = w.check(at("1.0"));
    EXPECT_EQ(name_of(decision.reason), expected);
    EXPECT_EQ(decision.superseded, id);
    EXPECT_FALSE(decision.task);
    EXPECT_FALSE(decision.has_offer());
  };
  d.state = DeploymentState::finished;
  ended("no_deployment");
  d.state = DeploymentState::cancelled;
  ended("no_deployment");
  d.state = DeploymentState::running;
  d.deadline = w.now;
  ended("deadline_passed");
  d.deadline.reset();
  d.everyone = false;
  ended("not_in_audience");
  d.everyone = true;
  two.state = ReleaseState::revoked;
  ended("no_release");
  two.state = ReleaseState::published;
  w.device.tasks[0].deployment = DeploymentId{99};
  w.rows.packages[1].hidden = true;
  ended("not_visible");
  w.device.tasks[0].deployment = d.id;
  w.rows.packages[1].hidden = false;
  w.device.tasks[0].chain = {PackageId{99}};
  const Decision again = w.check(at("1.0"));
  EXPECT_EQ(again.reason, Reason::offer);
  EXPECT_EQ(again.superseded, id);
}

TEST_F(DecideTest, AnInstallationIsNotDisturbedByLostFiles) {
  w.task(first(), two, {PackageId{99}}, TaskState::upgrading);
  const Decision d = w.check(at("1.0"));
  EXPECT_EQ(d.reason, Reason::no_package);
  EXPECT_EQ(d.task, w.device.tasks[0].id);
  EXPECT_FALSE(d.superseded);
  EXPECT_FALSE(d.has_offer());
}

TEST_F(DecideTest, OnlyAPendingTaskGivesWay) {
  w.task(first(), two, {PackageId{2}});
  const TaskId id = w.device.tasks[0].id;
  Release& three = w.release(p, "3.0");
  w.full(three);
  Decision d = w.check(at("1.0"));
  EXPECT_EQ(d.reason, Reason::offer);
  EXPECT_EQ(d.release, three.id);
  EXPECT_EQ(d.superseded, id);
  EXPECT_FALSE(d.task);
  w.device.tasks[0].state = TaskState::downloading;
  d = w.check(at("1.0"));
  EXPECT_EQ(d.reason, Reason::continue_task);
  EXPECT_EQ(d.release, two.id);
  // The same release by another deployment is no reason to begin again.
  w.device.tasks[0].state = TaskState::pending;
  w.deploy(two).priority = 9;
  d = w.check(at("1.0"));
  EXPECT_EQ(d.reason, Reason::continue_task);
  EXPECT_EQ(d.deployment, first().id);
}

TEST_F(DecideTest, ATaskOfAnotherRequesterIsNotShown) {
  w.task(first(), two, {PackageId{2}}, TaskState::downloading);
  w.rows.packages[1].permissions = {79};
  Decision d = w.check(at("1.0"));
  EXPECT_EQ(d.reason, Reason::not_visible);
  EXPECT_FALSE(d.has_offer());
  EXPECT_FALSE(d.superseded);
  EXPECT_EQ(d.task, w.device.tasks[0].id);
  w.device.tasks[0].state = TaskState::pending;
  d = w.check(at("1.0"));
  EXPECT_EQ(d.reason, Reason::not_visible);
  EXPECT_FALSE(d.superseded);
}

TEST_F(DecideTest, ADeltaTaskEndsWhenItsBaseIsGone) {
  w.delta(two, "1.0", 10);
  const PackageId delta{3};
  w.task(first(), two, {delta});
  w.device.tasks[0].from_version = "1.0";
  EXPECT_EQ(w.why(at("V1")), "continue_task");
  EXPECT_EQ(w.why(at("")), "continue_task");
  EXPECT_EQ(w.why(at("2.0")), "continue_task");
  const Decision d = w.check(at("1.5"));
  EXPECT_EQ(d.reason, Reason::offer);
  EXPECT_EQ(d.superseded, w.device.tasks[0].id);
  EXPECT_EQ(d.offer->chain, std::vector<PackageId>{PackageId{2}});
  // Halfway through an installation the device may report anything.
  w.device.tasks[0].state = TaskState::upgrading;
  EXPECT_EQ(w.why(at("1.5")), "continue_task");
}

// Somebody else may have installed something newer: the old task must not lead back.
TEST_F(DecideTest, ATaskNeverLeadsDown) {
  w.task(first(), two, {PackageId{2}});
  const Decision d = w.check(at("2.1"));
  EXPECT_EQ(d.reason, Reason::up_to_date);
  EXPECT_FALSE(d.has_offer());
  EXPECT_EQ(d.superseded, w.device.tasks[0].id);
  EXPECT_EQ(w.why(at("2.0")), "continue_task");
  w.device.tasks[0].state = TaskState::downloading;
  EXPECT_EQ(w.why(at("2.1")), "up_to_date");
  // Halfway through an installation the device may report anything.
  w.device.tasks[0].state = TaskState::upgrading;
  EXPECT_EQ(w.why(at("2.1")), "continue_task");
}

TEST_F(DecideTest, AChainGoesOnInTheMiddle) {
  Release& three = w.release(p, "3.0");
  w.delta(two, "1.0", 10);
  w.delta(three, "2.0", 10);
  w.task(first(), three, {PackageId{3}, PackageId{4}}, TaskState::downloading);
  EXPECT_EQ(w.why(at("1.0")), "continue_task");
  EXPECT_EQ(w.why(at("2.0")), "continue_task");
  EXPECT_EQ(w.why(at("3.0")), "continue_task");
  EXPECT_EQ(w.check(at("1.1")).superseded, w.device.tasks[0].id);
}

TEST_F(DecideTest, TraceTellsEveryRule) {
  two.labels = {{"language", "CN"}};
  const std::pair<std::string_view, std::string_view> stated[] = {{"language", "CN"}};
  first().deadline = w.now + 1;
  first().from_versions = {"1.0"};
  CheckIn check = at("1.0");
  check.labels = stated;
  Trace trace;
  EXPECT_EQ(w.check(check, &trace).reason, Reason::offer);
  std::string rules;
  for (const TraceStep& step : trace) {
    EXPECT_TRUE(step.passed) << step.rule;
    EXPECT_FALSE(step.detail.empty()) << step.rule;
    rules += step.rule + " ";
  }
  EXPECT_EQ(rules,
            "blocked product deadline audience from_versions release labels version attempts "
            "visible package ");
  EXPECT_EQ(trace[7].detail, "1.0 < 2.0");
  trace.clear();
  check.version = "2.0";
  first().from_versions.clear();
  EXPECT_EQ(w.check(check, &trace).reason, Reason::up_to_date);
  EXPECT_EQ(trace.back().rule, "version");
  EXPECT_FALSE(trace.back().passed);
  EXPECT_EQ(trace.back().detail, "2.0 = 2.0");
}

TEST(DecideScale, OtherProductsDeploymentsCostNothing) {
  TestWorld w;
  Product& p = w.product("mine");
  Product& q = w.product("theirs");
  w.full(w.release(p, "1"));
  Release& other = w.release(q, "1");
  w.full(other);
  for (int i = 0; i < 60; ++i) w.deploy(other);
  EXPECT_TRUE(w.build().product(p.id)->running.empty());
  Trace trace;
  EXPECT_EQ(w.check(check_in_of(p, "0"), &trace).reason, Reason::no_deployment);
  EXPECT_LE(trace.size(), 3u);
}

}  // namespace
}  // namespace otaru::domain
