// SPDX-License-Identifier: Apache-2.0
// The dry run of a deployment: what it would do to a fleet if it ran, counted device by device with
// the same decision that devices get. Pure: the fleet comes in piece by piece.
//
// Waves count as open, so that each shows whom it holds; rates and brakes are left out, they are
// about when, and told as an estimate.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/decide.h"
#include "domain/door.h"

namespace otaru::domain {

// The catalogue as it would be if the deployment ran from now on, all its waves open.
// Code::not_found; Code::precondition for one that has ended.
base::Result<std::shared_ptr<const Snapshot>> as_if_running(const Snapshot& snapshot,
                                                            DeploymentId deployment);

enum class Fate {
  begins,     // would be offered it now
  waits,      // would be offered it, but not now: DryRunLook::reason
  under_way,  // has a task of it already
  elsewhere,  // another deployment, or its task, comes first
  stopped,    // is not meant, or needs nothing: DryRunLook::reason
};
std::string_view name_of(Fate v);

// What becomes of one component of a device.
struct DryRunLook {
  Fate fate = Fate::stopped;
  Reason reason = Reason::no_deployment;  // of the deployment alone
  DeploymentId first;                     // elsewhere: the one that comes first
  int64_t wave = 0;                       // begins, waits, elsewhere
  ReleaseId release;                      // these, too
  std::vector<PackageId> chain;
  int64_t bytes = 0;
};

// Of one update that would be made.
enum class DryRunPath { full, delta, chain };
inline constexpr size_t kDryRunPaths = 3;

struct DryRunTotal {
  int64_t updates = 0;
  std::array<int64_t, kDryRunPaths> paths{};
  int64_t bytes = 0;
  void add(DryRunPath path, int64_t size_bytes);
  friend bool operator==(const DryRunTotal&, const DryRunTotal&) = default;
};

// Devices that share a fate and a reason, and some of them: those whose place is lowest, so that
// the sample does not depend on the order of the fleet.
struct DryRunGroup {
  int64_t updates = 0;
  std::vector<std::pair<int64_t, std::string>> sample;  // (place, device key), ascending
  friend bool operator==(const DryRunGroup&, const DryRunGroup&) = default;
};

struct DryRunCount {
  int64_t devices = 0;    // looked at
  int64_t concerned = 0;  // of them: with a component of a product that it could update
  int64_t matching = 0;   // of them: that would be updated, now or later
  // What would be moved: begins and waits.
  DryRunTotal all;
  std::map<int64_t, DryRunTotal> waves;
  std::map<std::string, DryRunTotal> from_versions;  // "" is unknown; beyond a limit: others
  DryRunTotal other_versions;
  std::map<std::pair<Fate, Reason>, DryRunGroup> groups;
  friend bool operator==(const DryRunCount&, const DryRunCount&) = default;
};

// One device of a group, with the sentence and the rules that decided.
struct DryRunExample {
  Fate fate = Fate::stopped;
  Reason reason = Reason::no_deployment;
  std::string device;
  std::string slot;
  std::string version;
  std::string english;
  std::string chinese;
  Trace trace;
};

class DryRun {
 public:
  // `snapshot`: as_if_running(). Both outlive it.
  DryRun(const Snapshot& snapshot, const Doors& doors, DeploymentId deployment, base::Time at);

  // Whether it has a component that the deployment could update; only those need their tasks.
  bool concerns(const Device& device) const;
  // Counts a device (with its tasks, if it is concerned).
  void add(const Device& device);
  DryRunLook look(const Device& device, const Component& component) const;

  // How it came to a group; nothing when the device is not in it (any more).
  std::optional<DryRunExample> example(const Device& device, Fate fate, Reason reason) const;

  const DryRunCount& count() const { return count_; }
  const Deployment& row() const { return *compiled_.deployment; }

 private:
  bool concerns(ProductId product) const;
  std::vector<Component> asked_of(const Device& device) const;
  DryRunPath path_of(const DryRunLook& look) const;
  void tally(const Device& device, const Component& component, const DryRunLook& look);

  const Snapshot& snapshot_;
  const Doors& doors_;
  const CompiledDeployment& compiled_;
  base::Time at_;
  DryRunCount count_;
};

// How long it takes at the chosen rate when every device asks often: a lower bound.
struct DryRunEstimate {
  int64_t rate_ms = 0;             // by per_minute, growth and bytes_per_second
  int64_t soak_ms = 0;             // of the gates between waves
  int64_t total_ms = 0;            // stretched where windows are open only part of the week
  int64_t open_ppm = kWholeShare;  // of the week, by the windows
  int64_t approvals = 0;           // gates that also wait for a person
  bool bounded = true;             // false: longer than ten years, or no end
};
DryRunEstimate estimate(const Deployment& row, const DryRunCount& count);

}  // namespace otaru::domain
