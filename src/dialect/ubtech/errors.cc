// SPDX-License-Identifier: Apache-2.0
#include "dialect/ubtech/errors.h"

#include <algorithm>

#include "base/json.h"

namespace otaru::dialect::ubtech {
namespace {

constexpr size_t kEchoBytesMax = 64;

bool may_echo(std::string_view value) {
  if (value.empty() || value.size() > kEchoBytesMax) return false;
  return std::all_of(value.begin(), value.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
  });
}

OauthError oauth_error(int status, std::string_view error, std::string_view description,
                       OauthError::Challenge challenge) {
  OauthError out;
  out.status = status;
  out.error = std::string(error);
  out.description = std::string(description);
  out.challenge = challenge;
  return out;
}

}  // namespace

std::string_view code_text(ResultCode code) {
  switch (code) {
    case ResultCode::success:
      return "100";
    case ResultCode::no_version:
      return "102";
    case ResultCode::not_entitled:
      return "103";
    case ResultCode::no_language:
      return "104";
    case ResultCode::server_error:
      return "500";
  }
  return "500";
}

ResultCode code_for(const domain::Decision& decision) {
  using domain::Reason;
  switch (decision.reason) {
    case Reason::offer:
    case Reason::continue_task:
      return ResultCode::success;
    case Reason::device_blocked:
    case Reason::not_in_audience:
    case Reason::not_visible:
      return ResultCode::not_entitled;
    case Reason::label_mismatch:
      return decision.label == "language" ? ResultCode::no_language : ResultCode::no_version;
    case Reason::up_to_date:
    case Reason::unknown_product:
    case Reason::no_deployment:
    case Reason::deployment_paused:
    case Reason::from_version_excluded:
    case Reason::no_package:
    case Reason::base_mismatch:
    case Reason::bad_version:
    case Reason::no_release:
    case Reason::attempts_exhausted:
    case Reason::task_cancelled:
    case Reason::deadline_passed:
    case Reason::not_started:
    case Reason::not_in_wave:
    case Reason::release_withdrawn:
    case Reason::requirement_unmet:
    case Reason::waits_for_component:
    case Reason::retry_later:
    case Reason::mode_unsupported:
    case Reason::consent_needed:
    case Reason::consent_postponed:
    case Reason::consent_refused:
    case Reason::condition_unmet:
    case Reason::outside_window:
    case Reason::braked:
    case Reason::rate_limited:
      return ResultCode::no_version;
  }
  return ResultCode::server_error;
}

ResultCode code_for(base::Code code) {
  switch (code) {
    case base::Code::not_found:
    case base::Code::gone:
      return ResultCode::no_version;
    case base::Code::unauthenticated:
    case base::Code::forbidden:
      return ResultCode::not_entitled;
    case base::Code::invalid:
    case base::Code::conflict:
    case base::Code::precondition:
    case base::Code::too_large:
    case base::Code::exhausted:
    case base::Code::unavailable:
    case base::Code::timeout:
    case base::Code::internal:
      return ResultCode::server_error;
  }
  return ResultCode::server_error;
}

int status_for(base::Code code) {
  switch (code) {
    case base::Code::invalid:
    case base::Code::unauthenticated:
    case base::Code::forbidden:
    case base::Code::not_found:
    case base::Code::precondition:
    case base::Code::gone:
    case base::Code::too_large:
      return 200;
    case base::Code::conflict:
    case base::Code::exhausted:
    case base::Code::unavailable:
    case base::Code::timeout:
      return 503;
    case base::Code::internal:
      return 500;
  }
  return 500;
}

OauthError unauthorized(OauthError::Challenge challenge, std::string_view description) {
  return oauth_error(401, "unauthorized", description, challenge);
}

OauthError invalid_client(OauthError::Challenge challenge, std::string_view description) {
  return oauth_error(401, "invalid_client", description, challenge);
}

OauthError invalid_token(OauthError::Challenge challenge, std::string_view description) {
  return oauth_error(401, "invalid_token", description, challenge);
}

OauthError bad_request(std::string_view error, std::string_view description) {
  return oauth_error(400, error, description, OauthError::Challenge::none);
}

OauthError method_not_allowed(std::string_view method) {
  std::string description = "Request method '";
  description += may_echo(method) ? method : "?";
  description += "' not supported";
  return oauth_error(405, "method_not_allowed", description, OauthError::Challenge::none);
}

OauthError oauth_error_for(base::Code code) {
  switch (status_for(code)) {
    case 200:
      return bad_request("invalid_request", "Bad Request");
    case 503:
      return oauth_error(503, "temporarily_unavailable", "Service Unavailable",
                         OauthError::Challenge::none);
    default:
      return oauth_error(500, "server_error", "Internal Server Error", OauthError::Challenge::none);
  }
}

std::string with_value(std::string_view text, std::string_view value) {
  std::string out(text);
  if (!may_echo(value)) return out;
  out += ": ";
  out += value;
  return out;
}

std::string render_oauth_error(const OauthError& error) {
  base::JsonWriter writer;
  writer.begin_object();
  writer.member("error", error.error);
  writer.member("error_description", error.description);
  if (!error.scope.empty()) writer.member("scope", error.scope);
  writer.end_object();
  return writer.take();
}

std::string render_challenge(const OauthError& error) {
  std::string out;
  switch (error.challenge) {
    case OauthError::Challenge::none:
      return out;
    case OauthError::Challenge::form:
      out = "Form realm=\"oauth\", ";
      break;
    case OauthError::Challenge::basic:
      out = "Basic realm=\"oauth\", ";
      break;
    case OauthError::Challenge::realm:
      out = "Bearer realm=\"oauth\", ";
      break;
    case OauthError::Challenge::bare:
      out = "Bearer ";
      break;
  }
  out += "error=\"" + error.error + "\", error_description=\"" + error.description + "\"";
  return out;
}

}  // namespace otaru::dialect::ubtech
