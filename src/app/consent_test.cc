// SPDX-License-Identifier: Apache-2.0
// Consent through the waist: what is said, kept, and made of it by the next check.
#include "domain/consent.h"
#include "base/limits.h"
#include "tests/support/service_world.h"

namespace otaru::app {
namespace {

using domain::ConsentChoice;
using domain::ConsentStep;
using domain::kDefaultTenant;
using domain::Reason;
using domain::TaskState;

class ConsentServiceTest : public ServiceTest {
 protected:
  ConsentServiceTest() {
    EXPECT_TRUE(catalogue->first_start().has_value());
    lamp = product("lamp");
    published(lamp, "1.0");
    published(lamp, "2.0");
    DeploymentChange with;
    with.name = "all";
    with.target = domain::DeploymentTarget{{}, {}, "stable", {}};
    deployment = catalogue->create_deployment(kOperator, kDefaultTenant, with)->id;
    EXPECT_TRUE(catalogue->act(kOperator, deployment, DeploymentAction::start).has_value());
  }

  domain::Decision check(std::string_view key = "d1") {
    domain::Decision out;
    EXPECT_TRUE(engine
                    ->run_blocking("app-door",
                                   [&](DeviceGateway& gateway) -> base::Status {
                                     OTARU_TRY(ref, gateway.identify(kDefaultTenant, key,
                                                                     Identify::find_or_register));
                                     domain::CheckIn in;
                                     in.product = lamp;
                                     in.slot = "lamp";
                                     in.version = "1.0";
                                     OTARU_TRY(got, gateway.check(ref, in, TaskBirth::record));
                                     out = got.decision;
                                     return {};
                                   })
                    .has_value());
    return out;
  }
  domain::Device device(std::string_view key = "d1") {
    return **store.find_device(kDefaultTenant, key);
  }
  std::string choose(ConsentChoice choice, std::optional<base::Time> until = {}) {
    return refusal(fleet->choose_consent(kOperator, kDefaultTenant, "d1", choice, until));
  }
  std::string answer(ConsentStep step, std::optional<base::Time> until = {}) {
    return refusal(fleet->answer_consent(kOperator, device().tasks.at(0).id, step, until));
  }

  domain::ProductId lamp;
  domain::DeploymentId deployment;
};

TEST_F(ConsentServiceTest, ADeviceThatWantsToBeAskedGetsItsUpdateAfterYes) {
  // It registers itself, and has no task yet.
  ASSERT_TRUE(engine->run_blocking("door", [](DeviceGateway& gateway) -> base::Status {
    OTARU_TRY(ref, gateway.identify(kDefaultTenant, "d1", Identify::find_or_register));
    (void)ref;
    return {};
  }));
  EXPECT_EQ(choose(ConsentChoice::ask), "ok");
  EXPECT_EQ(check().reason, Reason::consent_needed);
  ASSERT_EQ(device().tasks.size(), 1U);
  const domain::Task waiting = device().tasks[0];
  EXPECT_EQ(waiting.state, TaskState::awaiting_consent);
  EXPECT_EQ(waiting.chain.size(), 1U);
  // Asking again makes no second one.
  const domain::Decision again = check();
  EXPECT_EQ(again.reason, Reason::consent_needed);
  EXPECT_EQ(again.task, waiting.id);
  EXPECT_EQ(device().tasks.size(), 1U);
  restart();
  EXPECT_EQ(check().reason, Reason::consent_needed);
  EXPECT_EQ(answer(ConsentStep::granted), "ok");
  const domain::Decision offered = check();
  ASSERT_TRUE(offered.has_offer());
  EXPECT_EQ(offered.task, waiting.id);
  EXPECT_EQ(device().tasks[0].state, TaskState::pending);
  const auto history = *store.task_history(waiting.id);
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[1].event, "consent");
  EXPECT_EQ(history[1].detail, "operator: admin");
  // Yes twice is yes.
  EXPECT_EQ(answer(ConsentStep::granted), "ok");
}

TEST_F(ConsentServiceTest, NotBeforeThatTime) {
  EXPECT_EQ(check().reason, Reason::offer);
  const base::Time until = clock.now() + base::kHourMs;
  EXPECT_EQ(answer(ConsentStep::postponed, until), "ok");
  const domain::Decision later = check();
  EXPECT_EQ(later.reason, Reason::consent_postponed);
  EXPECT_EQ(later.retry_at, until);
  EXPECT_FALSE(later.has_offer());
  clock.advance(base::kHourMs);
  EXPECT_TRUE(check().has_offer());
}

TEST_F(ConsentServiceTest, NoHoldsUntilTheChoiceIsSetAnew) {
  EXPECT_EQ(check().reason, Reason::offer);
  EXPECT_EQ(answer(ConsentStep::refused), "ok");
  EXPECT_EQ(check().reason, Reason::consent_refused);
  EXPECT_EQ(check().reason, Reason::consent_refused);
  EXPECT_EQ(device().tasks.size(), 1U);
  clock.advance(1);
  EXPECT_EQ(choose(ConsentChoice::unset), "ok");
  EXPECT_EQ(check().reason, Reason::offer);
}

TEST_F(ConsentServiceTest, WhoOptedOutGetsNothing) {
  EXPECT_EQ(check().reason, Reason::offer);
  EXPECT_EQ(choose(ConsentChoice::opted_out), "ok");
  EXPECT_EQ(check().reason, Reason::consent_refused);
  EXPECT_EQ(answer(ConsentStep::granted), "precondition");
  EXPECT_EQ(choose(ConsentChoice::automatic), "ok");
  EXPECT_TRUE(check().has_offer());
}

TEST_F(ConsentServiceTest, WhatIsUnderWayCannotBeAnswered) {
  EXPECT_EQ(check().reason, Reason::offer);
  const domain::TaskId task = device().tasks[0].id;
  EXPECT_TRUE(engine
                  ->run_blocking("app-door",
                                 [&](DeviceGateway& gateway) -> base::Status {
                                   OTARU_TRY(ref, gateway.identify_by_task(task));
                                   return gateway.progress(ref, task, 10, "");
                                 })
                  .has_value());
  for (const ConsentStep step :
       {ConsentStep::granted, ConsentStep::refused, ConsentStep::postponed}) {
    const auto until =
        step == ConsentStep::postponed ? std::optional(clock.now() + base::kHourMs) : std::nullopt;
    EXPECT_EQ(answer(step, until), "precondition");
  }
  EXPECT_EQ(choose(ConsentChoice::opted_out), "ok");
  EXPECT_TRUE(check().has_offer());
}

TEST_F(ConsentServiceTest, WhatWasSaidIsRememberedUpToALimit) {
  EXPECT_EQ(check().reason, Reason::offer);
  EXPECT_EQ(choose(ConsentChoice::ask, clock.now() + base::kHourMs), "ok");
  EXPECT_EQ(answer(ConsentStep::granted), "ok");
  restart();
  const domain::Consent kept = device().consent;
  ASSERT_EQ(kept.history.size(), 2U);
  EXPECT_EQ(kept.history[0].step, ConsentStep::chosen);
  EXPECT_EQ(kept.history[0].choice, ConsentChoice::ask);
  EXPECT_EQ(kept.history[0].until, clock.now() + base::kHourMs);
  EXPECT_EQ(kept.history[0].by, "operator: admin");
  EXPECT_EQ(kept.history[1].task, device().tasks[0].id);
  EXPECT_EQ(kept.postponed_until, std::nullopt);
  for (size_t i = 0; i < base::limits::kConsentNotesMax + 3; ++i) {
    EXPECT_EQ(choose(ConsentChoice::ask), "ok");
  }
  EXPECT_EQ(device().consent.history.size(), base::limits::kConsentNotesMax);
  EXPECT_EQ(device().consent.history[0].step, ConsentStep::chosen);
}

TEST_F(ConsentServiceTest, TimesAreLookedAt) {
  EXPECT_EQ(check().reason, Reason::offer);
  EXPECT_EQ(choose(ConsentChoice::ask, clock.now()), "invalid until");
  EXPECT_EQ(choose(ConsentChoice::ask, clock.now() + base::limits::kConsentPostponeMs + 1),
            "invalid until");
  EXPECT_EQ(answer(ConsentStep::postponed), "invalid until");
  EXPECT_EQ(answer(ConsentStep::refused, clock.now() + 1), "invalid until");
  EXPECT_EQ(device().consent, domain::Consent());
}

TEST_F(ConsentServiceTest, AFailingStoreLeavesNothingBehind) {
  EXPECT_EQ(check().reason, Reason::offer);
  fail_next_write();
  EXPECT_EQ(answer(ConsentStep::refused), "unavailable");
  EXPECT_EQ(device().tasks[0].state, TaskState::pending);
  EXPECT_EQ(check().reason, Reason::continue_task);
}

}  // namespace
}  // namespace otaru::app
