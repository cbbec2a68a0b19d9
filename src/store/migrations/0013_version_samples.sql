-- SPDX-License-Identifier: Apache-2.0
-- What ran of a product over time: one row per sample, with the most frequent versions and how many
-- devices reported each (JSON arrays of one length). Samples of one step are pruned by time.
create table version_sample (
  product integer not null,
  step_ms integer not null,
  at integer not null,
  versions text not null,
  counts text not null,
  others integer not null,
  primary key (product, step_ms, at)
) without rowid;
create index version_sample_step on version_sample (step_ms, at);
