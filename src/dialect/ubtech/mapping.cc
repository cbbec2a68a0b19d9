// SPDX-License-Identifier: Apache-2.0
#include "dialect/ubtech/mapping.h"

#include <array>

namespace otaru::dialect::ubtech {
namespace {

using domain::FailureClass;
using domain::TaskEvent;
using domain::TaskState;

// The vendor document, step three, parameter "code": 0 no state, 1 success, 2 failed, 3 not updated
// yet. It is sent when an upgrade is over, so 1 and 2 say that it had begun.
constexpr std::array<ReportRow, 5> kReportTable{{
    {CallbackCode::no_state, false, std::nullopt, FailureClass::none, false, "no state"},
    {CallbackCode::success, false, TaskEvent::downloaded, FailureClass::none, true, "succeeded"},
    {CallbackCode::success, true, TaskEvent::installed, FailureClass::none, true, "succeeded"},
    {CallbackCode::failed, false, TaskEvent::failed, FailureClass::unknown, true, "failed"},
    {CallbackCode::not_updated, false, std::nullopt, FailureClass::none, false, "not updated yet"},
}};

constexpr std::array<StateRow, 9> kStateTable{{
    {TaskState::pending, Effect::moves, Effect::moves, Effect::moves},
    {TaskState::downloading, Effect::moves, Effect::moves, Effect::moves},
    {TaskState::upgrading, Effect::moves, Effect::moves, Effect::moves},
    {TaskState::succeeded, Effect::repeated, Effect::repeated, Effect::noted},
    {TaskState::failed, Effect::noted, Effect::noted, Effect::repeated},
    {TaskState::cancelled, Effect::noted, Effect::noted, Effect::noted},
    // A robot that was already installing when its task was paused has finished all the same.
    {TaskState::paused, Effect::noted, Effect::moves, Effect::noted},
    {TaskState::expired, Effect::noted, Effect::noted, Effect::noted},
    {TaskState::awaiting_consent, Effect::noted, Effect::moves, Effect::noted},
}};

constexpr bool states_in_order() {
  for (size_t i = 0; i < kStateTable.size(); ++i) {
    if (kStateTable[i].state != static_cast<TaskState>(i)) return false;
  }
  return true;
}
static_assert(states_in_order(), "effect_of() counts on the order of TaskState");

}  // namespace

std::span<const ReportRow> report_table() {
  return kReportTable;
}

const ReportRow& row_of(CallbackCode code, bool last) {
  switch (code) {
    case CallbackCode::no_state:
      return kReportTable[0];
    case CallbackCode::success:
      return kReportTable[last ? 2 : 1];
    case CallbackCode::failed:
      return kReportTable[3];
    case CallbackCode::not_updated:
      return kReportTable[4];
  }
  return kReportTable[0];
}

std::string_view name_of(Effect effect) {
  switch (effect) {
    case Effect::moves:
      return "moves";
    case Effect::noted:
      return "noted";
    case Effect::repeated:
      return "known";
  }
  return "noted";
}

std::span<const StateRow> state_table() {
  return kStateTable;
}

Effect effect_of(TaskState state, const ReportRow& report) {
  if (!report.event) return Effect::noted;
  const StateRow& row = kStateTable[static_cast<size_t>(state)];
  if (report.code == CallbackCode::failed) return row.failed;
  return report.last ? row.done : row.step;
}

}  // namespace otaru::dialect::ubtech
