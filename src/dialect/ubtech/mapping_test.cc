// SPDX-License-Identifier: Apache-2.0
// README.md's tables against those in code, and those against the whole server: what robots say,
// and what they hear.
#include "dialect/ubtech/mapping.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "dialect/ubtech/errors.h"
#include "dialect/ubtech/seed_world.h"
#include "domain/facts.h"
#include "tests/support/readme_table.h"

namespace otaru::dialect::ubtech {
namespace {

using domain::TaskState;
using tests::TableRow;

const std::string kMappingReadme = OTARU_SOURCE_DIR "/src/dialect/ubtech/README.md";

std::string digit_of(CallbackCode code) {
  return std::to_string(static_cast<int>(code));
}

TEST(UbtechMapping, ReadmeListsTheReports) {
  std::vector<TableRow> rows;
  for (const auto& row : report_table()) {
    const bool success = row.code == CallbackCode::success;
    const bool fails = row.failure != domain::FailureClass::none;
    rows.push_back({digit_of(row.code),
                    !success   ? "any"
                    : row.last ? "the last"
                               : "not the last",
                    std::string(row.event ? domain::name_of(*row.event) : "noted"),
                    fails ? std::string(domain::name_of(row.failure)) : "",
                    row.begins ? "yes" : "no"});
    EXPECT_EQ(&row_of(row.code, row.last), &row);
  }
  EXPECT_EQ(tests::readme_table(kMappingReadme, "### Reports"), rows);
}

TEST(UbtechMapping, ReadmeListsTheStates) {
  std::vector<TableRow> rows;
  for (const auto& row : state_table()) {
    rows.push_back({std::string(domain::name_of(row.state)), std::string(name_of(row.step)),
                    std::string(name_of(row.done)), std::string(name_of(row.failed))});
  }
  EXPECT_EQ(tests::readme_table(kMappingReadme, "### States"), rows);
}

TEST(UbtechMapping, ReadmeListsTheReasons) {
  std::vector<TableRow> rows;
  for (int i = 0; i <= static_cast<int>(domain::Reason::task_cancelled); ++i) {
    domain::Decision decision;
    decision.reason = static_cast<domain::Reason>(i);
    std::string codes(code_text(code_for(decision)));
    decision.label = "language";
    const std::string_view language = code_text(code_for(decision));
    if (language != codes) codes += ", language " + std::string(language);
    rows.push_back({std::string(domain::name_of(decision.reason)), codes});
  }
  EXPECT_EQ(tests::readme_table(kMappingReadme, "### Reasons"), rows);
}

TEST(UbtechMapping, ReadmeListsEveryFailureClass) {
  std::vector<TableRow> rows;
  for (int i = 1; i <= static_cast<int>(domain::FailureClass::unknown); ++i) {
    const auto failure = static_cast<domain::FailureClass>(i);
    const bool said = row_of(CallbackCode::failed, true).failure == failure;
    rows.push_back({std::string(domain::name_of(failure)), said ? "2" : "none: 2"});
  }
  EXPECT_EQ(tests::readme_table(kMappingReadme, "### Failure classes"), rows);
}

class UbtechWire : public ::testing::Test {
 protected:
  UbtechWire() {
    token_ = text_in(call("GET",
                          "/oauth/token?client_id=mobile_1&client_secret=secret_1"
                          "&grant_type=password&username=aa&password=aa"),
                     "access_token");
  }
  WireReply call(std::string_view method, const std::string& target) {
    std::string request(method);
    request += " " + target + " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";
    const auto reply = tests::parse_reply(world_->exchange(request));
    EXPECT_TRUE(reply);
    return reply ? *reply : WireReply{};
  }
  static std::string text_in(const WireReply& reply, std::string_view key) {
    const auto document = base::JsonDocument::parse(reply.body);
    return document ? std::string(document->root().find(key).text().value_or("")) : "";
  }
  WireReply ask(const std::string& robot, const std::string& version = "6") {
    return call("GET", "/file/download?access_token=" + token_ +
                           "&package_name=com.ubtechinc.alpha2services&version=" + version +
                           "&file_name=service5mic&language=CN&robot_version=1&robot_id=" + robot);
  }
  // The ids of its two patches.
  std::pair<std::string, std::string> offered(const std::string& robot) {
    const std::string ids = text_in(ask(robot), "id");
    const size_t at = ids.find(';');
    EXPECT_NE(at, std::string::npos) << ids;
    return {ids.substr(0, at), ids.substr(at + 1)};
  }
  std::string report(const std::string& robot, const std::string& id, CallbackCode code) {
    return text_in(call("POST", "/file/callback?access_token=" + token_ + "&id=" + id +
                                    "&robot_id=" + robot + "&code=" + digit_of(code)),
                   "code");
  }
  domain::Task task_of(const std::string& robot) { return world_->device(robot)->tasks.front(); }
  // As if it had come there by itself.
  void put_state(const std::string& robot, TaskState state) {
    domain::Task task = task_of(robot);
    task.state = state;
    task.steps_done = 0;
    app::WriteBatch batch;
    batch.ops.emplace_back(task);
    ASSERT_TRUE(world_->engine().write_and_wait(std::move(batch)));
    world_->restart();
  }
  size_t log_lines(const std::string& robot) {
    return world_->store().device_log(world_->device(robot)->id, 100)->size();
  }
  std::string health(const std::string& robot) {
    const auto device = world_->device(robot);
    const std::string* text = domain::find_text(device->reported, domain::facts::kHealth);
    return text == nullptr ? "" : *text;
  }

  std::unique_ptr<tests::World> world_ = make_seed_world();
  std::string token_;
};

TEST_F(UbtechWire, EachReportDoesWhatTheTableSays) {
  for (const auto& row : report_table()) {
    const std::string robot = "report" + std::to_string(&row - report_table().data());
    SCOPED_TRACE(robot);
    const auto [first, last] = offered(robot);
    EXPECT_EQ(report(robot, row.last ? last : first, row.code), "100");
    const domain::Task task = task_of(robot);
    EXPECT_EQ(task.state,
              row.event ? *domain::transition(TaskState::pending, *row.event) : TaskState::pending);
    EXPECT_EQ(task.failure, row.failure);
    EXPECT_EQ(task.began, row.begins);
    EXPECT_EQ(task.result, row.event ? digit_of(row.code) : "");
    EXPECT_EQ(log_lines(robot), row.event ? 0u : 1u);
  }
}

TEST_F(UbtechWire, EachStateTakesReportsAsTheTableSays) {
  for (const auto& row : state_table()) {
    for (const auto& said : report_table()) {
      if (!said.event) continue;
      const std::string robot = "state" + std::to_string(static_cast<int>(row.state)) + "x" +
                                std::to_string(&said - report_table().data());
      SCOPED_TRACE(std::string(domain::name_of(row.state)) + ", code " + digit_of(said.code));
      const auto [first, last] = offered(robot);
      put_state(robot, row.state);
      EXPECT_EQ(report(robot, said.last ? last : first, said.code), "100");
      const Effect effect = effect_of(row.state, said);
      const domain::Task task = task_of(robot);
      if (effect == Effect::moves) {
        EXPECT_EQ(task.result, digit_of(said.code));
      } else {
        EXPECT_EQ(task.state, row.state) << "not obeyed";
        EXPECT_EQ(task.result, "");
      }
      EXPECT_EQ(log_lines(robot), effect == Effect::noted ? 1u : 0u);
    }
  }
}

TEST_F(UbtechWire, OnlyLivingTasksAreAnswered) {
  for (const auto& row : state_table()) {
    SCOPED_TRACE(domain::name_of(row.state));
    const std::string robot = "ask" + std::to_string(static_cast<int>(row.state));
    offered(robot);
    put_state(robot, row.state);
    const bool living = row.state == TaskState::pending || row.state == TaskState::downloading ||
                        row.state == TaskState::upgrading;
    if (living) {
      EXPECT_EQ(text_in(ask(robot), "code"), "100");
      EXPECT_EQ(world_->device(robot)->tasks.size(), 1u);
    } else if (row.state == TaskState::paused) {
      EXPECT_EQ(text_in(ask(robot), "code"), "102");
    }
  }
}

TEST_F(UbtechWire, AComplaintAfterSuccessIsBadHealth) {
  const auto [first, last] = offered("h1");
  EXPECT_EQ(report("h1", last, CallbackCode::success), "100");
  EXPECT_EQ(health("h1"), "") << "nothing was said about it";
  EXPECT_EQ(report("h1", last, CallbackCode::failed), "100");
  EXPECT_EQ(health("h1"), "unhealthy");
  EXPECT_EQ(task_of("h1").state, TaskState::succeeded);
  // It is reflashed, updated again, and well.
  const auto again = offered("h1");
  EXPECT_EQ(report("h1", again.second, CallbackCode::success), "100");
  EXPECT_EQ(health("h1"), "healthy");
}

}  // namespace
}  // namespace otaru::dialect::ubtech
