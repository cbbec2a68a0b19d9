// SPDX-License-Identifier: Apache-2.0
// Reading from the memory store: plain scans, written for being obviously right.
#include "store/memory/memory_store.h"

#include <algorithm>
#include <limits>

#include "base/limits.h"
#include "store/dump.h"
#include "store/memory/memory_state.h"
#include "store/rules.h"

namespace otaru::store {
namespace {

template <class Map>
auto values_of(const Map& map) {
  std::vector<typename Map::mapped_type> out;
  out.reserve(map.size());
  for (const auto& entry : map) out.push_back(entry.second);
  return out;
}

template <class Map>
int64_t highest_id(const Map& map) {
  return map.empty() ? 0 : map.rbegin()->first.value;
}

template <class Tag>
void raise_bucket(std::vector<int64_t>& marks, base::Id<Tag> id) {
  auto& mark = marks[static_cast<size_t>(base::bucket_of(id))];
  mark = std::max(mark, id.value);
}

}  // namespace

MemoryStore::MemoryStore() : state_(std::make_unique<State>()) {}
MemoryStore::~MemoryStore() = default;
std::unique_ptr<MemoryStore> make_memory_store() {
  return std::make_unique<MemoryStore>();
}

std::vector<domain::TaskId> MemoryStore::State::task_ids(domain::DeviceId device) const {
  std::vector<domain::TaskId> ids;
  auto at = tasks_of.lower_bound({device, domain::TaskId(std::numeric_limits<int64_t>::min())});
  for (; at != tasks_of.end() && at->first.first == device; ++at) ids.push_back(at->first.second);
  return ids;
}

domain::Device MemoryStore::State::whole(const domain::Device& row) const {
  domain::Device device = row;
  for (const auto id : task_ids(device.id)) device.tasks.push_back(tasks.at(id));
  keep_tasks_that_matter(device.tasks);
  return device;
}

void MemoryStore::fail_next_applies(int64_t count, base::Error error) {
  const std::lock_guard lock(state_->mutex);
  state_->faults = count;
  state_->fault = std::move(error);
}

base::Result<domain::CatalogueRows> MemoryStore::load_catalogue() {
  const std::lock_guard lock(state_->mutex);
  domain::CatalogueRows rows;
  rows.tenants = values_of(state_->tenants);
  rows.products = values_of(state_->products);
  rows.releases = values_of(state_->releases);
  rows.packages = values_of(state_->packages);
  rows.kits = values_of(state_->kits);
  rows.deployments = values_of(state_->deployments);
  rows.credentials = values_of(state_->credentials);
  rows.groups = values_of(state_->groups);
  rows.users = values_of(state_->users);
  rows.settings.assign(state_->settings.begin(), state_->settings.end());
  return rows;
}

base::Result<std::vector<app::SessionRow>> MemoryStore::load_sessions() {
  const std::lock_guard lock(state_->mutex);
  return values_of(state_->sessions);
}

base::Result<std::vector<app::KeptAnswer>> MemoryStore::load_kept_answers() {
  const std::lock_guard lock(state_->mutex);
  return values_of(state_->kept_answers);
}

base::Result<std::vector<app::UploadRow>> MemoryStore::load_uploads() {
  const std::lock_guard lock(state_->mutex);
  return values_of(state_->uploads);
}

base::Result<std::vector<app::ImportRow>> MemoryStore::load_imports() {
  const std::lock_guard lock(state_->mutex);
  return values_of(state_->imports);
}

base::Result<std::vector<app::ImportErrorRow>> MemoryStore::import_errors(int64_t import,
                                                                          int64_t after_n,
                                                                          size_t limit) {
  const std::lock_guard lock(state_->mutex);
  std::vector<app::ImportErrorRow> out;
  auto at = state_->import_errors.upper_bound({import, after_n});
  for (; at != state_->import_errors.end() && at->first.first == import; ++at) {
    if (out.size() == limit) break;
    out.push_back(at->second);
  }
  return out;
}

base::Result<std::vector<app::LoginRow>> MemoryStore::load_logins() {
  const std::lock_guard lock(state_->mutex);
  return values_of(state_->logins);
}

base::Result<std::vector<app::LastUsed>> MemoryStore::load_last_used() {
  const std::lock_guard lock(state_->mutex);
  return values_of(state_->last_used);
}

base::Result<app::HighWater> MemoryStore::high_water() {
  const std::lock_guard lock(state_->mutex);
  app::HighWater high;
  high.tenant = highest_id(state_->tenants);
  high.product = highest_id(state_->products);
  high.release = highest_id(state_->releases);
  high.package = highest_id(state_->packages);
  high.kit = highest_id(state_->kits);
  for (const auto& entry : state_->kits) {
    for (const auto& item : entry.second.items) {
      high.kit_item = std::max(high.kit_item, item.id.value);
    }
  }
  high.deployment = highest_id(state_->deployments);
  high.credential = highest_id(state_->credentials);
  high.group = highest_id(state_->groups);
  if (!state_->imports.empty()) high.import = state_->imports.rbegin()->first;
  high.webhook = highest_id(state_->webhooks);
  high.user = highest_id(state_->users);
  high.device.assign(base::kBucketCount, 0);
  high.task.assign(base::kBucketCount, 0);
  for (const auto& entry : state_->devices) raise_bucket(high.device, entry.first);
  for (const auto& entry : state_->tasks) raise_bucket(high.task, entry.first);
  for (const auto& entry : state_->floors) {
    raise_to_floor(high, entry.first.first, entry.first.second, entry.second);
  }
  high.device_count = static_cast<int64_t>(state_->devices.size());
  std::map<domain::TenantId, int64_t> devices_of;
  std::map<domain::TenantId, int64_t> pending_of;
  for (const auto& entry : state_->devices) {
    ++devices_of[entry.second.tenant];
    if (entry.second.pending) ++pending_of[entry.second.tenant];
  }
  high.devices_of.assign(devices_of.begin(), devices_of.end());
  high.pending_of.assign(pending_of.begin(), pending_of.end());
  return high;
}

base::Result<std::optional<domain::Device>> MemoryStore::find_device(domain::TenantId tenant,
                                                                     std::string_view key) {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->device_keys.find({tenant, std::string(key)});
  if (found == state_->device_keys.end()) return std::optional<domain::Device>();
  return std::optional(state_->whole(state_->devices.at(found->second)));
}

base::Result<std::optional<domain::Device>> MemoryStore::find_device(domain::DeviceId id) {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->devices.find(id);
  if (found == state_->devices.end()) return std::optional<domain::Device>();
  return std::optional(state_->whole(found->second));
}

base::Result<std::optional<domain::Task>> MemoryStore::find_task(domain::TaskId id) {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->tasks.find(id);
  if (found == state_->tasks.end()) return std::optional<domain::Task>();
  return std::optional(found->second);
}

base::Result<std::vector<app::DeviceListing>> MemoryStore::list_devices(
    const app::DeviceFilter& filter) {
  std::optional<DeviceCursor> after;
  if (!filter.after.empty()) {
    OTARU_TRY(cursor, parse_device_cursor(filter.after));
    after = cursor;
  }
  const std::lock_guard lock(state_->mutex);
  std::vector<app::DeviceListing> out;
  for (const auto& [key, id] : state_->device_keys) {
    if (out.size() >= filter.limit) break;
    if (after && key <= std::pair(after->tenant, after->key)) continue;
    if (filter.tenant && key.first != *filter.tenant) continue;
    if (key.second.compare(0, filter.key_prefix.size(), filter.key_prefix) != 0) continue;
    if (filter.pending && !state_->devices.at(id).pending) continue;
    const auto seen = state_->seen.find(id);
    out.push_back(
        {state_->devices.at(id), seen == state_->seen.end() ? base::Time{} : seen->second});
  }
  return out;
}

base::Result<std::vector<domain::Task>> MemoryStore::list_tasks(const app::TaskFilter& filter) {
  const std::lock_guard lock(state_->mutex);
  std::vector<domain::Task> out;
  for (auto at = state_->tasks.rbegin(); at != state_->tasks.rend(); ++at) {
    const domain::Task& task = at->second;
    if (out.size() >= filter.limit) break;
    if (filter.before_id != 0 && task.id.value >= filter.before_id) continue;
    if (filter.device && task.device != *filter.device) continue;
    if (filter.deployment && task.deployment != *filter.deployment) continue;
    if (filter.state && task.state != *filter.state) continue;
    if (filter.tenant) {
      const auto device = state_->devices.find(task.device);
      if (device == state_->devices.end() || device->second.tenant != *filter.tenant) continue;
    }
    out.push_back(task);
  }
  return out;
}

base::Result<std::vector<domain::TaskHistory>> MemoryStore::task_history(domain::TaskId id) {
  const std::lock_guard lock(state_->mutex);
  std::vector<domain::TaskHistory> out;
  auto at = state_->history.lower_bound({id, std::numeric_limits<int64_t>::min()});
  for (; at != state_->history.end() && at->first.first == id; ++at) out.push_back(at->second);
  return out;
}

base::Result<std::vector<app::DeviceLogRow>> MemoryStore::device_log(domain::DeviceId id,
                                                                     size_t limit) {
  const std::lock_guard lock(state_->mutex);
  std::vector<app::DeviceLogRow> out;
  auto at = state_->log.lower_bound({id, std::numeric_limits<int64_t>::min()});
  for (; at != state_->log.end() && at->first.first == id; ++at) out.push_back(at->second);
  std::reverse(out.begin(), out.end());
  if (out.size() > limit) out.resize(limit);
  return out;
}

base::Result<std::vector<domain::Task>> MemoryStore::due_tasks(base::Time until, size_t limit) {
  const std::lock_guard lock(state_->mutex);
  std::vector<domain::Task> out;
  for (const auto& [id, task] : state_->tasks) {
    if (task.due_at.ms > 0 && task.due_at <= until) out.push_back(task);
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.due_at < b.due_at; });
  if (out.size() > limit) out.resize(limit);
  return out;
}

base::Result<std::vector<domain::Task>> MemoryStore::open_tasks(domain::DeploymentId id,
                                                                domain::TaskId after,
                                                                size_t limit) {
  const std::lock_guard lock(state_->mutex);
  std::vector<domain::Task> out;
  for (auto at = state_->tasks.upper_bound(after); at != state_->tasks.end(); ++at) {
    if (out.size() >= limit) break;
    if (at->second.deployment == id && domain::is_open(at->second.state)) out.push_back(at->second);
  }
  return out;
}

base::Result<std::vector<domain::DeploymentId>> MemoryStore::deployments_with_open_tasks() {
  const std::lock_guard lock(state_->mutex);
  std::set<domain::DeploymentId> found;
  for (const auto& [id, task] : state_->tasks) {
    if (domain::is_open(task.state)) found.insert(task.deployment);
  }
  return std::vector<domain::DeploymentId>(found.begin(), found.end());
}

base::Result<std::vector<base::Time>> MemoryStore::last_seen(
    std::span<const domain::DeviceId> devices) {
  const std::lock_guard lock(state_->mutex);
  std::vector<base::Time> out;
  for (const auto id : devices) {
    const auto found = state_->seen.find(id);
    out.push_back(found == state_->seen.end() ? base::Time{} : found->second);
  }
  return out;
}

std::vector<domain::TaskCount> MemoryStore::recount(std::optional<domain::DeploymentId> of) const {
  std::map<domain::TaskCount, int64_t> counts;
  for (const auto& entry : state_->tasks) {
    if (!of || entry.second.deployment == *of) ++counts[domain::counted(entry.second, 0)];
  }
  std::vector<domain::TaskCount> out;
  for (const auto& [row, n] : counts) {
    out.push_back(row);
    out.back().n = n;
  }
  return out;
}

base::Result<std::vector<domain::TaskCount>> MemoryStore::count_tasks(domain::DeploymentId id) {
  const std::lock_guard lock(state_->mutex);
  return recount(id);
}

base::Result<std::vector<domain::TaskCount>> MemoryStore::load_task_counts() {
  const std::lock_guard lock(state_->mutex);
  return recount(std::nullopt);
}

base::Result<std::vector<domain::FailureReason>> MemoryStore::failure_reasons(
    domain::DeploymentId id, size_t limit) {
  const std::lock_guard lock(state_->mutex);
  return most_frequent(reasons(id), limit);
}

std::vector<domain::FailureReason> MemoryStore::reasons(domain::DeploymentId id) const {
  std::map<std::pair<domain::FailureClass, std::string>, int64_t> counts;
  for (const auto& entry : state_->tasks) {
    const domain::Task& task = entry.second;
    if (task.deployment != id || task.state != domain::TaskState::failed) continue;
    ++counts[{task.failure, task.result}];
  }
  std::vector<domain::FailureReason> out;
  for (const auto& [reason, n] : counts) out.push_back({reason.first, reason.second, n});
  return out;
}

base::Result<std::vector<app::VersionCount>> MemoryStore::version_counts(
    domain::ProductId product) {
  const std::lock_guard lock(state_->mutex);
  std::map<std::string, int64_t> counts;
  for (const auto& [id, device] : state_->devices) {
    for (const auto& component : device.components) {
      if (product && component.product == product) ++counts[component.version];
    }
  }
  std::vector<app::VersionCount> out;
  for (const auto& [version, n] : counts) out.push_back({version, n});
  return out;
}

base::Result<std::vector<app::VersionSample>> MemoryStore::version_samples(
    domain::ProductId product, int64_t step_ms, base::Time since) {
  const std::lock_guard lock(state_->mutex);
  std::vector<app::VersionSample> out;
  for (auto at = state_->version_samples.lower_bound({product, step_ms, since});
       at != state_->version_samples.end(); ++at) {
    if (at->second.product != product || at->second.step_ms != step_ms) break;
    out.push_back(at->second);
  }
  return out;
}

base::Result<std::vector<app::JournalEntry>> MemoryStore::list_journal(
    const app::JournalFilter& filter) {
  const std::lock_guard lock(state_->mutex);
  std::vector<app::JournalEntry> out;
  for (auto at = state_->journal.rbegin(); at != state_->journal.rend(); ++at) {
    const app::JournalEntry& row = at->second;
    if (out.size() == filter.limit) break;
    if (row.sequence >= filter.before || (filter.tenant && row.tenant != *filter.tenant) ||
        (filter.actor && row.actor_name != *filter.actor) ||
        (filter.subject_kind && row.subject_kind != *filter.subject_kind) ||
        (filter.subject_id && row.subject_id != *filter.subject_id) ||
        !row.action.starts_with(filter.action_prefix) || (filter.since && row.at < *filter.since) ||
        (filter.until && row.at >= *filter.until)) {
      continue;
    }
    out.push_back(row);
  }
  return out;
}

base::Result<std::vector<app::JournalEntry>> MemoryStore::read_journal(int64_t after,
                                                                       size_t limit) {
  const std::lock_guard lock(state_->mutex);
  std::vector<app::JournalEntry> out;
  for (auto at = state_->journal.upper_bound(after);
       at != state_->journal.end() && out.size() < limit; ++at) {
    out.push_back(at->second);
  }
  return out;
}

base::Result<std::vector<app::Event>> MemoryStore::read_events(const app::EventRange& range) {
  const std::lock_guard lock(state_->mutex);
  std::vector<app::Event> out;
  for (const auto& [id, row] : state_->events) {
    if (id > range.after && id < range.before) out.push_back(row);
  }
  if (range.newest_first) std::reverse(out.begin(), out.end());
  if (out.size() > range.limit) out.resize(range.limit);
  return out;
}

base::Result<app::EventSpan> MemoryStore::event_span() {
  const std::lock_guard lock(state_->mutex);
  if (state_->events.empty()) return app::EventSpan{};
  return app::EventSpan{state_->events.begin()->first, state_->events.rbegin()->first};
}

base::Result<app::WebhookRows> MemoryStore::load_webhooks() {
  const std::lock_guard lock(state_->mutex);
  return app::WebhookRows{values_of(state_->webhooks), values_of(state_->webhook_cursors)};
}

base::Result<std::vector<app::DeadLetter>> MemoryStore::list_dead_letters(app::WebhookId webhook,
                                                                          int64_t after,
                                                                          size_t limit) {
  const std::lock_guard lock(state_->mutex);
  std::vector<app::DeadLetter> out;
  for (const auto& [key, row] : state_->dead_letters) {
    if (key.first == webhook && key.second > after && out.size() < limit) out.push_back(row);
  }
  return out;
}

base::Result<std::vector<std::string>> MemoryStore::dump() {
  OTARU_TRY(catalogue, load_catalogue());
  std::vector<std::string> lines;
  dump_catalogue(catalogue, lines);
  const std::lock_guard lock(state_->mutex);
  for (const auto& [key, row] : state_->sessions) lines.push_back(dump_line("session", row));
  for (const auto& [key, row] : state_->uploads) lines.push_back(dump_line("upload", row));
  for (const auto& [id, row] : state_->imports) lines.push_back(dump_line("import_job", row));
  for (const auto& [id, row] : state_->import_errors) {
    lines.push_back(dump_line("import_error", row));
  }
  for (const auto& [key, row] : state_->journal) lines.push_back(dump_line("journal", row));
  for (const auto& [id, row] : state_->events) lines.push_back(dump_line("event", row));
  for (const auto& [id, row] : state_->webhooks) lines.push_back(dump_line("webhook", row));
  for (const auto& [id, row] : state_->webhook_cursors) {
    lines.push_back(dump_line("webhook_cursor", row));
  }
  for (const auto& [key, row] : state_->dead_letters) {
    lines.push_back(dump_line("dead_letter", row));
  }
  for (const auto& [key, row] : state_->logins) lines.push_back(dump_line("login", row));
  for (const auto& [key, row] : state_->last_used) lines.push_back(dump_line("last_used", row));
  for (const auto& [key, row] : state_->kept_answers) {
    lines.push_back(dump_line("kept_answer", row));
  }
  for (const auto& [key, row] : state_->version_samples) {
    lines.push_back(dump_line("version_sample", row));
  }
  for (const auto& [key, id] : state_->floors) {
    lines.push_back(dump_floor(key.first, key.second, id));
  }
  for (const auto& [id, row] : state_->devices) {
    lines.push_back(dump_line("device", row));
    for (const auto& component : row.components) lines.push_back(dump_component(id, component));
  }
  for (const auto& [id, at] : state_->seen) lines.push_back(dump_line("seen", app::Seen{id, at}));
  for (const auto& [key, row] : state_->log) lines.push_back(dump_log(key.second, row));
  std::set<domain::DeploymentId> deployments;
  for (const auto& [id, row] : state_->tasks) {
    lines.push_back(dump_line("task", row));
    deployments.insert(row.deployment);
  }
  for (const auto& row : recount(std::nullopt)) lines.push_back(dump_line("task_count", row));
  for (const auto id : deployments) {
    for (const auto& reason : reasons(id)) lines.push_back(dump_reason(id, reason));
  }
  for (const auto& [key, row] : state_->history) lines.push_back(dump_line("task_history", row));
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace otaru::store
