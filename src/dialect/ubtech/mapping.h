// SPDX-License-Identifier: Apache-2.0
// How a robot's reports and the states of its tasks stand for each other, as tables. README.md
// prints the same ones ("Mapping"), and mapping_test.cc holds both against each other and against
// the server, in both directions. Reasons of decisions are errors.h, code_for().
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "dialect/ubtech/codec.h"
#include "domain/task.h"

namespace otaru::dialect::ubtech {

// What a report says, before it is known in which state the task is.
struct ReportRow {
  CallbackCode code;
  bool last;  // of the files of its chain; only success tells them apart
  std::optional<domain::TaskEvent> event;  // empty: a line in the robot's log
  domain::FailureClass failure;
  bool begins;  // it was installing by then: the attempt counts
  std::string_view words;
};
std::span<const ReportRow> report_table();
const ReportRow& row_of(CallbackCode code, bool last);

// What becomes of it.
enum class Effect {
  moves,     // the task
  noted,     // a line in the robot's log, and nothing else: it comes too late, or too early
  repeated,  // nothing: it is known already
};
std::string_view name_of(Effect effect);

// The robot is thanked (100) for each of them.
struct StateRow {
  domain::TaskState state;
  Effect step;    // success of a file that is not the last
  Effect done;    // success of the last
  Effect failed;  // code 2
};
std::span<const StateRow> state_table();
Effect effect_of(domain::TaskState state, const ReportRow& report);

}  // namespace otaru::dialect::ubtech
