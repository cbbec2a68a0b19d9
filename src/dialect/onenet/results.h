// SPDX-License-Identifier: Apache-2.0
// The status codes a device reports (docs/dialects/onenet.md, "Results"), as one table.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "domain/task.h"

namespace otaru::dialect::onenet {

struct ResultRow {
  int64_t code;
  domain::TaskEvent event;
  domain::FailureClass failure;
  std::string_view detail;  // for the task's history
};

std::span<const ResultRow> result_table();
const ResultRow* find_result(int64_t code);  // nullptr: unknown status code

}  // namespace otaru::dialect::onenet
