// SPDX-License-Identifier: Apache-2.0
#include "domain/key_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/random.h"

namespace otaru::domain {
namespace {

using Texts = std::vector<std::string>;
using Model = std::set<std::string>;

Texts texts_of(const Model& model) {
  return {model.begin(), model.end()};
}

// Keys that share beginnings, end in one another, and hold any byte.
std::string some_key(base::Random& random) {
  static constexpr std::string_view kBegins[] = {"", "86123405000", "a", "device-", "\xff\xfe"};
  std::string key(kBegins[random.below(std::size(kBegins))]);
  if (random.below(40) == 0) key.append(random.below(300), 'x');
  const uint64_t alphabet = random.below(3);
  for (uint64_t i = random.below(6); i > 0; --i) {
    key += alphabet == 0   ? static_cast<char>('0' + random.below(10))
           : alphabet == 1 ? static_cast<char>(random.below(256))
                           : static_cast<char>(random.below(2));
  }
  return key;
}

Model some_keys(base::Random& random, uint64_t most) {
  Model out;
  for (uint64_t i = random.below(most + 1); i > 0; --i) out.insert(some_key(random));
  return out;
}

void expect_same(const KeySet& set, const Model& model) {
  ASSERT_EQ(set.keys(), texts_of(model));
  EXPECT_EQ(set.size(), model.size());
  EXPECT_EQ(set.empty(), model.empty());
  size_t longest = 0;
  for (const auto& key : model) {
    ASSERT_TRUE(set.contains(key));
    longest = std::max(longest, key.size());
  }
  EXPECT_EQ(set.longest_bytes(), longest);
}

TEST(KeySetTest, holds_each_key_once_in_order) {
  const KeySet set = KeySet::of({"b", "a", "", "a", "ab", "b"});
  EXPECT_EQ(set.keys(), (Texts{"", "a", "ab", "b"}));
  EXPECT_EQ(set, (KeySet{"ab", "b", "a", ""}));
  EXPECT_FALSE(set == (KeySet{"ab", "b", "a"}));
  EXPECT_TRUE(set.contains("") && set.contains("ab"));
  EXPECT_FALSE(set.contains("aa") || set.contains("abc") || set.contains("c"));
}

TEST(KeySetTest, the_empty_set_is_one) {
  const KeySet none;
  EXPECT_TRUE(none.empty() && none == KeySet::of({}) && none == KeySet{});
  EXPECT_FALSE(none.contains(""));
  EXPECT_EQ(none.packed(), "");
  EXPECT_EQ(*KeySet::unpack(""), none);
  EXPECT_TRUE(none.page("", 5).empty());
  EXPECT_EQ((KeySet{"a"}).without(KeySet{"a"}), none);
  EXPECT_EQ(none.united(none), none);
  EXPECT_NE(none.digest(), KeySet{""}.digest());
  EXPECT_FALSE(none == KeySet{""});
}

TEST(KeySetTest, is_what_a_set_of_texts_is) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    base::SeededRandom random(seed);
    const Model model = some_keys(random, seed % 10 == 0 ? 2'000 : 60);
    Texts shuffled = texts_of(model);
    for (size_t i = shuffled.size(); i > 1; --i) {
      std::swap(shuffled[i - 1], shuffled[random.below(i)]);
    }
    const KeySet set = KeySet::of(shuffled);
    expect_same(set, model);
    for (int i = 0; i < 200; ++i) {
      const std::string key = some_key(random);
      ASSERT_EQ(set.contains(key), model.count(key) == 1) << key;
      const size_t limit = random.below(40);
      Texts page;
      for (auto at = model.upper_bound(key); at != model.end() && page.size() < limit; ++at) {
        page.push_back(*at);
      }
      ASSERT_EQ(set.page(key, limit), page) << key;
    }
    const auto again = KeySet::unpack(std::string(set.packed()));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, set);
    EXPECT_EQ(again->digest(), set.digest());
    expect_same(*again, model);
  }
}

TEST(KeySetTest, unites_and_subtracts_as_sets_do) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    base::SeededRandom random(seed);
    const Model left = some_keys(random, 200);
    const Model right = some_keys(random, random.below(2) == 0 ? 3 : 200);
    Model both = left;
    both.insert(right.begin(), right.end());
    Model less;
    std::set_difference(left.begin(), left.end(), right.begin(), right.end(),
                        std::inserter(less, less.end()));
    const KeySet a = KeySet::of(texts_of(left));
    const KeySet b = KeySet::of(texts_of(right));
    expect_same(a.united(b), both);
    expect_same(a.without(b), less);
    // Equal sets have equal bytes, however they came to be.
    EXPECT_EQ(a.united(b), KeySet::of(texts_of(both)));
    EXPECT_EQ(a.without(b).digest(), KeySet::of(texts_of(less)).digest());
  }
}

TEST(KeySetTest, damaged_bytes_are_refused_or_a_set_of_their_own) {
  base::SeededRandom random(7);
  for (int round = 0; round < 3'000; ++round) {
    const KeySet set = KeySet::of(texts_of(some_keys(random, 60)));
    std::string bytes(set.packed());
    for (uint64_t i = random.below(3); i > 0 && !bytes.empty(); --i) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    if (random.below(3) == 0) bytes.resize(random.below(bytes.size() + 1));
    if (random.below(4) == 0) bytes += static_cast<char>(random.below(256));
    const auto read = KeySet::unpack(bytes);
    if (!read) {
      EXPECT_EQ(read.error().code, base::Code::invalid);
      continue;
    }
    EXPECT_EQ(read->packed(), bytes);
    EXPECT_EQ(KeySet::of(read->keys()), *read);
  }
}

TEST(KeySetTest, bytes_of_other_versions_are_refused) {
  std::string bytes(KeySet{"a"}.packed());
  bytes[0] = 2;
  EXPECT_FALSE(KeySet::unpack(bytes));
  EXPECT_FALSE(KeySet::unpack(std::string(1, '\1')));
  EXPECT_FALSE(KeySet::unpack(std::string("\1\0", 2)));         // an empty set is no bytes
  EXPECT_FALSE(KeySet::unpack(std::string("\1\x81\0\1a", 5)));  // a number longer than needed
  EXPECT_FALSE(KeySet::unpack(std::string("\1\2\1a\0a", 6)));   // shares less than it could
  EXPECT_TRUE(KeySet::unpack(std::string("\1\2\1a\0b", 6)));
  EXPECT_FALSE(KeySet::unpack(std::string("\1\2\1b\0a", 6)));  // the other way round
}

TEST(KeySetTest, a_copy_is_the_same_object) {
  const KeySet set{"a", "b"};
  const KeySet copy = set;
  EXPECT_TRUE(copy.same_as(set));
  EXPECT_TRUE(set.united(KeySet{}).same_as(set));
  EXPECT_FALSE((KeySet{"a", "b"}).same_as(set));
}

TEST(KeySetTest, a_reader_outlives_its_set) {
  KeySet::Reader reader = KeySet{"a", "b"}.read();
  EXPECT_TRUE(reader.next() && reader.key() == "a");
  EXPECT_TRUE(reader.next() && reader.key() == "b");
  EXPECT_FALSE(reader.next() || reader.next());
}

TEST(KeySetTest, long_lists_take_few_bytes) {
  Texts numbers;
  for (int i = 0; i < 100'000; ++i) numbers.push_back("86123405" + std::to_string(1'000'000 + i));
  const KeySet set = KeySet::of(std::move(numbers));
  EXPECT_LT(set.packed().size(), set.size() * 7 / 2);
}

}  // namespace
}  // namespace otaru::domain
