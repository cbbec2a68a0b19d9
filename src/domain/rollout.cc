// SPDX-License-Identifier: Apache-2.0
#include "domain/rollout.h"

#include <algorithm>
#include <numeric>

namespace otaru::domain {
namespace {

// No fleet is larger; growing ends here at the latest.
constexpr int64_t kPerMinuteMost = 1'000'000'000;

struct Weighed {
  int64_t bad = 0;
  int64_t sample = 0;
};

Weighed weigh(const Brake& brake, const BrakeCounts& counts) {
  Weighed out;
  out.sample = counts.succeeded;
  switch (brake.kind) {
    case BrakeKind::failures:
      for (const auto& [failure, n] : counts.failures) {
        out.sample += n;
        const auto& wanted = brake.classes;
        const bool counts_here =
            wanted.empty() || std::find(wanted.begin(), wanted.end(), failure) != wanted.end();
        if (counts_here) out.bad += n;
      }
      break;
    case BrakeKind::silence:
      out.bad = counts.silent;
      break;
    case BrakeKind::health:
      out.bad = counts.unhealthy;
      break;
  }
  return out;
}

// `bad` of `sample`, exactly and without overflow, is at least `share_ppm`.
bool reaches(const Weighed& weighed, int64_t share_ppm) {
  return weighed.bad * kWholeShare >= share_ppm * weighed.sample;
}

bool trips(const Brake& brake, const Weighed& weighed) {
  if (brake.count_min > 0 && weighed.bad >= brake.count_min) return true;
  return brake.share_ppm > 0 && weighed.sample > 0 && weighed.sample >= brake.sample_min &&
         reaches(weighed, brake.share_ppm);
}

std::string percent_text(int64_t ppm) {
  std::string out = std::to_string(ppm / 10'000);
  if (const int64_t rest = ppm % 10'000; rest != 0) {
    std::string digits = std::to_string(10'000 + rest).substr(1);
    digits.erase(digits.find_last_not_of('0') + 1);
    out += "." + digits;
  }
  return out + " %";
}

}  // namespace

TaskCount counted(const Task& task, int64_t n) {
  return {task.deployment, task.wave, task.state, task.failure, task.aftermath, task.stepping, n};
}

void Tally::add(const TaskCount& difference) {
  states[static_cast<size_t>(difference.state)] += difference.n;
  if (difference.state == TaskState::failed) {
    failures[static_cast<size_t>(difference.failure)] += difference.n;
  }
  if (difference.state == TaskState::succeeded) {
    aftermaths[static_cast<size_t>(difference.aftermath)] += difference.n;
    if (difference.stepping) stepped += difference.n;
  }
}

int64_t Tally::all() const {
  return std::accumulate(states.begin(), states.end(), int64_t{0});
}

int64_t Tally::under_way() const {
  return in(TaskState::pending) + in(TaskState::downloading) + in(TaskState::upgrading) +
         in(TaskState::paused);
}

BrakeCounts brake_counts(const Tally& tally) {
  BrakeCounts out;
  out.succeeded = tally.succeeded();
  out.silent = tally.in(Aftermath::silent);
  out.unhealthy = tally.in(Aftermath::unhealthy);
  for (size_t i = 0; i < Tally::kClasses; ++i) {
    if (tally.failures[i] != 0) {
      out.failures.push_back({static_cast<FailureClass>(i), tally.failures[i]});
    }
  }
  return out;
}

BrakeCounts after(const BrakeCounts& forgiven, const BrakeCounts& now) {
  BrakeCounts out;
  out.succeeded = std::max<int64_t>(0, now.succeeded - forgiven.succeeded);
  out.silent = std::max<int64_t>(0, now.silent - forgiven.silent);
  out.unhealthy = std::max<int64_t>(0, now.unhealthy - forgiven.unhealthy);
  for (const auto& [failure, n] : now.failures) {
    int64_t left = n;
    for (const auto& before : forgiven.failures) {
      if (before.failure == failure) left -= before.n;
    }
    if (left > 0) out.failures.push_back({failure, left});
  }
  return out;
}

std::optional<size_t> tripped_brake(const std::vector<Brake>& brakes, const BrakeCounts& counts) {
  for (size_t i = 0; i < brakes.size(); ++i) {
    if (trips(brakes[i], weigh(brakes[i], counts))) return i;
  }
  return std::nullopt;
}

std::string brake_text(const Brake& brake, const BrakeCounts& counts) {
  const Weighed weighed = weigh(brake, counts);
  std::string out = std::to_string(weighed.bad) + " of " + std::to_string(weighed.sample);
  switch (brake.kind) {
    case BrakeKind::failures:
      out += " ended tasks failed";
      break;
    case BrakeKind::silence:
      out += " updated devices did not come back";
      break;
    case BrakeKind::health:
      out += " updated devices are not well";
      break;
  }
  if (!brake.classes.empty()) {
    out += " (";
    for (const FailureClass failure : brake.classes) {
      if (out.back() != '(') out += ", ";
      out += name_of(failure);
    }
    out += ")";
  }
  out += "; the brake trips at ";
  if (brake.count_min > 0) out += std::to_string(brake.count_min);
  if (brake.share_ppm > 0) {
    if (brake.count_min > 0) out += " or ";
    out += percent_text(brake.share_ppm);
    if (brake.sample_min > 0) out += " of at least " + std::to_string(brake.sample_min);
  }
  return out;
}

int64_t patience_ms(const Deployment& deployment, TaskState state) {
  const auto or_default = [&](int64_t wanted) {
    return wanted == 0 && deployment.rate.concurrent_max > 0 ? base::kDayMs : wanted;
  };
  switch (state) {
    case TaskState::pending:
      return or_default(deployment.timeouts.pending_ms);
    case TaskState::downloading:
      return or_default(deployment.timeouts.downloading_ms);
    case TaskState::upgrading:
      return or_default(deployment.timeouts.upgrading_ms);
    case TaskState::succeeded:
    case TaskState::failed:
    case TaskState::cancelled:
    case TaskState::paused:
    case TaskState::expired:
    case TaskState::awaiting_consent:
      return 0;
  }
  return 0;
}

bool began_before(FailureClass failure) {
  switch (failure) {
    case FailureClass::none:
    case FailureClass::download:
    case FailureClass::space:
    case FailureClass::power:
    case FailureClass::signal:
    case FailureClass::timeout:
    case FailureClass::expired:
      return false;
    case FailureClass::memory:
    case FailureClass::verification:
    case FailureClass::version:
    case FailureClass::hardware:
    case FailureClass::boot:
    case FailureClass::retries:
    case FailureClass::unknown:
      return true;
  }
  return true;
}

int64_t per_minute_at(const Rate& rate, int64_t running_ms, int64_t successes) {
  if (rate.per_minute <= 0) return 0;
  const int64_t most = rate.per_minute_max > 0 ? rate.per_minute_max : kPerMinuteMost;
  int64_t out = std::min(rate.per_minute, most);
  if (rate.growth_percent <= 0) return out;
  int64_t steps = 0;
  if (rate.growth_every_ms > 0) steps += std::max<int64_t>(0, running_ms) / rate.growth_every_ms;
  if (rate.growth_every_successes > 0) steps += successes / rate.growth_every_successes;
  // Grows by one at least, so it ends after few rounds: a hundred small ones, then exponentially.
  for (; steps > 0 && out < most; --steps) {
    out = std::min(most, out + std::max<int64_t>(1, out * rate.growth_percent / 100));
  }
  return out;
}

}  // namespace otaru::domain
