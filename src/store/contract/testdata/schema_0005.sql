-- A database as schema 5 left it; schema_0005.dump says what is in it.
pragma application_id = 1330921810;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE component (
  b integer not null,
  device integer not null,
  slot text not null,
  product integer not null,
  version text not null,
  reported_at integer not null,
  primary key (b, device, slot)
) without rowid;
INSERT INTO "component" VALUES(77,589,'firmware',7,'V1.02',1001);
INSERT INTO "component" VALUES(77,589,'software',8,'2.0',1002);
INSERT INTO "component" VALUES(169,425,'firmware',7,'V1.02',1001);
INSERT INTO "component" VALUES(169,425,'software',8,'2.0',1002);
CREATE TABLE credential (
  id integer primary key,
  tenant integer not null,
  kind text not null,
  name text not null,
  secret text not null,
  attributes text not null,
  permissions text not null,
  disabled integer not null,
  created_at integer not null
);
INSERT INTO "credential" VALUES(8,1,'oauth_user','robot','abcdef','[["role","admin"]]','[1,2]',1,4016);
CREATE TABLE dead_letter (
  webhook integer not null,
  event integer not null,
  at integer not null,
  tenant integer not null,
  type text not null,
  device integer not null,
  deployment integer not null,
  data text not null,
  attempts integer not null,
  failed_at integer not null,
  error text not null,
  primary key (webhook, event)
) without rowid;
CREATE TABLE deployment (
  id integer primary key,
  tenant integer not null,
  name text not null,
  state text not null,
  priority integer not null,
  target_release integer not null,
  target_kit integer not null,
  newest_in_channel text not null,
  target_product integer not null,
  everyone integer not null,
  from_versions text not null,
  mode text not null,
  signal_min integer not null,
  power_min_percent integer not null,
  retry_count integer not null,
  retry_interval_s integer not null,
  attempts_max integer not null,
  deadline integer,
  created_at integer not null,
  updated_at integer not null
);
INSERT INTO "deployment" VALUES(7,1,'spring','paused',-3,5,6,'stable',7,0,'["1.0","V1 \"x\""]','delta_only',-90,20,4,60,5,4013,4014,4015);
CREATE TABLE deployment_audience (
  deployment integer primary key,
  hash text not null,
  device_keys text not null
);
INSERT INTO "deployment_audience" VALUES(7,'6ab97081a86c39ba369a6aa76ea5328d00ec310d42603272782dc12a71840967','a
b\\c
d\ne

');
CREATE TABLE device (
  b integer not null,
  id integer not null,
  tenant integer not null,
  key text not null,
  door text not null,
  blocked integer not null,
  secret_sealed text not null,
  attributes text not null,
  created_at integer not null, reported text not null default '[]', tags text not null default '[]', group_ids text not null default '[]',
  primary key (b, id)
) without rowid;
INSERT INTO "device" VALUES(77,589,2,'设备-2','onenet',1,'5ea1ed','[["site","harbour"]]',1003,'[["imei","8612"],["area","north \"1\"\n"]]','["beta"]','[3]');
INSERT INTO "device" VALUES(169,425,1,'dev-1','onenet',1,'5ea1ed','[["site","harbour"]]',1003,'[["imei","8612"],["area","north \"1\"\n"]]','["beta"]','[3]');
CREATE TABLE device_group (
  id integer primary key,
  tenant integer not null,
  name text not null,
  description text not null,
  filter text not null,
  created_at integer not null,
  updated_at integer not null
);
INSERT INTO "device_group" VALUES(3,1,'lab','The lab','tag == "lab"',4017,4018);
CREATE TABLE device_log (
  b integer not null,
  device integer not null,
  n integer not null,
  at integer not null,
  door text not null,
  text text not null,
  primary key (b, device, n)
) without rowid;
INSERT INTO "device_log" VALUES(169,425,1,5,'oomi','a line');
INSERT INTO "device_log" VALUES(169,425,2,5,'oomi','a second line');
CREATE TABLE event (
  id integer primary key,
  at integer not null,
  tenant integer not null,
  type text not null,
  device integer not null,
  deployment integer not null,
  data text not null
);
CREATE TABLE id_floor (
  kind text not null,
  b integer not null,
  id integer not null,
  primary key (kind, b)
) without rowid;
INSERT INTO "id_floor" VALUES('device',41,809);
CREATE TABLE import_error (
  import integer not null,
  n integer not null,
  line integer not null,
  key text not null,
  field text not null,
  reason text not null,
  primary key (import, n)
) without rowid;
INSERT INTO "import_error" VALUES(2,1,2,'dev-7','attributes.site','it is too long');
CREATE TABLE import_job (
  id integer primary key,
  tenant integer not null,
  format text not null,
  mode text not null,
  dry_run integer not null,
  state text not null,
  file_name text not null,
  sha256 text not null,
  size_bytes integer not null,
  done_bytes integer not null,
  lines integer not null,
  created integer not null,
  updated integer not null,
  unchanged integer not null,
  failed integer not null,
  message text not null,
  actor_kind integer not null,
  actor integer not null,
  actor_name text not null,
  created_at integer not null,
  updated_at integer not null,
  ended_at integer
);
INSERT INTO "import_job" VALUES(2,1,'ndjson','update',1,'finished','fleet.csv','2d',1,2,3,4,5,6,7,'because',1,8,'alice',9,10,11);
CREATE TABLE journal (
  sequence integer primary key,
  at integer not null,
  actor_kind text not null,
  actor_id integer not null,
  actor_name text not null,
  peer text not null,
  tenant text not null,
  action text not null,
  subject_kind text not null,
  subject_id text not null,
  subject_name text not null,
  request text not null,
  changes text not null,
  previous text not null,
  hash text not null
);
CREATE TABLE kit (
  id integer primary key,
  tenant integer not null,
  version text not null,
  version_scheme text not null,
  version_pattern text not null,
  channel text not null,
  state text not null,
  notes text not null,
  permissions text not null,
  released_at integer,
  upgrade_method text not null,
  created_at integer not null,
  updated_at integer not null
);
INSERT INTO "kit" VALUES(6,1,'3.0.0.1','dotted','#N.#N.#N.#N','beta','published','[["en","All of it"]]','[6]',4010,'push',4011,4012);
CREATE TABLE kit_item (
  kit integer not null,
  position integer not null,
  id integer not null,
  release integer not null,
  created_at integer not null,
  updated_at integer not null,
  primary key (kit, position)
) without rowid;
INSERT INTO "kit_item" VALUES(6,0,62,5,4006,4007);
INSERT INTO "kit_item" VALUES(6,1,61,6,4008,4009);
CREATE TABLE package (
  id integer primary key,
  release integer not null,
  kind text not null,
  base_version text not null,
  file_name text not null,
  format text not null,
  size_bytes integer not null,
  md5 text not null,
  sha1 text not null,
  sha256 text not null,
  permissions text not null,
  hidden integer not null,
  created_at integer not null,
  updated_at integer not null
);
INSERT INTO "package" VALUES(4,5,'delta','1.0','a.bin','bsdiff',5000000000,'0d','1d','2d','[4,-5,1000000000000]',1,4004,4005);
CREATE TABLE product (
  id integer primary key,
  tenant integer not null,
  name text not null,
  model text not null,
  hw_version text not null,
  feature text not null,
  manufacturer text not null,
  module text not null,
  type text not null,
  version_scheme text not null,
  version_pattern text not null,
  created_at integer not null
);
INSERT INTO "product" VALUES(3,1,'cube','C1','rev B','zwave_freq_29','001','00107','software','semver','V#N.#N',4001);
CREATE TABLE release (
  id integer primary key,
  product integer not null,
  version text not null,
  channel text not null,
  state text not null,
  sequence integer not null,
  labels text not null,
  notes text not null,
  security integer not null,
  force integer not null,
  created_at integer not null,
  published_at integer not null
);
INSERT INTO "release" VALUES(5,3,'1.2.3','beta','revoked',17,'[["language","CN"],["robot_version","1"]]','[["zh","修复"],["en","Mends."]]',1,1,4002,4003);
CREATE TABLE schema_version (version integer primary key, name text not null);
INSERT INTO "schema_version" VALUES(1,'0001_initial.sql');
INSERT INTO "schema_version" VALUES(2,'0002_bulk.sql');
INSERT INTO "schema_version" VALUES(3,'0003_journal.sql');
INSERT INTO "schema_version" VALUES(4,'0004_event.sql');
INSERT INTO "schema_version" VALUES(5,'0005_upload_owner.sql');
CREATE TABLE seen (
  b integer not null,
  device integer not null,
  at integer not null,
  primary key (b, device)
) without rowid;
INSERT INTO "seen" VALUES(169,425,1234);
CREATE TABLE session (
  key text primary key,
  nonce text not null,
  refresh_nonce text not null,
  token_index text not null,
  refresh_index text not null,
  issued_at integer not null,
  expires_at integer not null,
  refresh_expires_at integer not null
) without rowid;
INSERT INTO "session" VALUES('client
user
all','n0','r0','ti','ri',5001,5002,5003);
CREATE TABLE setting (
  key text primary key,
  value text not null
) without rowid;
INSERT INTO "setting" VALUES('name','value');
CREATE TABLE task (
  b integer not null,
  id integer not null,
  device integer not null,
  deployment integer not null,
  product integer not null,
  target integer not null,
  slot text not null,
  from_version text not null,
  target_version text not null,
  chain text not null,
  steps_done integer not null,
  state text not null,
  attempt integer not null,
  progress_percent integer not null,
  failure text not null,
  result text not null,
  history_count integer not null,
  token_generation integer not null,
  token_expires_at integer not null,
  created_at integer not null,
  updated_at integer not null,
  primary key (b, device, id)  -- the tasks of a device lie together
) without rowid;
INSERT INTO "task" VALUES(77,1869,589,2,7,9,'firmware','1.0','2.0','[11,12]',1,'failed',2,33,'power','201',4,5,2001,2002,2003);
INSERT INTO "task" VALUES(169,425,425,1,7,9,'firmware','1.0','2.0','[11,12]',1,'upgrading',2,33,'power','201',4,5,2001,2002,2003);
CREATE TABLE task_count (
  deployment integer not null,
  b integer not null,
  state text not null,
  n integer not null,
  primary key (deployment, b, state)
) without rowid;
INSERT INTO "task_count" VALUES(1,169,'upgrading',1);
INSERT INTO "task_count" VALUES(2,77,'failed',1);
CREATE TABLE task_history (
  b integer not null,
  task integer not null,
  sequence integer not null,
  device integer not null,
  at integer not null,
  from_state text not null,
  to_state text not null,
  event text not null,
  detail text not null,
  primary key (b, task, sequence)
) without rowid;
INSERT INTO "task_history" VALUES(77,1869,1,589,3001,'pending','downloading','download_started','door oomi, step 1');
INSERT INTO "task_history" VALUES(169,425,1,425,3001,'pending','downloading','download_started','door oomi, step 1');
INSERT INTO "task_history" VALUES(169,425,2,425,3002,'pending','downloading','download_started','door oomi, step 2');
CREATE TABLE tenant (
  id integer primary key,
  name text not null,
  created_at integer not null
);
INSERT INTO "tenant" VALUES(1,'tenant-1',4000);
INSERT INTO "tenant" VALUES(2,'tenant-2',4000);
CREATE TABLE upload (
  id text primary key,
  size_bytes integer not null,
  file_name text not null,
  sha256 text not null,
  md5 text not null,
  sha1 text not null,
  created_at integer not null,
  expires_at integer not null
, tenant integer not null default 1, made_by text not null default '', metadata text not null default '', wanted_sha256 text not null default '', inspection text not null default '') without rowid;
INSERT INTO "upload" VALUES('0123456789abcdef0123456789abcdef',123,'fw.bin','2d','0d','1d',5004,5005,1,'','','','');
INSERT INTO "upload" VALUES('fedcba9876543210fedcba9876543210',5,'a.bin','','','',5006,5007,2,'key admin','filename YS5iaW4=','2d','{}');
CREATE TABLE webhook (
  id integer primary key,
  tenant integer not null,
  url text not null,
  types text not null,
  secret_sealed text not null,
  disabled integer not null,
  created_at integer not null,
  updated_at integer not null
);
CREATE TABLE webhook_cursor (
  webhook integer primary key,
  event integer not null
);
CREATE UNIQUE INDEX device_key on device (b, tenant, key);
CREATE UNIQUE INDEX task_id on task (id, b);
CREATE INDEX task_deployment on task (deployment, id);
CREATE INDEX task_state on task (state, id);
CREATE INDEX journal_subject on journal (subject_kind, subject_id, sequence);
CREATE INDEX journal_actor on journal (actor_name, sequence);
CREATE INDEX journal_tenant on journal (tenant, sequence);
COMMIT;
