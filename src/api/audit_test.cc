// SPDX-License-Identifier: Apache-2.0
#include "app/journal.h"
#include "domain/journal_verify.h"
#include "tests/support/api_world.h"

namespace otaru::api {
namespace {

class AuditTest : public ApiTest {
 protected:
  // The whole chain, page by page.
  std::string exported(int64_t limit) {
    std::string out;
    int64_t after = 0;
    for (int i = 0; i < 1'000; ++i) {
      const auto reply = ask("GET", "/api/v1/audit/export?limit=" + std::to_string(limit) +
                                        "&after=" + std::to_string(after));
      EXPECT_EQ(reply.status, 200);
      EXPECT_EQ(reply.header("Content-Type"), "application/x-ndjson");
      if (reply.body.empty()) break;
      out += reply.body;
      after += std::count(reply.body.begin(), reply.body.end(), '\n');
    }
    return out;
  }
};

TEST_F(AuditTest, EveryChangeIsListedWithWhoMadeIt) {
  const auto made = ask("POST", "/api/v1/products", R"({"name":"lamp"})");
  ASSERT_EQ(made.status, 201);
  auto list = ask("GET", "/api/v1/audit?limit=1");
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(list.at("items.0.action"), "product.create");
  EXPECT_EQ(list.at("items.0.actor.kind"), "key");
  EXPECT_EQ(list.at("items.0.actor.name"), "admin");
  EXPECT_EQ(list.at("items.0.tenant"), "default");
  EXPECT_EQ(list.at("items.0.subject.name"), "lamp");
  EXPECT_EQ(list.at("items.0.changes.0.members.name.after"), "lamp");
  const std::string sequence = list.at("items.0.sequence");
  EXPECT_EQ(list.at("next_cursor"), sequence);
  const auto one = ask("GET", "/api/v1/audit/" + sequence);
  EXPECT_EQ(one.at("hash"), list.at("items.0.hash"));
  EXPECT_EQ(ask("GET", "/api/v1/audit/head").at("head"), sequence + ":" + one.at("hash"));
  list = ask("GET", "/api/v1/audit?limit=1&cursor=" + sequence);
  EXPECT_EQ(list.at("items.0.hash"), one.at("previous"));
}

TEST_F(AuditTest, Filters) {
  ASSERT_EQ(ask("POST", "/api/v1/products", R"({"name":"lamp"})").status, 201);
  ASSERT_EQ(ask("PATCH", "/api/v1/products/1", R"({"model":"2"})").status, 200);
  const auto first = [&](const std::string& query) {
    return ask("GET", "/api/v1/audit?" + query).at("items.0.action");
  };
  EXPECT_EQ(first("action=product.c"), "product.create");
  EXPECT_EQ(first("subject=product/1"), "product.update");
  EXPECT_EQ(first("subject=product/2"), "(none)");
  EXPECT_EQ(first("subject=server"), "server.first_start");
  EXPECT_EQ(first("actor=nobody"), "(none)");
  EXPECT_EQ(first("actor=admin&action=product."), "product.update");
  EXPECT_EQ(first("since=2026-05-01T00:00:00Z&until=2026-05-02T00:00:00Z"), "product.update");
  EXPECT_EQ(first("since=2030-01-01T00:00:00Z"), "(none)");
  EXPECT_EQ(ask("GET", "/api/v1/audit?since=yesterday").outcome(), "400 invalid since");
  EXPECT_EQ(ask("GET", "/api/v1/audit?odd=1").status, 400);
  EXPECT_EQ(ask("GET", "/api/v1/audit?cursor=x").status, 400);
  EXPECT_EQ(ask("GET", "/api/v1/audit/0").outcome(), "404 not_found sequence");
  EXPECT_EQ(ask("GET", "/api/v1/audit/999").outcome(), "404 not_found sequence");
  EXPECT_EQ(ask("GET", "/api/v1/audit/export?limit=0").outcome(), "400 invalid limit");
  EXPECT_EQ(ask("GET", "/api/v1/audit/export?after=-1").outcome(), "400 invalid after");
}

TEST_F(AuditTest, ATenantsAdminSeesItsOwnEntriesOnly) {
  ASSERT_EQ(ask("POST", "/api/v1/tenants", R"({"name":"acme"})").status, 201);
  ASSERT_EQ(ask("POST", "/api/v1/products", R"({"name":"lamp"})").status, 201);
  const auto theirs = ask("POST", "/api/v1/products", R"({"name":"kettle","tenant":"acme"})");
  ASSERT_EQ(theirs.status, 201);
  const auto sequence = ask("GET", "/api/v1/audit?limit=1").at("items.0.sequence");
  const auto before = std::to_string(std::stoll(sequence) - 1);
  const auto key = key_of_role("admin", "acme", "tenant");
  const auto list = ask_as(key, "GET", "/api/v1/audit");
  ASSERT_EQ(list.status, 200) << list.body;
  EXPECT_EQ(list.body.find("lamp"), std::string::npos);
  EXPECT_NE(list.body.find("kettle"), std::string::npos);
  EXPECT_EQ(ask_as(key, "GET", "/api/v1/audit/" + sequence).status, 200);
  EXPECT_EQ(ask_as(key, "GET", "/api/v1/audit/" + before).outcome(), "404 not_found sequence");
  EXPECT_EQ(ask_as(key, "GET", "/api/v1/audit?tenant=default").status, 404);
  EXPECT_EQ(ask_as(key, "GET", "/api/v1/audit/head").status, 403);
  EXPECT_EQ(ask_as(key, "GET", "/api/v1/audit/export").status, 403);
  for (const auto* role : {"viewer", "operator", "publisher"}) {
    EXPECT_EQ(ask_as(key_of_role(role), "GET", "/api/v1/audit").status, 403) << role;
  }
}

TEST_F(AuditTest, TheExportVerifiesInAnyPages) {
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(ask("POST", "/api/v1/products", R"({"name":"p)" + std::to_string(i) + R"("})").status,
              201);
  }
  const std::string all = exported(1'000);
  EXPECT_EQ(exported(7), all);
  EXPECT_EQ(exported(1), all);
  const auto head = domain::parse_chain_head(ask("GET", "/api/v1/audit/head").at("head"));
  ASSERT_TRUE(head.has_value());
  domain::JournalVerifier verifier({{}, *head});
  for (size_t at = 0; at < all.size();) {
    const size_t end = all.find('\n', at);
    const auto fault = verifier.add(std::string_view(all).substr(at, end - at));
    ASSERT_FALSE(fault) << fault->message;
    at = end + 1;
  }
  EXPECT_FALSE(verifier.finish());
  EXPECT_EQ(verifier.last(), *head);
}

}  // namespace
}  // namespace otaru::api
