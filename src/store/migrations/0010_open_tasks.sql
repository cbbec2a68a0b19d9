-- SPDX-License-Identifier: Apache-2.0
-- Open tasks by deployment: those of a deployment that has ended are ended in the background, and
-- the many that ended before must not be read for it. The condition is one that no other index answers, so that it is this one
-- that is used.
create index task_open on task (deployment, id)
where state not in ('succeeded', 'failed', 'cancelled', 'expired');
