// SPDX-License-Identifier: Apache-2.0
// What a deployment says, through the API: every member in and out, and every refusal with the
// member it names.
#include "tests/support/api_world.h"

namespace otaru::api {
namespace {

constexpr std::string_view kPath = "/api/v1/deployments";

// Every member with a value that is not its default, as the API writes it.
constexpr std::string_view kWhole =
    R"("priority":5,"target":{"release":2,"kit":null,"newest_in_channel":null,"product":null},)"
    R"("everyone":false,"from_versions":["0.9"],)"
    R"("audience":{"groups":["lab","customers"],"filter":"site == \"harbour\" and floor > 9",)"
    R"("hardware":["A","B"],"share_percent":12.5,"excluded_groups":["vip"],)"
    R"("excluded_filter":"tag == \"fragile\""},)"
    R"("waves":[{"name":"test","share_percent":0,"groups":["lab"],"filter":"","test":true,)"
    R"("gate":{"sample_min":3,"success_percent":100,"failure_percent":0,"soak_s":3600,)"
    R"("approval":true}},{"name":"some","share_percent":0.0001,"groups":[],)"
    R"("filter":"site == \"quay\"","test":false,"gate":{"sample_min":0,"success_percent":33.3333,)"
    R"("failure_percent":100,"soak_s":0,"approval":false}},{"name":"all","share_percent":100,)"
    R"("groups":[],"filter":"","test":false,"gate":{"sample_min":0,"success_percent":0,)"
    R"("failure_percent":100,"soak_s":0,"approval":false}}],)"
    R"("rate":{"per_minute":100,"growth_percent":50,"growth_every_s":600,)"
    R"("growth_every_successes":0,"per_minute_max":5000,"concurrent_max":50,)"
    R"("bytes_per_second":10000000},)"
    R"("windows":{"list":["Mon-Fri 22:00-06:00","Sat,Sun 00:00-24:00"],)"
    R"("time_zone":"Asia/Shanghai"},)"
    R"("conditions":{"free_bytes_min":1048576,"fits_package":true,"networks":["wifi","4g"],)"
    R"("strict":true},"consent":"ask","urgency":"download_only","package_mode":"full_only",)"
    R"("signal_min":-20,"power_min_percent":30,"retry_count":2,"retry_interval_s":60,)"
    R"("attempts_max":4,"timeouts":{"pending_s":86400,"downloading_s":7200,"upgrading_s":1800},)"
    R"("watch":{"silence_s":3600,"health_s":7200},)"
    R"("brakes":[{"kind":"failures","classes":["boot","verification"],"count_min":0,)"
    R"("share_percent":5,"sample_min":20,"action":"roll_back","back_to_release":1,)"
    R"("back_to_kit":null},{"kind":"silence","classes":[],"count_min":10,"share_percent":0,)"
    R"("sample_min":0,"action":"cancel","back_to_release":null,"back_to_kit":null},)"
    R"({"kind":"health","classes":[],"count_min":1,"share_percent":0,"sample_min":0,)"
    R"("action":"pause","back_to_release":null,"back_to_kit":null}],)"
    R"("downgrade_reason":"2.0 eats batteries","starts_at":"2026-06-01T00:00:00.000Z",)"
    R"("deadline":"2026-07-01T00:00:00.000Z")";

class DeploymentPlanTest : public ApiTest {
 protected:
  DeploymentPlanTest() {
    lamp = product("lamp");
    published(lamp, "1.0");
    published(lamp, "2.0");
    for (const std::string name : {"lab", "customers", "vip"}) {
      ask("POST", "/api/v1/groups", R"({"name":")" + name + R"("})");
    }
  }

  static std::string named(std::string_view name, std::string_view plan) {
    return R"({"name":")" + std::string(name) + R"(",)" + std::string(plan) + "}";
  }
  // The members that operators set, as they stand in an answer.
  static std::string plan_of(const Reply& reply) {
    const size_t from = reply.body.find(R"("priority")");
    const size_t to = reply.body.find(R"(,"device_count")");
    return from < to ? reply.body.substr(from, to - from) : "(no plan) " + reply.body;
  }

  domain::ProductId lamp;
};

TEST_F(DeploymentPlanTest, EveryMemberGoesInAndComesOut) {
  const auto made = ask("POST", kPath, named("whole", kWhole));
  ASSERT_EQ(made.outcome(), "201") << made.body;
  EXPECT_EQ(plan_of(made), kWhole);
  EXPECT_EQ(plan_of(ask("GET", "/api/v1/deployments/1")), kWhole);
  restart_all();
  EXPECT_EQ(plan_of(ask("GET", "/api/v1/deployments/1")), kWhole) << "after a restart";
}

TEST_F(DeploymentPlanTest, WhatComesOutCanBePutIn) {
  ask("POST", kPath, named("whole", kWhole));
  ask("POST", kPath, R"({"name":"bare","target":{"newest_in_channel":"stable"}})");
  for (const std::string id : {"1", "2"}) {
    const std::string plan = plan_of(ask("GET", "/api/v1/deployments/" + id));
    const auto again = ask("POST", kPath, named("again " + id, plan));
    ASSERT_EQ(again.outcome(), "201") << again.body;
    EXPECT_EQ(plan_of(again), plan);
    const auto same = ask("PATCH", "/api/v1/deployments/" + id, "{" + plan + "}");
    ASSERT_EQ(same.outcome(), "200") << same.body;
    EXPECT_EQ(plan_of(same), plan);
  }
  // Also of one that runs: nothing of it changes.
  ASSERT_EQ(ask("POST", "/api/v1/deployments/2/start").at("state"), "running");
  const std::string plan = plan_of(ask("GET", "/api/v1/deployments/2"));
  EXPECT_EQ(ask("PATCH", "/api/v1/deployments/2", "{" + plan + "}").outcome(), "200");
}

TEST_F(DeploymentPlanTest, DefaultsServeEverybodyAtOnce) {
  const auto made = ask("POST", kPath, R"({"name":"d","target":{"release":2}})");
  ASSERT_EQ(made.outcome(), "201");
  EXPECT_EQ(
      plan_of(made),
      R"("priority":0,"target":{"release":2,"kit":null,"newest_in_channel":null,"product":null},)"
      R"("everyone":true,"from_versions":[],"audience":{"groups":[],"filter":"","hardware":[],)"
      R"("share_percent":100,"excluded_groups":[],"excluded_filter":""},"waves":[],)"
      R"("rate":{"per_minute":0,"growth_percent":0,"growth_every_s":0,)"
      R"("growth_every_successes":0,"per_minute_max":0,"concurrent_max":0,"bytes_per_second":0},)"
      R"("windows":{"list":[],"time_zone":""},"conditions":{"free_bytes_min":0,)"
      R"("fits_package":false,"networks":[],"strict":false},"consent":"none","urgency":"soft",)"
      R"("package_mode":"any","signal_min":0,"power_min_percent":0,"retry_count":0,)"
      R"("retry_interval_s":0,"attempts_max":3,"timeouts":{"pending_s":0,"downloading_s":0,)"
      R"("upgrading_s":0},"watch":{"silence_s":0,"health_s":0},"brakes":[],)"
      R"("downgrade_reason":"","starts_at":null,"deadline":null)");
}

TEST_F(DeploymentPlanTest, AChangeOfOneMemberLeavesItsNeighbours) {
  ask("POST", kPath, named("whole", kWhole));
  const auto changed = ask(
      "PATCH", "/api/v1/deployments/1",
      R"({"rate":{"concurrent_max":7},"audience":{"share_percent":20},"watch":{"health_s":9}})");
  ASSERT_EQ(changed.outcome(), "200") << changed.body;
  EXPECT_EQ(changed.at("rate.concurrent_max"), "7");
  EXPECT_EQ(changed.at("rate.per_minute"), "100");
  EXPECT_EQ(changed.at("audience.groups"), "[2]");
  EXPECT_EQ(changed.at("watch.silence_s"), "3600");
  EXPECT_EQ(changed.at("watch.health_s"), "9");
}

TEST_F(DeploymentPlanTest, GroupsByNameOrIdAndFiltersInTheirCanonicalForm) {
  const auto made =
      ask("POST", kPath,
          R"({"name":"d","target":{"release":2},"audience":{"groups":[1,"vip","lab"],)"
          R"x("filter":"(site==\"a\"  or floor>3)"}})x");
  ASSERT_EQ(made.outcome(), "201") << made.body;
  EXPECT_EQ(made.at("everyone"), "false") << "who names groups does not mean everyone";
  EXPECT_EQ(made.at("audience.groups"), "[2]");
  EXPECT_EQ(made.at("audience.groups.0"), "lab");
  EXPECT_EQ(made.at("audience.filter"), "site == \"a\" or floor > 3");
}

TEST_F(DeploymentPlanTest, ExcludedDevicesAreCounted) {
  const auto made =
      ask("POST", kPath, R"({"name":"d","target":{"release":2},"excluded_devices":["b","a","b"]})");
  ASSERT_EQ(made.outcome(), "201") << made.body;
  EXPECT_EQ(made.at("excluded_device_count"), "2");
  EXPECT_EQ(made.at("everyone"), "true");
}

}  // namespace
}  // namespace otaru::api
