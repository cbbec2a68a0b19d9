// SPDX-License-Identifier: Apache-2.0
// What people do with a deployment that is there: start it, stop it, open its waves, take it back.
// The body of an action may say why.
#include "api/handlers.h"

namespace otaru::api {
namespace {

using app::DeploymentAction;

// A body that says why, and nothing else.
base::Result<std::string> reason_of(const Call& call, Presence presence) {
  OTARU_TRY(body, Body::of(call.request, presence));
  auto fields = body.fields();
  std::string reason = presence == Presence::required ? fields.required_text("reason")
                                                      : fields.text("reason").value_or("");
  OTARU_CHECK(fields.done());
  return reason;
}

base::Result<const domain::Deployment*> deployment_of(const Call& call) {
  OTARU_TRY(id, call.id());
  return call.deployment(id, "id");
}

Answer act(Call& call, DeploymentAction action) {
  OTARU_TRY(reason, reason_of(call, Presence::optional));
  OTARU_TRY(known, deployment_of(call));
  OTARU_TRY(row, call.catalogue().act(call.by(), known->id, action, reason));
  return deployment_answer(call, row);
}

}  // namespace

Answer start_deployment(Call& call) {
  return act(call, DeploymentAction::start);
}
Answer pause_deployment(Call& call) {
  return act(call, DeploymentAction::pause);
}
Answer resume_deployment(Call& call) {
  return act(call, DeploymentAction::resume);
}
Answer finish_deployment(Call& call) {
  return act(call, DeploymentAction::finish);
}
Answer cancel_deployment(Call& call) {
  return act(call, DeploymentAction::cancel);
}

Answer approve_deployment(Call& call) {
  OTARU_TRY(reason, reason_of(call, Presence::optional));
  OTARU_TRY(known, deployment_of(call));
  OTARU_TRY(row, call.catalogue().decide_approval(call.by(), known->id,
                                                  domain::ApprovalStep::approved, reason));
  return deployment_answer(call, row);
}

Answer reject_deployment(Call& call) {
  OTARU_TRY(reason, reason_of(call, Presence::required));
  if (reason.empty()) {
    return base::fail_rule(base::Code::invalid, "reason", "not_empty", "it is empty",
                           "say what has to change");
  }
  OTARU_TRY(known, deployment_of(call));
  OTARU_TRY(row, call.catalogue().decide_approval(call.by(), known->id,
                                                  domain::ApprovalStep::rejected, reason));
  return deployment_answer(call, row);
}

Answer roll_back_deployment(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  auto where = fields.object("back_to");
  const std::string reason = fields.required_text("reason");
  OTARU_CHECK(fields.done());
  app::BackTo to;
  if (where) {
    to.release = domain::ReleaseId{where->id_or_null("release")};
    to.kit = domain::KitId{where->id_or_null("kit")};
    OTARU_CHECK(where->done());
  }
  OTARU_TRY(known, deployment_of(call));
  OTARU_TRY(row, call.catalogue().roll_back(call.by(), known->id, to, reason));
  return deployment_answer(call, row);
}

Answer open_next_wave(Call& call) {
  OTARU_TRY(reason, reason_of(call, Presence::required));
  OTARU_TRY(known, deployment_of(call));
  OTARU_TRY(row, call.catalogue().open_next_wave(call.by(), known->id, reason));
  return deployment_answer(call, row);
}

Answer approve_wave(Call& call) {
  OTARU_TRY(reason, reason_of(call, Presence::optional));
  OTARU_TRY(known, deployment_of(call));
  OTARU_TRY(row, call.catalogue().approve_wave(call.by(), known->id, reason));
  return deployment_answer(call, row);
}

}  // namespace otaru::api
