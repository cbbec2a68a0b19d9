-- SPDX-License-Identifier: Apache-2.0
-- What happened, as events, and who is told of it.

-- Append-only and narrow; ids rise by one, so that a range of them is a cursor and no index beside
-- the key is needed.
create table event (
  id integer primary key,
  at integer not null,
  tenant integer not null,
  type text not null,
  device integer not null,
  deployment integer not null,
  data text not null
);

create table webhook (
  id integer primary key,
  tenant integer not null,
  url text not null,
  types text not null,
  secret_sealed text not null,
  disabled integer not null,
  created_at integer not null,
  updated_at integer not null
);

-- Apart from the webhook: it moves with every delivery.
create table webhook_cursor (
  webhook integer primary key,
  event integer not null
);

create table dead_letter (
  webhook integer not null,
  event integer not null,
  at integer not null,
  tenant integer not null,
  type text not null,
  device integer not null,
  deployment integer not null,
  data text not null,
  attempts integer not null,
  failed_at integer not null,
  error text not null,
  primary key (webhook, event)
) without rowid;
