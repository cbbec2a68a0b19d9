// SPDX-License-Identifier: Apache-2.0
// A bad release for a fleet, by hand:
//   otaru_simulate_rollout [SEED] [DEVICES] [failures|silence|health]
#include <cstdio>

#include "base/encoding.h"
#include "tests/sim/rollout_simulation.h"

int main(int argc, char** argv) {
  const auto argument = [&](int index, uint64_t otherwise) {
    return argc > index ? otaru::base::parse_uint(argv[index]).value_or(otherwise) : otherwise;
  };
  otaru::tests::RolloutOptions options;
  options.seed = argument(1, 1);
  options.devices = static_cast<size_t>(argument(2, options.devices));
  if (argc > 3) {
    const auto harm = otaru::domain::parse_brake_kind(argv[3]);
    if (!harm) {
      std::fprintf(stderr, "%s\n", harm.error().message.c_str());
      return 2;
    }
    options.harm = *harm;
  }
  const auto report = otaru::tests::simulate_rollout(options);
  const auto number = [](const char* name, int64_t value) {
    std::printf("%-22s %lld\n", name, static_cast<long long>(value));
  };
  number("steps", report.steps);
  number("exchanges", report.exchanges);
  number("crashes", report.crashes);
  number("lost", report.lost);
  number("recounts", report.verified);
  number("tasks of the bad kit", report.born_bad);
  number("ran the bad kit", report.bad_installs);
  number("healed", report.healed);
  number("silent for ever", report.silent);
  number("most in a minute", report.most_in_a_minute);
  number("most open", report.most_open);
  std::printf("stopped by: %s\n", report.stopped_by.c_str());
  for (const auto& line : report.violations) std::printf("  VIOLATION %s\n", line.c_str());
  return report.violations.empty() ? 0 : 1;
}
