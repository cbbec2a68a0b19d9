// SPDX-License-Identifier: Apache-2.0
#include "domain/deployment_state.h"

#include <string>

namespace otaru::domain {
namespace {

using State = DeploymentState;
using Step = DeploymentStep;

enum class Who { person, server, both };

struct Row {
  Step step;
  State from;
  State to;
  Who who;
};

constexpr Row kTable[] = {
    {Step::request, State::draft, State::awaiting_approval, Who::person},
    // A change that needs another approval.
    {Step::request, State::scheduled, State::awaiting_approval, Who::person},
    {Step::request, State::running, State::awaiting_approval, Who::person},
    {Step::request, State::paused, State::awaiting_approval, Who::person},
    {Step::withdraw, State::awaiting_approval, State::draft, Who::person},
    {Step::reject, State::awaiting_approval, State::draft, Who::person},
    {Step::schedule, State::draft, State::scheduled, Who::person},
    {Step::schedule, State::awaiting_approval, State::scheduled, Who::person},
    {Step::start, State::draft, State::running, Who::person},
    {Step::start, State::awaiting_approval, State::running, Who::person},
    {Step::start, State::scheduled, State::running, Who::server},
    {Step::pause, State::scheduled, State::paused, Who::person},
    {Step::pause, State::running, State::paused, Who::both},
    {Step::resume, State::paused, State::running, Who::person},
    {Step::schedule, State::paused, State::scheduled, Who::person},
    {Step::finish, State::scheduled, State::finished, Who::server},
    {Step::finish, State::running, State::finished, Who::both},
    {Step::finish, State::paused, State::finished, Who::both},
    {Step::cancel, State::draft, State::cancelled, Who::person},
    {Step::cancel, State::awaiting_approval, State::cancelled, Who::person},
    {Step::cancel, State::scheduled, State::cancelled, Who::person},
    {Step::cancel, State::running, State::cancelled, Who::both},
    {Step::cancel, State::paused, State::cancelled, Who::person},
    {Step::roll_back, State::running, State::rolled_back, Who::both},
    {Step::roll_back, State::paused, State::rolled_back, Who::person},
    // What turned out to be bad after it was over.
    {Step::roll_back, State::finished, State::rolled_back, Who::person},
    {Step::roll_back, State::cancelled, State::rolled_back, Who::person},
    {Step::open_wave, State::running, State::running, Who::both},
    {Step::approve_wave, State::running, State::running, Who::person},
    {Step::approve_wave, State::paused, State::paused, Who::person},
};

bool may(Who who, Mover mover) {
  if (who == Who::both) return true;
  return (who == Who::person) == (mover == Mover::person);
}

}  // namespace

base::Result<DeploymentState> transition(DeploymentState state, DeploymentStep step, Mover mover) {
  for (const Row& row : kTable) {
    if (row.from == state && row.step == step && may(row.who, mover)) return row.to;
  }
  return base::fail(base::Code::precondition, "the deployment is " + std::string(name_of(state)) +
                                                  ": " + std::string(name_of(step)) +
                                                  " is not possible");
}

std::string_view name_of(DeploymentStep v) {
  switch (v) {
    case Step::request:
      return "request";
    case Step::withdraw:
      return "withdraw";
    case Step::reject:
      return "reject";
    case Step::schedule:
      return "schedule";
    case Step::start:
      return "start";
    case Step::pause:
      return "pause";
    case Step::resume:
      return "resume";
    case Step::finish:
      return "finish";
    case Step::cancel:
      return "cancel";
    case Step::roll_back:
      return "roll_back";
    case Step::open_wave:
      return "open_wave";
    case Step::approve_wave:
      return "approve_wave";
  }
  return "";
}

}  // namespace otaru::domain
