// SPDX-License-Identifier: Apache-2.0
// What the server does with a task at Task::due_at, although the device did not ask: it fails when
// nothing was heard of it for too long, and what follows an installation is judged.
#include <algorithm>

#include "app/device_gateway.h"
#include "app/engine.h"
#include "app/touched.h"
#include "base/limits.h"
#include "domain/rollout.h"

namespace otaru::app {
namespace {

using domain::Aftermath;
using domain::Task;
using domain::TaskState;

// A server that was away could not hear anybody: those that were waiting get a little more time.
base::Time grace_until(base::Time up_since, int64_t patience) {
  return up_since + std::min(patience, base::limits::kRestartGraceMs);
}

// Since when the time runs out at due_at: the installation. Two times may run from it, silence and
// health; a task that has not been touched since says which one it was.
bool health_is_due(const Task& task, const domain::Watch& watch) {
  if (watch.silence_ms == 0) return true;
  return watch.health_ms > watch.silence_ms && task.updated_at <= task.due_at + -watch.health_ms;
}

}  // namespace

base::Result<bool> DeviceGateway::fall_due(DeviceRef device, domain::TaskId id, const Due& due) {
  Touched& what = touched(device);
  const Task* known = what.current().task(id);
  if (known == nullptr) return false;
  if (known->due_at.ms == 0 || known->due_at > now_) return true;
  auto& tasks = what.working().tasks;
  Task& task =
      *std::find_if(tasks.begin(), tasks.end(), [id](const Task& row) { return row.id == id; });
  if (domain::is_open(task.state)) {
    OTARU_CHECK(lose_patience(what, task, due));
  } else if (task.aftermath == Aftermath::watched) {
    judge_aftermath(what, task, due);
  } else {
    put_off(what, task, {});
  }
  return true;
}

void DeviceGateway::put_off(Touched& what, Task& task, base::Time until) {
  task.due_at = until;
  auto& changed = what.changed_tasks;
  if (std::find(changed.begin(), changed.end(), task.id) == changed.end()) {
    changed.push_back(task.id);
  }
}

base::Status DeviceGateway::lose_patience(Touched& what, Task& task, const Due& due) {
  const auto* rules = snapshot_->deployment(task.deployment);
  const int64_t patience =
      rules == nullptr ? 0 : domain::patience_ms(*rules->deployment, task.state);
  if (patience == 0) {
    put_off(what, task, {});
    return {};
  }
  // Nothing is offered while the deployment is paused, so nothing can be heard of it.
  const bool idle = rules->deployment->state != domain::DeploymentState::running &&
                    task.state == TaskState::pending;
  if (idle) {
    put_off(what, task, now_ + patience);
    return {};
  }
  if (const base::Time until = grace_until(due.up_since, patience); now_ < until) {
    put_off(what, task, until);
    return {};
  }
  task.failure = domain::FailureClass::timeout;
  OTARU_CHECK(move(what, task, domain::TaskEvent::failed,
                   "no word for " + std::to_string(patience / 1'000) + " s"));
  task.due_at = {};
  return {};
}

void DeviceGateway::judge_aftermath(Touched& what, Task& task, const Due& due) {
  const auto* rules = snapshot_->deployment(task.deployment);
  const domain::Watch watch = rules == nullptr ? domain::Watch() : rules->deployment->watch;
  const bool health = health_is_due(task, watch);
  const base::Time installed = task.due_at + -(health ? watch.health_ms : watch.silence_ms);
  if (!health && due.last_seen <= installed) {
    if (const base::Time until = grace_until(due.up_since, watch.silence_ms); now_ < until) {
      put_off(what, task, until);
      return;
    }
    task.aftermath = Aftermath::silent;
    task.due_at = {};
    note_task(what, task, task.state, "silent",
              "no check-in for " + std::to_string(watch.silence_ms / 1'000) + " s");
    return;
  }
  if (!health && installed + watch.health_ms > now_) {
    put_off(what, task, installed + watch.health_ms);
    return;
  }
  task.aftermath = Aftermath::healthy;
  task.due_at = {};
  note_task(what, task, task.state, "healthy", "");
}

}  // namespace otaru::app
