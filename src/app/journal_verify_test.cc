// SPDX-License-Identifier: Apache-2.0
// Whatever is done to an export, verifying says so, and says where.
#include "domain/journal_verify.h"

#include <gtest/gtest.h>

#include "app/journal.h"
#include "base/random.h"

namespace otaru::app {
namespace {

using Lines = std::vector<std::string>;
using domain::ChainHead;
using domain::JournalFault;
using domain::JournalVerifier;
using domain::parse_chain_head;
using Kind = JournalFault::Kind;

JournalEntry entry_after(const ChainHead& head, std::string changes = "[]") {
  Actor actor = system_actor("test");
  JournalEntry entry =
      make_entry(actor, base::Time{1'777'636'800'000 + head.sequence},
                 {"product.create", "product", "1", "lamp \"x\"", "default"}, std::move(changes));
  entry.sequence = head.sequence + 1;
  entry.previous = head.hash;
  entry.hash = journal_hash(entry);
  return entry;
}

Lines chain(int count, ChainHead* head) {
  Lines out;
  for (int i = 0; i < count; ++i) {
    const auto entry = entry_after(*head);
    *head = {entry.sequence, entry.hash};
    out.push_back(journal_line(entry));
  }
  return out;
}

std::optional<JournalFault> verify(const Lines& lines, JournalVerifier::Expect expect = {}) {
  JournalVerifier verifier(std::move(expect));
  for (const auto& line : lines) {
    if (auto fault = verifier.add(line)) return fault;
  }
  return verifier.finish();
}

class JournalVerify : public ::testing::Test {
 protected:
  JournalVerify() : lines_(chain(8, &head_)) {}
  void expect(Kind kind, int64_t sequence, const Lines& lines,
              JournalVerifier::Expect expected = {}) {
    const auto fault = verify(lines, std::move(expected));
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->kind, kind) << fault->message;
    EXPECT_EQ(fault->sequence, sequence) << fault->message;
    EXPECT_FALSE(fault->message.empty());
  }
  ChainHead head_;
  Lines lines_;
};

TEST_F(JournalVerify, a_whole_chain_is_whole) {
  EXPECT_FALSE(verify(lines_));
  EXPECT_FALSE(verify(lines_, {{}, head_}));
  // In two pieces, and with a head in the middle.
  ChainHead middle;
  const Lines first = chain(3, &middle);
  EXPECT_FALSE(verify(lines_, {{}, middle}));
  EXPECT_FALSE(verify({lines_.begin() + 3, lines_.end()}, {middle, head_}));
}

TEST_F(JournalVerify, what_is_wrong_is_named) {
  Lines lines = lines_;
  lines[2].replace(lines[2].find("lamp"), 4, "lump");
  expect(Kind::changed, 3, lines);
  lines = lines_;
  lines.erase(lines.begin() + 4);
  expect(Kind::missing, 5, lines);
  lines = lines_;
  lines.erase(lines.begin());
  expect(Kind::missing, 1, lines);
  lines = lines_;
  std::swap(lines[4], lines[5]);
  expect(Kind::missing, 5, lines);
  lines = lines_;
  lines.insert(lines.begin() + 4, lines[3]);
  expect(Kind::misplaced, 4, lines);
  lines = lines_;
  lines.pop_back();
  EXPECT_FALSE(verify(lines));  // a chain cannot tell where it should end
  expect(Kind::cut, 8, lines, {{}, head_});
  expect(Kind::empty, 0, {});
  expect(Kind::malformed, 1, {""});
  expect(Kind::malformed, 2, {lines_[0], "{}"});
}

// Somebody who can compute hashes replaces an entry, or everything from it on.
TEST_F(JournalVerify, entries_made_anew_do_not_fit) {
  ChainHead before;
  const Lines kept = chain(4, &before);
  const auto forged = entry_after(before, "[{\"forged\":true}]");
  Lines lines = lines_;
  lines[4] = journal_line(forged);
  expect(Kind::unchained, 6, lines);
  ChainHead anew{forged.sequence, forged.hash};
  lines.resize(5);
  for (const auto& line : chain(3, &anew)) lines.push_back(line);
  EXPECT_FALSE(verify(lines));  // consistent in itself
  expect(Kind::other_head, 8, lines, {{}, head_});
}

TEST_F(JournalVerify, every_byte_counts) {
  base::SeededRandom random(7);
  for (size_t line = 0; line < lines_.size(); ++line) {
    for (size_t at = 0; at < lines_[line].size(); ++at) {
      Lines lines = lines_;
      lines[line][at] =
          static_cast<char>(lines[line][at] ^ static_cast<char>(1 + random.below(255)));
      const auto fault = verify(lines, {{}, head_});
      ASSERT_TRUE(fault) << "line " << line << ", byte " << at;
      EXPECT_EQ(fault->line, static_cast<int64_t>(line) + 1) << "byte " << at;
    }
  }
}

TEST_F(JournalVerify, any_lines_dropped_swapped_or_repeated_show) {
  base::SeededRandom random(8);
  for (int round = 0; round < 2'000; ++round) {
    Lines lines = lines_;
    for (uint64_t i = 1 + random.below(3); i > 0; --i) {
      if (lines.empty()) break;
      const auto a = static_cast<std::ptrdiff_t>(random.below(lines.size()));
      const auto b = static_cast<std::ptrdiff_t>(random.below(lines.size()));
      switch (random.below(3)) {
        case 0:
          lines.erase(lines.begin() + a);
          break;
        case 1:
          std::swap(lines[static_cast<size_t>(a)], lines[static_cast<size_t>(b)]);
          break;
        default:
          lines.insert(lines.begin() + b, std::string(lines[static_cast<size_t>(a)]));
      }
    }
    EXPECT_EQ(lines == lines_, !verify(lines, {{}, head_}).has_value()) << "round " << round;
  }
}

TEST_F(JournalVerify, heads_are_read_back) {
  const std::string hash(64, 'a');
  EXPECT_EQ(*parse_chain_head("12:" + hash), (ChainHead{12, hash}));
  for (const auto& bad :
       {std::string(), std::string("12"), "0:" + hash, "x:" + hash, "12:" + hash + "a",
        "12:" + std::string(64, 'A'), "-1:" + hash, ":" + hash}) {
    EXPECT_FALSE(parse_chain_head(bad)) << bad;
  }
}

}  // namespace
}  // namespace otaru::app
