-- SPDX-License-Identifier: Apache-2.0
-- The journal of changes: who changed what, each entry chained to the one before by its hash. Rows
-- are only ever added. `changes` is JSON text, hashes are hex.

create table journal (
  sequence integer primary key,
  at integer not null,
  actor_kind text not null,
  actor_id integer not null,
  actor_name text not null,
  peer text not null,
  tenant text not null,
  action text not null,
  subject_kind text not null,
  subject_id text not null,
  subject_name text not null,
  request text not null,
  changes text not null,
  previous text not null,
  hash text not null
);

create index journal_subject on journal (subject_kind, subject_id, sequence);
create index journal_actor on journal (actor_name, sequence);
create index journal_tenant on journal (tenant, sequence);
