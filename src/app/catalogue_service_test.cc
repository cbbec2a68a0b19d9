// SPDX-License-Identifier: Apache-2.0
#include "app/catalogue_service.h"

#include <thread>

#include "tests/support/service_world.h"

namespace otaru::app {
namespace {

using domain::kDefaultTenant;
using domain::ReleaseState;

class CatalogueServiceTest : public ServiceTest {
 protected:
  CatalogueServiceTest() {
    auto key = catalogue->first_start();
    EXPECT_TRUE(key.has_value() && key->has_value());
    admin_key = **key;
  }
  DeploymentChange newest(std::string_view name) {
    DeploymentChange with;
    with.name = std::string(name);
    with.target = domain::DeploymentTarget{};
    with.target->newest_in_channel = "stable";
    return with;
  }
  const domain::CatalogueRows& rows() { return engine->snapshot()->rows(); }
  std::string admin_key;
};

TEST_F(CatalogueServiceTest, FirstStartMakesOneKeyOnce) {
  const auto stored_secret = secrets.keyed_hash(kApiKeyPurpose, admin_key);
  const auto* row =
      engine->snapshot()->credential_by_secret(domain::CredentialKind::api_key, stored_secret);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(role_of(*row), domain::Role::admin);
  EXPECT_EQ(reach_of(*row), domain::Reach::server);
  EXPECT_EQ(row->tenant, kDefaultTenant);
  EXPECT_EQ(engine->snapshot()->tenant(kDefaultTenant)->name, "default");
  restart();
  const auto again = catalogue->first_start();
  ASSERT_TRUE(again.has_value());
  EXPECT_FALSE(again->has_value());
  for (const auto& line : stored()) EXPECT_EQ(line.find(admin_key), std::string::npos);
}

TEST_F(CatalogueServiceTest, AFailedFirstStartLeavesNothing) {
  store::MemoryStore other;
  EngineParts parts;
  parts.store = &other;
  parts.blobs = &blobs;
  parts.readers = &readers;
  parts.clock = &clock;
  parts.commit_mode = Committer::Mode::manual;
  Engine fresh(parts);
  ASSERT_TRUE(fresh.start().has_value());
  UploadService files(fresh, random);
  CatalogueService service(fresh, files, secrets, random);
  ASSERT_TRUE(service.start().has_value());
  other.fail_next_applies(1, {base::Code::unavailable, "the disk is full", {}});
  EXPECT_EQ(refusal(service.first_start()), "unavailable");
  EXPECT_TRUE(fresh.snapshot()->rows().tenants.empty());
  // The key is told before it is durable: nobody may be left with one that was never shown.
  EXPECT_EQ(refusal(service.first_start([&](const std::string&) {
              return base::fail(base::Code::unavailable, "nobody reads this", {});
            })),
            "unavailable");
  EXPECT_TRUE(fresh.snapshot()->rows().tenants.empty());
  const auto key = service.first_start();
  ASSERT_TRUE(key.has_value());
  EXPECT_TRUE(key->has_value());
}

TEST_F(CatalogueServiceTest, WhatIsThereIsThereAfterARestart) {
  const auto lamp = product("lamp");
  const auto one = published(lamp, "1.0");
  const auto two = draft(lamp, "2.0");
  PackageSpec delta;
  delta.release = two;
  delta.upload = upload("delta", "lamp-1.0-2.0.patch");
  delta.base_version = "1.0";
  ASSERT_TRUE(catalogue->create_package(kOperator, delta).has_value());
  KitChange kit;
  kit.version = "5";
  kit.releases = std::vector{one};
  ASSERT_TRUE(catalogue->create_kit(kOperator, kDefaultTenant, kit).has_value());
  ASSERT_TRUE(catalogue->create_deployment(kOperator, kDefaultTenant, newest("all")).has_value());
  ASSERT_TRUE(catalogue->put_setting(kOperator, "a.b", "c").has_value());
  const auto before = stored();
  const auto tenants = rows().tenants;
  const auto products = rows().products;
  const auto releases = rows().releases;
  const auto packages = rows().packages;
  const auto kits = rows().kits;
  const auto deployments = rows().deployments;
  const auto credentials = rows().credentials;
  const auto settings = rows().settings;
  restart();
  EXPECT_EQ(before, stored());
  EXPECT_EQ(tenants, rows().tenants);
  EXPECT_EQ(products, rows().products);
  EXPECT_EQ(releases, rows().releases);
  EXPECT_EQ(packages, rows().packages);
  EXPECT_EQ(kits, rows().kits);
  EXPECT_EQ(deployments, rows().deployments);
  EXPECT_EQ(credentials, rows().credentials);
  EXPECT_EQ(settings, rows().settings);
}

TEST_F(CatalogueServiceTest, IdsAreNeverUsedTwice) {
  const auto first = product("lamp");
  ASSERT_TRUE(catalogue->delete_product(kOperator, first).has_value());
  restart();
  EXPECT_GT(product("lamp").value, first.value);
}

TEST_F(CatalogueServiceTest, AFailedWriteChangesNothingAndLaterWorks) {
  const auto lamp = product("lamp");
  const auto one = draft(lamp, "1.0");
  const auto before = stored();
  const auto snapshot = engine->snapshot();
  ProductChange with;
  with.name = "other";
  ReleaseChange version;
  version.version = "3.0";
  PackageSpec spec;
  spec.release = one;
  spec.upload = upload("bytes");
  const auto after_upload = stored();
  KitChange kit;
  kit.version = "1";
  CredentialSpec key;
  key.tenant = kDefaultTenant;
  key.name = "second";
  const auto refused = [&](const auto& change) {
    fail_next_write();
    EXPECT_EQ(refusal(change()), "unavailable");
    EXPECT_EQ(stored(), after_upload);
    EXPECT_EQ(engine->snapshot(), snapshot);
  };
  refused([&] { return catalogue->create_tenant(kOperator, "acme"); });
  refused([&] { return catalogue->create_product(kOperator, kDefaultTenant, with); });
  refused([&] { return catalogue->update_product(kOperator, lamp, with); });
  refused([&] { return catalogue->delete_release(kOperator, one); });
  refused([&] { return catalogue->create_release(kOperator, lamp, version); });
  refused([&] { return catalogue->create_package(kOperator, spec); });
  refused([&] { return catalogue->create_kit(kOperator, kDefaultTenant, kit); });
  refused([&] { return catalogue->create_deployment(kOperator, kDefaultTenant, newest("all")); });
  refused([&] { return catalogue->create_credential(kOperator, key); });
  refused([&] { return catalogue->put_setting(kOperator, "x", "y"); });
  // The upload was not used up by the package that failed.
  EXPECT_TRUE(catalogue->create_package(kOperator, spec).has_value());
  EXPECT_EQ(product("other").value, lamp.value + 1);
}

TEST_F(CatalogueServiceTest, OperatorsAtOnce) {
  EngineParts parts;
  parts.store = &store;
  parts.blobs = &blobs;
  parts.readers = &readers;
  parts.clock = &clock;
  Engine threaded(parts);
  ASSERT_TRUE(threaded.start().has_value());
  base::SecureRandom any_thread;
  UploadService files(threaded, any_thread);
  CatalogueService service(threaded, files, secrets, any_thread);
  ASSERT_TRUE(files.start().has_value() && service.start().has_value());
  constexpr int kThreads = 4;
  constexpr int kEach = 20;
  std::vector<std::thread> people;
  for (int who = 0; who < kThreads; ++who) {
    people.emplace_back([&, who] {
      for (int i = 0; i < kEach; ++i) {
        ProductChange with;
        with.name = std::to_string(who) + "/" + std::to_string(i);
        const auto made = service.create_product(kOperator, kDefaultTenant, with);
        EXPECT_TRUE(made.has_value());
        EXPECT_NE(threaded.snapshot()->product(made->id), nullptr);
        UploadSpec spec;
        spec.size_bytes = 3;
        spec.file_name = "a.bin";
        const auto row = files.create(kOperator, spec)->row;
        auto piece = files.append(kOperator, row.id, 0);
        EXPECT_TRUE((*piece)->write("abc").has_value());
        EXPECT_TRUE((*piece)->finish().has_value());
        EXPECT_TRUE(files.sweep().has_value());
        EXPECT_TRUE(files.status(row.id).has_value());
      }
    });
  }
  for (auto& person : people) person.join();
  EXPECT_EQ(threaded.snapshot()->rows().products.size(), size_t{kThreads * kEach});
  restart();
  EXPECT_EQ(rows().products.size(), size_t{kThreads * kEach});
}

TEST_F(CatalogueServiceTest, TenantNames) {
  EXPECT_EQ(refusal(catalogue->create_tenant(kOperator, "acme")), "ok");
  EXPECT_EQ(refusal(catalogue->create_tenant(kOperator, "acme")), "conflict name");
  EXPECT_EQ(refusal(catalogue->create_tenant(kOperator, "")), "invalid name");
  EXPECT_EQ(refusal(catalogue->create_tenant(kOperator, "Acme")), "invalid name");
  EXPECT_EQ(refusal(catalogue->create_tenant(kOperator, "a.b")), "invalid name");
  EXPECT_EQ(refusal(catalogue->create_tenant(kOperator, "-a")), "invalid name");
  EXPECT_EQ(refusal(catalogue->create_tenant(kOperator, std::string(64, 'a'))), "too_large name");
}

TEST_F(CatalogueServiceTest, ProductsAreCheckedField) {
  ProductChange with;
  EXPECT_EQ(refusal(catalogue->create_product(kOperator, kDefaultTenant, with)), "invalid name");
  with.name = "";
  EXPECT_EQ(refusal(catalogue->create_product(kOperator, kDefaultTenant, with)), "invalid name");
  with.name = "lamp";
  EXPECT_EQ(refusal(catalogue->create_product(kOperator, domain::TenantId{9}, with)),
            "not_found tenant");
  with.model = std::string(256, 'x');
  EXPECT_EQ(refusal(catalogue->create_product(kOperator, kDefaultTenant, with)), "too_large model");
  with.model = "a\nb";
  EXPECT_EQ(refusal(catalogue->create_product(kOperator, kDefaultTenant, with)), "invalid model");
  with.model = "m1";
  with.manufacturer = "001";
  EXPECT_EQ(refusal(catalogue->create_product(kOperator, kDefaultTenant, with)), "invalid module");
  with.module = "00107";
  EXPECT_EQ(refusal(catalogue->create_product(kOperator, kDefaultTenant, with)), "ok");
  EXPECT_EQ(refusal(catalogue->create_product(kOperator, kDefaultTenant, with)), "conflict name");
  with.name = "other";
  EXPECT_EQ(refusal(catalogue->create_product(kOperator, kDefaultTenant, with)), "conflict module");
  with.type = domain::ProductType::software;
  EXPECT_EQ(refusal(catalogue->create_product(kOperator, kDefaultTenant, with)), "ok");
  EXPECT_EQ(refusal(catalogue->update_product(kOperator, domain::ProductId{77}, with)),
            "not_found product");
}

TEST_F(CatalogueServiceTest, ASchemeThatVersionsDoNotFitIsRefused) {
  const auto lamp = product("lamp");
  published(lamp, "1.0");
  ProductChange with;
  with.version_scheme = domain::VersionScheme::semver;
  EXPECT_EQ(refusal(catalogue->update_product(kOperator, lamp, with)), "invalid version_scheme");
  with.version_scheme = domain::VersionScheme::publish_order;
  EXPECT_EQ(refusal(catalogue->update_product(kOperator, lamp, with)), "ok");
  EXPECT_EQ(refusal(catalogue->delete_product(kOperator, lamp)), "precondition");
}

TEST_F(CatalogueServiceTest, ReleasesLive) {
  const auto lamp = product("lamp");
  ReleaseChange with;
  EXPECT_EQ(refusal(catalogue->create_release(kOperator, lamp, with)), "invalid version");
  with.version = "one";
  EXPECT_EQ(refusal(catalogue->create_release(kOperator, lamp, with)), "invalid version");
  with.version = "1.0";
  with.channel = "Stable!";
  EXPECT_EQ(refusal(catalogue->create_release(kOperator, lamp, with)), "invalid channel");
  with.channel = "stable";
  EXPECT_EQ(refusal(catalogue->create_release(kOperator, domain::ProductId{9}, with)),
            "not_found product");
  const auto one = catalogue->create_release(kOperator, lamp, with);
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(refusal(catalogue->create_release(kOperator, lamp, with)), "conflict version");
  // The same version for another language is another release.
  with.labels = domain::TextMap{{"language", "CN"}};
  EXPECT_EQ(refusal(catalogue->create_release(kOperator, lamp, with)), "ok");
  EXPECT_EQ(refusal(catalogue->publish_release(kOperator, one->id)), "precondition");
  package(one->id, "bytes");
  const auto done = catalogue->publish_release(kOperator, one->id);
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->sequence, 1);
  EXPECT_EQ(done->published_at, clock.now());
  EXPECT_EQ(refusal(catalogue->publish_release(kOperator, one->id)), "precondition");
  EXPECT_EQ(refusal(catalogue->delete_release(kOperator, one->id)), "precondition");
  ReleaseChange later;
  later.version = "1.1";
  EXPECT_EQ(refusal(catalogue->update_release(kOperator, one->id, later)), "precondition version");
  later = {};
  later.notes = domain::TextMap{{"en", "line\nline"}};
  later.security = true;
  EXPECT_EQ(refusal(catalogue->update_release(kOperator, one->id, later)), "ok");
  EXPECT_EQ(published(lamp, "2.0").value, one->id.value + 2);
  EXPECT_EQ(rows().releases.back().sequence, 2);
  EXPECT_EQ(catalogue->revoke_release(kOperator, one->id)->state, ReleaseState::revoked);
  EXPECT_EQ(refusal(catalogue->revoke_release(kOperator, one->id)), "precondition");
}

TEST_F(CatalogueServiceTest, ADraftGoesWithItsPackagesUnlessSomethingNamesIt) {
  const auto lamp = product("lamp");
  const auto one = draft(lamp, "1.0");
  package(one, "bytes");
  KitChange kit;
  kit.version = "1";
  kit.releases = std::vector{one};
  const auto made = catalogue->create_kit(kOperator, kDefaultTenant, kit);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(refusal(catalogue->delete_release(kOperator, one)), "precondition");
  EXPECT_EQ(refusal(catalogue->delete_kit(kOperator, made->id)), "ok");
  auto deployment = newest("d");
  deployment.target = domain::DeploymentTarget{one, {}, "", {}};
  const auto named = catalogue->create_deployment(kOperator, kDefaultTenant, deployment);
  ASSERT_TRUE(named.has_value());
  EXPECT_EQ(refusal(catalogue->delete_release(kOperator, one)), "precondition");
  EXPECT_EQ(refusal(catalogue->delete_deployment(kOperator, named->id)), "ok");
  EXPECT_EQ(refusal(catalogue->delete_release(kOperator, one)), "ok");
  EXPECT_TRUE(rows().packages.empty());
  EXPECT_EQ(refusal(catalogue->delete_product(kOperator, lamp)), "ok");
}

TEST_F(CatalogueServiceTest, PackagesAreMadeOfUploadsOrOfKnownFiles) {
  const auto lamp = product("lamp");
  const auto one = draft(lamp, "1.0");
  const auto two = draft(lamp, "2.0");
  PackageSpec spec;
  spec.release = one;
  EXPECT_EQ(refusal(catalogue->create_package(kOperator, spec)), "invalid upload");
  spec.upload = std::string(32, '0');
  EXPECT_EQ(refusal(catalogue->create_package(kOperator, spec)), "not_found upload");
  const auto unfinished = announced(5, "app.bin");
  spec.upload = unfinished->id;
  EXPECT_EQ(refusal(catalogue->create_package(kOperator, spec)), "precondition upload");
  spec.upload = upload("hello");
  const auto made = catalogue->create_package(kOperator, spec);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->digests.md5, "5d41402abc4b2a76b9719d911017c592");
  EXPECT_EQ(made->size_bytes, 5);
  EXPECT_EQ(made->file_name, "app.bin");
  EXPECT_EQ(refusal(catalogue->create_package(kOperator, spec)), "not_found upload");  // used up
  PackageSpec again;
  again.release = one;
  again.sha256 = made->digests.sha256;
  EXPECT_EQ(refusal(catalogue->create_package(kOperator, again)), "conflict release");
  again.release = two;
  again.file_name = "../etc/passwd";
  EXPECT_EQ(refusal(catalogue->create_package(kOperator, again)), "invalid file_name");
  again.file_name = "a;b";
  EXPECT_EQ(refusal(catalogue->create_package(kOperator, again)), "invalid file_name");
  again.file_name = "b.bin";
  again.base_version = "x";
  EXPECT_EQ(refusal(catalogue->create_package(kOperator, again)), "invalid base_version");
  again.base_version = "2.0";
  EXPECT_EQ(refusal(catalogue->create_package(kOperator, again)), "invalid base_version");
  again.base_version = "1.0";
  again.kind = domain::PackageKind::full;
  EXPECT_EQ(refusal(catalogue->create_package(kOperator, again)), "invalid base_version");
  again.kind.reset();
  again.permissions = {3, 1, 3};
  const auto delta = catalogue->create_package(kOperator, again);
  ASSERT_TRUE(delta.has_value());
  EXPECT_EQ(delta->kind, domain::PackageKind::delta);
  EXPECT_EQ(delta->permissions, (std::vector<int64_t>{1, 3}));
  again.sha256 = std::string(64, 'f');
  EXPECT_EQ(refusal(catalogue->create_package(kOperator, again)), "not_found sha256");
  again.sha256 = "zz";
  EXPECT_EQ(refusal(catalogue->create_package(kOperator, again)), "invalid sha256");
}

TEST_F(CatalogueServiceTest, AnotherTenantsFileIsNotKnownByItsHash) {
  const auto lamp = product("lamp");
  package(draft(lamp, "1.0"), "hello");
  const auto sha256 = rows().packages.front().digests.sha256;
  const auto acme = catalogue->create_tenant(kOperator, "acme");
  ProductChange with;
  with.name = "lamp";
  const auto theirs = catalogue->create_product(kOperator, acme->id, with);
  PackageSpec spec;
  spec.release = draft(theirs->id, "1.0");
  spec.sha256 = sha256;
  EXPECT_EQ(refusal(catalogue->create_package(kOperator, spec)), "not_found sha256");
}

TEST_F(CatalogueServiceTest, PackagesStayOnceTheirReleaseIsPublished) {
  const auto lamp = product("lamp");
  const auto one = draft(lamp, "1.0");
  const auto extra = package(one, "extra");
  package(one, "bytes");
  EXPECT_EQ(refusal(catalogue->delete_package(kOperator, extra)), "ok");
  ASSERT_TRUE(catalogue->publish_release(kOperator, one).has_value());
  const auto kept = rows().packages.front().id;
  EXPECT_EQ(refusal(catalogue->delete_package(kOperator, kept)), "precondition");
  PackageChange hide;
  hide.hidden = true;
  EXPECT_TRUE(catalogue->update_package(kOperator, kept, hide)->hidden);
  ASSERT_TRUE(catalogue->revoke_release(kOperator, one).has_value());
  PackageSpec late;
  late.release = one;
  late.upload = upload("late");
  EXPECT_EQ(refusal(catalogue->create_package(kOperator, late)), "precondition release");
}

TEST_F(CatalogueServiceTest, EveryChannelHasKitVersionsOfItsOwn) {
  KitChange with;
  with.version = "1.0";
  with.channel = "lamp-set";
  ASSERT_TRUE(catalogue->create_kit(kOperator, kDefaultTenant, with).has_value());
  EXPECT_EQ(refusal(catalogue->create_kit(kOperator, kDefaultTenant, with)), "conflict version");
  with.channel = "lab";
  const auto other = catalogue->create_kit(kOperator, kDefaultTenant, with);
  ASSERT_TRUE(other.has_value());
  KitChange move;
  move.channel = "lamp-set";
  EXPECT_EQ(refusal(catalogue->update_kit(kOperator, other->id, move)), "conflict version");
}

TEST_F(CatalogueServiceTest, KitsLive) {
  const auto lamp = product("lamp");
  const auto one = published(lamp, "1.0");
  const auto two = draft(lamp, "2.0");
  KitChange with;
  EXPECT_EQ(refusal(catalogue->create_kit(kOperator, kDefaultTenant, with)), "invalid version");
  with.version = "x";
  EXPECT_EQ(refusal(catalogue->create_kit(kOperator, kDefaultTenant, with)), "invalid version");
  with.version = "1.0";
  with.releases = std::vector{domain::ReleaseId{99}};
  EXPECT_EQ(refusal(catalogue->create_kit(kOperator, kDefaultTenant, with)), "not_found releases");
  with.releases = std::vector{one, two};
  EXPECT_EQ(refusal(catalogue->create_kit(kOperator, kDefaultTenant, with)), "invalid releases");
  with.releases = std::vector<domain::ReleaseId>{};
  const auto kit = catalogue->create_kit(kOperator, kDefaultTenant, with);
  ASSERT_TRUE(kit.has_value());
  EXPECT_EQ(refusal(catalogue->create_kit(kOperator, kDefaultTenant, with)), "conflict version");
  EXPECT_EQ(refusal(catalogue->publish_kit(kOperator, kit->id)), "precondition releases");
  KitChange more;
  more.releases = std::vector{two};
  ASSERT_TRUE(catalogue->update_kit(kOperator, kit->id, more).has_value());
  EXPECT_EQ(refusal(catalogue->publish_kit(kOperator, kit->id)), "precondition releases");
  more.releases = std::vector{one};
  const auto item = catalogue->update_kit(kOperator, kit->id, more)->items.front();
  EXPECT_EQ(catalogue->update_kit(kOperator, kit->id, more)->items.front(),
            item);  // kept, not made anew
  const auto done = catalogue->publish_kit(kOperator, kit->id);
  ASSERT_TRUE(done.has_value());
  EXPECT_FALSE(done->released_at.has_value()) << "devices are told null unless it was given";
  EXPECT_EQ(refusal(catalogue->update_kit(kOperator, kit->id, more)), "precondition releases");
  EXPECT_EQ(refusal(catalogue->delete_kit(kOperator, kit->id)), "precondition");
  EXPECT_EQ(catalogue->revoke_kit(kOperator, kit->id)->state, ReleaseState::revoked);
}

TEST_F(CatalogueServiceTest, DeploymentsAreChecked) {
  const auto lamp = product("lamp");
  const auto refused = [&](const DeploymentChange& with) {
    return refusal(catalogue->create_deployment(kOperator, kDefaultTenant, with));
  };
  EXPECT_EQ(refused({}), "invalid name");
  auto with = newest("d");
  with.target.reset();
  EXPECT_EQ(refused(with), "invalid target");
  with.target = domain::DeploymentTarget{};
  EXPECT_EQ(refused(with), "invalid target");
  with.target->release = domain::ReleaseId{5};
  EXPECT_EQ(refused(with), "not_found target.release");
  with.target->newest_in_channel = "stable";
  EXPECT_EQ(refused(with), "invalid target");
  with.target = domain::DeploymentTarget{{}, domain::KitId{4}, "", {}};
  EXPECT_EQ(refused(with), "not_found target.kit");
  with.target = domain::DeploymentTarget{draft(lamp, "1.0"), {}, "", lamp};
  EXPECT_EQ(refused(with), "invalid target.product");
  with.target = domain::DeploymentTarget{{}, {}, "stable", domain::ProductId{9}};
  EXPECT_EQ(refused(with), "not_found target.product");
  with = newest("d");
  with.power_min_percent = 101;
  EXPECT_EQ(refused(with), "invalid power_min_percent");
  with.power_min_percent = 10;
  with.attempts_max = 0;
  EXPECT_EQ(refused(with), "invalid attempts_max");
  with.attempts_max = 2;
  with.devices = std::vector<std::string>{"b", "a", "b"};
  with.everyone = true;
  EXPECT_EQ(refused(with), "invalid everyone");
  with.everyone.reset();
  with.devices->push_back("");
  EXPECT_EQ(refused(with), "invalid devices");
  with.devices->pop_back();
  const auto made = catalogue->create_deployment(kOperator, kDefaultTenant, with);
  ASSERT_TRUE(made.has_value());
  EXPECT_FALSE(made->everyone);
  EXPECT_EQ(made->device_keys, (domain::KeySet{"a", "b"}));
  EXPECT_EQ(refused(with), "conflict name");
  const auto changed = catalogue->change_devices(kOperator, made->id, {"c", "a"}, {"b", "x"});
  EXPECT_EQ(changed->device_keys, (domain::KeySet{"a", "c"}));
}

TEST_F(CatalogueServiceTest, ADeploymentsStates) {
  const auto lamp = product("lamp");
  const auto one = draft(lamp, "1.0");
  auto with = newest("d");
  with.target = domain::DeploymentTarget{one, {}, "", {}};
  const auto id = catalogue->create_deployment(kOperator, kDefaultTenant, with)->id;
  const auto act = [&](DeploymentAction action) {
    const auto done = catalogue->act(kOperator, id, action);
    return done ? std::string(name_of(done->state)) : refusal(done);
  };
  EXPECT_EQ(act(DeploymentAction::pause), "precondition");
  EXPECT_EQ(act(DeploymentAction::start), "precondition target.release");
  package(one, "bytes");
  ASSERT_TRUE(catalogue->publish_release(kOperator, one).has_value());
  DeploymentChange late;
  late.deadline = std::optional(clock.now());
  ASSERT_TRUE(catalogue->update_deployment(kOperator, id, late).has_value());
  EXPECT_EQ(act(DeploymentAction::start), "precondition deadline");
  late.deadline = std::optional<base::Time>();
  ASSERT_TRUE(catalogue->update_deployment(kOperator, id, late).has_value());
  EXPECT_EQ(act(DeploymentAction::start), "running");
  EXPECT_EQ(act(DeploymentAction::start), "precondition");
  EXPECT_EQ(refusal(catalogue->delete_deployment(kOperator, id)), "precondition");
  DeploymentChange other;
  other.target = with.target;
  other.target->release = draft(lamp, "2.0");
  EXPECT_EQ(refusal(catalogue->update_deployment(kOperator, id, other)), "precondition target");
  other.target.reset();
  other.priority = 7;
  EXPECT_EQ(catalogue->update_deployment(kOperator, id, other)->priority, 7);
  EXPECT_EQ(refusal(catalogue->change_devices(kOperator, id, {"a"}, {})), "precondition everyone");
  EXPECT_EQ(act(DeploymentAction::pause), "paused");
  EXPECT_EQ(act(DeploymentAction::resume), "running");
  EXPECT_EQ(act(DeploymentAction::finish), "finished");
  EXPECT_EQ(act(DeploymentAction::cancel), "precondition");
  EXPECT_EQ(refusal(catalogue->update_deployment(kOperator, id, other)), "precondition");
}

TEST_F(CatalogueServiceTest, CredentialsShowTheirSecretOnce) {
  using Kind = domain::CredentialKind;
  const auto make = [&](Kind kind, std::optional<std::string> secret = std::nullopt) {
    CredentialSpec spec;
    spec.tenant = kDefaultTenant;
    spec.kind = kind;
    spec.name = "of " + std::string(name_of(kind));
    spec.secret = std::move(secret);
    return catalogue->create_credential(kOperator, spec);
  };
  const auto api = make(Kind::api_key);
  EXPECT_EQ(api->credential.secret, secrets.keyed_hash(kApiKeyPurpose, api->secret));
  EXPECT_EQ(role_of(api->credential), domain::Role::operator_);
  EXPECT_EQ(reach_of(api->credential), domain::Reach::tenant);
  const auto client = make(Kind::oauth_client, "secret_1");
  EXPECT_EQ(client->secret, "secret_1");
  EXPECT_TRUE(secrets.matches(kOauthSecretPurpose, "secret_1", client->credential.secret));
  const auto account = make(Kind::oomi_account);
  EXPECT_EQ(account->secret.size(), 32U);
  EXPECT_TRUE(secrets.matches(kOomiTokenPurpose, account->secret, account->credential.secret));
  const auto gateway = make(Kind::hawkbit_gateway);
  EXPECT_EQ(gateway->credential.secret,
            secrets.keyed_hash(kHawkbitGatewayPurpose, gateway->secret));
  EXPECT_EQ(engine->snapshot()
                ->credential_by_secret(Kind::hawkbit_gateway, gateway->credential.secret)
                ->id,
            gateway->credential.id);
  const auto product = make(Kind::onenet_product);
  EXPECT_EQ(*secrets.unseal_text(product->credential.secret), product->secret);
  const auto basic = make(Kind::download_basic, "pw");
  EXPECT_EQ(*secrets.unseal_text(basic->credential.secret), "pw");
  for (const auto& line : stored()) {
    for (const auto& secret : {api->secret, account->secret, product->secret, client->secret,
                               gateway->secret}) {
      EXPECT_EQ(line.find(secret), std::string::npos);
    }
  }
  EXPECT_EQ(refusal(make(Kind::oauth_client)), "conflict name");
  EXPECT_EQ(refusal(make(Kind::oauth_user, "")), "invalid secret");
  const auto rotated = catalogue->rotate_credential(kOperator, api->credential.id, std::nullopt);
  ASSERT_TRUE(rotated.has_value());
  EXPECT_NE(rotated->secret, api->secret);
  EXPECT_EQ(engine->snapshot()->credential_by_secret(Kind::api_key, api->credential.secret),
            nullptr);
  EXPECT_EQ(refusal(catalogue->rotate_credential(kOperator, product->credential.id, "not base64!")),
            "invalid secret");
  EXPECT_EQ(refusal(catalogue->rotate_credential(kOperator, api->credential.id, "short")),
            "invalid secret");
  // Two keys of one secret would be one key.
  EXPECT_EQ(refusal(catalogue->rotate_credential(kOperator, api->credential.id, admin_key)),
            "conflict secret");
}

TEST_F(CatalogueServiceTest, TheLastAdminKeyStays) {
  const auto id = rows().credentials.front().id;
  CredentialChange disable;
  disable.disabled = true;
  CredentialChange demote;
  demote.attributes = {{"role", "viewer"}};
  CredentialChange forget;
  forget.attributes = {{"role", std::nullopt}};
  EXPECT_EQ(refusal(catalogue->delete_credential(kOperator, id)), "precondition");
  EXPECT_EQ(refusal(catalogue->update_credential(kOperator, id, disable)), "precondition");
  EXPECT_EQ(refusal(catalogue->update_credential(kOperator, id, demote)), "precondition");
  EXPECT_EQ(refusal(catalogue->update_credential(kOperator, id, forget)), "precondition");
  CredentialSpec second;
  second.tenant = kDefaultTenant;
  second.name = "second";
  second.attributes = {{"role", "king"}};
  EXPECT_EQ(refusal(catalogue->create_credential(kOperator, second)), "invalid attributes.role");
  second.attributes = {{"role", "admin"}, {"scope", "world"}};
  EXPECT_EQ(refusal(catalogue->create_credential(kOperator, second)), "invalid attributes.scope");
  // An admin of one tenant could not mend the server.
  second.attributes = {{"role", "admin"}, {"scope", "tenant"}};
  ASSERT_TRUE(catalogue->create_credential(kOperator, second).has_value());
  EXPECT_EQ(refusal(catalogue->delete_credential(kOperator, id)), "precondition");
  second.name = "third";
  second.attributes = {{"role", "admin"}};
  ASSERT_TRUE(catalogue->create_credential(kOperator, second).has_value());
  EXPECT_EQ(refusal(catalogue->update_credential(kOperator, id, disable)), "ok");
  EXPECT_EQ(refusal(catalogue->delete_credential(kOperator, id)), "ok");
}

TEST_F(CatalogueServiceTest, Settings) {
  EXPECT_EQ(refusal(catalogue->put_setting(kOperator, "Bad", "x")), "invalid name");
  EXPECT_EQ(refusal(catalogue->put_setting(kOperator, "a", std::string(6501, 'x'))),
            "too_large value");
  for (size_t i = 0; i < base::limits::kSettingsMax; ++i) {
    ASSERT_EQ(refusal(catalogue->put_setting(kOperator, "s" + std::to_string(i), "v")), "ok");
  }
  EXPECT_EQ(refusal(catalogue->put_setting(kOperator, "one-more", "v")), "exhausted");
  EXPECT_EQ(refusal(catalogue->put_setting(kOperator, "s0", "w")), "ok");
}

}  // namespace
}  // namespace otaru::app
