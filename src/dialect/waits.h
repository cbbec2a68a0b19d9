// SPDX-License-Identifier: Apache-2.0
// Devices that have to wait: there is, or will be, an update for them, only not now. They lose
// nothing by it: no task has begun. How a protocol says so is its dialect's business.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace otaru::dialect {

// The value of a Retry-After header for `retry_at` of a decision: how many seconds from now it is
// worth asking again. Empty when the device does not wait, or nobody can know for how long. At most
// kRetryAfterSecondsMax.
std::optional<int64_t> seconds_until(const std::optional<base::Time>& retry_at, base::Time now);

}  // namespace otaru::dialect
