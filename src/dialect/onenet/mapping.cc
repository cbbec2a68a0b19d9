// SPDX-License-Identifier: Apache-2.0
#include "dialect/onenet/mapping.h"

#include <array>

namespace otaru::dialect::onenet {
namespace {

using domain::FailureClass;
using domain::TaskEvent;
using domain::TaskState;

constexpr std::array<ResultRow, 15> kResultTable{{
    {101, TaskEvent::downloaded, FailureClass::none, true, "downloaded"},
    {102, TaskEvent::failed, FailureClass::space, false, "download: no space left"},
    {103, TaskEvent::failed, FailureClass::memory, false, "download: out of memory"},
    {104, TaskEvent::failed, FailureClass::timeout, false, "download: timed out"},
    {105, TaskEvent::failed, FailureClass::power, false, "download: battery too low"},
    {106, TaskEvent::failed, FailureClass::signal, false, "download: signal too weak"},
    {107, TaskEvent::failed, FailureClass::download, false, "download: unknown error"},
    {201, TaskEvent::installed, FailureClass::none, true, "upgraded"},
    {202, TaskEvent::failed, FailureClass::power, true, "upgrade: battery too low"},
    {203, TaskEvent::failed, FailureClass::memory, true, "upgrade: out of memory"},
    {204, TaskEvent::failed, FailureClass::version, true, "upgrade: version does not fit"},
    {205, TaskEvent::failed, FailureClass::verification, true, "upgrade: md5 does not fit"},
    {206, TaskEvent::failed, FailureClass::unknown, true, "upgrade: unknown error"},
    {207, TaskEvent::failed, FailureClass::retries, true, "upgrade: retries used up"},
    {208, TaskEvent::failed, FailureClass::expired, true, "upgrade: task expired"},
}};

constexpr std::array<MessageRow, 7> kMessageTable{{
    {"token check", TaskEvent::download_started, FailureClass::none, false,
     "\"check token\": the task goes to downloading"},
    {"first bytes asked for", TaskEvent::download_started, FailureClass::none, false,
     "clients that never check the token"},
    {"step 0 to 99", TaskEvent::download_started, FailureClass::none, false,
     "\"report download progress\""},
    {"step 100", TaskEvent::downloaded, FailureClass::none, true, "\"report download progress\""},
    {"version equal to the target", TaskEvent::version_reported, FailureClass::none, true,
     "\"report version\""},
    {"check: other manuf or model", TaskEvent::failed, FailureClass::hardware, false,
     "\"check device upgrade task\", errno 8"},
    {"check: no delta from version", TaskEvent::failed, FailureClass::version, false,
     "\"check device upgrade task\", errno 9"},
}};

constexpr std::array<StateRow, 9> kStateTable{{
    {TaskState::pending, Outcome::done, Outcome::done, Outcome::done, true},
    {TaskState::downloading, Outcome::done, Outcome::done, Outcome::done, true},
    {TaskState::upgrading, Outcome::done, Outcome::wrong_state, Outcome::done, true},
    {TaskState::succeeded, Outcome::no_task, Outcome::task_finished, Outcome::task_finished, false},
    {TaskState::failed, Outcome::no_task, Outcome::task_finished, Outcome::task_finished, false},
    {TaskState::cancelled, Outcome::no_task, Outcome::task_cancelled, Outcome::task_cancelled,
     false},
    {TaskState::paused, Outcome::no_task, Outcome::not_possible, Outcome::not_possible, false},
    {TaskState::expired, Outcome::no_task, Outcome::token_expired, Outcome::token_expired, false},
    {TaskState::awaiting_consent, Outcome::no_task, Outcome::not_possible, Outcome::not_possible,
     false},
}};

constexpr bool in_order() {
  for (size_t i = 0; i < kStateTable.size(); ++i) {
    if (kStateTable[i].state != static_cast<TaskState>(i)) return false;
  }
  return true;
}
static_assert(in_order(), "row_of() counts on the order of TaskState");

}  // namespace

std::span<const ResultRow> result_table() {
  return kResultTable;
}

const ResultRow* find_result(int64_t code) {
  for (const auto& row : kResultTable) {
    if (row.code == code) return &row;
  }
  return nullptr;
}

std::span<const MessageRow> message_table() {
  return kMessageTable;
}

std::span<const StateRow> state_table() {
  return kStateTable;
}

const StateRow& row_of(TaskState state) {
  return kStateTable[static_cast<size_t>(state)];
}

}  // namespace otaru::dialect::onenet
