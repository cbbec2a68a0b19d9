// SPDX-License-Identifier: Apache-2.0
#include "dialect/hawkbit/actions.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"
#include "domain/consent.h"

namespace otaru::dialect::hawkbit {
namespace {

using domain::Task;
using domain::TaskState;

// How much of an action a task in that state stands for.
int weight_of(TaskState state) {
  switch (state) {
    case TaskState::upgrading:
      return 8;
    case TaskState::downloading:
      return 7;
    case TaskState::pending:
      return 6;
    case TaskState::awaiting_consent:
      return 5;
    case TaskState::paused:
      return 4;
    case TaskState::failed:
      return 3;
    case TaskState::succeeded:
      return 2;
    case TaskState::cancelled:
      return 1;
    case TaskState::expired:
      return 0;
  }
  return 0;
}

int64_t stage_of(const domain::Snapshot& catalogue, const Task& task) {
  const auto* compiled = catalogue.deployment(task.deployment);
  if (compiled == nullptr) return 0;
  for (const auto& target : compiled->targets) {
    if (target.product == task.product && target.item != nullptr) return target.item->stage;
  }
  return 0;
}

void sort_tasks(Action& action, const domain::Snapshot& catalogue) {
  if (action.tasks.size() < 2) return;
  std::stable_sort(action.tasks.begin(), action.tasks.end(), [&](const Task* a, const Task* b) {
    const int64_t of_a = stage_of(catalogue, *a);
    const int64_t of_b = stage_of(catalogue, *b);
    return of_a != of_b ? of_a < of_b : a->id < b->id;
  });
}

bool was_stopped(const Task& task) {
  return task.state == TaskState::cancelled || task.state == TaskState::expired;
}

}  // namespace

bool Action::open() const {
  return std::any_of(tasks.begin(), tasks.end(),
                     [](const Task* task) { return domain::is_open(task->state); });
}

TaskState Action::state() const {
  TaskState out = TaskState::expired;
  for (const Task* task : tasks) {
    if (weight_of(task->state) > weight_of(out)) out = task->state;
  }
  return out;
}

bool Action::to_be_stopped(base::Time now) const {
  return std::all_of(tasks.begin(), tasks.end(), [&](const Task* task) {
    return was_stopped(*task) && !domain::end_acknowledged(*task) &&
           now - task->updated_at <= base::limits::kHawkbitCancelMs;
  });
}

Action action_of(const domain::Device& device, const domain::Snapshot& catalogue,
                 const Task& task) {
  Action action;
  action.id = task.id;
  action.deployment = task.deployment;
  for (const Task& other : device.tasks) {
    if (other.deployment != task.deployment || other.created_at != task.created_at) continue;
    if (other.slot == task.slot && other.id != task.id) continue;  // another attempt
    action.id = std::min(action.id, other.id);
    action.tasks.push_back(&other);
  }
  sort_tasks(action, catalogue);
  return action;
}

std::optional<Action> find_action(const domain::Device& device, const domain::Snapshot& catalogue,
                                  std::string_view id) {
  const Task* task = device.task(domain::TaskId{base::parse_int(id).value_or(0)});
  if (task == nullptr) return std::nullopt;
  Action action = action_of(device, catalogue, *task);
  if (action.id != task->id) return std::nullopt;
  return action;
}

}  // namespace otaru::dialect::hawkbit
