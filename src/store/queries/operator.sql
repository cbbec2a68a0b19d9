-- SPDX-License-Identifier: Apache-2.0
-- What operators and the start of the server ask over all buckets. Not a device's way.

-- name: newest_task_ids
select id, b from task order by id desc

-- name: list_tasks_of_device
select id, device, deployment, product, target, slot, from_version, target_version, chain,
  steps_done, state, attempt, progress_percent, failure, result, wave, stepping, began, aftermath,
  due_at, history_count, token_generation, token_expires_at, created_at, updated_at
from task
where b = ?5 and device = ?6 and id < ?1 and (?2 is null or state = ?2)
  and (?3 is null or exists (select 1 from device
    where device.b = task.b and device.id = task.device and device.tenant = ?3))
  and (?7 is null or deployment = ?7)
order by id desc limit ?4

-- name: list_tasks_of_deployment
select id, device, deployment, product, target, slot, from_version, target_version, chain,
  steps_done, state, attempt, progress_percent, failure, result, wave, stepping, began, aftermath,
  due_at, history_count, token_generation, token_expires_at, created_at, updated_at
from task
where deployment = ?5 and id < ?1 and (?2 is null or state = ?2)
  and (?3 is null or exists (select 1 from device
    where device.b = task.b and device.id = task.device and device.tenant = ?3))
order by id desc limit ?4

-- name: list_tasks
select id, device, deployment, product, target, slot, from_version, target_version, chain,
  steps_done, state, attempt, progress_percent, failure, result, wave, stepping, began, aftermath,
  due_at, history_count, token_generation, token_expires_at, created_at, updated_at
from task
where id < ?1 and (?2 is null or state = ?2)
  and (?3 is null or exists (select 1 from device
    where device.b = task.b and device.id = task.device and device.tenant = ?3))
order by id desc limit ?4

-- name: list_tasks_in_state
select id, device, deployment, product, target, slot, from_version, target_version, chain,
  steps_done, state, attempt, progress_percent, failure, result, wave, stepping, began, aftermath,
  due_at, history_count, token_generation, token_expires_at, created_at, updated_at
from task
where state = ?2 and id < ?1
  and (?3 is null or exists (select 1 from device
    where device.b = task.b and device.id = task.device and device.tenant = ?3))
order by id desc limit ?4

-- name: due_tasks
select id, device, deployment, product, target, slot, from_version, target_version, chain,
  steps_done, state, attempt, progress_percent, failure, result, wave, stepping, began, aftermath,
  due_at, history_count, token_generation, token_expires_at, created_at, updated_at
from task
where due_at > 0 and due_at <= ?1
order by due_at, id limit ?2

-- name: open_tasks
select id, device, deployment, product, target, slot, from_version, target_version, chain,
  steps_done, state, attempt, progress_percent, failure, result, wave, stepping, began, aftermath,
  due_at, history_count, token_generation, token_expires_at, created_at, updated_at
from task
where deployment = ?1 and id > ?2
  and state not in ('succeeded', 'failed', 'cancelled', 'expired')
order by id limit ?3

-- name: next_deployment_with_open_tasks
select deployment from task
where deployment > ?1
  and state not in ('succeeded', 'failed', 'cancelled', 'expired')
order by deployment limit 1

-- name: count_tasks
select deployment, wave, state, failure, aftermath, stepping, sum(n) from task_count
where deployment = ?1 group by wave, state, failure, aftermath, stepping having sum(n) <> 0

-- name: load_task_counts
select deployment, wave, state, failure, aftermath, stepping, sum(n) from task_count
group by deployment, wave, state, failure, aftermath, stepping having sum(n) <> 0

-- name: failure_reasons
select failure, result, sum(n) from failure_count where deployment = ?1
group by failure, result having sum(n) <> 0

-- name: version_counts
select version, sum(n) from version_count where product = ?1 group by version

-- name: count_devices
select tenant, count(*) from device group by b, tenant

-- name: count_pending_devices
select tenant, count(*) from device where pending = 1 group by b, tenant

-- name: id_floors
select kind, b, id from id_floor

-- name: dump_devices
select id, tenant, key, door, blocked, secret_sealed, attributes, reported, tags, group_ids,
  consent, created_at, pending
from device

-- name: dump_components
select device, slot, product, version, reported_at from component

-- name: dump_seen
select device, at from seen

-- name: dump_device_log
select n, device, at, door, text from device_log

-- name: dump_tasks
select id, device, deployment, product, target, slot, from_version, target_version, chain,
  steps_done, state, attempt, progress_percent, failure, result, wave, stepping, began, aftermath,
  due_at, history_count, token_generation, token_expires_at, created_at, updated_at
from task

-- name: dump_task_history
select task, device, sequence, at, from_state, to_state, event, detail from task_history

-- name: dump_failure_counts
select deployment, failure, result, sum(n) from failure_count
group by deployment, failure, result having sum(n) <> 0
