// SPDX-License-Identifier: Apache-2.0
// A store that may "crash the process" before or after any call of the port: it throws CrashNow,
// which nothing in the server catches, and the simulation throws the whole server away.
#pragma once

#include <functional>

#include "app/ports/store.h"

namespace otaru::tests {

struct CrashNow {};  // deliberately not a std::exception

class FaultStore final : public app::Store {
 public:
  // `crash` is asked at every point; true: crash here.
  FaultStore(app::Store& inner, std::function<bool()> crash)
      : inner_(inner), crash_(std::move(crash)) {}
  // Told of everything that became durable, before anybody hears of it.
  using Watcher = std::function<void(std::span<const app::WriteBatch* const> batches)>;
  void set_watcher(Watcher watcher) { watcher_ = std::move(watcher); }

  base::Result<domain::CatalogueRows> load_catalogue() override { return inner_.load_catalogue(); }
  base::Result<std::vector<app::SessionRow>> load_sessions() override {
    return inner_.load_sessions();
  }
  base::Result<std::vector<app::KeptAnswer>> load_kept_answers() override {
    return inner_.load_kept_answers();
  }
  base::Result<std::vector<app::UploadRow>> load_uploads() override {
    return inner_.load_uploads();
  }
  base::Result<std::vector<app::ImportRow>> load_imports() override {
    return inner_.load_imports();
  }
  base::Result<std::vector<app::LoginRow>> load_logins() override { return inner_.load_logins(); }
  base::Result<std::vector<app::LastUsed>> load_last_used() override {
    return inner_.load_last_used();
  }
  base::Result<std::vector<app::ImportErrorRow>> import_errors(int64_t import, int64_t after_n,
                                                               size_t limit) override {
    return inner_.import_errors(import, after_n, limit);
  }
  base::Result<app::HighWater> high_water() override { return inner_.high_water(); }
  base::Status apply(std::span<const app::WriteBatch* const> batches) override {
    point();
    auto done = inner_.apply(batches);
    if (done && watcher_) watcher_(batches);
    point();
    return done;
  }
  base::Result<std::optional<domain::Device>> find_device(domain::TenantId tenant,
                                                          std::string_view key) override {
    point();
    auto found = inner_.find_device(tenant, key);
    point();
    return found;
  }
  base::Result<std::optional<domain::Device>> find_device(domain::DeviceId id) override {
    point();
    return inner_.find_device(id);
  }
  base::Result<std::optional<domain::Task>> find_task(domain::TaskId id) override {
    point();
    return inner_.find_task(id);
  }
  base::Result<std::vector<app::DeviceListing>> list_devices(
      const app::DeviceFilter& filter) override {
    return inner_.list_devices(filter);
  }
  base::Result<std::vector<domain::Task>> list_tasks(const app::TaskFilter& filter) override {
    return inner_.list_tasks(filter);
  }
  base::Result<std::vector<domain::TaskHistory>> task_history(domain::TaskId id) override {
    return inner_.task_history(id);
  }
  base::Result<std::vector<app::DeviceLogRow>> device_log(domain::DeviceId id,
                                                          size_t limit) override {
    return inner_.device_log(id, limit);
  }
  base::Result<std::vector<domain::Task>> due_tasks(base::Time until, size_t limit) override {
    point();
    return inner_.due_tasks(until, limit);
  }
  base::Result<std::vector<domain::Task>> open_tasks(domain::DeploymentId id, domain::TaskId after,
                                                     size_t limit) override {
    point();
    return inner_.open_tasks(id, after, limit);
  }
  base::Result<std::vector<domain::DeploymentId>> deployments_with_open_tasks() override {
    return inner_.deployments_with_open_tasks();
  }
  base::Result<std::vector<base::Time>> last_seen(
      std::span<const domain::DeviceId> devices) override {
    point();
    return inner_.last_seen(devices);
  }
  base::Result<std::vector<domain::TaskCount>> count_tasks(domain::DeploymentId id) override {
    return inner_.count_tasks(id);
  }
  base::Result<std::vector<domain::TaskCount>> load_task_counts() override {
    return inner_.load_task_counts();
  }
  base::Result<std::vector<domain::FailureReason>> failure_reasons(domain::DeploymentId id,
                                                                   size_t limit) override {
    return inner_.failure_reasons(id, limit);
  }
  base::Result<std::vector<app::VersionCount>> version_counts(
      domain::ProductId product) override {
    return inner_.version_counts(product);
  }
  base::Result<std::vector<app::VersionSample>> version_samples(domain::ProductId product,
                                                                int64_t step_ms,
                                                                base::Time since) override {
    return inner_.version_samples(product, step_ms, since);
  }
  base::Result<std::vector<app::JournalEntry>> list_journal(
      const app::JournalFilter& filter) override {
    return inner_.list_journal(filter);
  }
  base::Result<std::vector<app::JournalEntry>> read_journal(int64_t after, size_t limit) override {
    return inner_.read_journal(after, limit);
  }
  base::Result<std::vector<app::Event>> read_events(const app::EventRange& range) override {
    return inner_.read_events(range);
  }
  base::Result<app::EventSpan> event_span() override { return inner_.event_span(); }
  base::Result<app::WebhookRows> load_webhooks() override { return inner_.load_webhooks(); }
  base::Result<std::vector<app::DeadLetter>> list_dead_letters(app::WebhookId webhook,
                                                               int64_t after,
                                                               size_t limit) override {
    return inner_.list_dead_letters(webhook, after, limit);
  }
  base::Result<std::vector<std::string>> dump() override { return inner_.dump(); }

 private:
  void point() {
    if (crash_()) throw CrashNow{};
  }
  app::Store& inner_;
  std::function<bool()> crash_;
  Watcher watcher_;
};

}  // namespace otaru::tests
