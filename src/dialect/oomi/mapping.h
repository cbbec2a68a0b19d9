// SPDX-License-Identifier: Apache-2.0
// How this protocol's messages and the states of tasks stand for each other, as tables. README.md
// prints the same ones ("Mapping"), and mapping_test.cc holds both against each other and against
// the server, in both directions. Reasons of decisions are errors.h, answer_of().
#pragma once

#include <array>
#include <string_view>

#include "domain/task.h"

namespace otaru::dialect::oomi {

// The messages that move a task. No message says that something failed.
struct MessageRow {
  std::string_view message;
  domain::TaskEvent event;
  bool begins;  // it was installing by then: the attempt counts
  std::string_view source;
};
inline constexpr std::array<MessageRow, 2> kMessageTable{{
    {"swVersion equal to the target", domain::TaskEvent::version_reported, true,
     "\"phone queries all versions\", request"},
    {"dwlStatus with the cookie guid", domain::TaskEvent::downloaded, true,
     "\"download status\" (sibling document)"},
}};

// Whether a check lists the product while its task is in this state. Other states let the decision
// find what comes next.
struct StateRow {
  domain::TaskState state;
  bool listed;
};
inline constexpr std::array<StateRow, 9> kStateTable{{
    {domain::TaskState::pending, true},
    {domain::TaskState::downloading, true},
    {domain::TaskState::upgrading, true},
    {domain::TaskState::succeeded, false},
    {domain::TaskState::failed, false},
    {domain::TaskState::cancelled, false},
    {domain::TaskState::paused, false},
    {domain::TaskState::expired, false},
    {domain::TaskState::awaiting_consent, false},
}};

}  // namespace otaru::dialect::oomi
