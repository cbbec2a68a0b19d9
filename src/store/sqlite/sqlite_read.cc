// SPDX-License-Identifier: Apache-2.0
// Reading: each method takes a reading connection, asks one or a few statements in one view of the
// database, and gives the connection back.
#include <algorithm>
#include <limits>
#include <map>

#include "base/limits.h"
#include "store/dump.h"
#include "store/rules.h"
#include "store/sqlite/sqlite_impl.h"

namespace otaru::store {
namespace {

constexpr auto kOne = ReadScope::Kind::statement;
constexpr auto kSeveral = ReadScope::Kind::transaction;

int64_t limit_of(size_t limit) {
  return static_cast<int64_t>(
      std::min(limit, static_cast<size_t>(std::numeric_limits<int64_t>::max())));
}

// All rows of a call whose parameters are bound.
template <class Row>
base::Status read_rows(Call& call, std::vector<Row>& rows) {
  while (call.next()) call.read(rows.emplace_back());
  return call.status();
}

template <class Row>
base::Status read_table(ReadScope& scope, Query query, std::vector<Row>& rows) {
  Call call(scope.asking(), query);
  return read_rows(call, rows);
}

base::Result<int64_t> read_number(Call& call) {
  int64_t number = 0;
  if (call.next()) call.read_values(number);
  OTARU_CHECK(call.status());
  return number;
}

base::Status read_components(ReadScope& scope, domain::Device& device) {
  Call call(scope.asking(), Query::components_of_device);
  call.bind(base::bucket_of(device.id)).bind(device.id);
  return read_rows(call, device.components);
}

// The row that the call finds, with its components and tasks.
base::Result<std::optional<domain::Device>> whole_device(ReadScope& scope, Call& call) {
  std::optional<domain::Device> device;
  if (call.next()) call.read(device.emplace());
  OTARU_CHECK(call.status());
  if (!device) return device;
  OTARU_CHECK(read_components(scope, *device));
  Call tasks(scope.asking(), Query::tasks_of_device);
  tasks.bind(base::bucket_of(device->id)).bind(device->id);
  tasks.bind(limit_of(base::limits::kTasksInStateMax));
  OTARU_CHECK(read_rows(tasks, device->tasks));
  keep_tasks_that_matter(device->tasks);
  return device;
}

base::Status read_kit_items(ReadScope& scope, std::vector<domain::Kit>& kits) {
  Call call(scope.asking(), Query::load_kit_items);
  auto kit = kits.begin();
  while (call.next()) {
    domain::KitId id;
    domain::KitItem item;
    call.read_values(id, item.id, item.release, item.stage, item.requirements, item.created_at,
                     item.updated_at);
    while (kit != kits.end() && kit->id < id) ++kit;
    if (kit != kits.end() && kit->id == id) kit->items.push_back(item);
  }
  return call.status();
}

base::Status read_keys(ReadScope& scope, std::vector<domain::Deployment>& deployments) {
  Call call(scope.asking(), Query::load_deployment_keys);
  auto deployment = deployments.begin();
  while (call.next()) {
    domain::DeploymentId id;
    std::string kind;
    std::string form;
    std::string keys;
    call.read_values(id, kind, form, keys);
    while (deployment != deployments.end() && deployment->id < id) ++deployment;
    if (deployment == deployments.end() || deployment->id != id) continue;
    auto set = form == kLinesForm ? domain::KeySet::of(split_keys(keys))
                                  : domain::KeySet::unpack(std::move(keys));
    if (!set || (kind != kDeviceKeys && kind != kExcludedKeys)) {
      return base::fail(base::Code::internal,
                        "the database holds a list of devices that cannot be read: restore a "
                        "backup",
                        "deployment " + std::to_string(id.value) + ", " + kind);
    }
    auto& list = kind == kDeviceKeys ? deployment->device_keys : deployment->excluded_keys;
    list = std::move(*set);
  }
  return call.status();
}

base::Status read_approvals(ReadScope& scope, std::vector<domain::Deployment>& deployments) {
  Call call(scope.asking(), Query::load_approvals);
  auto deployment = deployments.begin();
  while (call.next()) {
    domain::DeploymentId id;
    domain::Approval row;
    call.read_values(id, row.step, row.who, row.name, row.reason, row.at);
    while (deployment != deployments.end() && deployment->id < id) ++deployment;
    if (deployment != deployments.end() && deployment->id == id) {
      deployment->approvals.push_back(std::move(row));
    }
  }
  return call.status();
}

base::Result<domain::CatalogueRows> read_catalogue(ReadScope& scope) {
  domain::CatalogueRows rows;
  OTARU_CHECK(read_table(scope, Query::load_tenants, rows.tenants));
  OTARU_CHECK(read_table(scope, Query::load_products, rows.products));
  OTARU_CHECK(read_table(scope, Query::load_releases, rows.releases));
  OTARU_CHECK(read_table(scope, Query::load_packages, rows.packages));
  OTARU_CHECK(read_table(scope, Query::load_kits, rows.kits));
  OTARU_CHECK(read_kit_items(scope, rows.kits));
  OTARU_CHECK(read_table(scope, Query::load_deployments, rows.deployments));
  OTARU_CHECK(read_keys(scope, rows.deployments));
  OTARU_CHECK(read_approvals(scope, rows.deployments));
  OTARU_CHECK(read_table(scope, Query::load_credentials, rows.credentials));
  OTARU_CHECK(read_table(scope, Query::load_groups, rows.groups));
  OTARU_CHECK(read_table(scope, Query::load_users, rows.users));
  Call settings(scope.asking(), Query::load_settings);
  while (settings.next()) {
    auto& setting = rows.settings.emplace_back();
    settings.read_values(setting.first, setting.second);
  }
  OTARU_CHECK(settings.status());
  return rows;
}

template <class Row>
int64_t last_id(const std::vector<Row>& rows) {
  return rows.empty() ? 0 : rows.back().id.value;
}

using TenantCounts = std::vector<std::pair<domain::TenantId, int64_t>>;

// What a statement counts by bucket and tenant.
base::Status count_by_tenant(ReadScope& scope, Query query, TenantCounts& out) {
  std::map<domain::TenantId, int64_t> sums;
  Call call(scope.asking(), query);
  while (call.next()) {
    domain::TenantId tenant;
    int64_t count = 0;
    call.read_values(tenant, count);
    sums[tenant] += count;
  }
  OTARU_CHECK(call.status());
  out.assign(sums.begin(), sums.end());
  return {};
}

base::Status read_device_marks(ReadScope& scope, std::vector<int64_t>& marks) {
  marks.assign(base::kBucketCount, 0);
  for (int64_t bucket = 0; bucket < base::kBucketCount; ++bucket) {
    Call call(scope.asking(), Query::highest_device);
    call.bind(bucket);
    OTARU_TRY(id, read_number(call));
    marks[static_cast<size_t>(bucket)] = id;
  }
  return {};
}

// Newest first until every bucket was met, which is soon: ids rise over all buckets.
base::Status read_task_marks(ReadScope& scope, std::vector<int64_t>& marks) {
  marks.assign(base::kBucketCount, 0);
  int64_t missing = base::kBucketCount;
  Call call(scope.asking(), Query::newest_task_ids);
  while (missing > 0 && call.next()) {
    int64_t id = 0;
    int64_t bucket = 0;
    call.read_values(id, bucket);
    auto& mark = marks[static_cast<size_t>(bucket % base::kBucketCount)];
    if (mark == 0) --missing;
    mark = std::max(mark, id);
  }
  return call.status();
}

}  // namespace

base::Result<domain::CatalogueRows> SqliteStore::load_catalogue() {
  ReadScope scope(readers_, *options_.probe, kSeveral);
  OTARU_CHECK(scope.status());
  return read_catalogue(scope);
}

base::Result<std::vector<app::SessionRow>> SqliteStore::load_sessions() {
  ReadScope scope(readers_, *options_.probe, kOne);
  std::vector<app::SessionRow> rows;
  OTARU_CHECK(read_table(scope, Query::load_sessions, rows));
  return rows;
}

base::Result<std::vector<app::JournalEntry>> SqliteStore::list_journal(
    const app::JournalFilter& filter) {
  const Query query = filter.subject_kind && filter.subject_id ? Query::list_journal_of_subject
                      : filter.actor                           ? Query::list_journal_of_actor
                      : filter.tenant                          ? Query::list_journal_of_tenant
                                                               : Query::list_journal;
  ReadScope scope(readers_, *options_.probe, ReadScope::Kind::statement);
  OTARU_CHECK(scope.status());
  Call call(scope.asking(), query);
  call.bind(filter.before).bind_optional(filter.tenant).bind_optional(filter.actor);
  call.bind_optional(filter.subject_kind).bind_optional(filter.subject_id);
  call.bind(filter.action_prefix).bind_optional(filter.since).bind_optional(filter.until);
  call.bind(static_cast<int64_t>(filter.limit));
  std::vector<app::JournalEntry> rows;
  while (call.next()) call.read(rows.emplace_back());
  OTARU_CHECK(call.status());
  return rows;
}

base::Result<std::vector<app::JournalEntry>> SqliteStore::read_journal(int64_t after,
                                                                       size_t limit) {
  ReadScope scope(readers_, *options_.probe, ReadScope::Kind::statement);
  OTARU_CHECK(scope.status());
  Call call(scope.asking(), Query::read_journal);
  call.bind(after).bind(static_cast<int64_t>(limit));
  std::vector<app::JournalEntry> rows;
  while (call.next()) call.read(rows.emplace_back());
  OTARU_CHECK(call.status());
  return rows;
}

base::Result<std::vector<app::KeptAnswer>> SqliteStore::load_kept_answers() {
  ReadScope scope(readers_, *options_.probe, kOne);
  std::vector<app::KeptAnswer> rows;
  OTARU_CHECK(read_table(scope, Query::load_kept_answers, rows));
  return rows;
}

base::Result<std::vector<app::UploadRow>> SqliteStore::load_uploads() {
  ReadScope scope(readers_, *options_.probe, kOne);
  std::vector<app::UploadRow> rows;
  OTARU_CHECK(read_table(scope, Query::load_uploads, rows));
  return rows;
}

base::Result<std::vector<app::ImportRow>> SqliteStore::load_imports() {
  ReadScope scope(readers_, *options_.probe, kOne);
  std::vector<app::ImportRow> rows;
  OTARU_CHECK(read_table(scope, Query::load_imports, rows));
  return rows;
}

base::Result<std::vector<app::LoginRow>> SqliteStore::load_logins() {
  ReadScope scope(readers_, *options_.probe, kOne);
  std::vector<app::LoginRow> rows;
  OTARU_CHECK(read_table(scope, Query::load_logins, rows));
  return rows;
}

base::Result<std::vector<app::LastUsed>> SqliteStore::load_last_used() {
  ReadScope scope(readers_, *options_.probe, kOne);
  std::vector<app::LastUsed> rows;
  OTARU_CHECK(read_table(scope, Query::load_last_used, rows));
  return rows;
}

base::Result<app::HighWater> SqliteStore::high_water() {
  ReadScope scope(readers_, *options_.probe, kSeveral);
  OTARU_CHECK(scope.status());
  OTARU_TRY(rows, read_catalogue(scope));
  app::HighWater high;
  high.tenant = last_id(rows.tenants);
  high.product = last_id(rows.products);
  high.release = last_id(rows.releases);
  high.package = last_id(rows.packages);
  high.kit = last_id(rows.kits);
  for (const auto& kit : rows.kits) {
    for (const auto& item : kit.items) high.kit_item = std::max(high.kit_item, item.id.value);
  }
  high.deployment = last_id(rows.deployments);
  high.credential = last_id(rows.credentials);
  high.group = last_id(rows.groups);
  std::vector<app::ImportRow> imports;
  OTARU_CHECK(read_table(scope, Query::load_imports, imports));
  if (!imports.empty()) high.import = imports.back().id;
  high.user = last_id(rows.users);
  OTARU_CHECK(read_device_marks(scope, high.device));
  OTARU_CHECK(read_task_marks(scope, high.task));
  {
    Call floors(scope.asking(), Query::id_floors);
    while (floors.next()) {
      std::string kind;
      int64_t bucket = 0;
      int64_t id = 0;
      floors.read_values(kind, bucket, id);
      raise_to_floor(high, kind, bucket, id);
    }
    OTARU_CHECK(floors.status());
  }
  Call webhooks(scope.asking(), Query::highest_webhook);
  OTARU_TRY(webhook, read_number(webhooks));
  high.webhook = std::max(high.webhook, webhook);
  OTARU_CHECK(count_by_tenant(scope, Query::count_devices, high.devices_of));
  OTARU_CHECK(count_by_tenant(scope, Query::count_pending_devices, high.pending_of));
  for (const auto& [tenant, count] : high.devices_of) high.device_count += count;
  return high;
}

base::Result<std::optional<domain::Device>> SqliteStore::find_device(domain::TenantId tenant,
                                                                     std::string_view key) {
  ReadScope scope(readers_, *options_.probe, kSeveral);
  OTARU_CHECK(scope.status());
  Call call(scope.asking(), Query::device_by_key);
  call.bind(domain::bucket_for(tenant, key)).bind(tenant).bind(key);
  return whole_device(scope, call);
}

base::Result<std::optional<domain::Device>> SqliteStore::find_device(domain::DeviceId id) {
  ReadScope scope(readers_, *options_.probe, kSeveral);
  OTARU_CHECK(scope.status());
  Call call(scope.asking(), Query::device_by_id);
  call.bind(base::bucket_of(id)).bind(id);
  return whole_device(scope, call);
}

base::Result<std::vector<std::optional<domain::Device>>> SqliteStore::find_devices(
    domain::TenantId tenant, std::span<const std::string_view> keys) {
  ReadScope scope(readers_, *options_.probe, kSeveral);
  OTARU_CHECK(scope.status());
  std::vector<std::optional<domain::Device>> out;
  out.reserve(keys.size());
  for (const auto key : keys) {
    Call call(scope.asking(), Query::device_by_key);
    call.bind(domain::bucket_for(tenant, key)).bind(tenant).bind(key);
    OTARU_TRY(device, whole_device(scope, call));
    out.push_back(std::move(device));
  }
  return out;
}

base::Result<std::optional<domain::Task>> SqliteStore::find_task(domain::TaskId id) {
  ReadScope scope(readers_, *options_.probe, kOne);
  Call call(scope.asking(), Query::task_by_id);
  call.bind(base::bucket_of(id)).bind(id);
  std::optional<domain::Task> task;
  if (call.next()) call.read(task.emplace());
  OTARU_CHECK(call.status());
  return task;
}

base::Result<std::vector<domain::Task>> SqliteStore::list_tasks(const app::TaskFilter& filter) {
  ReadScope scope(readers_, *options_.probe, kOne);
  const Query query = filter.device       ? Query::list_tasks_of_device
                      : filter.deployment ? Query::list_tasks_of_deployment
                      : filter.state      ? Query::list_tasks_in_state
                                          : Query::list_tasks;
  Call call(scope.asking(), query);
  call.bind(filter.before_id == 0 ? std::numeric_limits<int64_t>::max() : filter.before_id);
  call.bind_optional(filter.state).bind_optional(filter.tenant).bind(limit_of(filter.limit));
  if (filter.device) {
    call.bind(base::bucket_of(*filter.device)).bind(*filter.device);
    call.bind_optional(filter.deployment);
  } else if (filter.deployment) {
    call.bind(*filter.deployment);
  }
  std::vector<domain::Task> tasks;
  OTARU_CHECK(read_rows(call, tasks));
  return tasks;
}

base::Result<std::vector<domain::TaskHistory>> SqliteStore::task_history(domain::TaskId id) {
  ReadScope scope(readers_, *options_.probe, kOne);
  Call call(scope.asking(), Query::history_of_task);
  call.bind(base::bucket_of(id)).bind(id);
  std::vector<domain::TaskHistory> rows;
  OTARU_CHECK(read_rows(call, rows));
  return rows;
}

base::Result<std::vector<app::DeviceLogRow>> SqliteStore::device_log(domain::DeviceId id,
                                                                     size_t limit) {
  ReadScope scope(readers_, *options_.probe, kOne);
  Call call(scope.asking(), Query::log_of_device);
  call.bind(base::bucket_of(id)).bind(id).bind(limit_of(limit));
  std::vector<app::DeviceLogRow> rows;
  OTARU_CHECK(read_rows(call, rows));
  return rows;
}

base::Result<std::vector<app::ImportErrorRow>> SqliteStore::import_errors(int64_t import,
                                                                          int64_t after_n,
                                                                          size_t limit) {
  ReadScope scope(readers_, *options_.probe, kOne);
  Call call(scope.asking(), Query::import_errors);
  call.bind(import).bind(after_n).bind(limit_of(limit));
  std::vector<app::ImportErrorRow> rows;
  OTARU_CHECK(read_rows(call, rows));
  return rows;
}

base::Result<std::vector<domain::Task>> SqliteStore::due_tasks(base::Time until, size_t limit) {
  ReadScope scope(readers_, *options_.probe, kOne);
  Call call(scope.asking(), Query::due_tasks);
  call.bind(until).bind(limit_of(limit));
  std::vector<domain::Task> tasks;
  OTARU_CHECK(read_rows(call, tasks));
  return tasks;
}

base::Result<std::vector<domain::Task>> SqliteStore::open_tasks(domain::DeploymentId id,
                                                                domain::TaskId after,
                                                                size_t limit) {
  ReadScope scope(readers_, *options_.probe, kOne);
  Call call(scope.asking(), Query::open_tasks);
  call.bind(id).bind(after).bind(limit_of(limit));
  std::vector<domain::Task> tasks;
  OTARU_CHECK(read_rows(call, tasks));
  return tasks;
}

base::Result<std::vector<domain::DeploymentId>> SqliteStore::deployments_with_open_tasks() {
  ReadScope scope(readers_, *options_.probe, kSeveral);
  OTARU_CHECK(scope.status());
  std::vector<domain::DeploymentId> out;
  domain::DeploymentId last{std::numeric_limits<int64_t>::min()};
  while (true) {
    Call call(scope.asking(), Query::next_deployment_with_open_tasks);
    call.bind(last);
    const bool found = call.next();
    if (found) call.read_values(last);
    OTARU_CHECK(call.status());
    if (!found) return out;
    out.push_back(last);
  }
}

base::Result<std::vector<base::Time>> SqliteStore::last_seen(
    std::span<const domain::DeviceId> devices) {
  ReadScope scope(readers_, *options_.probe, kSeveral);
  OTARU_CHECK(scope.status());
  std::vector<base::Time> out;
  for (const auto id : devices) {
    Call call(scope.asking(), Query::seen_at);
    call.bind(base::bucket_of(id)).bind(id);
    base::Time& at = out.emplace_back();
    if (call.next()) call.read_values(at);
    OTARU_CHECK(call.status());
  }
  return out;
}

base::Result<std::vector<domain::TaskCount>> SqliteStore::count_tasks(domain::DeploymentId id) {
  ReadScope scope(readers_, *options_.probe, kOne);
  Call call(scope.asking(), Query::count_tasks);
  call.bind(id);
  std::vector<domain::TaskCount> counts;
  OTARU_CHECK(read_rows(call, counts));
  std::sort(counts.begin(), counts.end());
  return counts;
}

base::Result<std::vector<domain::TaskCount>> SqliteStore::load_task_counts() {
  ReadScope scope(readers_, *options_.probe, kOne);
  std::vector<domain::TaskCount> counts;
  OTARU_CHECK(read_table(scope, Query::load_task_counts, counts));
  std::sort(counts.begin(), counts.end());
  return counts;
}

base::Result<std::vector<domain::FailureReason>> SqliteStore::failure_reasons(
    domain::DeploymentId id, size_t limit) {
  ReadScope scope(readers_, *options_.probe, kOne);
  Call call(scope.asking(), Query::failure_reasons);
  call.bind(id);
  std::vector<domain::FailureReason> reasons;
  OTARU_CHECK(read_rows(call, reasons));
  return most_frequent(std::move(reasons), limit);
}

base::Result<std::vector<app::VersionCount>> SqliteStore::version_counts(
    domain::ProductId product) {
  ReadScope scope(readers_, *options_.probe, kOne);
  Call call(scope.asking(), Query::version_counts);
  call.bind(product);
  std::vector<app::VersionCount> counts;
  while (call.next()) {
    app::VersionCount row;
    call.read_values(row.version, row.n);
    if (row.n != 0) counts.push_back(std::move(row));
  }
  OTARU_CHECK(call.status());
  std::sort(counts.begin(), counts.end(),
            [](const auto& a, const auto& b) { return a.version < b.version; });
  return counts;
}

base::Result<std::vector<app::VersionSample>> SqliteStore::version_samples(
    domain::ProductId product, int64_t step_ms, base::Time since) {
  ReadScope scope(readers_, *options_.probe, kOne);
  Call call(scope.asking(), Query::version_samples);
  call.bind(product).bind(step_ms).bind(since);
  std::vector<app::VersionSample> rows;
  OTARU_CHECK(read_rows(call, rows));
  return rows;
}

}  // namespace otaru::store
