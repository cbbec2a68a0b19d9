// SPDX-License-Identifier: Apache-2.0
// The inside of the SQLite store: who holds which connection. Not for other folders.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "store/sqlite/connection.h"
#include "store/sqlite/sqlite_store.h"

namespace otaru::store {

// Columns `kind` and `form` of deployment_keys.
inline constexpr std::string_view kDeviceKeys = "devices";
inline constexpr std::string_view kExcludedKeys = "excluded";
inline constexpr std::string_view kLinesForm = "lines";

// The connections that read. With a file they are beside the writer; ":memory:" has one connection
// in all, and apply() takes it from here too.
class ReaderPool {
 public:
  void add(std::unique_ptr<Connection> connection);
  Connection* take();  // waits for a free one
  void give(Connection* connection);

 private:
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> all_;
  std::vector<Connection*> free_;
};

// A reading connection for one method of the store, with one view of the database.
class ReadScope {
 public:
  enum class Kind { statement, transaction };
  ReadScope(ReaderPool& pool, SqliteProbe& probe, Kind kind);
  ~ReadScope();
  ReadScope(const ReadScope&) = delete;
  ReadScope& operator=(const ReadScope&) = delete;
  base::Status status() const { return began_; }
  Connection& connection() { return *connection_; }
  // Counts the statement for the probe.
  Connection& asking() {
    ++probe_.reads;
    return *connection_;
  }

 private:
  ReaderPool& pool_;
  SqliteProbe& probe_;
  Connection* connection_;
  Kind kind_;
  base::Status began_;
};

class SqliteStore final : public app::Store {
 public:
  explicit SqliteStore(SqliteOptions options) : options_(std::move(options)) {}
  base::Status open();

  base::Result<domain::CatalogueRows> load_catalogue() override;
  base::Result<std::vector<app::SessionRow>> load_sessions() override;
  base::Result<std::vector<app::KeptAnswer>> load_kept_answers() override;
  base::Result<std::vector<app::UploadRow>> load_uploads() override;
  base::Result<std::vector<app::ImportRow>> load_imports() override;
  base::Result<std::vector<app::ImportErrorRow>> import_errors(int64_t import, int64_t after_n,
                                                               size_t limit) override;
  base::Result<std::vector<app::LoginRow>> load_logins() override;
  base::Result<std::vector<app::LastUsed>> load_last_used() override;
  base::Result<app::HighWater> high_water() override;
  base::Status apply(std::span<const app::WriteBatch* const> batches) override;
  base::Result<std::optional<domain::Device>> find_device(domain::TenantId tenant,
                                                          std::string_view key) override;
  base::Result<std::optional<domain::Device>> find_device(domain::DeviceId id) override;
  base::Result<std::vector<std::optional<domain::Device>>> find_devices(
      domain::TenantId tenant, std::span<const std::string_view> keys) override;
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
  bool in_memory() const { return options_.path == ":memory:"; }
  base::Status open_writer(Connection& writer);
  base::Status write_all(Connection& writer, std::span<const app::WriteBatch* const> batches);

  SqliteOptions options_;
  std::mutex writing_;
  std::unique_ptr<Connection> writer_;  // null for ":memory:"
  ReaderPool readers_;
};

}  // namespace otaru::store
