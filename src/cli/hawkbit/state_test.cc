// SPDX-License-Identifier: Apache-2.0
#include "cli/hawkbit/state.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace otaru::cli::hawkbit {
namespace {

using base::Code;

class HawkbitStateTest : public testing::Test {
 protected:
  HawkbitStateTest() {
    char name[] = "/tmp/otaru-state-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~HawkbitStateTest() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  static std::string content(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string folder_;
};

TEST_F(HawkbitStateTest, WhatIsSavedIsLoadedAgain) {
  const auto fresh = load_state(path("s"), "a to b");
  ASSERT_TRUE(fresh);
  EXPECT_EQ(fresh->phase, Phase::others);
  State state = *fresh;
  state.phase = Phase::targets;
  state.place = 1'500;
  state.report_bytes = 77;
  state.tally[2] = {5, 1, 2, 0, 2};
  ASSERT_TRUE(save_state(state, path("s")));
  const auto again = load_state(path("s"), "a to b");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->phase, Phase::targets);
  EXPECT_EQ(again->place, 1'500);
  EXPECT_EQ(again->report_bytes, 77);
  EXPECT_EQ(again->tally[2].read, 5);
  EXPECT_EQ(again->tally[2].there, 2);
  EXPECT_EQ(again->tally[2].not_mapped, 2);
}

TEST_F(HawkbitStateTest, AStateOfAnotherImportIsNotGoneOnWith) {
  State state;
  state.of = "a to b";
  ASSERT_TRUE(save_state(state, path("s")));
  EXPECT_EQ(load_state(path("s"), "a to c").error().code, Code::conflict);
  for (const auto* text : {"", "{", "[]", "{\"otaru_import\":1,\"phase\":99,\"of\":\"a to b\"}",
                           "{\"otaru_import\":2,\"phase\":1,\"of\":\"a to b\"}"}) {
    std::ofstream(path("s")) << text;
    EXPECT_EQ(load_state(path("s"), "a to b").error().code, Code::invalid) << text;
  }
}

TEST_F(HawkbitStateTest, AReportDropsWhatWasNotSaved) {
  int64_t saved = 0;
  {
    Report report;
    ASSERT_TRUE(report.open(path("r"), 0));
    report.add(Kind::set, "lab v2", Report::Result::not_mapped, "no \"dotted\" version");
    saved = report.flush().value();
    Report second;
    EXPECT_EQ(second.open(path("r"), 0).error().code, Code::conflict);
    report.add(Kind::target, "x", Report::Result::partly, "lost with the power");
    ASSERT_TRUE(report.flush());
  }
  Report report;
  ASSERT_TRUE(report.open(path("r"), saved));
  report.add(Kind::target, "y", Report::Result::differs, "z");
  ASSERT_TRUE(report.flush());
  EXPECT_EQ(content(path("r")),
            R"({"kind":"distribution set","name":"lab v2","result":"not_mapped",)"
            R"("reason":"no \"dotted\" version"})"
            "\n"
            R"({"kind":"target","name":"y","result":"differs","reason":"z"})"
            "\n");
  int lines = 0;
  EXPECT_EQ(report.for_each_shown(1, [&](const std::string&) { ++lines; }), 2);
  EXPECT_EQ(lines, 1);
  Report longer;
  EXPECT_FALSE(longer.open(path("other"), 10));
}

TEST_F(HawkbitStateTest, EveryKindHasAName) {
  for (size_t i = 0; i < kKinds; ++i) EXPECT_FALSE(name_of(static_cast<Kind>(i)).empty());
  EXPECT_TRUE(name_of(static_cast<Kind>(kKinds)).empty());
}

}  // namespace
}  // namespace otaru::cli::hawkbit
