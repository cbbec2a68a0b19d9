// SPDX-License-Identifier: Apache-2.0
// What became of deployments: reasons of failures, and the dossier.
#include "app/version_history.h"
#include "http/source.h"
#include "tests/support/api_world.h"

namespace otaru::api {
namespace {

class ReportsTest : public ApiTest {
 protected:
  ReportsTest() {
    lamp = product("lamp");
    published(lamp, "1.0");
    published(lamp, "2.0");
    ask("POST", "/api/v1/deployments", R"({"name":"all","target":{"newest_in_channel":"stable"}})");
    EXPECT_EQ(ask("POST", "/api/v1/deployments/1/start").outcome(), "200");
  }

  // A device asks, and says that it went wrong.
  void fails(std::string_view key, domain::FailureClass failure, std::string_view result) {
    const auto done =
        engine->run_blocking("test", [&](app::DeviceGateway& gateway) -> base::Status {
          OTARU_TRY(device,
                    gateway.identify(domain::kDefaultTenant, key, app::Identify::find_or_register));
          domain::CheckIn in;
          in.product = lamp;
          in.slot = "lamp";
          in.version = "1.0";
          OTARU_TRY(got, gateway.check(device, in, app::TaskBirth::record));
          if (got.task == nullptr) return base::fail(base::Code::internal, "nothing is offered");
          app::TaskReport report;
          report.event = domain::TaskEvent::failed;
          report.failure = failure;
          report.result = result;
          return gateway.report(device, got.task->id, report);
        });
    EXPECT_TRUE(done) << key << (done ? "" : done.error().message);
  }

  // The whole of an answer that is made while it is sent.
  std::string fetch(std::string_view target) {
    const Reply reply = ask("GET", target);
    EXPECT_EQ(reply.status, 200) << reply.body;
    std::string out;
    if (!reply.source) return out;
    reply.source->on_ready([] {});
    auto state = http::BodySource::More::ready;
    for (int turn = 0; turn < 1'000 && state != http::BodySource::More::end &&
                       state != http::BodySource::More::error;
         ++turn) {
      state = reply.source->more(out, 1 << 20);
    }
    return out;
  }

  domain::ProductId lamp;
};

TEST_F(ReportsTest, ReasonsAreGroupedOverTheFleet) {
  EXPECT_EQ(ask("GET", "/api/v1/failures").body,
            R"({"items":[],"others":0,"scanned":0,"counted_all":true})");
  fails("d1", domain::FailureClass::space, "102");
  const std::string before = base::iso8601(clock.now());
  clock.advance(base::kHourMs);
  fails("d2", domain::FailureClass::power, "105");
  fails("d3", domain::FailureClass::power, "105");
  fails("d4", domain::FailureClass::power, "202");
  const auto all = ask("GET", "/api/v1/failures");
  EXPECT_EQ(all.at("items"), "[3]");
  EXPECT_EQ(all.at("items.0.failure"), "power");
  EXPECT_EQ(all.at("items.0.result"), "105");
  EXPECT_EQ(all.at("items.0.count"), "2");
  EXPECT_EQ(all.at("items.0.examples"), "[2]");
  EXPECT_EQ(all.at("items.0.deployments.0"), "1");
  EXPECT_EQ(all.at("items.0.first_at"), base::iso8601(clock.now()));
  EXPECT_EQ(all.at("scanned"), "4");
  const auto late = ask("GET", "/api/v1/failures?since=" + base::iso8601(clock.now()));
  EXPECT_EQ(late.at("items"), "[2]");
  EXPECT_EQ(ask("GET", "/api/v1/deployments/1/failures").at("items"), "[3]");
  EXPECT_EQ(ask("GET", "/api/v1/failures?since=" + before).at("items.1.count"), "1");
  EXPECT_EQ(ask("GET", "/api/v1/failures?since=yesterday").outcome(), "400 invalid since");
  EXPECT_EQ(ask("GET", "/api/v1/deployments/9/failures").outcome(), "404 not_found id");
  // Another tenant sees its own.
  ask("POST", "/api/v1/tenants", R"({"name":"other"})");
  const std::string other = key_of_role("viewer", "other");
  EXPECT_EQ(ask_as(other, "GET", "/api/v1/failures").at("items"), "[0]");
  EXPECT_EQ(ask_as(other, "GET", "/api/v1/deployments/1/failures").outcome(), "404 not_found id");
}

TEST_F(ReportsTest, ExamplesAndRareReasonsAreBounded) {
  for (int i = 0; i < 7; ++i) {
    fails("same" + std::to_string(i), domain::FailureClass::boot, "dead");
  }
  for (int i = 0; i < 105; ++i) {
    fails("d" + std::to_string(i), domain::FailureClass::unknown, std::to_string(i));
  }
  const auto all = ask("GET", "/api/v1/failures");
  EXPECT_EQ(all.at("items"), "[100]");
  EXPECT_EQ(all.at("items.0.count"), "7");
  EXPECT_EQ(all.at("items.0.examples"), "[5]");
  EXPECT_EQ(all.at("others"), "6");
}

TEST_F(ReportsTest, WhatRunsOfAProduct) {
  EXPECT_EQ(ask("GET", "/api/v1/products/1/versions").body, R"({"total":0,"items":[],"others":0})");
  for (const char* key : {"d1", "d2", "d3"}) fails(key, domain::FailureClass::boot, "");
  const auto three = ask("GET", "/api/v1/products/1/versions");
  EXPECT_EQ(three.at("items.0.version"), "1.0");
  EXPECT_EQ(three.at("items.0.count"), "3");
  EXPECT_EQ(three.at("items.0.release"), "1");
  EXPECT_EQ(ask("DELETE", "/api/v1/devices/d2").outcome(), "204");
  EXPECT_EQ(ask("GET", "/api/v1/products/1/versions").at("total"), "2");
  EXPECT_EQ(ask("GET", "/api/v1/products/9/versions").outcome(), "404 not_found id");
  EXPECT_EQ(ask("GET", "/api/v1/products/1/versions").at("history"), "(none)");
}

TEST_F(ReportsTest, WhatRanOfAProductBefore) {
  app::VersionHistory history(*engine);
  const base::Time day{clock.now().ms / base::kDayMs * base::kDayMs + base::kDayMs};
  clock.set(day);
  fails("d1", domain::FailureClass::boot, "");
  ASSERT_TRUE(history.tick());
  clock.set(base::Time{day.ms + base::kHourMs});
  fails("d2", domain::FailureClass::boot, "");
  ASSERT_TRUE(history.tick());
  const auto hours = ask("GET", "/api/v1/products/1/versions?history=hour");
  EXPECT_EQ(hours.at("total"), "2");
  EXPECT_EQ(hours.at("history.0.at"), base::iso8601(day));
  EXPECT_EQ(hours.at("history.0.total"), "1");
  EXPECT_EQ(hours.at("history.0.versions.0.version"), "1.0");
  EXPECT_EQ(hours.at("history.0.others"), "0");
  EXPECT_EQ(hours.at("history.1.versions.0.count"), "2");
  EXPECT_EQ(hours.at("history.2"), "(none)");
  const auto days = ask("GET", "/api/v1/products/1/versions?history=day");
  EXPECT_EQ(days.at("history.0.at"), base::iso8601(day));
  EXPECT_EQ(days.at("history.1"), "(none)");
  EXPECT_EQ(ask("GET", "/api/v1/products/1/versions?history=week").outcome(),
            "400 invalid history");
  EXPECT_EQ(ask("GET", "/api/v1/products/1/versions?story=day").outcome(), "400 invalid story");
}

TEST_F(ReportsTest, TheDossierHasPlanChangesAndDevices) {
  fails("d1", domain::FailureClass::space, "no, \"full\"");
  fails("d1", domain::FailureClass::space, "102");
  ask("POST", "/api/v1/deployments/1/pause");
  const std::string text = fetch("/api/v1/deployments/1/dossier");
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  ASSERT_EQ(lines.size(), 7U) << text;
  EXPECT_EQ(lines[0].substr(0, 21), R"({"deployment":{"id":1)");
  EXPECT_NE(lines[1].find(R"("action":"deployment.create","who":"admin","kind":"key")"),
            std::string::npos);
  EXPECT_NE(lines[2].find("deployment.start"), std::string::npos);
  EXPECT_NE(lines[3].find("deployment.pause"), std::string::npos);
  EXPECT_NE(lines[4].find(R"("attempt":2,"state":"failed","failure":"space","result":"102")"),
            std::string::npos);
  EXPECT_NE(lines[5].find(R"("from_version":"1.0","target_version":"2.0","version_now":"1.0")"),
            std::string::npos);
  EXPECT_EQ(lines[6], R"({"complete":true,"count":2})");
  for (const auto& line : lines) EXPECT_TRUE(base::JsonDocument::parse(line)) << line;

  const std::string table = fetch("/api/v1/deployments/1/dossier?format=csv");
  EXPECT_EQ(table.substr(0, 10), "record,at,");
  EXPECT_NE(table.find(",space,\"no, \"\"full\"\"\",0,"), std::string::npos) << table;
  EXPECT_EQ(ask("GET", "/api/v1/deployments/1/dossier?format=pdf").outcome(), "400 invalid format");
  EXPECT_EQ(ask("GET", "/api/v1/deployments/9/dossier").outcome(), "404 not_found id");
}

}  // namespace
}  // namespace otaru::api
