-- SPDX-License-Identifier: Apache-2.0
-- The event log, webhooks and what they did not take.

-- name: insert_event
insert into event (id, at, tenant, type, device, deployment, data)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7)

-- name: prune_events
delete from event where id <= ?1

-- name: events_rising
select id, at, tenant, type, device, deployment, data from event
where id > ?1 and id < ?2 order by id limit ?3

-- name: events_falling
select id, at, tenant, type, device, deployment, data from event
where id > ?1 and id < ?2 order by id desc limit ?3

-- name: dump_events
select id, at, tenant, type, device, deployment, data from event

-- name: oldest_event
select id from event where id > 0 order by id limit 1

-- name: newest_event
select id from event where id > 0 order by id desc limit 1

-- name: put_webhook
insert into webhook (id, tenant, url, types, secret_sealed, disabled, created_at, updated_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
on conflict (id) do update set tenant = excluded.tenant, url = excluded.url,
  types = excluded.types, secret_sealed = excluded.secret_sealed, disabled = excluded.disabled,
  created_at = excluded.created_at, updated_at = excluded.updated_at

-- name: load_webhooks
select id, tenant, url, types, secret_sealed, disabled, created_at, updated_at
from webhook order by id

-- name: highest_webhook
select id from webhook where id > 0 order by id desc limit 1

-- name: delete_webhook
delete from webhook where id = ?1

-- name: put_webhook_cursor
insert into webhook_cursor (webhook, event) values (?1, ?2)
on conflict (webhook) do update set event = excluded.event

-- name: load_webhook_cursors
select webhook, event from webhook_cursor order by webhook

-- name: delete_webhook_cursor
delete from webhook_cursor where webhook = ?1

-- name: put_dead_letter
insert into dead_letter (webhook, event, at, tenant, type, device, deployment, data, attempts,
  failed_at, error)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
on conflict (webhook, event) do update set at = excluded.at, tenant = excluded.tenant,
  type = excluded.type, device = excluded.device, deployment = excluded.deployment,
  data = excluded.data, attempts = excluded.attempts, failed_at = excluded.failed_at,
  error = excluded.error

-- name: dead_letters_of_webhook
select webhook, event, at, tenant, type, device, deployment, data, attempts, failed_at, error
from dead_letter where webhook = ?1 and event > ?2 order by event limit ?3

-- name: dump_dead_letters
select webhook, event, at, tenant, type, device, deployment, data, attempts, failed_at, error
from dead_letter

-- name: delete_dead_letter
delete from dead_letter where webhook = ?1 and event = ?2

-- name: delete_dead_letters_of_webhook
delete from dead_letter where webhook = ?1
