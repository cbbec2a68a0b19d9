// SPDX-License-Identifier: Apache-2.0
// Writing into the memory store: one method per operation, each leaving its way back in the log.
#include <algorithm>
#include <limits>

#include "base/limits.h"
#include "store/memory/memory_state.h"
#include "store/rules.h"

namespace otaru::store {
namespace {

// Works on State through a template parameter, because State is private to MemoryStore.
template <class State>
struct Applier {
  State& state;
  UndoLog& log;

  base::Status operator()(const app::PutDevice& op) {
    domain::Device device = op.device;
    device.tasks.clear();
    // Of two components with one slot the later stays, as with any other put.
    std::map<std::string, domain::Component> by_slot;
    for (const auto& component : device.components) {
      by_slot.insert_or_assign(component.slot, component);
    }
    device.components.clear();
    for (const auto& entry : by_slot) device.components.push_back(entry.second);

    const std::pair key(device.tenant, device.key);
    const auto same_key = state.device_keys.find(key);
    const bool known = state.devices.count(device.id) != 0;
    if ((same_key != state.device_keys.end()) != known ||
        (known && same_key->second != device.id)) {
      return base::fail(device_conflict(device));
    }
    log.put(state.device_keys, key, device.id);
    log.put(state.devices, op.device.id, std::move(device));
    return {};
  }

  base::Status operator()(const domain::Task& task) {
    const auto known = state.tasks.find(task.id);
    if (known != state.tasks.end() &&
        (known->second.device != task.device || known->second.deployment != task.deployment)) {
      return base::fail(task_conflict(task));
    }
    log.put(state.tasks, task.id, task);
    log.put(state.tasks_of, std::pair(task.device, task.id), true);
    return {};
  }
  base::Status operator()(const domain::TaskHistory& row) {
    log.put(state.history, std::pair(row.task, row.sequence), row);
    return {};
  }
  base::Status operator()(const app::DeviceLogRow& row) {
    const auto last = state.log.lower_bound({domain::DeviceId(row.device.value + 1), 0});
    int64_t n = 1;
    if (last != state.log.begin() && std::prev(last)->first.first == row.device) {
      n = std::prev(last)->first.second + 1;
    }
    log.put(state.log, std::pair(row.device, n), row);
    const auto oldest = state.log.lower_bound({row.device, std::numeric_limits<int64_t>::min()});
    const int64_t dropped = n - static_cast<int64_t>(base::limits::kDeviceLogLinesMax);
    if (oldest->first.second <= dropped) log.erase(state.log, std::pair(oldest->first));
    return {};
  }
  base::Status operator()(const app::Seen& row) {
    log.put(state.seen, row.device, row.at);
    return {};
  }
  base::Status operator()(const app::SessionRow& row) { return put(state.sessions, row.key, row); }
  base::Status operator()(const app::UploadRow& row) { return put(state.uploads, row.id, row); }
  base::Status operator()(const app::LoginRow& row) { return put(state.logins, row.id, row); }
  base::Status operator()(const app::LastUsed& row) { return put(state.last_used, row.who, row); }
  base::Status operator()(const app::KeptAnswer& row) {
    return put(state.kept_answers, row.key, row);
  }
  base::Status operator()(const app::VersionSample& row) {
    return put(state.version_samples, std::tuple(row.product, row.step_ms, row.at), row);
  }
  base::Status operator()(const app::PruneVersionSamples& op) {
    return erase_samples([&](const app::VersionSample& row) {
      return row.step_ms == op.step_ms && row.at < op.before;
    });
  }
  base::Status operator()(const app::EraseText& op) {
    switch (op.table) {
      case app::EraseText::Table::session:
        log.erase(state.sessions, op.key);
        break;
      case app::EraseText::Table::upload:
        log.erase(state.uploads, op.key);
        break;
      case app::EraseText::Table::login:
        log.erase(state.logins, op.key);
        break;
      case app::EraseText::Table::last_used:
        log.erase(state.last_used, op.key);
        break;
      case app::EraseText::Table::answer:
        log.erase(state.kept_answers, op.key);
        break;
    }
    return {};
  }
  base::Status operator()(const app::PutSetting& op) {
    return put(state.settings, op.key, op.value);
  }
  base::Status operator()(const domain::Tenant& row) { return put(state.tenants, row.id, row); }
  base::Status operator()(const domain::Product& row) { return put(state.products, row.id, row); }
  base::Status operator()(const domain::Release& row) { return put(state.releases, row.id, row); }
  base::Status operator()(const domain::Package& row) { return put(state.packages, row.id, row); }
  base::Status operator()(const domain::Kit& row) {
    raise_item_floor(row.id);  // items that the new row drops are erased
    return put(state.kits, row.id, row);
  }
  base::Status operator()(const domain::Deployment& row) {
    return put(state.deployments, row.id, row);
  }
  base::Status operator()(const domain::Credential& row) {
    return put(state.credentials, row.id, row);
  }

  base::Status operator()(const domain::Group& row) { return put(state.groups, row.id, row); }
  base::Status operator()(const app::ImportRow& row) { return put(state.imports, row.id, row); }
  base::Status operator()(const app::ImportErrorRow& row) {
    return put(state.import_errors, std::pair(row.import, row.n), row);
  }
  base::Status operator()(const app::EraseImport& op) {
    while (true) {
      const auto row = state.import_errors.lower_bound({op.id, 0});
      if (row == state.import_errors.end() || row->first.first != op.id) break;
      log.erase(state.import_errors, std::pair(row->first));
    }
    if (state.imports.count(op.id) != 0) raise_floor(kFloorImport, 0, op.id);
    log.erase(state.imports, op.id);
    return {};
  }
  base::Status operator()(const app::Erase<domain::GroupId>& op) {
    return erase(state.groups, op.id, kFloorGroup);
  }
  base::Status operator()(const app::Webhook& row) { return put(state.webhooks, row.id, row); }
  base::Status operator()(const app::WebhookCursor& row) {
    return put(state.webhook_cursors, row.webhook, row);
  }
  base::Status operator()(const app::DeadLetter& row) {
    return put(state.dead_letters, std::pair(row.webhook, row.event.id), row);
  }
  base::Status operator()(const app::EraseDeadLetter& op) {
    log.erase(state.dead_letters, std::pair(op.webhook, op.event));
    return {};
  }
  base::Status operator()(const app::PruneEvents& op) {
    while (!state.events.empty() && state.events.begin()->first <= op.up_to) {
      log.erase(state.events, int64_t{state.events.begin()->first});
    }
    return {};
  }
  base::Status operator()(const app::Erase<app::WebhookId>& op) {
    log.erase(state.webhook_cursors, op.id);
    while (true) {
      const auto letter = state.dead_letters.lower_bound({op.id, 0});
      if (letter == state.dead_letters.end() || letter->first.first != op.id) break;
      log.erase(state.dead_letters, std::pair(letter->first));
    }
    return erase(state.webhooks, op.id, kFloorWebhook);
  }
  base::Status operator()(const app::Event& event) {
    if (state.events.count(event.id) != 0) {
      return base::fail(base::Code::conflict, "event " + std::to_string(event.id) + " exists");
    }
    return put(state.events, event.id, event);
  }
  base::Status operator()(const domain::User& row) { return put(state.users, row.id, row); }
  base::Status operator()(const app::Erase<domain::UserId>& op) {
    return erase(state.users, op.id, kFloorUser);
  }

  base::Status operator()(const app::Erase<domain::ProductId>& op) {
    OTARU_CHECK(
        erase_samples([&](const app::VersionSample& row) { return row.product == op.id; }));
    return erase(state.products, op.id, kFloorProduct);
  }
  base::Status operator()(const app::Erase<domain::ReleaseId>& op) {
    return erase(state.releases, op.id, kFloorRelease);
  }
  base::Status operator()(const app::Erase<domain::PackageId>& op) {
    return erase(state.packages, op.id, kFloorPackage);
  }
  base::Status operator()(const app::Erase<domain::KitId>& op) {
    raise_item_floor(op.id);
    return erase(state.kits, op.id, kFloorKit);
  }
  base::Status operator()(const app::Erase<domain::DeploymentId>& op) {
    return erase(state.deployments, op.id, kFloorDeployment);
  }
  base::Status operator()(const app::Erase<domain::CredentialId>& op) {
    return erase(state.credentials, op.id, kFloorCredential);
  }

  base::Status operator()(const app::Erase<domain::DeviceId>& op) {
    const domain::DeviceId id = op.id;
    const int64_t bucket = base::bucket_of(id);
    for (const auto task : state.task_ids(id)) {
      while (true) {
        const auto row = state.history.lower_bound({task, std::numeric_limits<int64_t>::min()});
        if (row == state.history.end() || row->first.first != task) break;
        log.erase(state.history, std::pair(row->first));
      }
      log.erase(state.tasks, task);
      log.erase(state.tasks_of, std::pair(id, task));
      raise_floor(kFloorTask, bucket, task.value);
    }
    while (true) {
      const auto line = state.log.lower_bound({id, std::numeric_limits<int64_t>::min()});
      if (line == state.log.end() || line->first.first != id) break;
      log.erase(state.log, std::pair(line->first));
    }
    log.erase(state.seen, id);
    const auto device = state.devices.find(id);
    if (device == state.devices.end()) return {};
    log.erase(state.device_keys, std::pair(device->second.tenant, device->second.key));
    log.erase(state.devices, id);
    raise_floor(kFloorDevice, bucket, id.value);
    return {};
  }

 private:
  template <class Key, class Value>
  base::Status put(std::map<Key, Value>& map, const Key& key, const Value& value) {
    log.put(map, key, value);
    return {};
  }
  template <class IdType, class Value>
  base::Status erase(std::map<IdType, Value>& map, IdType id, std::string_view kind) {
    if (map.count(id) != 0) raise_floor(kind, 0, id.value);
    log.erase(map, id);
    return {};
  }
  template <class Concerned>
  base::Status erase_samples(Concerned concerned) {
    std::vector<std::tuple<domain::ProductId, int64_t, base::Time>> keys;
    for (const auto& [key, row] : state.version_samples) {
      if (concerned(row)) keys.push_back(key);
    }
    for (const auto& key : keys) log.erase(state.version_samples, key);
    return {};
  }
  void raise_item_floor(domain::KitId kit) {
    const auto known = state.kits.find(kit);
    if (known == state.kits.end()) return;
    for (const auto& item : known->second.items) raise_floor(kFloorKitItem, 0, item.id.value);
  }
  void raise_floor(std::string_view kind, int64_t bucket, int64_t id) {
    const std::pair key(std::string(kind), bucket);
    const auto known = state.floors.find(key);
    if (known == state.floors.end() || known->second < id) log.put(state.floors, key, id);
  }
};

}  // namespace

base::Status MemoryStore::apply(std::span<const app::WriteBatch* const> batches) {
  const std::lock_guard lock(state_->mutex);
  if (state_->faults > 0) {
    --state_->faults;
    return base::fail(state_->fault);
  }
  OTARU_CHECK(check_batches(batches));
  UndoLog log;
  Applier<State> applier{*state_, log};
  for (const auto* batch : batches) {
    for (const auto& op : batch->ops) {
      if (auto done = std::visit(applier, op); !done) {
        log.undo();
        return done;
      }
    }
    for (const auto& entry : batch->journal) {
      if (state_->journal.count(entry.sequence) != 0) {
        log.undo();
        return base::fail(journal_conflict(entry));
      }
      log.put(state_->journal, entry.sequence, entry);
    }
  }
  for (const auto* batch : batches) {
    for (const auto& event : batch->events) {
      if (auto done = applier(event); !done) {
        log.undo();
        return done;
      }
    }
  }
  return {};
}

}  // namespace otaru::store
