// SPDX-License-Identifier: Apache-2.0
// A deployment: what is installed, for whom and how. Plain values, as operators set them and stores
// keep them; decide() is their only interpreter. docs/deployments.md tells them to operators.
//
// Shares are parts per million (kWholeShare); times are milliseconds; a limit of 0 is none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "domain/ids.h"
#include "domain/key_set.h"
#include "domain/task.h"
#include "domain/window.h"

namespace otaru::domain {

inline constexpr int64_t kWholeShare = 1'000'000;

// draft: being written. awaiting_approval: somebody asked to start it and somebody else has to
// agree. scheduled: started, but Deployment::starts_at has not come. rolled_back: ended, and
// another deployment (Rollout::healed_by) takes its devices back.
enum class DeploymentState {
  draft,
  awaiting_approval,
  scheduled,
  running,
  paused,
  finished,
  cancelled,
  rolled_back,
};

enum class PackageMode { any, full_only, delta_only };
// soft: the device may choose its moment. forced: at once, nobody is asked. download_only: fetched,
// but not installed until the deployment says otherwise; only where the protocol can say that.
enum class Urgency { soft, forced, download_only };
enum class ConsentMode { none, ask };  // whether a person or application has to agree first

// What a deployment installs. Exactly one of: a release, a kit, or the newest published release in
// a channel (a standing deployment), of one product or of every product of the tenant.
struct DeploymentTarget {
  ReleaseId release;
  KitId kit;
  std::string newest_in_channel;
  ProductId product;  // only with newest_in_channel; zero: every product, and the kits too
  friend bool operator==(const DeploymentTarget&, const DeploymentTarget&) = default;
};

// Whom, beside Deployment::everyone, device_keys, excluded_keys and from_versions. A device is
// meant when it is not excluded, and everyone is meant or it is listed or in one of the groups, and
// it passes filter, hardware and share.
struct Audience {
  std::vector<GroupId> groups;
  std::string filter;                 // canonical text (filter.h, device_words()); empty: any
  std::vector<std::string> hardware;  // of which it must say one (facts.h, hw_version); empty: any
  int64_t share_ppm = kWholeShare;    // of those: whose place() is below
  std::vector<GroupId> excluded_groups;
  std::string excluded_filter;  // empty: none
  friend bool operator==(const Audience&, const Audience&) = default;
};

// Where a device stands in a deployment: in [0, kWholeShare), the same for ever, and without
// relation to where it stands in another one. Whoever is below a share stays below a larger one.
int64_t place(DeploymentId deployment, std::string_view device_key);

// What the tasks of a wave must have come to before the next one opens.
struct Gate {
  int64_t sample_min = 0;                  // ended ones, succeeded or failed
  int64_t success_ppm_min = 0;             // of the ended ones
  int64_t failure_ppm_max = kWholeShare;   // of the ended ones
  int64_t soak_ms = 0;                     // all of this must have held for so long
  bool approval = false;                   // and a person must agree
  friend bool operator==(const Gate&, const Gate&) = default;
};

// One step. A device belongs to the first wave that it fits; one that fits none is not served.
// Without waves everybody is served at once.
struct Wave {
  std::string name;
  int64_t share_ppm = 0;        // whose place() is below: cumulative, 1 % then 10 % then all
  std::vector<GroupId> groups;  // or who is in one of these
  std::string filter;           // or who matches
  bool test = false;            // test devices: never skipped by hand
  Gate gate;                    // before the next wave; of the last one it is not looked at
  friend bool operator==(const Wave&, const Wave&) = default;
};

// How fast. Exact: the limits hold for every moment, and under any number of checks at once.
struct Rate {
  int64_t per_minute = 0;      // tasks that begin in any 60 s
  int64_t growth_percent = 0;  // per_minute grows by this after each ...
  int64_t growth_every_ms = 0;          // ... such time since the start ...
  int64_t growth_every_successes = 0;   // ... or after so many successes; one of the two
  int64_t per_minute_max = 0;  // where growing ends
  int64_t concurrent_max = 0;  // open tasks at once
  int64_t bytes_per_second = 0;  // of the offers that begin, averaged over each 60 s
  friend bool operator==(const Rate&, const Rate&) = default;
};

// What a device must have said about itself (facts.h). Deployment::signal_min and
// power_min_percent belong to them.
struct Conditions {
  int64_t free_bytes_min = 0;
  bool fits_package = false;          // free space for the offer's bytes
  std::vector<std::string> networks;  // "wifi", "ethernet" ...; empty: any
  bool strict = false;                // what it has not said counts as not met
  friend bool operator==(const Conditions&, const Conditions&) = default;
};

// A task in that state for so long, without a word from the device, fails (FailureClass::timeout).
struct Timeouts {
  int64_t pending_ms = 0;
  int64_t downloading_ms = 0;
  int64_t upgrading_ms = 0;
  friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

// What is looked at after "installed".
struct Watch {
  int64_t silence_ms = 0;  // no check-in for so long after it: silent
  int64_t health_ms = 0;   // reports of bad health count for so long after it
  friend bool operator==(const Watch&, const Watch&) = default;
};

enum class BrakeKind { failures, silence, health };
enum class BrakeAction { pause, cancel, roll_back };
struct Brake {
  BrakeKind kind = BrakeKind::failures;
  std::vector<FailureClass> classes;  // of failures; empty: any
  int64_t count_min = 0;   // trips at so many ...
  int64_t share_ppm = 0;   // ... or at this share of the ended (silence, health: installed) tasks
  int64_t sample_min = 0;  // of which there must be so many before the share counts
  BrakeAction action = BrakeAction::pause;
  ReleaseId back_to_release;  // roll_back: exactly one of the two
  KitId back_to_kit;
  friend bool operator==(const Brake&, const Brake&) = default;
};

// What brakes weigh. As Rollout::forgiven: what had happened when a person resumed the deployment
// although a brake had tripped, so that the same numbers do not stop it again at once; brakes then
// weigh what came after it, with a sample of its own.
struct BrakeCounts {
  struct OfClass {
    FailureClass failure = FailureClass::none;
    int64_t n = 0;
    friend bool operator==(const OfClass&, const OfClass&) = default;
  };
  int64_t succeeded = 0;  // installed
  int64_t silent = 0;
  int64_t unhealthy = 0;
  std::vector<OfClass> failures;  // those with any, in the order of the enumeration
  friend bool operator==(const BrakeCounts&, const BrakeCounts&) = default;
};

// How far it has come. Written by the server.
struct Rollout {
  std::optional<base::Time> started_at;
  int64_t open_waves = 0;  // of Deployment::waves; at least one once it runs
  base::Time wave_opened_at;
  std::optional<base::Time> gate_met_at;  // since when the gate of the last open wave holds
  bool next_approved = false;             // a person agreed to the next wave
  std::string stopped_by;                 // what paused or ended it, with its numbers
  DeploymentId healed_by;                 // rolled_back: which deployment takes the devices back
  BrakeCounts forgiven;                   // brakes weigh only what came after it
  friend bool operator==(const Rollout&, const Rollout&) = default;
};

// One step on the way to a deployment's start.
enum class ApprovalStep { requested, approved, rejected, withdrawn };
struct Approval {
  ApprovalStep step = ApprovalStep::requested;
  std::string who;     // "user 3", "key 7"; what makes two people two
  std::string name;    // as it was then
  std::string reason;  // of a refusal
  base::Time at;
  friend bool operator==(const Approval&, const Approval&) = default;
};

struct Deployment {
  DeploymentId id;
  TenantId tenant;
  std::string name;
  DeploymentState state = DeploymentState::draft;
  int64_t priority = 0;  // higher first; equal: the younger deployment first
  DeploymentTarget target;
  // Whom: everyone, or the listed device keys and Audience::groups.
  bool everyone = true;
  KeySet device_keys;
  KeySet excluded_keys;  // exclusions win
  std::vector<std::string> from_versions;  // reported versions it applies to; empty: any
  Audience audience;
  std::vector<Wave> waves;
  Rate rate;
  Windows windows;
  Conditions conditions;
  ConsentMode consent = ConsentMode::none;
  Urgency urgency = Urgency::soft;
  PackageMode mode = PackageMode::any;
  // Conditions that are also handed to devices whose protocol carries them (OneNET signal, power,
  // retry, interval).
  int64_t signal_min = 0;
  int64_t power_min_percent = 0;
  int64_t retry_count = 0;
  int64_t retry_interval_s = 0;  // after a failure the next offer waits so long
  // After that many failed attempts for one release (those count in which installation began) the
  // deployment leaves the device alone until there is another release; 0: no limit.
  int64_t attempts_max = 3;
  Timeouts timeouts;
  Watch watch;
  std::vector<Brake> brakes;
  // Why devices may be led to an older version; empty: they may not.
  std::string downgrade_reason;
  std::optional<base::Time> starts_at;  // not before; empty: when it is started
  std::optional<base::Time> deadline;   // open tasks expire then, and nothing new is offered
  DeploymentId heals;                   // the deployment whose devices it takes back
  Rollout rollout;
  std::vector<Approval> approvals;  // oldest first
  base::Time created_at;
  base::Time updated_at;
  friend bool operator==(const Deployment&, const Deployment&) = default;
};

// finished, cancelled, rolled_back.
bool has_ended(DeploymentState state);

std::string_view name_of(DeploymentState v);
std::string_view name_of(PackageMode v);
std::string_view name_of(Urgency v);
std::string_view name_of(ConsentMode v);
std::string_view name_of(BrakeKind v);
std::string_view name_of(BrakeAction v);
std::string_view name_of(ApprovalStep v);
// Inverse of name_of; Code::invalid with the list of accepted words.
base::Result<DeploymentState> parse_deployment_state(std::string_view text);
base::Result<PackageMode> parse_package_mode(std::string_view text);
base::Result<Urgency> parse_urgency(std::string_view text);
base::Result<ConsentMode> parse_consent_mode(std::string_view text);
base::Result<BrakeKind> parse_brake_kind(std::string_view text);
base::Result<BrakeAction> parse_brake_action(std::string_view text);
base::Result<ApprovalStep> parse_approval_step(std::string_view text);

}  // namespace otaru::domain
