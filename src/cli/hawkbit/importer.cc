// SPDX-License-Identifier: Apache-2.0
#include "cli/hawkbit/importer.h"

#include <algorithm>
#include <cstdio>

#include "base/limits.h"
#include "cli/process.h"

namespace otaru::cli::hawkbit {

namespace limits = base::limits;
using base::Code;

void Importer::not_mapped(Kind kind, std::string_view name, std::string_view reason) {
  count(kind).not_mapped += 1;
  report_.add(kind, name, Report::Result::not_mapped, reason);
}

void Importer::done(Kind kind, Done what) {
  (what == Done::written ? count(kind).written : count(kind).there) += 1;
}

base::Status Importer::save() {
  OTARU_TRY(bytes, report_.flush());
  state_.report_bytes = bytes;
  return options_.state_file.empty() ? base::Status() : save_state(state_, options_.state_file);
}

void Importer::show(const std::string& line) {
  if (!session_.terminal || session_.json) return;
  std::fprintf(stderr, "\r\033[K%s", printable(line).c_str());
  std::fflush(stderr);
  line_shown_ = true;
}

void Importer::end_line() {
  if (line_shown_) std::fprintf(stderr, "\r\033[K");
  line_shown_ = false;
}

// A list that an old hawkBit does not have, or does not show to this user, is told and left out.
base::Status Importer::others(Kind kind, const std::string& path, const Management::Each& each) {
  const Counts before = count(kind);
  int64_t number = 0;
  auto read = hawkbit_.for_each({path, "id:ASC", 0, limits::kHawkbitOthersMax},
                                [&](base::JsonView item) -> base::Status {
                                  count(kind).read += 1;
                                  show(std::string(name_of(kind)) + " " + std::to_string(++number));
                                  return each(item);
                                });
  if (read) return {};
  const Code code = read.error().code;
  if (number > 0 || (code != Code::not_found && code != Code::forbidden)) return read;
  count(kind) = before;
  report_.add(kind, "*", Report::Result::not_mapped, read.error().message);
  return {};
}

base::Status Importer::run_phase(Phase phase) {
  switch (phase) {
    case Phase::others:
      return run_others();
    case Phase::modules:
      return run_modules();
    case Phase::sets:
      return run_sets();
    case Phase::filters:
      return run_filters();
    case Phase::targets:
      return run_targets();
    case Phase::rollouts:
      return run_rollouts();
    case Phase::done:
      return {};
  }
  return {};
}

base::Status Importer::run() {
  while (state_.phase != Phase::done) {
    const auto& skipped = options_.skipped;
    const bool skip = std::find(skipped.begin(), skipped.end(), state_.phase) != skipped.end();
    if (!skip) {
      const auto ran = run_phase(state_.phase);
      end_line();
      if (!ran) return ran;
    }
    state_.phase = static_cast<Phase>(static_cast<int>(state_.phase) + 1);
    state_.place = 0;
    OTARU_CHECK(save());
  }
  return {};
}

}  // namespace otaru::cli::hawkbit
