// SPDX-License-Identifier: Apache-2.0
#include "dialect/waits.h"

#include <algorithm>

#include "base/limits.h"

namespace otaru::dialect {

std::optional<int64_t> seconds_until(const std::optional<base::Time>& retry_at, base::Time now) {
  if (!retry_at) return std::nullopt;
  const int64_t whole = (*retry_at - now + base::kSecondMs - 1) / base::kSecondMs;
  return std::clamp<int64_t>(whole, 1, base::limits::kRetryAfterSecondsMax);
}

}  // namespace otaru::dialect
