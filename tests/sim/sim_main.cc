// SPDX-License-Identifier: Apache-2.0
// Runs seed after seed until one fails or the given number is done:
//   otaru_simulate [FIRST_SEED] [COUNT] [DEVICES] [STEPS]
#include <cstdio>

#include "base/encoding.h"
#include "tests/sim/simulation.h"

int main(int argc, char** argv) {
  const auto argument = [&](int index, uint64_t otherwise) {
    return argc > index ? otaru::base::parse_uint(argv[index]).value_or(otherwise) : otherwise;
  };
  otaru::tests::SimulationOptions options;
  const uint64_t first = argument(1, 1);
  const uint64_t count = argument(2, 10);
  options.devices = static_cast<size_t>(argument(3, options.devices));
  options.faulty_steps =
      static_cast<int64_t>(argument(4, static_cast<uint64_t>(options.faulty_steps)));
  for (uint64_t seed = first; seed < first + count; ++seed) {
    options.seed = seed;
    const auto report = otaru::tests::simulate(options);
    std::printf(
        "seed %llu: %lld steps, %lld exchanges, %lld crashes, %lld lost, %lld repeated, "
        "%lld installs, %lld tasks\n",
        static_cast<unsigned long long>(seed), static_cast<long long>(report.steps),
        static_cast<long long>(report.exchanges), static_cast<long long>(report.crashes),
        static_cast<long long>(report.lost), static_cast<long long>(report.repeated),
        static_cast<long long>(report.installs), static_cast<long long>(report.tasks));
    for (const auto& line : report.violations) std::printf("  VIOLATION %s\n", line.c_str());
    if (!report.violations.empty()) return 1;
  }
  return 0;
}
