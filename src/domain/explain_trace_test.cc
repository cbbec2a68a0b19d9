// SPDX-License-Identifier: Apache-2.0
#include "domain/explain_trace.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "domain/test_world.h"

namespace otaru::domain {
namespace {

struct ExplainTraceTest : ::testing::Test {
  ExplainTraceTest() : p(w.product("gateway")), two(w.release(p, "2.0")) { w.full(two); }

  Explanation ask(std::string_view version = "1.0") {
    component = {"slot", p.id, std::string(version), {}};
    const CheckDefaults door;
    const StoredCheck check(w.device, component, door);
    const Snapshot& s = w.build();
    Explanation out = explain_all(s, w.device, check, w.now);
    sentences.clear();
    for (const auto& view : out.deployments) {
      sentences.push_back(explain(s, w.device, check.check_in(), view, "en"));
    }
    return out;
  }
  std::string standings(const Explanation& all) {
    std::string out;
    for (const auto& view : all.deployments) {
      out += view.deployment->name + ":" + std::string(name_of(view.standing)) + ":" +
             std::string(name_of(view.decision.reason)) + " ";
    }
    return out;
  }

  TestWorld w;
  Product& p;
  Release& two;
  Component component;
  std::vector<std::string> sentences;
};

TEST_F(ExplainTraceTest, EveryDeploymentOfTheProductIsThere) {
  Deployment& first = w.deploy(two);
  first.priority = 9;
  first.everyone = false;
  w.deploy(two).priority = 5;
  w.deploy(two).priority = 1;
  Deployment& paused = w.deploy(two);
  paused.state = DeploymentState::paused;
  Deployment& over = w.deploy(two);
  over.state = DeploymentState::cancelled;
  over.rollout.stopped_by = "failures: 3 of 5";
  over.updated_at = w.now;
  w.deploy(two).state = DeploymentState::draft;
  w.deploy(w.release(w.product("other"), "1.0"));
  const auto all = ask();
  EXPECT_EQ(all.decision.deployment, DeploymentId{2});
  EXPECT_EQ(standings(all),
            "d1:looked_at:not_in_audience d2:decided:offer d3:not_reached:offer "
            "d5:ended:no_deployment d4:not_running:offer ");
  ASSERT_EQ(sentences.size(), 5u);
  EXPECT_EQ(sentences[0], "Deployment 'd1' names 0 devices, but not 'dev-1'.");
  EXPECT_EQ(sentences[2], "Is offered 2.0 (full package, 1 000 bytes) by deployment 'd3'.");
  EXPECT_EQ(sentences[3], "Deployment 'd5' has ended: cancelled (failures: 3 of 5).");
  EXPECT_EQ(sentences[4],
            "Deployment 'd4' does not run, it is paused; if it did: Is offered 2.0 (full package, "
            "1 000 bytes) by deployment 'd4'.");
  EXPECT_FALSE(all.deployments[2].trace.empty()) << "what was not reached shows its rules";
}

TEST_F(ExplainTraceTest, WhatEndedLongAgoIsForgotten) {
  Deployment& over = w.deploy(two);
  over.state = DeploymentState::finished;
  w.now = base::Time{base::limits::kExplainEndedMs - 1};
  EXPECT_EQ(ask().deployments.size(), 1u);
  w.now = base::Time{base::limits::kExplainEndedMs};
  EXPECT_EQ(ask().deployments.size(), 0u);
}

TEST_F(ExplainTraceTest, ATaskDecidesBeforeAnyDeployment) {
  Deployment& d = w.deploy(two);
  w.deploy(two);
  w.task(d, two, {PackageId{1}}, TaskState::downloading);
  const auto all = ask();
  EXPECT_EQ(all.decision.reason, Reason::continue_task);
  EXPECT_EQ(standings(all), "d2:not_reached:offer d1:decided:continue_task ");
}

TEST_F(ExplainTraceTest, AsManyAsTheLimit) {
  w.rows.deployments.reserve(base::limits::kExplainDeploymentsMax + 10);
  for (size_t i = 0; i < base::limits::kExplainDeploymentsMax + 1; ++i) w.deploy(two);
  EXPECT_EQ(ask().deployments.size(), base::limits::kExplainDeploymentsMax);
}

TEST_F(ExplainTraceTest, AtAnotherTime) {
  Deployment& d = w.deploy(two);
  d.deadline = w.now + 1000;
  EXPECT_EQ(ask().decision.reason, Reason::offer);
  w.now = w.now + 2000;
  EXPECT_EQ(ask().decision.reason, Reason::deadline_passed);
}

TEST_F(ExplainTraceTest, DevicesOfADoorThatReinstalls) {
  two.force = true;
  w.deploy(two);
  component = {"slot", p.id, "2.0", {}};
  CheckDefaults door;
  const Snapshot& s = w.build();
  EXPECT_EQ(StoredCheck(w.device, component, door).decide(s, w.now).reason, Reason::up_to_date);
  door.reinstalls = true;
  Trace trace;
  EXPECT_EQ(StoredCheck(w.device, component, door).decide(s, w.now, &trace).reason, Reason::offer);
  EXPECT_EQ(trace.back().rule, "package");
}

TEST_F(ExplainTraceTest, WhatADeviceThatNamesNoProductAsksAbout) {
  CheckDefaults door;
  const auto slots = [&] {
    std::string out;
    for (const Component& asked : asked_components(w.build(), w.device, door, w.now)) {
      out += asked.slot + " " + asked.version + "|";
    }
    return out;
  };
  w.device.components = {{"main", p.id, "1.0", {}}};
  w.device.attributes = {{kProductAttribute.data(), "nothing, extra ,second"}};
  w.device.key = "named";
  const ProductId extra = w.product("extra").id;
  Product& second = w.product("second");
  second.feature = "runtime";
  Product& meant = w.product("meant");
  meant.feature = "plc";
  Release& release = w.release(meant, "1.0");
  w.full(release);
  Deployment& d = w.deploy(release);
  d.everyone = false;
  d.device_keys = {"named"};
  ASSERT_TRUE(extra);
  EXPECT_EQ(slots(), "main 1.0|") << "this door's devices say what they are";
  door.names_no_product = true;
  EXPECT_EQ(slots(), "main 1.0|extra |second/runtime |meant/plc |");
  w.device.attributes = {{kProductAttribute.data(), "meant/plc,second/os"}};
  EXPECT_EQ(slots(), "main 1.0|meant/plc |") << "each once";
  w.device.key = "another";
  w.device.attributes.clear();
  EXPECT_EQ(slots(), "main 1.0|");
}

TEST_F(ExplainTraceTest, EveryAttributeMayBeALabel) {
  w.device.attributes = {{"language", "CN"}};
  w.device.reported = {{"language", "EN"}, {"board", "imx8"}};
  component = {"slot", p.id, "1.0", {}};
  CheckDefaults door;
  door.attributes_are_labels = true;
  door.reported_are_labels = true;
  using Label = std::pair<std::string_view, std::string_view>;
  const StoredCheck both(w.device, component, door);
  ASSERT_EQ(both.check_in().labels.size(), 2u) << "what operators set hides what is reported";
  EXPECT_EQ(both.check_in().labels[0], (Label{"language", "CN"}));
  EXPECT_EQ(both.check_in().labels[1], (Label{"board", "imx8"}));
  door.attributes_are_labels = false;
  EXPECT_EQ(StoredCheck(w.device, component, door).check_in().labels[0], (Label{"language", "EN"}));
}

TEST_F(ExplainTraceTest, LabelsComeFromWhatTheDoorStates) {
  w.device.attributes = {{"language", "CN"}, {"site", "north"}};
  w.device.reported = {{"language", "EN"}, {"robot_version", "1"}};
  component = {"slot", p.id, "1.0", {}};
  CheckDefaults door;
  door.labels = {"language", "robot_version", "unknown"};
  door.permissions = {79};
  StoredCheck check(w.device, component, door);
  ASSERT_EQ(check.check_in().labels.size(), 2u);
  EXPECT_EQ(check.check_in().labels[0].second, "CN") << "operators win";
  EXPECT_EQ(check.check_in().labels[1].second, "1");
  check.state("language", "DE");
  check.state("more", "x");
  const std::vector<int64_t> own = {7};
  check.permit(own);
  EXPECT_EQ(check.check_in().labels.size(), 3u);
  EXPECT_EQ(check.check_in().labels[0].second, "DE");
  EXPECT_EQ(check.check_in().permissions.size(), 2u);
  Doors doors;
  doors.add("known", door);
  EXPECT_TRUE(doors.has("known"));
  EXPECT_EQ(StoredCheck(w.device, component, doors.of("operator")).check_in().labels.size(), 2u)
      << "every attribute";
}

}  // namespace
}  // namespace otaru::domain
