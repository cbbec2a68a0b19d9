// SPDX-License-Identifier: Apache-2.0
// What ran of each product over time: the counters by version (Store::version_counts), kept once an
// hour for some days and once a day for long.
//
// A sample belongs to the hour or day in which it was taken and is not taken twice, whatever
// restarts or clocks do; an hour in which the server was down has none. A product that no device
// reports has none either. Taking them reads as many rows as there are versions, never the fleet.
//
// Threads: any.
#pragma once

#include <array>
#include <mutex>
#include <optional>

#include "app/engine.h"

namespace otaru::app {

class VersionHistory {
 public:
  explicit VersionHistory(Engine& engine) : engine_(engine) {}

  // Takes what is due by the engine's clock and lets old samples go; mostly there is nothing to do.
  // Call it every minute or so. Blocks. A failure leaves the rest to the next call.
  base::Status tick();

 private:
  struct Kind {
    int64_t step_ms = 0;
    int64_t kept_ms = 0;
    std::optional<base::Time> taken = {};  // the last one, of all products
  };
  base::Status take(const Kind& kind, base::Time at);

  Engine& engine_;
  std::mutex mutex_;  // one at a time; guards what follows
  std::array<Kind, 2> kinds_ = {Kind{base::kHourMs, base::limits::kVersionHoursKeptMs},
                                Kind{base::kDayMs, base::limits::kVersionDaysKeptMs}};
};

}  // namespace otaru::app
