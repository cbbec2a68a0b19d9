-- SPDX-License-Identifier: Apache-2.0
-- The explicit lists of deployments (whom they are for: 'devices', whom they are not for:
-- 'excluded'), packed: up to a million device keys each. Apart from their
-- deployments, so that pausing one does not write its list again.
--
-- form 'packed': domain/key_set.h. What was there before has the form 'lines', each key ended by a
-- line feed, until its deployment is written again.
create table deployment_keys (
  deployment integer not null,
  kind text not null,
  form text not null,
  hash text not null,
  device_keys blob not null,
  primary key (deployment, kind)
);
insert into deployment_keys (deployment, kind, form, hash, device_keys)
select deployment, 'devices', 'lines', hash, cast(device_keys as blob) from deployment_audience;
insert into deployment_keys (deployment, kind, form, hash, device_keys)
select deployment, 'excluded', 'lines', hash, cast(device_keys as blob) from deployment_exclusion;
drop table deployment_audience;
drop table deployment_exclusion;
