// SPDX-License-Identifier: Apache-2.0
#include "domain/snapshot.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/limits.h"
#include "domain/test_world.h"

namespace otaru::domain {
namespace {

// A catalogue in which everything is right, to be broken in one place.
TestWorld sound_world() {
  TestWorld w;
  Product& p = w.product("gateway");
  p.manufacturer = "001";
  p.module = "00107";
  Release& one = w.release(p, "1.0");
  Release& two = w.release(p, "2.0");
  w.full(one);
  w.full(two);
  w.delta(two, "1.0");
  w.kit("1.0.0.0", {two.id});
  w.newest();
  w.deploy(two);
  Credential& c = w.rows.credentials.emplace_back();
  c.id = CredentialId{1};
  c.tenant = kDefaultTenant;
  c.kind = CredentialKind::onenet_product;
  c.name = "123123";
  c.secret = "aa";
  return w;
}

std::string build_error(const std::function<void(TestWorld&)>& spoil,
                        base::Code code = base::Code::invalid) {
  TestWorld w = sound_world();
  EXPECT_TRUE(w.try_build().has_value());
  spoil(w);
  const base::Status status = w.try_build();
  EXPECT_FALSE(status.has_value());
  if (status) return {};
  EXPECT_EQ(status.error().code, code) << status.error().message;
  return status.error().message;
}

TEST(SnapshotBuild, NamesTheRowWithABrokenReference) {
  const auto error = [](auto spoil) { return build_error(spoil); };
  EXPECT_EQ(error([](TestWorld& w) { w.rows.products[0].tenant = TenantId{9}; }),
            "product 1: its tenant does not exist");
  EXPECT_EQ(error([](TestWorld& w) { w.rows.releases[1].product = ProductId{9}; }),
            "release 2: its product does not exist");
  EXPECT_EQ(error([](TestWorld& w) { w.rows.packages[2].release = ReleaseId{9}; }),
            "package 3: its release does not exist");
  EXPECT_EQ(error([](TestWorld& w) { w.rows.kits[0].tenant = TenantId{9}; }),
            "kit 1: its tenant does not exist");
  EXPECT_EQ(error([](TestWorld& w) { w.rows.kits[0].items[0].release = ReleaseId{9}; }),
            "kit 1: a release of it does not exist");
  EXPECT_EQ(error([](TestWorld& w) { w.rows.kits[0].tenant = TenantId{2}; }),
            "kit 1: a release of it belongs to another tenant");
  EXPECT_EQ(error([](TestWorld& w) { w.rows.deployments[0].tenant = TenantId{9}; }),
            "deployment 1: its tenant does not exist");
  EXPECT_EQ(error([](TestWorld& w) { w.rows.deployments[0].target.product = ProductId{9}; }),
            "deployment 1: its product does not exist");
  EXPECT_EQ(error([](TestWorld& w) { w.rows.deployments[1].target.release = ReleaseId{9}; }),
            "deployment 2: its release does not exist");
  EXPECT_EQ(error([](TestWorld& w) { w.rows.deployments[1].tenant = TenantId{2}; }),
            "deployment 2: its release belongs to another tenant");
  EXPECT_EQ(error([](TestWorld& w) {
              w.rows.deployments[1].target = {};
              w.rows.deployments[1].target.kit = KitId{9};
            }),
            "deployment 2: its kit does not exist");
  EXPECT_EQ(error([](TestWorld& w) { w.rows.credentials[0].tenant = TenantId{9}; }),
            "credential 1: its tenant does not exist");
}

TEST(SnapshotBuild, RefusesWhatIsTaken) {
  const auto error = [](auto spoil) { return build_error(spoil); };
  EXPECT_EQ(error([](TestWorld& w) { w.rows.tenants[1].name = "default"; }),
            "tenant 2: its name is taken");
  EXPECT_EQ(error([](TestWorld& w) { w.product("gateway"); }),
            "product 2: its name, model and feature are taken");
  EXPECT_EQ(error([](TestWorld& w) {
              Product& p = w.product("other");
              p.manufacturer = "001";
              p.module = "00107";
            }),
            "product 2: its manufacturer, module and type are taken");
  EXPECT_EQ(error([](TestWorld& w) {
              w.rows.credentials.push_back(w.rows.credentials[0]);
              w.rows.credentials[1].id = CredentialId{2};
              w.rows.credentials[1].tenant = TenantId{2};
            }),
            "credential 2: its name is taken");
  EXPECT_EQ(error([](TestWorld& w) {
              w.kit("2", {ReleaseId{1}, ReleaseId{2}});
            }),
            "kit 2: it has two releases of one product");
}

TEST(SnapshotBuild, AcceptsEqualNamesWhereTheyMeanDifferentThings) {
  TestWorld w = sound_world();
  Product& variant = w.product("gateway");
  variant.feature = "zwave_freq_29";
  Product& model = w.product("gateway");
  model.model = "2";
  Product& foreign = w.product("gateway");
  foreign.tenant = TenantId{2};
  Product& software = w.product("app");
  software.manufacturer = "001";
  software.module = "00107";
  software.type = ProductType::software;
  // Operators' keys are found by their secret; names of them repeat.
  for (int64_t i = 2; i <= 3; ++i) {
    Credential& key = w.rows.credentials.emplace_back();
    key.id = CredentialId{i};
    key.tenant = kDefaultTenant;
    key.name = "laptop";
    key.secret = "s" + std::to_string(i);
  }
  EXPECT_TRUE(w.try_build().has_value()) << w.try_build().error().message;
}

TEST(SnapshotBuild, ChecksVersionsAndDeltas) {
  const auto error = [](auto spoil) { return build_error(spoil); };
  EXPECT_EQ(error([](TestWorld& w) { w.rows.releases[0].version = "one"; }),
            "release 1: version 'one' has a part that is not a number (scheme dotted)");
  EXPECT_EQ(error([](TestWorld& w) { w.rows.packages[2].base_version = "one"; }),
            "package 3: its base version does not fit the product's version scheme");
  EXPECT_EQ(error([](TestWorld& w) { w.rows.packages[2].base_version = ""; }),
            "package 3: its base version does not fit the product's version scheme");
  EXPECT_EQ(error([](TestWorld& w) { w.rows.packages[2].base_version = "V2"; }),
            "package 3: its base version is not older than its release");
  EXPECT_EQ(error([](TestWorld& w) { w.rows.packages[2].base_version = "2.1"; }),
            "package 3: its base version is not older than its release");
  EXPECT_EQ(error([](TestWorld& w) { w.rows.packages[0].base_version = "0.9"; }),
            "package 1: a full package has no base version");
  EXPECT_EQ(error([](TestWorld& w) { w.rows.kits[0].version = "spring"; }),
            "kit 1: its version 'spring' is not a dotted number");
}

TEST(SnapshotBuild, ChecksPublishOrder) {
  TestWorld w;
  Product& p = w.product("blob", VersionScheme::publish_order);
  Release& a = w.release(p, "apple");
  Release& b = w.release(p, "pear");
  w.delta(b, "apple");
  w.delta(b, "never published here");
  EXPECT_TRUE(w.try_build().has_value());
  w.rows.packages[0].base_version = "pear";
  EXPECT_EQ(w.try_build().error().message,
            "package 1: its base version is not older than its release");
  w.rows.packages[0].base_version = "apple";
  a.sequence = 3;
  EXPECT_EQ(w.try_build().error().message,
            "package 1: its base version is not older than its release");
  a.sequence = 0;
  EXPECT_EQ(w.try_build().error().message,
            "release 1: it is published but has no sequence (scheme publish_order)");
}

TEST(SnapshotBuild, ATargetIsExactlyOneThing) {
  const auto error = [](auto spoil) { return build_error(spoil); };
  const std::string one = "deployment 2: it must name exactly one of release, kit and channel";
  EXPECT_EQ(error([](TestWorld& w) { w.rows.deployments[1].target = {}; }), one);
  EXPECT_EQ(error([](TestWorld& w) { w.rows.deployments[1].target.kit = KitId{1}; }), one);
  EXPECT_EQ(error([](TestWorld& w) { w.rows.deployments[1].target.newest_in_channel = "x"; }), one);
  EXPECT_EQ(error([](TestWorld& w) { w.rows.deployments[1].target.product = ProductId{1}; }),
            "deployment 2: a product is only named together with a channel");
}

TEST(SnapshotBuild, HasLimits) {
  namespace limits = base::limits;
  EXPECT_EQ(build_error([](TestWorld& w) { w.rows.products[0].name.assign(256, 'x'); },
                        base::Code::too_large),
            "product 1: a text is longer than 255 bytes");
  EXPECT_EQ(build_error(
                [](TestWorld& w) {
                  w.rows.releases[0].notes = {{"en", std::string(limits::kTextBytesMax + 1, 'x')}};
                },
                base::Code::too_large),
            "release 1: a text is longer than 6500 bytes");
  EXPECT_EQ(
      build_error(
          [](TestWorld& w) {
            w.rows.deployments[0].device_keys = {std::string(limits::kDeviceKeyBytesMax + 1, 'x')};
          },
          base::Code::too_large),
      "deployment 1: a device key is longer than 128 bytes");
  EXPECT_EQ(
      build_error([](TestWorld& w) { w.rows.packages[0].size_bytes = -1; }, base::Code::too_large),
      "package 1: its size is out of range");
  EXPECT_EQ(build_error(
                [](TestWorld& w) {
                  while (w.rows.tenants.size() <= limits::kTenantsMax) {
                    const auto id = static_cast<int64_t>(w.rows.tenants.size() + 1);
                    w.rows.tenants.push_back(Tenant{TenantId{id}, "t" + std::to_string(id), {}});
                  }
                },
                base::Code::exhausted),
            "more than 1000 rows of tenant");
  EXPECT_EQ(build_error([](TestWorld& w) { w.rows.releases[1].id = ReleaseId{1}; }),
            "release 1: ids must be positive, ascending");
}

TEST(Snapshot, FindsWhatDevicesName) {
  TestWorld w;
  Product& plain = w.product("OOMI_Cube_Zwave");
  Product& variant = w.product("OOMI_Cube_Zwave");
  variant.feature = "zwave_freq_29";
  Product& second = w.product("OOMI_Cube_Zwave");
  second.model = "2";
  second.manufacturer = "001";
  second.module = "00107";
  const Snapshot& s = w.build();
  const auto by_name = [&](std::string_view name, std::string_view feature,
                           std::optional<std::string_view> model = std::nullopt) {
    const CompiledProduct* found = s.product(kDefaultTenant, name, feature, model);
    return found == nullptr ? ProductId{} : found->product->id;
  };
  EXPECT_EQ(by_name("OOMI_Cube_Zwave", ""), plain.id);
  EXPECT_EQ(by_name("OOMI_Cube_Zwave", "", "2"), second.id);
  EXPECT_EQ(by_name("OOMI_Cube_Zwave", "", "3"), ProductId{});
  EXPECT_EQ(by_name("OOMI_Cube_Zwave", "zwave_freq_29"), variant.id);
  EXPECT_EQ(by_name("oomi_cube_zwave", ""), ProductId{});
  EXPECT_EQ(s.product(TenantId{2}, "OOMI_Cube_Zwave", ""), nullptr);
  EXPECT_EQ(s.product(kDefaultTenant, "001", "00107", ProductType::firmware)->product->id,
            second.id);
  EXPECT_EQ(s.product(kDefaultTenant, "001", "00107", ProductType::software), nullptr);
  EXPECT_EQ(s.product(TenantId{2}, "001", "00107", ProductType::firmware), nullptr);
  EXPECT_EQ(s.product(kDefaultTenant, "", "", ProductType::firmware), nullptr);
  EXPECT_EQ(s.products_of(kDefaultTenant).size(), 3u);
  EXPECT_TRUE(s.products_of(TenantId{2}).empty());
  EXPECT_TRUE(s.products_of(TenantId{9}).empty());
  EXPECT_EQ(s.tenant("default")->id, kDefaultTenant);
  EXPECT_EQ(s.tenant("Default"), nullptr);
  EXPECT_EQ(s.tenant(TenantId{2})->name, "other");
}

TEST(Snapshot, FindsReleasesPackagesAndCredentials) {
  TestWorld w = sound_world();
  w.rows.releases[0].state = ReleaseState::revoked;
  Release& again = w.release(w.rows.products[0], "1.0");
  Release& draft = w.release(w.rows.products[0], "3.0");
  draft.state = ReleaseState::draft;
  const Snapshot& s = w.build();
  EXPECT_EQ(s.release(ProductId{1}, "1.0")->id, again.id);
  EXPECT_EQ(s.release(ProductId{1}, "3.0")->id, draft.id);
  EXPECT_EQ(s.release(ProductId{1}, "3"), nullptr);
  EXPECT_EQ(s.release(ProductId{2}, "1.0"), nullptr);
  EXPECT_EQ(s.release(ReleaseId{1})->state, ReleaseState::revoked);
  EXPECT_EQ(s.release(ReleaseId{99}), nullptr);
  EXPECT_EQ(s.package(PackageId{3})->base_version, "1.0");
  EXPECT_EQ(s.package(PackageId{4}), nullptr);
  EXPECT_EQ(s.kit(KitId{1})->version, "1.0.0.0");
  EXPECT_EQ(s.deployment(DeploymentId{2})->deployment->name, "d2");
  EXPECT_EQ(s.deployment(DeploymentId{3}), nullptr);
  EXPECT_EQ(s.credential(CredentialKind::onenet_product, "123123")->id, CredentialId{1});
  EXPECT_EQ(s.credential(CredentialKind::oauth_user, "123123"), nullptr);
  EXPECT_EQ(s.credential_by_secret(CredentialKind::onenet_product, "aa")->id, CredentialId{1});
  EXPECT_EQ(s.credential_by_secret(CredentialKind::onenet_product, ""), nullptr);
  EXPECT_EQ(s.credential(CredentialId{1})->name, "123123");
  EXPECT_EQ(s.credential(CredentialId{2}), nullptr);
}

TEST(Snapshot, RanksReportedVersions) {
  TestWorld w;
  Product& p = w.product("gateway");
  w.release(p, "2.0");
  w.release(p, "V1.02");
  w.release(p, "9").state = ReleaseState::draft;
  w.full(w.release(p, "3"));
  w.delta(w.rows.releases[3], "2.5");
  const CompiledProduct& compiled = *w.build().product(p.id);
  ASSERT_EQ(compiled.releases.size(), 3u);
  EXPECT_EQ(compiled.releases[0].release->version, "V1.02");
  EXPECT_EQ(compiled.releases[2].packages.size(), 2u);
  const auto rank = [&](std::string_view text) { return compiled.rank_of(text).value_or(-9); };
  EXPECT_EQ(rank(""), -1);
  EXPECT_EQ(rank("1.1.9"), -1);
  EXPECT_EQ(rank("1.2"), 0);
  EXPECT_EQ(rank("1.3"), 0);
  EXPECT_EQ(rank("v2.0.0"), 1);
  EXPECT_EQ(rank("2.5"), 1);
  EXPECT_EQ(rank("2.6"), 1);
  EXPECT_EQ(rank("3"), 2);
  EXPECT_EQ(rank("9"), 2);
  EXPECT_EQ(rank("x"), -9);
  const Release& draft = w.snapshot->rows().releases[2];
  EXPECT_EQ(compiled.compare(draft, "8").value(), 1);
  EXPECT_EQ(compiled.compare(draft, "9.0").value(), 0);
  EXPECT_EQ(compiled.compare(draft, "10").value(), -1);
  EXPECT_EQ(compiled.compare(draft, "").value(), 1);
  EXPECT_EQ(compiled.compare(draft, "x").error().code, base::Code::invalid);
}

TEST(Snapshot, OfEqualVersionsTheLaterPublishedIsNewer) {
  TestWorld w;
  Product& p = w.product("gateway");
  Release& late = w.release(p, "V2.0");
  Release& early = w.release(p, "2");
  late.sequence = 9;
  early.sequence = 4;
  const CompiledProduct& compiled = *w.build().product(p.id);
  EXPECT_EQ(compiled.releases[1].release->id, late.id);
  EXPECT_EQ(compiled.rank_of("2.0").value(), 1);
  early.sequence = 9;
  EXPECT_EQ(w.build().product(p.id)->releases[1].release->id, early.id);
}

TEST(Snapshot, RanksByOrderOfPublishing) {
  TestWorld w;
  Product& p = w.product("blob", VersionScheme::publish_order);
  w.release(p, "pear").sequence = 1;
  w.release(p, "apple").sequence = 5;
  w.release(p, "plum").sequence = 3;
  w.rows.releases[2].state = ReleaseState::revoked;
  const CompiledProduct& compiled = *w.build().product(p.id);
  ASSERT_EQ(compiled.releases.size(), 2u);
  EXPECT_EQ(compiled.rank_of("pear").value(), 0);
  EXPECT_EQ(compiled.rank_of("apple").value(), 1);
  // A revoked release keeps its place; what was never published here is older than all.
  EXPECT_EQ(compiled.rank_of("plum").value(), 0);
  EXPECT_EQ(compiled.rank_of("fig").value(), -1);
  EXPECT_EQ(compiled.rank_of("Pear").value(), -1);
  EXPECT_EQ(compiled.compare(*compiled.releases[0].release, "plum").value(), -1);
  EXPECT_EQ(compiled.compare(*compiled.releases[0].release, "fig").value(), 1);
  EXPECT_EQ(compiled.compare(*compiled.releases[0].release, "pear").value(), 0);
}

TEST(Snapshot, OrdersDeploymentsAndKits) {
  TestWorld w;
  Product& p = w.product("a");
  Product& q = w.product("b");
  Release& r = w.release(p, "1");
  Kit& new_kit = w.kit("2.10", {r.id});
  Kit& old_kit = w.kit("2.9", {r.id});
  w.kit("3", {r.id}).state = ReleaseState::draft;
  w.newest().priority = 1;                      // 1
  w.deploy(r);                                  // 2
  w.deploy(new_kit).priority = 7;               // 3
  w.newest().target.product = q.id;             // 4
  w.deploy(r).state = DeploymentState::paused;  // 5
  w.deploy(r).state = DeploymentState::draft;   // 6
  w.deploy(r);                                  // 7
  const Snapshot& s = w.build();
  const auto ids = [](const auto& list) {
    std::vector<int64_t> out;
    for (const CompiledDeployment* entry : list) out.push_back(entry->deployment->id.value);
    return out;
  };
  EXPECT_EQ(ids(s.product(p.id)->running), (std::vector<int64_t>{3, 1, 7, 2}));
  EXPECT_EQ(ids(s.product(p.id)->paused), (std::vector<int64_t>{5}));
  EXPECT_EQ(ids(s.product(q.id)->running), (std::vector<int64_t>{1, 4}));
  EXPECT_EQ(ids(s.running_of(kDefaultTenant)), (std::vector<int64_t>{3, 1, 7, 4, 2}));
  EXPECT_EQ(ids(s.running_kits_of(kDefaultTenant)), (std::vector<int64_t>{3, 1}));
  EXPECT_TRUE(s.running_of(TenantId{2}).empty());
  ASSERT_EQ(s.kits_of(kDefaultTenant).size(), 2u);
  EXPECT_EQ(s.kits_of(kDefaultTenant)[0]->id, old_kit.id);
}

TEST(Snapshot, NamesTheDeploymentsThatListADevice) {
  TestWorld w = sound_world();
  const Deployment pattern = w.rows.deployments[0];
  w.rows.deployments.clear();
  for (int64_t i = 1; i <= 50; ++i) {
    Deployment row = pattern;
    row.id = DeploymentId{i};
    row.name = "d" + std::to_string(i);
    row.state = i == 7 ? DeploymentState::paused : DeploymentState::running;
    row.priority = i == 3 ? 5 : 0;
    row.everyone = i == 9;
    row.device_keys = i == 9 ? KeySet{} : i % 2 == 1 ? KeySet{"odd", "all"} : KeySet{"all"};
    w.rows.deployments.push_back(row);
  }
  const Snapshot& s = w.build();
  const auto ids_for = [&](std::string_view key) {
    std::vector<int64_t> out;
    for (const CompiledDeployment* compiled : s.listing(kDefaultTenant, key)) {
      out.push_back(compiled->deployment->id.value);
    }
    return out;
  };
  const std::vector<int64_t> odd = ids_for("odd");
  ASSERT_EQ(odd.size(), 23u);  // without the paused one and the one for everyone
  EXPECT_EQ(odd[0], 3);
  EXPECT_EQ(odd[1], 49);
  EXPECT_EQ(odd.back(), 1);
  // Of more than fit the first.
  EXPECT_EQ(ids_for("all").size(), 32u);
  EXPECT_EQ(ids_for("all")[1], 50);
  EXPECT_TRUE(ids_for("nobody").empty());
  const Listing elsewhere = s.listing(TenantId{77}, "odd");
  EXPECT_EQ(elsewhere.begin(), elsewhere.end());
}

TEST(Snapshot, ExplicitAudienceIsExact) {
  TestWorld w = sound_world();
  Deployment& d = w.rows.deployments[0];
  d.everyone = false;
  d.device_keys = {"b", "a", "c", "a"};
  const Snapshot& s = w.build();
  const CompiledDeployment& listed = *s.deployment(d.id);
  for (const std::string_view key : {"a", "b", "c"}) EXPECT_TRUE(listed.has_device(key));
  for (const std::string_view key : {"", "A", "ab", "d"}) EXPECT_FALSE(listed.has_device(key));
  EXPECT_EQ(listed.deployment->device_keys.keys(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(s.deployment(DeploymentId{2})->has_device("anyone"));
}

TEST(Snapshot, people_are_found_and_are_who_they_are) {
  CatalogueRows rows;
  rows.tenants = {{TenantId(1), "default", {}}};
  User bo;
  bo.id = UserId(1);
  bo.tenant = TenantId(1);
  bo.name = "bo";
  bo.link_hash = "aa";
  User al;
  al.id = UserId(2);
  al.name = "al";
  al.oidc_issuer = "https://id.example.com";
  al.oidc_subject = "7";
  rows.users = {bo, al};
  const auto snapshot = Snapshot::build(rows);
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_EQ((*snapshot)->user("bo")->id, bo.id);
  EXPECT_EQ((*snapshot)->user(UserId(2))->name, "al");
  EXPECT_EQ((*snapshot)->user_by_link("aa")->id, bo.id);
  EXPECT_EQ((*snapshot)->user_by_link(""), nullptr);
  EXPECT_EQ((*snapshot)->user_by_subject("https://id.example.com", "7")->id, al.id);
  EXPECT_EQ((*snapshot)->user_by_subject("https://other.example.com", "7"), nullptr);
  EXPECT_EQ((*snapshot)->user_by_subject("", ""), nullptr);
  EXPECT_EQ(bo.reach(), Reach::tenant);
  EXPECT_EQ(al.reach(), Reach::server);
  const auto broken = [&](const std::function<void(CatalogueRows&)>& change) {
    auto wrong = rows;
    change(wrong);
    return !Snapshot::build(wrong).has_value();
  };
  EXPECT_TRUE(broken([](auto& wrong) { wrong.users[1].name = "bo"; }));
  EXPECT_TRUE(broken([](auto& wrong) { wrong.users[1].name = ""; }));
  EXPECT_TRUE(broken([](auto& wrong) { wrong.users[1].tenant = TenantId(9); }));
  EXPECT_TRUE(broken([](auto& wrong) {
    wrong.users[0].oidc_issuer = wrong.users[1].oidc_issuer;
    wrong.users[0].oidc_subject = wrong.users[1].oidc_subject;
  }));
}

TEST(SnapshotFiles, AreFoundByTheirContent) {
  TestWorld w = sound_world();
  const auto name = [&](size_t i) {
    Package& row = w.rows.packages[i];
    row.digests.sha256 = std::string(63, 'a') + std::to_string(i);
    row.file_name = "file-" + std::to_string(i);
    return row.digests.sha256;
  };
  const std::string open = name(0);
  const std::string hidden = name(1);
  const std::string guarded = name(2);
  w.rows.packages[1].hidden = true;
  w.rows.packages[2].permissions = {7};
  ASSERT_TRUE(w.try_build());
  const auto found = [&](TenantId tenant, std::string_view sha256, std::string_view file) {
    return w.build().package(tenant, sha256, file) != nullptr;
  };
  EXPECT_TRUE(found(kDefaultTenant, open, "file-0"));
  EXPECT_TRUE(found(kDefaultTenant, hidden, "file-1")) << "never offered, but for who asks";
  EXPECT_FALSE(found(kDefaultTenant, guarded, "file-2")) << "not for everybody";
  EXPECT_FALSE(found(kDefaultTenant, open, "file-1"));
  EXPECT_FALSE(found(TenantId{2}, open, "file-0"));
  w.rows.releases[0].state = ReleaseState::revoked;
  EXPECT_FALSE(found(kDefaultTenant, open, "file-0"));
}

}  // namespace
}  // namespace otaru::domain
