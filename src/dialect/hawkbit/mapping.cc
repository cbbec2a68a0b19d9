// SPDX-License-Identifier: Apache-2.0
#include "dialect/hawkbit/mapping.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "domain/facts.h"

namespace otaru::dialect::hawkbit {
namespace {

using domain::FailureClass;
using domain::TaskEvent;
using domain::TaskState;
using domain::Urgency;

// "Direct Device Integration API", POST deploymentBase/{actionId}/feedback, status.execution and
// status.result.finished. A device that is done and says nothing of the result is done.
constexpr std::array<FeedbackRow, 9> kFeedbackTable{{
    {Execution::closed, Finished::failure, Meaning::moves, TaskEvent::failed},
    {Execution::closed, std::nullopt, Meaning::moves, TaskEvent::installed},
    {Execution::proceeding, std::nullopt, Meaning::begun, TaskEvent::download_started},
    {Execution::resumed, std::nullopt, Meaning::begun, TaskEvent::download_started},
    {Execution::download, std::nullopt, Meaning::begun, TaskEvent::download_started},
    {Execution::downloaded, std::nullopt, Meaning::moves, TaskEvent::downloaded},
    {Execution::scheduled, std::nullopt, Meaning::noted, std::nullopt},
    // A warning: the device goes on, or will be asked again.
    {Execution::rejected, std::nullopt, Meaning::noted, std::nullopt},
    // Nobody cancelled it: what is cancelled is over, and answered 410.
    {Execution::canceled, std::nullopt, Meaning::noted, std::nullopt},
}};

// The words that SWUpdate 2022.12 (seen), rauc-hawkbit-updater and RAUC (their sources) use in what
// they report. A download that was given up leaves a file with a wrong hash; a bad signature also
// "finds no compatible software".
constexpr std::array<FailureRow, 9> kFailureTable{{
    {FailureClass::download, "failed download attempts, range was not delivered"},
    {FailureClass::verification, "signature, hash, checksum, authentication, corrupt, decrypt"},
    {FailureClass::hardware, "compatible with hardware, compatible mismatch, hw revision"},
    {FailureClass::space, "no space, not enough, free space, enospc, disk full"},
    {FailureClass::memory, "out of memory, cannot allocate"},
    {FailureClass::power, "battery, power supply"},
    {FailureClass::boot, "boot, rolled back, rollback"},
    {FailureClass::download, "download, channel operation, curl, connection, network, timeout"},
    {FailureClass::unknown, ""},
}};

constexpr std::array<StateRow, 9> kStateTable{{
    {TaskState::pending, "deploymentBase", true, true, "RUNNING"},
    {TaskState::downloading, "deploymentBase", true, true, "DOWNLOAD"},
    {TaskState::upgrading, "deploymentBase", true, true, "DOWNLOADED"},
    {TaskState::succeeded, "installedBase", true, false, "FINISHED"},
    {TaskState::failed, "", true, false, "ERROR"},
    {TaskState::cancelled, "cancelAction", false, false, "CANCELED"},
    // What a device says that was at it already counts all the same.
    {TaskState::paused, "", false, true, "SCHEDULED"},
    {TaskState::expired, "cancelAction", false, false, "CANCELED"},
    {TaskState::awaiting_consent, "confirmationBase", false, true, "WAIT_FOR_CONFIRMATION"},
}};

constexpr bool states_in_order() {
  for (size_t i = 0; i < kStateTable.size(); ++i) {
    if (kStateTable[i].state != static_cast<TaskState>(i)) return false;
  }
  return true;
}
static_assert(states_in_order(), "row_of() counts on the order of TaskState");

constexpr std::array<UrgencyRow, 3> kUrgencyTable{{
    {Urgency::soft, "attempt", "attempt"},
    {Urgency::forced, "forced", "forced"},
    {Urgency::download_only, "forced", "skip"},
}};

constexpr std::array<PartRow, 3> kPartTable{{
    {"application", "bApp"},
    {"runtime", "jvm"},
    {"os", "os"},
}};

constexpr std::array<AttributeRow, 8> kAttributeTable{{
    {"hw_revision", domain::facts::kHwVersion},
    {"hwRevision", domain::facts::kHwVersion},
    {"hardware_revision", domain::facts::kHwVersion},
    {"timezone", domain::facts::kTimeZone},
    {"tz", domain::facts::kTimeZone},
    {"battery", domain::facts::kBatteryPercent},
    {"free_space", domain::facts::kFreeBytes},
    {"connection", domain::facts::kNetwork},
}};

constexpr std::array<std::string_view, 4> kVersionAttributes{"version", "sw_version", "swversion",
                                                             "firmware_version"};

// SWUpdate 2022.12 (seen): the installer stopped reading; and what every start says.
constexpr std::string_view kNoise =
    "writing into swupdate ipc stream failed, returned error (23), cannot read stored update state";

bool has_word(std::string_view lower_text, std::string_view words) {
  while (!words.empty()) {
    const size_t end = words.find(", ");
    if (lower_text.find(words.substr(0, end)) != std::string_view::npos) return true;
    words.remove_prefix(end == std::string_view::npos ? words.size() : end + 2);
  }
  return false;
}

}  // namespace

std::string_view name_of(Meaning v) {
  switch (v) {
    case Meaning::moves:
      return "moves";
    case Meaning::begun:
      return "begun";
    case Meaning::noted:
      return "noted";
  }
  return "noted";
}

std::span<const FeedbackRow> feedback_table() {
  return kFeedbackTable;
}

const FeedbackRow& row_of(Execution execution, Finished finished) {
  const auto at = std::find_if(kFeedbackTable.begin(), kFeedbackTable.end(), [&](const auto& row) {
    return row.execution == execution && (!row.finished || *row.finished == finished);
  });
  OTARU_ASSERT(at != kFeedbackTable.end());
  return *at;
}

std::span<const FailureRow> failure_table() {
  return kFailureTable;
}

FailureClass failure_of(std::string_view lines) {
  const std::string text = base::lower(lines);
  const auto at = std::find_if(kFailureTable.begin(), kFailureTable.end(),
                               [&](const auto& row) { return has_word(text, row.words); });
  return at == kFailureTable.end() ? FailureClass::unknown : at->failure;
}

std::string error_lines(std::string_view words) {
  std::string out;
  while (!words.empty()) {
    const size_t end = words.find("; ");
    const std::string_view line = words.substr(0, end);
    if (line.find("ERROR") != std::string_view::npos && !has_word(base::lower(line), kNoise)) {
      out += line;
      out += '\n';
    }
    words.remove_prefix(end == std::string_view::npos ? words.size() : end + 2);
  }
  return out;
}

std::span<const StateRow> state_table() {
  return kStateTable;
}

const StateRow& row_of(TaskState state) {
  return kStateTable[static_cast<size_t>(state)];
}

std::span<const UrgencyRow> urgency_table() {
  return kUrgencyTable;
}

const UrgencyRow& row_of(Urgency urgency) {
  return kUrgencyTable[static_cast<size_t>(urgency)];
}

std::span<const PartRow> part_table() {
  return kPartTable;
}

std::string_view part_of(const domain::Product& product) {
  for (const PartRow& row : kPartTable) {
    if (row.type == product.feature) return row.part;
  }
  if (!product.feature.empty()) return product.feature;
  return product.type == domain::ProductType::firmware ? "os" : "bApp";
}

std::span<const AttributeRow> attribute_table() {
  return kAttributeTable;
}

std::span<const std::string_view> version_attributes() {
  return kVersionAttributes;
}

}  // namespace otaru::dialect::hawkbit
