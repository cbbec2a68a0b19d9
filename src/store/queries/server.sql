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

-- name: put_upload
insert into upload (id, size_bytes, file_name, sha256, md5, sha1, created_at, expires_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
on conflict (id) do update set size_bytes = excluded.size_bytes, file_name = excluded.file_name,
  sha256 = excluded.sha256, md5 = excluded.md5, sha1 = excluded.sha1,
  created_at = excluded.created_at, expires_at = excluded.expires_at

-- name: load_uploads
select id, size_bytes, file_name, sha256, md5, sha1, created_at, expires_at from upload order by id

-- name: delete_upload
delete from upload where id = ?1

-- name: raise_id_floor
insert into id_floor (kind, b, id) values (?1, ?2, ?3)
on conflict (kind, b) do update set id = excluded.id where excluded.id > id_floor.id
