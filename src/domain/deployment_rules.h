// SPDX-License-Identifier: Apache-2.0
// Internal to domain: rule 3 of decide.h, what one deployment makes of one check.
#pragma once

#include <string_view>

#include "domain/audience_rules.h"
#include "domain/conditions.h"
#include "domain/decide.h"
#include "domain/decision_trace.h"
#include "domain/labels.h"
#include "domain/version_index.h"

namespace otaru::domain {

// How far down the list of rule 3 a deployment got: the reason of the furthest is the answer.
int depth_of(Reason reason);

// The bound for attempts that failed before installation began (a bad download, a device that never
// came for it). They do not count as attempts, but must not go on for ever either. Less than
// limits::kTasksInStateMax, so that a device still knows them all.
inline constexpr int64_t kEarlyFailuresMax = 12;
// So many may follow one another as fast as the device asks; then waiting begins and doubles.
inline constexpr int64_t kEarlyFailuresFree = 3;
inline constexpr int64_t kEarlyWaitMs = 60'000;
inline constexpr int64_t kEarlyWaitMaxMs = 6 * 3'600'000;

// Why an update that is wanted does not begin now.
struct Hold {
  Reason reason = Reason::offer;  // offer: nothing holds it
  std::string_view label;
  std::optional<base::Time> retry_at;
  explicit operator bool() const { return reason != Reason::offer; }
};

struct Outcome {
  Reason reason = Reason::no_deployment;
  const CompiledDeployment* deployment = nullptr;
  const CompiledRelease* release = nullptr;  // to install first: a stepping stone, or the last one
  std::string_view label;
  Plan plan;
  int64_t wave = 0;
  std::optional<base::Time> retry_at;
  const CompiledRelease* final_release = nullptr;  // where a stepping stone leads to
  bool holds = false;  // it would serve the device, but not now: those below are not asked
};

// Makes it the answer.
void accept(const Outcome& outcome, Decision& decision);

// Consent, conditions, window: they hold tasks that have not begun, too. `open`: the open task of
// the component, if there is one.
struct HoldQuestion {
  const Deployment& row;
  const Device& device;
  const Task* open = nullptr;
  int64_t bytes = 0;  // of the offer
  base::Time now;
  Thresholds thresholds = Thresholds::ours;
};
Hold hold_of(const HoldQuestion& asked, const DecisionTrace& trace);
// Brakes and, unless there is a task already, rates. Without `live` nothing holds.
Hold admission_hold(const HoldQuestion& asked, const Admissions* live, const DecisionTrace& trace);

// Made for one check; what it refers to must outlive it.
class DeploymentRules {
 public:
  DeploymentRules(const Snapshot& snapshot, const CompiledProduct& product, const Device& device,
                  const CheckIn& check_in, base::Time now);

  // Whether the deployment has something for the device: `offer`, with the plan, or why not.
  Outcome concern(const CompiledDeployment& compiled, const DecisionTrace& trace) const;
  // The same, and whether it may begin now.
  Outcome evaluate(const CompiledDeployment& compiled, const Admissions* live,
                   const DecisionTrace& trace) const;
  // Which deployment takes that release back from this device; nullptr: none.
  const CompiledDeployment* taken_back_by(ReleaseId release) const;
  HoldQuestion question(const Deployment& row, int64_t bytes) const;
  const AudienceRules& whom() const { return whom_; }
  // Whether the device reports this very version, however it is spelled.
  bool reports(std::string_view version) const;

 private:
  class TakenBack;
  bool from_versions(const CompiledDeployment& compiled, const DecisionTrace& trace) const;
  bool healed(const CompiledDeployment& compiled, const DecisionTrace& trace) const;
  const Task* stone_reached(const Deployment& row) const;
  void fixed_target(const CompiledDeployment& compiled, const DecisionTrace& trace,
                    Outcome& out) const;
  void newest_in_channel(const CompiledDeployment& compiled, const DecisionTrace& trace,
                         Outcome& out) const;
  bool try_newest(const CompiledDeployment& compiled, const ReleaseChannel& channel,
                  const DecisionTrace& trace, Outcome& out, Outcome& skipped) const;
  std::optional<LabelMismatch> mismatch_of(const Release& release) const;
  bool labels_passed(const CompiledDeployment& compiled, const CompiledRelease& release,
                     const std::optional<LabelMismatch>& mismatch,
                     const DecisionTrace& trace) const;
  bool installable(size_t at) const;
  bool leads_down(const Deployment& row, size_t at) const;
  bool version_passed(const CompiledDeployment& compiled, size_t at,
                      const DecisionTrace& trace) const;
  bool served(const ReleaseChannel& channel, std::string_view label) const;
  enum class Meant { by_labels, and_offered };
  std::optional<size_t> newest_meant(const ReleaseChannel& channel, Meant meant) const;
  const CompiledTarget* target_of(const CompiledDeployment& compiled) const;
  const CompiledDeployment* taken_back_by(size_t at) const;
  bool takes_back(const CompiledDeployment& taker, size_t at) const;
  bool offered_still(const CompiledDeployment& compiled, size_t at,
                     const DecisionTrace& trace) const;
  // The release to install first on the way; nothing: no stepping stone leads there.
  std::optional<size_t> first_step(size_t at) const;
  void settle(const CompiledDeployment& compiled, const KitItem* item, size_t at,
              const DecisionTrace& trace, Outcome& out) const;
  const Requirement* unmet(const std::vector<Requirement>& list) const;
  bool requirements(const CompiledDeployment& compiled, const KitItem* item,
                    const DecisionTrace& trace, Outcome& out) const;
  void try_release(const CompiledDeployment& compiled, size_t at, const DecisionTrace& trace,
                   Outcome& out) const;
  bool attempts(const CompiledDeployment& compiled, const Release& release,
                const DecisionTrace& trace, Outcome& out) const;
  bool is_failure(const Task& task, DeploymentId deployment, ReleaseId release) const;
  bool is_same(const Task& task, DeploymentId deployment, ReleaseId release) const;
  Hold kit_order(const CompiledDeployment& compiled, const DecisionTrace& trace) const;
  Hold retry(const Deployment& row, const Release& release, const DecisionTrace& trace) const;

  const Snapshot& snapshot_;
  AudienceRules whom_;
  const CompiledProduct& product_;
  const VersionIndex& index_;
  const Device& device_;
  const CheckIn& check_in_;
  base::Time now_;
  VersionPlace place_;
};

}  // namespace otaru::domain
