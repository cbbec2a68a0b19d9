-- SPDX-License-Identifier: Apache-2.0
-- Groups, imports, and what operators set of a device apart from what it reports.

create table device_group (
  id integer primary key,
  tenant integer not null,
  name text not null,
  description text not null,
  filter text not null,
  created_at integer not null,
  updated_at integer not null
);

-- Of attributes that are there nobody knows who set them. Those of a device that an operator
-- registered stay the operator's, those of others become the device's own word.
alter table device add column reported text not null default '[]';
alter table device add column tags text not null default '[]';
alter table device add column group_ids text not null default '[]';
update device set reported = attributes, attributes = '[]' where door <> 'operator';

create table import_job (
  id integer primary key,
  tenant integer not null,
  format text not null,
  mode text not null,
  dry_run integer not null,
  state text not null,
  file_name text not null,
  sha256 text not null,
  size_bytes integer not null,
  done_bytes integer not null,
  lines integer not null,
  created integer not null,
  updated integer not null,
  unchanged integer not null,
  failed integer not null,
  message text not null,
  actor_kind integer not null,
  actor integer not null,
  actor_name text not null,
  created_at integer not null,
  updated_at integer not null,
  ended_at integer
);

create table import_error (
  import integer not null,
  n integer not null,
  line integer not null,
  key text not null,
  field text not null,
  reason text not null,
  primary key (import, n)
) without rowid;

-- Lists of tasks in one state, also a rare one. Tasks change state soon after they are born, so
-- the places that are written lie near the ends of a few ranges.
create index task_state on task (state, id);
