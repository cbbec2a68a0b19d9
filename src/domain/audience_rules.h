// SPDX-License-Identifier: Apache-2.0
// Internal to domain: the rules of a deployment that ask only who the device is and what time it
// is: schedule, deadline, audience, wave. The same for components and for kits.
#pragma once

#include <optional>

#include "domain/decision_trace.h"
#include "domain/snapshot.h"

namespace otaru::domain {

// Made for one check; what it refers to must outlive it.
class AudienceRules {
 public:
  AudienceRules(const Snapshot& snapshot, const Device& device, base::Time now)
      : snapshot_(snapshot), device_(device), now_(now) {}

  bool schedule(const CompiledDeployment& compiled, const DecisionTrace& trace) const;
  bool deadline(const CompiledDeployment& compiled, const DecisionTrace& trace) const;
  // Exclusions, members, filter, hardware, share.
  bool audience(const CompiledDeployment& compiled, const DecisionTrace& trace) const;
  // What of it also ends an update that has begun: an installation changes what filters look at,
  // so they only say who begins.
  bool membership(const CompiledDeployment& compiled, const DecisionTrace& trace) const;
  // The device's wave; empty when it fits none. Without waves: 0.
  std::optional<size_t> wave_of(const CompiledDeployment& compiled) const;
  bool wave(const CompiledDeployment& compiled, std::optional<size_t> fits,
            const DecisionTrace& trace) const;

 private:
  bool excluded(const CompiledDeployment& compiled, const DecisionTrace& trace) const;
  bool member(const CompiledDeployment& compiled, const DecisionTrace& trace) const;
  bool hardware(const CompiledDeployment& compiled, const DecisionTrace& trace) const;
  bool share(const CompiledDeployment& compiled, const DecisionTrace& trace) const;
  bool fits(const CompiledDeployment& compiled, size_t wave) const;
  const CompiledGroup* group_of(const std::vector<const CompiledGroup*>& groups) const;
  bool matches(const Filter& filter) const;

  const Snapshot& snapshot_;
  const Device& device_;
  base::Time now_;
};

// How many waves are open: the server opens the first one when it starts the deployment, which may
// be a moment after its time has come.
size_t open_waves(const Deployment& row);

}  // namespace otaru::domain
