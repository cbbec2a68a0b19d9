-- SPDX-License-Identifier: Apache-2.0
-- What operators publish: small tables, read whole into the snapshot.

-- name: put_tenant
insert into tenant (id, name, created_at) values (?1, ?2, ?3)
on conflict (id) do update set name = excluded.name, created_at = excluded.created_at

-- name: load_tenants
select id, name, created_at from tenant order by id

-- name: put_product
insert into product (id, tenant, name, model, hw_version, feature, manufacturer, module, type,
  version_scheme, version_pattern, created_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
on conflict (id) do update set tenant = excluded.tenant, name = excluded.name,
  model = excluded.model, hw_version = excluded.hw_version, feature = excluded.feature,
  manufacturer = excluded.manufacturer, module = excluded.module, type = excluded.type,
  version_scheme = excluded.version_scheme, version_pattern = excluded.version_pattern,
  created_at = excluded.created_at

-- name: load_products
select id, tenant, name, model, hw_version, feature, manufacturer, module, type, version_scheme,
  version_pattern, created_at
from product order by id

-- name: delete_product
delete from product where id = ?1

-- name: put_release
insert into release (id, product, version, channel, state, sequence, labels, notes, security, force,
  min_version, requirements, created_at, published_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
on conflict (id) do update set product = excluded.product, version = excluded.version,
  channel = excluded.channel, state = excluded.state, sequence = excluded.sequence,
  labels = excluded.labels, notes = excluded.notes, security = excluded.security,
  force = excluded.force, min_version = excluded.min_version, requirements = excluded.requirements,
  created_at = excluded.created_at, published_at = excluded.published_at

-- name: load_releases
select id, product, version, channel, state, sequence, labels, notes, security, force, min_version,
  requirements, created_at, published_at
from release order by id

-- name: delete_release
delete from release where id = ?1

-- name: put_package
insert into package (id, release, kind, base_version, file_name, format, size_bytes, md5, sha1,
  sha256, permissions, hidden, created_at, updated_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
on conflict (id) do update set release = excluded.release, kind = excluded.kind,
  base_version = excluded.base_version, file_name = excluded.file_name, format = excluded.format,
  size_bytes = excluded.size_bytes, md5 = excluded.md5, sha1 = excluded.sha1,
  sha256 = excluded.sha256, permissions = excluded.permissions, hidden = excluded.hidden,
  created_at = excluded.created_at, updated_at = excluded.updated_at

-- name: load_packages
select id, release, kind, base_version, file_name, format, size_bytes, md5, sha1, sha256,
  permissions, hidden, created_at, updated_at
from package order by id

-- name: delete_package
delete from package where id = ?1

-- name: put_kit
insert into kit (id, tenant, version, version_scheme, version_pattern, channel, state, notes,
  permissions, released_at, upgrade_method, created_at, updated_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
on conflict (id) do update set tenant = excluded.tenant, version = excluded.version,
  version_scheme = excluded.version_scheme, version_pattern = excluded.version_pattern,
  channel = excluded.channel, state = excluded.state, notes = excluded.notes,
  permissions = excluded.permissions, released_at = excluded.released_at,
  upgrade_method = excluded.upgrade_method, created_at = excluded.created_at,
  updated_at = excluded.updated_at

-- name: load_kits
select id, tenant, version, version_scheme, version_pattern, channel, state, notes, permissions,
  released_at, upgrade_method, created_at, updated_at
from kit order by id

-- name: delete_kit
delete from kit where id = ?1

-- name: put_kit_item
insert into kit_item (kit, position, id, release, stage, requirements, created_at, updated_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)

-- name: load_kit_items
select kit, id, release, stage, requirements, created_at, updated_at
from kit_item order by kit, position

-- name: highest_kit_item
select coalesce(max(id), 0) from kit_item where kit = ?1

-- name: delete_kit_items
delete from kit_item where kit = ?1

-- name: put_deployment
insert into deployment (id, tenant, name, state, priority, target_release, target_kit,
  newest_in_channel, target_product, everyone, from_versions, audience, waves, rate, windows,
  conditions, consent, urgency, mode, signal_min, power_min_percent, retry_count, retry_interval_s,
  attempts_max, timeouts, watch, brakes, downgrade_reason, starts_at, deadline, heals, rollout,
  created_at, updated_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
  ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34)
on conflict (id) do update set tenant = excluded.tenant, name = excluded.name,
  state = excluded.state, priority = excluded.priority, target_release = excluded.target_release,
  target_kit = excluded.target_kit, newest_in_channel = excluded.newest_in_channel,
  target_product = excluded.target_product, everyone = excluded.everyone,
  from_versions = excluded.from_versions, audience = excluded.audience, waves = excluded.waves,
  rate = excluded.rate, windows = excluded.windows, conditions = excluded.conditions,
  consent = excluded.consent, urgency = excluded.urgency, mode = excluded.mode,
  signal_min = excluded.signal_min, power_min_percent = excluded.power_min_percent,
  retry_count = excluded.retry_count, retry_interval_s = excluded.retry_interval_s,
  attempts_max = excluded.attempts_max, timeouts = excluded.timeouts, watch = excluded.watch,
  brakes = excluded.brakes, downgrade_reason = excluded.downgrade_reason,
  starts_at = excluded.starts_at, deadline = excluded.deadline, heals = excluded.heals,
  rollout = excluded.rollout, created_at = excluded.created_at, updated_at = excluded.updated_at

-- name: load_deployments
select id, tenant, name, state, priority, target_release, target_kit, newest_in_channel,
  target_product, everyone, from_versions, audience, waves, rate, windows, conditions, consent,
  urgency, mode, signal_min, power_min_percent, retry_count, retry_interval_s, attempts_max,
  timeouts, watch, brakes, downgrade_reason, starts_at, deadline, heals, rollout, created_at,
  updated_at
from deployment order by id

-- name: delete_deployment
delete from deployment where id = ?1

-- name: deployment_keys_hash
select hash from deployment_keys where deployment = ?1 and kind = ?2

-- name: put_deployment_keys
insert into deployment_keys (deployment, kind, form, hash, device_keys)
values (?1, ?2, 'packed', ?3, ?4)
on conflict (deployment, kind) do update
set form = excluded.form, hash = excluded.hash, device_keys = excluded.device_keys

-- name: load_deployment_keys
select deployment, kind, form, device_keys from deployment_keys order by deployment, kind

-- name: delete_deployment_keys_of_kind
delete from deployment_keys where deployment = ?1 and kind = ?2

-- name: delete_deployment_keys
delete from deployment_keys where deployment = ?1

-- name: put_approval
insert into deployment_approval (deployment, position, step, who, name, reason, at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7)

-- name: load_approvals
select deployment, step, who, name, reason, at
from deployment_approval order by deployment, position

-- name: delete_approvals
delete from deployment_approval where deployment = ?1

-- name: put_user
insert into person (id, tenant, name, display_name, email, role, password_hash,
  password_changed_at, link_hash, link_expires_at, oidc_issuer, oidc_subject, disabled,
  must_change, created_at, updated_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
on conflict (id) do update set tenant = excluded.tenant, name = excluded.name,
  display_name = excluded.display_name, email = excluded.email, role = excluded.role,
  password_hash = excluded.password_hash, password_changed_at = excluded.password_changed_at,
  link_hash = excluded.link_hash, link_expires_at = excluded.link_expires_at,
  oidc_issuer = excluded.oidc_issuer, oidc_subject = excluded.oidc_subject,
  disabled = excluded.disabled, must_change = excluded.must_change,
  created_at = excluded.created_at, updated_at = excluded.updated_at

-- name: load_users
select id, tenant, name, display_name, email, role, password_hash, password_changed_at, link_hash,
  link_expires_at, oidc_issuer, oidc_subject, disabled, must_change, created_at, updated_at
from person order by id

-- name: delete_user
delete from person where id = ?1

-- name: put_credential
insert into credential (id, tenant, kind, name, secret, attributes, permissions, disabled,
  created_at, expires_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
on conflict (id) do update set tenant = excluded.tenant, kind = excluded.kind,
  name = excluded.name, secret = excluded.secret, attributes = excluded.attributes,
  permissions = excluded.permissions, disabled = excluded.disabled,
  created_at = excluded.created_at, expires_at = excluded.expires_at

-- name: load_credentials
select id, tenant, kind, name, secret, attributes, permissions, disabled, created_at, expires_at
from credential order by id

-- name: delete_credential
delete from credential where id = ?1

-- name: put_group
insert into device_group (id, tenant, name, description, filter, created_at, updated_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
on conflict (id) do update set tenant = excluded.tenant, name = excluded.name,
  description = excluded.description, filter = excluded.filter,
  created_at = excluded.created_at, updated_at = excluded.updated_at

-- name: load_groups
select id, tenant, name, description, filter, created_at, updated_at from device_group order by id

-- name: delete_group
delete from device_group where id = ?1
