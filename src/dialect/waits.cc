// SPDX-License-Identifier: Apache-2.0
#include "dialect/waits.h"

#include <algorithm>

#include "base/limits.h"

namespace otaru::dialect {

bool has_to_wait(domain::Reason reason) {
  using domain::Reason;
  switch (reason) {
    case Reason::not_started:
    case Reason::not_in_wave:
    case Reason::waits_for_component:
    case Reason::retry_later:
    case Reason::consent_needed:
    case Reason::consent_postponed:
    case Reason::consent_refused:
    case Reason::condition_unmet:
    case Reason::outside_window:
    case Reason::braked:
    case Reason::rate_limited:
      return true;
    case Reason::offer:
    case Reason::continue_task:
    case Reason::up_to_date:
    case Reason::unknown_product:
    case Reason::no_deployment:
    case Reason::deployment_paused:
    case Reason::not_in_audience:
    case Reason::device_blocked:
    case Reason::from_version_excluded:
    case Reason::label_mismatch:
    case Reason::not_visible:
    case Reason::no_package:
    case Reason::base_mismatch:
    case Reason::bad_version:
    case Reason::no_release:
    case Reason::attempts_exhausted:
    case Reason::deadline_passed:
    case Reason::release_withdrawn:
    case Reason::requirement_unmet:
    case Reason::mode_unsupported:
      return false;
  }
  return false;
}

std::optional<int64_t> seconds_until(const std::optional<base::Time>& retry_at, base::Time now) {
  if (!retry_at) return std::nullopt;
  const int64_t whole = (*retry_at - now + base::kSecondMs - 1) / base::kSecondMs;
  return std::clamp<int64_t>(whole, 1, base::limits::kRetryAfterSecondsMax);
}

std::optional<int64_t> seconds_to_wait(const domain::Decision& decision, base::Time now) {
  if (!has_to_wait(decision.reason)) return std::nullopt;
  return seconds_until(decision.retry_at, now);
}

}  // namespace otaru::dialect
