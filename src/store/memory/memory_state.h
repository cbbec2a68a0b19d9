// SPDX-License-Identifier: Apache-2.0
// The maps of the memory store and the journal that takes a failed apply() back.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "store/memory/memory_store.h"

namespace otaru::store {

// What was there before, newest last; undone backwards.
class UndoLog {
 public:
  template <class Key, class Value>
  void put(std::map<Key, Value>& map, const Key& key, Value value) {
    auto found = map.find(key);
    if (found == map.end()) {
      map.emplace(key, std::move(value));
      steps_.push_back([&map, key] { map.erase(key); });
    } else {
      steps_.push_back([&map, key, old = found->second] { map.insert_or_assign(key, old); });
      found->second = std::move(value);
    }
  }
  template <class Key, class Value>
  void erase(std::map<Key, Value>& map, const Key& key) {
    auto found = map.find(key);
    if (found == map.end()) return;
    steps_.push_back([&map, key, old = found->second] { map.insert_or_assign(key, old); });
    map.erase(found);
  }
  void undo() {
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) (*step)();
  }

 private:
  std::vector<std::function<void()>> steps_;
};

struct MemoryStore::State {
  std::mutex mutex;
  int64_t faults = 0;
  base::Error fault;

  std::map<domain::TenantId, domain::Tenant> tenants;
  std::map<domain::ProductId, domain::Product> products;
  std::map<domain::ReleaseId, domain::Release> releases;
  std::map<domain::PackageId, domain::Package> packages;
  std::map<domain::KitId, domain::Kit> kits;
  std::map<domain::DeploymentId, domain::Deployment> deployments;
  std::map<domain::CredentialId, domain::Credential> credentials;
  std::map<domain::GroupId, domain::Group> groups;
  std::map<int64_t, app::ImportRow> imports;
  std::map<std::pair<int64_t, int64_t>, app::ImportErrorRow> import_errors;
  std::map<domain::UserId, domain::User> users;
  std::map<std::string, std::string> settings;
  std::map<std::string, app::SessionRow> sessions;
  std::map<std::string, app::UploadRow> uploads;
  std::map<int64_t, app::JournalEntry> journal;
  std::map<int64_t, app::Event> events;
  std::map<app::WebhookId, app::Webhook> webhooks;
  std::map<app::WebhookId, app::WebhookCursor> webhook_cursors;
  std::map<std::pair<app::WebhookId, int64_t>, app::DeadLetter> dead_letters;
  std::map<std::string, app::LoginRow> logins;
  std::map<std::string, app::LastUsed> last_used;
  std::map<std::string, app::KeptAnswer> kept_answers;
  // By product, kind and time.
  std::map<std::tuple<domain::ProductId, int64_t, base::Time>, app::VersionSample> version_samples;
  // (kind, bucket) to the highest id that an erased row had.
  std::map<std::pair<std::string, int64_t>, int64_t> floors;

  using DeviceKey = std::pair<domain::TenantId, std::string>;
  std::map<domain::DeviceId, domain::Device> devices;  // components sorted, without tasks
  std::map<DeviceKey, domain::DeviceId> device_keys;
  std::map<domain::DeviceId, base::Time> seen;
  std::map<std::pair<domain::DeviceId, int64_t>, app::DeviceLogRow> log;
  std::map<domain::TaskId, domain::Task> tasks;
  std::map<std::pair<domain::DeviceId, domain::TaskId>, bool> tasks_of;
  std::map<std::pair<domain::TaskId, int64_t>, domain::TaskHistory> history;

  // The tasks of a device by id, oldest first.
  std::vector<domain::TaskId> task_ids(domain::DeviceId device) const;
  domain::Device whole(const domain::Device& row) const;
};

}  // namespace otaru::store
