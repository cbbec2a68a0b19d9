// SPDX-License-Identifier: Apache-2.0
#include "domain/list_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/random.h"

namespace otaru::domain {
namespace {

std::set<uint32_t> found(const ListTable& table, std::string_view key) {
  std::set<uint32_t> out;
  table.visit(key, [&](uint32_t number) { EXPECT_TRUE(out.insert(number).second); });
  return out;
}

KeySet numbered(size_t from, size_t count) {
  std::vector<std::string> keys;
  for (size_t i = from; i < from + count; ++i) keys.push_back("key-" + std::to_string(i));
  return KeySet::of(std::move(keys));
}

TEST(ListTableTest, finds_every_list_of_a_key) {
  const std::vector<KeySet> lists = {numbered(0, 100), numbered(50, 100), KeySet{}, KeySet{""},
                                     numbered(0, 100)};
  const auto table = ListTable::build(lists, nullptr);
  EXPECT_EQ(table->number_of(lists[2]), ListTable::kNone);
  EXPECT_EQ(found(*table, "key-10"),
            (std::set{table->number_of(lists[0]), table->number_of(lists[4])}));
  EXPECT_EQ(found(*table, "key-70").size(), 3u);
  EXPECT_EQ(found(*table, ""), std::set{table->number_of(lists[3])});
  EXPECT_TRUE(found(*table, "key-1000").empty());
  EXPECT_TRUE(found(*ListTable::build({}, table.get()), "key-1").empty());
}

TEST(ListTableTest, a_long_list_is_hashed_once) {
  std::vector<KeySet> lists = {numbered(0, 20'000)};
  auto table = ListTable::build(lists, nullptr);
  for (size_t i = 0; i < 50; ++i) {
    lists.push_back(numbered(i, 10 + i));
    auto next = ListTable::build(lists, table.get());
    ASSERT_TRUE(next->shares_largest_run(*table)) << i;
    table = std::move(next);
  }
  EXPECT_LE(table->runs(), 8u);
  EXPECT_EQ(table->entries(), 20'000u + 50 * 10 + 49 * 25);
  // Without its list the run goes, and what stood in it with it.
  lists.erase(lists.begin());
  table = ListTable::build(lists, table.get());
  EXPECT_TRUE(found(*table, "key-19999").empty());
  EXPECT_LT(table->entries(), 3'000u);
}

TEST(ListTableTest, is_what_asking_every_list_gives) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    base::SeededRandom random(seed);
    std::vector<KeySet> lists;
    std::shared_ptr<const ListTable> table;
    for (int round = 0; round < 12; ++round) {
      for (uint64_t i = random.below(4); i > 0; --i) {
        lists.push_back(numbered(random.below(50), random.below(random.below(8) == 0 ? 300 : 20)));
      }
      for (uint64_t i = random.below(4); i > 0 && !lists.empty(); --i) {
        lists.erase(lists.begin() + static_cast<std::ptrdiff_t>(random.below(lists.size())));
      }
      table = ListTable::build(lists, table.get());
      for (size_t at = 0; at < 360; at += 1 + random.below(9)) {
        const std::string key = "key-" + std::to_string(at);
        std::set<uint32_t> expected;
        for (const KeySet& list : lists) {
          if (list.contains(key)) expected.insert(table->number_of(list));
        }
        ASSERT_EQ(found(*table, key), expected) << key;
      }
    }
  }
}

}  // namespace
}  // namespace otaru::domain
