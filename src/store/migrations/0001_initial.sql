-- SPDX-License-Identifier: Apache-2.0
-- The first schema. Never edited after a release (tests/lint/migrations.sha256 holds its hash).
--
-- Hot tables carry b, the bucket: the low byte of a device or task id. Their primary key starts
-- with it, and every statement of a device's way names it. `without rowid` keeps a row in the
-- tree of its primary key, so that a write touches one page and not two.
-- Enumerations are their words, times are milliseconds since 1970, lists and maps are JSON text.

create table tenant (
  id integer primary key,
  name text not null,
  created_at integer not null
);

create table product (
  id integer primary key,
  tenant integer not null,
  name text not null,
  model text not null,
  hw_version text not null,
  feature text not null,
  manufacturer text not null,
  module text not null,
  type text not null,
  version_scheme text not null,
  version_pattern text not null,
  created_at integer not null
);

create table release (
  id integer primary key,
  product integer not null,
  version text not null,
  channel text not null,
  state text not null,
  sequence integer not null,
  labels text not null,
  notes text not null,
  security integer not null,
  force integer not null,
  created_at integer not null,
  published_at integer not null
);

create table package (
  id integer primary key,
  release integer not null,
  kind text not null,
  base_version text not null,
  file_name text not null,
  format text not null,
  size_bytes integer not null,
  md5 text not null,
  sha1 text not null,
  sha256 text not null,
  permissions text not null,
  hidden integer not null,
  created_at integer not null,
  updated_at integer not null
);

create table kit (
  id integer primary key,
  tenant integer not null,
  version text not null,
  version_scheme text not null,
  version_pattern text not null,
  channel text not null,
  state text not null,
  notes text not null,
  permissions text not null,
  released_at integer,
  upgrade_method text not null,
  created_at integer not null,
  updated_at integer not null
);

create table kit_item (
  kit integer not null,
  position integer not null,
  id integer not null,
  release integer not null,
  created_at integer not null,
  updated_at integer not null,
  primary key (kit, position)
) without rowid;

create table deployment (
  id integer primary key,
  tenant integer not null,
  name text not null,
  state text not null,
  priority integer not null,
  target_release integer not null,
  target_kit integer not null,
  newest_in_channel text not null,
  target_product integer not null,
  everyone integer not null,
  from_versions text not null,
  mode text not null,
  signal_min integer not null,
  power_min_percent integer not null,
  retry_count integer not null,
  retry_interval_s integer not null,
  attempts_max integer not null,
  deadline integer,
  created_at integer not null,
  updated_at integer not null
);

-- The explicit list of a deployment: up to a million device keys, each ended by a line feed. Apart
-- from its deployment, so that pausing one does not write the list again.
create table deployment_audience (
  deployment integer primary key,
  hash text not null,
  device_keys text not null
);

create table credential (
  id integer primary key,
  tenant integer not null,
  kind text not null,
  name text not null,
  secret text not null,
  attributes text not null,
  permissions text not null,
  disabled integer not null,
  created_at integer not null
);

create table setting (
  key text primary key,
  value text not null
) without rowid;

create table session (
  key text primary key,
  nonce text not null,
  refresh_nonce text not null,
  token_index text not null,
  refresh_index text not null,
  issued_at integer not null,
  expires_at integer not null,
  refresh_expires_at integer not null
) without rowid;

create table upload (
  id text primary key,
  size_bytes integer not null,
  file_name text not null,
  sha256 text not null,
  md5 text not null,
  sha1 text not null,
  created_at integer not null,
  expires_at integer not null
) without rowid;

-- The highest ids that erased rows had, so that no id is given out twice. Written on erase only.
create table id_floor (
  kind text not null,
  b integer not null,
  id integer not null,
  primary key (kind, b)
) without rowid;

create table device (
  b integer not null,
  id integer not null,
  tenant integer not null,
  key text not null,
  door text not null,
  blocked integer not null,
  secret_sealed text not null,
  attributes text not null,
  created_at integer not null,
  primary key (b, id)
) without rowid;
-- Lists over all buckets are merged from this one too: a second index without the bucket would
-- cost every new device one more page.
create unique index device_key on device (b, tenant, key);

create table component (
  b integer not null,
  device integer not null,
  slot text not null,
  product integer not null,
  version text not null,
  reported_at integer not null,
  primary key (b, device, slot)
) without rowid;

-- Alone in a narrow table: it changes with every check, in large sorted batches.
create table seen (
  b integer not null,
  device integer not null,
  at integer not null,
  primary key (b, device)
) without rowid;

create table device_log (
  b integer not null,
  device integer not null,
  n integer not null,
  at integer not null,
  door text not null,
  text text not null,
  primary key (b, device, n)
) without rowid;

create table task (
  b integer not null,
  id integer not null,
  device integer not null,
  deployment integer not null,
  product integer not null,
  target integer not null,
  slot text not null,
  from_version text not null,
  target_version text not null,
  chain text not null,
  steps_done integer not null,
  state text not null,
  attempt integer not null,
  progress_percent integer not null,
  failure text not null,
  result text not null,
  history_count integer not null,
  token_generation integer not null,
  token_expires_at integer not null,
  created_at integer not null,
  updated_at integer not null,
  primary key (b, device, id)  -- the tasks of a device lie together
) without rowid;
-- Ids rise over all buckets together, so these two are written near their ends, and no column of
-- theirs ever changes. The first finds a task by its id, and lists the newest.
create unique index task_id on task (id, b);
create index task_deployment on task (deployment, id);

create table task_history (
  b integer not null,
  task integer not null,
  sequence integer not null,
  device integer not null,
  at integer not null,
  from_state text not null,
  to_state text not null,
  event text not null,
  detail text not null,
  primary key (b, task, sequence)
) without rowid;

-- Tasks per state of a deployment, kept per bucket and summed by the reader. The deployment comes
-- first here: its few hundred rows share their pages.
create table task_count (
  deployment integer not null,
  b integer not null,
  state text not null,
  n integer not null,
  primary key (deployment, b, state)
) without rowid;
