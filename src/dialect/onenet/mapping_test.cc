// SPDX-License-Identifier: Apache-2.0
// README.md's tables against those in code, and those against the whole server: what devices say,
// and what they hear.
#include "dialect/onenet/mapping.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "dialect/onenet/test_catalogue.h"
#include "domain/facts.h"
#include "tests/support/readme_table.h"

namespace otaru::dialect::onenet {
namespace {

using domain::FailureClass;
using domain::TaskState;
using tests::TableRow;

const std::string kReadme = OTARU_SOURCE_DIR "/src/dialect/onenet/README.md";

std::string words_of(FailureClass failure) {
  return failure == FailureClass::none ? "" : std::string(domain::name_of(failure));
}
std::string yes_or_no(bool yes) {
  return yes ? "yes" : "no";
}
std::string number(Outcome outcome) {
  return std::to_string(number_of(outcome));
}

TEST(OnenetMapping, ReadmeListsTheResults) {
  std::vector<TableRow> rows;
  for (const auto& row : result_table()) {
    rows.push_back({std::to_string(row.code), std::string(domain::name_of(row.event)),
                    words_of(row.failure), yes_or_no(row.begins)});
  }
  EXPECT_EQ(tests::readme_table(kReadme, "### Results"), rows);
}

TEST(OnenetMapping, ReadmeListsTheOtherMessages) {
  std::vector<TableRow> rows;
  for (const auto& row : message_table()) {
    rows.push_back({std::string(row.message), std::string(domain::name_of(row.event)),
                    words_of(row.failure), yes_or_no(row.begins), std::string(row.source)});
  }
  EXPECT_EQ(tests::readme_table(kReadme, "### Other messages"), rows);
}

TEST(OnenetMapping, ReadmeListsTheStates) {
  std::vector<TableRow> rows;
  for (const auto& row : state_table()) {
    rows.push_back({std::string(domain::name_of(row.state)), number(row.check),
                    number(row.token_check), number(row.result), row.bytes ? "file" : "3"});
  }
  EXPECT_EQ(tests::readme_table(kReadme, "### States"), rows);
}

TEST(OnenetMapping, ReadmeListsTheReasons) {
  std::vector<TableRow> rows;
  for (int i = 0; i <= static_cast<int>(domain::Reason::task_cancelled); ++i) {
    const auto reason = static_cast<domain::Reason>(i);
    rows.push_back({std::string(domain::name_of(reason)), number(outcome_of(reason))});
  }
  EXPECT_EQ(tests::readme_table(kReadme, "### Reasons"), rows);
}

TEST(OnenetMapping, ReadmeListsEveryFailureClass) {
  std::vector<TableRow> rows;
  for (int i = 1; i <= static_cast<int>(FailureClass::unknown); ++i) {
    const auto failure = static_cast<FailureClass>(i);
    std::string said;
    for (const auto& row : result_table()) {
      if (row.failure == failure) said += (said.empty() ? "" : ", ") + std::to_string(row.code);
    }
    for (const auto& row : message_table()) {
      if (row.failure != failure) continue;
      said += said.empty() ? "" : ", ";
      said += row.source.substr(row.source.find("errno"));
    }
    rows.push_back({words_of(failure), said.empty() ? "none: 206" : said});
  }
  EXPECT_EQ(tests::readme_table(kReadme, "### Failure classes"), rows);
}

class OnenetWire : public ::testing::Test {
 protected:
  WireReply call(std::string_view method, const std::string& target, const std::string& body = {}) {
    std::string request(method);
    request += " " + target + " HTTP/1.1\r\nHost: h\r\nAuthorization: " + test_authorization() +
               "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    const auto reply = tests::parse_reply(world_->exchange(request));
    EXPECT_TRUE(reply);
    return reply ? *reply : WireReply{};
  }
  int64_t errno_of(const WireReply& reply) {
    const auto document = base::JsonDocument::parse(reply.body);
    return document ? document->root().find("errno").integer().value_or(-1) : -1;
  }
  std::string offered(const std::string& id) {
    const auto reply = call("GET", check_target(id));
    const auto document = base::JsonDocument::parse(reply.body);
    EXPECT_TRUE(document && errno_of(reply) == 0) << reply.body;
    return std::string(document->root().find("data").find("token").text().value_or(""));
  }
  static std::string check_target(const std::string& id) {
    return "/ota/south/check?dev_id=" + id + "&manuf=001&model=00108&type=1&version=V1.0.0";
  }
  int64_t token_check(const std::string& id, const std::string& token) {
    return errno_of(call("GET", "/ota/south/download/" + token + "/check?dev_id=" + id));
  }
  int64_t step(const std::string& id, const std::string& token, int step) {
    return errno_of(call("POST", "/ota/south/device/download/" + token + "/progress?dev_id=" + id,
                         "{\"step\":" + std::to_string(step) + "}"));
  }
  int64_t report(const std::string& id, const std::string& token, int64_t code) {
    return errno_of(call("POST", "/ota/south/report?dev_id=" + id + "&token=" + token,
                         "{\"result\":" + std::to_string(code) + "}"));
  }
  domain::Task task_of(const std::string& id) { return world_->device(id)->tasks.front(); }
  // As if it had come there by itself.
  void put_state(const std::string& id, TaskState state) {
    domain::Task task = task_of(id);
    task.state = state;
    app::WriteBatch batch;
    batch.ops.emplace_back(task);
    ASSERT_TRUE(world_->engine().write_and_wait(std::move(batch)));
    world_->restart();
  }
  std::string health(const std::string& id) {
    const auto device = world_->device(id);
    const std::string* text = domain::find_text(device->reported, domain::facts::kHealth);
    return text == nullptr ? "" : *text;
  }

  std::unique_ptr<tests::World> world_ = make_test_world();
};

TEST_F(OnenetWire, EachResultDoesWhatTheTableSays) {
  for (const auto& row : result_table()) {
    SCOPED_TRACE(row.code);
    const std::string id = "r" + std::to_string(row.code);
    const std::string token = offered(id);
    EXPECT_EQ(token_check(id, token), 0);
    EXPECT_EQ(report(id, token, row.code), 0);
    const domain::Task task = task_of(id);
    EXPECT_EQ(task.state, *domain::transition(TaskState::downloading, row.event));
    EXPECT_EQ(task.failure, row.failure);
    EXPECT_EQ(task.result, std::to_string(row.code));
    EXPECT_EQ(task.began, row.begins);
  }
}

TEST_F(OnenetWire, EachOtherMessageDoesWhatTheTableSays) {
  for (const auto& row : message_table()) {
    if (row.event == domain::TaskEvent::failed) continue;  // deltas and named deployments: below
    SCOPED_TRACE(row.message);
    const std::string id = "m" + std::to_string(&row - message_table().data());
    const std::string token = offered(id);
    if (row.message == "token check") {
      EXPECT_EQ(token_check(id, token), 0);
    } else if (row.message == "first bytes asked for") {
      EXPECT_EQ(call("GET", "/ota/south/download/" + token).body, small_file());
    } else if (row.message == "step 0 to 99") {
      EXPECT_EQ(step(id, token, 0), 0);
    } else if (row.message == "step 100") {
      EXPECT_EQ(step(id, token, 100), 0);
    } else {
      ASSERT_EQ(row.message, "version equal to the target");
      EXPECT_EQ(
          errno_of(call("POST", "/ota/device/version?dev_id=" + id, R"({"f_version":"V1.0.1"})")),
          0);
    }
    EXPECT_EQ(task_of(id).state, *domain::transition(TaskState::pending, row.event));
  }
  offered("x1");
  EXPECT_EQ(errno_of(call("GET",
                          "/ota/south/check?dev_id=x1&manuf=014&model=01401&type=1"
                          "&version=V1.0.0")),
            8);
  EXPECT_EQ(task_of("x1").failure, FailureClass::hardware);
  EXPECT_FALSE(task_of("x1").began);
  EXPECT_EQ(errno_of(call("GET",
                          "/ota/south/check?dev_id=9001&manuf=014&model=01404&type=1"
                          "&version=1.9")),
            9);
  EXPECT_EQ(task_of("9001").failure, FailureClass::version);
  EXPECT_FALSE(task_of("9001").began);
}

TEST_F(OnenetWire, EachStateIsToldAsTheTableSays) {
  for (const auto& row : state_table()) {
    SCOPED_TRACE(domain::name_of(row.state));
    const std::string id = "s" + std::to_string(static_cast<int>(row.state));
    const std::string token = offered(id);
    put_state(id, row.state);
    EXPECT_EQ(call("GET", "/ota/south/download/" + token).body, row.bytes ? small_file() : "3");
    put_state(id, row.state);
    EXPECT_EQ(token_check(id, token), number_of(row.token_check));
    put_state(id, row.state);
    EXPECT_EQ(step(id, token, 5), number_of(row.token_check));
    put_state(id, row.state);
    EXPECT_EQ(report(id, token, 201), number_of(row.result));
    if (!domain::is_open(row.state)) {
      EXPECT_EQ(task_of(id).state, row.state) << "not obeyed";
    }
  }
}

TEST_F(OnenetWire, AComplaintAfterSuccessIsBadHealth) {
  const std::string token = offered("h1");
  EXPECT_EQ(report("h1", token, 201), 0);
  EXPECT_EQ(health("h1"), "") << "nothing was said about it";
  EXPECT_EQ(report("h1", token, 107), 20);
  EXPECT_EQ(health("h1"), "") << "a late word about the download";
  EXPECT_EQ(report("h1", token, 206), 20);
  EXPECT_EQ(health("h1"), "unhealthy");
  EXPECT_EQ(task_of("h1").state, TaskState::succeeded);
  // It is reflashed, updated again, and well.
  const std::string again = offered("h1");
  EXPECT_NE(again, token);
  EXPECT_EQ(report("h1", again, 201), 0);
  EXPECT_EQ(health("h1"), "healthy");
}

}  // namespace
}  // namespace otaru::dialect::onenet
