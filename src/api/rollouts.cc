// SPDX-License-Identifier: Apache-2.0
// What people do with a deployment that is there: start it, stop it, open its waves, take it back.
// The body of an action may say why.
#include "api/handlers.h"

namespace otaru::api {
namespace {

using app::DeploymentAction;

Answer act(Call& call, DeploymentAction action) {
  OTARU_TRY(body, Body::of(call.request, Presence::optional));
  auto fields = body.fields();
  const std::string reason = fields.text("reason").value_or("");
  OTARU_CHECK(fields.done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.deployment(id, "id"));
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
  OTARU_TRY(body, Body::of(call.request, Presence::optional));
  auto fields = body.fields();
  const std::string reason = fields.text("reason").value_or("");
  OTARU_CHECK(fields.done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.deployment(id, "id"));
  OTARU_TRY(row, call.catalogue().decide_approval(call.by(), known->id,
                                                  domain::ApprovalStep::approved, reason));
  return deployment_answer(call, row);
}

Answer reject_deployment(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const std::string reason = fields.required_text("reason");
  OTARU_CHECK(fields.done());
  if (reason.empty()) {
    return base::fail_rule(base::Code::invalid, "reason", "not_empty", "it is empty",
                           "say what has to change");
  }
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.deployment(id, "id"));
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
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.deployment(id, "id"));
  OTARU_TRY(row, call.catalogue().roll_back(call.by(), known->id, to, reason));
  return deployment_answer(call, row);
}

Answer open_next_wave(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const std::string reason = fields.required_text("reason");
  OTARU_CHECK(fields.done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.deployment(id, "id"));
  OTARU_TRY(row, call.catalogue().open_next_wave(call.by(), known->id, reason));
  return deployment_answer(call, row);
}

Answer approve_wave(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::optional));
  auto fields = body.fields();
  const std::string reason = fields.text("reason").value_or("");
  OTARU_CHECK(fields.done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.deployment(id, "id"));
  OTARU_TRY(row, call.catalogue().approve_wave(call.by(), known->id, reason));
  return deployment_answer(call, row);
}

}  // namespace otaru::api
