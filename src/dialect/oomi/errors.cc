// SPDX-License-Identifier: Apache-2.0
#include "dialect/oomi/errors.h"

namespace otaru::dialect::oomi {

std::string_view code_of(Answer answer) {
  switch (answer) {
    case Answer::success:
      return "1";
    case Answer::failed:
      return "2";
    case Answer::missing:
      return "3";
    case Answer::malformed:
      return "4";
    case Answer::no_kit:
      return "7";
    case Answer::system:
      return "40";
    case Answer::not_registered:
      return "160";
    case Answer::unknown_product:
      return "601";
    case Answer::no_firmware:
      return "602";
    case Answer::newest:
      return "603";
    case Answer::newest_detail:
      return "630";
    case Answer::token_invalid:
      return "2001";
  }
  return "40";
}

// Attested by the vendor: OPERATE_SUCCESS and PARAMETER_MISSING. Clients test the code.
std::string_view note_of(Answer answer) {
  switch (answer) {
    case Answer::success:
      return "OPERATE_SUCCESS";
    case Answer::failed:
      return "OPERATE_FAILED";
    case Answer::missing:
      return "PARAMETER_MISSING";
    case Answer::malformed:
      return "PARAMETER_ERROR";
    case Answer::no_kit:
      return "KIT_NOT_FOUND";
    case Answer::system:
      return "SYSTEM_ERROR";
    case Answer::not_registered:
      return "CLIENT_NOT_REGISTERED";
    case Answer::unknown_product:
      return "PRODUCT_NOT_FOUND";
    case Answer::no_firmware:
      return "FIRMWARE_NOT_FOUND";
    case Answer::newest:
    case Answer::newest_detail:
      return "ALREADY_LATEST";
    case Answer::token_invalid:
      return "ACCESS_TOKEN_INVALID";
  }
  return "SYSTEM_ERROR";
}

Answer answer_of(base::Code code) {
  switch (code) {
    case base::Code::invalid:
      return Answer::missing;
    case base::Code::too_large:
      return Answer::malformed;
    case base::Code::unauthenticated:
    case base::Code::forbidden:
      return Answer::token_invalid;
    case base::Code::not_found:
    case base::Code::gone:
      return Answer::no_firmware;
    case base::Code::conflict:
    case base::Code::precondition:
      return Answer::failed;
    case base::Code::exhausted:
    case base::Code::unavailable:
    case base::Code::timeout:
    case base::Code::internal:
      return Answer::system;
  }
  return Answer::system;
}

Answer answer_of(domain::Reason reason) {
  switch (reason) {
    case domain::Reason::offer:
    case domain::Reason::continue_task:
      return Answer::success;
    // "Newest" is also the vendor's word for a newer version that no package leads to.
    case domain::Reason::up_to_date:
    case domain::Reason::no_deployment:
    case domain::Reason::deployment_paused:
    case domain::Reason::not_in_audience:
    case domain::Reason::device_blocked:
    case domain::Reason::from_version_excluded:
    case domain::Reason::label_mismatch:
    case domain::Reason::no_package:
    case domain::Reason::base_mismatch:
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
      return Answer::newest;
    case domain::Reason::not_visible:
    case domain::Reason::no_release:
      return Answer::no_firmware;
    case domain::Reason::unknown_product:
      return Answer::unknown_product;
    case domain::Reason::bad_version:
      return Answer::missing;
  }
  return Answer::system;
}

Answer answer_of_status(int status) {
  if (status == 404) return Answer::no_firmware;
  if (status == 401 || status == 405) return Answer::failed;
  return status >= 500 || status == 408 ? Answer::system : Answer::malformed;
}

}  // namespace otaru::dialect::oomi
