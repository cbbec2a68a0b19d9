-- SPDX-License-Identifier: Apache-2.0
-- How many components of a product report which version, kept per bucket and summed by the reader.
-- The product comes first: the rows of one share their pages.
create table version_count (
  product integer not null,
  b integer not null,
  version text not null,
  n integer not null,
  primary key (product, b, version)
) without rowid;
insert into version_count (product, b, version, n)
select product, b, version, count(*) from component where product <> 0
group by product, b, version;
