// SPDX-License-Identifier: Apache-2.0
#include "domain/gate.h"

#include <algorithm>

namespace otaru::domain {
namespace {

// One digit behind the point, rounded down: 94.96 % is not 95 %.
std::string percent(int64_t part, int64_t whole) {
  const int64_t tenths = whole == 0 ? 0 : part * 1'000 / whole;
  std::string out = std::to_string(tenths / 10);
  if (tenths % 10 != 0) out += "." + std::to_string(tenths % 10);
  return out + " %";
}

// part / whole >= ppm / 1 000 000, without rounding. Counts are far below 2^63 / 10^6.
bool at_least(int64_t part, int64_t whole, int64_t ppm) {
  return part * kWholeShare >= ppm * whole;
}

}  // namespace

GateVerdict weigh(const Gate& gate, const GateCounts& counts) {
  const int64_t ended = counts.succeeded + counts.failed;
  const int64_t sample = std::max<int64_t>(gate.sample_min, gate.success_ppm_min > 0 ? 1 : 0);
  GateVerdict out;
  out.holds = ended >= sample && at_least(counts.succeeded, ended, gate.success_ppm_min) &&
              counts.failed * kWholeShare <= gate.failure_ppm_max * ended;
  out.numbers = std::to_string(counts.succeeded) + " of " + std::to_string(ended) +
                " ended tasks succeeded (" + percent(counts.succeeded, ended) + "), " +
                std::to_string(counts.failed) + " failed (" + percent(counts.failed, ended) + ")";
  return out;
}

}  // namespace otaru::domain
