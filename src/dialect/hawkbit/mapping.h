// SPDX-License-Identifier: Apache-2.0
// How the words of the Direct Device Integration API and the states of tasks stand for each other,
// as tables. README.md prints the same ones ("Mapping"), and mapping_test.cc holds both against
// each other and against the server, in both directions.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "dialect/hawkbit/codec.h"
#include "domain/catalogue.h"
#include "domain/deployment.h"
#include "domain/task.h"

namespace otaru::dialect::hawkbit {

// What a feedback says of the tasks of its action.
enum class Meaning {
  moves,  // by `event`
  begun,  // the device is at it: by `event` while it is pending; else progress, if it says any
  noted,  // a line in the history, and nothing else
};
std::string_view name_of(Meaning v);

struct FeedbackRow {
  Execution execution;
  std::optional<Finished> finished;  // empty: any
  Meaning meaning;
  std::optional<domain::TaskEvent> event;
};
std::span<const FeedbackRow> feedback_table();
const FeedbackRow& row_of(Execution execution, Finished finished);

// Why an update failed, by what the device says of it: the first row of which a word is in the
// lines, in any case. The protocol has no codes of its own for it.
struct FailureRow {
  domain::FailureClass failure;
  std::string_view words;  // separated by ", "
};
std::span<const FailureRow> failure_table();
domain::FailureClass failure_of(std::string_view lines);
// The lines of a report (words_of, codec.h) that tell of an error: SWUpdate sends its whole log, in
// which some errors only say that another one broke something off.
std::string error_lines(std::string_view words);

// What the device sees of an action in that state.
struct StateRow {
  domain::TaskState state;
  std::string_view link;    // in the poll; empty: none
  bool action_there;        // GET deploymentBase/{id}: 200, else 404
  bool feedback_taken;      // POST .../feedback: 200, else 410
  std::string_view status;  // actionHistory.status
};
std::span<const StateRow> state_table();
const StateRow& row_of(domain::TaskState state);

struct UrgencyRow {
  domain::Urgency urgency;
  std::string_view download;
  std::string_view update;
};
std::span<const UrgencyRow> urgency_table();
const UrgencyRow& row_of(domain::Urgency urgency);

// Types of software modules (Product::feature) and what a chunk calls them; others are called as
// they are.
struct PartRow {
  std::string_view type;
  std::string_view part;
};
std::span<const PartRow> part_table();
std::string_view part_of(const domain::Product& product);

// Attributes that mean more than their text, under the names that devices in the field use.
struct AttributeRow {
  std::string_view name;
  std::string_view fact;  // kept under this name as well
};
std::span<const AttributeRow> attribute_table();
// Attributes that hold the version of the device's only product.
std::span<const std::string_view> version_attributes();
// With the slot of a component behind it: its version.
inline constexpr std::string_view kVersionOfAttribute = "version.";

}  // namespace otaru::dialect::hawkbit
