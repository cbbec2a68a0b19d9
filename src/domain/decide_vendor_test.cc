// SPDX-License-Identifier: Apache-2.0
// What the vendors' documents demand of the decision: docs/dialects/{oomi,onenet,ubtech}.md.
#include <gtest/gtest.h>

#include "domain/decide.h"
#include "domain/test_world.h"

namespace otaru::domain {
namespace {

// OOMI: full first, else the delta from here, else the highest version that can be reached.
struct OomiDecision : ::testing::Test {
  OomiDecision() : p(w.product("OOMI_Cube_APP")) {
    p.version_format.pattern = "V#N.#N.#N.#N";
    for (const std::string_view version : {"V1.0.0.0", "V2.0.6.8", "V2.0.6.9"}) {
      w.release(p, version);
    }
    w.newest();
  }
  CheckIn at(std::string_view version, std::span<const int64_t> permissions = {}) const {
    CheckIn check = check_in_of(p, version);
    check.rules.order = PlanOrder::full_first;
    check.rules.steps_max = 1;
    check.rules.accept_lower_release = true;
    check.reinstall_allowed = true;
    check.permissions = permissions;
    return check;
  }
  std::string offered(std::string_view version, std::span<const int64_t> permissions = {}) {
    const Decision d = w.check(at(version, permissions));
    if (!d.offer) return std::string(name_of(d.reason));
    const Package* package = w.snapshot->package(d.offer->chain.at(0));
    return std::string(name_of(package->kind)) + " " + w.snapshot->release(d.release)->version;
  }
  Release& newest() { return w.rows.releases[2]; }
  Release& middle() { return w.rows.releases[1]; }

  TestWorld w;
  Product& p;
};

TEST_F(OomiDecision, SelectionOrder) {
  w.full(newest(), 5000);
  w.delta(newest(), "V1.0.0.0", 10);
  w.full(middle());
  EXPECT_EQ(offered("V1.0.0.0"), "full V2.0.6.9");
  w.rows.packages[0].hidden = true;
  EXPECT_EQ(offered("V1.0.0.0"), "delta V2.0.6.9");
  EXPECT_EQ(offered("V1.0"), "delta V2.0.6.9");
  EXPECT_EQ(offered("V1.1.0.0"), "full V2.0.6.8");
  EXPECT_EQ(offered(""), "full V2.0.6.8");
  w.rows.packages[2].hidden = true;
  w.delta(middle(), "V1.1.0.0");
  EXPECT_EQ(offered("V1.1.0.0"), "delta V2.0.6.8");
  // Nothing applies: "already newest" although a newer version exists.
  EXPECT_EQ(offered("V1.2.0.0"), "base_mismatch");
  EXPECT_EQ(offered("V2.0.6.8"), "base_mismatch");
  EXPECT_EQ(offered("V2.0.6.9"), "up_to_date");
  EXPECT_EQ(offered("V3.0.0.0"), "up_to_date");
}

TEST_F(OomiDecision, TheHighestVisibleVersion) {
  w.full(newest()).permissions = {1};   // BETA_TEST
  w.full(middle()).permissions = {79};  // GAMMA
  const int64_t gamma[] = {79};
  const int64_t beta[] = {1, 79};
  EXPECT_EQ(offered("V1.0.0.0", gamma), "full V2.0.6.8");
  EXPECT_EQ(offered("V1.0.0.0", beta), "full V2.0.6.9");
  EXPECT_EQ(offered("V2.0.6.8", gamma), "not_visible");
  EXPECT_EQ(offered("V1.0.0.0"), "not_visible");
}

TEST_F(OomiDecision, TheSampleListsEqualVersionsThatAreForced) {
  // IR and Zwave of the seed: offered although the reported version equals the offered one.
  w.full(newest());
  EXPECT_EQ(offered("V2.0.6.9"), "up_to_date");
  newest().force = true;
  EXPECT_EQ(offered("V2.0.6.9"), "full V2.0.6.9");
  EXPECT_EQ(offered("V2.0.6.10"), "up_to_date");
}

TEST_F(OomiDecision, WhatFailedTooOftenDoesNotFallLower) {
  w.full(newest());
  w.full(middle());
  w.rows.deployments[0].attempts_max = 1;
  w.task(w.rows.deployments[0], newest(), {PackageId{1}}, TaskState::failed);
  EXPECT_EQ(offered("V1.0.0.0"), "attempts_exhausted");
}

TEST_F(OomiDecision, AnExplicitDeploymentDoesNotFallLower) {
  w.rows.deployments[0].state = DeploymentState::finished;
  w.deploy(newest());
  w.full(middle());
  EXPECT_EQ(offered("V1.0.0.0"), "no_package");
}

// OneNET: one package, full or delta as the deployment says.
struct OnenetDecision : ::testing::Test {
  OnenetDecision() : p(w.product("module", VersionScheme::dotted)), r(w.release(p, "1.2")) {
    w.full(r);
    w.delta(r, "1.1", 10);
    w.deploy(r);
  }
  CheckIn at(std::string_view version) const {
    CheckIn check = check_in_of(p, version);
    check.rules.steps_max = 1;
    return check;
  }
  TestWorld w;
  Product& p;
  Release& r;
};

TEST_F(OnenetDecision, ModeComesFromTheDeployment) {
  const auto package = [&](PackageMode mode, std::string_view version) -> int64_t {
    w.rows.deployments[0].mode = mode;
    const Decision d = w.check(at(version));
    return d.offer ? d.offer->chain.at(0).value : 0;
  };
  EXPECT_EQ(package(PackageMode::full_only, "1.1"), 1);
  EXPECT_EQ(package(PackageMode::delta_only, "1.1"), 2);
  EXPECT_EQ(package(PackageMode::any, "1.1"), 2);
  EXPECT_EQ(package(PackageMode::any, "1.0"), 1);
  EXPECT_EQ(package(PackageMode::delta_only, "1.0"), 0);
  EXPECT_EQ(w.why(at("1.0")), "base_mismatch");
}

TEST_F(OnenetDecision, ATaskInFlightIsAnsweredEvenWhenTargetEqualsVersion) {
  // The seed's sample and a recorded capture both show it.
  for (const TaskState state : {TaskState::pending, TaskState::downloading, TaskState::upgrading}) {
    w.device.tasks.clear();
    w.task(w.rows.deployments[0], r, {PackageId{2}}, state);
    EXPECT_EQ(w.why(at("1.2")), "continue_task");
  }
  // But such a task is never made.
  w.device.tasks.clear();
  EXPECT_EQ(w.why(at("1.2")), "up_to_date");
}

TEST_F(OnenetDecision, ADeltaTaskWithAnotherBaseIsAMismatch) {
  w.rows.deployments[0].mode = PackageMode::delta_only;
  w.task(w.rows.deployments[0], r, {PackageId{2}}, TaskState::downloading);
  const Decision d = w.check(at("1.0"));
  EXPECT_EQ(d.reason, Reason::base_mismatch);
  EXPECT_EQ(d.superseded, w.device.tasks[0].id);
  EXPECT_FALSE(d.has_offer());
}

// UBTech: a chain of patches first, else one full package; language and robot version as labels.
struct UbtechDecision : ::testing::Test {
  UbtechDecision() : p(w.product("alpha", VersionScheme::integer)) {
    for (const std::string_view version : {"17", "18", "19"}) w.release(p, version);
    w.full(w.rows.releases[2], 1);
    w.delta(w.rows.releases[1], "17", 500);
    w.delta(w.rows.releases[2], "18", 500);
    w.newest();
  }
  Decision ask(std::string_view version, std::string_view language = "CN",
               std::string_view robot = "1") {
    const std::pair<std::string_view, std::string_view> labels[] = {{"language", language},
                                                                    {"robot_version", robot}};
    CheckIn check = check_in_of(p, version);
    check.rules.order = PlanOrder::delta_first;
    check.labels = labels;
    return w.check(check);
  }
  TestWorld w;
  Product& p;
};

TEST_F(UbtechDecision, AChainOfPatchesIsPreferred) {
  EXPECT_EQ(ask("17").offer->chain, (std::vector<PackageId>{PackageId{2}, PackageId{3}}));
  EXPECT_EQ(ask("18").offer->chain, (std::vector<PackageId>{PackageId{3}}));
  EXPECT_EQ(ask("6").offer->chain, (std::vector<PackageId>{PackageId{1}}));
  EXPECT_EQ(ask("17.0").offer->chain.size(), 2u);
  EXPECT_EQ(ask("19").reason, Reason::up_to_date);
}

TEST_F(UbtechDecision, LanguageBeforeVersionAndRobotAsFilter) {
  for (Release& release : w.rows.releases) release.labels = {{"language", "CN"}};
  EXPECT_EQ(ask("17", "EN").reason, Reason::label_mismatch);
  EXPECT_EQ(ask("17", "EN").label, "language");
  EXPECT_EQ(ask("17", "CN").reason, Reason::offer);
  EXPECT_EQ(ask("19", "CN").reason, Reason::up_to_date);
  w.rows.releases[2].labels.emplace_back("robot_version", "2");
  EXPECT_EQ(ask("18").label, "robot_version");
  EXPECT_EQ(ask("17").release, ReleaseId{2});
  EXPECT_EQ(ask("18", "CN", "2").reason, Reason::offer);
}

}  // namespace
}  // namespace otaru::domain
