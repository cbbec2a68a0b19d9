// SPDX-License-Identifier: Apache-2.0
// What every store refuses, whatever its engine: rows in the wrong bucket. A row that were written
// to another bucket than its device's would never be found again, so this is checked before
// anything is written.
#pragma once

#include <span>

#include "app/ports/store.h"
#include "base/result.h"

namespace otaru::store {

// Code::invalid naming the row.
base::Status check_batches(std::span<const app::WriteBatch* const> batches);

// The answers both stores give when a put contradicts what identifies a row.
base::Error device_conflict(const domain::Device& device);
base::Error task_conflict(const domain::Task& task);
base::Error journal_conflict(const app::JournalEntry& entry);

// The order in which a device's tasks are kept: open ones first, then the newest (tasks_of_device
// in queries/device.sql says the same). Cut to kTasksInStateMax, then newest first.
void keep_tasks_that_matter(std::vector<domain::Task>& tasks);

// The order in which failure_reasons() answers, cut to `limit`.
std::vector<domain::FailureReason> most_frequent(std::vector<domain::FailureReason> reasons,
                                                 size_t limit);

// The names under which floors of erased ids are kept.
inline constexpr std::string_view kFloorProduct = "product";
inline constexpr std::string_view kFloorRelease = "release";
inline constexpr std::string_view kFloorPackage = "package";
inline constexpr std::string_view kFloorKit = "kit";
inline constexpr std::string_view kFloorKitItem = "kit_item";
inline constexpr std::string_view kFloorDeployment = "deployment";
inline constexpr std::string_view kFloorCredential = "credential";
inline constexpr std::string_view kFloorGroup = "group";
inline constexpr std::string_view kFloorImport = "import";
inline constexpr std::string_view kFloorWebhook = "webhook";
inline constexpr std::string_view kFloorUser = "user";
inline constexpr std::string_view kFloorDevice = "device";
inline constexpr std::string_view kFloorTask = "task";
void raise_to_floor(app::HighWater& high, std::string_view kind, int64_t bucket, int64_t id);

// A cursor of list_devices, taken apart.
struct DeviceCursor {
  domain::TenantId tenant;
  std::string key;
};
base::Result<DeviceCursor> parse_device_cursor(std::string_view text);  // Code::invalid

}  // namespace otaru::store
