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

// A plan that is refused: what is in it beside a good name and target, and what the answer says.
struct Refused {
  std::string_view plan;
  std::string_view outcome;
  std::string_view rule;
};

TEST_F(DeploymentPlanTest, EveryRefusalNamesTheMemberTheRuleAndTheRemedy) {
  ask("POST", "/api/v1/groups", R"x({"name":"idle","filter":"last_seen < 2026-01-01"})x");
  published(product("other"), "0.1");
  const Refused cases[] = {
      {R"("audience":{"share_percent":101})", "audience.share_percent", "range"},
      {R"("audience":{"share_percent":0.00001})", "audience.share_percent", "precision"},
      {R"("audience":{"shares":1})", "audience.shares", "known"},
      {R"("audience":{"groups":["nobody"]})", "audience.groups[0]", "exists"},
      {R"("audience":{"groups":["lab",99]})", "audience.groups[1]", "exists"},
      {R"("audience":{"groups":["idle"]})", "audience.groups", "known_at_check"},
      {R"("audience":{"groups":["lab"]},"everyone":true)", "everyone", "either"},
      {R"x("audience":{"filter":"last_seen > 2026-01-01"})x", "audience.filter", "known_at_check"},
      {R"x("audience":{"excluded_filter":"site ="})x", "audience.excluded_filter", ""},
      {R"("waves":[{"share_percent":100}])", "waves[0].name", "required"},
      {R"("waves":[{"name":"a"}])", "waves[0].share_percent", "not_empty"},
      {R"("waves":[{"name":"a","share_percent":10}])", "waves[0].share_percent",
       "reaches_everyone"},
      {R"("waves":[{"name":"a","share_percent":10},{"name":"b","share_percent":10}])",
       "waves[1].share_percent", "grows"},
      {R"("waves":[{"name":"a","share_percent":10},{"name":"a","share_percent":100}])",
       "waves[1].name", "unique"},
      {R"("waves":[{"name":"a","share_percent":1},{"name":"b","share_percent":100,"test":true}])",
       "waves[1].test", "first"},
      {R"("waves":[{"name":"a","share_percent":100,"gate":{"success_percent":200}}])",
       "waves[0].gate.success_percent", "range"},
      {R"("waves":[{"name":"a","share_percent":100,"gate":{"soak_s":99999999}}])",
       "waves[0].gate.soak_s", "range"},
      {R"("waves":[{"name":"a","groups":["lab"],"filter":"last_seen == 2026-01-01"}])",
       "waves[0].filter", "known_at_check"},
      {R"("rate":{"growth_percent":10,"growth_every_s":60})", "rate.per_minute", "together"},
      {R"("rate":{"per_minute":1,"growth_percent":10})", "rate.growth_every_s", "either"},
      {R"("rate":{"per_minute":1,"growth_every_s":10})", "rate.growth_every_s", "together"},
      {R"("rate":{"per_minute":9,"growth_percent":10,"growth_every_s":60,"per_minute_max":8})",
       "rate.per_minute_max", "range"},
      {R"("rate":{"concurrent_max":-1})", "rate.concurrent_max", "range"},
      {R"("windows":{"list":["Mon 25:00-26:00"]})", "windows.list[0]", "window"},
      {R"("windows":{"time_zone":"Europe/Nowhere"})", "windows.time_zone", "time_zone"},
      {R"("conditions":{"networks":["Wi Fi"]})", "conditions.networks[0]", "pattern"},
      {R"("consent":"maybe")", "consent", "enum"},
      {R"("consent":"ask","urgency":"forced")", "consent", "either"},
      {R"("timeouts":{"pending_s":-1})", "timeouts.pending_s", "range"},
      {R"("starts_at":"2026-06-01T00:00:00Z","deadline":"2026-06-01T00:00:00Z")", "deadline",
       "after_start"},
      {R"("from_versions":["3.0"])", "downgrade_reason", "downgrade"},
      {R"("brakes":[{}])", "brakes[0].share_percent", "required"},
      {R"("brakes":[{"count_min":1,"sample_min":2}])", "brakes[0].sample_min", "together"},
      {R"("brakes":[{"count_min":1,"classes":["none"]}])", "brakes[0].classes", "enum"},
      {R"("brakes":[{"kind":"silence","count_min":1}])", "brakes[0].kind", "watched"},
      {R"("brakes":[{"kind":"health","count_min":1}])", "brakes[0].kind", "watched"},
      {R"("watch":{"health_s":1},"brakes":[{"kind":"health","count_min":1,"classes":["boot"]}])",
       "brakes[0].classes", "together"},
      {R"("brakes":[{"count_min":1,"action":"roll_back"}])", "brakes[0].back_to_release",
       "required"},
      {R"("brakes":[{"count_min":1,"action":"roll_back","back_to_release":99}])",
       "brakes[0].back_to_release", "exists"},
      {R"("brakes":[{"count_min":1,"action":"roll_back","back_to_release":2}])",
       "brakes[0].back_to_release", "older"},
      {R"("brakes":[{"count_min":1,"action":"roll_back","back_to_release":3}])",
       "brakes[0].back_to_release", "same_product"},
      {R"("brakes":[{"count_min":1,"back_to_release":1}])", "brakes[0].back_to_release",
       "together"},
  };
  for (const auto& one : cases) {
    const auto reply =
        ask("POST", kPath, R"({"name":"d","target":{"release":2},)" + std::string(one.plan) + "}");
    EXPECT_GE(reply.status, 400) << one.plan;
    EXPECT_EQ(reply.at("field"), one.outcome) << one.plan << "\n" << reply.body;
    if (!one.rule.empty()) {
      EXPECT_EQ(reply.at("rule"), one.rule) << one.plan;
    }
  }
  EXPECT_EQ(ask("GET", kPath).at("items"), "[0]") << "what is refused leaves nothing";
}

TEST_F(DeploymentPlanTest, WhatMayNotChangeAfterTheStart) {
  const std::string plan =
      R"({"name":"d","target":{"release":2},"audience":{"groups":["lab"],"share_percent":50,)"
      R"("filter":"site == \"a\""},"waves":[{"name":"few","share_percent":1},)"
      R"({"name":"all","share_percent":100}]})";
  ASSERT_EQ(ask("POST", kPath, plan).outcome(), "201");
  ASSERT_EQ(ask("POST", "/api/v1/deployments/1/start").at("state"), "running");
  const auto changed = [&](std::string_view body) {
    return ask("PATCH", "/api/v1/deployments/1", body).outcome();
  };
  EXPECT_EQ(changed(R"({"target":{"release":1}})"), "409 precondition target");
  EXPECT_EQ(changed(R"({"package_mode":"full_only"})"), "409 precondition package_mode");
  EXPECT_EQ(changed(R"({"downgrade_reason":"x"})"), "409 precondition downgrade_reason");
  EXPECT_EQ(changed(R"({"starts_at":"2027-01-01T00:00:00Z"})"), "409 precondition starts_at");
  EXPECT_EQ(changed(R"({"audience":{"share_percent":49}})"),
            "409 precondition audience.share_percent");
  EXPECT_EQ(changed(R"({"audience":{"groups":["vip"]}})"), "409 precondition audience.groups");
  EXPECT_EQ(changed(R"({"audience":{"filter":""}})"), "409 precondition audience.filter");
  EXPECT_EQ(changed(R"({"audience":{"hardware":["A"]}})"), "409 precondition audience.hardware");
  EXPECT_EQ(changed(R"({"waves":[]})"), "409 precondition waves");
  EXPECT_EQ(changed(R"({"waves":[{"name":"few","share_percent":2},)"
                    R"({"name":"all","share_percent":100}]})"),
            "409 precondition waves[0]");
  EXPECT_EQ(changed(R"({"audience":{"share_percent":60,"groups":["lab","vip"]},"priority":3,)"
                    R"("rate":{"per_minute":5},"waves":[{"name":"few","share_percent":1,)"
                    R"("gate":{"sample_min":9}},{"name":"more","share_percent":20},)"
                    R"({"name":"all","share_percent":100}],"excluded_devices":["x"],)"
                    R"("deadline":"2027-01-01T00:00:00Z","attempts_max":9})"),
            "200");
}

TEST_F(DeploymentPlanTest, ATestWaveCanBeARule) {
  ask("PUT", "/api/v1/settings/deployments.test_wave_required", R"({"value":"true"})");
  ask("POST", kPath, R"({"name":"bold","target":{"release":2}})");
  const auto refused = ask("POST", "/api/v1/deployments/1/start");
  EXPECT_EQ(refused.outcome(), "409 precondition waves");
  EXPECT_EQ(refused.at("rule"), "test_wave");
  ask("PATCH", "/api/v1/deployments/1",
      R"({"waves":[{"name":"t","groups":["lab"],"test":true},)"
      R"({"name":"all","share_percent":100}]})");
  EXPECT_EQ(ask("POST", "/api/v1/deployments/1/start").at("state"), "running");
}

TEST_F(DeploymentPlanTest, ReleasesAndKitsSayWhatMustBeThere) {
  published(product("base"), "1.0");  // product 2, release 3
  const auto made = ask("POST", "/api/v1/releases",
                        R"({"product":1,"version":"3.0","min_version":"2.0",)"
                        R"("requirements":[{"product":2,"version_min":"1.0"}]})");
  ASSERT_EQ(made.outcome(), "201") << made.body;
  EXPECT_EQ(made.at("min_version"), "2.0");
  EXPECT_EQ(made.at("requirements.0.version_min"), "1.0");
  const auto refused = [&](std::string_view rest) {
    return ask("POST", "/api/v1/releases",
               R"({"product":1,"version":"4.0",)" + std::string(rest) + "}")
        .outcome();
  };
  EXPECT_EQ(refused(R"("min_version":"4.0")"), "400 invalid min_version");
  EXPECT_EQ(refused(R"("min_version":"new")"), "400 invalid min_version");
  EXPECT_EQ(refused(R"("requirements":[{"product":1,"version_min":"1"}])"),
            "400 invalid requirements[0].product");
  EXPECT_EQ(refused(R"("requirements":[{"product":9,"version_min":"1"}])"),
            "404 not_found requirements[0].product");
  EXPECT_EQ(refused(R"("requirements":[{"product":2,"version_min":"x"}])"),
            "400 invalid requirements[0].version_min");
  // base 2.0 needs lamp 5.0, and lamp 5.0 base 2.0: nobody could ever begin.
  ASSERT_EQ(ask("POST", "/api/v1/releases",
                R"({"product":2,"version":"2.0","requirements":[{"product":1,)"
                R"("version_min":"5.0"}]})")
                .outcome(),
            "201");
  const auto circle = ask("POST", "/api/v1/releases",
                          R"({"product":1,"version":"5.0","requirements":[{"product":2,)"
                          R"("version_min":"1.5"}]})");
  EXPECT_EQ(circle.outcome(), "400 invalid requirements[0].version_min") << circle.body;
  EXPECT_EQ(circle.at("rule"), "no_circle");

  const auto kit = ask("POST", "/api/v1/kits",
                       R"({"version":"1.0.0.0","items":[{"release":2,"stage":1,)"
                       R"("requirements":[{"product":2,"version_min":"1.0"}]},{"release":3}]})");
  ASSERT_EQ(kit.outcome(), "201") << kit.body;
  EXPECT_EQ(kit.at("items.0.stage"), "1");
  EXPECT_EQ(kit.at("items.0.requirements.0.product"), "2");
  const auto late = ask("POST", "/api/v1/kits",
                        R"({"version":"2.0.0.0","items":[{"release":2,"requirements":)"
                        R"([{"product":2,"version_min":"1.0"}]},{"release":3,"stage":1}]})");
  EXPECT_EQ(late.outcome(), "400 invalid items[0].stage") << late.body;
  EXPECT_EQ(
      ask("POST", "/api/v1/kits", R"({"version":"3.0.0.0","items":[{"release":2,"stage":100}]})")
          .outcome(),
      "400 invalid items[0].stage");
  EXPECT_EQ(ask("DELETE", "/api/v1/products/2").outcome(), "409 precondition");
}

TEST_F(DeploymentPlanTest, WhatAPlanNamesStays) {
  ask("POST", kPath, named("whole", kWhole));
  EXPECT_EQ(ask("DELETE", "/api/v1/groups/1").outcome(), "409 precondition");
  EXPECT_EQ(ask("PATCH", "/api/v1/groups/3", R"x({"filter":"last_seen > 2026-01-01"})x").outcome(),
            "409 precondition filter");
  ask("POST", "/api/v1/deployments/1/cancel", R"({"reason":"over"})");
  EXPECT_EQ(ask("DELETE", "/api/v1/groups/1").outcome(), "204");
  EXPECT_EQ(ask("GET", "/api/v1/deployments/1").at("audience.groups.0"), "1") << "its id is left";
}

TEST_F(DeploymentPlanTest, ListsKnowThePlan) {
  ask("POST", kPath, named("whole", kWhole));
  ask("POST", kPath, R"({"name":"bare","target":{"newest_in_channel":"stable"}})");
  const std::string path = "/api/v1/deployments?filter=";
  EXPECT_EQ(ask("GET", path + "has(brakes)").at("items.0.name"), "whole");
  EXPECT_EQ(ask("GET", path + "not%20has(waves)").at("items.0.name"), "bare");
  EXPECT_EQ(ask("GET", path + "consent%20%3D%3D%20%22ask%22").at("items"), "[1]");
  EXPECT_EQ(ask("GET", "/api/v1/deployments?sort=-urgency").at("items.0.name"), "bare");
}

}  // namespace
}  // namespace otaru::api
