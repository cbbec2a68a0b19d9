// SPDX-License-Identifier: Apache-2.0
#include "dialect/onenet/errors.h"

namespace otaru::dialect::onenet {

int number_of(Outcome outcome) {
  return static_cast<int>(outcome);
}

std::string_view text_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::done:
      return "succ";
    case Outcome::auth_failed:
      return "auth failed";
    case Outcome::bad_parameter:
      return "parameter error";
    case Outcome::token_mismatch:
      return "token and dev_id do not match";
    case Outcome::internal:
      return "internal error";
    case Outcome::other_hardware:
      return "manuf or model differs";
    case Outcome::other_base_version:
      return "version differs";
    case Outcome::no_task:
      return "not exists";
    case Outcome::token_expired:
      return "token expired";
    case Outcome::wrong_state:
      return "invalid state";
    case Outcome::task_finished:
      return "task already finished";
    case Outcome::not_possible:
      return "invalid operation";
    case Outcome::task_cancelled:
      return "task cancelled";
    case Outcome::bad_result:
      return "wrong result";
    case Outcome::bad_version:
      return "version format error";
  }
  return "internal error";
}

Outcome outcome_of(base::Code code) {
  switch (code) {
    case base::Code::invalid:
      return Outcome::bad_parameter;
    case base::Code::unauthenticated:
      return Outcome::auth_failed;
    case base::Code::forbidden:
      return Outcome::auth_failed;
    case base::Code::not_found:
      return Outcome::no_task;
    case base::Code::conflict:
      return Outcome::internal;
    case base::Code::precondition:
      return Outcome::wrong_state;
    case base::Code::gone:
      return Outcome::token_expired;
    case base::Code::too_large:
      return Outcome::bad_parameter;
    case base::Code::exhausted:
      return Outcome::internal;
    case base::Code::unavailable:
      return Outcome::internal;
    case base::Code::timeout:
      return Outcome::internal;
    case base::Code::internal:
      return Outcome::internal;
  }
  return Outcome::internal;
}

Outcome outcome_of(domain::Reason reason) {
  switch (reason) {
    case domain::Reason::offer:
    case domain::Reason::continue_task:
      return Outcome::done;
    // One word for all: there is no task. A device that has to wait hears it too; it asks again in
    // its own time, and no attempt has begun. The answer has no field for a time (retry and
    // interval belong to a task), and small devices cut answers that grow.
    case domain::Reason::up_to_date:
    case domain::Reason::unknown_product:
    case domain::Reason::no_deployment:
    case domain::Reason::deployment_paused:
    case domain::Reason::not_in_audience:
    case domain::Reason::device_blocked:
    case domain::Reason::from_version_excluded:
    case domain::Reason::label_mismatch:
    case domain::Reason::not_visible:
    case domain::Reason::no_package:
    case domain::Reason::base_mismatch:
    case domain::Reason::bad_version:
    case domain::Reason::no_release:
    case domain::Reason::attempts_exhausted:
    case domain::Reason::task_cancelled:
    case domain::Reason::deadline_passed:
    case domain::Reason::not_started:
    case domain::Reason::not_in_wave:
    case domain::Reason::release_withdrawn:
    case domain::Reason::requirement_unmet:
    case domain::Reason::waits_for_component:
    case domain::Reason::retry_later:
    case domain::Reason::mode_unsupported:
    case domain::Reason::consent_needed:
    case domain::Reason::consent_postponed:
    case domain::Reason::consent_refused:
    case domain::Reason::condition_unmet:
    case domain::Reason::outside_window:
    case domain::Reason::braked:
    case domain::Reason::rate_limited:
      return Outcome::no_task;
  }
  return Outcome::no_task;
}

DownloadFailure download_failure_of(base::Code code) {
  switch (code) {
    case base::Code::invalid:
      return DownloadFailure::bad_parameter;
    case base::Code::unauthenticated:
      return DownloadFailure::bad_token;
    case base::Code::forbidden:
      return DownloadFailure::bad_token;
    case base::Code::not_found:
      return DownloadFailure::not_found;
    case base::Code::conflict:
      return DownloadFailure::fetch_failed;
    case base::Code::precondition:
      return DownloadFailure::bad_token;
    case base::Code::gone:
      return DownloadFailure::bad_token;
    case base::Code::too_large:
      return DownloadFailure::bad_parameter;
    case base::Code::exhausted:
      return DownloadFailure::fetch_failed;
    case base::Code::unavailable:
      return DownloadFailure::fetch_failed;
    case base::Code::timeout:
      return DownloadFailure::fetch_failed;
    case base::Code::internal:
      return DownloadFailure::fetch_failed;
  }
  return DownloadFailure::fetch_failed;
}

}  // namespace otaru::dialect::onenet
