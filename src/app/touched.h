// SPDX-License-Identifier: Apache-2.0
// Private to app/: one device within one unit of work, and what changed about it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/device_gateway.h"

namespace otaru::app {

struct DeviceGateway::Touched {
  domain::TenantId tenant;
  std::string key;
  DeviceState base;                      // null: the device is being born
  std::unique_ptr<domain::Device> next;  // the working copy, made at the first change
  bool born = false;
  bool identity_changed = false;  // the device row or a component
  bool erased = false;            // by an operator
  std::vector<domain::Task> forgotten;  // erased: its tasks that are only in the store
  std::vector<domain::TaskId> changed_tasks;
  std::vector<domain::TaskHistory> history;
  std::vector<DeviceLogRow> logs;
  std::vector<Event> events;  // of its tasks

  const domain::Device& current() const { return next ? *next : *base; }
  domain::Device& working() {
    if (!next) next = std::make_unique<domain::Device>(*base);
    return *next;
  }
  bool changed() const { return next != nullptr || erased || !logs.empty(); }
};

}  // namespace otaru::app
