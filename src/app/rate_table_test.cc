// SPDX-License-Identifier: Apache-2.0
#include "app/rate_table.h"

#include <gtest/gtest.h>

namespace otaru::app {
namespace {

using base::Time;

TEST(RateTableTest, ABurstThenOneAtATime) {
  RateTable table(3, 1000, 10);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(table.take("a", Time{0}), 0);
  EXPECT_EQ(table.take("a", Time{0}), 1000);
  EXPECT_EQ(table.take("a", Time{400}), 600);  // asking does not count
  EXPECT_EQ(table.take("b", Time{400}), 0);
  EXPECT_EQ(table.take("a", Time{1000}), 0);
  EXPECT_EQ(table.take("a", Time{1000}), 1000);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(table.take("a", Time{60'000}), 0);
}

TEST(RateTableTest, WhatWasNoAttemptIsGivenBack) {
  RateTable table(1, 1000, 10);
  EXPECT_EQ(table.take("a", Time{0}), 0);
  table.give_back("a", Time{0});
  EXPECT_EQ(table.take("a", Time{0}), 0);
  table.give_back("nobody", Time{0});
  EXPECT_EQ(table.take("a", Time{0}), 1000);
}

TEST(RateTableTest, AFloodOfKeysForgivesNobody) {
  RateTable table(5, 1000, 100);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(table.take("victim", Time{0}), 0);
  for (int i = 0; i < 10'000; ++i) table.take("key" + std::to_string(i), Time{0});
  EXPECT_EQ(table.size(), 100U);
  EXPECT_GT(table.take("victim", Time{0}), 0);
  EXPECT_EQ(table.take("victim", Time{10'000}), 0);
  EXPECT_EQ(table.size(), 1U);  // the others are as if never seen
}

}  // namespace
}  // namespace otaru::app
