// SPDX-License-Identifier: Apache-2.0
// The life of deployments: what people do with them, and what the server does by itself. Which step
// is possible where stands in domain/deployment_state.h.
#include <algorithm>

#include "app/catalogue_draft.h"
#include "app/catalogue_service.h"
#include "app/input_checks.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "domain/device_filter.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;
using domain::Deployment;
using domain::DeploymentState;
using domain::DeploymentStep;
using domain::Mover;

// Above everything that operators may give (catalogue_deployments.cc).
constexpr int64_t kHealingPriority = 1'000'000;
constexpr size_t kCopyNumbersTried = 1'000;

std::string who_of(const Actor& actor) {
  return std::string(name_of(actor.kind)) + " " + std::to_string(actor.id);
}

void add_step(Deployment& row, domain::ApprovalStep step, const Actor& actor,
              std::string_view reason, base::Time at) {
  if (row.approvals.size() >= limits::kApprovalsPerDeploymentMax) {
    row.approvals.erase(row.approvals.begin());
  }
  row.approvals.push_back({step, who_of(actor), actor.name, std::string(reason), at});
}

DeploymentStep step_of(DeploymentAction action) {
  switch (action) {
    case DeploymentAction::start:
      return DeploymentStep::start;
    case DeploymentAction::pause:
      return DeploymentStep::pause;
    case DeploymentAction::resume:
      return DeploymentStep::resume;
    case DeploymentAction::finish:
      return DeploymentStep::finish;
    case DeploymentAction::cancel:
      return DeploymentStep::cancel;
  }
  return DeploymentStep::start;
}

std::string_view action_of(RolloutStep::What what) {
  switch (what) {
    case RolloutStep::What::start:
      return "deployment.start";
    case RolloutStep::What::gate:
      return "deployment.gate";
    case RolloutStep::What::open_wave:
      return "deployment.open_wave";
    case RolloutStep::What::finish:
      return "deployment.finish";
    case RolloutStep::What::pause:
      return "deployment.pause";
    case RolloutStep::What::cancel:
      return "deployment.cancel";
    case RolloutStep::What::roll_back:
      return "deployment.roll_back";
  }
  return "";
}

base::Status take(Deployment& row, DeploymentStep step, Mover mover) {
  OTARU_TRY(next, domain::transition(row.state, step, mover));
  row.state = next;
  return {};
}

// It runs from now on, for the first time or again. Whether a gate held before says nothing.
void begin(Deployment& row, base::Time now) {
  row.rollout.gate_met_at.reset();
  row.rollout.stopped_by.clear();
  if (row.rollout.started_at) return;
  row.rollout.started_at = now;
  row.rollout.open_waves = 1;
  row.rollout.wave_opened_at = now;
}

void open_wave(Deployment& row, base::Time now) {
  row.rollout.open_waves += 1;
  row.rollout.wave_opened_at = now;
  row.rollout.gate_met_at.reset();
  row.rollout.next_approved = false;
}

bool waits_for_its_time(const Deployment& row, base::Time now) {
  return row.starts_at && *row.starts_at > now && !row.rollout.started_at;
}

// Running, or scheduled when its time has not come.
base::Status start_or_schedule(Deployment& row, DeploymentStep start, base::Time now) {
  if (waits_for_its_time(row, now)) return take(row, DeploymentStep::schedule, Mover::person);
  OTARU_CHECK(take(row, start, Mover::person));
  begin(row, now);
  return {};
}

base::Status check_reason(std::string_view reason, bool required) {
  OTARU_CHECK(check_note("reason", reason, limits::kReasonBytesMax));
  if (!required || !reason.empty()) return {};
  return base::fail_rule(Code::invalid, "reason", "not_empty", "a reason is needed",
                         "say why, for the journal");
}

std::string said_by(const Actor& actor, std::string_view reason) {
  std::string out = actor.name;
  if (!reason.empty()) out += ": " + std::string(reason);
  return out;
}

const domain::Wave* last_open_wave(const Deployment& row) {
  const auto at = row.rollout.open_waves;
  if (at < 1 || at > static_cast<int64_t>(row.waves.size())) return nullptr;
  return &row.waves[static_cast<size_t>(at - 1)];
}

base::Status check_next_wave(const Deployment& row) {
  if (last_open_wave(row) != nullptr &&
      row.rollout.open_waves < static_cast<int64_t>(row.waves.size())) {
    return {};
  }
  return base::fail(Code::precondition, row.waves.empty() ? "the deployment has no waves"
                                                          : "all of its waves are open");
}

// --- Rolling back --------------------------------------------------------------------------------

base::Status check_back_to(const domain::Snapshot& snapshot, const Deployment& row,
                           const BackTo& to) {
  const bool one = (to.release.value != 0) != (to.kit.value != 0);
  if (!one) {
    return base::fail_field(Code::invalid, "back_to", "give exactly one of release and kit");
  }
  if (to.kit) {
    const auto* kit = snapshot.kit(to.kit);
    if (kit == nullptr || kit->tenant != row.tenant) {
      return base::fail_field(Code::not_found, "back_to.kit",
                              "there is no kit " + std::to_string(to.kit.value));
    }
    if (kit->state == domain::ReleaseState::published && to.kit != row.target.kit) return {};
    return base::fail_field(Code::precondition, "back_to.kit",
                            to.kit == row.target.kit ? "it is what is taken back"
                                                     : "the kit is not published");
  }
  const auto* release = snapshot.release(to.release);
  const auto* product = release == nullptr ? nullptr : snapshot.product(release->product);
  if (product == nullptr || product->product->tenant != row.tenant) {
    return base::fail_field(Code::not_found, "back_to.release",
                            "there is no release " + std::to_string(to.release.value));
  }
  if (release->state != domain::ReleaseState::published || to.release == row.target.release) {
    return base::fail_field(Code::precondition, "back_to.release",
                            to.release == row.target.release ? "it is what is taken back"
                                                             : "the release is not published");
  }
  if (!row.target.release) return {};
  if (snapshot.release(row.target.release)->product == release->product) return {};
  return base::fail_field(Code::invalid, "back_to.release",
                          "it is of another product than what is taken back");
}

// What a channel may have led devices to: everything newer than where they go back to.
bool newer_in_channel(const domain::Snapshot& snapshot, const Deployment& row,
                      const domain::Release& of, const domain::Release& back) {
  if (of.product != back.product || of.channel != row.target.newest_in_channel) return false;
  if (of.state == domain::ReleaseState::draft) return false;
  const auto& format = snapshot.product(of.product)->product->version_format;
  const auto order = domain::compare_versions(format, back.version, of.version);
  return order ? *order == std::strong_ordering::less : of.id > back.id;
}

std::vector<domain::ReleaseId> releases_of(const domain::Snapshot& snapshot, const BackTo& to) {
  if (to.release) return {to.release};
  std::vector<domain::ReleaseId> out;
  for (const auto& item : snapshot.kit(to.kit)->items) out.push_back(item.release);
  return out;
}

std::vector<std::string> versions_taken_back(const domain::Snapshot& snapshot,
                                             const Deployment& row, const BackTo& to) {
  std::vector<std::string> out;
  if (row.target.release) out.push_back(snapshot.release(row.target.release)->version);
  if (row.target.kit) {
    for (const auto id : releases_of(snapshot, {{}, row.target.kit})) {
      out.push_back(snapshot.release(id)->version);
    }
  }
  if (!row.target.newest_in_channel.empty()) {
    for (const auto id : releases_of(snapshot, to)) {
      const auto& back = *snapshot.release(id);
      for (const auto& release : snapshot.rows().releases) {
        if (newer_in_channel(snapshot, row, release, back)) out.push_back(release.version);
      }
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  // The newest ones matter; so many releases between here and there are not met.
  if (out.size() > limits::kFromVersionsMax) out.resize(limits::kFromVersionsMax);
  return out;
}

// A filter that asks for a version does not match any more who was updated.
bool asks_for_version(const std::string& filter) {
  if (filter.empty()) return false;
  const auto& words = domain::device_words();
  const auto compiled = domain::Filter::compile(filter, words);
  if (!compiled) return false;
  for (size_t i = 0; i < words.names.size(); ++i) {
    if (words.names[i].name == "version" && compiled->mentions(i)) return true;
  }
  return false;
}

// For whoever runs what is taken back: at once, before everything else, and without asking.
Deployment healing_of(const domain::Snapshot& snapshot, const Deployment& bad, const BackTo& to,
                      std::string_view why, base::Time now) {
  Deployment row;
  row.tenant = bad.tenant;
  row.priority = kHealingPriority;
  row.target.release = to.release;
  row.target.kit = to.kit;
  row.everyone = bad.everyone;
  row.device_keys = bad.device_keys;
  row.excluded_keys = bad.excluded_keys;
  row.audience = bad.audience;
  // Its place in another deployment is another one: who runs the bad version says it better.
  row.audience.share_ppm = domain::kWholeShare;
  if (asks_for_version(row.audience.filter)) row.audience.filter.clear();
  if (asks_for_version(row.audience.excluded_filter)) row.audience.excluded_filter.clear();
  row.from_versions = versions_taken_back(snapshot, bad, to);
  row.urgency = domain::Urgency::forced;
  row.attempts_max = bad.attempts_max;
  row.timeouts = bad.timeouts;
  row.downgrade_reason = "takes back deployment " + bad.name + ": " + std::string(why);
  if (row.downgrade_reason.size() > limits::kReasonBytesMax) {
    row.downgrade_reason = "takes back deployment " + std::to_string(bad.id.value);
  }
  row.heals = bad.id;
  row.state = DeploymentState::running;
  row.created_at = row.updated_at = now;
  begin(row, now);
  return row;
}

// A name that nobody else in the tenant has.
std::string healing_name(const domain::CatalogueRows& rows, const Deployment& bad) {
  const auto taken = [&](const std::string& name) {
    return std::any_of(rows.deployments.begin(), rows.deployments.end(), [&](const auto& row) {
      return row.tenant == bad.tenant && row.name == name;
    });
  };
  std::string base = "take back " + bad.name;
  if (base.size() + 5 > limits::kNameBytesMax) {
    base = "take back deployment " + std::to_string(bad.id.value);
  }
  std::string name = base;
  for (size_t n = 2; taken(name) && n < kCopyNumbersTried; ++n) {
    name = base + " " + std::to_string(n);
  }
  return name;
}

}  // namespace

base::Status CatalogueService::roll_back_in(Draft& draft, Deployment& row, const BackTo& to,
                                            Mover mover, std::string why) {
  OTARU_CHECK(check_back_to(*draft.before, row, to));
  OTARU_CHECK(take(row, DeploymentStep::roll_back, mover));
  Deployment healing = healing_of(*draft.before, row, to, why, draft.now);
  healing.id = domain::DeploymentId{ids_.deployment + 1};
  healing.name = healing_name(draft.rows, row);
  row.rollout.stopped_by = std::move(why);
  row.rollout.healed_by = healing.id;
  row.updated_at = draft.now;
  draft.put(row);
  ids_.deployment += 1;  // an id that is not used after all does no harm
  // `row` is of the same list.
  draft.add(draft.rows.deployments, std::move(healing));
  return {};
}

base::Result<Deployment> CatalogueService::act(const Actor& actor, domain::DeploymentId id,
                                               DeploymentAction action, std::string_view reason) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "deployment", "deployment"));
  const bool live = row->state == DeploymentState::running || row->state == DeploymentState::paused;
  OTARU_CHECK(check_reason(reason, action == DeploymentAction::cancel && live));
  switch (action) {
    case DeploymentAction::start:
    case DeploymentAction::resume: {
      // The server starts what is scheduled, and approving is another action.
      const auto wanted = action == DeploymentAction::start ? DeploymentState::draft
                                                            : DeploymentState::paused;
      if (row->state != wanted) {
        return base::fail(Code::precondition,
                          "the deployment is " + std::string(name_of(row->state)) + ": " +
                              std::string(name_of(step_of(action))) + " is not possible");
      }
      OTARU_CHECK(check_ready(*draft.before, *row, draft.now));
      if (action == DeploymentAction::start && needs_approval(draft, *row)) {
        OTARU_CHECK(take(*row, DeploymentStep::request, Mover::person));
        add_step(*row, domain::ApprovalStep::requested, actor, reason, draft.now);
      } else {
        // What stopped it is forgiven: from here on brakes weigh what is new.
        row->rollout.forgiven = engine_.board().brake_counts(id);
        OTARU_CHECK(start_or_schedule(*row, step_of(action), draft.now));
      }
      break;
    }
    case DeploymentAction::pause:
    case DeploymentAction::finish:
    case DeploymentAction::cancel:
      OTARU_CHECK(take(*row, step_of(action), Mover::person));
      row->rollout.stopped_by = said_by(actor, reason);
      break;
  }
  row->updated_at = draft.now;
  draft.put(*row);
  draft.say_why(id, reason);
  Deployment out = *row;
  OTARU_CHECK(
      commit(draft, draft.deed("deployment." + std::string(name_of(step_of(action))), *row)));
  return out;
}

base::Result<Deployment> CatalogueService::roll_back(const Actor& actor, domain::DeploymentId id,
                                                     const BackTo& to, std::string_view reason) {
  OTARU_CHECK(check_reason(reason, true));
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "deployment", "deployment"));
  if (!row->rollout.started_at) {
    return base::fail(Code::precondition, "the deployment was never started",
                      "there is nothing to take back");
  }
  draft.say_why(id, reason);
  const Deed deed = draft.deed("deployment.roll_back", *row);
  OTARU_CHECK(roll_back_in(draft, *row, to, Mover::person, said_by(actor, reason)));
  Deployment out = *draft.find(id);
  OTARU_CHECK(commit(draft, deed));
  return out;
}

base::Result<Deployment> CatalogueService::open_next_wave(const Actor& actor,
                                                          domain::DeploymentId id,
                                                          std::string_view reason) {
  OTARU_CHECK(check_reason(reason, true));
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "deployment", "deployment"));
  OTARU_CHECK(take(*row, DeploymentStep::open_wave, Mover::person));
  OTARU_CHECK(check_next_wave(*row));
  const domain::Wave& last = *last_open_wave(*row);
  if (last.gate.approval && !row->rollout.next_approved) {
    return base::fail(Code::precondition, "the next wave needs an approval", "approve it first");
  }
  if (last.test) {
    const auto verdict = weigh_gate(*row);
    if (!verdict.holds) {
      return base::fail(Code::precondition,
                        "wave " + last.name + " is of test devices and its gate does not hold: " +
                            verdict.numbers,
                        "wait for it, or change the gate");
    }
  }
  open_wave(*row, draft.now);
  row->updated_at = draft.now;
  draft.put(*row);
  draft.say_why(id, reason);
  Deployment out = *row;
  OTARU_CHECK(commit(draft, draft.deed("deployment.open_wave", *row)));
  return out;
}

base::Result<Deployment> CatalogueService::approve_wave(const Actor& actor,
                                                        domain::DeploymentId id,
                                                        std::string_view reason) {
  OTARU_CHECK(check_reason(reason, false));
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "deployment", "deployment"));
  OTARU_CHECK(take(*row, DeploymentStep::approve_wave, Mover::person));
  OTARU_CHECK(check_next_wave(*row));
  if (!last_open_wave(*row)->gate.approval) {
    return base::fail(Code::precondition,
                      "wave " + last_open_wave(*row)->name + " asks for no approval");
  }
  if (row->rollout.next_approved) {
    return base::fail(Code::precondition, "the next wave is approved already");
  }
  row->rollout.next_approved = true;
  add_step(*row, domain::ApprovalStep::approved, actor, reason, draft.now);
  row->updated_at = draft.now;
  draft.put(*row);
  draft.say_why(id, reason);
  Deployment out = *row;
  OTARU_CHECK(commit(draft, draft.deed("deployment.approve_wave", *row)));
  return out;
}

domain::GateVerdict CatalogueService::weigh_gate(const Deployment& row) const {
  const domain::Wave* wave = last_open_wave(row);
  if (wave == nullptr) return {};
  const auto progress = engine_.board().progress(row.id, engine_.clock().now());
  const auto tally = progress.waves.find(row.rollout.open_waves - 1);
  domain::GateCounts counts;
  if (tally != progress.waves.end()) {
    const int64_t unwell = tally->second.in(domain::Aftermath::silent) +
                           tally->second.in(domain::Aftermath::unhealthy);
    counts = {tally->second.succeeded() - unwell, tally->second.failed() + unwell};
  }
  return domain::weigh(wave->gate, counts);
}

// --- Approval of the start -----------------------------------------------------------------------

bool CatalogueService::needs_approval(const Draft& draft, const Deployment& row) const {
  const std::string own =
      "tenant." + draft.tenant_name(row.tenant) + "." + std::string(kApprovalSetting);
  const std::string* setting = domain::find_text(draft.rows.settings, own);
  if (setting == nullptr) setting = domain::find_text(draft.rows.settings, kApprovalSetting);
  const int64_t least = setting == nullptr ? 0 : base::parse_int(*setting).value_or(0);
  if (least == 0) return false;
  const int64_t devices = row.everyone ? engine_.device_count(row.tenant)
                                       : static_cast<int64_t>(row.device_keys.size());
  return devices >= least;
}

void CatalogueService::approve_again(const Draft& draft, Deployment& row) const {
  switch (row.state) {
    case DeploymentState::awaiting_approval:
      row.state = DeploymentState::draft;
      add_step(row, domain::ApprovalStep::withdrawn, draft.actor, "it was changed", draft.now);
      return;
    case DeploymentState::scheduled:
    case DeploymentState::running:
    case DeploymentState::paused:
      if (!needs_approval(draft, row)) return;
      row.state = DeploymentState::awaiting_approval;
      add_step(row, domain::ApprovalStep::requested, draft.actor, "it was changed", draft.now);
      return;
    case DeploymentState::draft:
    case DeploymentState::finished:
    case DeploymentState::cancelled:
    case DeploymentState::rolled_back:
      return;
  }
}

base::Result<Deployment> CatalogueService::decide_approval(const Actor& actor,
                                                           domain::DeploymentId id,
                                                           domain::ApprovalStep step,
                                                           std::string_view reason) {
  OTARU_CHECK(check_reason(reason, false));
  const bool approves = step == domain::ApprovalStep::approved;
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "deployment", "deployment"));
  if (row->state != DeploymentState::awaiting_approval) {
    return base::fail(Code::precondition, "the deployment is " + std::string(name_of(row->state)) +
                                              ": nobody asked for an approval");
  }
  if (approves && (row->approvals.empty() || row->approvals.back().who == who_of(actor))) {
    return base::fail_field(Code::forbidden, "", "who asked for the start cannot approve it",
                            "somebody else has to, with a log-in or key of their own");
  }
  if (approves) {
    OTARU_CHECK(check_ready(*draft.before, *row, draft.now));
    row->rollout.forgiven = engine_.board().brake_counts(id);
    OTARU_CHECK(start_or_schedule(*row, DeploymentStep::start, draft.now));
  } else {
    OTARU_CHECK(take(*row, DeploymentStep::reject, Mover::person));
  }
  row->updated_at = draft.now;
  add_step(*row, step, actor, reason, draft.now);
  draft.put(*row);
  draft.say_why(id, reason);
  Deployment out = *row;
  OTARU_CHECK(
      commit(draft, draft.deed(approves ? "deployment.approve" : "deployment.reject", *row)));
  return out;
}

// --- What the server does by itself --------------------------------------------------------------

// False: the deployment is not as it was any more, and nothing is done.
base::Result<bool> CatalogueService::take_step(Draft& draft, const RolloutStep& step) {
  Deployment* row = draft.find(step.deployment);
  if (row == nullptr || row->rollout.open_waves != step.open_waves) return false;
  const auto moved = [&](DeploymentStep to) {
    return take(*row, to, Mover::server).has_value();
  };
  switch (step.what) {
    case RolloutStep::What::start:
      if (waits_for_its_time(*row, draft.now) || !moved(DeploymentStep::start)) return false;
      begin(*row, draft.now);
      break;
    case RolloutStep::What::gate:
      if (row->state != DeploymentState::running) return false;
      row->rollout.gate_met_at = step.gate_met_at;
      break;
    case RolloutStep::What::open_wave:
      if (!check_next_wave(*row) || !moved(DeploymentStep::open_wave)) return false;
      open_wave(*row, draft.now);
      break;
    case RolloutStep::What::finish:
      if (!row->deadline || *row->deadline > draft.now || !moved(DeploymentStep::finish)) {
        return false;
      }
      row->rollout.stopped_by = step.why;
      break;
    case RolloutStep::What::pause:
    case RolloutStep::What::cancel:
      if (!moved(step.what == RolloutStep::What::pause ? DeploymentStep::pause
                                                       : DeploymentStep::cancel)) {
        return false;
      }
      row->rollout.stopped_by = step.why;
      break;
    case RolloutStep::What::roll_back: {
      if (!domain::transition(row->state, DeploymentStep::roll_back, Mover::server)) return false;
      OTARU_CHECK(roll_back_in(draft, *row, step.back_to, Mover::server, step.why));
      return true;
    }
  }
  row->updated_at = draft.now;
  draft.put(*row);
  return true;
}

base::Result<size_t> CatalogueService::take_steps(std::span<const RolloutStep> steps) {
  const std::lock_guard lock(mutex_);
  const Actor actor = system_actor("rollout");
  Draft draft(engine_, actor);
  draft.reasons.by_server = true;
  size_t taken = 0;
  for (const auto& step : steps) {
    const size_t first = draft.batch.ops.size();
    OTARU_TRY(done, take_step(draft, step));
    if (!done) continue;
    ++taken;
    draft.say_why(step.deployment, step.why);
    draft.write_entry(draft.deed(action_of(step.what), *draft.find(step.deployment)), first);
  }
  if (taken == 0) return taken;
  OTARU_CHECK(publish(draft));
  return taken;
}

}  // namespace otaru::app
