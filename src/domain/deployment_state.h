// SPDX-License-Identifier: Apache-2.0
// The life of a deployment as one table: which step leads from which state to which, and who may
// take it. Everything else that a step needs (a reason, a gate that holds, a second person) is the
// service's business (app/catalogue_rollouts.cc).
#pragma once

#include <string_view>

#include "base/result.h"
#include "domain/deployment.h"

namespace otaru::domain {

enum class DeploymentStep {
  request,       // its start is asked for, and somebody else has to agree
  withdraw,      // it was changed meanwhile: back to a draft
  reject,        // somebody else does not agree
  schedule,      // started, but its time has not come
  start,         // it runs from now on; from awaiting_approval: somebody else agreed
  pause,
  resume,
  finish,        // it is over: the deadline has passed, or an operator says so
  cancel,        // stopped
  roll_back,     // stopped, and its devices are taken back
  open_wave,     // the next wave opens
  approve_wave,  // a person agrees to the next wave
};

// The server takes steps too: what is scheduled starts, brakes, gates, deadlines.
enum class Mover { person, server };

// Code::precondition with "the deployment is <state>: <step> is not possible" when the table has no
// such step there, or not for that mover.
base::Result<DeploymentState> transition(DeploymentState state, DeploymentStep step, Mover mover);

std::string_view name_of(DeploymentStep v);

}  // namespace otaru::domain
