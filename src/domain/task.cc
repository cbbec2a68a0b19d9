// SPDX-License-Identifier: Apache-2.0
// The life of a task as one table. Sources: docs/dialects/onenet.md, "Task states" (result codes,
// who accepts which), widened so that devices which skip steps still finish.
#include "domain/task.h"

#include <array>

#include "domain/names.h"

namespace otaru::domain {
namespace {

constexpr TaskState kTaskStates[] = {
    TaskState::pending,   TaskState::downloading, TaskState::upgrading,
    TaskState::succeeded, TaskState::failed,      TaskState::cancelled,
    TaskState::paused,    TaskState::expired,     TaskState::awaiting_consent};
constexpr Aftermath kAftermaths[] = {Aftermath::none, Aftermath::watched, Aftermath::healthy,
                                     Aftermath::silent, Aftermath::unhealthy};
constexpr FailureClass kFailureClasses[] = {
    FailureClass::none,     FailureClass::download,     FailureClass::space,
    FailureClass::memory,   FailureClass::power,        FailureClass::signal,
    FailureClass::timeout,  FailureClass::verification, FailureClass::version,
    FailureClass::hardware, FailureClass::boot,         FailureClass::retries,
    FailureClass::expired,  FailureClass::unknown};

using Next = std::optional<TaskState>;
constexpr Next kNo = std::nullopt;
constexpr Next kPending = TaskState::pending;
constexpr Next kDownload = TaskState::downloading;
constexpr Next kUpgrade = TaskState::upgrading;
constexpr Next kDone = TaskState::succeeded;
constexpr Next kFail = TaskState::failed;
constexpr Next kCancel = TaskState::cancelled;
constexpr Next kPause = TaskState::paused;
constexpr Next kExpire = TaskState::expired;

// Columns in the order of TaskEvent, rows in the order of TaskState.
constexpr std::array<std::array<Next, 10>, 9> kTransitions = {{
    // started downloaded installed reported failed cancel pause resume expire consent
    // pending
    {{kDownload, kUpgrade, kDone, kDone, kFail, kCancel, kPause, kPending, kExpire, kPending}},
    // downloading
    {{kDownload, kUpgrade, kDone, kDone, kFail, kCancel, kPause, kNo, kExpire, kNo}},
    // upgrading
    {{kNo, kUpgrade, kDone, kDone, kFail, kCancel, kPause, kNo, kExpire, kNo}},
    // succeeded
    {{kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo}},
    // failed
    {{kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo}},
    // cancelled
    {{kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo}},
    // paused
    {{kNo, kNo, kNo, kDone, kNo, kCancel, kPause, kPending, kExpire, kNo}},
    // expired
    {{kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo}},
    // awaiting_consent: nothing was offered yet, but it may get there by itself
    {{kNo, kNo, kNo, kDone, kNo, kCancel, kNo, kNo, kExpire, kPending}},
}};

}  // namespace

bool cancelled_by_operator(const Task& task) {
  return task.state == TaskState::cancelled && task.result.starts_with(kCancelledByOperator);
}

bool is_open(TaskState state) {
  switch (state) {
    case TaskState::pending:
    case TaskState::downloading:
    case TaskState::upgrading:
    case TaskState::paused:
    case TaskState::awaiting_consent:
      return true;
    case TaskState::succeeded:
    case TaskState::failed:
    case TaskState::cancelled:
    case TaskState::expired:
      return false;
  }
  return false;
}

base::Result<TaskState> transition(TaskState state, TaskEvent event) {
  const Next next = kTransitions[static_cast<size_t>(state)][static_cast<size_t>(event)];
  if (next) return *next;
  std::string message = "task is ";
  message += name_of(state);
  message += ": ";
  message += name_of(event);
  message += " is not possible";
  return base::fail(base::Code::precondition, std::move(message));
}

std::string_view name_of(TaskState v) {
  switch (v) {
    case TaskState::pending:
      return "pending";
    case TaskState::downloading:
      return "downloading";
    case TaskState::upgrading:
      return "upgrading";
    case TaskState::succeeded:
      return "succeeded";
    case TaskState::failed:
      return "failed";
    case TaskState::cancelled:
      return "cancelled";
    case TaskState::paused:
      return "paused";
    case TaskState::expired:
      return "expired";
    case TaskState::awaiting_consent:
      return "awaiting_consent";
  }
  return "pending";
}

std::string_view name_of(TaskEvent v) {
  switch (v) {
    case TaskEvent::download_started:
      return "download_started";
    case TaskEvent::downloaded:
      return "downloaded";
    case TaskEvent::installed:
      return "installed";
    case TaskEvent::version_reported:
      return "version_reported";
    case TaskEvent::failed:
      return "failed";
    case TaskEvent::cancel:
      return "cancel";
    case TaskEvent::pause:
      return "pause";
    case TaskEvent::resume:
      return "resume";
    case TaskEvent::expire:
      return "expire";
    case TaskEvent::consent:
      return "consent";
  }
  return "failed";
}

std::string_view name_of(FailureClass v) {
  switch (v) {
    case FailureClass::none:
      return "none";
    case FailureClass::download:
      return "download";
    case FailureClass::space:
      return "space";
    case FailureClass::memory:
      return "memory";
    case FailureClass::power:
      return "power";
    case FailureClass::signal:
      return "signal";
    case FailureClass::timeout:
      return "timeout";
    case FailureClass::verification:
      return "verification";
    case FailureClass::version:
      return "version";
    case FailureClass::hardware:
      return "hardware";
    case FailureClass::boot:
      return "boot";
    case FailureClass::retries:
      return "retries";
    case FailureClass::expired:
      return "expired";
    case FailureClass::unknown:
      return "unknown";
  }
  return "unknown";
}

base::Result<TaskState> parse_task_state(std::string_view text) {
  return parse_word<TaskState>("task state", text, kTaskStates, name_of);
}

base::Result<FailureClass> parse_failure_class(std::string_view text) {
  return parse_word<FailureClass>("failure class", text, kFailureClasses, name_of);
}

std::string_view name_of(Aftermath v) {
  switch (v) {
    case Aftermath::none:
      return "none";
    case Aftermath::watched:
      return "watched";
    case Aftermath::healthy:
      return "healthy";
    case Aftermath::silent:
      return "silent";
    case Aftermath::unhealthy:
      return "unhealthy";
  }
  return "none";
}

base::Result<Aftermath> parse_aftermath(std::string_view text) {
  return parse_word<Aftermath>("aftermath", text, kAftermaths, name_of);
}

}  // namespace otaru::domain
