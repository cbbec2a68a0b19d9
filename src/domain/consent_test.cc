// SPDX-License-Identifier: Apache-2.0
#include "domain/consent.h"

#include <gtest/gtest.h>

namespace otaru::domain {
namespace {

struct ConsentTest : ::testing::Test {
  ConsentTest() {
    deployment.id = DeploymentId{7};
    deployment.consent = ConsentMode::ask;
    task.deployment = deployment.id;
    task.state = TaskState::awaiting_consent;
  }
  ConsentVerdict verdict(const Task* open_task = nullptr) const {
    return consent_of(deployment, device, open_task, now).verdict;
  }
  base::Time now{1'777'636'800'000};
  Deployment deployment;
  Device device;
  Task task;
};

using enum ConsentVerdict;

TEST_F(ConsentTest, WhoIsAsked) {
  // Deployment down, choice across: unset, automatic, ask, opted_out.
  constexpr ConsentChoice kChoices[] = {ConsentChoice::unset, ConsentChoice::automatic,
                                        ConsentChoice::ask, ConsentChoice::opted_out};
  constexpr ConsentVerdict kNone[] = {goes, goes, needed, refused};
  constexpr ConsentVerdict kAsk[] = {needed, goes, needed, refused};
  for (size_t i = 0; i < std::size(kChoices); ++i) {
    device.consent.choice = kChoices[i];
    for (const Task* open_task : {static_cast<const Task*>(nullptr), &std::as_const(task)}) {
      deployment.urgency = Urgency::soft;
      deployment.consent = ConsentMode::none;
      EXPECT_EQ(verdict(open_task), kNone[i]) << name_of(kChoices[i]);
      deployment.consent = ConsentMode::ask;
      EXPECT_EQ(verdict(open_task), kAsk[i]) << name_of(kChoices[i]);
      deployment.urgency = Urgency::download_only;
      EXPECT_EQ(verdict(open_task), kAsk[i]) << name_of(kChoices[i]);
      deployment.urgency = Urgency::forced;
      EXPECT_EQ(verdict(open_task), goes) << name_of(kChoices[i]);
    }
  }
}

TEST_F(ConsentTest, YesIsATaskThatWaitsNoLonger) {
  EXPECT_EQ(verdict(&task), needed);
  task.state = TaskState::pending;
  EXPECT_EQ(verdict(&task), goes);
  device.consent.choice = ConsentChoice::ask;
  EXPECT_EQ(verdict(&task), goes);
  // Yes to another deployment is none to this one.
  task.deployment = DeploymentId{8};
  EXPECT_EQ(verdict(&task), needed);
}

TEST_F(ConsentTest, WhatIsUnderWayIsNotStopped) {
  for (const TaskState state : {TaskState::downloading, TaskState::upgrading, TaskState::paused}) {
    task.state = state;
    device.consent.choice = ConsentChoice::opted_out;
    device.consent.postponed_until = now + 1;
    EXPECT_EQ(verdict(&task), goes) << name_of(state);
  }
  task.state = TaskState::pending;
  EXPECT_EQ(verdict(&task), refused);
}

TEST_F(ConsentTest, PostponedUntilThen) {
  device.consent.postponed_until = now + 1;
  for (const ConsentChoice choice :
       {ConsentChoice::unset, ConsentChoice::automatic, ConsentChoice::ask}) {
    device.consent.choice = choice;
    const ConsentAnswer answer = consent_of(deployment, device, &task, now);
    EXPECT_EQ(answer.verdict, postponed);
    EXPECT_EQ(answer.until, now + 1);
  }
  EXPECT_EQ(consent_of(deployment, device, &task, now + 1).verdict, needed);
  device.consent.choice = ConsentChoice::automatic;
  EXPECT_EQ(consent_of(deployment, device, &task, now + 1).verdict, goes);
  // Opting out is more than waiting.
  device.consent.choice = ConsentChoice::opted_out;
  EXPECT_EQ(verdict(&task), refused);
}

TEST_F(ConsentTest, NoHoldsForTheDeploymentUntilTheChoiceIsSetAnew) {
  Task ended = task;
  ended.state = TaskState::cancelled;
  ended.updated_at = now;
  device.tasks = {ended};
  EXPECT_EQ(verdict(), needed);  // cancelled by an operator
  device.tasks[0].result = kConsentRefused;
  EXPECT_EQ(verdict(), refused);
  device.consent.choice = ConsentChoice::automatic;
  device.consent.at = now;
  EXPECT_EQ(verdict(), refused);
  device.consent.at = now + 1;
  EXPECT_EQ(verdict(), goes);
  device.consent = {};
  deployment.id = DeploymentId{8};
  EXPECT_EQ(verdict(), needed);
}

TEST_F(ConsentTest, IsToldWithItsValues) {
  EXPECT_EQ(consent_text(deployment, device), "the deployment asks");
  device.consent = Consent{ConsentChoice::automatic, now, "app", now, {}};
  EXPECT_EQ(consent_text(deployment, device),
            "the deployment asks; the device chose automatic (app, 2026-05-01T12:00:00.000Z); "
            "postponed until 2026-05-01T12:00:00.000Z");
  deployment.consent = ConsentMode::none;
  device.consent = {};
  EXPECT_EQ(consent_text(deployment, device), "the deployment does not ask");
  deployment.urgency = Urgency::forced;
  EXPECT_EQ(consent_text(deployment, device), "forced, nobody is asked");
}

}  // namespace
}  // namespace otaru::domain
