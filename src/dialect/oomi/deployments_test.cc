// SPDX-License-Identifier: Apache-2.0
// What deployments are to this protocol: facts that its messages carry, the flag for what is not
// left to the owner, and which message begins an attempt.
#include <gtest/gtest.h>

#include "base/json.h"
#include "dialect/oomi/fixture.h"
#include "domain/facts.h"

namespace otaru::dialect::oomi {
namespace {

class OomiDeployments : public ::testing::Test {
 protected:
  WireReply send(const std::string& bytes) {
    auto reply = tests::parse_reply(world_->exchange(bytes));
    EXPECT_TRUE(reply);
    return reply ? *reply : WireReply{};
  }
  WireReply post(const std::string& path, const std::string& body, const std::string& guid = {}) {
    return send("POST " + path + " HTTP/1.1\r\nHost: h\r\n" +
                (guid.empty() ? "" : "Cookie: guid=" + guid + "\r\n") +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  WireReply check(const std::string& guid, const std::string& parts) {
    return post("/ota/integration/check", "{\"firmwares\":[" + parts + "]}", guid);
  }
  static std::string part(const std::string& name, const std::string& version,
                          const std::string& hardware = {}) {
    return "{\"name\":\"" + name + "\",\"swVersion\":\"" + version + "\",\"hwVersion\":\"" +
           hardware + "\"}";
  }
  void edit(const std::function<void(domain::Deployment&)>& change) {
    auto rows = world_->engine().snapshot()->rows();
    for (auto& row : rows.deployments) change(row);
    world_->load(rows);
  }
  std::string reported(const std::string& guid, std::string_view name) {
    const auto device = world_->device(guid);
    const std::string* text = domain::find_text(device->reported, name);
    return text == nullptr ? "" : *text;
  }

  std::shared_ptr<tests::World> world_ = make_world();
};

TEST_F(OomiDeployments, TheFirstHardwareVersionIsTheDevices) {
  check("HW1", part("OOMI_Cube_Firmware", "V0.2.0.4") + "," +
                   part("OOMI_Cube_APP", "V2.0.5.8", "1.1.0.2") + "," +
                   part("OOMI_Cube_IR", "V1.1.0.0", "9"));
  EXPECT_EQ(reported("HW1", domain::facts::kHwVersion), "1.1.0.2");
  const auto before = *world_->store().dump();
  check("HW1", part("OOMI_Cube_APP", "V2.0.5.8", "1.1.0.2"));
  check("HW1", part("OOMI_Cube_APP", "V2.0.5.8"));
  EXPECT_EQ(*world_->store().dump(), before) << "only changes are written";
  check("HW1", part("OOMI_Cube_APP", "V2.0.5.8", "1.2"));
  EXPECT_EQ(reported("HW1", domain::facts::kHwVersion), "1.2");
}

TEST_F(OomiDeployments, ForcedIsCompel) {
  const std::string ask = "GET /retrieve?product=OOMI_Touch_APP&currentSwVersion=V1.0.0.0";
  const std::string end = " HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_NE(send(ask + end).body.find("\"compel\":false"), std::string::npos);
  edit([](domain::Deployment& row) { row.urgency = domain::Urgency::forced; });
  EXPECT_NE(send(ask + end).body.find("\"compel\":true"), std::string::npos);
}

TEST_F(OomiDeployments, DownloadStatusBeginsTheOneUpdateUnderWay) {
  check("D1", part("OOMI_Cube_APP", "V2.0.5.8"));
  EXPECT_EQ(world_->device("D1")->tasks.front().state, domain::TaskState::pending);
  // Without a cookie, or from a device that nobody knows, it is only polite.
  for (const std::string guid : {"", "NOBODY", "not%20sane;"}) {
    EXPECT_EQ(post("/firmwares/dwlStatus", "{}", guid).body,
              R"({"code":"1","note":"OPERATE_SUCCESS"})");
  }
  EXPECT_FALSE(world_->device("NOBODY"));
  EXPECT_EQ(world_->device("D1")->tasks.front().state, domain::TaskState::pending);
  EXPECT_EQ(post("/firmwares/dwlStatus", "", "D1").body,
            R"({"code":"1","note":"OPERATE_SUCCESS"})");
  EXPECT_EQ(world_->device("D1")->tasks.front().state, domain::TaskState::upgrading);
  const auto before = *world_->store().dump();
  post("/firmwares/dwlStatus", "", "D1");
  EXPECT_EQ(*world_->store().dump(), before) << "said again it is no news";
  // It is still offered, and the version completes it.
  EXPECT_NE(check("D1", part("OOMI_Cube_APP", "V2.0.5.8")).body.find("V2.0.6.9"),
            std::string::npos);
  check("D1", part("OOMI_Cube_APP", "V2.0.6.9"));
  EXPECT_EQ(world_->device("D1")->tasks.front().state, domain::TaskState::succeeded);
}

TEST_F(OomiDeployments, DownloadStatusOfSeveralUpdatesSaysNothing) {
  check("D2", part("OOMI_Cube_APP", "V2.0.5.8") + "," + part("OOMI_Touch_APP", "V1.0.0.0"));
  post("/firmwares/dwlStatus", "", "D2");
  const auto device = world_->device("D2");
  ASSERT_EQ(device->tasks.size(), 2u);
  for (const auto& task : device->tasks) {
    EXPECT_EQ(task.state, domain::TaskState::pending);
  }
}

}  // namespace
}  // namespace otaru::dialect::oomi
