// SPDX-License-Identifier: Apache-2.0
// The decision. One pure function answers devices, operators ("why is this device not updated?"),
// dry runs, the simulator and the tests: no clock, no I/O, no allocation beyond the answer.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "domain/admission.h"
#include "domain/device.h"
#include "domain/plan.h"
#include "domain/snapshot.h"
#include "domain/task.h"

namespace otaru::domain {

// What a device says about one of its components now.
struct CheckIn {
  ProductId product;         // resolved by the dialect from its own words
  std::string_view slot;     // Component::slot
  std::string_view version;  // as reported; empty: not known, treated as older than everything
  // Texts a release's labels are compared with, e.g. {"language","CN"}; a label of a release that
  // the check-in does not state is a mismatch only if `strict_labels`.
  std::span<const std::pair<std::string_view, std::string_view>> labels;
  bool strict_labels = false;
  std::span<const int64_t> permissions;  // permission ids the requester holds
  PlanRules rules;                 // what the protocol can carry; mode is added from the deployment
  bool reinstall_allowed = false;  // Release::force may offer the version that already runs
  bool download_only_allowed = false;  // the protocol can say "fetch, but do not install"
  // The answer carries signal_min and power_min_percent, and the device waits for them itself: the
  // conditions signal and power are not looked at here.
  bool keeps_thresholds = false;
};

enum class Reason {
  offer,              // there is an update: Decision::offer is set
  continue_task,      // an open task of this device goes on: offer and task are set
  up_to_date,         // runs the target, or something newer
  unknown_product,    // no such product
  no_deployment,      // no running deployment concerns this product
  deployment_paused,  // one would, but it is paused
  not_in_audience,    // deployments exist, none of them names this device
  device_blocked,
  from_version_excluded,  // the deployment asks for other source versions
  label_mismatch,         // Decision::label names which (language, robot_version ...)
  not_visible,            // packages exist, but none that this requester may see
  no_package,             // newer release, but no file leads there
  base_mismatch,          // only deltas, and none applies to the reported version
  bad_version,            // the reported version does not fit the product's scheme
  no_release,             // nothing published in the channel
  attempts_exhausted,     // failed too often
  deadline_passed,
  not_started,          // scheduled: Decision::retry_at says when it begins
  not_in_wave,          // its wave is not open yet, or it fits none
  release_withdrawn,    // another deployment takes this release back from this device
  requirement_unmet,    // another product must be there first, at some version
  waits_for_component,  // a kit: another component of this device has its turn before
  retry_later,          // has failed; the retry interval is not over
  mode_unsupported,     // the protocol cannot say what the deployment asks for
  consent_needed,       // somebody has to agree; Decision::task waits for it once it is born
  consent_postponed,    // until Decision::retry_at
  consent_refused,      // the device opted out
  condition_unmet,      // Decision::label names which: signal, power, free_space, network
  outside_window,       // until Decision::retry_at
  braked,               // a brake has tripped
  rate_limited,         // until Decision::retry_at; Decision::label names the limit
  task_cancelled,       // an operator cancelled this release of the deployment on this device
};

struct Offer {
  DeploymentId deployment;
  ReleaseId release;
  std::vector<PackageId> chain;
  int64_t bytes = 0;
};

struct Decision {
  Reason reason = Reason::no_deployment;
  std::optional<Offer> offer;
  TaskId task;              // the open task that goes on, if any
  TaskId superseded;        // an open task that this decision ends, with or without an offer
  DeploymentId deployment;  // the deployment that was decisive, if any
  ReleaseId release;        // the release that was decisive, if any
  std::string_view label;   // what of it, where the reason says so; static or in the snapshot
  std::optional<base::Time> retry_at;  // worth asking again then, and not before
  int64_t wave = 0;                    // of the deployment, with an offer or where it waits for one
  bool stepping = false;               // the release is a stepping stone
  ReleaseId final_release;             // where the stepping stone leads to
  bool has_offer() const { return offer.has_value(); }
};

// One step of the reasoning, for people.
struct TraceStep {
  DeploymentId deployment;  // zero: about the device or product as a whole
  std::string rule;         // "audience", "version", "labels", "package" ...
  bool passed = false;
  std::string detail;  // the values compared, e.g. "1.2 < 2.0"
};
using Trace = std::vector<TraceStep>;

// Rules, in order (docs/deployments.md tells them to operators):
//  1. blocked devices get nothing.
//  2. an open task of the slot goes on while its deployment runs (or is paused: deployment_paused),
//     its release is published, its device still in the audience and the deadline not passed. One
//     that has begun (downloading, upgrading) is ended by exclusions, not by filters, and waits for
//     nothing; one that has not waits as rule 3 says, ends when its release is taken back, and
//     gives way when rule 3 finds another release (superseded).
//     A task that is paused itself answers deployment_paused too, with `task` set. It also ends
//     when the device reports something newer than its target (unless the deployment may lead
//     down), or its packages are gone or no longer apply to the reported version (while it is
//     upgrading it stays); packages that this requester may not see: not_visible, and nothing ends.
//  3. running deployments of the product, highest priority first; the first that offers wins, and
//     one that would offer but lets the device wait holds its place: those below are not asked.
//     Whether it concerns the device: schedule, deadline, audience, from_versions, wave, release
//     (newest in channel whose labels match), version, what was taken back, stepping stone,
//     requirements, attempts, visibility, plan, mode. Whether it may begin: order of a kit, retry
//     interval, consent, conditions, window, brakes and rate.
//  4. nothing offered: the reason of the deployment that got furthest down the list, or
//     deployment_paused when a paused one concerns the device.
// Without `live` every deployment lets everything begin.
Decision decide(const Snapshot& snapshot, const Device& device, const CheckIn& check_in,
                base::Time now, Trace* trace = nullptr, const Admissions* live = nullptr);

// The kits of a tenant for a requester: the highest published kit that a running deployment covers
// (target kit, or newest_in_channel without product) and the requester may see; offered when it is
// newer than `version` (lenient dotted comparison; empty = older than everything).
struct KitDecision {
  Reason reason = Reason::no_release;
  const Kit* kit = nullptr;  // set with Reason::offer
  DeploymentId deployment;   // the one that was decisive, if any
  std::string_view label;    // these as in Decision
  std::optional<base::Time> retry_at;
  int64_t wave = 0;
};
KitDecision decide_kit(const Snapshot& snapshot, TenantId tenant, const Device& device,
                       std::string_view version, std::span<const int64_t> permissions,
                       base::Time now, Trace* trace = nullptr, const Admissions* live = nullptr);

std::string_view name_of(Reason reason);
// One sentence for people, naming the values: "Is offered 2.0 (delta from 1.2, 4 711 bytes) by
// deployment 'spring'." Language "en" or "zh".
std::string explain(const Snapshot& snapshot, const Device& device, const CheckIn& check_in,
                    const Decision& decision, std::string_view language);

}  // namespace otaru::domain
