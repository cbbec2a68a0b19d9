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
