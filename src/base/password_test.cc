// SPDX-License-Identifier: Apache-2.0
#include "base/password.h"

#include <gtest/gtest.h>

namespace otaru::base {
namespace {

constexpr PasswordCost kCheap{1, 8192};

TEST(PasswordTest, MatchesOnlyItself) {
  const auto stored = hash_password("correct horse", kCheap);
  ASSERT_TRUE(stored.has_value());
  EXPECT_TRUE(stored->starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
  EXPECT_TRUE(password_matches(*stored, "correct horse"));
  EXPECT_FALSE(password_matches(*stored, "correct hors"));
  EXPECT_FALSE(password_matches(*stored, ""));
  EXPECT_FALSE(password_matches("", ""));
  EXPECT_FALSE(password_matches(std::string(200, 'x'), "correct horse"));
  // Salted: the same password twice is not the same text.
  EXPECT_NE(*stored, *hash_password("correct horse", kCheap));
}

TEST(PasswordTest, AHashNobodyKnowsIsWorkedOnLikeAnyOther) {
  const auto stored = unknown_password_hash(kCheap, std::string(32, 'r'));
  EXPECT_FALSE(password_matches(stored, "anything"));
  // Well-formed and of this cost, or it would be refused without the work.
  EXPECT_FALSE(password_needs_rehash(stored, kCheap));
  EXPECT_EQ(stored.size(), hash_password("x", kCheap)->size());
}

TEST(PasswordTest, AnotherCostAsksForAnotherHash) {
  const auto stored = *hash_password("correct horse", kCheap);
  EXPECT_FALSE(password_needs_rehash(stored, kCheap));
  EXPECT_TRUE(password_needs_rehash(stored, {2, 8192}));
  EXPECT_TRUE(password_needs_rehash(stored, {1, 16384}));
}

}  // namespace
}  // namespace otaru::base
