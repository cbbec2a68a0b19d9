// SPDX-License-Identifier: Apache-2.0
// What must hold of deployments at every commit, reckoned from nothing but the rows that became
// durable: shares no code with what it watches. A violation is a sentence.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "app/ports/store.h"

namespace otaru::tests {

class RolloutWatch {
 public:
  explicit RolloutWatch(std::function<void(const std::string&)> violation)
      : violation_(std::move(violation)) {}

  void committed(std::span<const app::WriteBatch* const> batches);

  struct Counts {
    int64_t born = 0;
    int64_t open = 0;  // begun and not ended: what Rate::concurrent_max bounds
    int64_t succeeded = 0;
    int64_t failed = 0;
    int64_t silent = 0;
    int64_t unhealthy = 0;
    int64_t most_open = 0;
    int64_t most_in_a_minute = 0;
    bool braked = false;  // by these counts it has to be
  };
  const Counts& counts(domain::DeploymentId deployment) { return runs_[deployment].counts; }
  // The same as text, from all tasks of the store again, to be compared with text().
  static std::string recount(const std::vector<domain::Task>& tasks);
  std::string text() const;
  // Every task, as it became durable last.
  std::vector<domain::Task> tasks() const;

 private:
  struct Run {
    domain::Deployment row;
    Counts counts;
    std::deque<base::Time> births;  // of the last minute
  };
  void see(const domain::Task& task);
  void born(Run& run, const domain::Task& task);
  void weigh(Run& run) const;
  static void count(Counts& counts, const domain::Task& task, int64_t difference);

  std::function<void(const std::string&)> violation_;
  std::map<domain::DeploymentId, Run> runs_;
  std::unordered_map<domain::TaskId, domain::Task> tasks_;
};

}  // namespace otaru::tests
