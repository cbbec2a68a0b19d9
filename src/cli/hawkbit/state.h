// SPDX-License-Identifier: Apache-2.0
// How far an import from hawkBit is, so that the same command goes on after it was stopped, and
// what there is to tell of it: counts per kind, and one line per thing that could not be mapped.
// Neither file holds a password, key or token.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace otaru::cli::hawkbit {

enum class Kind {
  target_type,
  module_type,
  set_type,
  target_tag,
  set_tag,
  module,
  artifact,
  set,
  filter,
  target,
  rollout,
};
inline constexpr size_t kKinds = 11;
std::string_view name_of(Kind kind);  // "software module"

// read = written + there + inside + not_mapped.
struct Counts {
  int64_t read = 0;
  int64_t written = 0;
  int64_t there = 0;   // already
  int64_t inside = 0;  // it travels inside another kind: a tag in its devices
  int64_t not_mapped = 0;
};
using Tally = std::array<Counts, kKinds>;

// In the order in which they are gone through.
enum class Phase { others, modules, sets, filters, targets, rollouts, done };

struct State {
  std::string of;  // which import: the two servers, the tenant, what is asked for
  Phase phase = Phase::others;
  int64_t place = 0;  // last id of modules and sets, offset of targets
  int64_t report_bytes = 0;
  Tally tally;
};

// No file: a new state. Code::conflict: it is of another import; Code::invalid: it is no state.
base::Result<State> load_state(const std::string& path, const std::string& of);
// Whole or not at all, also when the power goes.
base::Status save_state(const State& state, const std::string& path);

// One line of JSON per thing: kind, name, result, reason. While it is open no other import with
// the same file runs.
class Report {
 public:
  Report() = default;
  ~Report();
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  // What is behind `keep_bytes` was written after the last saved state, and is dropped.
  base::Status open(const std::string& path, int64_t keep_bytes);
  enum class Result { not_mapped, partly, differs };
  void add(Kind kind, std::string_view name, Result result, std::string_view reason);
  // On the disk as far as it goes; how many bytes that are.
  base::Result<int64_t> flush();
  const std::string& path() const { return path_; }
  // The lines for people, as many as they read; `each` gets one at a time. How many there are.
  template <class Each>
  int64_t for_each_shown(size_t shown_max, const Each& each) const {
    int64_t count = 0;
    std::FILE* file = std::fopen(path_.c_str(), "re");
    if (file == nullptr) return 0;
    std::string line;
    for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) {
      if (c != '\n') {
        line.push_back(static_cast<char>(c));
        continue;
      }
      if (static_cast<size_t>(count++) < shown_max) each(line);
      line.clear();
    }
    std::fclose(file);
    return count;
  }

 private:
  std::string path_;
  int fd_ = -1;
  std::string buffer_;
  int64_t bytes_ = 0;
  bool good_ = true;
};

}  // namespace otaru::cli::hawkbit
