// SPDX-License-Identifier: Apache-2.0
// What lets a device wait: attempts, consent, conditions, window, brakes and rates; and that it
// holds the place.
#include <gtest/gtest.h>

#include "domain/consent.h"
#include "domain/decide.h"
#include "domain/deployment_rules.h"
#include "domain/test_world.h"

namespace otaru::domain {
namespace {

struct FixedAdmissions final : Admissions {
  Admission look(DeploymentId, int64_t, base::Time) const override { return said; }
  Admission said;
};

// One product with 1.0 and 2.0, deployed by 2; below it a standing deployment 1.
struct WaitRulesTest : ::testing::Test {
  WaitRulesTest() : p(w.product("gateway")) {
    w.full(w.release(p, "1.0"));
    w.full(w.release(p, "2.0"));
    w.newest();
    w.deploy(w.rows.releases[1]).priority = 1;
  }
  Deployment& row() { return w.rows.deployments[1]; }
  Release& two() { return w.rows.releases[1]; }
  Decision ask() {
    const Decision d = decide(w.build(), w.device, check_in_of(p, "1.0"), w.now, nullptr, &live);
    // Who waits, waits at its own deployment.
    EXPECT_EQ(d.deployment, row().id);
    return d;
  }
  std::string why() { return std::string(name_of(ask().reason)); }
  Task& failed(int64_t ms_ago, bool began = true) {
    Task& task = w.task(row(), two(), {PackageId{2}}, TaskState::failed);
    task.updated_at = w.now + -ms_ago;
    task.began = began;
    return task;
  }

  TestWorld w;
  Product& p;
  FixedAdmissions live;
};

TEST_F(WaitRulesTest, RetryInterval) {
  row().retry_interval_s = 60;
  failed(59'999);
  Decision d = ask();
  EXPECT_EQ(d.reason, Reason::retry_later);
  EXPECT_EQ(d.retry_at, w.now + 1);
  EXPECT_FALSE(d.has_offer());
  w.device.tasks[0].updated_at = w.now + -60'000;
  EXPECT_EQ(why(), "offer");
  // The last failure counts.
  failed(0);
  EXPECT_EQ(ask().retry_at, w.now + 60'000);
}

TEST_F(WaitRulesTest, WhatAnOperatorCancelledIsNotOfferedAgain) {
  w.rows.deployments[0].state = DeploymentState::finished;
  failed(0, false);
  Task& task = w.device.tasks.front();
  task.state = TaskState::cancelled;
  EXPECT_EQ(why(), "offer") << "superseded, say";
  task.result = kCancelledByOperator;
  EXPECT_EQ(why(), "task_cancelled");
  task.result = acknowledged_result(task);
  EXPECT_TRUE(end_acknowledged(task));
  EXPECT_EQ(why(), "task_cancelled");
  const DeploymentId own = task.deployment;
  task.deployment = DeploymentId{99};
  EXPECT_EQ(why(), "offer") << "another deployment is a new question";
  task.deployment = own;
  task.target = ReleaseId{99};
  EXPECT_EQ(why(), "offer") << "and so is another release";
}

TEST_F(WaitRulesTest, WhatFailsBeforeInstallationIsNoAttempt) {
  row().attempts_max = 1;
  for (int i = 0; i < 3; ++i) failed(0, false);
  EXPECT_EQ(why(), "offer");
  // But it does not go on for ever, nor ever faster.
  failed(0, false);
  EXPECT_EQ(why(), "retry_later");
  EXPECT_EQ(ask().retry_at, w.now + kEarlyWaitMs);
  failed(0, false);
  EXPECT_EQ(ask().retry_at, w.now + 2 * kEarlyWaitMs);
  while (static_cast<int64_t>(w.device.tasks.size()) < kEarlyFailuresMax - 1) failed(0, false);
  EXPECT_EQ(ask().retry_at, w.now + 128 * kEarlyWaitMs);
  failed(0, false);
  w.rows.deployments[0].state = DeploymentState::finished;
  Decision d = ask();
  EXPECT_EQ(d.reason, Reason::attempts_exhausted);
  EXPECT_EQ(d.label, "before_installation");
  w.device.tasks.clear();
  failed(0, true);
  d = ask();
  EXPECT_EQ(d.reason, Reason::attempts_exhausted);
  EXPECT_EQ(d.label, "attempts");
}

TEST_F(WaitRulesTest, Consent) {
  row().consent = ConsentMode::ask;
  EXPECT_EQ(why(), "consent_needed");
  EXPECT_EQ(ask().release, two().id);
  w.device.consent.choice = ConsentChoice::automatic;
  EXPECT_EQ(why(), "offer");
  w.device.consent.postponed_until = w.now + 5;
  EXPECT_EQ(why(), "consent_postponed");
  EXPECT_EQ(ask().retry_at, w.now + 5);
  w.device.consent.choice = ConsentChoice::opted_out;
  EXPECT_EQ(why(), "consent_refused");
  row().urgency = Urgency::forced;
  EXPECT_EQ(why(), "offer");
}

TEST_F(WaitRulesTest, ATaskThatWaitsForConsent) {
  row().consent = ConsentMode::ask;
  w.task(row(), two(), {PackageId{2}}, TaskState::awaiting_consent);
  const TaskId id = w.device.tasks[0].id;
  Decision d = ask();
  EXPECT_EQ(d.reason, Reason::consent_needed);
  EXPECT_EQ(d.task, id);
  EXPECT_FALSE(d.has_offer());
  w.device.tasks[0].state = TaskState::pending;
  d = ask();
  EXPECT_EQ(d.reason, Reason::continue_task);
  EXPECT_TRUE(d.has_offer());
  // Agreeing beforehand is agreeing, too.
  w.device.tasks[0].state = TaskState::awaiting_consent;
  w.device.consent.choice = ConsentChoice::automatic;
  EXPECT_EQ(ask().reason, Reason::continue_task);
  // A question about what is no longer wanted gives way to the next question.
  w.device.consent.choice = ConsentChoice::unset;
  row().target = {};
  row().target.newest_in_channel = "stable";
  w.full(w.release(p, "3.0"));
  d = ask();
  EXPECT_EQ(d.reason, Reason::consent_needed);
  EXPECT_EQ(d.release, ReleaseId{3});
  EXPECT_EQ(d.superseded, id);
  EXPECT_FALSE(d.task);
}

TEST_F(WaitRulesTest, ConditionsAndWindow) {
  row().power_min_percent = 50;
  set_text(w.device.reported, "battery_percent", "20");
  EXPECT_EQ(why(), "condition_unmet");
  EXPECT_EQ(ask().label, "power");
  set_text(w.device.reported, "battery_percent", "80");
  EXPECT_EQ(why(), "offer");
  // 1970-01-01 is a Thursday; now is 00:16:40 UTC.
  row().windows.list = {Window{kEveryDay, 60, 120}};
  EXPECT_EQ(why(), "outside_window");
  EXPECT_EQ(ask().retry_at, base::Time{3'600'000});
  row().windows.list = {Window{kEveryDay, 0, 120}};
  EXPECT_EQ(why(), "offer");
  set_text(w.device.reported, "time_zone", "+08:00");
  EXPECT_EQ(why(), "outside_window");
}

TEST_F(WaitRulesTest, BrakesAndRates) {
  live.said.retry_at = w.now + 7;
  live.said.limit = "per_minute";
  Decision d = ask();
  EXPECT_EQ(d.reason, Reason::rate_limited);
  EXPECT_EQ(d.label, "per_minute");
  EXPECT_EQ(d.retry_at, w.now + 7);
  // Who has its task has its place.
  w.task(row(), two(), {PackageId{2}});
  EXPECT_EQ(why(), "continue_task");
  live.said.braked = true;
  EXPECT_EQ(why(), "braked");
  EXPECT_EQ(ask().task, w.device.tasks[0].id);
  w.device.tasks[0].state = TaskState::downloading;
  EXPECT_EQ(why(), "continue_task");
  w.device.tasks.clear();
  EXPECT_EQ(why(), "braked");
}

// Windows, conditions and brakes hold what has not begun, and nothing else.
TEST_F(WaitRulesTest, WhatHasBegunGoesOn) {
  row().windows.list = {Window{kEveryDay, 60, 120}};
  w.task(row(), two(), {PackageId{2}});
  Decision d = ask();
  EXPECT_EQ(d.reason, Reason::outside_window);
  EXPECT_EQ(d.task, w.device.tasks[0].id);
  EXPECT_EQ(d.retry_at, base::Time{3'600'000});
  EXPECT_FALSE(d.superseded);
  for (const TaskState state : {TaskState::downloading, TaskState::upgrading}) {
    w.device.tasks[0].state = state;
    EXPECT_EQ(why(), "continue_task") << name_of(state);
  }
}

TEST_F(WaitRulesTest, DownloadOnlyWhereTheProtocolCanSayIt) {
  row().urgency = Urgency::download_only;
  w.rows.deployments[0].state = DeploymentState::finished;
  EXPECT_EQ(why(), "mode_unsupported");
  CheckIn check = check_in_of(p, "1.0");
  check.download_only_allowed = true;
  EXPECT_EQ(w.check(check).reason, Reason::offer);
  // It is nothing to wait for: the next one has its turn.
  w.rows.deployments[0].state = DeploymentState::running;
  EXPECT_EQ(w.check(check_in_of(p, "1.0")).deployment, DeploymentId{1});
}

TEST_F(WaitRulesTest, APausedOneIsToldWhateverElseItWouldWaitFor) {
  w.rows.deployments[0].state = DeploymentState::finished;
  row().state = DeploymentState::paused;
  row().windows.list = {Window{kEveryDay, 60, 120}};
  EXPECT_EQ(why(), "deployment_paused");
}

TEST_F(WaitRulesTest, KitsWaitToo) {
  Deployment& kit = w.deploy(w.kit("9", {two().id}));
  kit.priority = 5;
  const auto asked = [&] {
    return decide_kit(w.build(), kDefaultTenant, w.device, "1", {}, w.now, nullptr, &live);
  };
  EXPECT_EQ(asked().reason, Reason::offer);
  kit.windows.list = {Window{kEveryDay, 60, 120}};
  // The standing deployment below covers the kit, but is not asked.
  EXPECT_EQ(asked().reason, Reason::outside_window);
  EXPECT_EQ(asked().deployment, kit.id);
  EXPECT_EQ(asked().retry_at, base::Time{3'600'000});
  kit.windows.list.clear();
  kit.consent = ConsentMode::ask;
  EXPECT_EQ(asked().reason, Reason::consent_needed);
  kit.consent = ConsentMode::none;
  live.said.braked = true;
  EXPECT_EQ(asked().reason, Reason::braked);
}

}  // namespace
}  // namespace otaru::domain
