// SPDX-License-Identifier: Apache-2.0
// Internal to domain: rule 3 of decide.h, what one deployment makes of one check.
#pragma once

#include <string_view>

#include "domain/audience_rules.h"
#include "domain/decide.h"
#include "domain/decision_trace.h"
#include "domain/labels.h"
#include "domain/version_index.h"

namespace otaru::domain {

// How far down the list of rule 3 a deployment got: the reason of the furthest is the answer.
int depth_of(Reason reason);

struct Outcome {
  Reason reason = Reason::no_deployment;
  const CompiledDeployment* deployment = nullptr;
  const CompiledRelease* release = nullptr;
  std::string_view label;
  Plan plan;
  int64_t wave = 0;
  std::optional<base::Time> retry_at;
};

// Made for one check; what it refers to must outlive it.
class DeploymentRules {
 public:
  DeploymentRules(const Snapshot& snapshot, const CompiledProduct& product, const Device& device,
                  const CheckIn& check_in, base::Time now);

  Outcome evaluate(const CompiledDeployment& compiled, const DecisionTrace& trace) const;
  const AudienceRules& whom() const { return whom_; }
  // Whether the device reports this very version, however it is spelled.
  bool reports(std::string_view version) const;

 private:
  bool from_versions(const CompiledDeployment& compiled, const DecisionTrace& trace) const;
  void fixed_target(const CompiledDeployment& compiled, const DecisionTrace& trace,
                    Outcome& out) const;
  void newest_in_channel(const CompiledDeployment& compiled, const DecisionTrace& trace,
                         Outcome& out) const;
  bool try_newest(const CompiledDeployment& compiled, const ReleaseChannel& channel,
                  const DecisionTrace& trace, Outcome& out, Outcome& mismatched) const;
  std::optional<LabelMismatch> mismatch_of(const Release& release) const;
  bool labels_passed(const CompiledDeployment& compiled, const CompiledRelease& release,
                     const std::optional<LabelMismatch>& mismatch,
                     const DecisionTrace& trace) const;
  bool installable(size_t at) const;
  bool version_passed(const CompiledDeployment& compiled, size_t at,
                      const DecisionTrace& trace) const;
  bool served(const ReleaseChannel& channel, std::string_view label) const;
  size_t newest_meant(const ReleaseChannel& channel) const;
  void try_release(const CompiledDeployment& compiled, size_t at, const DecisionTrace& trace,
                   Outcome& out) const;
  bool attempts(const CompiledDeployment& compiled, const Release& release,
                const DecisionTrace& trace) const;

  AudienceRules whom_;
  const CompiledProduct& product_;
  const VersionIndex& index_;
  const Device& device_;
  const CheckIn& check_in_;
  base::Time now_;
  VersionPlace place_;
};

}  // namespace otaru::domain
