-- SPDX-License-Identifier: Apache-2.0
-- An upload belongs to a tenant, and says who made it; what was there belongs to `default`. Also what
-- the client said about the file, the hash it announced, and what the file says about itself.
alter table upload add column tenant integer not null default 1;
alter table upload add column made_by text not null default '';
alter table upload add column metadata text not null default '';
alter table upload add column wanted_sha256 text not null default '';
alter table upload add column inspection text not null default '';
