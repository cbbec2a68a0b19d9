// SPDX-License-Identifier: Apache-2.0
// The model: every row in ordered maps, nothing else. What the store port means is what this does;
// the contract suite compares every engine with it. Also the store of simulations, with faults on
// demand. Threads: any.
#pragma once

#include <memory>
#include <optional>

#include "app/ports/store.h"

namespace otaru::store {

class MemoryStore final : public app::Store {
 public:
  MemoryStore();
  ~MemoryStore() override;

  // Faults for tests: the next `count` calls of apply() apply nothing and answer `error`.
  void fail_next_applies(int64_t count, base::Error error);

  base::Result<domain::CatalogueRows> load_catalogue() override;
  base::Result<std::vector<app::SessionRow>> load_sessions() override;
  base::Result<std::vector<app::UploadRow>> load_uploads() override;
  base::Result<std::vector<app::ImportRow>> load_imports() override;
  base::Result<std::vector<app::ImportErrorRow>> import_errors(int64_t import, int64_t after_n,
                                                               size_t limit) override;
  base::Result<std::vector<app::LoginRow>> load_logins() override;
  base::Result<std::vector<app::LastUsed>> load_last_used() override;
  base::Result<std::vector<app::KeptAnswer>> load_kept_answers() override;
  base::Result<app::HighWater> high_water() override;
  base::Status apply(std::span<const app::WriteBatch* const> batches) override;
  base::Result<std::optional<domain::Device>> find_device(domain::TenantId tenant,
                                                          std::string_view key) override;
  base::Result<std::optional<domain::Device>> find_device(domain::DeviceId id) override;
  base::Result<std::optional<domain::Task>> find_task(domain::TaskId id) override;
  base::Result<std::vector<app::DeviceListing>> list_devices(
      const app::DeviceFilter& filter) override;
  base::Result<std::vector<domain::Task>> list_tasks(const app::TaskFilter& filter) override;
  base::Result<std::vector<domain::TaskHistory>> task_history(domain::TaskId id) override;
  base::Result<std::vector<app::DeviceLogRow>> device_log(domain::DeviceId id,
                                                          size_t limit) override;
  base::Result<std::vector<domain::Task>> due_tasks(base::Time until, size_t limit) override;
  base::Result<std::vector<domain::Task>> open_tasks(domain::DeploymentId id, domain::TaskId after,
                                                     size_t limit) override;
  base::Result<std::vector<domain::DeploymentId>> deployments_with_open_tasks() override;
  base::Result<std::vector<base::Time>> last_seen(
      std::span<const domain::DeviceId> devices) override;
  base::Result<std::vector<domain::TaskCount>> count_tasks(domain::DeploymentId id) override;
  base::Result<std::vector<domain::TaskCount>> load_task_counts() override;
  base::Result<std::vector<domain::FailureReason>> failure_reasons(domain::DeploymentId id,
                                                                   size_t limit) override;
  base::Result<std::vector<app::VersionCount>> version_counts(domain::ProductId product) override;
  base::Result<std::vector<app::VersionSample>> version_samples(domain::ProductId product,
                                                                int64_t step_ms,
                                                                base::Time since) override;
  base::Result<std::vector<app::JournalEntry>> list_journal(
      const app::JournalFilter& filter) override;
  base::Result<std::vector<app::JournalEntry>> read_journal(int64_t after, size_t limit) override;
  base::Result<std::vector<app::Event>> read_events(const app::EventRange& range) override;
  base::Result<app::EventSpan> event_span() override;
  base::Result<app::WebhookRows> load_webhooks() override;
  base::Result<std::vector<app::DeadLetter>> list_dead_letters(app::WebhookId webhook,
                                                               int64_t after,
                                                               size_t limit) override;
  base::Result<std::vector<std::string>> dump() override;

 private:
  struct State;
  std::vector<domain::TaskCount> recount(std::optional<domain::DeploymentId> of) const;
  std::vector<domain::FailureReason> reasons(domain::DeploymentId id) const;
  std::unique_ptr<State> state_;
};

std::unique_ptr<MemoryStore> make_memory_store();

}  // namespace otaru::store
