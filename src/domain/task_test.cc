// SPDX-License-Identifier: Apache-2.0
#include "domain/task.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace otaru::domain {
namespace {

constexpr TaskState kEveryState[] = {
    TaskState::pending, TaskState::downloading, TaskState::upgrading, TaskState::succeeded,
    TaskState::failed,  TaskState::cancelled,   TaskState::paused,    TaskState::expired};
constexpr TaskEvent kEveryEvent[] = {TaskEvent::download_started,
                                     TaskEvent::downloaded,
                                     TaskEvent::installed,
                                     TaskEvent::version_reported,
                                     TaskEvent::failed,
                                     TaskEvent::cancel,
                                     TaskEvent::pause,
                                     TaskEvent::resume,
                                     TaskEvent::expire};

// The whole matrix, literally; what is not listed is refused.
const std::map<std::string, std::string>& possible_transitions() {
  static const std::map<std::string, std::string> kPossible = {
      {"pending download_started", "downloading"},
      {"pending downloaded", "upgrading"},
      {"pending installed", "succeeded"},
      {"pending version_reported", "succeeded"},
      {"pending failed", "failed"},
      {"pending cancel", "cancelled"},
      {"pending pause", "paused"},
      {"pending resume", "pending"},
      {"pending expire", "expired"},
      {"downloading download_started", "downloading"},
      {"downloading downloaded", "upgrading"},
      {"downloading installed", "succeeded"},
      {"downloading version_reported", "succeeded"},
      {"downloading failed", "failed"},
      {"downloading cancel", "cancelled"},
      {"downloading pause", "paused"},
      {"downloading expire", "expired"},
      {"upgrading downloaded", "upgrading"},
      {"upgrading installed", "succeeded"},
      {"upgrading version_reported", "succeeded"},
      {"upgrading failed", "failed"},
      {"upgrading cancel", "cancelled"},
      {"upgrading pause", "paused"},
      {"upgrading expire", "expired"},
      {"paused version_reported", "succeeded"},
      {"paused cancel", "cancelled"},
      {"paused pause", "paused"},
      {"paused resume", "pending"},
      {"paused expire", "expired"},
  };
  return kPossible;
}

TEST(Task, TransitionsAreExactlyThese) {
  for (const TaskState state : kEveryState) {
    for (const TaskEvent event : kEveryEvent) {
      const std::string from(name_of(state));
      const std::string what(name_of(event));
      const auto expected = possible_transitions().find(from + " " + what);
      const auto result = transition(state, event);
      if (expected == possible_transitions().end()) {
        ASSERT_FALSE(result.has_value()) << from << " " << what;
        EXPECT_EQ(result.error().code, base::Code::precondition);
        EXPECT_EQ(result.error().message, "task is " + from + ": " + what + " is not possible");
      } else {
        ASSERT_TRUE(result.has_value()) << from << " " << what;
        EXPECT_EQ(name_of(*result), expected->second) << from << " " << what;
      }
    }
  }
}

TEST(Task, EndedIsForEver) {
  for (const TaskState state : kEveryState) {
    bool accepts = false;
    for (const TaskEvent event : kEveryEvent) accepts |= transition(state, event).has_value();
    EXPECT_EQ(accepts, is_open(state)) << name_of(state);
  }
}

TEST(Task, StatesAndFailuresHaveNames) {
  for (const TaskState state : kEveryState) {
    const auto parsed = parse_task_state(name_of(state));
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(*parsed, state);
  }
  for (int i = 0; i <= static_cast<int>(FailureClass::unknown); ++i) {
    const auto value = static_cast<FailureClass>(i);
    const auto parsed = parse_failure_class(name_of(value));
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(*parsed, value);
  }
  EXPECT_EQ(parse_task_state("done").error().code, base::Code::invalid);
  EXPECT_FALSE(parse_failure_class("").has_value());
}

}  // namespace
}  // namespace otaru::domain
