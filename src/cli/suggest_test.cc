// SPDX-License-Identifier: Apache-2.0
#include "cli/suggest.h"

#include <gtest/gtest.h>

namespace otaru::cli {
namespace {

const std::vector<std::string> kVerbs = {"add", "list", "show", "update", "remove", "publish"};
const std::vector<std::string> kNouns = {"product", "release", "package", "kit", "deployment",
                                         "device",  "task",    "client",  "key", "status"};

TEST(Suggest, FindsTypingErrors) {
  EXPECT_EQ(nearest("prodcut", kNouns), "product");
  EXPECT_EQ(nearest("delpoyment", kNouns), "deployment");
  EXPECT_EQ(nearest("lst", kVerbs), "list");
  EXPECT_EQ(nearest("ad", kVerbs), "add");
  EXPECT_EQ(nearest("statsu", kNouns), "status");
}

TEST(Suggest, FindsWordsThatWereBegun) {
  EXPECT_EQ(nearest("dep", kNouns), "deployment");
  EXPECT_EQ(nearest("pub", kVerbs), "publish");
}

TEST(Suggest, FindsWhatOtherProgramsCallIt) {
  EXPECT_EQ(nearest("rm", kVerbs), "remove");
  EXPECT_EQ(nearest("create", kVerbs), "add");
  EXPECT_EQ(nearest("rollout", kNouns), "deployment");
  EXPECT_EQ(nearest("rollout", kVerbs), "");
}

TEST(Suggest, SaysNothingAboutFarWords) {
  EXPECT_EQ(nearest("xyz", kNouns), "");
  EXPECT_EQ(nearest("banana", kNouns), "");
  EXPECT_EQ(nearest("frobnicate", kVerbs), "");
  EXPECT_EQ(nearest("", kVerbs), "");
  EXPECT_EQ(nearest(std::string(100'000, 'a'), kVerbs), "");
}

}  // namespace
}  // namespace otaru::cli
