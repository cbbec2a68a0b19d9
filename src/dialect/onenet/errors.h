// SPDX-License-Identifier: Apache-2.0
// The errors of this protocol: numbers and words in one table, and the one place where the
// canonical codes become them.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "domain/decide.h"

namespace otaru::dialect::onenet {

// `errno` of JSON answers ("check device upgrade task", errno table; docs/dialects/onenet.md). HTTP
// status is 200 for each of them.
enum class Outcome : uint8_t {
  done = 0,
  auth_failed = 1,     // also: no such device
  bad_parameter = 2,   // also: unknown status code
  token_mismatch = 4,  // the token is not this device's, or is none
  internal = 7,
  other_hardware = 8,      // the task has failed
  other_base_version = 9,  // the task has failed (delta only)
  no_task = 11,
  token_expired = 12,
  wrong_state = 17,
  task_finished = 20,
  not_possible = 21,
  task_cancelled = 22,
  bad_result = 24,
  bad_version = 27,
};

int number_of(Outcome outcome);
// Devices search answers for words: no failure text holds "succ", "target", "Range" or '{'.
std::string_view text_of(Outcome outcome);
Outcome outcome_of(base::Code code);
// What a check is answered for a decision. The two refusals that fail a task (8 and 9) are made in
// check.cc, where the device's own words are known.
Outcome outcome_of(domain::Reason reason);

// What a download answers instead of a file: one digit.
enum class DownloadFailure : char {
  not_found = '1',
  size_differs = '2',
  bad_token = '3',
  fetch_failed = '4',
  bad_parameter = '5',
};
DownloadFailure download_failure_of(base::Code code);

}  // namespace otaru::dialect::onenet
