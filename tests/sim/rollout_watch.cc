// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/rollout_watch.h"

#include <algorithm>

namespace otaru::tests {
namespace {

using domain::TaskState;

constexpr int64_t kMinuteMs = 60'000;

bool has_begun(TaskState state) {
  return state == TaskState::pending || state == TaskState::downloading ||
         state == TaskState::upgrading;
}

bool wanted(const domain::Brake& brake, domain::FailureClass failure) {
  return brake.classes.empty() ||
         std::find(brake.classes.begin(), brake.classes.end(), failure) != brake.classes.end();
}

std::string line(domain::DeploymentId deployment, const RolloutWatch::Counts& counts) {
  return std::to_string(deployment.value) + ": " + std::to_string(counts.born) + " born, " +
         std::to_string(counts.open) + " open, " + std::to_string(counts.succeeded) +
         " succeeded, " + std::to_string(counts.failed) + " failed, " +
         std::to_string(counts.silent) + " silent, " + std::to_string(counts.unhealthy) +
         " unhealthy\n";
}

}  // namespace

void RolloutWatch::count(Counts& counts, const domain::Task& task, int64_t difference) {
  counts.born += difference;
  if (has_begun(task.state)) counts.open += difference;
  if (task.state == TaskState::succeeded) counts.succeeded += difference;
  if (task.state == TaskState::failed) counts.failed += difference;
  if (task.aftermath == domain::Aftermath::silent) counts.silent += difference;
  if (task.aftermath == domain::Aftermath::unhealthy) counts.unhealthy += difference;
}

void RolloutWatch::committed(std::span<const app::WriteBatch* const> batches) {
  for (const auto* batch : batches) {
    for (const auto& op : batch->ops) {
      if (const auto* row = std::get_if<domain::Deployment>(&op)) runs_[row->id].row = *row;
      if (const auto* task = std::get_if<domain::Task>(&op)) see(*task);
    }
  }
}

void RolloutWatch::see(const domain::Task& task) {
  Run& run = runs_[task.deployment];
  const auto known = tasks_.find(task.id);
  if (known == tasks_.end()) {
    born(run, task);
  } else {
    count(run.counts, known->second, -1);
  }
  tasks_[task.id] = task;
  count(run.counts, task, 1);
  run.counts.most_open = std::max(run.counts.most_open, run.counts.open);
  const int64_t most = run.row.rate.concurrent_max;
  if (most > 0 && run.counts.open > most) {
    violation_("deployment " + run.row.name + " has " + std::to_string(run.counts.open) +
               " open tasks, " + std::to_string(most) + " are allowed");
  }
  weigh(run);
}

void RolloutWatch::born(Run& run, const domain::Task& task) {
  const std::string who = "deployment " + run.row.name + " gave device " +
                          std::to_string(task.device.value) + " a task ";
  if (run.counts.braked) violation_(who + "after its brake had tripped");
  if (run.row.state != domain::DeploymentState::running) {
    violation_(who + "while it was " + std::string(name_of(run.row.state)));
  }
  const auto& waves = run.row.waves;
  if (!waves.empty() && task.wave >= run.row.rollout.open_waves) {
    violation_(who + "in wave " + std::to_string(task.wave) + ", which is not open");
  }
  const base::Time now = task.created_at;
  while (!run.births.empty() && now - run.births.front() >= kMinuteMs) run.births.pop_front();
  run.births.push_back(now);
  const auto in_a_minute = static_cast<int64_t>(run.births.size());
  run.counts.most_in_a_minute = std::max(run.counts.most_in_a_minute, in_a_minute);
  const int64_t most = run.row.rate.per_minute;
  if (most > 0 && run.row.rate.growth_percent == 0 && in_a_minute > most) {
    violation_(who + "as number " + std::to_string(in_a_minute) + " within a minute, " +
               std::to_string(most) + " are allowed");
  }
}

// Whether a brake must hold now. Only counts over all waves are looked at; what resets them is not
// simulated.
void RolloutWatch::weigh(Run& run) const {
  for (const domain::Brake& brake : run.row.brakes) {
    int64_t bad = 0;
    int64_t sample = run.counts.succeeded;
    switch (brake.kind) {
      case domain::BrakeKind::failures:
        sample += run.counts.failed;
        bad = run.counts.failed;
        if (!brake.classes.empty()) {
          bad = std::count_if(tasks_.begin(), tasks_.end(), [&](const auto& entry) {
            const domain::Task& task = entry.second;
            return task.deployment == run.row.id && task.state == TaskState::failed &&
                   wanted(brake, task.failure);
          });
        }
        break;
      case domain::BrakeKind::silence:
        bad = run.counts.silent;
        break;
      case domain::BrakeKind::health:
        bad = run.counts.unhealthy;
        break;
    }
    const bool by_count = brake.count_min > 0 && bad >= brake.count_min;
    const bool by_share = brake.share_ppm > 0 && sample >= brake.sample_min && sample > 0 &&
                          bad * domain::kWholeShare >= brake.share_ppm * sample;
    if (by_count || by_share) run.counts.braked = true;
  }
}

std::string RolloutWatch::recount(const std::vector<domain::Task>& tasks) {
  std::map<domain::DeploymentId, Counts> all;
  for (const auto& task : tasks) count(all[task.deployment], task, 1);
  std::string out;
  for (const auto& [deployment, counts] : all) out += line(deployment, counts);
  return out;
}

std::string RolloutWatch::text() const {
  std::string out;
  for (const auto& [deployment, run] : runs_) {
    if (run.counts.born > 0) out += line(deployment, run.counts);
  }
  return out;
}

std::vector<domain::Task> RolloutWatch::tasks() const {
  std::vector<domain::Task> out;
  out.reserve(tasks_.size());
  for (const auto& entry : tasks_) out.push_back(entry.second);
  return out;
}

}  // namespace otaru::tests
