// SPDX-License-Identifier: Apache-2.0
#include "cli/plan_text.h"

#include <gtest/gtest.h>

#include "cli/client.h"

namespace otaru::cli {
namespace {

// No form here names a release or product by name, so no server is asked.
std::string said(FlagReader read, const std::vector<std::string>& texts) {
  Client nobody("http://127.0.0.1:1", "");
  const auto members = read(texts, nobody);
  return members ? object_of(*members) : "error: " + members.error().message;
}

TEST(PlanText, Times) {
  EXPECT_EQ(parse_seconds("45").value_or(-1), 45);
  EXPECT_EQ(parse_seconds("90s").value_or(-1), 90);
  EXPECT_EQ(parse_seconds("1h30m").value_or(-1), 5'400);
  EXPECT_EQ(parse_seconds("2d 1h").value_or(-1), 176'400);
  for (const std::string_view wrong : {"", "h", "1x", "1h30", "-1", "999999d", "1.5h"}) {
    EXPECT_FALSE(parse_seconds(wrong).has_value()) << wrong;
  }
}

TEST(PlanText, Rates) {
  EXPECT_EQ(said(read_rate, {"100/min"}), R"({"rate":{"per_minute":100}})");
  EXPECT_EQ(said(read_rate, {"100"}), R"({"rate":{"per_minute":100}})");
  EXPECT_EQ(said(read_rate, {"100/h"}), "error: column 5 of '100/h': expected 'min'");
  EXPECT_EQ(said(read_growth, {"50%/10m"}),
            R"({"rate":{"growth_percent":50,"growth_every_s":600,"growth_every_successes":0}})");
  EXPECT_EQ(said(read_growth, {"50%/100 successes"}),
            R"({"rate":{"growth_percent":50,"growth_every_s":0,"growth_every_successes":100}})");
  EXPECT_EQ(said(read_bandwidth, {"10MB/s"}), R"({"rate":{"bytes_per_second":10000000}})");
  EXPECT_EQ(said(read_bandwidth, {"1MiB/s"}), R"({"rate":{"bytes_per_second":1048576}})");
  EXPECT_EQ(said(read_percent, {"12.5%"}), R"({"audience":{"share_percent":12.5}})");
  EXPECT_EQ(said(read_percent, {"1.2.3"}),
            "error: column 1 of '1.2.3': expected a percentage such as 12.5");
}

TEST(PlanText, Waves) {
  EXPECT_EQ(said(read_waves, {"test: test group=lab,qa gate=success>=99.5%,sample>=5,soak=1h",
                              "rest: share=100% filter=site == \"a b\""}),
            R"({"waves":[{"name":"test","test":true,"groups":["lab","qa"],)"
            R"("gate":{"success_percent":99.5,"sample_min":5,"soak_s":3600}},)"
            R"({"name":"rest","share_percent":100,"filter":"site == \"a b\""}]})");
  EXPECT_EQ(said(read_waves, {"test: gate=failure<=2%,approval"}),
            R"({"waves":[{"name":"test","gate":{"failure_percent":2,"approval":true}}]})");
  EXPECT_EQ(said(read_waves, {"test"}), "error: column 5 of 'test': expected ':' behind the name");
  EXPECT_EQ(said(read_waves, {"test: shere=1%"}),
            "error: column 7 of 'test: shere=1%': expected test, share=N%, group=NAMES, "
            "gate=CONDITIONS or filter=TEXT");
  EXPECT_EQ(said(read_waves, {"test: share=1"}),
            "error: column 14 of 'test: share=1': expected '%'");
}

TEST(PlanText, Brakes) {
  EXPECT_EQ(
      said(read_brakes, {"failures(boot,power)>5% of 20: roll-back to 7", "silence>=10: pause",
                         "health > 2%: cancel", "failures>3: roll-back to kit 9"}),
      R"({"brakes":[{"kind":"failures","classes":["boot","power"],"share_percent":5,)"
      R"("sample_min":20,"action":"roll_back","back_to_release":7},)"
      R"({"kind":"silence","count_min":10,"action":"pause"},)"
      R"({"kind":"health","share_percent":2,"action":"cancel"},)"
      R"({"kind":"failures","count_min":3,"action":"roll_back","back_to_kit":9}]})");
  EXPECT_EQ(said(read_brakes, {"failure>1: pause"}),
            "error: column 1 of 'failure>1: pause': expected failures, silence or health");
  EXPECT_EQ(said(read_brakes, {"failures>1: stop"}),
            "error: column 13 of 'failures>1: stop': expected pause, cancel or roll-back to "
            "PRODUCT@VERSION");
  EXPECT_EQ(said(read_brakes, {"failures>1: pause now"}),
            "error: column 19 of 'failures>1: pause now': expected the end");
}

TEST(PlanText, TimeOutsAndOthers) {
  EXPECT_EQ(said(read_timeouts, {"pending=1d", "upgrading=30m"}),
            R"({"timeouts":{"pending_s":86400,"upgrading_s":1800}})");
  EXPECT_EQ(said(read_timeouts, {"sleeping=1d"}),
            "error: column 1 of 'sleeping=1d': expected pending, downloading or upgrading");
  EXPECT_EQ(said(read_windows, {"Sat,Sun 00:00-24:00", "daily 02:00-04:00"}),
            R"({"windows":{"list":["Sat,Sun 00:00-24:00","daily 02:00-04:00"]}})");
  EXPECT_EQ(said(read_requirements, {"3>=1.4"}),
            R"({"requirements":[{"product":3,"version_min":"1.4"}]})");
  EXPECT_EQ(said(read_kit_items, {"1:7", "0:8"}),
            R"({"items":[{"release":7,"stage":1},{"release":8,"stage":0}]})");
}

// A plan from a file is one object; what is typed besides changes parts of it.
TEST(PlanText, WhatIsTypedGoesIntoWhatWasRead) {
  EXPECT_EQ(object_of({{"rate", R"({"per_minute":1,"concurrent_max":2})"},
                       {"target", R"({"release":1,"kit":null})"},
                       {"rate.per_minute", "9"},
                       {"target.kit", "4"},
                       {"priority", "1"},
                       {"priority", "2"}}),
            R"({"rate":{"per_minute":9,"concurrent_max":2},"target":{"kit":4},"priority":2})");
  EXPECT_EQ(object_of({}), "{}");
}

TEST(PlanText, ADeploymentForPeople) {
  const auto document = base::JsonDocument::parse(
      R"({"id":1,"name":"spring","everyone":true,"rate":{"per_minute":100,"concurrent_max":0},)"
      R"("waves":[{"name":"test","share_percent":0,"groups":["lab"],"filter":"","test":true,)"
      R"("gate":{"sample_min":5,"success_percent":100,"failure_percent":100,"soak_s":5400,)"
      R"("approval":true}},{"name":"all","share_percent":100,"groups":[],"filter":"",)"
      R"("test":false,"gate":{"sample_min":0,"success_percent":0,"failure_percent":100,)"
      R"("soak_s":0,"approval":false}}],"brakes":[{"kind":"failures","classes":["boot"],)"
      R"("count_min":0,"share_percent":5,"sample_min":20,"action":"roll_back",)"
      R"("back_to_release":1,"back_to_kit":null}],"downgrade_reason":"",)"
      R"("rollout":{"open_waves":1,"stopped_by":""}})");
  ASSERT_TRUE(document.has_value());
  const std::string text = deployment_text(document->root());
  EXPECT_NE(text.find("per_minute  100"), std::string::npos) << text;
  EXPECT_EQ(text.find("concurrent_max"), std::string::npos) << "a default is left out: " << text;
  EXPECT_NE(text.find("WAVE"), std::string::npos) << text;
  EXPECT_NE(text.find("success >= 100 %, of 5, for 1h30m, approval"), std::string::npos) << text;
  EXPECT_NE(text.find("failures(boot) >= 5 % of 20: roll_back to release 1"), std::string::npos)
      << text;
}

}  // namespace
}  // namespace otaru::cli
