// SPDX-License-Identifier: Apache-2.0
#include "app/kept_answers.h"

#include <gtest/gtest.h>

#include "app/rider.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;

KeptAnswer row(std::string key, int64_t at) {
  return {std::move(key), "f", "1", "sealed", base::Time{at}};
}

TEST(KeptAnswersTest, ADayAndNoLonger) {
  KeptAnswers kept;
  const auto key = KeptAnswers::key_of("key", 7, "a");
  EXPECT_EQ(key, "key\n7\na");
  kept.put(row(key, 1000));
  const int64_t over = 1000 + limits::kKeptAnswerMs;
  EXPECT_TRUE(kept.find(key, base::Time{over - 1}).has_value());
  EXPECT_FALSE(kept.find(key, base::Time{over}).has_value());
  EXPECT_TRUE(kept.drop_expired(base::Time{over - 1}).empty());
  EXPECT_EQ(kept.drop_expired(base::Time{over}), std::vector<std::string>{key});
  EXPECT_TRUE(kept.drop_expired(base::Time{over}).empty());
}

TEST(KeptAnswersTest, OneActorDoesNotTakeTheRoomOfAll) {
  KeptAnswers kept;
  for (size_t i = 0; i < limits::kKeptAnswersPerActorMax; ++i) {
    const auto key = KeptAnswers::key_of("key", 7, std::to_string(i));
    ASSERT_TRUE(kept.check_room(key).has_value());
    kept.put(row(key, 1000));
    kept.put(row(key, 1000));  // again is no second one
  }
  const auto refused = kept.check_room(KeptAnswers::key_of("key", 7, "more"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, base::Code::exhausted);
  EXPECT_TRUE(kept.check_room(KeptAnswers::key_of("key", 8, "more")).has_value());
  while (!kept.drop_expired(base::Time{1000 + limits::kKeptAnswerMs}).empty()) {
  }
  EXPECT_TRUE(kept.check_room(KeptAnswers::key_of("key", 7, "more")).has_value());
}

TEST(RiderTest, JoinsTheBatchesOfItsThreadWhileItLives) {
  WriteBatch before;
  Rider::board(before);
  EXPECT_TRUE(before.ops.empty());
  {
    const Rider outer([](WriteBatch& batch) { batch.ops.emplace_back(row("outer", 1)); });
    {
      const Rider inner([](WriteBatch& batch) { batch.ops.emplace_back(row("inner", 1)); });
      WriteBatch batch;
      Rider::board(batch);
      EXPECT_EQ(std::get<KeptAnswer>(batch.ops.at(0)).key, "inner");
    }
    WriteBatch batch;
    Rider::board(batch);
    EXPECT_EQ(std::get<KeptAnswer>(batch.ops.at(0)).key, "outer");
  }
  WriteBatch after;
  Rider::board(after);
  EXPECT_TRUE(after.ops.empty());
}

}  // namespace
}  // namespace otaru::app
