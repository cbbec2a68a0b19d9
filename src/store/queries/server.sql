-- SPDX-License-Identifier: Apache-2.0
-- What the server keeps for itself: settings, sessions, uploads, the floors of erased ids.

-- name: put_setting
insert into setting (key, value) values (?1, ?2)
on conflict (key) do update set value = excluded.value

-- name: load_settings
select key, value from setting order by key

-- name: put_session
insert into session (key, nonce, refresh_nonce, token_index, refresh_index, issued_at, expires_at,
  refresh_expires_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
on conflict (key) do update set nonce = excluded.nonce, refresh_nonce = excluded.refresh_nonce,
  token_index = excluded.token_index, refresh_index = excluded.refresh_index,
  issued_at = excluded.issued_at, expires_at = excluded.expires_at,
  refresh_expires_at = excluded.refresh_expires_at

-- name: load_sessions
select key, nonce, refresh_nonce, token_index, refresh_index, issued_at, expires_at,
  refresh_expires_at
from session order by key

-- name: delete_session
delete from session where key = ?1

-- name: put_kept_answer
insert into kept_answer (key, fingerprint, subject, sealed, at) values (?1, ?2, ?3, ?4, ?5)
on conflict (key) do update set fingerprint = excluded.fingerprint, subject = excluded.subject,
  sealed = excluded.sealed, at = excluded.at

-- name: put_version_sample
insert into version_sample (product, step_ms, at, versions, counts, others)
values (?1, ?2, ?3, ?4, ?5, ?6)
on conflict (product, step_ms, at) do update set
  versions = excluded.versions, counts = excluded.counts, others = excluded.others

-- name: prune_version_samples
delete from version_sample where step_ms = ?1 and at < ?2

-- name: delete_version_samples
delete from version_sample where product = ?1

-- name: version_samples
select product, step_ms, at, versions, counts, others from version_sample
where product = ?1 and step_ms = ?2 and at >= ?3 order by at

-- name: dump_version_samples
select product, step_ms, at, versions, counts, others from version_sample

-- name: load_kept_answers
select key, fingerprint, subject, sealed, at from kept_answer order by key

-- name: delete_kept_answer
delete from kept_answer where key = ?1

-- name: put_upload
insert into upload (id, size_bytes, file_name, sha256, md5, sha1, created_at, expires_at, tenant,
  made_by, metadata, wanted_sha256, inspection)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
on conflict (id) do update set size_bytes = excluded.size_bytes, file_name = excluded.file_name,
  sha256 = excluded.sha256, md5 = excluded.md5, sha1 = excluded.sha1,
  created_at = excluded.created_at, expires_at = excluded.expires_at, tenant = excluded.tenant,
  made_by = excluded.made_by, metadata = excluded.metadata,
  wanted_sha256 = excluded.wanted_sha256, inspection = excluded.inspection

-- name: load_uploads
select id, size_bytes, file_name, sha256, md5, sha1, created_at, expires_at, tenant, made_by,
  metadata, wanted_sha256, inspection
from upload order by id

-- name: delete_upload
delete from upload where id = ?1

-- name: put_login
insert into login (id, person, token_hash, peer, agent, created_at, used_at, expires_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
on conflict (id) do update set person = excluded.person, token_hash = excluded.token_hash,
  peer = excluded.peer, agent = excluded.agent, created_at = excluded.created_at,
  used_at = excluded.used_at, expires_at = excluded.expires_at

-- name: load_logins
select id, person, token_hash, peer, agent, created_at, used_at, expires_at from login order by id

-- name: delete_login
delete from login where id = ?1

-- name: put_last_used
insert into last_used (who, at) values (?1, ?2) on conflict (who) do update set at = excluded.at

-- name: load_last_used
select who, at from last_used order by who

-- name: delete_last_used
delete from last_used where who = ?1

-- name: raise_id_floor
insert into id_floor (kind, b, id) values (?1, ?2, ?3)
on conflict (kind, b) do update set id = excluded.id where excluded.id > id_floor.id

-- name: put_import
insert into import_job (id, tenant, format, mode, dry_run, state, file_name, sha256, size_bytes,
  done_bytes, lines, created, updated, unchanged, failed, message, actor_kind, actor, actor_name,
  created_at, updated_at, ended_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
  ?21, ?22)
on conflict (id) do update set tenant = excluded.tenant, format = excluded.format,
  mode = excluded.mode, dry_run = excluded.dry_run, state = excluded.state,
  file_name = excluded.file_name, sha256 = excluded.sha256, size_bytes = excluded.size_bytes,
  done_bytes = excluded.done_bytes, lines = excluded.lines, created = excluded.created,
  updated = excluded.updated, unchanged = excluded.unchanged, failed = excluded.failed,
  message = excluded.message, actor_kind = excluded.actor_kind, actor = excluded.actor,
  actor_name = excluded.actor_name, created_at = excluded.created_at,
  updated_at = excluded.updated_at, ended_at = excluded.ended_at

-- name: load_imports
select id, tenant, format, mode, dry_run, state, file_name, sha256, size_bytes, done_bytes, lines,
  created, updated, unchanged, failed, message, actor_kind, actor, actor_name, created_at,
  updated_at, ended_at
from import_job order by id

-- name: delete_import
delete from import_job where id = ?1

-- name: put_import_error
insert into import_error (import, n, line, key, field, reason) values (?1, ?2, ?3, ?4, ?5, ?6)
on conflict (import, n) do update set line = excluded.line, key = excluded.key,
  field = excluded.field, reason = excluded.reason

-- name: delete_import_errors
delete from import_error where import = ?1

-- name: import_errors
select import, n, line, key, field, reason from import_error
where import = ?1 and n > ?2 order by n limit ?3

-- name: dump_import_errors
select import, n, line, key, field, reason from import_error
