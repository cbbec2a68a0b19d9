// SPDX-License-Identifier: Apache-2.0
// Every change leaves exactly one entry, a refused one none; the chain holds over failures and
// restarts; no secret is in it.
#include "app/journal.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "app/journal_changes.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/log.h"
#include "domain/journal_verify.h"
#include "tests/support/service_world.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using domain::kDefaultTenant;

class JournalTest : public ServiceTest {
 protected:
  JournalTest() {
    auto key = catalogue->first_start();
    EXPECT_TRUE(key.has_value() && *key);
    admin_key = **key;
  }

  std::vector<JournalEntry> entries() { return *store.read_journal(0, 100'000); }
  std::string text() {
    std::string out;
    for (const auto& entry : entries()) out += journal_line(entry) + "\n";
    return out;
  }

  void expect_whole_chain() {
    const auto head = engine->journal().head();
    const domain::ChainHead end{head.sequence, head.hash};
    domain::JournalVerifier verifier({{}, end});
    for (const auto& entry : entries()) {
      const auto fault = verifier.add(journal_line(entry));
      ASSERT_FALSE(fault) << fault->message;
    }
    EXPECT_FALSE(verifier.finish());
    EXPECT_EQ(verifier.last(), end);
  }

  // Does it, and expects one new entry of that action and no more.
  template <class Work>
  auto did(std::string_view action, const Work& work) {
    const size_t before = entries().size();
    auto done = work();
    EXPECT_TRUE(done.has_value()) << action << ": " << (done ? "" : done.error().message);
    const auto all = entries();
    EXPECT_EQ(all.size(), before + 1) << action;
    EXPECT_EQ(all.back().action, action);
    EXPECT_EQ(all.back().actor_name, "admin");
    EXPECT_EQ(all.back().peer, "192.0.2.1");
    EXPECT_NE(all.back().changes, "[]") << action;
    actions.emplace_back(action);
    if constexpr (!std::is_same_v<decltype(done), base::Status>) {
      return std::optional(std::move(*done));
    }
  }
  template <class Work>
  void refused(const Work& work) {
    const size_t before = entries().size();
    const auto done = work();
    EXPECT_FALSE(done.has_value());
    EXPECT_EQ(entries().size(), before);
  }

  std::string admin_key;
  std::vector<std::string> actions;
};

TEST_F(JournalTest, the_first_start_begins_the_chain) {
  const auto all = entries();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].action, kJournalBegins);
  EXPECT_EQ(all[0].sequence, 1);
  EXPECT_EQ(all[0].previous, kNoEntryHash);
  EXPECT_EQ(all[0].actor_kind, "system");
  EXPECT_EQ(all[1].action, "server.first_start");
  EXPECT_EQ(all[1].previous, all[0].hash);
  expect_whole_chain();
  restart();
  EXPECT_TRUE(catalogue->first_start().has_value());  // nothing to do any more
  EXPECT_EQ(entries(), all);
  EXPECT_EQ(engine->journal().head(), (JournalHead{2, all[1].hash}));
}

// The bytes of a line, for ever: entries that are written already must keep their hash.
TEST_F(JournalTest, the_form_of_a_line_does_not_change) {
  Actor actor = kOperator;
  actor.name = "a \"name\"\n";
  actor.request = "r-1";
  JournalEntry entry = make_entry(actor, base::Time{1'777'636'800'123},
                                  {"release.publish", "release", "3", "固件 1.0", "default"},
                                  "[{\"kind\":\"release\"}]");
  entry.sequence = 7;
  entry.previous = std::string(kNoEntryHash);
  entry.hash = journal_hash(entry);
  EXPECT_EQ(journal_line(entry),
            "{\"sequence\":7,\"at\":\"2026-05-01T12:00:00.123Z\",\"actor\":{\"kind\":\"key\","
            "\"id\":1,\"name\":\"a \\\"name\\\"\\n\",\"peer\":\"192.0.2.1\"},"
            "\"tenant\":\"default\",\"action\":\"release.publish\",\"subject\":{\"kind\":"
            "\"release\",\"id\":\"3\",\"name\":\"固件 1.0\"},\"request\":\"r-1\","
            "\"changes\":[{\"kind\":\"release\"}],\"previous\":\"" +
                std::string(kNoEntryHash) +
                "\",\"hash\":"
                "\"12e8b79eb67a794d137ef8c38e8de8f99131fc47478f1316a38531d13770e73e\"}");
}

// Every operation of the services, in an order in which each is possible.
class JournalOfAll : public JournalTest {
 protected:
  domain::ProductId lamp;
  domain::ReleaseId one;
  domain::DeploymentId rollout;
  const Actor& by = kOperator;

  void tenants_and_products() {
    did("tenant.create", [&] { return catalogue->create_tenant(by, "acme"); });
    did("setting.put", [&] { return catalogue->put_setting(by, "a.b", "1"); });
    ProductChange with;
    with.name = "lamp";
    lamp = did("product.create", [&] {
             return catalogue->create_product(by, kDefaultTenant, with);
           })->id;
    with.name = "light";
    did("product.update", [&] { return catalogue->update_product(by, lamp, with); });
    with.name = "gone";
    const auto gone =
        did("product.create", [&] { return catalogue->create_product(by, kDefaultTenant, with); });
    did("product.delete", [&] { return catalogue->delete_product(by, gone->id); });
  }

  void releases_and_files() {
    ReleaseChange with;
    with.version = "1.0";
    one = did("release.create", [&] { return catalogue->create_release(by, lamp, with); })->id;
    ReleaseChange notes;
    notes.notes = domain::TextMap{{"en", "first"}};
    did("release.update", [&] { return catalogue->update_release(by, one, notes); });
    const auto announced_one = did("upload.create", [&] { return announced(3, "a.bin"); });
    auto piece = uploads->append(by, announced_one->id, 0);
    ASSERT_TRUE((*piece)->write("abc").has_value());
    did("upload.complete", [&] { return (*piece)->finish(); });
    PackageSpec spec;
    spec.release = one;
    spec.upload = announced_one->id;
    const auto full = did("package.create", [&] { return catalogue->create_package(by, spec); });
    PackageChange hide;
    hide.hidden = true;
    did("package.update", [&] { return catalogue->update_package(by, full->id, hide); });
    hide.hidden = false;
    did("package.update", [&] { return catalogue->update_package(by, full->id, hide); });
    const auto other = did("upload.create", [&] { return announced(3, "b.bin"); });
    did("upload.delete", [&] { return uploads->remove(by, other->id); });
    did("release.publish", [&] { return catalogue->publish_release(by, one); });
    with.version = "2.0";
    const auto two =
        did("release.create", [&] { return catalogue->create_release(by, lamp, with); });
    const auto extra = package(two->id, "bytes");
    did("package.delete", [&] { return catalogue->delete_package(by, extra); });
    package(two->id, "other bytes");
    did("release.delete", [&] { return catalogue->delete_release(by, two->id); });
  }

  void kits() {
    KitChange with;
    with.version = "2026.1";
    with.releases = std::vector{one};
    const auto kit =
        did("kit.create", [&] { return catalogue->create_kit(by, kDefaultTenant, with); });
    KitChange notes;
    notes.notes = domain::TextMap{{"en", "all"}};
    did("kit.update", [&] { return catalogue->update_kit(by, kit->id, notes); });
    did("kit.publish", [&] { return catalogue->publish_kit(by, kit->id); });
    did("kit.revoke", [&] { return catalogue->revoke_kit(by, kit->id); });
    with.version = "2026.2";
    const auto other =
        did("kit.create", [&] { return catalogue->create_kit(by, kDefaultTenant, with); });
    did("kit.delete", [&] { return catalogue->delete_kit(by, other->id); });
  }

  void deployments() {
    DeploymentChange with;
    with.name = "all";
    with.target = domain::DeploymentTarget{};
    with.target->release = one;
    with.devices = std::vector<std::string>{"d1"};
    const auto make = [&] { return catalogue->create_deployment(by, kDefaultTenant, with); };
    rollout = did("deployment.create", make)->id;
    DeploymentChange priority;
    priority.priority = 7;
    did("deployment.update", [&] { return catalogue->update_deployment(by, rollout, priority); });
    did("deployment.change_devices",
        [&] { return catalogue->change_devices(by, rollout, {"d2"}, {}); });
    did("deployment.start", [&] { return catalogue->act(by, rollout, DeploymentAction::start); });
    with.name = "second";
    const auto second = did("deployment.create", make);
    did("deployment.delete", [&] { return catalogue->delete_deployment(by, second->id); });
    with.name = "third";
    const auto third = did("deployment.create", make);
    did("deployment.cancel",
        [&] { return catalogue->act(by, third->id, DeploymentAction::cancel); });
  }

  domain::TaskId asked() {
    domain::TaskId task;
    const auto done = engine->run_blocking("test", [&](DeviceGateway& gateway) -> base::Status {
      OTARU_TRY(device, gateway.identify(kDefaultTenant, "d1", Identify::find));
      domain::CheckIn check;
      check.product = lamp;
      check.slot = "light";
      check.version = "0.9";
      OTARU_TRY(result, gateway.check(device, check, TaskBirth::record));
      if (result.task != nullptr) task = result.task->id;
      return {};
    });
    EXPECT_TRUE(done.has_value() && task);
    return task;
  }

  void devices_and_tasks() {
    did("device.register", [&] {
      return fleet->register_device(by, {kDefaultTenant, "d1", {{"site", "lab"}}, std::nullopt});
    });
    DeviceChange with;
    with.blocked = true;
    did("device.update", [&] { return fleet->update_device(by, kDefaultTenant, "d1", with); });
    with.blocked = false;
    did("device.update", [&] { return fleet->update_device(by, kDefaultTenant, "d1", with); });
    did("device.set_secret",
        [&] { return fleet->set_secret(by, kDefaultTenant, "d1", std::nullopt); });
    did("device.clear_secret", [&] { return fleet->clear_secret(by, kDefaultTenant, "d1"); });
    const size_t before = entries().size();
    const auto task = asked();
    EXPECT_EQ(entries().size(), before);  // what a device does is in the task's history
    did("task.pause", [&] { return fleet->act(by, task, TaskAction::pause); });
    did("task.resume", [&] { return fleet->act(by, task, TaskAction::resume); });
    did("task.cancel", [&] { return fleet->act(by, task, TaskAction::cancel); });
    did("device.delete", [&] { return fleet->erase_device(by, kDefaultTenant, "d1"); });
  }

  void ends() {
    did("deployment.pause", [&] { return catalogue->act(by, rollout, DeploymentAction::pause); });
    did("deployment.resume", [&] { return catalogue->act(by, rollout, DeploymentAction::resume); });
    did("deployment.finish", [&] { return catalogue->act(by, rollout, DeploymentAction::finish); });
    did("release.revoke", [&] { return catalogue->revoke_release(by, one); });
  }

  void credentials() {
    CredentialSpec spec;
    spec.tenant = kDefaultTenant;
    spec.name = "ci";
    const auto made =
        did("credential.create", [&] { return catalogue->create_credential(by, spec); });
    const auto id = made->credential.id;
    CredentialChange off;
    off.disabled = true;
    did("credential.update", [&] { return catalogue->update_credential(by, id, off); });
    did("credential.rotate", [&] { return catalogue->rotate_credential(by, id, std::nullopt); });
    did("credential.delete", [&] { return catalogue->delete_credential(by, id); });
  }
};

TEST_F(JournalOfAll, every_operation_leaves_one_entry) {
  tenants_and_products();
  releases_and_files();
  kits();
  deployments();
  devices_and_tasks();
  ends();
  credentials();
  expect_whole_chain();
  restart();
  expect_whole_chain();
  // Whoever adds an operation adds it above.
  std::sort(actions.begin(), actions.end());
  actions.erase(std::unique(actions.begin(), actions.end()), actions.end());
  EXPECT_EQ(actions.size(), 42u);
}

TEST_F(JournalTest, what_is_refused_leaves_none) {
  const auto lamp = product("lamp");
  ProductChange with;
  with.name = "lamp";
  refused([&] { return catalogue->create_product(kOperator, kDefaultTenant, with); });
  refused([&] { return catalogue->delete_product(kOperator, domain::ProductId{77}); });
  refused([&] { return catalogue->put_setting(kOperator, "Bad", "x"); });
  refused([&] { return fleet->update_device(kOperator, kDefaultTenant, "nobody", {true, {}}); });
  refused([&] { return fleet->register_device(kOperator, {kDefaultTenant, "", {}, {}}); });
  refused([&] { return announced(0, "a"); });
  refused([&] { return uploads->remove(kOperator, "nothing"); });
  // A disk that fails: neither the change nor its entry, and the next entry goes on without a gap.
  fail_next_write();
  refused([&] { return catalogue->delete_product(kOperator, lamp); });
  fail_next_write();
  refused([&] { return fleet->register_device(kOperator, {kDefaultTenant, "d1", {}, {}}); });
  did("product.delete", [&] { return catalogue->delete_product(kOperator, lamp); });
  expect_whole_chain();
}

TEST_F(JournalTest, a_change_to_the_same_leaves_none) {
  const auto lamp = product("lamp");
  ProductChange with;
  with.name = "lamp";
  const auto before = entries();
  ASSERT_TRUE(catalogue->update_product(kOperator, lamp, with).has_value());
  ASSERT_TRUE(catalogue->put_setting(kOperator, "a", "1").has_value());
  ASSERT_TRUE(catalogue->put_setting(kOperator, "a", "1").has_value());
  EXPECT_EQ(entries().size(), before.size() + 1);
}

TEST_F(JournalTest, changed_members_are_told_before_and_after) {
  const auto lamp = product("lamp");
  const auto one = draft(lamp, "1.0");
  ReleaseChange with;
  with.notes = domain::TextMap{{"en", "new"}};
  with.security = true;
  ASSERT_TRUE(catalogue->update_release(kOperator, one, with).has_value());
  EXPECT_EQ(entries().back().changes,
            "[{\"kind\":\"release\",\"id\":\"1\",\"change\":\"changed\",\"members\":{"
            "\"security\":{\"before\":false,\"after\":true},\"notes.en\":{\"after\":\"new\"}}}]");
  EXPECT_EQ(entries().back().tenant, "default");
  EXPECT_EQ(entries().back().subject_kind, "release");
  EXPECT_EQ(entries().back().subject_id, "1");
  EXPECT_EQ(entries().back().subject_name, "lamp 1.0");
  ASSERT_TRUE(catalogue->delete_release(kOperator, one).has_value());
  EXPECT_NE(entries().back().changes.find("\"change\":\"erased\""), std::string::npos);
  EXPECT_NE(entries().back().changes.find("\"version\":{\"before\":\"1.0\"}"), std::string::npos);
}

TEST_F(JournalTest, the_sweep_is_the_systems_own) {
  const auto row = announced(5, "a.bin");
  ASSERT_TRUE(row.has_value());
  { EXPECT_TRUE((*uploads->append(kOperator, row->id, 0))->write("ab").has_value()); }
  clock.advance(limits::kUploadExpiryMs + 1);
  ASSERT_TRUE(uploads->sweep().has_value());
  EXPECT_EQ(entries().back().action, "upload.delete");
  EXPECT_EQ(entries().back().actor_kind, "system");
  EXPECT_EQ(entries().back().actor_name, "sweep");
  const size_t count = entries().size();
  ASSERT_TRUE(uploads->sweep().has_value());
  EXPECT_EQ(entries().size(), count);
}

TEST_F(JournalTest, no_secret_is_in_it) {
  using domain::CredentialKind;
  std::vector<std::string> secrets_used{admin_key};
  const std::string key64 = base::base64("0123456789abcdef0123456789abcdef");
  for (const auto kind :
       {CredentialKind::api_key, CredentialKind::onenet_product, CredentialKind::oauth_client,
        CredentialKind::oauth_user, CredentialKind::oomi_account, CredentialKind::download_basic,
        CredentialKind::hawkbit_gateway}) {
    CredentialSpec spec;
    spec.tenant = kDefaultTenant;
    spec.kind = kind;
    spec.name = "made";
    const auto made = catalogue->create_credential(kOperator, spec);
    ASSERT_TRUE(made.has_value()) << made.error().message;
    secrets_used.push_back(made->secret);
    secrets_used.push_back(made->credential.secret);
    spec.name = "given";
    const bool sealed_key = kind == CredentialKind::onenet_product;
    spec.secret = sealed_key ? key64 : "Known-Secret-Text-" + std::string(domain::name_of(kind));
    spec.attributes = {{"client_secret", "Attribute-Secret"}};
    const auto given = catalogue->create_credential(kOperator, spec);
    ASSERT_TRUE(given.has_value()) << given.error().message;
    secrets_used.push_back(*spec.secret);
    secrets_used.push_back(given->credential.secret);
    const auto rotated =
        catalogue->rotate_credential(kOperator, given->credential.id, std::nullopt);
    ASSERT_TRUE(rotated.has_value());
    EXPECT_NE(entries().back().changes.find("\"secret\":{\"before\":\"(secret)\",\"after\":"
                                            "\"(another secret)\"}"),
              std::string::npos)
        << entries().back().changes;
    secrets_used.push_back(rotated->secret);
    secrets_used.push_back(rotated->credential.secret);
  }
  ASSERT_TRUE(
      fleet
          ->register_device(kOperator, {kDefaultTenant, "d1", {{"wifi_password", "Pass-1"}}, key64})
          .has_value());
  DeviceChange change;
  change.attributes = {{"wifi_password", "Pass-2"}};
  ASSERT_TRUE(fleet->update_device(kOperator, kDefaultTenant, "d1", change).has_value());
  EXPECT_NE(entries().back().changes.find("(another secret)"), std::string::npos);
  const auto device_key = fleet->set_secret(kOperator, kDefaultTenant, "d1", std::nullopt);
  ASSERT_TRUE(device_key.has_value());
  ASSERT_TRUE(
      catalogue->put_setting(kOperator, "oidc.client_secret", "Setting-Secret").has_value());
  const auto sealed = (*store.find_device(kDefaultTenant, "d1"))->secret_sealed;
  secrets_used.insert(secrets_used.end(), {"Attribute-Secret", "Pass-1", "Pass-2", *device_key,
                                           "Setting-Secret", sealed, base::hex(sealed)});
  const std::string journal = text();
  for (const auto& secret : secrets_used) {
    ASSERT_GE(secret.size(), 6u);
    EXPECT_EQ(journal.find(secret), std::string::npos) << secret;
  }
  expect_whole_chain();
}

TEST_F(JournalTest, long_values_are_cut_and_hashed) {
  std::vector<std::string> keys;
  for (int i = 0; i < 1000; ++i) keys.push_back("device-" + std::to_string(i));
  DeploymentChange with;
  with.name = "many";
  with.target = domain::DeploymentTarget{};
  with.target->newest_in_channel = "stable";
  with.devices = keys;
  ASSERT_TRUE(catalogue->create_deployment(kOperator, kDefaultTenant, with).has_value());
  const auto changes = entries().back().changes;
  EXPECT_LT(changes.size(), 4'000u);
  EXPECT_NE(changes.find("\"devices\":{\"after\":{\"truncated\":\"[\\\"device-0\\\""),
            std::string::npos)
      << changes;

  Changes many;
  domain::Release row;
  row.notes = {{"en", std::string(2'000, 'x')}};
  for (int64_t i = 1; i <= 1'000; ++i) {
    row.id = domain::ReleaseId{i};
    many.row<domain::Release>("release", std::to_string(i), nullptr, &row);
  }
  const std::string text = many.take();
  EXPECT_LT(text.size(), limits::kJournalChangesBytesMax + 200);
  const auto parsed = base::JsonDocument::parse(text, {});
  ASSERT_TRUE(parsed.has_value());
  const auto last = parsed->root().at(parsed->root().size() - 1);
  EXPECT_EQ(last.find("omitted").integer(),
            1'000 - static_cast<int64_t>(parsed->root().size()) + 1);
  EXPECT_EQ(last.find("sha256").text()->size(), 64u);
}

TEST_F(JournalTest, texts_that_are_not_utf8_are_still_json) {
  EXPECT_EQ(journal_text("dev\xff-1"), "dev\xef\xbf\xbd-1");
  EXPECT_EQ(journal_text("设备"), "设备");
  EXPECT_EQ(journal_text("\xe8\xae"), "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_F(JournalTest, names_that_tell_a_secret) {
  for (const char* name : {"secret", "secret_sealed", "notes.WiFi-Password", "access_token",
                           "token_index", "refresh_nonce", "client_secret"}) {
    EXPECT_TRUE(is_secret_name(name)) << name;
  }
  for (const char* name : {"sha256", "token_generation", "token_expires_at", "name", "key",
                           "access_token_lifetime_s", "security"}) {
    EXPECT_FALSE(is_secret_name(name)) << name;
  }
}

TEST_F(JournalTest, a_broken_head_is_said_and_the_chain_goes_on) {
  product("lamp");
  auto last = entries().back();
  last.sequence += 1;
  last.previous = entries().back().hash;
  last.hash = std::string(64, 'e');  // not its content's
  WriteBatch batch;
  batch.journal.push_back(last);
  const WriteBatch* one[] = {&batch};
  ASSERT_TRUE(store.apply(one).has_value());
  std::string logged;
  base::log::set_sink([&](const std::string& line) { logged += line; });
  restart();
  base::log::set_sink(nullptr);
  EXPECT_NE(logged.find("journal.head_broken"), std::string::npos) << logged;
  product("light");
  domain::JournalVerifier verifier({});
  std::optional<domain::JournalFault> fault;
  for (const auto& entry : entries()) {
    if (!fault) fault = verifier.add(journal_line(entry));
  }
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->kind, domain::JournalFault::Kind::changed);
  EXPECT_EQ(fault->sequence, last.sequence);
}

}  // namespace
}  // namespace otaru::app
