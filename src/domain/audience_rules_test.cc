// SPDX-License-Identifier: Apache-2.0
// Whom a deployment serves, and when: schedule, audience, waves.
#include <gtest/gtest.h>

#include "domain/decide.h"
#include "domain/test_world.h"

namespace otaru::domain {
namespace {

// One product with 1.0 and 2.0, and a deployment of everything newest.
struct AudienceRulesTest : ::testing::Test {
  AudienceRulesTest() : p(w.product("gateway")) {
    w.full(w.release(p, "1.0"));
    w.full(w.release(p, "2.0"));
    w.newest();
  }
  Deployment& first() { return w.rows.deployments[0]; }
  std::string why(std::string_view version = "1.0") { return w.why(check_in_of(p, version)); }
  Decision decision() { return w.check(check_in_of(p, "1.0")); }
  // What the trace says of a rule; empty: it was not looked at.
  std::string traced(std::string_view rule) {
    Trace trace;
    w.check(check_in_of(p, "1.0"), &trace);
    for (const TraceStep& step : trace) {
      if (step.rule == rule) return (step.passed ? "+ " : "- ") + step.detail;
    }
    return {};
  }
  GroupId group(std::string name, std::string filter = {}) {
    Group row;
    row.id = GroupId{static_cast<int64_t>(w.rows.groups.size()) + 1};
    row.tenant = kDefaultTenant;
    row.name = std::move(name);
    row.filter = std::move(filter);
    w.rows.groups.push_back(row);
    return row.id;
  }
  std::string refused() {
    const auto status = w.try_build();
    return status ? std::string() : status.error().message;
  }
  int64_t own_place() { return place(first().id, w.device.key); }

  TestWorld w;
  Product& p;
};

TEST_F(AudienceRulesTest, AScheduledDeploymentBeginsWithItsTime) {
  first().state = DeploymentState::scheduled;
  first().starts_at = w.now + 1;
  Decision d = decision();
  EXPECT_EQ(d.reason, Reason::not_started);
  EXPECT_EQ(d.deployment, first().id);
  EXPECT_EQ(d.retry_at, w.now + 1);
  EXPECT_EQ(traced("schedule"), "- 1970-01-01T00:16:40.000Z < 1970-01-01T00:16:40.001Z");
  // Nobody has to change the catalogue for it.
  d = decide(*w.snapshot, w.device, check_in_of(p, "1.0"), w.now + 1);
  EXPECT_EQ(d.reason, Reason::offer);
  EXPECT_FALSE(d.retry_at);
  first().starts_at = w.now;
  EXPECT_EQ(why(), "offer");
  first().deadline = w.now;
  EXPECT_EQ(why(), "deadline_passed");
}

TEST_F(AudienceRulesTest, WhatHasNotStartedDoesNotHoldItsPlace) {
  Deployment& d = w.deploy(w.rows.releases[0]);
  d.priority = 9;
  d.state = DeploymentState::scheduled;
  d.starts_at = w.now + 1;
  EXPECT_EQ(decision().deployment, first().id);
  first().state = DeploymentState::awaiting_approval;
  EXPECT_EQ(decision().deployment, d.id);
  EXPECT_EQ(why(), "not_started");
}

TEST_F(AudienceRulesTest, NamedOrInAGroup) {
  const GroupId lab = group("lab");
  const GroupId wide = group("wide", R"(site == "CN")");
  first().everyone = false;
  EXPECT_EQ(why(), "not_in_audience");
  EXPECT_EQ(traced("audience"), "- none of 0 named devices");
  first().audience.groups = {lab, wide};
  EXPECT_EQ(traced("audience"),
            "- none of 0 named devices, not in group 'lab', not in group 'wide'");
  w.device.groups = {lab};
  EXPECT_EQ(why(), "offer");
  EXPECT_EQ(traced("audience"), "+ in group 'lab'");
  w.device.groups.clear();
  set_text(w.device.reported, "site", "CN");
  EXPECT_EQ(traced("audience"), "+ in group 'wide'");
  w.device.reported.clear();
  first().device_keys = {"dev-1"};
  EXPECT_EQ(traced("audience"), "+ one of 1 named devices");
  EXPECT_EQ(why(), "offer");
}

TEST_F(AudienceRulesTest, ExclusionsWin) {
  const GroupId lab = group("lab");
  first().excluded_keys = {"dev-1"};
  EXPECT_EQ(why(), "not_in_audience");
  EXPECT_EQ(traced("excluded"), "- excluded by name: dev-1");
  first().everyone = false;
  first().device_keys = {"dev-1"};
  EXPECT_EQ(why(), "not_in_audience");
  first().excluded_keys = {"dev-2"};
  EXPECT_EQ(why(), "offer");
  EXPECT_EQ(traced("excluded"), "+ not excluded");
  first().audience.excluded_groups = {lab};
  EXPECT_EQ(why(), "offer");
  w.device.groups = {lab};
  EXPECT_EQ(why(), "not_in_audience");
  EXPECT_EQ(traced("excluded"), "- excluded with group 'lab'");
  w.device.groups.clear();
  first().audience.excluded_filter = R"(tag == "spare")";
  EXPECT_EQ(why(), "offer");
  w.device.tags = {"spare"};
  EXPECT_EQ(why(), "not_in_audience");
  EXPECT_EQ(traced("excluded"), R"(- excluded by tag == "spare")");
}

TEST_F(AudienceRulesTest, FilterHardwareShare) {
  first().audience.filter = R"(site == "CN")";
  EXPECT_EQ(why(), "not_in_audience");
  set_text(w.device.attributes, "site", "CN");
  EXPECT_EQ(why(), "offer");
  EXPECT_EQ(traced("filter"), R"(+ site == "CN" holds)");
  first().audience.hardware = {"A", "B"};
  EXPECT_EQ(why(), "not_in_audience");
  EXPECT_EQ(traced("hardware"), "- (not said) not in A B");
  set_text(w.device.reported, "hw_version", "B");
  EXPECT_EQ(why(), "offer");
  // Operators know better than the device.
  set_text(w.device.attributes, "hw_version", "C");
  EXPECT_EQ(traced("hardware"), "- C not in A B");
  set_text(w.device.attributes, "hw_version", "A");
  EXPECT_EQ(why(), "offer");
  first().audience.share_ppm = own_place();
  EXPECT_EQ(why(), "not_in_audience");
  const std::string own = std::to_string(own_place());
  EXPECT_EQ(traced("share"), "- place " + own + " >= " + own);
  ++first().audience.share_ppm;
  EXPECT_EQ(why(), "offer");
  first().audience.share_ppm = 0;
  EXPECT_EQ(why(), "not_in_audience");
}

// Who is in stays in while a share grows, and shares are what they say.
TEST_F(AudienceRulesTest, SharesGrow) {
  constexpr int kDevices = 2000;
  int inside = 0;
  first().audience.share_ppm = 100'000;
  const auto small = Snapshot::build(w.rows).value();
  first().audience.share_ppm = 300'000;
  const auto large = Snapshot::build(w.rows).value();
  const CheckIn check = check_in_of(p, "1.0");
  for (int i = 0; i < kDevices; ++i) {
    w.device.key = "device " + std::to_string(i);
    const bool was = decide(*small, w.device, check, w.now).has_offer();
    const bool is = decide(*large, w.device, check, w.now).has_offer();
    EXPECT_TRUE(!was || is) << w.device.key;
    inside += is;
  }
  EXPECT_NEAR(inside, kDevices * 0.3, kDevices * 0.05);
}

TEST_F(AudienceRulesTest, TheFirstWaveThatFits) {
  const GroupId lab = group("lab");
  first().waves.resize(3);
  first().waves[0].name = "lab";
  first().waves[0].groups = {lab};
  first().waves[0].test = true;
  first().waves[1].name = "some";
  first().waves[1].share_ppm = own_place() + 1;
  first().waves[1].filter = R"(tag == "early")";
  first().waves[2].name = "all";
  first().waves[2].share_ppm = kWholeShare;
  Decision d = decision();
  EXPECT_EQ(d.reason, Reason::not_in_wave);
  EXPECT_EQ(d.wave, 1);
  EXPECT_EQ(d.label, "some");
  EXPECT_EQ(d.deployment, first().id);
  EXPECT_EQ(traced("wave"),
            "- wave 2 'some' (place " + std::to_string(own_place()) + "), 1 of 3 open");
  first().rollout.open_waves = 1;
  w.device.groups = {lab};
  d = decision();
  EXPECT_EQ(d.reason, Reason::offer);
  EXPECT_EQ(d.wave, 0);
  w.device.groups.clear();
  first().rollout.open_waves = 2;
  d = decision();
  EXPECT_EQ(d.reason, Reason::offer);
  EXPECT_EQ(d.wave, 1);
  EXPECT_EQ(d.label, "");
  --first().waves[1].share_ppm;
  d = decision();
  EXPECT_EQ(d.reason, Reason::not_in_wave);
  EXPECT_EQ(d.wave, 2);
  w.device.tags = {"early"};
  EXPECT_EQ(why(), "offer");
  w.device.tags.clear();
  first().waves.pop_back();
  d = decision();
  EXPECT_EQ(d.reason, Reason::not_in_wave);
  EXPECT_EQ(d.label, "");
  EXPECT_EQ(traced("wave"), "- fits no wave, 2 of 2 open");
}

TEST_F(AudienceRulesTest, AWaveThatIsNotOpenLetsTheNextHaveItsTurn) {
  Deployment& d = w.deploy(w.rows.releases[1]);
  d.waves.resize(2);
  d.waves[1].share_ppm = kWholeShare;
  EXPECT_EQ(decision().deployment, first().id);
  d.rollout.open_waves = 2;
  EXPECT_EQ(decision().deployment, d.id);
  EXPECT_EQ(decision().wave, 1);
}

// A filter says who begins; an installation changes what it looks at.
TEST_F(AudienceRulesTest, WhatHasBegunIsEndedByExclusionsOnly) {
  first().audience.filter = R"(version == "1.0")";
  w.device.components = {Component{"slot", p.id, "1.0", {}}};
  w.task(first(), w.rows.releases[1], {PackageId{2}}, TaskState::upgrading);
  EXPECT_EQ(why(), "continue_task");
  w.device.components[0].version = "1.5";
  EXPECT_EQ(why(), "continue_task");
  w.device.tasks[0].state = TaskState::pending;
  EXPECT_EQ(why(), "not_in_audience");
  EXPECT_EQ(decision().superseded, w.device.tasks[0].id);
  w.device.tasks[0].state = TaskState::downloading;
  first().excluded_keys = {"dev-1"};
  EXPECT_EQ(decision().superseded, w.device.tasks[0].id);
}

TEST_F(AudienceRulesTest, RowsThatSayNothing) {
  first().audience.filter = "last_seen > 2026-01-01T00:00:00Z";
  EXPECT_EQ(refused(),
            "deployment 1: the filter of its audience: last_seen says nothing, who asks is seen "
            "now");
  first().audience.filter = "oops(";
  EXPECT_EQ(refused().rfind("deployment 1: the filter of its audience: column ", 0), 0u);
  first().audience.filter.clear();
  first().audience.excluded_filter = "last_seen > 2026-01-01T00:00:00Z";
  EXPECT_NE(refused(), "");
  first().audience.excluded_filter.clear();
  first().waves.resize(1);
  first().waves[0].filter = "last_seen > 2026-01-01T00:00:00Z";
  EXPECT_NE(refused(), "");
  first().waves.clear();
  first().audience.groups = {GroupId{7}};
  EXPECT_EQ(refused(), "deployment 1: a group of it does not exist");
  group("lab");
  w.rows.groups[0].tenant = TenantId{2};
  first().audience.groups = {GroupId{1}};
  EXPECT_EQ(refused(), "deployment 1: a group of it is another tenant's");
  // What has ended does not hold a group.
  first().state = DeploymentState::finished;
  EXPECT_EQ(refused(), "");
  first().audience.share_ppm = kWholeShare + 1;
  EXPECT_NE(refused(), "");
}

TEST_F(AudienceRulesTest, KitsToo) {
  first().state = DeploymentState::finished;
  const ReleaseId two = w.rows.releases[1].id;
  const GroupId lab = group("lab");
  Deployment& d = w.deploy(w.kit("2.0", {two}));
  const auto ask = [&] { return decide_kit(w.build(), kDefaultTenant, w.device, "1", {}, w.now); };
  EXPECT_EQ(ask().reason, Reason::offer);
  EXPECT_EQ(ask().deployment, d.id);
  d.starts_at = w.now + 5;
  EXPECT_EQ(ask().reason, Reason::not_started);
  EXPECT_EQ(ask().retry_at, w.now + 5);
  d.starts_at.reset();
  d.audience.excluded_groups = {lab};
  w.device.groups = {lab};
  EXPECT_EQ(ask().reason, Reason::not_in_audience);
  w.device.groups.clear();
  d.waves.resize(2);
  d.waves[1].share_ppm = kWholeShare;
  d.waves[1].name = "all";
  EXPECT_EQ(ask().reason, Reason::not_in_wave);
  EXPECT_EQ(ask().label, "all");
  EXPECT_EQ(ask().wave, 1);
  d.rollout.open_waves = 2;
  EXPECT_EQ(ask().reason, Reason::offer);
}

}  // namespace
}  // namespace otaru::domain
