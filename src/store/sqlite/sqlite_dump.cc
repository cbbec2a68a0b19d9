// SPDX-License-Identifier: Apache-2.0
// Every row as a line: for comparing stores and checking crashes, not for large databases.
#include <algorithm>
#include <limits>

#include "store/dump.h"
#include "store/sqlite/sqlite_impl.h"

namespace otaru::store {
namespace {

template <class Row>
base::Status dump_table(Connection& connection, Query query, std::string_view table,
                        std::vector<std::string>& lines) {
  Call call(connection, query);
  while (call.next()) {
    Row row;
    call.read(row);
    lines.push_back(dump_line(table, row));
  }
  return call.status();
}

// Rows that carry something which their struct does not have.
base::Status dump_odd_tables(Connection& connection, std::vector<std::string>& lines) {
  Call components(connection, Query::dump_components);
  while (components.next()) {
    domain::DeviceId device;
    domain::Component row;
    components.read_values(device, row.slot, row.product, row.version, row.reported_at);
    lines.push_back(dump_component(device, row));
  }
  OTARU_CHECK(components.status());
  Call journal(connection, Query::read_journal);
  journal.bind(int64_t{0}).bind(std::numeric_limits<int64_t>::max());
  while (journal.next()) {
    app::JournalEntry row;
    journal.read(row);
    lines.push_back(dump_line("journal", row));
  }
  OTARU_CHECK(journal.status());
  Call log(connection, Query::dump_device_log);
  while (log.next()) {
    int64_t n = 0;
    app::DeviceLogRow row;
    log.read_values(n, row.device, row.at, row.door, row.text);
    lines.push_back(dump_log(n, row));
  }
  OTARU_CHECK(log.status());
  Call floors(connection, Query::id_floors);
  while (floors.next()) {
    std::string kind;
    int64_t bucket = 0;
    int64_t id = 0;
    floors.read_values(kind, bucket, id);
    lines.push_back(dump_floor(kind, bucket, id));
  }
  OTARU_CHECK(floors.status());
  Call reasons(connection, Query::dump_failure_counts);
  while (reasons.next()) {
    domain::DeploymentId deployment;
    domain::FailureReason row;
    reasons.read_values(deployment, row.failure, row.result, row.n);
    lines.push_back(dump_reason(deployment, row));
  }
  return reasons.status();
}

}  // namespace

base::Result<std::vector<std::string>> SqliteStore::dump() {
  OTARU_TRY(catalogue, load_catalogue());
  std::vector<std::string> lines;
  dump_catalogue(catalogue, lines);
  ReadScope scope(readers_, *options_.probe, ReadScope::Kind::transaction);
  OTARU_CHECK(scope.status());
  Connection& from = scope.connection();
  OTARU_CHECK(dump_table<app::SessionRow>(from, Query::load_sessions, "session", lines));
  OTARU_CHECK(dump_table<app::UploadRow>(from, Query::load_uploads, "upload", lines));
  OTARU_CHECK(dump_table<app::ImportRow>(from, Query::load_imports, "import_job", lines));
  OTARU_CHECK(
      dump_table<app::ImportErrorRow>(from, Query::dump_import_errors, "import_error", lines));
  OTARU_CHECK(dump_table<app::LoginRow>(from, Query::load_logins, "login", lines));
  OTARU_CHECK(dump_table<app::LastUsed>(from, Query::load_last_used, "last_used", lines));
  OTARU_CHECK(dump_table<app::KeptAnswer>(from, Query::load_kept_answers, "kept_answer", lines));
  OTARU_CHECK(dump_table<app::VersionSample>(from, Query::dump_version_samples, "version_sample",
                                             lines));
  OTARU_CHECK(dump_table<domain::Device>(from, Query::dump_devices, "device", lines));
  OTARU_CHECK(dump_table<app::Seen>(from, Query::dump_seen, "seen", lines));
  OTARU_CHECK(dump_table<domain::Task>(from, Query::dump_tasks, "task", lines));
  OTARU_CHECK(
      dump_table<domain::TaskHistory>(from, Query::dump_task_history, "task_history", lines));
  OTARU_CHECK(dump_table<app::Event>(from, Query::dump_events, "event", lines));
  OTARU_CHECK(dump_table<app::Webhook>(from, Query::load_webhooks, "webhook", lines));
  OTARU_CHECK(
      dump_table<app::WebhookCursor>(from, Query::load_webhook_cursors, "webhook_cursor", lines));
  OTARU_CHECK(dump_table<app::DeadLetter>(from, Query::dump_dead_letters, "dead_letter", lines));
  OTARU_CHECK(dump_table<domain::TaskCount>(from, Query::load_task_counts, "task_count", lines));
  OTARU_CHECK(dump_odd_tables(from, lines));
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace otaru::store
