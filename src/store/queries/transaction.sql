-- SPDX-License-Identifier: Apache-2.0

-- name: begin_write
begin immediate

-- name: begin_read
begin

-- name: commit
commit

-- name: rollback
rollback
