// SPDX-License-Identifier: Apache-2.0
// What has become of a deployment's tasks, as numbers, and what follows from numbers: brakes and
// growing rates. Pure; who keeps the numbers right is app/rollout_board.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/deployment.h"
#include "domain/task.h"

namespace otaru::domain {

// Tasks of a deployment that agree in everything that is counted; as a difference, n may be
// negative.
struct TaskCount {
  DeploymentId deployment;
  int64_t wave = 0;
  TaskState state = TaskState::pending;
  FailureClass failure = FailureClass::none;
  Aftermath aftermath = Aftermath::none;
  bool stepping = false;
  int64_t n = 0;
  friend auto operator<=>(const TaskCount&, const TaskCount&) = default;
};
TaskCount counted(const Task& task, int64_t n);

// The failed tasks of a deployment, by what they died of: class and the device's own words.
struct FailureReason {
  FailureClass failure = FailureClass::none;
  std::string result;
  int64_t n = 0;
  friend bool operator==(const FailureReason&, const FailureReason&) = default;
};

struct Tally {
  static constexpr size_t kStates = static_cast<size_t>(TaskState::awaiting_consent) + 1;
  static constexpr size_t kClasses = static_cast<size_t>(FailureClass::unknown) + 1;
  static constexpr size_t kAftermaths = static_cast<size_t>(Aftermath::unhealthy) + 1;

  std::array<int64_t, kStates> states{};
  std::array<int64_t, kClasses> failures{};       // of the failed ones
  std::array<int64_t, kAftermaths> aftermaths{};  // of the succeeded ones
  int64_t stepped = 0;  // of the succeeded ones: have come to a stepping stone, not to the end

  void add(const TaskCount& difference);
  int64_t in(TaskState v) const { return states[static_cast<size_t>(v)]; }
  int64_t in(FailureClass v) const { return failures[static_cast<size_t>(v)]; }
  int64_t in(Aftermath v) const { return aftermaths[static_cast<size_t>(v)]; }
  int64_t all() const;
  int64_t succeeded() const { return in(TaskState::succeeded); }  // stepping stones included
  int64_t arrived() const { return succeeded() - stepped; }
  int64_t failed() const { return in(TaskState::failed); }
  int64_t ended() const { return succeeded() + failed(); }  // of their own, as gates count them
  // Of Rate::concurrent_max: was let begin and has not ended. A paused one keeps its place, so that
  // resuming it needs none.
  int64_t under_way() const;
  friend bool operator==(const Tally&, const Tally&) = default;
};

BrakeCounts brake_counts(const Tally& tally);
// What came after `forgiven`. Erased devices take their tasks along, so a number can be lower than
// it was then: it counts as 0.
BrakeCounts after(const BrakeCounts& forgiven, const BrakeCounts& now);
// The first of the deployment's brakes that these numbers trip; empty: none.
std::optional<size_t> tripped_brake(const std::vector<Brake>& brakes, const BrakeCounts& counts);
// "12 of 40 ended tasks failed; the brake trips at 20 % of at least 10", for people.
std::string brake_text(const Brake& brake, const BrakeCounts& counts);

// How long nothing may be heard of a task in that state before it fails; 0: for ever. Where places
// are limited (Rate::concurrent_max) and the deployment says nothing, it is a day: devices that
// vanished must not hold them for ever.
int64_t patience_ms(const Deployment& deployment, TaskState state);
// Whether a device that failed like this had begun to install: what it could not even fetch or
// begin does not count as an attempt.
bool began_before(FailureClass failure);

// Rate::per_minute after growing for so long or by so many successes; 0: no limit.
int64_t per_minute_at(const Rate& rate, int64_t running_ms, int64_t successes);

}  // namespace otaru::domain
