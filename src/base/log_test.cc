// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/random.h"

namespace otaru::base {
namespace {

class Log : public ::testing::Test {
 protected:
  Log() {
    log::set_sink([this](const std::string& line) { lines_.push_back(line); });
  }
  ~Log() override {
    log::set_sink(nullptr);
    log::configure(log::Level::info, log::Format::text);
  }
  std::vector<std::string> lines_;
};

TEST_F(Log, TextLinesHaveTimeLevelEventAndFields) {
  log::info("task.created", {{"device", "d1"}, {"task", 7}, {"empty", ""}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(lines_[0].substr(24), " info task.created device=d1 task=7 empty=\"\"\n");
}

TEST_F(Log, JsonLinesAreJson) {
  log::configure(log::Level::info, log::Format::json);
  log::warn("a", {{"text", "with \"quotes\"\nand a line"}});
  ASSERT_EQ(lines_.size(), 1u);
  const auto document = JsonDocument::parse(lines_[0]);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().find("level").text(), "warn");
  EXPECT_EQ(document->root().find("text").text(), "with \"quotes\"\nand a line");
}

TEST_F(Log, NoByteOfADeviceForgesALineOrMovesTheCursor) {
  SeededRandom random(5);
  for (int round = 0; round < 500; ++round) {
    const std::string bytes = random.bytes(random.below(20));
    log::info("x", {{"text", bytes}});
  }
  log::info("x", {{"text", "a\nb"}});
  log::info("x", {{"text", "\x1b[2J"}});
  log::info("x", {{"text", "\x7f\x08\x9b"}});
  for (const auto& line : lines_) {
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
    const std::string_view text(line.data(), line.size() - 1);
    EXPECT_TRUE(std::none_of(text.begin(), text.end(), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte < 0x20 || byte == 0x7f;
    })) << text;
  }
}

TEST_F(Log, LevelsHold) {
  log::configure(log::Level::warn, log::Format::text);
  log::debug("a");
  log::info("b");
  log::warn("c");
  log::error("d");
  EXPECT_EQ(lines_.size(), 2u);
  log::configure(log::Level::off, log::Format::text);
  log::error("e");
  EXPECT_EQ(lines_.size(), 2u);
}

}  // namespace
}  // namespace otaru::base
