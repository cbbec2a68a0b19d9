// SPDX-License-Identifier: Apache-2.0
#include "domain/plan.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "domain/test_world.h"

namespace otaru::domain {
namespace {

// "3 5 7 = 300" for a chain of packages, or the name of the failure.
std::string planned(TestWorld& w, size_t release, std::string_view from,
                    const PlanRules& rules = {}, std::vector<int64_t> permissions = {}) {
  const Snapshot& s = w.build();
  const CompiledProduct& product = *s.product(ProductId{1});
  const Plan plan = plan_update(product, product.releases[release], from, permissions, rules);
  switch (plan.failure) {
    case PlanFailure::none:
      break;
    case PlanFailure::no_package:
      return "no_package";
    case PlanFailure::base_unknown:
      return "base_unknown";
  }
  std::string out;
  for (const Package* package : plan.chain) out += std::to_string(package->id.value) + " ";
  return out + "= " + std::to_string(plan.bytes);
}

PlanRules rules_of(PlanOrder order, int64_t steps_max = 16, PackageMode mode = PackageMode::any) {
  PlanRules rules;
  rules.order = order;
  rules.steps_max = steps_max;
  rules.mode = mode;
  return rules;
}

// Releases 1 2 3 4; every release full at 1000; deltas 1>2, 2>3, 3>4 at 100; 1>3 at 150.
// Packages: full 1 2 3 4, deltas 5 (1>2) 6 (2>3) 7 (3>4) 8 (1>3).
TestWorld graph_world() {
  TestWorld w;
  Product& p = w.product("p");
  for (const std::string_view version : {"1.0", "2.0", "3.0", "4.0"}) w.release(p, version);
  for (const Release& release : w.rows.releases) w.full(release);
  w.delta(w.rows.releases[1], "V1");
  w.delta(w.rows.releases[2], "2.0.0");
  w.delta(w.rows.releases[3], "3.0");
  w.delta(w.rows.releases[2], "1", 150);
  return w;
}

TEST(Plan, CheapestChainByVersionOrder) {
  TestWorld w = graph_world();
  EXPECT_EQ(planned(w, 3, "1.0"), "8 7 = 250");
  EXPECT_EQ(planned(w, 3, "v1.00"), "8 7 = 250");
  EXPECT_EQ(planned(w, 3, "2"), "6 7 = 200");
  EXPECT_EQ(planned(w, 3, "3"), "7 = 100");
  EXPECT_EQ(planned(w, 1, "1"), "5 = 100");
  // Not a base of any delta: a full package is an edge from anywhere.
  EXPECT_EQ(planned(w, 3, "2.5"), "4 = 1000");
  EXPECT_EQ(planned(w, 3, ""), "4 = 1000");
}

TEST(Plan, AFullPackageOnTheWayMayBeCheaper) {
  TestWorld w = graph_world();
  w.rows.packages[2].size_bytes = 300;  // the full one of 3.0
  EXPECT_EQ(planned(w, 3, "2.5"), "3 7 = 400");
  EXPECT_EQ(planned(w, 3, ""), "3 7 = 400");
  EXPECT_EQ(planned(w, 3, "2.5", rules_of(PlanOrder::cheapest, 1)), "4 = 1000");
  EXPECT_EQ(planned(w, 3, "2.5", rules_of(PlanOrder::full_first)), "4 = 1000");
  // Never through something older than what runs.
  EXPECT_EQ(planned(w, 3, "3.5"), "4 = 1000");
  w.rows.packages[3].hidden = true;
  EXPECT_EQ(planned(w, 3, "3.5"), "base_unknown");
  EXPECT_EQ(planned(w, 3, "2.5", rules_of(PlanOrder::full_first)), "3 7 = 400");
  EXPECT_EQ(planned(w, 3, "2.5", rules_of(PlanOrder::delta_first)), "3 7 = 400");
}

TEST(Plan, OrdersOfPreference) {
  TestWorld w = graph_world();
  EXPECT_EQ(planned(w, 3, "1", rules_of(PlanOrder::full_first)), "4 = 1000");
  EXPECT_EQ(planned(w, 3, "1", rules_of(PlanOrder::full_first, 1)), "4 = 1000");
  w.rows.packages[3].size_bytes = 10;  // smaller than every delta
  EXPECT_EQ(planned(w, 3, "1"), "4 = 10");
  EXPECT_EQ(planned(w, 3, "3", rules_of(PlanOrder::cheapest, 1)), "4 = 10");
  EXPECT_EQ(planned(w, 3, "1", rules_of(PlanOrder::delta_first)), "8 7 = 250");
  EXPECT_EQ(planned(w, 3, "3", rules_of(PlanOrder::delta_first, 1)), "7 = 100");
  EXPECT_EQ(planned(w, 3, "9", rules_of(PlanOrder::delta_first)), "4 = 10");
  EXPECT_EQ(planned(w, 3, "2.5", rules_of(PlanOrder::delta_first)), "4 = 10");
  EXPECT_EQ(planned(w, 3, "1", rules_of(PlanOrder::delta_first, 1)), "4 = 10");
}

TEST(Plan, ModesAreHard) {
  TestWorld w = graph_world();
  const auto full_only = rules_of(PlanOrder::delta_first, 16, PackageMode::full_only);
  const auto delta_only = rules_of(PlanOrder::full_first, 16, PackageMode::delta_only);
  const auto one_delta = rules_of(PlanOrder::full_first, 1, PackageMode::delta_only);
  EXPECT_EQ(planned(w, 3, "1", full_only), "4 = 1000");
  EXPECT_EQ(planned(w, 3, "1", delta_only), "8 7 = 250");
  EXPECT_EQ(planned(w, 3, "3", one_delta), "7 = 100");
  EXPECT_EQ(planned(w, 3, "1", one_delta), "base_unknown");
  EXPECT_EQ(planned(w, 3, "2.5", delta_only), "base_unknown");
  EXPECT_EQ(planned(w, 3, "", delta_only), "base_unknown");
  EXPECT_EQ(planned(w, 0, "", delta_only), "no_package");
  w.rows.packages[3].hidden = true;
  EXPECT_EQ(planned(w, 3, "3", full_only), "no_package");
}

TEST(Plan, StepsAreBounded) {
  TestWorld w;
  Product& p = w.product("p");
  for (int i = 1; i <= 20; ++i) {
    Release& release = w.release(p, std::to_string(i));
    if (i > 1) w.delta(release, std::to_string(i - 1), 1);
  }
  w.delta(w.rows.releases[4], "1", 100);  // package 20: 1>5
  EXPECT_EQ(planned(w, 4, "1"), "1 2 3 4 = 4");
  EXPECT_EQ(planned(w, 4, "1", rules_of(PlanOrder::cheapest, 3)), "20 = 100");
  EXPECT_EQ(planned(w, 5, "1", rules_of(PlanOrder::cheapest, 2)), "20 5 = 101");
  EXPECT_EQ(planned(w, 5, "1", rules_of(PlanOrder::cheapest, 1)), "base_unknown");
  EXPECT_EQ(planned(w, 5, "5", rules_of(PlanOrder::cheapest, 0)), "5 = 1");
  // 16 steps at most, whatever is asked for.
  static_assert(base::limits::kPatchChainMax == 16);
  const std::string sixteen = planned(w, 19, "4", rules_of(PlanOrder::cheapest, 1000));
  EXPECT_EQ(sixteen.substr(sixteen.find('=')), "= 16");
  EXPECT_EQ(planned(w, 19, "3", rules_of(PlanOrder::cheapest, 1000)), "base_unknown");
}

TEST(Plan, TiesAreDecided) {
  TestWorld w = graph_world();
  w.delta(w.rows.releases[1], "1.0");       // 9: as 5
  w.delta(w.rows.releases[3], "2.0", 200);  // 10: 2>4, as 6 7
  EXPECT_EQ(planned(w, 1, "1"), "5 = 100");
  EXPECT_EQ(planned(w, 3, "2"), "10 = 200");  // fewer steps
  w.rows.packages[7].size_bytes = 200;        // 1>3 now as dear as 1>2 2>3
  w.rows.packages[9].size_bytes = 201;
  EXPECT_EQ(planned(w, 3, "1"), "8 7 = 300");
  w.delta(w.rows.releases[2], "1", 200);  // 11: as 8
  EXPECT_EQ(planned(w, 3, "1"), "8 7 = 300");
  w.full(w.rows.releases[3], 1000);  // 12: as 4
  EXPECT_EQ(planned(w, 3, ""), "4 = 1000");
}

TEST(Plan, OnlyWhatTheRequesterMaySee) {
  TestWorld w = graph_world();
  w.rows.packages[7].permissions = {1, 79};
  EXPECT_EQ(planned(w, 3, "1"), "5 6 7 = 300");
  EXPECT_EQ(planned(w, 3, "1", {}, {2}), "5 6 7 = 300");
  EXPECT_EQ(planned(w, 3, "1", {}, {2, 79}), "8 7 = 250");
  w.rows.packages[7].hidden = true;
  EXPECT_EQ(planned(w, 3, "1", {}, {79}), "5 6 7 = 300");
  w.rows.packages[6].hidden = true;
  EXPECT_EQ(planned(w, 3, "1"), "4 = 1000");
  w.rows.packages[3].hidden = true;
  EXPECT_EQ(planned(w, 3, "1"), "no_package");
}

TEST(Plan, OnlyThroughPublishedReleasesThatAreMeant) {
  TestWorld w = graph_world();
  w.rows.packages[3].hidden = true;
  w.rows.releases[2].labels = {{"language", "CN"}};
  const std::pair<std::string_view, std::string_view> english[] = {{"language", "EN"}};
  const std::pair<std::string_view, std::string_view> chinese[] = {{"language", "CN"}};
  PlanRules rules;
  rules.labels = english;
  EXPECT_EQ(planned(w, 3, "1", rules), "base_unknown");
  rules.labels = chinese;
  EXPECT_EQ(planned(w, 3, "1", rules), "8 7 = 250");
  rules.labels = {};
  EXPECT_EQ(planned(w, 3, "1", rules), "8 7 = 250");
  rules.strict_labels = true;
  EXPECT_EQ(planned(w, 3, "1", rules), "base_unknown");
  w.rows.releases[2].state = ReleaseState::revoked;  // index 3 becomes 2
  EXPECT_EQ(planned(w, 2, "1"), "base_unknown");
  EXPECT_EQ(planned(w, 2, "3"), "7 = 100");
}

TEST(Plan, DoesNotEndAtATwinOfTheTarget) {
  TestWorld w;
  Product& p = w.product("p");
  Release& chinese = w.release(p, "2");
  Release& english = w.release(p, "2");
  w.delta(chinese, "1", 10);
  w.delta(english, "1", 20);
  EXPECT_EQ(planned(w, 0, "1"), "1 = 10");
  EXPECT_EQ(planned(w, 1, "1"), "2 = 20");
}

TEST(Plan, AReinstallTakesTheFullPackage) {
  TestWorld w = graph_world();
  EXPECT_EQ(planned(w, 3, "4"), "4 = 1000");
  EXPECT_EQ(planned(w, 3, "4", rules_of(PlanOrder::delta_first)), "4 = 1000");
  w.rows.packages[3].hidden = true;
  EXPECT_EQ(planned(w, 3, "4"), "base_unknown");
}

TEST(Plan, ByOrderOfPublishing) {
  TestWorld w;
  Product& p = w.product("p", VersionScheme::publish_order);
  w.release(p, "zebra");
  w.delta(w.release(p, "ant"), "zebra");
  w.delta(w.release(p, "mole"), "ant");
  w.delta(w.rows.releases[1], "factory");
  EXPECT_EQ(planned(w, 2, "zebra"), "1 2 = 200");
  EXPECT_EQ(planned(w, 2, "factory"), "3 2 = 200");
  EXPECT_EQ(planned(w, 2, "Factory"), "base_unknown");
}

}  // namespace
}  // namespace otaru::domain
