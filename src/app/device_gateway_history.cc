// SPDX-License-Identifier: Apache-2.0
// The history of a task: what is noted of every step, what devices may add, and reading it.
#include <algorithm>

#include "app/device_gateway.h"
#include "app/events.h"
#include "app/touched.h"
#include "base/limits.h"
#include "domain/consent.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;
using domain::Task;
using domain::TaskState;

constexpr auto kRemarksMax = static_cast<int64_t>(limits::kHistoryPerTaskMax);
constexpr auto kLinesMax = kRemarksMax + static_cast<int64_t>(limits::kHistoryStepsMax);

Task& noted_task(domain::Device& device, domain::TaskId id) {
  const auto at = std::find_if(device.tasks.begin(), device.tasks.end(),
                               [id](const Task& task) { return task.id == id; });
  OTARU_ASSERT(at != device.tasks.end());
  return *at;
}

}  // namespace

bool DeviceGateway::add_line(Touched& what, Task& task, TaskState from, std::string_view event,
                             std::string_view detail) {
  if (std::find(what.changed_tasks.begin(), what.changed_tasks.end(), task.id) ==
      what.changed_tasks.end()) {
    what.changed_tasks.push_back(task.id);
  }
  const bool ends = domain::is_open(from) && !domain::is_open(task.state);
  if (task.history_count >= kLinesMax && !ends) return false;
  task.history_count += 1;
  domain::TaskHistory entry;
  entry.task = task.id;
  entry.device = task.device;
  entry.sequence = task.history_count;
  entry.at = now_;
  entry.from = from;
  entry.to = task.state;
  entry.event = std::string(event.substr(0, limits::kNameBytesMax));
  entry.detail = std::string(door_);
  if (!detail.empty()) {
    entry.detail += ": ";
    entry.detail += detail.substr(0, limits::kLogBytesMax);
  }
  what.history.push_back(std::move(entry));
  return true;
}

void DeviceGateway::note_task(Touched& what, Task& task, TaskState from, std::string_view event,
                              std::string_view detail) {
  task.updated_at = now_;
  set_due(task);
  const bool born = event == "created";
  if (born || from != task.state) {
    what.events.push_back(task_event(what.current(), task, from, born));
  }
  add_line(what, task, from, event, detail);
}

bool DeviceGateway::remark(Touched& what, Task& task, std::string_view event,
                           std::string_view detail) {
  const bool room = task.history_count < kRemarksMax;
  if (room) {
    note_task(what, task, task.state, event, detail);
    return true;
  }
  // The device is there all the same.
  task.updated_at = now_;
  set_due(task);
  auto& changed = what.changed_tasks;
  if (std::find(changed.begin(), changed.end(), task.id) == changed.end()) {
    changed.push_back(task.id);
  }
  return false;
}

base::Status DeviceGateway::note(DeviceRef device, domain::TaskId id, std::string_view event,
                                 std::string_view detail) {
  Touched& what = touched(device);
  const Task* known = what.current().task(id);
  if (known == nullptr) return base::fail(Code::not_found, "there is no such task");
  if (known->history_count >= kRemarksMax) {
    return base::fail(Code::exhausted, "the history of the task is full");
  }
  Task& task = noted_task(what.working(), id);
  // When a task ended says when it may be tried again, and what somebody refused.
  if (!domain::is_open(task.state)) {
    add_line(what, task, task.state, event, detail);
  } else {
    note_task(what, task, task.state, event, detail);
  }
  return {};
}

base::Status DeviceGateway::acknowledge_end(DeviceRef device, domain::TaskId id,
                                            std::string_view detail) {
  Touched& what = touched(device);
  const Task* known = what.current().task(id);
  if (known == nullptr) return base::fail(Code::not_found, "there is no such task");
  const bool stopped = known->state == TaskState::cancelled || known->state == TaskState::expired;
  if (!stopped) {
    return base::fail(Code::precondition, "task is " + std::string(domain::name_of(known->state)) +
                                              ": there is nothing to stop");
  }
  if (domain::end_acknowledged(*known)) return {};
  Task& task = noted_task(what.working(), id);
  std::string words(detail);
  if (!task.result.empty() && !domain::cancelled_by_operator(task)) {
    words += words.empty() ? "" : " ";
    words += "(result before: " + task.result + ")";
  }
  task.result = domain::acknowledged_result(task);
  add_line(what, task, task.state, "acknowledged", words);
  return {};
}

base::Result<std::vector<domain::TaskHistory>> DeviceGateway::history(DeviceRef device,
                                                                      domain::TaskId id,
                                                                      size_t newest_max) {
  if (find_task(device, id) == nullptr) return base::fail(Code::not_found, "there is no such task");
  if (loaded_) {
    for (const auto& read : loaded_->histories) {
      if (read.task != id || read.lines_max < newest_max) continue;
      const size_t n = std::min(newest_max, read.lines.size());
      return std::vector<domain::TaskHistory>(read.lines.end() - static_cast<std::ptrdiff_t>(n),
                                              read.lines.end());
    }
  }
  miss_ = {.task = id, .any = true, .history = true, .lines_max = newest_max};
  return base::fail(Code::unavailable, "the history is being loaded");
}

}  // namespace otaru::app
