// SPDX-License-Identifier: Apache-2.0
#include "domain/deployment.h"

#include "base/hash.h"
#include "domain/admission.h"
#include "domain/names.h"

namespace otaru::domain {
namespace {

constexpr DeploymentState kDeploymentStates[] = {
    DeploymentState::draft,     DeploymentState::awaiting_approval, DeploymentState::scheduled,
    DeploymentState::running,   DeploymentState::paused,            DeploymentState::finished,
    DeploymentState::cancelled, DeploymentState::rolled_back};
constexpr PackageMode kPackageModes[] = {PackageMode::any, PackageMode::full_only,
                                         PackageMode::delta_only};
constexpr Urgency kUrgencies[] = {Urgency::soft, Urgency::forced, Urgency::download_only};
constexpr ConsentMode kConsentModes[] = {ConsentMode::none, ConsentMode::ask};
constexpr BrakeKind kBrakeKinds[] = {BrakeKind::failures, BrakeKind::silence, BrakeKind::health};
constexpr BrakeAction kBrakeActions[] = {BrakeAction::pause, BrakeAction::cancel,
                                         BrakeAction::roll_back};
constexpr ApprovalStep kApprovalSteps[] = {ApprovalStep::requested, ApprovalStep::approved,
                                           ApprovalStep::rejected, ApprovalStep::withdrawn};

}  // namespace

Admissions::~Admissions() = default;

int64_t place(DeploymentId deployment, std::string_view device_key) {
  const uint64_t hash = base::stable_hash(device_key, static_cast<uint64_t>(deployment.value));
  return static_cast<int64_t>(hash % static_cast<uint64_t>(kWholeShare));
}

bool has_ended(DeploymentState state) {
  switch (state) {
    case DeploymentState::draft:
    case DeploymentState::awaiting_approval:
    case DeploymentState::scheduled:
    case DeploymentState::running:
    case DeploymentState::paused:
      return false;
    case DeploymentState::finished:
    case DeploymentState::cancelled:
    case DeploymentState::rolled_back:
      return true;
  }
  return true;
}

std::string_view name_of(DeploymentState v) {
  switch (v) {
    case DeploymentState::draft:
      return "draft";
    case DeploymentState::awaiting_approval:
      return "awaiting_approval";
    case DeploymentState::scheduled:
      return "scheduled";
    case DeploymentState::running:
      return "running";
    case DeploymentState::paused:
      return "paused";
    case DeploymentState::finished:
      return "finished";
    case DeploymentState::cancelled:
      return "cancelled";
    case DeploymentState::rolled_back:
      return "rolled_back";
  }
  return "draft";
}

std::string_view name_of(PackageMode v) {
  switch (v) {
    case PackageMode::any:
      return "any";
    case PackageMode::full_only:
      return "full_only";
    case PackageMode::delta_only:
      return "delta_only";
  }
  return "any";
}

std::string_view name_of(Urgency v) {
  switch (v) {
    case Urgency::soft:
      return "soft";
    case Urgency::forced:
      return "forced";
    case Urgency::download_only:
      return "download_only";
  }
  return "soft";
}

std::string_view name_of(ConsentMode v) {
  switch (v) {
    case ConsentMode::none:
      return "none";
    case ConsentMode::ask:
      return "ask";
  }
  return "none";
}

std::string_view name_of(BrakeKind v) {
  switch (v) {
    case BrakeKind::failures:
      return "failures";
    case BrakeKind::silence:
      return "silence";
    case BrakeKind::health:
      return "health";
  }
  return "failures";
}

std::string_view name_of(BrakeAction v) {
  switch (v) {
    case BrakeAction::pause:
      return "pause";
    case BrakeAction::cancel:
      return "cancel";
    case BrakeAction::roll_back:
      return "roll_back";
  }
  return "pause";
}

std::string_view name_of(ApprovalStep v) {
  switch (v) {
    case ApprovalStep::requested:
      return "requested";
    case ApprovalStep::approved:
      return "approved";
    case ApprovalStep::rejected:
      return "rejected";
    case ApprovalStep::withdrawn:
      break;
  }
  return "withdrawn";
}

base::Result<DeploymentState> parse_deployment_state(std::string_view text) {
  return parse_word<DeploymentState>("deployment state", text, kDeploymentStates, name_of);
}

base::Result<PackageMode> parse_package_mode(std::string_view text) {
  return parse_word<PackageMode>("package mode", text, kPackageModes, name_of);
}

base::Result<Urgency> parse_urgency(std::string_view text) {
  return parse_word<Urgency>("urgency", text, kUrgencies, name_of);
}

base::Result<ConsentMode> parse_consent_mode(std::string_view text) {
  return parse_word<ConsentMode>("consent", text, kConsentModes, name_of);
}

base::Result<BrakeKind> parse_brake_kind(std::string_view text) {
  return parse_word<BrakeKind>("brake", text, kBrakeKinds, name_of);
}

base::Result<BrakeAction> parse_brake_action(std::string_view text) {
  return parse_word<BrakeAction>("brake's action", text, kBrakeActions, name_of);
}

base::Result<ApprovalStep> parse_approval_step(std::string_view text) {
  return parse_word<ApprovalStep>("approval step", text, kApprovalSteps, name_of);
}

}  // namespace otaru::domain
