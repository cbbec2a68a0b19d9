-- SPDX-License-Identifier: Apache-2.0
-- Counters that brakes, gates and people read, by everything that they are asked for; and what
-- failed tasks died of, in the device's own words. Kept per bucket and summed by the reader.

drop table task_count;
create table task_count (
  deployment integer not null,
  b integer not null,
  wave integer not null,
  state text not null,
  failure text not null,
  aftermath text not null,
  stepping integer not null,
  n integer not null,
  primary key (deployment, b, wave, state, failure, aftermath, stepping)
) without rowid;
insert into task_count (deployment, b, wave, state, failure, aftermath, stepping, n)
select deployment, b, wave, state, failure, aftermath, stepping, count(*) from task
group by deployment, b, wave, state, failure, aftermath, stepping;

create table failure_count (
  deployment integer not null,
  b integer not null,
  failure text not null,
  result text not null,
  n integer not null,
  primary key (deployment, b, failure, result)
) without rowid;
insert into failure_count (deployment, b, failure, result, n)
select deployment, b, failure, result, count(*) from task where state = 'failed'
group by deployment, b, failure, result;
