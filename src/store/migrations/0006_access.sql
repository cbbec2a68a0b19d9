-- SPDX-License-Identifier: Apache-2.0
-- People, their log-ins, when keys and people were last seen, and who approved a deployment.

-- `user` is a word of SQL. tenant 0: of every tenant.
create table person (
  id integer primary key,
  tenant integer not null,
  name text not null,
  display_name text not null,
  email text not null,
  role text not null,
  password_hash text not null,
  password_changed_at integer not null,
  link_hash text not null,
  link_expires_at integer not null,
  oidc_issuer text not null,
  oidc_subject text not null,
  disabled integer not null,
  must_change integer not null,
  created_at integer not null,
  updated_at integer not null
);

create table login (
  id text primary key,
  person integer not null,
  token_hash text not null,
  peer text not null,
  agent text not null,
  created_at integer not null,
  used_at integer not null,
  expires_at integer not null
) without rowid;

-- Narrow, and written rarely: 'key 7' or 'user 3'.
create table last_used (
  who text primary key,
  at integer not null
) without rowid;

-- Who asked for a deployment's start, who approved or refused it, in order.
create table deployment_approval (
  deployment integer not null,
  position integer not null,
  step text not null,
  who text not null,
  name text not null,
  reason text not null,
  at integer not null,
  primary key (deployment, position)
) without rowid;

alter table credential add column expires_at integer;
