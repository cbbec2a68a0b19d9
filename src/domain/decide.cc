// SPDX-License-Identifier: Apache-2.0
// The rules of decide.h, in their order. Without a trace nothing here allocates but the answer.
#include "domain/decide.h"

#include <algorithm>
#include <span>

#include "domain/decision_trace.h"
#include "domain/labels.h"
#include "domain/version_index.h"

namespace otaru::domain {
namespace {

// How far down the list of rule 3 a deployment got: the reason of the furthest is the answer.
int depth_of(Reason reason) {
  switch (reason) {
    case Reason::unknown_product:
    case Reason::no_deployment:
    case Reason::deployment_paused:
    case Reason::device_blocked: return 0;
    case Reason::deadline_passed: return 1;
    case Reason::not_in_audience: return 2;
    case Reason::from_version_excluded: return 3;
    case Reason::no_release: return 4;
    case Reason::label_mismatch: return 5;
    case Reason::bad_version:
    case Reason::up_to_date: return 6;
    case Reason::attempts_exhausted: return 7;
    case Reason::not_visible: return 8;
    case Reason::no_package:
    case Reason::base_mismatch: return 9;
    case Reason::offer:
    case Reason::continue_task: return 10;
  }
  return 0;
}

// What one deployment makes of the check.
struct Outcome {
  Reason reason = Reason::no_deployment;
  const CompiledDeployment* deployment = nullptr;
  const CompiledRelease* release = nullptr;
  std::string_view label;
  Plan plan;
};

class Decider {
 public:
  Decider(const Snapshot& snapshot, const CompiledProduct& product, const Device& device,
          const CheckIn& check_in, base::Time now)
      : snapshot_(snapshot),
        product_(product),
        index_(*product.versions),
        device_(device),
        check_in_(check_in),
        now_(now),
        place_(index_.place_of(check_in.version)) {}

  Decision run(const DecisionTrace& trace) const {
    Decision decision;
    const Task* task = device_.open_task(check_in_.slot);
    if (task == nullptr) {
      apply_rule_3(decision, trace);
      return decision;
    }
    switch (judge_task(*task, decision, trace)) {
      case TaskVerdict::stays_silent:
      case TaskVerdict::goes_on: return decision;
      case TaskVerdict::ends:
        decision = Decision{};
        decision.superseded = task->id;
        apply_rule_3(decision, trace);
        return decision;
      case TaskVerdict::may_give_way: break;
    }
    Decision fresh;
    apply_rule_3(fresh, trace);
    const bool gives_way = fresh.offer && fresh.offer->release != task->target;
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
      return compiled == nullptr ? std::string("deployment is gone")
                                 : "deployment is " + std::string(name_of(
                                                          compiled->deployment->state));
    };
    if (!check("task_deployment", alive, state_text)) return TaskVerdict::ends;
    const Release* release = snapshot_.release(task.target);
    const bool published = release != nullptr && release->state == ReleaseState::published;
    if (!check("task_release", published, [&] { return task.target_version; })) {
      return TaskVerdict::ends;
    }
    if (!audience(*compiled, trace) || !deadline(*compiled, trace)) return TaskVerdict::ends;
    const bool paused = compiled->deployment->state == DeploymentState::paused ||
                        task.state == TaskState::paused;
    decision.reason = Reason::deployment_paused;
    if (!check("task_running", !paused, task_text)) return TaskVerdict::stays_silent;
    return judge_chain(task, decision, trace);
  }

  static bool lives(DeploymentState state) {
    return state == DeploymentState::running || state == DeploymentState::paused;
  }

  TaskVerdict judge_chain(const Task& task, Decision& decision, const DecisionTrace& trace) const {
    bool whole = !task.chain.empty();
    bool seen = true;
    bool fits = task.state == TaskState::upgrading || !place_.known || runs_target(task);
    int64_t bytes = 0;
    for (const PackageId id : task.chain) {
      const Package* package = snapshot_.package(id);
      whole = whole && package != nullptr;
      if (package == nullptr) continue;
      bytes += package->size_bytes;
      seen = seen && visible(*package, check_in_.permissions);
      if (package->kind == PackageKind::full ? id == task.chain.front()
                                             : same_version(package->base_version)) {
        fits = true;
      }
    }
    const auto chain_text = [&] {
      return std::to_string(task.chain.size()) + " packages, reported " +
             shown_version(check_in_.version);
    };
    // A file that is gone, or a delta that does not apply to what runs now, helps nobody.
    if (!trace.step(task.deployment, "task_package", whole && fits, chain_text)) {
      return TaskVerdict::ends;
    }
    const bool pending = task.state == TaskState::pending;
    decision.reason = seen ? Reason::continue_task : Reason::not_visible;
    if (!trace.step(task.deployment, "task_visible", seen, chain_text)) {
      return pending ? TaskVerdict::may_give_way : TaskVerdict::stays_silent;
    }
    decision.offer = Offer{task.deployment, task.target, task.chain, bytes};
    return pending ? TaskVerdict::may_give_way : TaskVerdict::goes_on;
  }

  bool same_version(std::string_view other) const {
    if (other == check_in_.version) return true;
    return place_.valid && place_.node >= 0 && index_.place_of(other).node == place_.node;
  }

  bool runs_target(const Task& task) const { return same_version(task.target_version); }

  // Rules 3 and 4.
  void apply_rule_3(Decision& decision, const DecisionTrace& trace) const {
    Outcome best;
    for (const CompiledDeployment* compiled : product_.running) {
      Outcome outcome = evaluate(*compiled, trace);
      if (outcome.reason == Reason::offer) return accept(outcome, decision);
      if (depth_of(outcome.reason) > depth_of(best.reason)) best = std::move(outcome);
    }
    for (const CompiledDeployment* compiled : product_.paused) {
      const Outcome outcome = evaluate(*compiled, DecisionTrace::silent());
      if (outcome.reason != Reason::offer) continue;
      trace.step(compiled->deployment->id, "running", false, [] { return std::string("paused"); });
      best = Outcome{Reason::deployment_paused, compiled, outcome.release, {}, {}};
      break;
    }
    if (best.deployment == nullptr) {
      trace.step({}, "deployment", false, [] { return std::string("none for this product"); });
    }
    accept(best, decision);
  }

  static void accept(const Outcome& outcome, Decision& decision) {
    decision.reason = outcome.reason;
    decision.label = outcome.label;
    if (outcome.deployment != nullptr) decision.deployment = outcome.deployment->deployment->id;
    if (outcome.release != nullptr) decision.release = outcome.release->release->id;
    if (outcome.reason != Reason::offer) return;
    Offer& offer = decision.offer.emplace();
    offer.deployment = decision.deployment;
    offer.release = decision.release;
    offer.bytes = outcome.plan.bytes;
    offer.chain.reserve(outcome.plan.chain.size());
    for (const Package* package : outcome.plan.chain) offer.chain.push_back(package->id);
  }

  Outcome evaluate(const CompiledDeployment& compiled, const DecisionTrace& trace) const {
    Outcome out;
    out.deployment = &compiled;
    out.reason = Reason::deadline_passed;
    if (!deadline(compiled, trace)) return out;
    out.reason = Reason::not_in_audience;
    if (!audience(compiled, trace)) return out;
    out.reason = Reason::from_version_excluded;
    if (!from_versions(compiled, trace)) return out;
    if (compiled.targets.empty()) {
      newest_in_channel(compiled, trace, out);
    } else {
      fixed_target(compiled, trace, out);
    }
    return out;
  }

  bool deadline(const CompiledDeployment& compiled, const DecisionTrace& trace) const {
    const auto& limit = compiled.deployment->deadline;
    if (!limit) return true;
    return trace.step(compiled.deployment->id, "deadline", now_ < *limit,
                      [&] { return base::iso8601(now_) + " < " + base::iso8601(*limit); });
  }

  bool audience(const CompiledDeployment& compiled, const DecisionTrace& trace) const {
    return trace.step(compiled.deployment->id, "audience", compiled.has_device(device_.key), [&] {
      return compiled.deployment->everyone
                 ? std::string("everyone")
                 : std::to_string(compiled.deployment->device_keys.size()) + " named devices";
    });
  }

  bool from_versions(const CompiledDeployment& compiled, const DecisionTrace& trace) const {
    const std::vector<std::string>& wanted = compiled.deployment->from_versions;
    if (wanted.empty()) return true;
    const bool passed = std::any_of(wanted.begin(), wanted.end(), [&](const std::string& version) {
      return version == check_in_.version || equal_texts(version);
    });
    return trace.step(compiled.deployment->id, "from_versions", passed, [&] {
      std::string text = shown_version(check_in_.version) + " in";
      for (const std::string& version : wanted) text += " " + shown_version(version);
      return text;
    });
  }

  // Source versions need not be nodes of the graph, so they are compared as versions.
  bool equal_texts(std::string_view version) const {
    VersionKey a;
    VersionKey b;
    return index_.parse(version, a) == VersionFault::none &&
           index_.parse(check_in_.version, b) == VersionFault::none &&
           compare_keys(index_.scheme, a, b) == 0;
  }

  void fixed_target(const CompiledDeployment& compiled, const DecisionTrace& trace,
                    Outcome& out) const {
    const auto target =
        std::find_if(compiled.targets.begin(), compiled.targets.end(),
                     [&](const CompiledTarget& t) { return t.product == check_in_.product; });
    const bool found = target != compiled.targets.end() && target->index >= 0;
    out.reason = Reason::no_release;
    if (!trace.step(compiled.deployment->id, "release", found,
                    [&] { return std::string(found ? "published" : "not published"); })) {
      return;
    }
    const auto at = static_cast<size_t>(target->index);
    out.release = &product_.releases[at];
    const auto mismatch = mismatch_of(*out.release->release);
    out.reason = Reason::label_mismatch;
    if (!labels_passed(compiled, *out.release, mismatch, trace)) {
      out.label = mismatch->key;
      return;
    }
    out.reason = place_.valid ? Reason::up_to_date : Reason::bad_version;
    if (!version_passed(compiled, at, trace)) return;
    try_release(compiled, at, trace, out);
  }

  std::optional<LabelMismatch> mismatch_of(const Release& release) const {
    return first_mismatch(release, check_in_.labels, check_in_.strict_labels);
  }

  bool labels_passed(const CompiledDeployment& compiled, const CompiledRelease& release,
                     const std::optional<LabelMismatch>& mismatch,
                     const DecisionTrace& trace) const {
    if (release.release->labels.empty()) return true;
    return trace.step(compiled.deployment->id, "labels", !mismatch, [&] {
      std::string text = "release " + release.release->version + " is for";
      for (const auto& label : release.release->labels) {
        text += " " + label.first + "=" + label.second;
      }
      return text;
    });
  }

  // Newer than what runs, or the same and to be installed again.
  bool installable(size_t at) const {
    if (!place_.valid) return false;
    const int32_t node = index_.releases[at].node;
    if (place_.older_than(node)) return true;
    return place_.equals(node) && check_in_.reinstall_allowed &&
           product_.releases[at].release->force;
  }

  bool version_passed(const CompiledDeployment& compiled, size_t at,
                      const DecisionTrace& trace) const {
    const bool passed = installable(at);
    return trace.step(compiled.deployment->id, "version", passed, [&] {
      const std::string& target = product_.releases[at].release->version;
      const std::string reported = shown_version(check_in_.version);
      if (!place_.valid) return reported + " is no version of this product";
      if (place_.equals(index_.releases[at].node)) return reported + " = " + target;
      return reported + (passed ? " < " : " > ") + target;
    });
  }

  // A channel: the newest release that is meant for this device and newer than what it runs.
  void newest_in_channel(const CompiledDeployment& compiled, const DecisionTrace& trace,
                         Outcome& out) const {
    const std::string& name = compiled.deployment->target.newest_in_channel;
    const ReleaseChannel* channel = index_.channel(name);
    out.reason = Reason::no_release;
    if (!trace.step(compiled.deployment->id, "release", channel != nullptr,
                    [&] { return "channel " + name; })) {
      return;
    }
    const std::vector<int32_t>& list = channel->releases;
    out.release = &product_.releases[static_cast<size_t>(list.back())];
    out.reason = place_.valid ? Reason::up_to_date : Reason::bad_version;
    Outcome mismatched;
    size_t deepest = 0;
    bool decided = false;
    for (size_t i = list.size(); i-- > 0;) {
      const auto at = static_cast<size_t>(list[i]);
      if (!place_.valid || (!installable(at) && !place_.equals(index_.releases[at].node))) break;
      if (!installable(at)) continue;
      const CompiledRelease& release = product_.releases[at];
      const auto mismatch = mismatch_of(*release.release);
      if (!labels_passed(compiled, release, mismatch, trace)) {
        if (mismatched.release != nullptr && mismatch->depth <= deepest) continue;
        mismatched.release = &release;
        mismatched.label = mismatch->key;
        deepest = mismatch->depth;
        continue;
      }
      version_passed(compiled, at, trace);
      Outcome tried;
      tried.deployment = &compiled;
      tried.release = &release;
      try_release(compiled, at, trace, tried);
      if (!decided || tried.reason == Reason::offer) out = std::move(tried);
      decided = true;
      const bool lower_may_do = check_in_.rules.accept_lower_release &&
                                out.reason != Reason::offer &&
                                out.reason != Reason::attempts_exhausted;
      if (!lower_may_do) return;
    }
    if (decided) return;
    if (mismatched.release != nullptr && !served(*channel, mismatched.label)) {
      out.reason = Reason::label_mismatch;
      out.release = mismatched.release;
      out.label = mismatched.label;
      return;
    }
    out.release = &newest_meant(*channel);
    const auto at = static_cast<size_t>(out.release - product_.releases.data());
    version_passed(compiled, at, trace);
  }

  // Whether a release that is not newer states the failed label with this device's own value: then
  // its language or model is served, and it is up to date (docs/dialects/ubtech.md, order of
  // checks: language before version).
  bool served(const ReleaseChannel& channel, std::string_view label) const {
    for (const int32_t entry : channel.releases) {
      const Release& release = *product_.releases[static_cast<size_t>(entry)].release;
      const std::string* value = find_text(release.labels, label);
      if (value == nullptr || mismatch_of(release)) continue;
      for (const auto& stated : check_in_.labels) {
        if (stated.first == label && stated.second == *value) return true;
      }
    }
    return false;
  }

  const CompiledRelease& newest_meant(const ReleaseChannel& channel) const {
    for (size_t i = channel.releases.size(); i-- > 0;) {
      const auto& release = product_.releases[static_cast<size_t>(channel.releases[i])];
      if (!mismatch_of(*release.release)) return release;
    }
    return product_.releases[static_cast<size_t>(channel.releases.back())];
  }

  // The rules after the version: attempts, visibility, plan.
  void try_release(const CompiledDeployment& compiled, size_t at, const DecisionTrace& trace,
                   Outcome& out) const {
    const DeploymentId id = compiled.deployment->id;
    const CompiledRelease& release = product_.releases[at];
    out.reason = Reason::attempts_exhausted;
    if (!attempts(compiled, *release.release, trace)) return;
    const auto seen = static_cast<size_t>(
        std::count_if(release.packages.begin(), release.packages.end(), [&](const Package* p) {
          return visible(*p, check_in_.permissions);
        }));
    out.reason = release.packages.empty() ? Reason::no_package : Reason::not_visible;
    if (!trace.step(id, "visible", seen > 0, [&] {
          return std::to_string(seen) + " of " + std::to_string(release.packages.size()) +
                 " packages";
        })) {
      return;
    }
    PlanRules rules = check_in_.rules;
    rules.mode = compiled.deployment->mode;
    rules.labels = check_in_.labels;
    rules.strict_labels = check_in_.strict_labels;
    out.plan = plan_update(product_, release, check_in_.version, check_in_.permissions, rules);
    switch (out.plan.failure) {
      case PlanFailure::none: out.reason = Reason::offer; break;
      case PlanFailure::no_package: out.reason = Reason::no_package; break;
      case PlanFailure::base_unknown: out.reason = Reason::base_mismatch; break;
    }
    trace.step(id, "package", out.reason == Reason::offer, [&] {
      if (out.reason != Reason::offer) return std::string(name_of(out.reason));
      return std::to_string(out.plan.chain.size()) + " packages, " +
             std::to_string(out.plan.bytes) + " bytes";
    });
  }

  bool attempts(const CompiledDeployment& compiled, const Release& release,
                const DecisionTrace& trace) const {
    const Deployment& row = *compiled.deployment;
    if (row.attempts_max <= 0) return true;
    const auto failed =
        std::count_if(device_.tasks.begin(), device_.tasks.end(), [&](const Task& task) {
          return task.state == TaskState::failed && task.deployment == row.id &&
                 task.target == release.id && task.slot == check_in_.slot;
        });
    return trace.step(row.id, "attempts", failed < row.attempts_max, [&] {
      return std::to_string(failed) + " of " + std::to_string(row.attempts_max) + " failed";
    });
  }

  const Snapshot& snapshot_;
  const CompiledProduct& product_;
  const VersionIndex& index_;
  const Device& device_;
  const CheckIn& check_in_;
  base::Time now_;
  VersionPlace place_;
};

}  // namespace

Decision decide(const Snapshot& snapshot, const Device& device, const CheckIn& check_in,
                base::Time now, Trace* trace) {
  const DecisionTrace steps(trace);
  Decision decision;
  decision.reason = Reason::device_blocked;
  const bool free = steps.step({}, "blocked", !device.blocked, [&] {
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
  return Decider(snapshot, *product, device, check_in, now).run(steps);
}

std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::offer: return "offer";
    case Reason::continue_task: return "continue_task";
    case Reason::up_to_date: return "up_to_date";
    case Reason::unknown_product: return "unknown_product";
    case Reason::no_deployment: return "no_deployment";
    case Reason::deployment_paused: return "deployment_paused";
    case Reason::not_in_audience: return "not_in_audience";
    case Reason::device_blocked: return "device_blocked";
    case Reason::from_version_excluded: return "from_version_excluded";
    case Reason::label_mismatch: return "label_mismatch";
    case Reason::not_visible: return "not_visible";
    case Reason::no_package: return "no_package";
    case Reason::base_mismatch: return "base_mismatch";
    case Reason::bad_version: return "bad_version";
    case Reason::no_release: return "no_release";
    case Reason::attempts_exhausted: return "attempts_exhausted";
    case Reason::deadline_passed: return "deadline_passed";
  }
  return "no_deployment";
}

}  // namespace otaru::domain
