// SPDX-License-Identifier: Apache-2.0
#include "domain/explain_trace.h"

#include <algorithm>

#include "base/limits.h"
#include "domain/deployment_rules.h"
#include "domain/explain_words.h"

namespace otaru::domain {
namespace {

namespace limits = base::limits;

// Whether it could install something on the product.
bool concerns(const CompiledDeployment& compiled, const Product& product) {
  const Deployment& row = *compiled.deployment;
  if (row.tenant != product.tenant) return false;
  if (!row.target.newest_in_channel.empty()) {
    return !row.target.product || row.target.product == product.id;
  }
  return std::any_of(compiled.targets.begin(), compiled.targets.end(),
                     [&](const CompiledTarget& target) { return target.product == product.id; });
}

bool is_shown(const Deployment& row, base::Time now) {
  if (row.state == DeploymentState::draft) return false;  // the dry run is for those
  return !has_ended(row.state) || now - row.updated_at < limits::kExplainEndedMs;
}

class Views {
 public:
  Views(const Snapshot& snapshot, const CompiledProduct& product, const Device& device,
        const CheckIn& check_in, base::Time now, const Admissions* live, const Explanation& so_far)
      : snapshot_(snapshot),
        product_(product),
        device_(device),
        check_in_(check_in),
        now_(now),
        live_(live),
        so_far_(so_far) {}

  std::vector<DeploymentView> all() {
    for (const CompiledDeployment* compiled : product_.running) add(*compiled);
    const auto& rows = snapshot_.rows().deployments;
    for (size_t i = rows.size(); i-- > 0;) {
      const CompiledDeployment* compiled = snapshot_.deployment(rows[i].id);
      const bool there =
          rows[i].state == DeploymentState::running || rows[i].state == DeploymentState::scheduled;
      if (there || !concerns(*compiled, *product_.product) || !is_shown(rows[i], now_)) continue;
      add(*compiled);
    }
    return std::move(out_);
  }

 private:
  void add(const CompiledDeployment& compiled) {
    if (out_.size() >= limits::kExplainDeploymentsMax) return;
    DeploymentView& view = out_.emplace_back();
    view.deployment = compiled.deployment;
    view.standing = standing_of(*compiled.deployment);
    view.decision.deployment = compiled.deployment->id;
    view.decision.reason = Reason::no_deployment;
    if (view.standing == Standing::ended) return;
    const DeploymentRules rules(snapshot_, product_, device_, check_in_, now_);
    accept(rules.evaluate(compiled, live_, DecisionTrace(&view.trace)), view.decision);
    if (view.standing == Standing::decided) view.decision = so_far_.decision;
  }

  Standing standing_of(const Deployment& row) const {
    if (has_ended(row.state)) return Standing::ended;
    if (row.id == so_far_.decision.deployment) return Standing::decided;
    const bool runs =
        row.state == DeploymentState::running || row.state == DeploymentState::scheduled;
    if (!runs) return Standing::not_running;
    return reached(row.id) ? Standing::looked_at : Standing::not_reached;
  }

  // Deployments have their turn in order, until one has something for the device. Those before it
  // need not have left a trace: what cannot concern the device is passed over.
  bool reached(DeploymentId id) const {
    const Decision& decision = so_far_.decision;
    const bool holds = depth_of(decision.reason) == depth_of(Reason::offer);
    const bool stopped = holds || decision.task;
    if (!stopped) return true;
    const auto& steps = so_far_.trace;
    const bool gave_way = std::any_of(steps.begin(), steps.end(),
                                      [](const TraceStep& s) { return s.rule == "give_way"; });
    if (decision.task && !gave_way) return false;  // a task that goes on asks no deployment
    bool before = false;
    for (const CompiledDeployment* compiled : product_.running) {
      before = before || compiled->deployment->id == id;
      const bool seen = std::any_of(steps.begin(), steps.end(), [&](const TraceStep& step) {
        return step.deployment == compiled->deployment->id && !step.rule.starts_with("task_");
      });
      if (before && seen) return true;
    }
    return false;
  }

  const Snapshot& snapshot_;
  const CompiledProduct& product_;
  const Device& device_;
  const CheckIn& check_in_;
  base::Time now_;
  const Admissions* live_;
  const Explanation& so_far_;
  std::vector<DeploymentView> out_;
};

std::string state_sentence(const ExplainWords& words, const Deployment& row) {
  const std::string state(name_of(row.state));
  const std::string& by = row.rollout.stopped_by;
  const std::string why = by.empty() ? std::string() : words.say(" (" + by + ")", "（" + by + "）");
  if (has_ended(row.state)) {
    return words.say("Deployment " + words.deployment() + " has ended: " + state + why + ".",
                     "部署" + words.deployment() + "已结束：" + state + why + "。");
  }
  return words.say(
      "Deployment " + words.deployment() + " does not run, it is " + state + why + "; if it did: ",
      "部署" + words.deployment() + "未在运行（" + state + why + "）；假如运行：");
}

}  // namespace

Explanation explain_all(const Snapshot& snapshot, const Device& device, const StoredCheck& check,
                        base::Time now, const Admissions* live) {
  Explanation out;
  out.decision = check.decide(snapshot, now, &out.trace, live);
  const CompiledProduct* product = snapshot.product(check.check_in().product);
  if (product == nullptr || product->product->tenant != device.tenant) return out;
  out.deployments = Views(snapshot, *product, device, check.check_in(), now, live, out).all();
  return out;
}

DeploymentView look_alone(const Snapshot& snapshot, const Device& device, const CheckIn& check_in,
                          DeploymentId deployment, base::Time now) {
  DeploymentView out;
  out.standing = Standing::decided;
  const CompiledDeployment* compiled = snapshot.deployment(deployment);
  const CompiledProduct* product = snapshot.product(check_in.product);
  OTARU_ASSERT(compiled != nullptr && product != nullptr);
  out.deployment = compiled->deployment;
  const DeploymentRules rules(snapshot, *product, device, check_in, now);
  accept(rules.evaluate(*compiled, nullptr, DecisionTrace(&out.trace)), out.decision);
  return out;
}

std::string explain(const Snapshot& snapshot, const Device& device, const CheckIn& check_in,
                    const DeploymentView& view, std::string_view language) {
  const ExplainWords words(snapshot, device, check_in, view.decision, language);
  if (view.standing == Standing::ended) return state_sentence(words, *view.deployment);
  const std::string own = explain(snapshot, device, check_in, view.decision, language);
  if (view.standing != Standing::not_running) return own;
  return state_sentence(words, *view.deployment) + own;
}

std::string_view name_of(Standing v) {
  switch (v) {
    case Standing::decided:
      return "decided";
    case Standing::looked_at:
      return "looked_at";
    case Standing::not_reached:
      return "not_reached";
    case Standing::not_running:
      return "not_running";
    case Standing::ended:
      return "ended";
  }
  return "not_reached";
}

}  // namespace otaru::domain
