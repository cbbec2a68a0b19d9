// SPDX-License-Identifier: Apache-2.0
// A task: one device x one deployment x one product. Its life is one transition table; every
// change is an entry of its history.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "domain/ids.h"

namespace otaru::domain {

enum class TaskState {
  pending,
  downloading,
  upgrading,
  succeeded,
  failed,
  cancelled,
  paused,
  expired,
  awaiting_consent,  // a person or application has to agree first
};

enum class TaskEvent {
  download_started,  // token check, first byte asked for, or progress below 100
  downloaded,        // file complete: progress 100 or "downloaded ok"
  installed,         // the device says it is done
  version_reported,  // the device reports the target version as running
  failed,            // the device, or a check, says it went wrong (see FailureClass)
  cancel,            // an operator, or a newer task, ends it
  pause,
  resume,            // back to pending
  expire,            // deadline passed
  consent,           // somebody agreed
};

// What became of a device after its task succeeded (Deployment::watch).
enum class Aftermath {
  none,       // nothing is watched, or not succeeded
  watched,    // not known yet
  healthy,    // it came back, and did not complain
  silent,     // it did not come back in time
  unhealthy,  // it said that it is not well
};

enum class FailureClass {
  none, download, space, memory, power, signal, timeout, verification, version, hardware, boot,
  retries, expired, unknown,
};

struct Task {
  TaskId id;
  DeviceId device;
  DeploymentId deployment;
  ProductId product;
  ReleaseId target;
  std::string slot;                // the component of the device it updates (Component::slot)
  std::string from_version;        // reported when the task was born; may be empty
  std::string target_version;      // text of the release, kept for history
  std::vector<PackageId> chain;    // the packages, in order of applying
  int64_t steps_done = 0;          // of the chain, for protocols that report each step
  TaskState state = TaskState::pending;
  int64_t attempt = 1;             // of this device and deployment and product
  int64_t progress_percent = 0;    // of the current phase
  FailureClass failure = FailureClass::none;
  std::string result;              // the device's own code or words, e.g. "201"
  int64_t wave = 0;                // of the deployment, when the task was born
  bool stepping = false;           // it leads to a stepping stone, not to what is wanted in the end
  bool began = false;              // installation began: only such attempts count
  Aftermath aftermath = Aftermath::none;
  base::Time due_at;               // when the server acts although nobody asks; ms 0: never
  int64_t history_count = 0;       // entries written so far; the next one's sequence is one more
  // Download token of protocols that use one (OneNET): generation 0 means none issued yet.
  int64_t token_generation = 0;
  base::Time token_expires_at;
  base::Time created_at;
  base::Time updated_at;
  friend bool operator==(const Task&, const Task&) = default;
};

// One line of a task's history.
struct TaskHistory {
  TaskId task;
  DeviceId device;
  int64_t sequence = 0;  // per task, from 1
  base::Time at;
  TaskState from = TaskState::pending;
  TaskState to = TaskState::pending;  // equal to `from` for entries that change no state
  std::string event;   // name_of(TaskEvent), "created", "progress", "flagged" ...
  std::string detail;  // device's words, door ("onenet"), reason
  friend bool operator==(const TaskHistory&, const TaskHistory&) = default;
};

// Task::result of a task that an operator cancelled: its deployment leaves this device alone, as
// far as that release is concerned. Behind it stands what was acknowledged since (consent.h).
inline constexpr std::string_view kCancelledByOperator = "cancelled_by_operator";
bool cancelled_by_operator(const Task& task);

bool is_open(TaskState state);  // awaiting_consent, pending, downloading, upgrading, paused
// The one table. Code::precondition with "task is <state>: <event> is not possible" when the event
// is not allowed there. Repeating an event that already had its effect (download_started while
// downloading) is allowed and gives the same state.
base::Result<TaskState> transition(TaskState state, TaskEvent event);

std::string_view name_of(TaskState v);
std::string_view name_of(TaskEvent v);
std::string_view name_of(FailureClass v);
std::string_view name_of(Aftermath v);
base::Result<TaskState> parse_task_state(std::string_view text);
base::Result<FailureClass> parse_failure_class(std::string_view text);
base::Result<Aftermath> parse_aftermath(std::string_view text);

}  // namespace otaru::domain
