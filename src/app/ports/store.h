// SPDX-License-Identifier: Apache-2.0
// The store port: durable rows. Everything that changes is a WriteBatch; apply() makes a group of
// batches durable in one transaction. Group commit, tickets and caching live above (committer.h,
// device_table.h), so a store stays plain and synchronous.
//
// Threads: apply() is called by one thread (the committer). Reads may come from any thread at the
// same time; the store keeps its own readers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "app/ports/event_rows.h"
#include "app/ports/journal_rows.h"
#include "app/ports/kept_answer.h"
#include "base/result.h"
#include "base/time.h"
#include "domain/catalogue.h"
#include "domain/device.h"
#include "domain/rollout.h"
#include "domain/task.h"

namespace otaru::app {

// --- Rows that are not domain words -------------------------------------------------------------

// A living OAuth session: one row per (client, user, scope). The tokens themselves are never
// stored: they are derived again from the server's master key and the nonces. Two indexes find a
// session by a presented token without knowing it.
struct SessionRow {
  std::string key;            // "client\nuser\nscope"
  std::string nonce;          // hex; changes with every new access token
  std::string refresh_nonce;  // hex; changes with every new refresh token
  std::string token_index;    // keyed hash of the access token
  std::string refresh_index;  // keyed hash of the refresh token
  base::Time issued_at;
  base::Time expires_at;
  base::Time refresh_expires_at;  // ms 0: never
  friend bool operator==(const SessionRow&, const SessionRow&) = default;
};

// A resumable upload under way.
struct UploadRow {
  std::string id;  // 32 hex
  int64_t size_bytes = 0;
  std::string file_name;
  std::string sha256;  // hex once complete and hashed, else empty
  std::string md5;
  std::string sha1;
  base::Time created_at;
  base::Time expires_at;
  domain::TenantId tenant;
  std::string made_by;        // who announced it, for people
  std::string metadata;       // as the client sent it (tus: Upload-Metadata), or empty
  std::string wanted_sha256;  // hex: announced beforehand, or empty
  std::string inspection;     // what the file says about itself, JSON; empty: not looked at
  friend bool operator==(const UploadRow&, const UploadRow&) = default;
};

// A person who is logged in.
struct LoginRow {
  std::string id;  // 32 hex: what the person sees of it
  domain::UserId user;
  std::string token_hash;  // keyed hash of the token that the browser or command line has
  std::string peer;
  std::string agent;
  base::Time created_at;
  base::Time used_at;  // written now and then, not with every use
  base::Time expires_at;
  friend bool operator==(const LoginRow&, const LoginRow&) = default;
};

// When an API key or a person was there last.
struct LastUsed {
  std::string who;  // "key 7", "user 3"
  base::Time at;
  friend bool operator==(const LastUsed&, const LastUsed&) = default;
};

struct Seen {
  domain::DeviceId device;
  base::Time at;
};

// A line a device or door left in its log (flags, mismatches, client log texts). The newest
// kDeviceLogLinesMax of a device are kept, newest meaning last written.
struct DeviceLogRow {
  domain::DeviceId device;
  base::Time at;
  std::string door;
  std::string text;
  friend bool operator==(const DeviceLogRow&, const DeviceLogRow&) = default;
};

// --- Imports ------------------------------------------------------------------------------------

enum class ImportFormat { csv, ndjson };
enum class ImportMode {
  create,  // a device that is known already is an error
  upsert,
  update,  // a device that is not known is an error
};
enum class ImportState { queued, running, finished, failed, cancelled };
std::string_view name_of(ImportFormat v);
std::string_view name_of(ImportMode v);
std::string_view name_of(ImportState v);
base::Result<ImportFormat> parse_import_format(std::string_view text);
base::Result<ImportMode> parse_import_mode(std::string_view text);
base::Result<ImportState> parse_import_state(std::string_view text);

// A file of devices being read. Counts and position are written together with the devices of each
// batch, so that after a crash it goes on with the first line that has had no effect.
struct ImportRow {
  int64_t id = 0;
  domain::TenantId tenant;
  ImportFormat format = ImportFormat::csv;
  ImportMode mode = ImportMode::upsert;
  bool dry_run = false;
  ImportState state = ImportState::queued;
  std::string file_name;
  std::string sha256;  // of the file, which is kept while the import is not over
  int64_t size_bytes = 0;
  int64_t done_bytes = 0;  // the next line begins here
  int64_t lines = 0;       // lines done, header included
  int64_t created = 0;
  int64_t updated = 0;
  int64_t unchanged = 0;
  int64_t failed = 0;      // lines with an error
  std::string message;     // why it failed
  int64_t actor_kind = 0;  // who started it (actor.h)
  int64_t actor = 0;
  std::string actor_name;
  base::Time created_at;
  base::Time updated_at;
  std::optional<base::Time> ended_at;
  friend bool operator==(const ImportRow&, const ImportRow&) = default;
};

struct ImportErrorRow {
  int64_t import = 0;
  int64_t n = 0;     // from 1, in order of the file
  int64_t line = 0;  // from 1
  std::string key;   // of the line, if it was readable
  std::string field;
  std::string reason;
  friend bool operator==(const ImportErrorRow&, const ImportErrorRow&) = default;
};

// --- Versions ------------------------------------------------------------------------------------

// How many components of a product report a version.
struct VersionCount {
  std::string version;  // as reported
  int64_t n = 0;
  friend bool operator==(const VersionCount&, const VersionCount&) = default;
};

// What ran of a product at one time.
struct VersionSample {
  domain::ProductId product;
  int64_t step_ms = 0;  // its kind: one every hour, one every day
  base::Time at;        // when that hour or day (UTC) began
  std::vector<std::string> versions;  // the most frequent first
  std::vector<int64_t> counts;        // of each of them
  int64_t others = 0;                 // of rarer ones
  friend bool operator==(const VersionSample&, const VersionSample&) = default;
};
struct PruneVersionSamples {  // of one kind
  int64_t step_ms = 0;
  base::Time before;
};

// --- Writes -------------------------------------------------------------------------------------

// A device without its tasks: identity row and components, whole (components not named vanish).
struct PutDevice {
  domain::Device device;
  // Copies everything but the tasks, which may be many and would only be dropped again. `from` is
  // the same afterwards.
  static PutDevice of(domain::Device& from);
};
template <class IdType>
struct Erase {
  IdType id;
};
struct EraseText {  // of tables that are keyed by a text
  enum class Table { session, upload, login, last_used, answer } table;
  std::string key;
};
struct EraseImport {  // with its errors
  int64_t id = 0;
};
struct PutSetting {
  std::string key;
  std::string value;
};

using WriteOp =
    std::variant<PutDevice, domain::Task, domain::TaskHistory, DeviceLogRow, Seen, SessionRow,
                 UploadRow, KeptAnswer, VersionSample, PruneVersionSamples, EraseText, PutSetting,
                 domain::Tenant, domain::Product,
                 domain::Release, domain::Package, domain::Kit, domain::Deployment,
                 domain::Credential, domain::Group, ImportRow, ImportErrorRow, EraseImport,
                 Erase<domain::GroupId>, Erase<domain::ProductId>, Erase<domain::ReleaseId>,
                 Erase<domain::PackageId>, Erase<domain::KitId>, Erase<domain::DeploymentId>,
                 Erase<domain::CredentialId>, Webhook, WebhookCursor, DeadLetter, EraseDeadLetter,
                 PruneEvents, Erase<WebhookId>, LoginRow, LastUsed, domain::User,
                 Erase<domain::UserId>,
                 Erase<domain::DeviceId>>;  // a device goes with its components, tasks and history

// Applied whole or not at all, in order. Every put is an upsert of the whole row.
struct WriteBatch {
  std::vector<WriteOp> ops;
  // What is to be remembered of the change, added with it or not at all. Stamped by the committer.
  std::vector<JournalEntry> journal = {};
  // What happened, told with the change or not at all. The committer gives them their ids.
  std::vector<Event> events = {};
  // What the board counts since the states were swapped, to be taken back when this does not become
  // durable (rollout_board.h). Stores count by themselves and do not look at it.
  std::vector<domain::TaskCount> counted = {};
};

// --- Reads --------------------------------------------------------------------------------------

struct DeviceFilter {
  std::optional<domain::TenantId> tenant;
  std::string key_prefix;
  std::string after;  // cursor: "<tenant>\n<key>" of the last row seen; order is (tenant, key)
  size_t limit = 100;
  bool pending = false;  // only those; found without looking at others
};
struct DeviceListing {
  domain::Device device;  // without tasks
  base::Time last_seen;   // ms 0: never
};

struct TaskFilter {
  std::optional<domain::TenantId> tenant;
  std::optional<domain::DeviceId> device;
  std::optional<domain::DeploymentId> deployment;
  std::optional<domain::TaskState> state;
  int64_t before_id = 0;  // cursor: only smaller ids; order is id descending
  size_t limit = 100;
};

// Highest ids ever used, for the id allocators; per bucket for hot tables. Erasing the row with the
// highest id does not lower them: old tokens and histories must not point at something new.
struct HighWater {
  int64_t tenant = 0, product = 0, release = 0, package = 0, kit = 0, kit_item = 0, deployment = 0,
          credential = 0, group = 0, import = 0, webhook = 0, user = 0;
  std::vector<int64_t> device;  // kBucketCount entries: highest device id of each bucket, 0 if none
  std::vector<int64_t> task;
  int64_t device_count = 0;
  std::vector<std::pair<domain::TenantId, int64_t>> devices_of;  // by tenant; those with any
  std::vector<std::pair<domain::TenantId, int64_t>> pending_of;  // of those, Device::pending
};

class Store {
 public:
  virtual ~Store();

  virtual base::Result<domain::CatalogueRows> load_catalogue() = 0;
  virtual base::Result<std::vector<SessionRow>> load_sessions() = 0;
  virtual base::Result<std::vector<UploadRow>> load_uploads() = 0;
  virtual base::Result<std::vector<ImportRow>> load_imports() = 0;  // by id
  virtual base::Result<std::vector<LoginRow>> load_logins() = 0;
  virtual base::Result<std::vector<LastUsed>> load_last_used() = 0;
  virtual base::Result<std::vector<KeptAnswer>> load_kept_answers() = 0;
  virtual base::Result<HighWater> high_water() = 0;

  // Durable on return (synchronous=FULL), all batches or none. Code::unavailable when the disk is
  // full or failing (nothing was applied, later calls may work), Code::invalid for a row that is
  // not in its device's bucket, Code::conflict for a device whose id or key belongs to another one
  // and for a task that changes its device or deployment, Code::internal otherwise.
  virtual base::Status apply(std::span<const WriteBatch* const> batches) = 0;

  // A device with its components, its open tasks and newest ended ones (kTasksInStateMax), newest
  // first. Empty when there is none.
  virtual base::Result<std::optional<domain::Device>> find_device(domain::TenantId tenant,
                                                                  std::string_view key) = 0;
  virtual base::Result<std::optional<domain::Device>> find_device(domain::DeviceId id) = 0;
  // The same for many keys of one tenant, in their order; one view of the store.
  virtual base::Result<std::vector<std::optional<domain::Device>>> find_devices(
      domain::TenantId tenant, std::span<const std::string_view> keys);
  virtual base::Result<std::optional<domain::Task>> find_task(domain::TaskId id) = 0;

  virtual base::Result<std::vector<DeviceListing>> list_devices(const DeviceFilter& filter) = 0;
  virtual base::Result<std::vector<domain::Task>> list_tasks(const TaskFilter& filter) = 0;
  virtual base::Result<std::vector<domain::TaskHistory>> task_history(domain::TaskId id) = 0;
  virtual base::Result<std::vector<DeviceLogRow>> device_log(domain::DeviceId id,
                                                             size_t limit) = 0;  // newest first
  // Errors of an import behind the n-th, in order.
  virtual base::Result<std::vector<ImportErrorRow>> import_errors(int64_t import, int64_t after_n,
                                                                  size_t limit) = 0;
  // What the server has to look at although nobody asks: tasks whose due_at is set and not after
  // `until`, in order of (due_at, id).
  virtual base::Result<std::vector<domain::Task>> due_tasks(base::Time until, size_t limit) = 0;
  // Open tasks of one deployment behind `after`, by id.
  virtual base::Result<std::vector<domain::Task>> open_tasks(domain::DeploymentId id,
                                                             domain::TaskId after,
                                                             size_t limit) = 0;
  // Which deployments have open tasks, by id. One look-up for each of them.
  virtual base::Result<std::vector<domain::DeploymentId>> deployments_with_open_tasks() = 0;
  // When each of the devices was there last, as written so far (Engine::last_seen knows more); ms 0
  // for one that never was.
  virtual base::Result<std::vector<base::Time>> last_seen(
      std::span<const domain::DeviceId> devices) = 0;
  // The tasks of one deployment, and of all, by everything that is counted: kept with every write,
  // in the order of their members, those with any.
  virtual base::Result<std::vector<domain::TaskCount>> count_tasks(domain::DeploymentId id) = 0;
  virtual base::Result<std::vector<domain::TaskCount>> load_task_counts() = 0;
  // What the failed tasks of one deployment died of, the most frequent first; kept with every write
  // as well.
  virtual base::Result<std::vector<domain::FailureReason>> failure_reasons(
      domain::DeploymentId id, size_t limit) = 0;
  // What runs of a product, by version. Kept with every change of a device: reading it costs as
  // much as there are versions, however many devices there are.
  virtual base::Result<std::vector<VersionCount>> version_counts(domain::ProductId product) = 0;
  // Samples of one kind, not before `since`, oldest first.
  virtual base::Result<std::vector<VersionSample>> version_samples(domain::ProductId product,
                                                                   int64_t step_ms,
                                                                   base::Time since) = 0;
  // Entries of the journal, newest first.
  virtual base::Result<std::vector<JournalEntry>> list_journal(const JournalFilter& filter) = 0;
  // The chain in its order: entries behind `after`, at most `limit`.
  virtual base::Result<std::vector<JournalEntry>> read_journal(int64_t after, size_t limit) = 0;
  virtual base::Result<std::vector<Event>> read_events(const EventRange& range) = 0;
  virtual base::Result<EventSpan> event_span() = 0;
  virtual base::Result<WebhookRows> load_webhooks() = 0;
  // In order of the event; those behind `after`.
  virtual base::Result<std::vector<DeadLetter>> list_dead_letters(WebhookId webhook, int64_t after,
                                                                  size_t limit) = 0;
  // Every row of every table as sorted text lines: for comparing stores and checking crashes.
  virtual base::Result<std::vector<std::string>> dump() = 0;
};

}  // namespace otaru::app
