-- SPDX-License-Identifier: Apache-2.0
-- What a deployment says about whom and how (domain/deployment.h), as one JSON text for each part
-- (app/ports/documents.h; empty: all default), and what tasks and devices remember of it.

alter table release add column min_version text not null default '';
alter table release add column requirements text not null default '';

alter table kit_item add column stage integer not null default 0;
alter table kit_item add column requirements text not null default '';

alter table deployment add column audience text not null default '';
alter table deployment add column waves text not null default '';
alter table deployment add column rate text not null default '';
alter table deployment add column windows text not null default '';
alter table deployment add column conditions text not null default '';
alter table deployment add column consent text not null default 'none';
alter table deployment add column urgency text not null default 'soft';
alter table deployment add column timeouts text not null default '';
alter table deployment add column watch text not null default '';
alter table deployment add column brakes text not null default '';
alter table deployment add column downgrade_reason text not null default '';
alter table deployment add column starts_at integer;
alter table deployment add column heals integer not null default 0;
alter table deployment add column rollout text not null default '';

-- The list of devices that are excluded, as deployment_audience keeps the list of those meant.
create table deployment_exclusion (
  deployment integer primary key,
  hash text not null,
  device_keys text not null
);

alter table device add column consent text not null default '';

alter table task add column wave integer not null default 0;
alter table task add column stepping integer not null default 0;
alter table task add column began integer not null default 0;
alter table task add column aftermath text not null default 'none';
alter table task add column due_at integer not null default 0;
-- The server's own clock: which tasks it has to look at although nobody asks. Few at a time.
create index task_due on task (due_at, id) where due_at > 0;
