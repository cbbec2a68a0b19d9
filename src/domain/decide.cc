// SPDX-License-Identifier: Apache-2.0
// The rules of decide.h, in their order. Without a trace nothing here allocates but the answer.
#include "domain/decide.h"

#include "domain/audience_index.h"
#include "domain/deployment_rules.h"

namespace otaru::domain {
namespace {

using Candidates = AudienceIndex::Candidates;

class Decider {
 public:
  Decider(const Snapshot& snapshot, const CompiledProduct& product, const Device& device,
          const CheckIn& check_in, base::Time now, const Admissions* live)
      : snapshot_(snapshot),
        product_(product),
        device_(device),
        check_in_(check_in),
        live_(live),
        rules_(snapshot, product, device, check_in, now) {}

  Decision run(const DecisionTrace& trace) const {
    Decision decision;
    const Task* task = device_.open_task(check_in_.slot);
    if (task == nullptr) {
      apply_rule_3(decision, trace);
      return decision;
    }
    switch (judge_task(*task, decision, trace)) {
      case TaskVerdict::stays_silent:
      case TaskVerdict::goes_on:
        return decision;
      case TaskVerdict::ends:
        decision = Decision{};
        decision.superseded = task->id;
        apply_rule_3(decision, trace);
        return decision;
      case TaskVerdict::may_give_way:
        break;
    }
    Decision fresh;
    apply_rule_3(fresh, trace);
    // A question that nobody has answered yet gives way to a newer one, too.
    const bool newer_question =
        fresh.reason == Reason::consent_needed && task->state == TaskState::awaiting_consent;
    const bool gives_way = (fresh.offer || newer_question) && fresh.release != task->target;
    trace.step(task->deployment, "give_way", !gives_way, [&] {
      return std::string(gives_way ? "another release is wanted now" : "nothing else is wanted");
    });
    if (!gives_way) return decision;
    fresh.superseded = task->id;
    return fresh;
  }

 private:
  enum class TaskVerdict { goes_on, may_give_way, stays_silent, ends };

  // Rule 2. Fills `decision` with the task's own answer unless it ends.
  TaskVerdict judge_task(const Task& task, Decision& decision, const DecisionTrace& trace) const {
    const CompiledDeployment* compiled = snapshot_.deployment(task.deployment);
    const auto check = [&](std::string_view rule, bool passed, auto detail) {
      return trace.step(task.deployment, rule, passed, detail);
    };
    const auto task_text = [&] {
      return "task " + std::to_string(task.id.value) + " is " + std::string(name_of(task.state));
    };
    decision.task = task.id;
    decision.deployment = task.deployment;
    decision.release = task.target;
    if (!check("task_product", task.product == check_in_.product, task_text)) {
      return TaskVerdict::ends;
    }
    const bool alive = compiled != nullptr && lives(compiled->deployment->state);
    const auto state_text = [&] {
      return compiled == nullptr
                 ? std::string("deployment is gone")
                 : "deployment is " + std::string(name_of(compiled->deployment->state));
    };
    if (!check("task_deployment", alive, state_text)) return TaskVerdict::ends;
    const Release* release = snapshot_.release(task.target);
    const bool published = release != nullptr && release->state == ReleaseState::published;
    if (!check("task_release", published, [&] { return task.target_version; })) {
      return TaskVerdict::ends;
    }
    if (!begun(task) && !offered_still(task, trace)) return TaskVerdict::ends;
    if (!audience_keeps(*compiled, task, trace)) return TaskVerdict::ends;
    const bool paused =
        compiled->deployment->state == DeploymentState::paused || task.state == TaskState::paused;
    decision.reason = Reason::deployment_paused;
    if (!check("task_running", !paused, task_text)) return TaskVerdict::stays_silent;
    return judge_chain(task, compiled->deployment->downgrade_reason, decision, trace);
  }

  static bool lives(DeploymentState state) {
    return state == DeploymentState::running || state == DeploymentState::scheduled ||
           state == DeploymentState::paused;
  }

  // The device is at it: nothing interrupts that but the end of what it stands on.
  static bool begun(const Task& task) {
    return task.state == TaskState::downloading || task.state == TaskState::upgrading;
  }

  bool offered_still(const Task& task, const DecisionTrace& trace) const {
    const CompiledDeployment* taker = rules_.taken_back_by(task.target);
    if (taker == nullptr) return true;
    return trace.step(task.deployment, "task_withdrawn", false, [&] {
      return "deployment " + std::to_string(taker->deployment->id.value) + " takes " +
             task.target_version + " back";
    });
  }

  bool audience_keeps(const CompiledDeployment& compiled, const Task& task,
                      const DecisionTrace& trace) const {
    const AudienceRules& whom = rules_.whom();
    const bool meant =
        begun(task) ? whom.membership(compiled, trace) : whom.audience(compiled, trace);
    return meant && whom.schedule(compiled, trace) && whom.deadline(compiled, trace);
  }

  struct ChainFacts {
    bool there = true;  // every file
    bool whole = true;  // and of a published release
    bool fits = false;  // it can begin, or go on, at the reported version
    bool seen = true;   // by this requester
    int64_t bytes = 0;
  };

  ChainFacts look_at_chain(const Task& task) const {
    ChainFacts facts;
    facts.there = !task.chain.empty();
    facts.fits = check_in_.version.empty() || rules_.reports(task.target_version);
    for (const PackageId id : task.chain) {
      const Package* package = snapshot_.package(id);
      if (package == nullptr) {
        facts.there = false;
        continue;
      }
      const Release& release = *snapshot_.release(package->release);
      facts.whole = facts.whole && release.state == ReleaseState::published;
      facts.bytes += package->size_bytes;
      facts.seen = facts.seen && visible(*package, check_in_.permissions);
      const bool starts_here = package->kind == PackageKind::full
                                   ? id == task.chain.front()
                                   : rules_.reports(package->base_version);
      facts.fits = facts.fits || starts_here;
    }
    return facts;
  }

  TaskVerdict judge_chain(const Task& task, std::string_view downgrade_reason, Decision& decision,
                          const DecisionTrace& trace) const {
    const ChainFacts facts = look_at_chain(task);
    const auto chain_text = [&] {
      return std::to_string(task.chain.size()) + " packages, reported " +
             shown_version(check_in_.version);
    };
    // A file that is gone, or a delta that does not apply to what runs now, helps nobody; a device
    // that installs already has its files, and may report anything halfway.
    const bool installing = task.state == TaskState::upgrading;
    // Somebody else installed something newer meanwhile: no task leads back, unless that is what
    // it is for.
    const Release* target = snapshot_.release(task.target);
    const bool above = !installing && downgrade_reason.empty() && !check_in_.version.empty() &&
                       product_.compare(*target, check_in_.version).value_or(0) < 0;
    if (!trace.step(task.deployment, "task_version", !above, chain_text)) {
      return TaskVerdict::ends;
    }
    const bool usable = facts.there && ((facts.whole && facts.fits) || installing);
    decision.reason = Reason::no_package;
    if (!trace.step(task.deployment, "task_package", usable, chain_text)) {
      return installing ? TaskVerdict::stays_silent : TaskVerdict::ends;
    }
    const TaskVerdict verdict = begun(task) ? TaskVerdict::goes_on : TaskVerdict::may_give_way;
    decision.reason = facts.seen ? Reason::continue_task : Reason::not_visible;
    if (!trace.step(task.deployment, "task_visible", facts.seen, chain_text)) {
      return begun(task) ? TaskVerdict::stays_silent : verdict;
    }
    decision.wave = task.wave;
    decision.stepping = task.stepping;
    if (!begun(task) && held(task, facts.bytes, decision, trace)) return verdict;
    decision.offer = Offer{task.deployment, task.target, task.chain, facts.bytes};
    return verdict;
  }

  // What has not begun waits as if it were new, but has its place: rates are behind it.
  bool held(const Task& task, int64_t bytes, Decision& decision, const DecisionTrace& trace) const {
    const Deployment& row = *snapshot_.deployment(task.deployment)->deployment;
    if (row.urgency == Urgency::download_only &&
        !trace.step(row.id, "mode", check_in_.download_only_allowed,
                    [] { return std::string("download only"); })) {
      decision.reason = Reason::mode_unsupported;
      return true;
    }
    const HoldQuestion asked = rules_.question(row, bytes);
    Hold hold = hold_of(asked, trace);
    if (!hold) hold = admission_hold(asked, live_, trace);
    if (!hold) return false;
    decision.reason = hold.reason;
    decision.label = hold.label;
    decision.retry_at = hold.retry_at;
    return true;
  }

  // Rules 3 and 4.
  void apply_rule_3(Decision& decision, const DecisionTrace& trace) const {
    Outcome best;
    // Who wants to see the reasoning wants to see all of it.
    const AudienceIndex* index = trace.wanted() ? nullptr : product_.running_index.get();
    Candidates running(product_.running, index, device_, check_in_.version);
    while (const CompiledDeployment* compiled = running.next()) {
      Outcome outcome = rules_.evaluate(*compiled, live_, trace);
      if (outcome.reason == Reason::offer || outcome.holds) return accept(outcome, decision);
      if (depth_of(outcome.reason) > depth_of(best.reason)) best = std::move(outcome);
    }
    if (index != nullptr) look_at_others(*index, best);
    Candidates paused(product_.paused, product_.paused_index.get(), device_, check_in_.version);
    while (const CompiledDeployment* compiled = paused.next()) {
      const Outcome outcome = rules_.concern(*compiled, DecisionTrace::silent());
      if (outcome.reason != Reason::offer) continue;
      trace.step(compiled->deployment->id, "running", false, [] { return std::string("paused"); });
      best = Outcome{};
      best.reason = Reason::deployment_paused;
      best.deployment = compiled;
      best.release = outcome.release;
      best.final_release = outcome.final_release;
      best.wave = outcome.wave;
      break;
    }
    if (best.deployment == nullptr) {
      trace.step({}, "deployment", false, [] { return std::string("none for this product"); });
    }
    accept(best, decision);
  }

  // Those that are no candidates cannot offer anything, but one of them may be the reason: of those
  // that got equally far the first. They all fail on one of two rules that stand early in the list,
  // so that mostly the first one looked at settles it.
  void look_at_others(const AudienceIndex& index, Outcome& best) const {
    const auto settled_by = [&](const CompiledDeployment* compiled, Reason furthest) {
      Outcome outcome = rules_.concern(*compiled, DecisionTrace::silent());
      const int depth = depth_of(outcome.reason);
      const int known = depth_of(best.reason);
      const bool first =
          best.deployment == nullptr || looked_at_before(*compiled, *best.deployment);
      if (depth > known || (depth == known && first)) best = std::move(outcome);
      return depth >= depth_of(furthest);
    };
    if (depth_of(best.reason) > depth_of(Reason::from_version_excluded)) return;
    for (const uint32_t place : index.by_version()) {
      if (settled_by(product_.running[place], Reason::from_version_excluded)) return;
    }
    if (depth_of(best.reason) > depth_of(Reason::not_in_audience)) return;
    for (const CompiledDeployment* compiled : product_.running) {
      if (settled_by(compiled, Reason::not_in_audience)) return;
    }
  }

  const Snapshot& snapshot_;
  const CompiledProduct& product_;
  const Device& device_;
  const CheckIn& check_in_;
  const Admissions* live_;
  DeploymentRules rules_;
};

}  // namespace

Decision decide(const Snapshot& snapshot, const Device& device, const CheckIn& check_in,
                base::Time now, Trace* trace, const Admissions* live) {
  const DecisionTrace steps(trace);
  Decision decision;
  decision.reason = Reason::device_blocked;
  const bool free = steps.step({}, "blocked", !device.blocked, [&] {
    if (device.pending) return "device " + device.key + " waits for approval";
    return "device " + device.key + (device.blocked ? " is blocked" : " is not blocked");
  });
  if (!free) return decision;
  const CompiledProduct* product = snapshot.product(check_in.product);
  // A product of another tenant does not exist for this device.
  const bool known = product != nullptr && product->product->tenant == device.tenant;
  decision.reason = Reason::unknown_product;
  if (!steps.step({}, "product", known, [&] {
        return known ? product->product->name : "product " + std::to_string(check_in.product.value);
      })) {
    return decision;
  }
  return Decider(snapshot, *product, device, check_in, now, live).run(steps);
}

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::offer:
      return "offer";
    case Reason::continue_task:
      return "continue_task";
    case Reason::up_to_date:
      return "up_to_date";
    case Reason::unknown_product:
      return "unknown_product";
    case Reason::no_deployment:
      return "no_deployment";
    case Reason::deployment_paused:
      return "deployment_paused";
    case Reason::not_in_audience:
      return "not_in_audience";
    case Reason::device_blocked:
      return "device_blocked";
    case Reason::from_version_excluded:
      return "from_version_excluded";
    case Reason::label_mismatch:
      return "label_mismatch";
    case Reason::not_visible:
      return "not_visible";
    case Reason::no_package:
      return "no_package";
    case Reason::base_mismatch:
      return "base_mismatch";
    case Reason::bad_version:
      return "bad_version";
    case Reason::no_release:
      return "no_release";
    case Reason::attempts_exhausted:
      return "attempts_exhausted";
    case Reason::deadline_passed:
      return "deadline_passed";
    case Reason::not_started:
      return "not_started";
    case Reason::not_in_wave:
      return "not_in_wave";
    case Reason::release_withdrawn:
      return "release_withdrawn";
    case Reason::requirement_unmet:
      return "requirement_unmet";
    case Reason::waits_for_component:
      return "waits_for_component";
    case Reason::retry_later:
      return "retry_later";
    case Reason::mode_unsupported:
      return "mode_unsupported";
    case Reason::consent_needed:
      return "consent_needed";
    case Reason::consent_postponed:
      return "consent_postponed";
    case Reason::consent_refused:
      return "consent_refused";
    case Reason::condition_unmet:
      return "condition_unmet";
    case Reason::outside_window:
      return "outside_window";
    case Reason::braked:
      return "braked";
    case Reason::rate_limited:
      return "rate_limited";
    case Reason::task_cancelled:
      return "task_cancelled";
  }
  return "no_deployment";
}

}  // namespace otaru::domain
