-- SPDX-License-Identifier: Apache-2.0
-- The journal of changes. There is no statement that changes or deletes an entry, and there must not
-- be one (sqlite_test.cc looks).

-- name: add_journal
insert into journal (sequence, at, actor_kind, actor_id, actor_name, peer, tenant, action, subject_kind,
  subject_id, subject_name, request, changes, previous, hash)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)

-- name: read_journal
select sequence, at, actor_kind, actor_id, actor_name, peer, tenant, action, subject_kind,
  subject_id, subject_name, request, changes, previous, hash
from journal where sequence > ?1 order by sequence limit ?2

-- The same question four times, so that the most telling part of it has an index.

-- name: list_journal_of_subject
select sequence, at, actor_kind, actor_id, actor_name, peer, tenant, action, subject_kind,
  subject_id, subject_name, request, changes, previous, hash
from journal
where sequence < ?1
  and (?2 is null or tenant = ?2) and (?3 is null or actor_name = ?3)
  and subject_kind = ?4 and subject_id = ?5
  and substr(action, 1, length(?6)) = ?6
  and (?7 is null or at >= ?7) and (?8 is null or at < ?8)
order by sequence desc limit ?9

-- name: list_journal_of_actor
select sequence, at, actor_kind, actor_id, actor_name, peer, tenant, action, subject_kind,
  subject_id, subject_name, request, changes, previous, hash
from journal
where sequence < ?1
  and (?2 is null or tenant = ?2) and actor_name = ?3
  and (?4 is null or subject_kind = ?4) and (?5 is null or subject_id = ?5)
  and substr(action, 1, length(?6)) = ?6
  and (?7 is null or at >= ?7) and (?8 is null or at < ?8)
order by sequence desc limit ?9

-- name: list_journal_of_tenant
select sequence, at, actor_kind, actor_id, actor_name, peer, tenant, action, subject_kind,
  subject_id, subject_name, request, changes, previous, hash
from journal
where sequence < ?1
  and tenant = ?2 and (?3 is null or actor_name = ?3)
  and (?4 is null or subject_kind = ?4) and (?5 is null or subject_id = ?5)
  and substr(action, 1, length(?6)) = ?6
  and (?7 is null or at >= ?7) and (?8 is null or at < ?8)
order by sequence desc limit ?9

-- name: list_journal
select sequence, at, actor_kind, actor_id, actor_name, peer, tenant, action, subject_kind,
  subject_id, subject_name, request, changes, previous, hash
from journal
where sequence < ?1
  and (?2 is null or tenant = ?2) and (?3 is null or actor_name = ?3)
  and (?4 is null or subject_kind = ?4) and (?5 is null or subject_id = ?5)
  and substr(action, 1, length(?6)) = ?6
  and (?7 is null or at >= ?7) and (?8 is null or at < ?8)
order by sequence desc limit ?9
