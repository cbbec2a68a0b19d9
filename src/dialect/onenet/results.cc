// SPDX-License-Identifier: Apache-2.0
#include "dialect/onenet/results.h"

#include <array>

namespace otaru::dialect::onenet {
namespace {

using domain::FailureClass;
using domain::TaskEvent;

// 1xx tell about the download, 2xx about the upgrade.
constexpr std::array<ResultRow, 15> kResultTable{{
    {101, TaskEvent::downloaded, FailureClass::none, "downloaded"},
    {102, TaskEvent::failed, FailureClass::space, "download: no space left"},
    {103, TaskEvent::failed, FailureClass::memory, "download: out of memory"},
    {104, TaskEvent::failed, FailureClass::timeout, "download: timed out"},
    {105, TaskEvent::failed, FailureClass::power, "download: battery too low"},
    {106, TaskEvent::failed, FailureClass::signal, "download: signal too weak"},
    {107, TaskEvent::failed, FailureClass::download, "download: unknown error"},
    {201, TaskEvent::installed, FailureClass::none, "upgraded"},
    {202, TaskEvent::failed, FailureClass::power, "upgrade: battery too low"},
    {203, TaskEvent::failed, FailureClass::memory, "upgrade: out of memory"},
    {204, TaskEvent::failed, FailureClass::version, "upgrade: version does not fit"},
    {205, TaskEvent::failed, FailureClass::verification, "upgrade: md5 does not fit"},
    {206, TaskEvent::failed, FailureClass::unknown, "upgrade: unknown error"},
    {207, TaskEvent::failed, FailureClass::retries, "upgrade: retries used up"},
    {208, TaskEvent::failed, FailureClass::expired, "upgrade: task expired"},
}};

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

}  // namespace otaru::dialect::onenet
