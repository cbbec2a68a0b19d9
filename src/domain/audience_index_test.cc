// SPDX-License-Identifier: Apache-2.0
// The candidates of a check: a superset of the deployments that match, in their order, and few.
#include "domain/audience_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/random.h"
#include "domain/device_filter.h"
#include "domain/facts.h"
#include "domain/products_meant.h"
#include "domain/test_world.h"

namespace otaru::domain {
namespace {

using Ids = std::vector<int64_t>;

Ids candidates_of(const CompiledProduct& product, const Device& device, std::string_view version) {
  Ids out;
  AudienceIndex::Candidates candidates(product.running, product.running_index.get(), device,
                                       version);
  while (const CompiledDeployment* compiled = candidates.next()) {
    out.push_back(compiled->deployment->id.value);
  }
  return out;
}

// What the index has to find, said plainly. Exclusions and shares only take away.
bool means(const Snapshot& s, const CompiledProduct& product, const Deployment& row,
           const Device& device, const std::string& version) {
  bool member = row.everyone || row.device_keys.contains(device.key);
  for (const GroupId id : row.audience.groups) {
    member = member || is_member(s, *s.group(id), device, base::Time{1});
  }
  const auto filter = Filter::compile(row.audience.filter, device_words());
  EXPECT_TRUE(filter) << row.audience.filter;
  if (!member || !filter->matches(DeviceSubject(s, device, base::Time{1}))) return false;
  const auto& hardware = row.audience.hardware;
  const std::string own(facts::find(device.attributes, device.reported, facts::kHwVersion));
  if (!hardware.empty() && std::count(hardware.begin(), hardware.end(), own) == 0) return false;
  if (row.from_versions.empty()) return true;
  return std::any_of(row.from_versions.begin(), row.from_versions.end(), [&](const auto& from) {
    if (from == version) return true;
    if (from.empty() || version.empty()) return false;
    Release release;
    release.version = from;
    const auto order = product.compare(release, version);
    return order && *order == 0;
  });
}

class RandomAudience {
 public:
  explicit RandomAudience(uint64_t seed) : random_(seed) {
    const Product& product = w.product("p");
    for (const std::string_view version : {"1.0", "1.1", "2.0"})
      w.full(w.release(product, version));
    for (int64_t id = 1; id <= 5; ++id) {
      Group& group = w.rows.groups.emplace_back();
      group.id = GroupId{id};
      group.tenant = kDefaultTenant;
      group.name = "g" + std::to_string(id);
      if (chance(40)) group.filter = filter();
    }
    const size_t count = 1 + random_.below(40);
    for (size_t i = 0; i < count; ++i) add_deployment();
  }

  Device device() {
    Device out = w.device;
    out.key = key();
    out.door = pick({"onenet", "oomi", "operator"});
    for (int64_t id = 1; id <= 5; ++id) {
      if (chance(25)) out.groups.push_back(GroupId{id});
    }
    for (const std::string_view tag : {"lab", "old", "red"}) {
      if (chance(30)) out.tags.emplace_back(tag);
    }
    for (TextMap* map : {&out.attributes, &out.reported}) {
      if (chance(50)) set_text(*map, "site", value());
      if (chance(50)) set_text(*map, "hw_version", pick({"A", "B", "07", "7"}));
      if (chance(20)) set_text(*map, "other thing", value());
    }
    return out;
  }
  std::string version() { return pick({"1.0", "V1.00", "1.1", "01.1.0", "2.0", "3", "odd!", ""}); }
  TestWorld w;

 private:
  bool chance(uint64_t percent) { return random_.below(100) < percent; }
  std::string pick(std::vector<std::string> from) { return from[random_.below(from.size())]; }
  std::string key() { return "dev-" + std::to_string(random_.below(8)); }
  std::string value() { return pick({"7", "07", "east", "west", "-3", ""}); }

  std::string condition() {
    switch (random_.below(11)) {
      case 0:
        return "site == \"" + value() + "\"";
      case 1:
        return "set.site in (7, \"east\")";
      case 2:
        return "reported.site == 7";
      case 3:
        return "tag == \"" + pick({"lab", "old"}) + "\"";
      case 4:
        return "key in (\"" + key() + "\", \"" + key() + "\")";
      case 5:
        return "door == \"" + pick({"onenet", "oomi"}) + "\"";
      case 6:
        return "attribute.\"other thing\" != \"east\"";
      case 7:
        return "site > 3";
      case 8:
        return "group == \"g" + std::to_string(1 + random_.below(5)) + "\"";
      case 9:
        return "group in (\"g1\", \"g" + std::to_string(random_.below(9)) + "\")";
      default:
        return "not tag == \"red\"";
    }
  }
  std::string filter() {
    std::string out = condition();
    while (chance(45)) out = "(" + out + ")" + (chance(50) ? " and " : " or ") + condition();
    return out;
  }

  void add_deployment() {
    Deployment& row = w.deploy(w.rows.releases[random_.below(3)]);
    row.state = chance(90) ? DeploymentState::running : DeploymentState::paused;
    row.priority = static_cast<int64_t>(random_.below(3));
    row.everyone = chance(40);
    if (!row.everyone && chance(70)) {
      row.device_keys = chance(40) ? shared_ : KeySet{key(), key()};
      shared_ = row.device_keys;
    }
    if (!row.everyone && chance(40)) {
      row.audience.groups = {GroupId{static_cast<int64_t>(1 + random_.below(5))}};
      if (chance(30)) row.audience.groups.push_back(GroupId{5});
    }
    if (chance(40)) row.audience.filter = filter();
    if (chance(15)) row.audience.hardware = {"A", pick({"7", "", "B"})};
    if (chance(25)) row.from_versions = {version(), version()};
  }

  base::SeededRandom random_;
  KeySet shared_{"dev-1"};
};

TEST(AudienceIndexTest, finds_all_that_match_in_their_order) {
  size_t found = 0;
  size_t matching = 0;
  size_t all = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomAudience c(seed);
    const Snapshot& s = c.w.build();
    const CompiledProduct& product = *s.product(ProductId{1});
    for (int i = 0; i < 30; ++i) {
      const Device device = c.device();
      const std::string version = c.version();
      const Ids ids = candidates_of(product, device, version);
      const std::set<int64_t> candidates(ids.begin(), ids.end());
      ASSERT_EQ(candidates.size(), ids.size());
      Ids in_order;
      for (const CompiledDeployment* compiled : product.running) {
        const int64_t id = compiled->deployment->id.value;
        const bool candidate = candidates.count(id) == 1;
        if (candidate) in_order.push_back(id);
        const bool meant = means(s, product, *compiled->deployment, device, version);
        ASSERT_TRUE(candidate || !meant)
            << "deployment " << id << " " << compiled->deployment->audience.filter;
        matching += meant ? 1 : 0;
        ++all;
      }
      ASSERT_EQ(ids, in_order);
      found += ids.size();
    }
  }
  // It is worth something: most of what does not match is not looked at.
  EXPECT_GT(matching, all / 20);
  EXPECT_LT(found - matching, (all - matching) / 3) << found << " " << matching << " " << all;
}

// Which products a device is meant for: the answer of the index against a walk over everything.
TEST(AudienceIndexTest, the_products_meant_are_those_that_a_walk_over_all_finds) {
  size_t some = 0;
  size_t none = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomAudience c(seed);
    const Product& other = c.w.product("q");
    const ReleaseId release = c.w.release(other, "5.0").id;
    const KitId kit = c.w.kit("1.0.0.0", {ReleaseId{1}, release}).id;
    for (Deployment& row : c.w.rows.deployments) {
      const int64_t kind = row.id.value % 5;
      if (kind == 0) row.target = {{}, kit, "", {}};
      if (kind == 1) row.target = {{}, {}, "stable", other.id};
      if (kind == 2) row.target = {{}, {}, "stable", {}};
      if (row.id.value % 7 == 0) row.state = DeploymentState::scheduled;
    }
    const Snapshot& s = c.w.build();
    for (int i = 0; i < 30; ++i) {
      const Device device = c.device();
      std::set<ProductId> walked;
      for (const Deployment& row : s.rows().deployments) {
        if (row.state == DeploymentState::paused) continue;
        const auto filter = Filter::compile(row.audience.filter, device_words());
        const bool picks = !row.everyone || !filter->needs(identity_words()).empty();
        Deployment without = row;
        without.from_versions.clear();
        if (!picks || !means(s, *s.product(ProductId{1}), without, device, "")) continue;
        if (row.target.release) walked.insert(s.release(row.target.release)->product);
        if (row.target.kit) walked.insert({ProductId{1}, other.id});
        if (row.target.product) walked.insert(row.target.product);
      }
      std::vector<ProductId> meant{ProductId{99}};
      products_meant(s, device, base::Time{1}, meant);
      ASSERT_EQ(meant, std::vector<ProductId>(walked.begin(), walked.end()));
      (walked.empty() ? none : some) += 1;
    }
  }
  EXPECT_GT(some, 500U);
  EXPECT_GT(none, 500U);
}

// A thousand deployments of one product, none of which means the device.
struct AudienceIndexMany : ::testing::Test {
  AudienceIndexMany() : product(w.product("p")) {
    w.full(w.release(product, "1.0"));
    w.full(w.release(product, "2.0"));
  }
  Deployment& add(int64_t i) {
    Deployment row;
    row.id = DeploymentId{i + 1};
    row.tenant = kDefaultTenant;
    row.name = "d" + std::to_string(i);
    row.state = DeploymentState::running;
    row.target.release = ReleaseId{2};
    return w.rows.deployments.emplace_back(std::move(row));
  }
  Ids candidates() { return candidates_of(*w.build().product(ProductId{1}), w.device, "1.0"); }
  TestWorld w;
  Product& product;
};

TEST_F(AudienceIndexMany, none_of_those_that_cannot_match_is_looked_at) {
  w.device.key = "dev-x";
  w.device.reported = {{"site", "north"}};
  w.device.attributes = {{"hw_version", "C"}};
  for (int64_t i = 0; i < 1'000; ++i) {
    Deployment& row = add(i);
    switch (i % 5) {
      case 0:
        row.everyone = false;
        row.device_keys = {"dev-" + std::to_string(i)};
        break;
      case 1:
        row.everyone = false;
        row.audience.groups = {GroupId{1}};
        break;
      case 2:
        row.audience.filter = "site == \"s" + std::to_string(i) + "\" and not tag == \"x\"";
        break;
      case 3:
        row.audience.hardware = {"A", "B"};
        break;
      default:
        row.from_versions = {"0." + std::to_string(i)};
    }
  }
  Group& group = w.rows.groups.emplace_back();
  group.id = GroupId{1};
  group.tenant = kDefaultTenant;
  group.name = "g";
  EXPECT_TRUE(candidates().empty());
  w.device.groups = {GroupId{1}};
  EXPECT_EQ(candidates().size(), 200u);
}

TEST_F(AudienceIndexMany, a_filter_that_asks_for_a_group_is_looked_up) {
  for (int64_t i = 0; i < 50; ++i) {
    Group& group = w.rows.groups.emplace_back();
    group.id = GroupId{i + 1};
    group.tenant = kDefaultTenant;
    group.name = "g" + std::to_string(i);
    if (i % 2 == 1) group.filter = "site == " + std::to_string(i) + " or group == \"g0\"";
    add(i).audience.filter = "group == \"g" + std::to_string(i) + "\"";
  }
  add(50).audience.filter = "group == \"nobody\"";
  EXPECT_TRUE(candidates().empty());
  w.device.groups = {GroupId{5}};
  EXPECT_EQ(candidates(), Ids{5});
  w.device.reported = {{"site", "7"}};
  EXPECT_EQ(candidates(), (Ids{8, 5}));
  // Being in g0 makes it a member of all those with a filter.
  w.device.groups = {GroupId{1}};
  EXPECT_EQ(candidates().size(), 26u);
}

TEST_F(AudienceIndexMany, the_reason_is_what_looking_at_each_gives) {
  w.device.key = "dev-x";
  for (int64_t i = 0; i < 1'000; ++i) {
    Deployment& row = add(i);
    row.everyone = i % 2 == 1;
    if (i % 2 == 0) row.device_keys = {"dev-" + std::to_string(i)};
    if (i % 2 == 1) row.from_versions = {"0." + std::to_string(i)};
  }
  EXPECT_TRUE(candidates().empty());
  const CheckIn check = check_in_of(product, "1.0");
  const auto expect_same = [&](Reason reason) {
    Trace trace;
    const Snapshot& s = w.build();
    const Decision plain = decide(s, w.device, check, w.now);
    const Decision traced = decide(s, w.device, check, w.now, &trace);
    EXPECT_EQ(plain.reason, reason);
    EXPECT_EQ(traced.reason, reason);
    EXPECT_EQ(plain.deployment, traced.deployment);
    // Who asks why sees all of them.
    std::set<int64_t> named;
    for (const TraceStep& step : trace) named.insert(step.deployment.value);
    EXPECT_GE(named.size(), w.rows.deployments.size());
  };
  expect_same(Reason::from_version_excluded);
  for (Deployment& row : w.rows.deployments) row.everyone = false;
  expect_same(Reason::not_in_audience);
  for (Deployment& row : w.rows.deployments) row.deadline = w.now;
  expect_same(Reason::deadline_passed);
  w.rows.deployments[400].deadline.reset();
  w.rows.deployments[500].deadline.reset();
  expect_same(Reason::not_in_audience);
}

TEST_F(AudienceIndexMany, the_condition_that_tells_most_is_taken) {
  for (int64_t i = 0; i < 100; ++i) {
    Deployment& row = add(i);
    row.everyone = false;
    row.audience.groups = {GroupId{1}};  // all of them: says nothing
    row.audience.filter = "site == " + std::to_string(i);
    row.from_versions = {"1.0"};
  }
  Group& group = w.rows.groups.emplace_back();
  group.id = GroupId{1};
  group.tenant = kDefaultTenant;
  group.name = "g";
  w.device.groups = {GroupId{1}};
  w.device.reported = {{"site", "42"}};
  EXPECT_EQ(candidates(), Ids{43});
}

TEST_F(AudienceIndexMany, a_device_that_is_everywhere_finds_all) {
  for (int64_t i = 0; i < 200; ++i) {
    Deployment& row = add(i);
    row.everyone = false;
    row.device_keys = {w.device.key, "other"};
  }
  EXPECT_EQ(candidates().size(), 200u);
  w.rows.deployments.clear();
  for (int64_t i = 0; i < 200; ++i)
    add(i).audience.filter = "tag == \"t" + std::to_string(i) + "\"";
  for (int i = 0; i < 200; ++i) w.device.tags.push_back("t" + std::to_string(i));
  EXPECT_EQ(candidates().size(), 200u);
}

TEST_F(AudienceIndexMany, a_list_nobody_is_in_is_no_candidate) {
  add(0).everyone = false;
  EXPECT_TRUE(candidates().empty());
  EXPECT_EQ(w.why(check_in_of(product, "1.0")), "not_in_audience");
}

}  // namespace
}  // namespace otaru::domain
