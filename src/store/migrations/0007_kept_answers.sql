-- SPDX-License-Identifier: Apache-2.0
-- Answers to creations with an Idempotency-Key, kept for a day (app/ports/kept_answer.h).

create table kept_answer (
  key text primary key,
  fingerprint text not null,
  subject text not null,
  sealed text not null,
  at integer not null
) without rowid;
