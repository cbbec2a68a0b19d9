// SPDX-License-Identifier: Apache-2.0
// Lists that are filtered, sorted and cut; groups; imports and exports as operators see them.
#include <gtest/gtest.h>

#include <set>

#include "base/encoding.h"
#include "tests/support/api_world.h"

namespace otaru::api {
namespace {

class ListingTest : public ApiTest {
 protected:
  Reply get(const std::string& path) { return ask("GET", path); }
  std::string filtered(const std::string& list, const std::string& filter) {
    const auto reply = get("/api/v1/" + list + "?fields=id&filter=" + base::percent_encode(filter));
    return reply.status == 200 ? reply.body : reply.outcome();
  }
  void make_product(const std::string& name, const std::string& model) {
    const auto made =
        ask("POST", "/api/v1/products", R"({"name":")" + name + R"(","model":")" + model + "\"}");
    EXPECT_EQ(made.status, 201) << made.body;
  }
  // Every page of a list, one row each time; `between` runs between the pages.
  std::vector<std::string> walk(const std::string& path, const std::string& member,
                                const std::function<void(size_t)>& between = nullptr) {
    std::vector<std::string> out;
    std::string cursor;
    for (size_t i = 0; i < 100; ++i) {
      const auto reply = get(path + "&limit=1" + (cursor.empty() ? "" : "&cursor=" + cursor));
      EXPECT_EQ(reply.status, 200) << reply.body;
      const auto value = reply.at("items.0." + member);
      if (value != "(none)") out.push_back(value);
      cursor = reply.at("next_cursor");
      if (cursor == "null" || cursor == "(none)") break;
      if (between) between(i);
    }
    return out;
  }
};

TEST_F(ListingTest, FiltersSortsAndFields) {
  for (const auto* name : {"pear", "fig", "apple", "plum"}) make_product(name, "1");
  make_product("fig", "2");
  EXPECT_EQ(filtered("products", R"(name like "p*" or model == "2")"),
            R"({"items":[{"id":1},{"id":4},{"id":5}],"next_cursor":null})");
  EXPECT_EQ(filtered("products", "nam == 1"), "400 invalid filter");
  EXPECT_EQ(get("/api/v1/products?sort=colour").outcome(), "400 invalid sort");
  EXPECT_EQ(get("/api/v1/products?fields=id,colour").outcome(), "400 invalid fields");
  EXPECT_EQ(get("/api/v1/products?sort=name&cursor=5").outcome(), "400 invalid cursor");
  const std::string by_name = "/api/v1/products?sort=name";
  EXPECT_EQ(walk(by_name, "id"), (std::vector<std::string>{"3", "2", "5", "1", "4"}));
  EXPECT_EQ(walk("/api/v1/products?sort=-name", "id"),
            (std::vector<std::string>{"4", "1", "5", "2", "3"}));
  EXPECT_EQ(walk("/api/v1/products?fields=id", "name"), std::vector<std::string>{});
}

// Rows that come and go while a list is read: what was there throughout is seen exactly once.
TEST_F(ListingTest, PagesAreStableUnderWrites) {
  for (const auto* name : {"b", "d", "f", "h", "j"}) make_product(name, "1");
  const auto seen = walk("/api/v1/products?sort=name", "name", [&](size_t i) {
    if (i == 0) make_product("a", "1");  // before the cursor: not seen
    if (i == 1) make_product("e", "1");  // behind it: seen
    if (i == 2) {
      EXPECT_EQ(ask("DELETE", "/api/v1/products/4").status, 204);  // h goes
    }
  });
  EXPECT_EQ(seen, (std::vector<std::string>{"b", "d", "e", "f", "j"}));
}

TEST_F(ListingTest, DevicesByFilterWithABoundOnTheWork) {
  for (int i = 0; i < 30; ++i) {
    const auto made = ask("POST", "/api/v1/devices",
                          R"({"key":"dev-)" + std::to_string(100 + i) + R"(","attributes":{"n":")" +
                              std::to_string(i) + "\"}}");
    ASSERT_EQ(made.status, 201) << made.body;
  }
  const std::string path = "/api/v1/devices?fields=key&filter=" +
                           base::percent_encode(R"(n >= 10 and n < 13 and key like "dev-*")");
  const auto reply = get(path);
  EXPECT_EQ(reply.body, R"({"items":[{"key":"dev-110"},{"key":"dev-111"},{"key":"dev-112"}],)"
                        R"("next_cursor":null,"scanned":30})");
  EXPECT_EQ(walk(path, "key"), (std::vector<std::string>{"dev-110", "dev-111", "dev-112"}));
  EXPECT_EQ(get("/api/v1/devices?sort=door").outcome(), "400 invalid sort");
  EXPECT_EQ(get("/api/v1/devices?filter=n%20%3D%205").outcome(), "400 invalid filter");
  EXPECT_EQ(get("/api/v1/tasks?filter=state%20%3D%3D%20%22failed%22").body,
            R"({"items":[],"next_cursor":null,"scanned":0})");
}

TEST_F(ListingTest, GroupsByHandAndByFilter) {
  ask("POST", "/api/v1/devices", R"({"key":"a"})");
  ask("POST", "/api/v1/devices", R"({"key":"b"})");
  const auto lab = ask("POST", "/api/v1/groups", R"({"name":"lab"})");
  EXPECT_EQ(lab.status, 201) << lab.body;
  const auto betas = ask("POST", "/api/v1/groups", R"({"name":"betas","filter":"tag==\"beta\""})");
  EXPECT_EQ(betas.at("filter"), R"(tag == "beta")");
  EXPECT_EQ(ask("POST", "/api/v1/groups", R"({"name":"lab"})").outcome(), "409 conflict name");
  EXPECT_EQ(ask("POST", "/api/v1/groups", R"({"name":"x","filter":"tag = 1"})").outcome(),
            "400 invalid filter");
  const std::string members = "/api/v1/groups/" + lab.at("id") + "/devices";
  EXPECT_EQ(ask("POST", members, R"({"add":["a","b"]})").status, 200);
  EXPECT_EQ(ask("POST", members, R"({"add":["a","nobody"]})").outcome(), "404 not_found add");
  EXPECT_EQ(ask("POST", members, R"({"remove":["a"]})").status, 200);
  EXPECT_EQ(ask("POST", "/api/v1/groups/2/devices", R"({"add":["a"]})").outcome(),
            "409 precondition");
  EXPECT_EQ(get("/api/v1/devices/b").at("groups.0"), "lab");
  EXPECT_EQ(ask("PATCH", "/api/v1/devices/a", R"({"tags":["beta","x"]})").at("tags.0"), "beta");
  EXPECT_EQ(ask("PATCH", "/api/v1/devices/a", R"({"groups":["betas"]})").outcome(),
            "409 precondition groups");
  const auto in = [&](const std::string& group) {
    return get("/api/v1/devices?fields=key&filter=" +
               base::percent_encode("group == \"" + group + "\""))
        .at("items.0.key");
  };
  EXPECT_EQ(in("lab"), "b");
  EXPECT_EQ(in("betas"), "a");
  EXPECT_EQ(ask("DELETE", "/api/v1/groups/1").status, 204);
  EXPECT_EQ(get("/api/v1/devices/b").at("groups.0"), "(none)");
}

TEST_F(ListingTest, ImportsAreStartedWatchedAndOver) {
  const std::string id = upload("key,blocked\na,true\nb,maybe\n", "fleet.csv");
  const auto made =
      ask("POST", "/api/v1/imports", R"({"upload":")" + id + R"(","kind":"devices"})");
  EXPECT_EQ(made.outcome(), "201");
  EXPECT_EQ(made.at("state"), "queued");
  EXPECT_EQ(get("/api/v1/uploads/" + id).status, 404);  // used up
  while (imports->step()) {
  }
  const auto now = get("/api/v1/imports/1");
  EXPECT_EQ(now.at("state") + now.at("created") + now.at("failed") + now.at("percent"),
            "finished11100");
  EXPECT_EQ(get("/api/v1/imports").at("items.0.id"), "1");
  EXPECT_EQ(ask("POST", "/api/v1/imports/1/cancel").at("state"), "finished");
  EXPECT_EQ(get("/api/v1/imports/9").outcome(), "404 not_found id");
  EXPECT_EQ(ask("POST", "/api/v1/imports", R"({"upload":"nothing"})").status, 404);
}

}  // namespace
}  // namespace otaru::api
