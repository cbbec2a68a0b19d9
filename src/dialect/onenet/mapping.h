// SPDX-License-Identifier: Apache-2.0
// How this protocol's words and Otaru's stand for each other, as tables. README.md prints the same
// ones ("Mapping"), and mapping_test.cc holds both against each other and against the server, in
// both directions. Reasons of decisions are errors.h, outcome_of().
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "dialect/onenet/errors.h"
#include "domain/task.h"

namespace otaru::dialect::onenet {

// The status codes a device reports: 1xx tell about the download, 2xx about the upgrade.
struct ResultRow {
  int64_t code;
  domain::TaskEvent event;
  domain::FailureClass failure;
  bool begins;              // it was installing by then: the attempt counts
  std::string_view detail;  // for the task's history
};
std::span<const ResultRow> result_table();
const ResultRow* find_result(int64_t code);  // nullptr: unknown status code

// The other messages that move a task.
struct MessageRow {
  std::string_view message;
  domain::TaskEvent event;
  domain::FailureClass failure;
  bool begins;
  std::string_view source;
};
std::span<const MessageRow> message_table();

// What a device is told that asks about its task in this state.
struct StateRow {
  domain::TaskState state;
  Outcome check;        // of this task: no_task may also be another task's answer
  Outcome token_check;  // and step
  Outcome result;       // 201
  bool bytes;           // a download gets the file, else the digit 3
};
std::span<const StateRow> state_table();
const StateRow& row_of(domain::TaskState state);

}  // namespace otaru::dialect::onenet
