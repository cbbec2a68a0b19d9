// SPDX-License-Identifier: Apache-2.0
// Writing: all batches of a group commit in one transaction. Operations are put in the order of
// their buckets first (a device's rows share one, so the order within a device stays), which lets
// neighbours in the trees be written one after the other.
#include <algorithm>
#include <map>
#include <tuple>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/limits.h"
#include "store/rules.h"
#include "store/sqlite/sqlite_impl.h"

namespace otaru::store {
namespace {

// Catalogue rows and the server's own come first, in the order they were given.
constexpr int64_t kNoBucket = -1;

struct BucketOfOp {
  int64_t operator()(const app::PutDevice& op) const { return base::bucket_of(op.device.id); }
  int64_t operator()(const domain::Task& row) const { return base::bucket_of(row.id); }
  int64_t operator()(const domain::TaskHistory& row) const { return base::bucket_of(row.task); }
  int64_t operator()(const app::DeviceLogRow& row) const { return base::bucket_of(row.device); }
  int64_t operator()(const app::Seen& row) const { return base::bucket_of(row.device); }
  int64_t operator()(const app::Erase<domain::DeviceId>& op) const {
    return base::bucket_of(op.id);
  }
  template <class Other>
  int64_t operator()(const Other&) const {
    return kNoBucket;
  }
};

// One transaction's writes. Counts of tasks are gathered and written at its end.
class Writer {
 public:
  explicit Writer(Connection& connection) : connection_(connection) {}

  base::Status operator()(const app::PutDevice& op);
  base::Status operator()(const domain::Task& task);
  base::Status operator()(const app::DeviceLogRow& row);
  base::Status operator()(const app::EraseText& op);
  base::Status operator()(const app::Erase<domain::DeviceId>& op);
  base::Status operator()(const domain::Kit& kit);
  base::Status operator()(const domain::Deployment& deployment);
  base::Status put_keys(domain::DeploymentId id, std::string_view kind, const domain::KeySet& keys);
  base::Status operator()(const app::PutSetting& op) {
    return Call(connection_, Query::put_setting).bind(op.key).bind(op.value).run();
  }
  base::Status operator()(const domain::TaskHistory& row) {
    Call call(connection_, Query::put_task_history);
    return call.bind(base::bucket_of(row.task)).bind_fields(row).run();
  }
  base::Status operator()(const app::Seen& row) {
    Call call(connection_, Query::put_seen);
    return call.bind(base::bucket_of(row.device)).bind_fields(row).run();
  }
  base::Status operator()(const app::SessionRow& row) { return put(Query::put_session, row); }
  base::Status operator()(const app::UploadRow& row) { return put(Query::put_upload, row); }
  base::Status operator()(const app::LoginRow& row) { return put(Query::put_login, row); }
  base::Status operator()(const app::LastUsed& row) { return put(Query::put_last_used, row); }
  base::Status operator()(const app::KeptAnswer& row) { return put(Query::put_kept_answer, row); }
  base::Status operator()(const app::VersionSample& row) {
    return put(Query::put_version_sample, row);
  }
  base::Status operator()(const app::PruneVersionSamples& op) {
    return Call(connection_, Query::prune_version_samples).bind(op.step_ms).bind(op.before).run();
  }
  base::Status operator()(const domain::Tenant& row) { return put(Query::put_tenant, row); }
  base::Status operator()(const domain::Product& row) { return put(Query::put_product, row); }
  base::Status operator()(const domain::Release& row) { return put(Query::put_release, row); }
  base::Status operator()(const domain::Package& row) { return put(Query::put_package, row); }
  base::Status operator()(const domain::Credential& row) { return put(Query::put_credential, row); }
  base::Status operator()(const domain::Group& row) { return put(Query::put_group, row); }
  base::Status operator()(const app::ImportRow& row) { return put(Query::put_import, row); }
  base::Status operator()(const app::ImportErrorRow& row) {
    return put(Query::put_import_error, row);
  }
  base::Status operator()(const app::EraseImport& op) {
    OTARU_CHECK(Call(connection_, Query::delete_import_errors).bind(op.id).run());
    OTARU_CHECK(Call(connection_, Query::delete_import).bind(op.id).run());
    if (connection_.changes() == 0) return {};
    return raise_floor(kFloorImport, 0, op.id);
  }
  base::Status operator()(const app::Erase<domain::GroupId>& op) {
    return erase(Query::delete_group, op.id, kFloorGroup);
  }
  base::Status operator()(const domain::User& row) { return put(Query::put_user, row); }
  base::Status operator()(const app::Erase<domain::UserId>& op) {
    return erase(Query::delete_user, op.id, kFloorUser);
  }
  base::Status operator()(const app::Erase<domain::ProductId>& op) {
    OTARU_CHECK(Call(connection_, Query::delete_version_samples).bind(op.id).run());
    return erase(Query::delete_product, op.id, kFloorProduct);
  }
  base::Status operator()(const app::Erase<domain::ReleaseId>& op) {
    return erase(Query::delete_release, op.id, kFloorRelease);
  }
  base::Status operator()(const app::Erase<domain::PackageId>& op) {
    return erase(Query::delete_package, op.id, kFloorPackage);
  }
  base::Status operator()(const app::Erase<domain::CredentialId>& op) {
    return erase(Query::delete_credential, op.id, kFloorCredential);
  }
  base::Status operator()(const app::Erase<domain::KitId>& op) {
    OTARU_CHECK(drop_items(op.id));
    return erase(Query::delete_kit, op.id, kFloorKit);
  }
  base::Status operator()(const app::Erase<domain::DeploymentId>& op) {
    OTARU_CHECK(Call(connection_, Query::delete_deployment_keys).bind(op.id).run());
    OTARU_CHECK(Call(connection_, Query::delete_approvals).bind(op.id).run());
    return erase(Query::delete_deployment, op.id, kFloorDeployment);
  }
  base::Status operator()(const app::Webhook& row) { return put(Query::put_webhook, row); }
  base::Status operator()(const app::WebhookCursor& row) {
    return put(Query::put_webhook_cursor, row);
  }
  base::Status operator()(const app::DeadLetter& row) { return put(Query::put_dead_letter, row); }
  base::Status operator()(const app::EraseDeadLetter& op) {
    return Call(connection_, Query::delete_dead_letter).bind(op.webhook).bind(op.event).run();
  }
  base::Status operator()(const app::PruneEvents& op) {
    return Call(connection_, Query::prune_events).bind(op.up_to).run();
  }
  base::Status operator()(const app::Erase<app::WebhookId>& op) {
    OTARU_CHECK(Call(connection_, Query::delete_webhook_cursor).bind(op.id).run());
    OTARU_CHECK(Call(connection_, Query::delete_dead_letters_of_webhook).bind(op.id).run());
    return erase(Query::delete_webhook, op.id, kFloorWebhook);
  }
  base::Status operator()(const app::Event& event) { return put(Query::insert_event, event); }
  // After the last operation.
  base::Status finish();
  base::Status add(const app::JournalEntry& entry) {
    auto done = put(Query::add_journal, entry);
    if (!done && done.error().code == base::Code::conflict) {
      return base::fail(journal_conflict(entry));
    }
    return done;
  }

 private:
  template <class Row>
  base::Status put(Query query, const Row& row) {
    return Call(connection_, query).bind_fields(row).run();
  }
  template <class IdType>
  base::Status erase(Query query, IdType id, std::string_view kind) {
    OTARU_CHECK(Call(connection_, query).bind(id).run());
    if (connection_.changes() == 0) return {};
    return raise_floor(kind, 0, id.value);
  }
  base::Status raise_floor(std::string_view kind, int64_t bucket, int64_t id) {
    return Call(connection_, Query::raise_id_floor).bind(kind).bind(bucket).bind(id).run();
  }
  base::Status erase_rows_of(Query query, domain::DeviceId device) {
    return Call(connection_, query).bind(base::bucket_of(device)).bind(device).run();
  }
  base::Status put_components(const domain::Device& device, bool is_new);
  void count_version(int64_t bucket, const domain::Component& component, int64_t difference) {
    if (!component.product) return;
    versions_[{bucket, component.product, component.version}] += difference;
  }
  base::Status drop_items(domain::KitId kit);
  base::Status put_approvals(const domain::Deployment& deployment);
  void count(int64_t bucket, domain::TaskCount row, std::string_view result, int64_t difference) {
    row.n = 0;
    counts_[{bucket, row}] += difference;
    if (row.state != domain::TaskState::failed) return;
    failures_[{bucket, row.deployment, row.failure, std::string(result)}] += difference;
  }

  Connection& connection_;
  std::map<std::pair<int64_t, domain::TaskCount>, int64_t> counts_;
  std::map<std::tuple<int64_t, domain::ProductId, std::string>, int64_t> versions_;
  std::map<std::tuple<int64_t, domain::DeploymentId, domain::FailureClass, std::string>, int64_t>
      failures_;
};

base::Status Writer::operator()(const app::PutDevice& op) {
  const domain::Device& device = op.device;
  const int64_t bucket = base::bucket_of(device.id);
  OTARU_CHECK(Call(connection_, Query::update_device).bind(bucket).bind_fields(device).run());
  const bool is_new = connection_.changes() == 0;
  if (is_new) {
    const auto done =
        Call(connection_, Query::insert_device).bind(bucket).bind_fields(device).run();
    if (!done && done.error().code == base::Code::conflict) {
      return base::fail(device_conflict(device));
    }
    OTARU_CHECK(done);
  }
  return put_components(device, is_new);
}

// Only what differs is written: mostly nothing, or one version.
base::Status Writer::put_components(const domain::Device& device, bool is_new) {
  const int64_t bucket = base::bucket_of(device.id);
  std::vector<domain::Component> stored;
  if (!is_new) {
    Call call(connection_, Query::components_of_device);
    call.bind(bucket).bind(device.id);
    while (call.next()) call.read(stored.emplace_back());
    OTARU_CHECK(call.status());
  }
  if (stored == device.components) return {};
  for (const auto& old : stored) count_version(bucket, old, -1);
  // Of two with one slot the later stays.
  std::map<std::string_view, const domain::Component*> by_slot;
  for (const auto& component : device.components) by_slot[component.slot] = &component;
  for (const auto& entry : by_slot) count_version(bucket, *entry.second, 1);
  for (const auto& old : stored) {
    if (device.component(old.slot) != nullptr) continue;
    Call call(connection_, Query::delete_component);
    OTARU_CHECK(call.bind(bucket).bind(device.id).bind(old.slot).run());
  }
  for (const auto& component : device.components) {
    Call call(connection_, Query::put_component);
    OTARU_CHECK(call.bind(bucket).bind(device.id).bind_fields(component).run());
  }
  return {};
}

base::Status Writer::operator()(const domain::Task& task) {
  const int64_t bucket = base::bucket_of(task.id);
  bool known = false;
  {
    Call before(connection_, Query::task_before);
    before.bind(bucket).bind(task.id).bind(task.device);
    if (before.next()) {
      domain::TaskCount was;
      std::string result;
      before.read_values(was.deployment, was.wave, was.state, was.failure, was.aftermath,
                         was.stepping, result);
      if (was.deployment != task.deployment) return base::fail(task_conflict(task));
      known = true;
      count(bucket, was, result, -1);
    }
    OTARU_CHECK(before.status());
  }
  count(bucket, domain::counted(task, 0), task.result, 1);
  Call call(connection_, known ? Query::update_task : Query::insert_task);
  auto done = call.bind(bucket).bind_fields(task).run();
  if (!done && done.error().code == base::Code::conflict) return base::fail(task_conflict(task));
  return done;
}

base::Status Writer::operator()(const app::DeviceLogRow& row) {
  const int64_t bucket = base::bucket_of(row.device);
  OTARU_CHECK(Call(connection_, Query::insert_device_log).bind(bucket).bind_fields(row).run());
  const auto lines_max = static_cast<int64_t>(base::limits::kDeviceLogLinesMax);
  Call trim(connection_, Query::trim_device_log);
  return trim.bind(bucket).bind(row.device).bind(lines_max).run();
}

base::Status Writer::operator()(const app::EraseText& op) {
  switch (op.table) {
    case app::EraseText::Table::session:
      return Call(connection_, Query::delete_session).bind(op.key).run();
    case app::EraseText::Table::upload:
      return Call(connection_, Query::delete_upload).bind(op.key).run();
    case app::EraseText::Table::login:
      return Call(connection_, Query::delete_login).bind(op.key).run();
    case app::EraseText::Table::last_used:
      return Call(connection_, Query::delete_last_used).bind(op.key).run();
    case app::EraseText::Table::answer:
      return Call(connection_, Query::delete_kept_answer).bind(op.key).run();
  }
  return {};
}

base::Status Writer::operator()(const app::Erase<domain::DeviceId>& op) {
  const int64_t bucket = base::bucket_of(op.id);
  int64_t highest_task = 0;
  {
    Call tasks(connection_, Query::counted_tasks_of_device);
    tasks.bind(bucket).bind(op.id);
    while (tasks.next()) {
      domain::TaskId id;
      domain::TaskCount row;
      std::string result;
      tasks.read_values(id, row.deployment, row.wave, row.state, row.failure, row.aftermath,
                        row.stepping, result);
      highest_task = std::max(highest_task, id.value);
      count(bucket, row, result, -1);
    }
    OTARU_CHECK(tasks.status());
  }
  if (highest_task > 0) OTARU_CHECK(raise_floor(kFloorTask, bucket, highest_task));
  OTARU_CHECK(erase_rows_of(Query::delete_history_of_device, op.id));
  OTARU_CHECK(erase_rows_of(Query::delete_tasks_of_device, op.id));
  OTARU_CHECK(erase_rows_of(Query::delete_device_log, op.id));
  OTARU_CHECK(erase_rows_of(Query::delete_seen, op.id));
  {
    Call components(connection_, Query::components_of_device);
    components.bind(bucket).bind(op.id);
    domain::Component component;
    while (components.next()) {
      components.read(component);
      count_version(bucket, component, -1);
    }
    OTARU_CHECK(components.status());
  }
  OTARU_CHECK(erase_rows_of(Query::delete_components, op.id));
  OTARU_CHECK(erase_rows_of(Query::delete_device, op.id));
  if (connection_.changes() == 0) return {};
  return raise_floor(kFloorDevice, bucket, op.id.value);
}

base::Status Writer::drop_items(domain::KitId kit) {
  int64_t highest = 0;
  {
    Call call(connection_, Query::highest_kit_item);
    call.bind(kit);
    if (call.next()) call.read_values(highest);
    OTARU_CHECK(call.status());
  }
  if (highest == 0) return {};
  OTARU_CHECK(raise_floor(kFloorKitItem, 0, highest));
  return Call(connection_, Query::delete_kit_items).bind(kit).run();
}

base::Status Writer::operator()(const domain::Kit& kit) {
  OTARU_CHECK(drop_items(kit.id));
  int64_t position = 0;
  for (const auto& item : kit.items) {
    Call call(connection_, Query::put_kit_item);
    OTARU_CHECK(call.bind(kit.id).bind(position).bind_fields(item).run());
    ++position;
  }
  return put(Query::put_kit, kit);
}

base::Status Writer::put_approvals(const domain::Deployment& deployment) {
  OTARU_CHECK(Call(connection_, Query::delete_approvals).bind(deployment.id).run());
  int64_t position = 0;
  for (const auto& approval : deployment.approvals) {
    Call call(connection_, Query::put_approval);
    OTARU_CHECK(call.bind(deployment.id).bind(position).bind_fields(approval).run());
    ++position;
  }
  return {};
}

base::Status Writer::operator()(const domain::Deployment& deployment) {
  OTARU_CHECK(put(Query::put_deployment, deployment));
  OTARU_CHECK(put_approvals(deployment));
  OTARU_CHECK(put_keys(deployment.id, kDeviceKeys, deployment.device_keys));
  return put_keys(deployment.id, kExcludedKeys, deployment.excluded_keys);
}

base::Status Writer::put_keys(domain::DeploymentId id, std::string_view kind,
                              const domain::KeySet& keys) {
  if (keys.empty()) {
    Call call(connection_, Query::delete_deployment_keys_of_kind);
    return call.bind(id).bind(kind).run();
  }
  {
    // A list of a million keys is tens of megabytes; it rarely changes when its deployment does.
    Call call(connection_, Query::deployment_keys_hash);
    call.bind(id).bind(kind);
    std::string stored;
    if (call.next()) call.read_values(stored);
    OTARU_CHECK(call.status());
    if (stored == keys.digest()) return {};
  }
  Call call(connection_, Query::put_deployment_keys);
  return call.bind(id).bind(kind).bind(keys.digest()).bind(Blob{keys.packed()}).run();
}

base::Status Writer::finish() {
  for (const auto& [key, difference] : counts_) {
    if (difference == 0) continue;
    const auto& [bucket, row] = key;
    domain::TaskCount add = row;
    add.n = difference;
    Call call(connection_, Query::add_task_count);
    OTARU_CHECK(call.bind(bucket).bind_fields(add).run());
  }
  for (const auto& [key, difference] : failures_) {
    if (difference == 0) continue;
    const auto& [bucket, deployment, failure, result] = key;
    Call call(connection_, Query::add_failure_count);
    call.bind(bucket).bind(deployment).bind(failure).bind(result).bind(difference);
    OTARU_CHECK(call.run());
  }
  for (const auto& [key, difference] : versions_) {
    if (difference == 0) continue;
    const auto& [bucket, product, version] = key;
    {
      Call call(connection_, Query::add_version_count);
      OTARU_CHECK(call.bind(bucket).bind(product).bind(version).bind(difference).run());
    }
    if (difference > 0) continue;
    Call call(connection_, Query::drop_version_count);
    OTARU_CHECK(call.bind(bucket).bind(product).bind(version).run());
  }
  return {};
}

std::vector<const app::WriteOp*> in_bucket_order(std::span<const app::WriteBatch* const> batches) {
  std::vector<std::pair<int64_t, const app::WriteOp*>> ops;
  for (const auto* batch : batches) {
    for (const auto& op : batch->ops) ops.emplace_back(std::visit(BucketOfOp{}, op), &op);
  }
  std::stable_sort(ops.begin(), ops.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<const app::WriteOp*> out;
  out.reserve(ops.size());
  for (const auto& op : ops) out.push_back(op.second);
  return out;
}

}  // namespace

base::Status SqliteStore::write_all(Connection& writer,
                                    std::span<const app::WriteBatch* const> batches) {
  OTARU_CHECK(Call(writer, Query::begin_write).run());
  Writer visitor(writer);
  for (const auto* op : in_bucket_order(batches)) OTARU_CHECK(std::visit(visitor, *op));
  for (const auto* batch : batches) {
    for (const auto& event : batch->events) OTARU_CHECK(visitor(event));
  }
  OTARU_CHECK(visitor.finish());
  for (const auto* batch : batches) {
    for (const auto& entry : batch->journal) OTARU_CHECK(visitor.add(entry));
  }
  return Call(writer, Query::commit).run();
}

base::Status SqliteStore::apply(std::span<const app::WriteBatch* const> batches) {
  OTARU_CHECK(check_batches(batches));
  const std::lock_guard lock(writing_);
  ++options_.probe->write_transactions;
  Connection* writer = writer_ ? writer_.get() : readers_.take();
  auto done = write_all(*writer, batches);
  // SQLite has rolled back by itself after some failures, and not after others.
  if (!done && writer->in_transaction()) {
    static_cast<void>(Call(*writer, Query::rollback).run());
  }
  if (!writer_) readers_.give(writer);
  return done;
}

}  // namespace otaru::store
