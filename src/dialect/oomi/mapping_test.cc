// SPDX-License-Identifier: Apache-2.0
// README.md's tables against those in code, and those against the whole server: what devices say,
// and what they hear.
#include "dialect/oomi/mapping.h"

#include <gtest/gtest.h>

#include "dialect/oomi/errors.h"
#include "dialect/oomi/fixture.h"
#include "tests/support/readme_table.h"

namespace otaru::dialect::oomi {
namespace {

using domain::TaskState;
using tests::TableRow;

const std::string kMappingReadme = OTARU_SOURCE_DIR "/src/dialect/oomi/README.md";

TEST(OomiMapping, ReadmeListsTheMessages) {
  std::vector<TableRow> rows;
  for (const auto& row : kMessageTable) {
    rows.push_back({std::string(row.message), std::string(domain::name_of(row.event)),
                    row.begins ? "yes" : "no", std::string(row.source)});
  }
  EXPECT_EQ(tests::readme_table(kMappingReadme, "### Messages"), rows);
}

TEST(OomiMapping, ReadmeListsTheStates) {
  std::vector<TableRow> rows;
  for (size_t i = 0; i < kStateTable.size(); ++i) {
    EXPECT_EQ(kStateTable[i].state, static_cast<TaskState>(i));
    rows.push_back({std::string(domain::name_of(kStateTable[i].state)),
                    kStateTable[i].listed ? "listed" : "not listed"});
  }
  EXPECT_EQ(tests::readme_table(kMappingReadme, "### States"), rows);
}

TEST(OomiMapping, ReadmeListsTheReasons) {
  std::vector<TableRow> rows;
  for (int i = 0; i <= static_cast<int>(domain::Reason::task_cancelled); ++i) {
    const auto reason = static_cast<domain::Reason>(i);
    const Answer answer = answer_of(reason);
    const Answer detail = answer == Answer::newest ? Answer::newest_detail : answer;
    rows.push_back({std::string(domain::name_of(reason)),
                    answer == Answer::success ? "listed" : "not listed",
                    std::string(code_of(answer == Answer::no_firmware ? Answer::newest : answer)),
                    std::string(code_of(detail))});
  }
  EXPECT_EQ(tests::readme_table(kMappingReadme, "### Reasons"), rows);
}

TEST(OomiMapping, ReadmeListsEveryFailureClass) {
  std::vector<TableRow> rows;
  for (int i = 1; i <= static_cast<int>(domain::FailureClass::unknown); ++i) {
    rows.push_back({std::string(domain::name_of(static_cast<domain::FailureClass>(i))), "none"});
  }
  EXPECT_EQ(tests::readme_table(kMappingReadme, "### Failure classes"), rows);
}

class OomiWire : public ::testing::Test {
 protected:
  std::string post(const std::string& path, const std::string& body, const std::string& guid) {
    auto reply = tests::parse_reply(
        world_->exchange("POST " + path + " HTTP/1.1\r\nHost: h\r\nCookie: guid=" + guid +
                         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
    EXPECT_TRUE(reply);
    return reply ? reply->body : "";
  }
  std::string check(const std::string& guid, const std::string& version = "V2.0.5.8") {
    return post("/ota/integration/check",
                R"({"firmwares":[{"name":"OOMI_Cube_APP","swVersion":")" + version + "\"}]}", guid);
  }
  domain::Task task_of(const std::string& guid) { return world_->device(guid)->tasks.front(); }

  std::shared_ptr<tests::World> world_ = make_world();
};

TEST_F(OomiWire, EachMessageDoesWhatTheTableSays) {
  for (const auto& row : kMessageTable) {
    SCOPED_TRACE(row.message);
    const std::string guid = "M" + std::to_string(&row - kMessageTable.data());
    check(guid);
    EXPECT_EQ(task_of(guid).state, TaskState::pending);
    EXPECT_FALSE(task_of(guid).began);
    if (row.event == domain::TaskEvent::downloaded) {
      post("/firmwares/dwlStatus", "{}", guid);
      EXPECT_EQ(task_of(guid).began, row.begins);
    } else {
      check(guid, "V2.0.6.9");
    }
    EXPECT_EQ(task_of(guid).state, *domain::transition(TaskState::pending, row.event));
  }
}

TEST_F(OomiWire, EachStateIsListedAsTheTableSays) {
  for (const auto& row : kStateTable) {
    // What ended lets the next task be born, and so does a wait for a consent that nobody asks for.
    if (!domain::is_open(row.state) || row.state == TaskState::awaiting_consent) continue;
    SCOPED_TRACE(domain::name_of(row.state));
    const std::string guid = "S" + std::to_string(static_cast<int>(row.state));
    check(guid);
    domain::Task task = task_of(guid);
    task.state = row.state;
    app::WriteBatch batch;
    batch.ops.emplace_back(task);
    ASSERT_TRUE(world_->engine().write_and_wait(std::move(batch)));
    world_->restart();
    EXPECT_EQ(check(guid).find("needUpgrade") != std::string::npos, row.listed);
    EXPECT_EQ(task_of(guid).id, task.id);
    // And what it says then is heard, however late.
    check(guid, "V2.0.6.9");
    EXPECT_EQ(task_of(guid).state, TaskState::succeeded);
  }
}

}  // namespace
}  // namespace otaru::dialect::oomi
