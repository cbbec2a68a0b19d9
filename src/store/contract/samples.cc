// SPDX-License-Identifier: Apache-2.0
#include "store/contract/samples.h"

namespace otaru::store::contract {

using base::Time;

domain::DeviceId device_id(domain::TenantId tenant, std::string_view key, int64_t n) {
  return domain::DeviceId(n * base::kBucketCount + domain::bucket_for(tenant, key));
}
domain::TaskId task_id(domain::DeviceId device, int64_t n) {
  return domain::TaskId(n * base::kBucketCount + base::bucket_of(device));
}

domain::Device sample_device(std::string key, int64_t n, int64_t tenant) {
  domain::Device device;
  device.tenant = domain::TenantId(tenant);
  device.id = device_id(device.tenant, key, n);
  device.key = std::move(key);
  device.door = "onenet";
  device.blocked = true;
  device.secret_sealed = "5ea1ed";
  device.attributes = {{"imei", "8612"}, {"area", "north \"1\"\n"}};
  device.reported = {{"chip", "esp32"}, {"area", "south"}};
  device.tags = {"beta", "lab \"1\""};
  device.groups = {domain::GroupId(3), domain::GroupId(1'000'000)};
  device.consent = {domain::ConsentChoice::ask, Time{1004}, "key 7", Time{1005}, {}};
  device.consent.history = {
      {domain::ConsentStep::chosen,
       domain::ConsentChoice::ask,
       Time{1004},
       {},
       "key 7",
       Time{1005}},
      {domain::ConsentStep::refused, {}, {}, domain::TaskId(9), "onenet", Time{1006}}};
  device.components = {{"firmware", domain::ProductId(7), "V1.02", Time{1001}},
                       {"software", domain::ProductId(8), "2.0", Time{1002}}};
  device.created_at = Time{1003};
  device.pending = true;
  return device;
}

domain::Task sample_task(const domain::Device& device, int64_t n, int64_t deployment) {
  domain::Task task;
  task.id = task_id(device.id, n);
  task.device = device.id;
  task.deployment = domain::DeploymentId(deployment);
  task.product = domain::ProductId(7);
  task.target = domain::ReleaseId(9);
  task.slot = "firmware";
  task.from_version = "1.0";
  task.target_version = "2.0";
  task.chain = {domain::PackageId(11), domain::PackageId(12)};
  task.steps_done = 1;
  task.state = domain::TaskState::upgrading;
  task.attempt = 2;
  task.progress_percent = 33;
  task.failure = domain::FailureClass::power;
  task.result = "201";
  task.wave = 2;
  task.stepping = true;
  task.began = true;
  task.aftermath = domain::Aftermath::silent;
  task.due_at = Time{2004};
  task.history_count = 4;
  task.token_generation = 5;
  task.token_expires_at = Time{2001};
  task.created_at = Time{2002};
  task.updated_at = Time{2003};
  return task;
}

domain::TaskHistory sample_history(const domain::Task& task, int64_t sequence) {
  domain::TaskHistory row;
  row.task = task.id;
  row.device = task.device;
  row.sequence = sequence;
  row.at = Time{3000 + sequence};
  row.from = domain::TaskState::pending;
  row.to = domain::TaskState::downloading;
  row.event = "download_started";
  row.detail = "door oomi, step " + std::to_string(sequence);
  return row;
}

domain::Tenant sample_tenant(int64_t id) {
  return {domain::TenantId(id), "tenant-" + std::to_string(id), Time{4000}};
}

domain::Product sample_product(int64_t id) {
  domain::Product row;
  row.id = domain::ProductId(id);
  row.tenant = domain::TenantId(1);
  row.name = "cube";
  row.model = "C1";
  row.hw_version = "rev B";
  row.feature = "zwave_freq_29";
  row.manufacturer = "001";
  row.module = "00107";
  row.type = domain::ProductType::software;
  row.version_format = {domain::VersionScheme::semver, "V#N.#N"};
  row.created_at = Time{4001};
  return row;
}

domain::Release sample_release(int64_t id) {
  domain::Release row;
  row.id = domain::ReleaseId(id);
  row.product = domain::ProductId(3);
  row.version = "1.2.3";
  row.channel = "beta";
  row.state = domain::ReleaseState::revoked;
  row.sequence = 17;
  row.labels = {{"language", "CN"}, {"robot_version", "1"}};
  row.notes = {{"zh", "修复"}, {"en", "Mends."}};
  row.security = true;
  row.force = true;
  row.min_version = "1.0";
  row.requirements = {{domain::ProductId(4), "2.0 \"x\""}, {domain::ProductId(5), ""}};
  row.created_at = Time{4002};
  row.published_at = Time{4003};
  return row;
}

domain::Package sample_package(int64_t id) {
  domain::Package row;
  row.id = domain::PackageId(id);
  row.release = domain::ReleaseId(5);
  row.kind = domain::PackageKind::delta;
  row.base_version = "1.0";
  row.file_name = "a.bin";
  row.format = "bsdiff";
  row.size_bytes = 5'000'000'000;
  row.digests = {"0d", "1d", "2d"};
  row.permissions = {4, -5, 1'000'000'000'000};
  row.hidden = true;
  row.created_at = Time{4004};
  row.updated_at = Time{4005};
  return row;
}

domain::Kit sample_kit(int64_t id) {
  domain::Kit row;
  row.id = domain::KitId(id);
  row.tenant = domain::TenantId(1);
  row.version = "3.0.0.1";
  row.channel = "beta";
  row.state = domain::ReleaseState::published;
  row.notes = {{"en", "All of it"}};
  row.permissions = {6};
  row.items = {
      {domain::KitItemId(id * 10 + 2),
       domain::ReleaseId(5),
       1,
       {{domain::ProductId(4), "2.0"}},
       Time{4006},
       Time{4007}},
      {domain::KitItemId(id * 10 + 1), domain::ReleaseId(6), 0, {}, Time{4008}, Time{4009}}};
  row.released_at = Time{4010};
  row.upgrade_method = "push";
  row.created_at = Time{4011};
  row.updated_at = Time{4012};
  return row;
}

// Every member of every document (app/ports/documents.h).
void set_plan(domain::Deployment& row) {
  row.audience = {{domain::GroupId(1), domain::GroupId(2)},
                  "tag == \"a\"",
                  {"rev A"},
                  250'000,
                  {domain::GroupId(3)},
                  "tag == \"b\""};
  const domain::Gate gate{10, 900'000, 50'000, 3'600'000, true};
  row.waves = {{"test", 0, {domain::GroupId(4)}, "tag == \"lab\"", true, gate},
               {"all", 1'000'000, {}, "", false, {}}};
  row.rate = {100, 50, 60'000, 20, 1'000, 200, 1'000'000};
  row.windows = {{{0x1f, 1'320, 360}, {0x60, 0, 0}}, "Asia/Shanghai"};
  row.conditions = {1'000'000, true, {"wifi", "ethernet"}, true};
  row.consent = domain::ConsentMode::ask;
  row.urgency = domain::Urgency::download_only;
  row.timeouts = {1'000, 2'000, 3'000};
  row.watch = {4'000, 5'000};
  row.brakes = {{domain::BrakeKind::failures,
                 {domain::FailureClass::boot, domain::FailureClass::power},
                 5,
                 100'000,
                 20,
                 domain::BrakeAction::roll_back,
                 domain::ReleaseId(4),
                 domain::KitId(3)},
                {domain::BrakeKind::silence, {}, 0, 10'000, 10, {}, {}, {}}};
  row.downgrade_reason = "2.0 loses the radio";
  row.starts_at = Time{4020};
  row.heals = domain::DeploymentId(6);
  row.rollout = {Time{4021},     2,   Time{4022},
                 Time{4023},     true, "failures: 21 of 30",
                 domain::DeploymentId(9),
                 {70, 2, 1, {{domain::FailureClass::space, 6}, {domain::FailureClass::boot, 3}}}};
}

domain::Deployment sample_deployment(int64_t id) {
  domain::Deployment row;
  row.id = domain::DeploymentId(id);
  row.tenant = domain::TenantId(1);
  row.name = "spring";
  row.state = domain::DeploymentState::paused;
  row.priority = -3;
  row.target = {domain::ReleaseId(5), domain::KitId(6), "stable", domain::ProductId(7)};
  row.everyone = false;
  row.device_keys = {"a", "b\\c", "d\ne", ""};
  row.excluded_keys = {"c", "e\nf"};
  row.from_versions = {"1.0", "V1 \"x\""};
  set_plan(row);
  row.mode = domain::PackageMode::delta_only;
  row.signal_min = -90;
  row.power_min_percent = 20;
  row.retry_count = 4;
  row.retry_interval_s = 60;
  row.attempts_max = 5;
  row.deadline = Time{4013};
  row.approvals = {{domain::ApprovalStep::requested, "key 7", "robot", "", Time{4018}},
                   {domain::ApprovalStep::rejected, "user 3", "bo", "not on a Friday", Time{4019}}};
  row.created_at = Time{4014};
  row.updated_at = Time{4015};
  return row;
}

domain::Credential sample_credential(int64_t id) {
  domain::Credential row;
  row.id = domain::CredentialId(id);
  row.tenant = domain::TenantId(1);
  row.kind = domain::CredentialKind::oauth_user;
  row.name = "robot";
  row.secret = "abcdef";
  row.attributes = {{"role", "admin"}};
  row.permissions = {1, 2};
  row.disabled = true;
  row.created_at = Time{4016};
  row.expires_at = Time{4017};
  return row;
}

domain::User sample_user(int64_t id) {
  domain::User row;
  row.id = domain::UserId(id);
  row.tenant = domain::TenantId(1);
  row.name = "user-" + std::to_string(id);
  row.display_name = "Bo";
  row.email = "bo@example.com";
  row.role = domain::Role::publisher;
  row.password_hash = "$argon2id$";
  row.password_changed_at = Time{4020};
  row.link_hash = "11";
  row.link_expires_at = Time{4021};
  row.oidc_issuer = "https://id.example.com";
  row.oidc_subject = "sub-" + std::to_string(id);
  row.disabled = true;
  row.must_change = true;
  row.created_at = Time{4022};
  row.updated_at = Time{4023};
  return row;
}

app::LoginRow sample_login(std::string id) {
  return {std::move(id), domain::UserId(3), "70",       "::1",
          "curl",        Time{5006},        Time{5007}, Time{5008}};
}

app::SessionRow sample_session(std::string key) {
  return {std::move(key), "n0", "r0", "ti", "ri", Time{5001}, Time{5002}, Time{5003}};
}

app::UploadRow sample_upload(std::string id) {
  app::UploadRow row;
  row.id = std::move(id);
  row.size_bytes = 123;
  row.file_name = "fw.bin";
  row.sha256 = "2d";
  row.md5 = "0d";
  row.sha1 = "1d";
  row.created_at = Time{5004};
  row.expires_at = Time{5005};
  row.tenant = domain::TenantId(2);
  row.made_by = "publisher";
  row.metadata = "filename ZncuYmlu";
  row.wanted_sha256 = "2d";
  row.inspection = R"({"kind":"x"})";
  return row;
}

domain::Group sample_group(int64_t id) {
  domain::Group row;
  row.id = domain::GroupId(id);
  row.tenant = domain::TenantId(1);
  row.name = "lab \"1\"";
  row.description = "The lab's\ndevices";
  row.filter = "tag == \"lab\"";
  row.created_at = Time{4017};
  row.updated_at = Time{4018};
  return row;
}

app::ImportRow sample_import(int64_t id) {
  app::ImportRow row;
  row.id = id;
  row.tenant = domain::TenantId(1);
  row.format = app::ImportFormat::ndjson;
  row.mode = app::ImportMode::update;
  row.dry_run = true;
  row.state = app::ImportState::cancelled;
  row.file_name = "fleet.csv";
  row.sha256 = "2d";
  row.size_bytes = 6001;
  row.done_bytes = 6002;
  row.lines = 6003;
  row.created = 6004;
  row.updated = 6005;
  row.unchanged = 6006;
  row.failed = 6007;
  row.message = "because";
  row.actor_kind = 1;
  row.actor = 6008;
  row.actor_name = "alice";
  row.created_at = Time{6009};
  row.updated_at = Time{6010};
  row.ended_at = Time{6011};
  return row;
}

app::ImportErrorRow sample_import_error(int64_t import, int64_t n) {
  return {import, n, n + 1, "dev-7", "attributes.site", "it is too \"long\""};
}

app::JournalEntry sample_entry(int64_t sequence) {
  const std::string n = std::to_string(sequence);
  app::JournalEntry row;
  row.sequence = sequence;
  row.at = base::Time{1'777'000'000'000 + sequence};
  row.actor_kind = "key";
  row.actor_id = sequence + 40;
  row.actor_name = "actor " + n;
  row.peer = "192.0.2." + n;
  row.tenant = "tenant-" + n;
  row.action = "release.publish." + n;
  row.subject_kind = "release-" + n;
  row.subject_id = n + "0";
  row.subject_name = "固件 " + n;
  row.request = "request-" + n;
  row.changes = "[{\"n\":" + n + "}]";
  row.previous = std::string(64, 'a');
  row.hash = std::string(64, 'b');
  return row;
}

app::Event sample_event(int64_t id) {
  return {id,
          Time{5006},
          domain::TenantId(2),
          "task.succeeded",
          domain::DeviceId(513),
          domain::DeploymentId(7),
          "{\"task\":" + std::to_string(id) + "}"};
}

app::Webhook sample_webhook(int64_t id) {
  app::Webhook row;
  row.id = app::WebhookId(id);
  row.tenant = domain::TenantId(2);
  row.url = "https://example.com/hook?x=1";
  row.types = {"task.*", "release.published"};
  row.secret_sealed = "5ea1ed";
  row.disabled = true;
  row.created_at = Time{5007};
  row.updated_at = Time{5008};
  return row;
}

app::DeadLetter sample_dead_letter(int64_t webhook, int64_t event) {
  return {app::WebhookId(webhook), sample_event(event), 10, Time{5009}, "status 500"};
}

app::KeptAnswer sample_answer(std::string key) {
  return {std::move(key), "f1", "42", "5ea1ed", Time{5006}};
}

app::VersionSample sample_versions(int64_t product, int64_t step_ms, int64_t at) {
  return {domain::ProductId(product), step_ms, Time{at}, {"2.0", "固件 \"1\""}, {70, 8}, 9};
}

base::Status apply_one(app::Store& store, std::vector<app::WriteOp> ops) {
  const app::WriteBatch batch{std::move(ops)};
  const app::WriteBatch* const batches[] = {&batch};
  return store.apply(batches);
}

// --- Random operations --------------------------------------------------------------------------

std::string RandomWorld::text() {
  switch (random_.below(6)) {
    case 0:
      return "";
    case 1:
      return "plain";
    case 2:
      return "固件 \xF0\x9F\x93\xA6";
    case 3:
      return std::string("nul\0tab\t\"quote\\\n", 17);
    case 4:
      return "\xFF\xFE not UTF-8 \x80";
    default:
      return random_.text(random_.below(40), base::kAlphanumeric);
  }
}

domain::TextMap RandomWorld::map() {
  domain::TextMap out;
  for (uint64_t i = random_.below(4); i > 0; --i) out.emplace_back(text(), text());
  return out;
}

std::vector<int64_t> RandomWorld::numbers() {
  std::vector<int64_t> out;
  for (uint64_t i = random_.below(4); i > 0; --i) {
    out.push_back(static_cast<int64_t>(random_.next()));
  }
  return out;
}

// One of 2 tenants x 30 keys; a key always gets the same id.
domain::Device RandomWorld::device() {
  const auto tenant = static_cast<int64_t>(1 + random_.below(2));
  const auto n = static_cast<int64_t>(1 + random_.below(30));
  const std::string key = (n % 3 == 0   ? "dev\xFF-"
                           : n % 3 == 1 ? "设备-"
                                        : "dev-") +
                          std::to_string(n);
  domain::Device device = sample_device(key, tenant * 100 + n, tenant);
  device.door = text();
  device.blocked = random_.below(2) == 0;
  device.pending = device.blocked && random_.below(3) == 0;
  device.attributes = map();
  device.reported = map();
  device.tags.assign(random_.below(3), text());
  device.groups.resize(random_.below(3));
  device.components.clear();
  for (uint64_t i = random_.below(4); i > 0; --i) {
    device.components.push_back({"slot" + std::to_string(random_.below(3)),
                                 domain::ProductId(static_cast<int64_t>(random_.below(5))), text(),
                                 Time{static_cast<int64_t>(random_.below(1000))}});
  }
  return device;
}

domain::DeviceId RandomWorld::some_device_id() {
  return device().id;
}

app::WriteOp RandomWorld::op() {
  const auto small = [this](uint64_t bound) { return static_cast<int64_t>(random_.below(bound)); };
  switch (random_.below(15)) {
    case 0:
    case 1:
      return app::PutDevice{device()};
    case 2:
    case 3:
    case 4: {
      // A task id belongs to one device and one deployment for ever.
      const auto owner = device();
      const int64_t n = 1 + small(6);
      auto task = sample_task(owner, (owner.id.value >> 8) * 10 + n, 1 + n % 3);
      task.state = static_cast<domain::TaskState>(small(9));
      task.aftermath = static_cast<domain::Aftermath>(small(5));
      task.wave = small(3);
      task.due_at = base::Time{small(6)};
      task.failure = static_cast<domain::FailureClass>(small(14));
      task.result = text();
      task.chain.resize(random_.below(3));
      return task;
    }
    case 5: {
      const auto owner = device();
      const auto task = sample_task(owner, (owner.id.value >> 8) * 10 + 1 + small(6));
      auto row = sample_history(task, 1 + small(5));
      row.detail = text();
      return row;
    }
    case 6:
      return app::DeviceLogRow{some_device_id(), Time{small(1000)}, "door", text()};
    case 7:
      return app::Seen{some_device_id(), Time{small(100'000)}};
    case 8: {
      auto row = sample_session("client\nuser\n" + std::to_string(small(5)));
      row.nonce = text();
      return row;
    }
    case 9: {
      auto row = sample_upload("upload" + std::to_string(small(5)));
      row.size_bytes = small(1'000'000);
      row.tenant = domain::TenantId(1 + small(2));
      row.metadata = text();
      if (small(2) == 0) return row;
      auto answer = sample_answer("key\n1\n" + std::to_string(small(5)));
      answer.sealed = text();
      return answer;
    }
    case 10:
      return catalogue_op();
    case 11: {
      auto row = sample_import(1 + small(4));
      row.state = static_cast<app::ImportState>(small(5));
      row.format = static_cast<app::ImportFormat>(small(2));
      row.mode = static_cast<app::ImportMode>(small(3));
      row.message = text();
      if (small(2) == 0) row.ended_at.reset();
      return row;
    }
    case 12: {
      auto row = sample_import_error(1 + small(4), 1 + small(5));
      row.reason = text();
      return row;
    }
    case 13:
      return webhook_op();
    default:
      return erase_op();
  }
}

app::WriteOp RandomWorld::catalogue_op() {
  const auto id = static_cast<int64_t>(1 + random_.below(8));
  switch (random_.below(12)) {
    case 0:
      return sample_tenant(id);
    case 1: {
      auto row = sample_product(id);
      row.name = text();
      row.type = static_cast<domain::ProductType>(random_.below(2));
      row.version_format.scheme = static_cast<domain::VersionScheme>(random_.below(4));
      return row;
    }
    case 2: {
      auto row = sample_release(id);
      row.state = static_cast<domain::ReleaseState>(random_.below(3));
      row.labels = map();
      row.notes = map();
      row.force = random_.below(2) == 0;
      return row;
    }
    case 3: {
      auto row = sample_package(id);
      row.kind = static_cast<domain::PackageKind>(random_.below(2));
      row.permissions = numbers();
      return row;
    }
    case 4: {
      auto row = sample_kit(id);
      row.items.resize(random_.below(3));
      if (random_.below(2) == 0) row.released_at.reset();
      return row;
    }
    case 5: {
      auto row = sample_deployment(id);
      row.state = static_cast<domain::DeploymentState>(random_.below(8));
      row.approvals.resize(random_.below(3));
      row.mode = static_cast<domain::PackageMode>(random_.below(3));
      std::vector<std::string> keys;
      for (uint64_t i = random_.below(4); i > 0; --i) keys.push_back(text());
      row.device_keys = domain::KeySet::of(std::move(keys));
      row.from_versions.assign(random_.below(3), text());
      if (random_.below(2) == 0) row.deadline.reset();
      if (random_.below(2) == 0) row.waves.clear();
      if (random_.below(2) == 0) row.rollout = {};
      if (random_.below(2) == 0) row.excluded_keys = {};
      row.audience.share_ppm = static_cast<int64_t>(random_.below(1'000'001));
      return row;
    }
    case 6: {
      auto row = sample_credential(id);
      row.kind = static_cast<domain::CredentialKind>(random_.below(6));
      row.attributes = map();
      if (random_.below(2) == 0) row.expires_at.reset();
      return row;
    }
    case 7: {
      auto row = sample_group(id);
      row.filter = text();
      return row;
    }
    case 8: {
      auto row = sample_user(id);
      row.role = static_cast<domain::Role>(random_.below(4));
      row.display_name = text();
      row.disabled = random_.below(2) == 0;
      return row;
    }
    case 9: {
      auto row = sample_login("login" + std::to_string(id));
      row.agent = text();
      return row;
    }
    case 10:
      return app::LastUsed{"key " + std::to_string(id),
                           Time{static_cast<int64_t>(random_.below(1000))}};
    default:
      return app::PutSetting{"setting" + std::to_string(id), text()};
  }
}

app::WriteOp RandomWorld::webhook_op() {
  const auto webhook = static_cast<int64_t>(1 + random_.below(4));
  const auto event = static_cast<int64_t>(1 + random_.below(20));
  switch (random_.below(8)) {
    case 6: {
      auto row = sample_versions(webhook, 1 + event % 2, event);
      row.versions.assign(random_.below(3), text());
      row.counts = numbers();
      return row;
    }
    case 7:
      return app::PruneVersionSamples{1 + event % 2, Time{event / 2}};
    case 0: {
      auto row = sample_webhook(webhook);
      row.types.assign(random_.below(3), text());
      row.disabled = random_.below(2) == 0;
      return row;
    }
    case 1:
      return app::WebhookCursor{app::WebhookId(webhook), event};
    case 2: {
      auto row = sample_dead_letter(webhook, event);
      row.error = text();
      return row;
    }
    case 3:
      return app::EraseDeadLetter{app::WebhookId(webhook), event};
    case 4:
      return app::PruneEvents{events_ - static_cast<int64_t>(random_.below(200))};
    default:
      return app::Erase<app::WebhookId>{app::WebhookId(webhook)};
  }
}

app::WriteOp RandomWorld::erase_op() {
  const auto id = static_cast<int64_t>(1 + random_.below(8));
  switch (random_.below(14)) {
    case 0:
      return app::Erase<domain::ProductId>{domain::ProductId(id)};
    case 1:
      return app::Erase<domain::ReleaseId>{domain::ReleaseId(id)};
    case 2:
      return app::Erase<domain::PackageId>{domain::PackageId(id)};
    case 3:
      return app::Erase<domain::KitId>{domain::KitId(id)};
    case 4:
      return app::Erase<domain::DeploymentId>{domain::DeploymentId(id)};
    case 5:
      return app::Erase<domain::CredentialId>{domain::CredentialId(id)};
    case 9:
      return app::Erase<domain::GroupId>{domain::GroupId(id)};
    case 10:
      return app::EraseImport{static_cast<int64_t>(1 + random_.below(4))};
    case 6:
      return app::EraseText{app::EraseText::Table::session,
                            "client\nuser\n" + std::to_string(random_.below(5))};
    case 7:
      if (random_.below(2) == 0) {
        return app::EraseText{app::EraseText::Table::answer,
                              "key\n1\n" + std::to_string(random_.below(5))};
      }
      return app::EraseText{app::EraseText::Table::upload,
                            "upload" + std::to_string(random_.below(5))};
    case 11:
      return app::Erase<domain::UserId>{domain::UserId(id)};
    case 12:
      return app::EraseText{app::EraseText::Table::login, "login" + std::to_string(id)};
    case 13:
      return app::EraseText{app::EraseText::Table::last_used, "key " + std::to_string(id)};
    default:
      return app::Erase<domain::DeviceId>{some_device_id()};
  }
}

app::WriteBatch RandomWorld::batch() {
  app::WriteBatch batch;
  for (uint64_t i = 1 + random_.below(6); i > 0; --i) batch.ops.push_back(op());
  if (random_.below(4) == 0) batch.journal.push_back(sample_entry(++entries_));
  for (uint64_t i = random_.below(3); i > 0; --i) {
    auto& event = batch.events.emplace_back(sample_event(++events_));
    event.type = text();
    event.data = text();
  }
  return batch;
}

}  // namespace otaru::store::contract
