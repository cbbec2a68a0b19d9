// SPDX-License-Identifier: Apache-2.0
#include "app/key_list.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/random.h"

namespace otaru::app {
namespace {

base::Result<domain::KeySet> read_list(std::string_view text, size_t piece = 0) {
  KeyListReader reader;
  const size_t step = piece == 0 ? text.size() + 1 : piece;
  for (size_t at = 0; at < text.size(); at += step) {
    if (auto done = reader.write(text.substr(at, step)); !done) {
      return base::fail(std::move(done).error());
    }
  }
  return reader.finish();
}

// "line 2: why; line 7: why".
std::string faults(std::string_view text) {
  const auto read = read_list(text);
  if (read) return "none";
  std::string out = read.error().field + ": " + read.error().message;
  for (const auto& other : read.error().others) out += "; " + other.field + ": " + other.message;
  return out;
}

TEST(KeyListTest, reads_lines_and_csv) {
  const domain::KeySet wanted{"a", "b c", "d"};
  EXPECT_EQ(*read_list("a\nb c\nd\n"), wanted);
  EXPECT_EQ(*read_list("d\r\n\r\na\r\nb c\r\na"), wanted);
  EXPECT_EQ(*read_list("\xef\xbb\xbf"
                       "a\n\"b c\"\nd"),
            wanted);
  EXPECT_EQ(*read_list("key\na\nb c\nd\n"), wanted);
  EXPECT_EQ(*read_list("site,key,note\nx,a,\ny,\"b c\",\"1,2\n3\"\n,d,z\n"), wanted);
  EXPECT_EQ(*read_list("\"x,\"\"y\"\"\"\n"), (domain::KeySet{"x,\"y\""}));
  EXPECT_TRUE(read_list("")->empty());
  EXPECT_TRUE(read_list("\n\n\n")->empty());
  EXPECT_TRUE(read_list("key\n")->empty());
}

TEST(KeyListTest, names_the_lines_that_are_wrong) {
  EXPECT_EQ(faults("a\nb,c\nd\n\"e\n"),
            "line 2: the line has 2 fields, not 1; line 4: a quoted field has no closing quote");
  EXPECT_EQ(faults("key,site\na,1\nb\n,2\n"),
            "line 3: the line has 1 fields, not 2; line 4: a device key is empty");
  EXPECT_EQ(faults("a\n\x01\n"), "line 2: " + faults("\x01").substr(8));
  EXPECT_EQ(faults(std::string(129, 'x')).substr(0, 6), "line 1");
  EXPECT_EQ(read_list("a,b\n").error().code, base::Code::invalid);
  // A file of something else ends soon.
  std::string wrong;
  for (int i = 0; i < 1'000; ++i) wrong += "a,b\n";
  const auto read = read_list(wrong);
  EXPECT_EQ(read.error().others.size() + 1, base::limits::kFaultsNamedMax);
  EXPECT_EQ(read_list(std::string(1'000'000, 'x'), 1'000).error().code, base::Code::too_large);
}

TEST(KeyListTest, is_the_same_however_it_is_cut) {
  base::SeededRandom random(3);
  std::string text = "\xef\xbb\xbfsite,key\r\n";
  std::vector<std::string> keys;
  for (int i = 0; i < 500; ++i) {
    keys.push_back("dev \"" + std::to_string(random.below(400)) + "\"");
    text += "\"a\nb\",";
    base::append_csv_field(keys.back(), text);
    text += i % 3 == 0 ? "\r\n" : "\n";
  }
  const auto wanted = domain::KeySet::of(keys);
  for (const size_t piece : {1u, 2u, 3u, 7u, 100u, 4096u}) {
    const auto read = read_list(text, piece);
    ASSERT_TRUE(read) << read.error().field << read.error().message;
    EXPECT_EQ(*read, wanted) << piece;
  }
}

#ifndef OTARU_SANITIZED  // the same path as above, only longer
TEST(KeyListTest, more_than_a_million_devices_are_refused) {
  std::string text;
  KeyListReader reader;
  for (size_t i = 0; i <= base::limits::kExplicitDevicesMax; ++i) {
    text += "d" + std::to_string(i) + "\n";
    if (text.size() < 60'000) continue;
    ASSERT_TRUE(reader.write(text));
    text.clear();
  }
  ASSERT_TRUE(reader.write(text));
  const auto read = reader.finish();
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, base::Code::too_large);
  EXPECT_EQ(reader.keys_read(), static_cast<int64_t>(base::limits::kExplicitDevicesMax) + 1);
}
#endif

}  // namespace
}  // namespace otaru::app
