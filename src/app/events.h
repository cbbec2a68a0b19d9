// SPDX-License-Identifier: Apache-2.0
// Internal to app: changes as events. docs/api.md lists the types and what their data holds.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/ports/store.h"
#include "domain/device.h"
#include "domain/snapshot.h"
#include "domain/task.h"

namespace otaru::app {

// `from` is the state before; equal to the task's for one that has just been born.
Event task_event(const domain::Device& device, const domain::Task& task, domain::TaskState from,
                 bool born);
Event device_event(const domain::Device& device, std::string_view type, base::Time at);
Event upload_event(const UploadRow& row, base::Time at);
// Who changes the catalogue, and why, where they say so.
struct ChangeReasons {
  bool by_server = false;
  std::map<domain::DeploymentId, std::string> of;
};
// What the catalogue's changes mean; rows that only changed their texts are no events.
std::vector<Event> catalogue_events(const domain::Snapshot& before,
                                    const std::vector<WriteOp>& changes, base::Time at,
                                    const ChangeReasons& reasons = {});

}  // namespace otaru::app
