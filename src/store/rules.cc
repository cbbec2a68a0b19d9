// SPDX-License-Identifier: Apache-2.0
#include "store/rules.h"

#include <algorithm>
#include <tuple>
#include <string>

#include "base/encoding.h"
#include "base/limits.h"

namespace otaru::store {
namespace {

using base::Code;

std::string number(int64_t value) {
  return std::to_string(value);
}

struct OpRules {
  base::Status operator()(const app::PutDevice& op) const {
    const auto& device = op.device;
    if (!device.id || base::bucket_of(device.id) != domain::bucket_for(device.tenant, device.key)) {
      return base::fail(Code::invalid, "device " + number(device.id.value) +
                                           " does not carry the bucket of its key in its id");
    }
    return {};
  }
  base::Status operator()(const domain::Task& task) const {
    if (!task.id || base::bucket_of(task.id) != base::bucket_of(task.device)) {
      return base::fail(Code::invalid,
                        "task " + number(task.id.value) + " is not in the bucket of its device");
    }
    return {};
  }
  base::Status operator()(const domain::TaskHistory& row) const {
    if (!row.task || base::bucket_of(row.task) != base::bucket_of(row.device)) {
      return base::fail(Code::invalid, "history of task " + number(row.task.value) +
                                           " is not in the bucket of its device");
    }
    return {};
  }
  template <class Other>
  base::Status operator()(const Other&) const {
    return {};
  }
};

}  // namespace

base::Status check_batches(std::span<const app::WriteBatch* const> batches) {
  for (const auto* batch : batches) {
    for (const auto& op : batch->ops) OTARU_CHECK(std::visit(OpRules{}, op));
  }
  return {};
}

base::Error device_conflict(const domain::Device& device) {
  return {Code::conflict,
          "device " + number(device.id.value) + ": the id or the key belongs to another device",
          {}};
}

base::Error task_conflict(const domain::Task& task) {
  return {Code::conflict,
          "task " + number(task.id.value) + " belongs to another device or deployment",
          {}};
}

base::Error journal_conflict(const app::JournalEntry& entry) {
  return {Code::conflict, "there is an entry " + number(entry.sequence) + " of the journal", {}};
}

void keep_tasks_that_matter(std::vector<domain::Task>& tasks) {
  std::sort(tasks.begin(), tasks.end(), [](const domain::Task& a, const domain::Task& b) {
    const bool a_open = domain::is_open(a.state);
    const bool b_open = domain::is_open(b.state);
    return a_open != b_open ? a_open : a.id > b.id;
  });
  if (tasks.size() > base::limits::kTasksInStateMax) tasks.resize(base::limits::kTasksInStateMax);
  std::sort(tasks.begin(), tasks.end(),
            [](const domain::Task& a, const domain::Task& b) { return a.id > b.id; });
}

std::vector<domain::FailureReason> most_frequent(std::vector<domain::FailureReason> reasons,
                                                 size_t limit) {
  std::sort(reasons.begin(), reasons.end(), [](const auto& a, const auto& b) {
    return std::tie(b.n, a.failure, a.result) < std::tie(a.n, b.failure, b.result);
  });
  if (reasons.size() > limit) reasons.resize(limit);
  return reasons;
}

void raise_to_floor(app::HighWater& high, std::string_view kind, int64_t bucket, int64_t id) {
  int64_t* mark = nullptr;
  if (kind == kFloorProduct) mark = &high.product;
  if (kind == kFloorRelease) mark = &high.release;
  if (kind == kFloorPackage) mark = &high.package;
  if (kind == kFloorKit) mark = &high.kit;
  if (kind == kFloorKitItem) mark = &high.kit_item;
  if (kind == kFloorDeployment) mark = &high.deployment;
  if (kind == kFloorCredential) mark = &high.credential;
  if (kind == kFloorGroup) mark = &high.group;
  if (kind == kFloorImport) mark = &high.import;
  if (kind == kFloorWebhook) mark = &high.webhook;
  if (kind == kFloorUser) mark = &high.user;
  const auto at = static_cast<size_t>(bucket);
  if (kind == kFloorDevice && at < high.device.size()) mark = &high.device[at];
  if (kind == kFloorTask && at < high.task.size()) mark = &high.task[at];
  if (mark != nullptr) *mark = std::max(*mark, id);
}

base::Result<DeviceCursor> parse_device_cursor(std::string_view text) {
  const size_t feed = text.find('\n');
  const auto tenant = base::parse_int(text.substr(0, feed));
  if (feed == std::string_view::npos || !tenant) {
    return base::fail(Code::invalid, "the cursor is not one that a listing gave");
  }
  return DeviceCursor{domain::TenantId(*tenant), std::string(text.substr(feed + 1))};
}

}  // namespace otaru::store
