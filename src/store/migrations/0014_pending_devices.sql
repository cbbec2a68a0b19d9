-- SPDX-License-Identifier: Apache-2.0
-- Devices that registered themselves and wait for somebody to approve them. They are few: the index
-- holds only them, so that counting and listing them does not look at the fleet, and others cost no
-- page of it.
alter table device add column pending integer not null default 0;
create index device_pending on device (b, tenant, key) where pending = 1;
