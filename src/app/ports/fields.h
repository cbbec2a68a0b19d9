// SPDX-License-Identifier: Apache-2.0
// Every stored row, described once: its columns in the order of the tables. A visitor is called
// with (name, member) for each: stores bind, read and dump by it, the journal compares rows by it.
// The SQL in store/queries/ names the columns in this same order.
#pragma once

#include <string_view>
#include <type_traits>

#include "app/ports/documents.h"
#include "app/ports/store.h"
#include "base/result.h"
#include "domain/catalogue.h"
#include "domain/device.h"
#include "domain/task.h"
#include "domain/version.h"

namespace otaru::app {

// --- The words of enumerations ------------------------------------------------------------------

inline std::string_view word_of(domain::ProductType v) {
  return domain::name_of(v);
}
inline std::string_view word_of(domain::ReleaseState v) {
  return domain::name_of(v);
}
inline std::string_view word_of(domain::PackageKind v) {
  return domain::name_of(v);
}
inline std::string_view word_of(domain::DeploymentState v) {
  return domain::name_of(v);
}
inline std::string_view word_of(domain::PackageMode v) {
  return domain::name_of(v);
}
inline std::string_view word_of(domain::Urgency v) {
  return domain::name_of(v);
}
inline std::string_view word_of(domain::ConsentMode v) {
  return domain::name_of(v);
}
inline std::string_view word_of(domain::ConsentChoice v) {
  return domain::name_of(v);
}
inline std::string_view word_of(domain::ConsentStep v) {
  return domain::name_of(v);
}
inline std::string_view word_of(domain::BrakeKind v) {
  return domain::name_of(v);
}
inline std::string_view word_of(domain::BrakeAction v) {
  return domain::name_of(v);
}
inline std::string_view word_of(domain::Aftermath v) {
  return domain::name_of(v);
}
inline std::string_view word_of(domain::CredentialKind v) {
  return domain::name_of(v);
}
inline std::string_view word_of(domain::Role v) {
  return domain::name_of(v);
}
inline std::string_view word_of(domain::ApprovalStep v) {
  return domain::name_of(v);
}
inline std::string_view word_of(domain::TaskState v) {
  return domain::name_of(v);
}
inline std::string_view word_of(domain::FailureClass v) {
  return domain::name_of(v);
}
inline std::string_view word_of(ImportFormat v) {
  return name_of(v);
}
inline std::string_view word_of(ImportMode v) {
  return name_of(v);
}
inline std::string_view word_of(ImportState v) {
  return name_of(v);
}
inline std::string_view word_of(domain::VersionScheme v) {
  return domain::scheme_name(v);
}

template <class Enum>
base::Result<Enum> parse_word(std::string_view text) {
  if constexpr (std::is_same_v<Enum, domain::ProductType>) return domain::parse_product_type(text);
  if constexpr (std::is_same_v<Enum, domain::ReleaseState>)
    return domain::parse_release_state(text);
  if constexpr (std::is_same_v<Enum, domain::PackageKind>) return domain::parse_package_kind(text);
  if constexpr (std::is_same_v<Enum, domain::DeploymentState>) {
    return domain::parse_deployment_state(text);
  }
  if constexpr (std::is_same_v<Enum, domain::PackageMode>) return domain::parse_package_mode(text);
  if constexpr (std::is_same_v<Enum, domain::Urgency>) return domain::parse_urgency(text);
  if constexpr (std::is_same_v<Enum, domain::ConsentMode>) return domain::parse_consent_mode(text);
  if constexpr (std::is_same_v<Enum, domain::ConsentChoice>) {
    return domain::parse_consent_choice(text);
  }
  if constexpr (std::is_same_v<Enum, domain::ConsentStep>) return domain::parse_consent_step(text);
  if constexpr (std::is_same_v<Enum, domain::BrakeKind>) return domain::parse_brake_kind(text);
  if constexpr (std::is_same_v<Enum, domain::BrakeAction>) return domain::parse_brake_action(text);
  if constexpr (std::is_same_v<Enum, domain::Aftermath>) return domain::parse_aftermath(text);
  if constexpr (std::is_same_v<Enum, domain::CredentialKind>) {
    return domain::parse_credential_kind(text);
  }
  if constexpr (std::is_same_v<Enum, domain::Role>) return domain::parse_role(text);
  if constexpr (std::is_same_v<Enum, domain::ApprovalStep>) {
    return domain::parse_approval_step(text);
  }
  if constexpr (std::is_same_v<Enum, domain::TaskState>) return domain::parse_task_state(text);
  if constexpr (std::is_same_v<Enum, domain::FailureClass>) {
    return domain::parse_failure_class(text);
  }
  if constexpr (std::is_same_v<Enum, ImportFormat>) return parse_import_format(text);
  if constexpr (std::is_same_v<Enum, ImportMode>) return parse_import_mode(text);
  if constexpr (std::is_same_v<Enum, ImportState>) return parse_import_state(text);
  if constexpr (std::is_same_v<Enum, domain::VersionScheme>) return domain::parse_scheme(text);
}

// --- The columns of rows ------------------------------------------------------------------------

template <class Row, class As>
concept RowOf = std::is_same_v<std::remove_const_t<Row>, As>;

template <class V>
void fields(V& v, RowOf<domain::Tenant> auto& row) {
  v("id", row.id);
  v("name", row.name);
  v("created_at", row.created_at);
}

template <class V>
void fields(V& v, RowOf<domain::Product> auto& row) {
  v("id", row.id);
  v("tenant", row.tenant);
  v("name", row.name);
  v("model", row.model);
  v("hw_version", row.hw_version);
  v("feature", row.feature);
  v("manufacturer", row.manufacturer);
  v("module", row.module);
  v("type", row.type);
  v("version_scheme", row.version_format.scheme);
  v("version_pattern", row.version_format.pattern);
  v("created_at", row.created_at);
}

template <class V>
void fields(V& v, RowOf<domain::Release> auto& row) {
  v("id", row.id);
  v("product", row.product);
  v("version", row.version);
  v("channel", row.channel);
  v("state", row.state);
  v("sequence", row.sequence);
  v("labels", row.labels);
  v("notes", row.notes);
  v("security", row.security);
  v("force", row.force);
  v("min_version", row.min_version);
  v("requirements", row.requirements);
  v("created_at", row.created_at);
  v("published_at", row.published_at);
}

template <class V>
void fields(V& v, RowOf<domain::Package> auto& row) {
  v("id", row.id);
  v("release", row.release);
  v("kind", row.kind);
  v("base_version", row.base_version);
  v("file_name", row.file_name);
  v("format", row.format);
  v("size_bytes", row.size_bytes);
  v("md5", row.digests.md5);
  v("sha1", row.digests.sha1);
  v("sha256", row.digests.sha256);
  v("permissions", row.permissions);
  v("hidden", row.hidden);
  v("created_at", row.created_at);
  v("updated_at", row.updated_at);
}

// Without its items, which are rows of their own.
template <class V>
void fields(V& v, RowOf<domain::Kit> auto& row) {
  v("id", row.id);
  v("tenant", row.tenant);
  v("version", row.version);
  v("version_scheme", row.version_format.scheme);
  v("version_pattern", row.version_format.pattern);
  v("channel", row.channel);
  v("state", row.state);
  v("notes", row.notes);
  v("permissions", row.permissions);
  v("released_at", row.released_at);
  v("upgrade_method", row.upgrade_method);
  v("created_at", row.created_at);
  v("updated_at", row.updated_at);
}

template <class V>
void fields(V& v, RowOf<domain::KitItem> auto& row) {
  v("id", row.id);
  v("release", row.release);
  v("stage", row.stage);
  v("requirements", row.requirements);
  v("created_at", row.created_at);
  v("updated_at", row.updated_at);
}

// Without device_keys, which may be a million and are kept apart, and without approvals, which are
// rows of their own.
template <class V>
void fields(V& v, RowOf<domain::Deployment> auto& row) {
  v("id", row.id);
  v("tenant", row.tenant);
  v("name", row.name);
  v("state", row.state);
  v("priority", row.priority);
  v("target_release", row.target.release);
  v("target_kit", row.target.kit);
  v("newest_in_channel", row.target.newest_in_channel);
  v("target_product", row.target.product);
  v("everyone", row.everyone);
  v("from_versions", row.from_versions);
  v("audience", row.audience);
  v("waves", row.waves);
  v("rate", row.rate);
  v("windows", row.windows);
  v("conditions", row.conditions);
  v("consent", row.consent);
  v("urgency", row.urgency);
  v("mode", row.mode);
  v("signal_min", row.signal_min);
  v("power_min_percent", row.power_min_percent);
  v("retry_count", row.retry_count);
  v("retry_interval_s", row.retry_interval_s);
  v("attempts_max", row.attempts_max);
  v("timeouts", row.timeouts);
  v("watch", row.watch);
  v("brakes", row.brakes);
  v("downgrade_reason", row.downgrade_reason);
  v("starts_at", row.starts_at);
  v("deadline", row.deadline);
  v("heals", row.heals);
  v("rollout", row.rollout);
  v("created_at", row.created_at);
  v("updated_at", row.updated_at);
}

template <class V>
void fields(V& v, RowOf<domain::Credential> auto& row) {
  v("id", row.id);
  v("tenant", row.tenant);
  v("kind", row.kind);
  v("name", row.name);
  v("secret", row.secret);
  v("attributes", row.attributes);
  v("permissions", row.permissions);
  v("disabled", row.disabled);
  v("created_at", row.created_at);
  v("expires_at", row.expires_at);
}

template <class V>
void fields(V& v, RowOf<domain::Approval> auto& row) {
  v("step", row.step);
  v("who", row.who);
  v("name", row.name);
  v("reason", row.reason);
  v("at", row.at);
}

template <class V>
void fields(V& v, RowOf<domain::User> auto& row) {
  v("id", row.id);
  v("tenant", row.tenant);
  v("name", row.name);
  v("display_name", row.display_name);
  v("email", row.email);
  v("role", row.role);
  v("password_hash", row.password_hash);
  v("password_changed_at", row.password_changed_at);
  v("link_hash", row.link_hash);
  v("link_expires_at", row.link_expires_at);
  v("oidc_issuer", row.oidc_issuer);
  v("oidc_subject", row.oidc_subject);
  v("disabled", row.disabled);
  v("must_change", row.must_change);
  v("created_at", row.created_at);
  v("updated_at", row.updated_at);
}

template <class V>
void fields(V& v, RowOf<domain::Group> auto& row) {
  v("id", row.id);
  v("tenant", row.tenant);
  v("name", row.name);
  v("description", row.description);
  v("filter", row.filter);
  v("created_at", row.created_at);
  v("updated_at", row.updated_at);
}

template <class V>
void fields(V& v, RowOf<ImportRow> auto& row) {
  v("id", row.id);
  v("tenant", row.tenant);
  v("format", row.format);
  v("mode", row.mode);
  v("dry_run", row.dry_run);
  v("state", row.state);
  v("file_name", row.file_name);
  v("sha256", row.sha256);
  v("size_bytes", row.size_bytes);
  v("done_bytes", row.done_bytes);
  v("lines", row.lines);
  v("created", row.created);
  v("updated", row.updated);
  v("unchanged", row.unchanged);
  v("failed", row.failed);
  v("message", row.message);
  v("actor_kind", row.actor_kind);
  v("actor", row.actor);
  v("actor_name", row.actor_name);
  v("created_at", row.created_at);
  v("updated_at", row.updated_at);
  v("ended_at", row.ended_at);
}

template <class V>
void fields(V& v, RowOf<ImportErrorRow> auto& row) {
  v("import", row.import);
  v("n", row.n);
  v("line", row.line);
  v("key", row.key);
  v("field", row.field);
  v("reason", row.reason);
}

// Without components and tasks, which are rows of their own.
template <class V>
void fields(V& v, RowOf<domain::Device> auto& row) {
  v("id", row.id);
  v("tenant", row.tenant);
  v("key", row.key);
  v("door", row.door);
  v("blocked", row.blocked);
  v("secret_sealed", row.secret_sealed);
  v("attributes", row.attributes);
  v("reported", row.reported);
  v("tags", row.tags);
  v("group_ids", row.groups);
  v("consent", row.consent);
  v("created_at", row.created_at);
  v("pending", row.pending);
}

template <class V>
void fields(V& v, RowOf<domain::Component> auto& row) {
  v("slot", row.slot);
  v("product", row.product);
  v("version", row.version);
  v("reported_at", row.reported_at);
}

template <class V>
void fields(V& v, RowOf<domain::TaskCount> auto& row) {
  v("deployment", row.deployment);
  v("wave", row.wave);
  v("state", row.state);
  v("failure", row.failure);
  v("aftermath", row.aftermath);
  v("stepping", row.stepping);
  v("n", row.n);
}

template <class V>
void fields(V& v, RowOf<domain::FailureReason> auto& row) {
  v("failure", row.failure);
  v("result", row.result);
  v("n", row.n);
}

template <class V>
void fields(V& v, RowOf<domain::Task> auto& row) {
  v("id", row.id);
  v("device", row.device);
  v("deployment", row.deployment);
  v("product", row.product);
  v("target", row.target);
  v("slot", row.slot);
  v("from_version", row.from_version);
  v("target_version", row.target_version);
  v("chain", row.chain);
  v("steps_done", row.steps_done);
  v("state", row.state);
  v("attempt", row.attempt);
  v("progress_percent", row.progress_percent);
  v("failure", row.failure);
  v("result", row.result);
  v("wave", row.wave);
  v("stepping", row.stepping);
  v("began", row.began);
  v("aftermath", row.aftermath);
  v("due_at", row.due_at);
  v("history_count", row.history_count);
  v("token_generation", row.token_generation);
  v("token_expires_at", row.token_expires_at);
  v("created_at", row.created_at);
  v("updated_at", row.updated_at);
}

template <class V>
void fields(V& v, RowOf<domain::TaskHistory> auto& row) {
  v("task", row.task);
  v("device", row.device);
  v("sequence", row.sequence);
  v("at", row.at);
  v("from_state", row.from);
  v("to_state", row.to);
  v("event", row.event);
  v("detail", row.detail);
}

template <class V>
void fields(V& v, RowOf<DeviceLogRow> auto& row) {
  v("device", row.device);
  v("at", row.at);
  v("door", row.door);
  v("text", row.text);
}

template <class V>
void fields(V& v, RowOf<Seen> auto& row) {
  v("device", row.device);
  v("at", row.at);
}

template <class V>
void fields(V& v, RowOf<Event> auto& row) {
  v("id", row.id);
  v("at", row.at);
  v("tenant", row.tenant);
  v("type", row.type);
  v("device", row.device);
  v("deployment", row.deployment);
  v("data", row.data);
}

template <class V>
void fields(V& v, RowOf<Webhook> auto& row) {
  v("id", row.id);
  v("tenant", row.tenant);
  v("url", row.url);
  v("types", row.types);
  v("secret_sealed", row.secret_sealed);
  v("disabled", row.disabled);
  v("created_at", row.created_at);
  v("updated_at", row.updated_at);
}

template <class V>
void fields(V& v, RowOf<WebhookCursor> auto& row) {
  v("webhook", row.webhook);
  v("event", row.event);
}

template <class V>
void fields(V& v, RowOf<DeadLetter> auto& row) {
  v("webhook", row.webhook);
  v("event", row.event.id);
  v("at", row.event.at);
  v("tenant", row.event.tenant);
  v("type", row.event.type);
  v("device", row.event.device);
  v("deployment", row.event.deployment);
  v("data", row.event.data);
  v("attempts", row.attempts);
  v("failed_at", row.failed_at);
  v("error", row.error);
}

template <class V>
void fields(V& v, RowOf<SessionRow> auto& row) {
  v("key", row.key);
  v("nonce", row.nonce);
  v("refresh_nonce", row.refresh_nonce);
  v("token_index", row.token_index);
  v("refresh_index", row.refresh_index);
  v("issued_at", row.issued_at);
  v("expires_at", row.expires_at);
  v("refresh_expires_at", row.refresh_expires_at);
}

template <class V>
void fields(V& v, RowOf<LoginRow> auto& row) {
  v("id", row.id);
  v("person", row.user);
  v("token_hash", row.token_hash);
  v("peer", row.peer);
  v("agent", row.agent);
  v("created_at", row.created_at);
  v("used_at", row.used_at);
  v("expires_at", row.expires_at);
}

template <class V>
void fields(V& v, RowOf<LastUsed> auto& row) {
  v("who", row.who);
  v("at", row.at);
}

template <class V>
void fields(V& v, RowOf<KeptAnswer> auto& row) {
  v("key", row.key);
  v("fingerprint", row.fingerprint);
  v("subject", row.subject);
  v("sealed", row.sealed);
  v("at", row.at);
}

template <class V>
void fields(V& v, RowOf<VersionSample> auto& row) {
  v("product", row.product);
  v("step_ms", row.step_ms);
  v("at", row.at);
  v("versions", row.versions);
  v("counts", row.counts);
  v("others", row.others);
}

template <class V>
void fields(V& v, RowOf<UploadRow> auto& row) {
  v("id", row.id);
  v("size_bytes", row.size_bytes);
  v("file_name", row.file_name);
  v("sha256", row.sha256);
  v("md5", row.md5);
  v("sha1", row.sha1);
  v("created_at", row.created_at);
  v("expires_at", row.expires_at);
  v("tenant", row.tenant);
  v("made_by", row.made_by);
  v("metadata", row.metadata);
  v("wanted_sha256", row.wanted_sha256);
  v("inspection", row.inspection);
}

template <class V>
void fields(V& v, RowOf<JournalEntry> auto& row) {
  v("sequence", row.sequence);
  v("at", row.at);
  v("actor_kind", row.actor_kind);
  v("actor_id", row.actor_id);
  v("actor_name", row.actor_name);
  v("peer", row.peer);
  v("tenant", row.tenant);
  v("action", row.action);
  v("subject_kind", row.subject_kind);
  v("subject_id", row.subject_id);
  v("subject_name", row.subject_name);
  v("request", row.request);
  v("changes", row.changes);
  v("previous", row.previous);
  v("hash", row.hash);
}

}  // namespace otaru::app
