// SPDX-License-Identifier: Apache-2.0
// README.md's tables against those in code, and those against the whole server.
#include "dialect/hawkbit/mapping.h"

#include <gtest/gtest.h>

#include "dialect/hawkbit/test_world.h"
#include "domain/facts.h"
#include "tests/support/readme_table.h"

namespace otaru::dialect::hawkbit {
namespace {

using domain::TaskState;
using tests::TableRow;

const std::string kMappingReadme = OTARU_SOURCE_DIR "/src/dialect/hawkbit/README.md";

TEST(HawkbitMapping, ReadmeListsTheFeedback) {
  std::vector<TableRow> rows;
  for (const auto& row : feedback_table()) {
    rows.push_back({std::string(name_of(row.execution)),
                    row.finished ? std::string(name_of(*row.finished)) : "any",
                    std::string(name_of(row.meaning)),
                    row.event ? std::string(domain::name_of(*row.event)) : ""});
  }
  EXPECT_EQ(tests::readme_table(kMappingReadme, "### Feedback"), rows);
}

TEST(HawkbitMapping, ReadmeListsTheStates) {
  std::vector<TableRow> rows;
  for (const auto& row : state_table()) {
    rows.push_back({std::string(domain::name_of(row.state)), std::string(row.link),
                    row.action_there ? "200" : "404", row.feedback_taken ? "200" : "410",
                    std::string(row.status)});
  }
  EXPECT_EQ(tests::readme_table(kMappingReadme, "### States"), rows);
}

TEST(HawkbitMapping, ReadmeListsTheRest) {
  std::vector<TableRow> urgencies;
  for (const auto& row : urgency_table()) {
    urgencies.push_back({std::string(domain::name_of(row.urgency)), std::string(row.download),
                         std::string(row.update)});
    EXPECT_EQ(&row_of(row.urgency), &row);
  }
  EXPECT_EQ(tests::readme_table(kMappingReadme, "### Urgency"), urgencies);
  std::vector<TableRow> parts;
  for (const auto& row : part_table()) {
    parts.push_back({std::string(row.type), std::string(row.part)});
  }
  EXPECT_EQ(tests::readme_table(kMappingReadme, "### Parts"), parts);
  std::vector<TableRow> failures;
  for (const auto& row : failure_table()) {
    failures.push_back({std::string(domain::name_of(row.failure)), std::string(row.words)});
  }
  EXPECT_EQ(tests::readme_table(kMappingReadme, "### Failure classes"), failures);
  std::vector<TableRow> attributes;
  for (const auto& row : attribute_table()) {
    attributes.push_back({std::string(row.name), std::string(row.fact)});
  }
  EXPECT_EQ(tests::readme_table(kMappingReadme, "### Attributes"), attributes);
}

TEST(HawkbitMapping, PartsOfProducts) {
  domain::Product product;
  product.name = "gateway";
  EXPECT_EQ(part_of(product), "os");
  product.type = domain::ProductType::software;
  EXPECT_EQ(part_of(product), "bApp");
  product.feature = "runtime";
  EXPECT_EQ(part_of(product), "jvm");
  product.feature = "plc";
  EXPECT_EQ(part_of(product), "plc");
}

class HawkbitStates : public ::testing::Test, protected Gateways {
 protected:
  // The one action of the device, in a state as if it had come there by itself.
  std::string action_in(const std::string& device, TaskState state) {
    const std::string action = poll_for_action(device);
    world_->advance(1000);
    if (state == TaskState::succeeded) {
      EXPECT_EQ(feedback(device, action, "closed", "success").status, 200);
      return action;
    }
    domain::Task task = world_->device(device)->tasks.front();
    task.state = state;
    app::WriteBatch batch;
    batch.ops.emplace_back(task);
    EXPECT_TRUE(world_->engine().write_and_wait(std::move(batch)));
    world_->restart();
    return action;
  }
};

TEST_F(HawkbitStates, EachStateShowsWhatTheTableSays) {
  for (const auto& row : state_table()) {
    SCOPED_TRACE(domain::name_of(row.state));
    const std::string device = "state-" + std::to_string(static_cast<int>(row.state));
    put_device(device);
    const std::string action = action_in(device, row.state);
    // Before the poll: a failed task is tried anew with the next one.
    EXPECT_EQ(get(device, "/deploymentBase/" + action).status, row.action_there ? 200 : 404);
    const std::string said =
        R"({"status":{"execution":"rejected","result":{"finished":"none"},"details":["busy"]}})";
    EXPECT_EQ(post(device, "/deploymentBase/" + action + "/feedback", said).status,
              row.feedback_taken ? 200 : 410);
    EXPECT_EQ(task_of(device).state, row.state);
    const std::string poll = get(device, "").body;
    const bool asks = row.state == TaskState::awaiting_consent;
    if (!row.link.empty() && !asks) {
      EXPECT_NE(poll.find("/" + std::string(row.link) + "/" + action), std::string::npos) << poll;
    }
  }
}

TEST_F(HawkbitStates, EachFeedbackDoesWhatTheTableSays) {
  int n = 0;
  for (const auto& row : feedback_table()) {
    const std::string device = "feedback-" + std::to_string(n++);
    SCOPED_TRACE(std::string(name_of(row.execution)) + " " + device);
    put_device(device);
    const std::string action = poll_for_action(device);
    const auto finished = row.finished.value_or(Finished::none);
    const std::string said = R"({"status":{"execution":")" + std::string(name_of(row.execution)) +
                             R"(","result":{"finished":")" + std::string(name_of(finished)) +
                             R"("},"details":["ERROR : HASH mismatch"]}})";
    EXPECT_EQ(post(device, "/deploymentBase/" + action + "/feedback", said).status, 200);
    const domain::Task task = task_of(device);
    EXPECT_EQ(task.state,
              row.event ? *domain::transition(TaskState::pending, *row.event) : TaskState::pending);
    EXPECT_EQ(task.failure, row.event == domain::TaskEvent::failed
                                ? domain::FailureClass::verification
                                : domain::FailureClass::none);
  }
}

TEST_F(HawkbitStates, FactsAreKeptUnderTheirNames) {
  put_device("facts");
  std::string body = "{\"data\":{";
  for (const auto& row : attribute_table()) {
    body += "\"" + std::string(row.name) + "\":\"of " + std::string(row.name) + "\",";
  }
  body.back() = '}';
  EXPECT_EQ(put("facts", "/configData", body + "}").status, 200);
  const auto device = world_->device("facts");
  for (const auto& row : attribute_table()) {
    EXPECT_NE(domain::find_text(device->reported, row.name), nullptr) << row.name;
    EXPECT_NE(domain::find_text(device->reported, row.fact), nullptr) << row.fact;
  }
}

}  // namespace
}  // namespace otaru::dialect::hawkbit
