// SPDX-License-Identifier: Apache-2.0
// The contract of the store port: what every engine does alike.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "store/contract/engines.h"
#include "store/contract/samples.h"

namespace otaru::store::contract {
namespace {

using base::Code;
using base::Time;

class StoreContract : public testing::TestWithParam<EngineUnderTest> {
 protected:
  void SetUp() override { store_ = GetParam().open(folder_.path()); }

  app::Store& store() { return *store_; }
  void put(std::vector<app::WriteOp> ops) {
    const auto done = apply_one(store(), std::move(ops));
    ASSERT_TRUE(done) << done.error().message << " / " << done.error().detail;
  }
  // Closes and opens again, where the engine keeps what it was given.
  void reopen() {
    if (!GetParam().survives_closing) return;
    store_.reset();
    store_ = GetParam().open(folder_.path());
  }
  domain::Device found(std::string_view key, int64_t tenant = 1) {
    const auto device = store().find_device(domain::TenantId(tenant), key);
    EXPECT_TRUE(device && *device);
    return device && *device ? **device : domain::Device{};
  }
  std::vector<std::string> keys_of(const app::DeviceFilter& filter) {
    const auto listing = store().list_devices(filter);
    EXPECT_TRUE(listing);
    std::vector<std::string> keys;
    for (const auto& row : *listing) {
      keys.push_back(std::to_string(row.device.tenant.value) + ":" + row.device.key);
    }
    return keys;
  }
  std::vector<int64_t> task_ids(const app::TaskFilter& filter) {
    const auto tasks = store().list_tasks(filter);
    EXPECT_TRUE(tasks);
    std::vector<int64_t> ids;
    for (const auto& task : *tasks) ids.push_back(task.id.value);
    return ids;
  }

 private:
  TempFolder folder_;
  std::unique_ptr<app::Store> store_;
};

using Texts = std::vector<std::string>;

// Row 1 of a table, with nothing else set.
template <class Row>
Row bare() {
  Row row;
  row.id = decltype(row.id)(1);
  return row;
}

// Tenant 0: of every tenant.
app::DeviceFilter devices(int64_t tenant, std::string prefix, std::string after = {},
                          size_t limit = 100) {
  app::DeviceFilter filter;
  if (tenant != 0) filter.tenant = domain::TenantId(tenant);
  filter.key_prefix = std::move(prefix);
  filter.after = std::move(after);
  filter.limit = limit;
  return filter;
}

TEST_P(StoreContract, a_new_store_is_empty) {
  const auto rows = store().load_catalogue();
  ASSERT_TRUE(rows);
  EXPECT_TRUE(rows->tenants.empty());
  EXPECT_TRUE(rows->settings.empty());
  const auto high = store().high_water();
  ASSERT_TRUE(high);
  EXPECT_EQ(high->tenant, 0);
  EXPECT_EQ(high->device_count, 0);
  EXPECT_EQ(high->device, std::vector<int64_t>(base::kBucketCount, 0));
  EXPECT_EQ(high->task, std::vector<int64_t>(base::kBucketCount, 0));
  EXPECT_EQ(store().dump()->size(), 0u);
  EXPECT_FALSE(*store().find_device(domain::TenantId(1), "nobody"));
  EXPECT_FALSE(*store().find_device(domain::DeviceId(256)));
  EXPECT_FALSE(*store().find_task(domain::TaskId(256)));
}

TEST_P(StoreContract, every_field_of_the_catalogue_comes_back) {
  put({sample_tenant(2), sample_tenant(1), sample_product(3), sample_release(5), sample_package(4),
       sample_kit(6), sample_deployment(7), sample_credential(8), sample_user(9),
       app::PutSetting{"b", "2"}, app::PutSetting{"a", "1"}, sample_group(9)});
  reopen();
  const auto rows = store().load_catalogue();
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->tenants, (std::vector{sample_tenant(1), sample_tenant(2)}));
  EXPECT_EQ(rows->products, std::vector{sample_product(3)});
  EXPECT_EQ(rows->releases, std::vector{sample_release(5)});
  EXPECT_EQ(rows->packages, std::vector{sample_package(4)});
  EXPECT_EQ(rows->kits, std::vector{sample_kit(6)});
  EXPECT_EQ(rows->deployments, std::vector{sample_deployment(7)});
  EXPECT_EQ(rows->credentials, std::vector{sample_credential(8)});
  EXPECT_EQ(rows->groups, std::vector{sample_group(9)});
  EXPECT_EQ(rows->users, std::vector{sample_user(9)});
  EXPECT_EQ(rows->settings, (domain::TextMap{{"a", "1"}, {"b", "2"}}));
}

TEST_P(StoreContract, events_come_back_by_range) {
  app::WriteBatch batch;
  for (int64_t id = 1; id <= 9; ++id) batch.events.push_back(sample_event(id));
  const app::WriteBatch* const batches[] = {&batch};
  ASSERT_TRUE(store().apply(batches));
  EXPECT_FALSE(store().apply(batches));  // an id is given once
  reopen();
  EXPECT_EQ(*store().event_span(), (app::EventSpan{1, 9}));
  const auto ids = [this](const app::EventRange& range) {
    std::vector<int64_t> out;
    const auto events = store().read_events(range);
    for (const auto& event : *events) {
      EXPECT_EQ(event, sample_event(event.id));
      out.push_back(event.id);
    }
    return out;
  };
  EXPECT_EQ(ids({2, 7, false, 3}), (std::vector<int64_t>{3, 4, 5}));
  EXPECT_EQ(ids({2, 7, true, 3}), (std::vector<int64_t>{6, 5, 4}));
  EXPECT_EQ(ids({}).size(), 9u);
  put({app::PruneEvents{4}});
  EXPECT_EQ(*store().event_span(), (app::EventSpan{5, 9}));
  EXPECT_EQ(ids({2, 7, false, 3}), (std::vector<int64_t>{5, 6}));
}

TEST_P(StoreContract, a_webhook_goes_with_what_is_its_own) {
  put({sample_webhook(2), sample_webhook(3), app::WebhookCursor{app::WebhookId(3), 17},
       app::WebhookCursor{app::WebhookId(2), 5}, sample_dead_letter(2, 8), sample_dead_letter(2, 7),
       sample_dead_letter(3, 7), app::WebhookCursor{app::WebhookId(2), 6}});
  reopen();
  const auto rows = store().load_webhooks();
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->webhooks, (std::vector{sample_webhook(2), sample_webhook(3)}));
  EXPECT_EQ(rows->cursors,
            (std::vector<app::WebhookCursor>{{app::WebhookId(2), 6}, {app::WebhookId(3), 17}}));
  const app::WebhookId second(2);
  EXPECT_EQ(*store().list_dead_letters(second, 0, 10),
            (std::vector{sample_dead_letter(2, 7), sample_dead_letter(2, 8)}));
  EXPECT_EQ(*store().list_dead_letters(second, 7, 10), std::vector{sample_dead_letter(2, 8)});
  EXPECT_EQ(*store().list_dead_letters(second, 0, 1), std::vector{sample_dead_letter(2, 7)});
  put({app::EraseDeadLetter{second, 7}});
  EXPECT_EQ(*store().list_dead_letters(second, 0, 10), std::vector{sample_dead_letter(2, 8)});
  put({app::Erase<app::WebhookId>{app::WebhookId(3)}});
  EXPECT_EQ(store().load_webhooks()->webhooks, std::vector{sample_webhook(2)});
  EXPECT_EQ(store().load_webhooks()->cursors.size(), 1u);
  EXPECT_TRUE(store().list_dead_letters(app::WebhookId(3), 0, 10)->empty());
  EXPECT_EQ(store().high_water()->webhook, 3);  // never given out again
}

TEST_P(StoreContract, absent_values_stay_absent) {
  put({bare<domain::Kit>(), bare<domain::Deployment>(), bare<domain::Package>(),
       bare<domain::Release>(), bare<domain::Credential>(), bare<domain::User>()});
  reopen();
  const auto rows = store().load_catalogue();
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->kits, std::vector{bare<domain::Kit>()});
  EXPECT_EQ(rows->deployments, std::vector{bare<domain::Deployment>()});
  EXPECT_EQ(rows->packages, std::vector{bare<domain::Package>()});
  EXPECT_EQ(rows->releases, std::vector{bare<domain::Release>()});
  EXPECT_EQ(rows->credentials, std::vector{bare<domain::Credential>()});
  EXPECT_EQ(rows->users, std::vector{bare<domain::User>()});
}

TEST_P(StoreContract, a_put_replaces_the_whole_row) {
  put({sample_tenant(1), sample_product(1), sample_release(1), sample_package(1), sample_kit(1),
       sample_deployment(1), sample_credential(1), sample_user(1), app::PutSetting{"a", "1"}});
  const domain::Tenant tenant{domain::TenantId(1), "new", Time{9}};
  auto product = bare<domain::Product>();
  product.name = "new";
  auto release = bare<domain::Release>();
  release.version = "new";
  auto package = bare<domain::Package>();
  package.file_name = "new";
  auto kit = bare<domain::Kit>();
  kit.version = "new";
  auto deployment = bare<domain::Deployment>();
  deployment.name = "new";
  auto credential = bare<domain::Credential>();
  credential.name = "new";
  auto user = bare<domain::User>();
  user.name = "new";
  put({tenant, product, release, package, kit, deployment, credential, user,
       app::PutSetting{"a", "2"}});
  const auto rows = store().load_catalogue();
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->tenants, std::vector{tenant});
  EXPECT_EQ(rows->products, std::vector{product});
  EXPECT_EQ(rows->releases, std::vector{release});
  EXPECT_EQ(rows->packages, std::vector{package});
  EXPECT_EQ(rows->kits, std::vector{kit});
  EXPECT_EQ(rows->deployments, std::vector{deployment});
  EXPECT_EQ(rows->credentials, std::vector{credential});
  EXPECT_EQ(rows->users, std::vector{user});
  EXPECT_EQ(rows->settings, (domain::TextMap{{"a", "2"}}));
}

TEST_P(StoreContract, erased_catalogue_rows_are_gone) {
  put({sample_product(1), sample_release(1), sample_package(1), sample_kit(1), sample_deployment(1),
       sample_credential(1), sample_product(2), sample_user(1)});
  put({app::Erase<domain::UserId>{domain::UserId(1)},
       app::Erase<domain::ProductId>{domain::ProductId(1)},
       app::Erase<domain::ReleaseId>{domain::ReleaseId(1)},
       app::Erase<domain::PackageId>{domain::PackageId(1)},
       app::Erase<domain::KitId>{domain::KitId(1)},
       app::Erase<domain::DeploymentId>{domain::DeploymentId(1)},
       app::Erase<domain::CredentialId>{domain::CredentialId(1)},
       app::Erase<domain::CredentialId>{domain::CredentialId(99)}});
  reopen();
  const auto rows = store().load_catalogue();
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->products, std::vector{sample_product(2)});
  EXPECT_TRUE(rows->releases.empty());
  EXPECT_TRUE(rows->packages.empty());
  EXPECT_TRUE(rows->kits.empty());
  EXPECT_TRUE(rows->deployments.empty());
  EXPECT_TRUE(rows->credentials.empty());
  EXPECT_TRUE(rows->users.empty());
}

TEST_P(StoreContract, a_list_of_many_devices_survives_with_its_deployment) {
  auto deployment = sample_deployment(1);
  std::vector<std::string> keys;
  for (int i = 0; i < 200'000; ++i) keys.push_back("device-" + std::to_string(i));
  deployment.device_keys = domain::KeySet::of(std::move(keys));
  put({deployment});
  deployment.state = domain::DeploymentState::running;
  put({deployment});
  reopen();
  EXPECT_EQ(store().load_catalogue()->deployments, std::vector{deployment});
  deployment.device_keys = {"other"};
  put({deployment});
  EXPECT_EQ(store().load_catalogue()->deployments, std::vector{deployment});
  deployment.device_keys = {};
  put({deployment});
  EXPECT_EQ(store().load_catalogue()->deployments, std::vector{deployment});
}

TEST_P(StoreContract, kept_answers_come_back_and_go) {
  put({sample_answer("key\n1\na"), sample_answer("key\n1\nb")});
  auto known = sample_answer("key\n1\na");
  known.sealed = "other";
  put({known});
  ASSERT_TRUE(store().load_kept_answers().has_value());
  EXPECT_EQ(*store().load_kept_answers(), (std::vector{known, sample_answer("key\n1\nb")}));
  put({app::EraseText{app::EraseText::Table::answer, "key\n1\nb"},
       app::EraseText{app::EraseText::Table::answer, "never was"}});
  EXPECT_EQ(*store().load_kept_answers(), std::vector{known});
}

TEST_P(StoreContract, sessions_and_uploads_come_back_and_go) {
  put({sample_session("c\nu\nall"), sample_session("c\nv\nall"), sample_upload("aa"),
       sample_upload("bb")});
  auto changed = sample_session("c\nu\nall");
  changed.nonce = "n1";
  changed.refresh_expires_at = {};
  put({changed});
  reopen();
  EXPECT_EQ(*store().load_sessions(), (std::vector{changed, sample_session("c\nv\nall")}));
  EXPECT_EQ(*store().load_uploads(), (std::vector{sample_upload("aa"), sample_upload("bb")}));
  put({app::EraseText{app::EraseText::Table::session, "c\nu\nall"},
       app::EraseText{app::EraseText::Table::upload, "bb"},
       app::EraseText{app::EraseText::Table::upload, "never was"}});
  EXPECT_EQ(*store().load_sessions(), std::vector{sample_session("c\nv\nall")});
  EXPECT_EQ(*store().load_uploads(), std::vector{sample_upload("aa")});
}

TEST_P(StoreContract, log_ins_and_last_uses_come_back_and_go) {
  put({sample_login("aa"), sample_login("bb"), app::LastUsed{"key 1", Time{1}},
       app::LastUsed{"user 1", Time{2}}});
  auto used = sample_login("aa");
  used.used_at = Time{9};
  put({used, app::LastUsed{"key 1", Time{3}}});
  reopen();
  EXPECT_EQ(*store().load_logins(), (std::vector{used, sample_login("bb")}));
  EXPECT_EQ(*store().load_last_used(),
            (std::vector{app::LastUsed{"key 1", Time{3}}, app::LastUsed{"user 1", Time{2}}}));
  put({app::EraseText{app::EraseText::Table::login, "bb"},
       app::EraseText{app::EraseText::Table::last_used, "key 1"}});
  EXPECT_EQ(*store().load_logins(), std::vector{used});
  EXPECT_EQ(*store().load_last_used(), (std::vector{app::LastUsed{"user 1", Time{2}}}));
}

TEST_P(StoreContract, approvals_go_with_their_deployment) {
  auto deployment = sample_deployment(1);
  put({deployment, sample_deployment(2)});
  deployment.approvals.pop_back();
  put({deployment});
  reopen();
  EXPECT_EQ(store().load_catalogue()->deployments, (std::vector{deployment, sample_deployment(2)}));
  put({app::Erase<domain::DeploymentId>{domain::DeploymentId(2)}});
  auto bare_one = bare<domain::Deployment>();
  bare_one.id = domain::DeploymentId(2);
  put({bare_one});
  EXPECT_EQ(store().load_catalogue()->deployments, (std::vector{deployment, bare_one}));
}

// --- Devices ------------------------------------------------------------------------------------

TEST_P(StoreContract, every_field_of_a_device_comes_back_by_key_and_by_id) {
  const auto device = sample_device("dev-1");
  put({app::PutDevice{device}, app::PutDevice{sample_device("dev-2", 2)}});
  reopen();
  EXPECT_EQ(found("dev-1"), device);
  EXPECT_EQ(**store().find_device(device.id), device);
  EXPECT_FALSE(*store().find_device(domain::TenantId(2), "dev-1"));
}

TEST_P(StoreContract, a_device_is_put_whole_with_its_components) {
  auto device = sample_device("dev-1");
  put({app::PutDevice{device}});
  device.blocked = false;
  device.attributes.clear();
  device.components = {{"software", domain::ProductId(9), "3.0", Time{5}},
                       {"app", domain::ProductId(), "", Time{}}};
  device.tasks = {sample_task(device)};  // not part of the row
  put({app::PutDevice{device}});
  device.tasks.clear();
  std::swap(device.components[0], device.components[1]);  // comes back by slot
  EXPECT_EQ(found("dev-1"), device);
}

TEST_P(StoreContract, same_key_in_two_tenants_is_two_devices) {
  const auto one = sample_device("same", 1, 1);
  const auto two = sample_device("same", 1, 2);
  put({app::PutDevice{one}, app::PutDevice{two}});
  EXPECT_EQ(found("same", 1), one);
  EXPECT_EQ(found("same", 2), two);
}

TEST_P(StoreContract, an_id_or_key_of_another_device_is_a_conflict_and_nothing_is_applied) {
  const auto device = sample_device("dev-1");
  put({app::PutDevice{device}});
  auto other_id = device;
  other_id.id = domain::DeviceId(device.id.value + base::kBucketCount);
  const auto second_id = apply_one(store(), {app::PutSetting{"a", "1"}, app::PutDevice{other_id}});
  ASSERT_FALSE(second_id);
  EXPECT_EQ(second_id.error().code, Code::conflict);

  // Another key of the same bucket under the same id.
  auto other_key = device;
  for (int i = 0;
       domain::bucket_for(other_key.tenant, other_key.key) != base::bucket_of(device.id) ||
       other_key.key == device.key;
       ++i) {
    other_key.key = "other-" + std::to_string(i);
  }
  const auto second_key = apply_one(store(), {app::PutDevice{other_key}});
  ASSERT_FALSE(second_key);
  EXPECT_EQ(second_key.error().code, Code::conflict);
  EXPECT_EQ(found("dev-1"), device);
  EXPECT_TRUE(store().load_catalogue()->settings.empty());
}

TEST_P(StoreContract, rows_in_the_wrong_bucket_are_refused) {
  auto device = sample_device("dev-1");
  put({app::PutDevice{device}});
  auto task = sample_task(device);
  task.id = domain::TaskId(task.id.value ^ 1);
  auto history = sample_history(sample_task(device), 1);
  history.task = task.id;
  auto lost = device;
  lost.id = domain::DeviceId(device.id.value ^ 1);
  for (const app::WriteOp& op : std::vector<app::WriteOp>{task, history, app::PutDevice{lost}}) {
    const auto done = apply_one(store(), {app::PutSetting{"a", "1"}, op});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Code::invalid);
    EXPECT_NE(done.error().message.find("bucket"), std::string::npos);
  }
  EXPECT_TRUE(store().load_catalogue()->settings.empty());
}

TEST_P(StoreContract, an_erased_device_takes_everything_of_its_own_along) {
  const auto gone = sample_device("gone");
  const auto kept = sample_device("kept", 2);
  for (const auto& device : {gone, kept}) {
    const auto task = sample_task(device, device.id.value >> 8);
    put({app::PutDevice{device}, task, sample_history(task, 1), sample_history(task, 2),
         app::Seen{device.id, Time{77}}, app::DeviceLogRow{device.id, Time{1}, "oomi", "hello"}});
  }
  put({app::Erase<domain::DeviceId>{gone.id}});
  reopen();
  EXPECT_FALSE(*store().find_device(gone.id));
  EXPECT_FALSE(*store().find_device(gone.tenant, gone.key));
  EXPECT_FALSE(*store().find_task(task_id(gone.id, 1)));
  EXPECT_TRUE(store().task_history(task_id(gone.id, 1))->empty());
  EXPECT_TRUE(store().device_log(gone.id, 10)->empty());
  EXPECT_EQ(store().count_tasks(domain::DeploymentId(1))->at(0).n, 1);
  EXPECT_EQ(keys_of({}), (Texts{"1:kept"}));
  EXPECT_EQ(store().task_history(task_id(kept.id, 2))->size(), 2u);
  const auto lines = store().dump();
  for (const auto& line : *lines) {
    EXPECT_EQ(line.find("gone"), std::string::npos) << line;
  }
  put({app::PutDevice{gone}});  // and it can come back
  EXPECT_EQ(found("gone"), gone);
}

TEST_P(StoreContract, operations_of_a_batch_are_applied_in_order) {
  auto first = sample_device("dev-1");
  auto second = first;
  second.door = "second";
  put({app::PutDevice{first}, app::Seen{first.id, Time{5}}, app::Erase<domain::DeviceId>{first.id},
       app::PutDevice{first}, app::PutDevice{second}, app::Seen{first.id, Time{9}},
       app::Seen{first.id, Time{7}}});
  EXPECT_EQ(found("dev-1"), second);
  EXPECT_EQ(store().list_devices({})->at(0).last_seen, Time{7});
}

TEST_P(StoreContract, batches_are_applied_together_or_not_at_all) {
  const auto device = sample_device("dev-1");
  auto conflict = device;
  conflict.id = domain::DeviceId(device.id.value + base::kBucketCount);
  const app::WriteBatch good{{app::PutDevice{device}, sample_task(device), sample_product(1)}};
  const app::WriteBatch bad{{app::PutDevice{conflict}}};
  const app::WriteBatch* const both[] = {&good, &bad};
  EXPECT_FALSE(store().apply(both));
  EXPECT_TRUE(store().dump()->empty());
  const app::WriteBatch* const one[] = {&good};
  EXPECT_TRUE(store().apply(one));
  EXPECT_EQ(found("dev-1").tasks.size(), 1u);
  EXPECT_TRUE(store().apply({}));
}

TEST_P(StoreContract, texts_of_any_bytes_come_back_as_they_were) {
  const std::string odd[] = {std::string("a\0b", 3),   "\xFF\xFE\x80", "固件 📦",
                             "'; drop table device",   "%_*",          "\"\\\n\r\t",
                             std::string(100'000, 'x')};
  int64_t n = 0;
  for (const auto& text : odd) {
    auto device = sample_device(text, ++n);
    device.door = device.secret_sealed = text;
    device.attributes = {{text, text}, {text, ""}};
    device.components = {{text, domain::ProductId(1), text, Time{1}}};
    auto task = sample_task(device, n);
    task.slot = task.from_version = task.target_version = task.result = text;
    auto deployment = sample_deployment(n);
    deployment.name = text;
    deployment.device_keys = {text, "another"};
    deployment.from_versions = {text, text};
    put({app::PutDevice{device}, task, deployment, app::PutSetting{text, text},
         app::DeviceLogRow{device.id, Time{1}, text, text}});
    reopen();
    device.tasks = {task};
    EXPECT_EQ(found(text), device);
    EXPECT_EQ(store().load_catalogue()->deployments.back(), deployment);
    EXPECT_EQ(store().device_log(device.id, 1)->at(0).text, text);
  }
  EXPECT_EQ(store().load_catalogue()->settings.size(), std::size(odd));
}

// --- Tasks --------------------------------------------------------------------------------------

TEST_P(StoreContract, every_field_of_a_task_and_its_history_comes_back) {
  const auto device = sample_device("dev-1");
  auto task = sample_task(device);
  put({app::PutDevice{device}, task, sample_history(task, 2), sample_history(task, 1)});
  reopen();
  EXPECT_EQ(**store().find_task(task.id), task);
  EXPECT_EQ(*store().task_history(task.id),
            (std::vector{sample_history(task, 1), sample_history(task, 2)}));

  task.state = domain::TaskState::succeeded;
  task.chain.clear();
  task.slot = "software";
  task.result = "";
  auto history = sample_history(task, 2);
  history.detail = "again";
  put({task, history});
  EXPECT_EQ(**store().find_task(task.id), task);
  EXPECT_EQ(store().task_history(task.id)->at(1), history);
  EXPECT_EQ(store().task_history(task.id)->size(), 2u);
}

TEST_P(StoreContract, every_word_of_every_enumeration_comes_back) {
  const auto device = sample_device("dev-1");
  put({app::PutDevice{device}});
  for (int i = 0; i < 14; ++i) {
    auto task = sample_task(device, i + 1);
    task.state = static_cast<domain::TaskState>(i % 8);
    task.failure = static_cast<domain::FailureClass>(i);
    auto history = sample_history(task, 1);
    history.from = task.state;
    history.to = static_cast<domain::TaskState>((i + 1) % 8);
    put({task, history});
    EXPECT_EQ(**store().find_task(task.id), task);
    EXPECT_EQ(store().task_history(task.id)->at(0), history);
  }
}

TEST_P(StoreContract, a_task_never_changes_its_device_or_deployment) {
  const auto device = sample_device("dev-1");
  const auto task = sample_task(device);
  put({app::PutDevice{device}, task});
  auto other_deployment = task;
  other_deployment.deployment = domain::DeploymentId(2);
  auto other_device = task;
  other_device.device = domain::DeviceId(device.id.value + base::kBucketCount);
  for (const auto& changed : {other_deployment, other_device}) {
    const auto done = apply_one(store(), {changed});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Code::conflict);
  }
  EXPECT_EQ(**store().find_task(task.id), task);
}

TEST_P(StoreContract, a_device_comes_with_its_open_tasks_and_the_newest_ended_ones) {
  const auto device = sample_device("dev-1");
  const auto other = sample_device("dev-2", 2);
  std::vector<app::WriteOp> ops{app::PutDevice{device}, app::PutDevice{other}};
  const auto count = static_cast<int64_t>(base::limits::kTasksInStateMax) + 20;
  std::vector<domain::Task> kept;
  for (int64_t n = 1; n <= count; ++n) {
    auto task = sample_task(device, n);
    task.state = n == 3   ? domain::TaskState::paused
                 : n == 4 ? domain::TaskState::pending
                          : domain::TaskState::failed;
    ops.push_back(task);
    // The two open ones are old; of the others the newest stay.
    if (n == 3 || n == 4 || n > 22) kept.push_back(task);
  }
  ops.push_back(sample_task(other, count + 1));
  put(std::move(ops));
  std::reverse(kept.begin(), kept.end());
  ASSERT_EQ(kept.size(), base::limits::kTasksInStateMax);
  EXPECT_EQ(found("dev-1").tasks, kept);
  EXPECT_EQ((*store().find_device(device.id))->tasks, kept);
}

// --- Lists --------------------------------------------------------------------------------------

TEST_P(StoreContract, devices_are_listed_by_tenant_and_key_with_prefix_and_cursor) {
  int64_t n = 0;
  for (const char* key : {"b-2", "a", "b-10", "c", "b-1", "b\xFF", "B"}) {
    const auto device = sample_device(key, ++n);
    put({app::PutDevice{device}, app::Seen{device.id, Time{n}}});
  }
  put({app::PutDevice{sample_device("b-1", 1, 3)}, app::PutDevice{sample_device("z", 2, 3)}});
  EXPECT_EQ(keys_of({}),
            (Texts{"1:B", "1:a", "1:b-1", "1:b-10", "1:b-2", "1:b\xFF", "1:c", "3:b-1", "3:z"}));
  EXPECT_EQ(keys_of(devices(3, "")), (Texts{"3:b-1", "3:z"}));
  EXPECT_EQ(keys_of(devices(2, "")), Texts{});
  EXPECT_EQ(keys_of(devices(0, "b-")), (Texts{"1:b-1", "1:b-10", "1:b-2", "3:b-1"}));
  EXPECT_EQ(keys_of(devices(1, "b-1")), (Texts{"1:b-1", "1:b-10"}));
  EXPECT_EQ(keys_of(devices(0, "b\xFF")), (Texts{"1:b\xFF"}));
  EXPECT_EQ(keys_of(devices(0, "", "", 2)), (Texts{"1:B", "1:a"}));
  EXPECT_EQ(keys_of(devices(0, "", "", 0)), Texts{});
  EXPECT_EQ(keys_of(devices(0, "", "1\nb-2", 3)), (Texts{"1:b\xFF", "1:c", "3:b-1"}));
  EXPECT_EQ(keys_of(devices(0, "b-", "1\nb-10")), (Texts{"1:b-2", "3:b-1"}));
  EXPECT_EQ(keys_of(devices(1, "", "3\nb")), Texts{});
  EXPECT_EQ(keys_of(devices(3, "", "1\nb")), (Texts{"3:b-1", "3:z"}));
  EXPECT_EQ(keys_of(devices(0, "", "3\nz")), Texts{});
  const auto listing = store().list_devices(devices(1, "a"));
  EXPECT_EQ(listing->at(0).device, sample_device("a", 2));
  EXPECT_EQ(listing->at(0).last_seen, Time{2});
  EXPECT_EQ(store().list_devices(devices(3, ""))->at(0).last_seen, Time{});
  const auto bad = store().list_devices(devices(0, "", "no cursor"));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Code::invalid);
}

TEST_P(StoreContract, devices_that_wait_for_approval_are_listed_by_themselves) {
  Texts waiting;
  std::vector<app::WriteOp> ops;
  for (int64_t n = 1; n <= 300; ++n) {
    auto device = sample_device("dev-" + std::to_string(n), n, 1 + n % 2);
    device.pending = n % 3 == 0;
    ops.push_back(app::PutDevice{device});
    if (device.pending) waiting.push_back(std::to_string(1 + n % 2) + ":" + device.key);
  }
  put(std::move(ops));
  std::sort(waiting.begin(), waiting.end());
  auto filter = devices(0, "");
  filter.pending = true;
  EXPECT_EQ(keys_of(filter), waiting);
  filter.limit = 7;
  EXPECT_EQ(keys_of(filter), Texts(waiting.begin(), waiting.begin() + 7));
  filter = devices(2, "dev-2");
  filter.pending = true;
  for (const auto& key : keys_of(filter)) EXPECT_TRUE(key.starts_with("2:dev-2")) << key;
  const auto by_tenant = std::vector{std::pair(domain::TenantId(1), int64_t{50}),
                                     std::pair(domain::TenantId(2), int64_t{50})};
  EXPECT_EQ(store().high_water()->pending_of, by_tenant);
  // Approved and erased ones are not there any more.
  auto approved = sample_device("dev-3", 3, 2);
  approved.pending = false;
  put({app::PutDevice{approved}, app::Erase<domain::DeviceId>{sample_device("dev-6", 6, 1).id}});
  reopen();
  filter = devices(0, "", "", 1000);
  filter.pending = true;
  EXPECT_EQ(keys_of(filter).size(), 98U);
  EXPECT_EQ(store().high_water()->pending_of.at(0).second, 49);
}

TEST_P(StoreContract, paging_through_devices_meets_each_once) {
  std::vector<app::WriteOp> ops;
  Texts all;
  for (int64_t tenant = 1; tenant <= 2; ++tenant) {
    for (int64_t n = 1; n <= 250; ++n) {
      const auto device = sample_device("key-" + std::to_string(n * 7919 % 1000), n, tenant);
      ops.push_back(app::PutDevice{device});
      all.push_back(std::to_string(tenant) + ":" + device.key);
    }
  }
  put(std::move(ops));
  std::sort(all.begin(), all.end());
  Texts met;
  auto filter = devices(0, "", "", 37);
  while (true) {
    const auto page = store().list_devices(filter);
    ASSERT_TRUE(page);
    if (page->empty()) break;
    for (const auto& row : *page) {
      met.push_back(std::to_string(row.device.tenant.value) + ":" + row.device.key);
    }
    const auto& last = page->back().device;
    filter.after = std::to_string(last.tenant.value) + "\n" + last.key;
  }
  EXPECT_EQ(met, all);
}

TEST_P(StoreContract, tasks_are_listed_newest_first_with_every_filter) {
  std::vector<domain::Task> all;
  std::vector<domain::Device> devices;
  for (int64_t n = 1; n <= 40; ++n) {
    const auto device = sample_device("dev-" + std::to_string(n % 10), 1 + n % 10, 1 + n % 2);
    auto task = sample_task(device, n, 1 + n % 3);
    task.state = static_cast<domain::TaskState>(n % 4);
    put({app::PutDevice{device}, task});
    devices.push_back(device);
    all.push_back(task);
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.id > b.id; });
  // Every combination of filters, against a plain scan.
  for (int mask = 0; mask < 32; ++mask) {
    app::TaskFilter filter;
    if (mask & 1) filter.tenant = domain::TenantId(2);
    if (mask & 2) filter.device = devices[6].id;
    if (mask & 4) filter.deployment = domain::DeploymentId(2);
    if (mask & 8) filter.state = domain::TaskState::downloading;
    if (mask & 16) filter.before_id = all[12].id.value;
    for (const size_t limit : {size_t{0}, size_t{1}, size_t{3}, size_t{100}, SIZE_MAX}) {
      filter.limit = limit;
      std::vector<int64_t> expected;
      for (const auto& task : all) {
        const auto device = **store().find_device(task.device);
        if (expected.size() < limit && (!filter.tenant || device.tenant == *filter.tenant) &&
            (!filter.device || task.device == *filter.device) &&
            (!filter.deployment || task.deployment == *filter.deployment) &&
            (!filter.state || task.state == *filter.state) &&
            (filter.before_id == 0 || task.id.value < filter.before_id)) {
          expected.push_back(task.id.value);
        }
      }
      EXPECT_EQ(task_ids(filter), expected) << "mask " << mask << " limit " << limit;
    }
  }
  EXPECT_EQ(*store().list_tasks({}), all);
}

TEST_P(StoreContract, the_log_of_a_device_keeps_the_newest_lines) {
  const auto device = sample_device("dev-1");
  const auto lines_max = base::limits::kDeviceLogLinesMax;
  std::vector<app::DeviceLogRow> rows;
  for (size_t i = 0; i < lines_max + 30; ++i) {
    // Times may stand still or go back: the order of writing counts.
    rows.push_back({device.id, Time{static_cast<int64_t>(i % 3)}, "oomi", std::to_string(i)});
    put({rows.back()});
  }
  std::reverse(rows.begin(), rows.end());
  EXPECT_EQ(*store().device_log(device.id, 2), (std::vector{rows[0], rows[1]}));
  EXPECT_TRUE(store().device_log(device.id, 0)->empty());
  rows.resize(lines_max);
  EXPECT_EQ(*store().device_log(device.id, SIZE_MAX), rows);
}

// --- High water ---------------------------------------------------------------------------------

TEST_P(StoreContract, high_water_names_the_highest_ids_per_bucket) {
  put({sample_tenant(3), sample_product(30), sample_product(4), sample_release(5),
       sample_package(6), sample_kit(7), sample_deployment(8), sample_credential(9),
       sample_user(10)});
  std::vector<int64_t> device_marks(base::kBucketCount, 0);
  std::vector<int64_t> task_marks(base::kBucketCount, 0);
  for (int64_t n = 1; n <= 600; ++n) {
    const auto device = sample_device("dev-" + std::to_string(n), n);
    const auto task = sample_task(device, 1000 - n);
    put({app::PutDevice{device}, task});
    auto& device_mark = device_marks[static_cast<size_t>(base::bucket_of(device.id))];
    device_mark = std::max(device_mark, device.id.value);
    auto& task_mark = task_marks[static_cast<size_t>(base::bucket_of(task.id))];
    task_mark = std::max(task_mark, task.id.value);
  }
  reopen();
  const auto high = store().high_water();
  ASSERT_TRUE(high);
  EXPECT_EQ(high->tenant, 3);
  EXPECT_EQ(high->product, 30);
  EXPECT_EQ(high->release, 5);
  EXPECT_EQ(high->package, 6);
  EXPECT_EQ(high->kit, 7);
  EXPECT_EQ(high->kit_item, 72);
  EXPECT_EQ(high->deployment, 8);
  EXPECT_EQ(high->credential, 9);
  EXPECT_EQ(high->user, 10);
  EXPECT_EQ(high->devices_of, (std::vector{std::pair(domain::TenantId(1), int64_t{600})}));
  EXPECT_EQ(high->pending_of, high->devices_of);
  EXPECT_EQ(high->device, device_marks);
  EXPECT_EQ(high->task, task_marks);
  EXPECT_EQ(high->device_count, 600);
}

// An id that was given out is never given out again, or old tokens and histories would point at
// something new.
TEST_P(StoreContract, high_water_does_not_fall_when_rows_are_erased) {
  const auto device = sample_device("dev-1", 5);
  put({sample_product(2), sample_release(2), sample_package(2), sample_kit(2), sample_deployment(2),
       sample_credential(2), sample_user(2), app::PutDevice{device}, sample_task(device, 9),
       sample_task(device, 8)});
  put({app::Erase<domain::ProductId>{domain::ProductId(2)},
       app::Erase<domain::ReleaseId>{domain::ReleaseId(2)},
       app::Erase<domain::PackageId>{domain::PackageId(2)},
       app::Erase<domain::KitId>{domain::KitId(2)},
       app::Erase<domain::DeploymentId>{domain::DeploymentId(2)},
       app::Erase<domain::CredentialId>{domain::CredentialId(2)},
       app::Erase<domain::UserId>{domain::UserId(2)}, app::Erase<domain::DeviceId>{device.id}});
  reopen();
  const auto high = store().high_water();
  ASSERT_TRUE(high);
  EXPECT_EQ(high->product, 2);
  EXPECT_EQ(high->release, 2);
  EXPECT_EQ(high->package, 2);
  EXPECT_EQ(high->kit, 2);
  EXPECT_EQ(high->kit_item, 22);
  EXPECT_EQ(high->deployment, 2);
  EXPECT_EQ(high->credential, 2);
  EXPECT_EQ(high->user, 2);
  const auto bucket = static_cast<size_t>(base::bucket_of(device.id));
  EXPECT_EQ(high->device[bucket], device.id.value);
  EXPECT_EQ(high->task[bucket], task_id(device.id, 9).value);
  EXPECT_EQ(high->device_count, 0);
}

TEST_P(StoreContract, ids_of_groups_and_imports_are_given_out_once) {
  put({sample_group(4), sample_import(6), sample_import_error(6, 1)});
  put({app::Erase<domain::GroupId>{domain::GroupId(4)}, app::EraseImport{6}});
  reopen();
  EXPECT_TRUE(store().load_catalogue()->groups.empty());
  EXPECT_TRUE(store().load_imports()->empty());
  EXPECT_TRUE(store().import_errors(6, 0, 10)->empty());
  EXPECT_EQ(store().high_water()->group, 4);
  EXPECT_EQ(store().high_water()->import, 6);
}

// --- Imports ------------------------------------------------------------------------------------

TEST_P(StoreContract, imports_and_their_errors_come_back) {
  auto running = sample_import(2);
  running.ended_at.reset();
  put({sample_import(3), running, sample_import_error(2, 2), sample_import_error(2, 1),
       sample_import_error(3, 1)});
  reopen();
  EXPECT_EQ(*store().load_imports(), (std::vector{running, sample_import(3)}));
  EXPECT_EQ(*store().import_errors(2, 0, 10),
            (std::vector{sample_import_error(2, 1), sample_import_error(2, 2)}));
  EXPECT_EQ(*store().import_errors(2, 1, 10), std::vector{sample_import_error(2, 2)});
  EXPECT_EQ(*store().import_errors(2, 0, 1), std::vector{sample_import_error(2, 1)});
  EXPECT_EQ(store().high_water()->import, 3);
}

TEST_P(StoreContract, items_that_a_kit_drops_keep_their_ids) {
  auto kit = sample_kit(3);
  put({kit});
  kit.items.erase(kit.items.begin());  // 32, the highest
  put({kit});
  EXPECT_EQ(store().load_catalogue()->kits, std::vector{kit});
  EXPECT_EQ(store().high_water()->kit_item, 32);
}

INSTANTIATE_TEST_SUITE_P(engines, StoreContract,
                         testing::ValuesIn(engines().begin(), engines().end()),
                         [](const auto& engine) { return std::string(engine.param.name); });

}  // namespace
}  // namespace otaru::store::contract
