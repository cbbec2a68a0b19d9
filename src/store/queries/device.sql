-- SPDX-License-Identifier: Apache-2.0
-- The way of a device: every statement here names its bucket (a test reads this file).
-- Parameters are numbered; ?1 is always the bucket.

-- name: update_device
update device set door = ?5, blocked = ?6, secret_sealed = ?7, attributes = ?8, reported = ?9,
  tags = ?10, group_ids = ?11, consent = ?12, created_at = ?13, pending = ?14
where b = ?1 and id = ?2 and tenant = ?3 and key = ?4

-- name: insert_device
insert into device (b, id, tenant, key, door, blocked, secret_sealed, attributes, reported, tags,
  group_ids, consent, created_at, pending)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)

-- name: delete_component
delete from component where b = ?1 and device = ?2 and slot = ?3

-- name: delete_components
delete from component where b = ?1 and device = ?2

-- name: put_component
insert into component (b, device, slot, product, version, reported_at)
values (?1, ?2, ?3, ?4, ?5, ?6)
on conflict (b, device, slot) do update
set product = excluded.product, version = excluded.version, reported_at = excluded.reported_at

-- name: put_seen
insert into seen (b, device, at) values (?1, ?2, ?3)
on conflict (b, device) do update set at = excluded.at

-- name: insert_device_log
insert into device_log (b, device, n, at, door, text)
select ?1, ?2, coalesce(max(n), 0) + 1, ?3, ?4, ?5 from device_log where b = ?1 and device = ?2

-- name: trim_device_log
delete from device_log
where b = ?1 and device = ?2
  and n <= (select max(n) from device_log where b = ?1 and device = ?2) - ?3

-- name: task_before
select deployment, wave, state, failure, aftermath, stepping, result from task
where b = ?1 and id = ?2 and device = ?3

-- name: update_task
update task set product = ?5, target = ?6, slot = ?7, from_version = ?8, target_version = ?9,
  chain = ?10, steps_done = ?11, state = ?12, attempt = ?13, progress_percent = ?14, failure = ?15,
  result = ?16, wave = ?17, stepping = ?18, began = ?19, aftermath = ?20, due_at = ?21,
  history_count = ?22, token_generation = ?23, token_expires_at = ?24, created_at = ?25,
  updated_at = ?26
where b = ?1 and id = ?2 and device = ?3 and deployment = ?4

-- name: insert_task
insert into task (b, id, device, deployment, product, target, slot, from_version, target_version,
  chain, steps_done, state, attempt, progress_percent, failure, result, wave, stepping, began,
  aftermath, due_at, history_count, token_generation, token_expires_at, created_at, updated_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
  ?21, ?22, ?23, ?24, ?25, ?26)

-- name: put_task_history
insert into task_history (b, task, device, sequence, at, from_state, to_state, event, detail)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
on conflict (b, task, sequence) do update
set device = excluded.device, at = excluded.at, from_state = excluded.from_state,
  to_state = excluded.to_state, event = excluded.event, detail = excluded.detail

-- name: add_task_count
insert into task_count (b, deployment, wave, state, failure, aftermath, stepping, n)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
on conflict (deployment, b, wave, state, failure, aftermath, stepping)
do update set n = task_count.n + excluded.n
where task_count.b = ?1

-- name: add_version_count
insert into version_count (b, product, version, n) values (?1, ?2, ?3, ?4)
on conflict (product, b, version) do update set n = version_count.n + excluded.n
where version_count.b = ?1

-- name: drop_version_count
delete from version_count where b = ?1 and product = ?2 and version = ?3 and n = 0

-- name: add_failure_count
insert into failure_count (b, deployment, failure, result, n) values (?1, ?2, ?3, ?4, ?5)
on conflict (deployment, b, failure, result) do update set n = failure_count.n + excluded.n
where failure_count.b = ?1

-- name: counted_tasks_of_device
select id, deployment, wave, state, failure, aftermath, stepping, result from task where b = ?1 and device = ?2 order by id desc

-- name: delete_history_of_device
delete from task_history
where b = ?1 and task in (select id from task where b = ?1 and device = ?2)

-- name: delete_tasks_of_device
delete from task where b = ?1 and device = ?2

-- name: delete_device_log
delete from device_log where b = ?1 and device = ?2

-- name: delete_seen
delete from seen where b = ?1 and device = ?2

-- name: delete_device
delete from device where b = ?1 and id = ?2

-- name: device_by_key
select id, tenant, key, door, blocked, secret_sealed, attributes, reported, tags, group_ids,
  consent, created_at, pending
from device where b = ?1 and tenant = ?2 and key = ?3

-- name: device_by_id
select id, tenant, key, door, blocked, secret_sealed, attributes, reported, tags, group_ids,
  consent, created_at, pending
from device where b = ?1 and id = ?2

-- name: components_of_device
select slot, product, version, reported_at from component
where b = ?1 and device = ?2 order by slot

-- name: tasks_of_device
select id, device, deployment, product, target, slot, from_version, target_version, chain,
  steps_done, state, attempt, progress_percent, failure, result, wave, stepping, began, aftermath,
  due_at, history_count, token_generation, token_expires_at, created_at, updated_at
from task where b = ?1 and device = ?2
order by case when state in ('awaiting_consent', 'pending', 'downloading', 'upgrading', 'paused')
    then 0 else 1 end,
  id desc
limit ?3

-- name: task_by_id
select id, device, deployment, product, target, slot, from_version, target_version, chain,
  steps_done, state, attempt, progress_percent, failure, result, wave, stepping, began, aftermath,
  due_at, history_count, token_generation, token_expires_at, created_at, updated_at
from task where b = ?1 and id = ?2

-- name: history_of_task
select task, device, sequence, at, from_state, to_state, event, detail from task_history
where b = ?1 and task = ?2 order by sequence

-- name: log_of_device
select device, at, door, text from device_log where b = ?1 and device = ?2 order by n desc limit ?3

-- name: highest_device
select id from device where b = ?1 order by id desc limit 1

-- name: next_tenant_with_devices
select tenant from device where b = ?1 and tenant >= ?2 order by tenant limit 1

-- name: device_keys_from
select key, id from device where b = ?1 and tenant = ?2 and key >= ?3 order by key limit ?4

-- name: pending_keys_from
select key, id from device
where b = ?1 and tenant = ?2 and key >= ?3 and pending = 1 order by key limit ?4

-- name: seen_at
select at from seen where b = ?1 and device = ?2
