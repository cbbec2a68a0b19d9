// SPDX-License-Identifier: Apache-2.0
// Every step from every state, by a person and by the server: what is not named here is refused.
#include "domain/deployment_state.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace otaru::domain {
namespace {

constexpr DeploymentState kStates[] = {
    DeploymentState::draft,     DeploymentState::awaiting_approval, DeploymentState::scheduled,
    DeploymentState::running,   DeploymentState::paused,            DeploymentState::finished,
    DeploymentState::cancelled, DeploymentState::rolled_back};
constexpr DeploymentStep kSteps[] = {
    DeploymentStep::request,   DeploymentStep::withdraw,  DeploymentStep::reject,
    DeploymentStep::schedule,  DeploymentStep::start,     DeploymentStep::pause,
    DeploymentStep::resume,    DeploymentStep::finish,    DeploymentStep::cancel,
    DeploymentStep::roll_back, DeploymentStep::open_wave, DeploymentStep::approve_wave};

// "state step" to the state it leads to.
using Allowed = std::map<std::string, std::string>;

const Allowed kByPerson = {
    {"draft request", "awaiting_approval"},
    {"scheduled request", "awaiting_approval"},
    {"running request", "awaiting_approval"},
    {"paused request", "awaiting_approval"},
    {"awaiting_approval withdraw", "draft"},
    {"awaiting_approval reject", "draft"},
    {"draft schedule", "scheduled"},
    {"awaiting_approval schedule", "scheduled"},
    {"paused schedule", "scheduled"},
    {"draft start", "running"},
    {"awaiting_approval start", "running"},
    {"scheduled pause", "paused"},
    {"running pause", "paused"},
    {"paused resume", "running"},
    {"running finish", "finished"},
    {"paused finish", "finished"},
    {"draft cancel", "cancelled"},
    {"awaiting_approval cancel", "cancelled"},
    {"scheduled cancel", "cancelled"},
    {"running cancel", "cancelled"},
    {"paused cancel", "cancelled"},
    {"running roll_back", "rolled_back"},
    {"paused roll_back", "rolled_back"},
    {"finished roll_back", "rolled_back"},
    {"cancelled roll_back", "rolled_back"},
    {"running open_wave", "running"},
    {"running approve_wave", "running"},
    {"paused approve_wave", "paused"}};

const Allowed kByServer = {{"scheduled start", "running"},    {"running pause", "paused"},
                           {"scheduled finish", "finished"},  {"running finish", "finished"},
                           {"paused finish", "finished"},     {"running cancel", "cancelled"},
                           {"running roll_back", "rolled_back"}, {"running open_wave", "running"}};

TEST(DeploymentStates, lead_where_the_table_says_and_nowhere_else) {
  for (const Mover mover : {Mover::person, Mover::server}) {
    const Allowed& allowed = mover == Mover::person ? kByPerson : kByServer;
    size_t met = 0;
    for (const auto state : kStates) {
      for (const auto step : kSteps) {
        const std::string what = std::string(name_of(state)) + " " + std::string(name_of(step));
        const auto next = transition(state, step, mover);
        const auto wanted = allowed.find(what);
        if (wanted == allowed.end()) {
          ASSERT_FALSE(next.has_value()) << what;
          EXPECT_EQ(next.error().code, base::Code::precondition);
          EXPECT_EQ(next.error().message, "the deployment is " + std::string(name_of(state)) +
                                              ": " + std::string(name_of(step)) +
                                              " is not possible");
        } else {
          ++met;
          ASSERT_TRUE(next.has_value()) << what;
          EXPECT_EQ(name_of(*next), wanted->second) << what;
        }
      }
    }
    EXPECT_EQ(met, allowed.size());
  }
}

TEST(DeploymentStates, that_ended_are_left_by_rolling_back_only) {
  for (const auto state : kStates) {
    if (!has_ended(state)) continue;
    for (const auto step : kSteps) {
      const auto next = transition(state, step, Mover::person);
      EXPECT_EQ(next.has_value(), step == DeploymentStep::roll_back &&
                                      state != DeploymentState::rolled_back)
          << name_of(state) << " " << name_of(step);
      EXPECT_FALSE(transition(state, step, Mover::server)) << name_of(state) << name_of(step);
    }
  }
}

}  // namespace
}  // namespace otaru::domain
