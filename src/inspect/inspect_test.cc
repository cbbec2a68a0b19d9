// SPDX-License-Identifier: Apache-2.0
#include "inspect/inspect.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/limits.h"
#include "inspect/reader.h"

namespace otaru::inspect {
namespace {

TEST(Inspect, UnknownBytesAreRaw) {
  StringSource source("hello, this is no firmware");
  const auto findings = inspect(source);
  ASSERT_TRUE(findings);
  EXPECT_EQ(findings->kind, "raw");
  EXPECT_TRUE(findings->sound());
  StringSource empty("");
  const auto nothing = inspect(empty);
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(nothing->sound());
  EXPECT_TRUE(nothing->has_note("empty"));
}

TEST(Findings, JsonNamesEveryFactWithItsEvidence) {
  Findings findings;
  findings.kind = "test";
  findings.add(FactName::version, "1.2", {"header.version", 16, 4, {}});
  findings.warn("odd", "Something is odd.", "Look at it.");
  const auto json = base::JsonDocument::parse(to_json(findings));
  ASSERT_TRUE(json);
  const auto fact = json->root().find("facts").at(0);
  EXPECT_EQ(fact.find("name").text(), "version");
  EXPECT_EQ(fact.find("evidence").find("offset").integer(), 16);
  EXPECT_EQ(json->root().find("notes").at(0).find("code").text(), "odd");
}

TEST(Findings, TextsOfAFileAreCleanedAndCut) {
  EXPECT_EQ(clean_text("a\x1b[2Jb\xff\xc2\x9b c\n"), "a [2Jb?  c");
  EXPECT_EQ(clean_text(std::string(100'000, 'x')).size(), base::limits::kInspectTextBytesMax);
  const std::string cut = clean_text(std::string(511, 'x') + "\xE6\x97\xA5");
  EXPECT_EQ(cut, std::string(511, 'x'));
  Findings findings;
  for (int i = 0; i < 10'000; ++i) findings.add(FactName::hardware, std::to_string(i), {});
  EXPECT_EQ(findings.facts.size(), base::limits::kInspectFactsMax);
}

TEST(Reader, EndsWithItsBudget) {
  StringSource source(std::string(1000, 'x'));
  Budget budget{100, 10};
  const Reader reader(source, budget);
  EXPECT_EQ(reader.bytes(950, 60)->size(), 50u);
  EXPECT_EQ(reader.bytes(0, 60)->size(), 0u);
  EXPECT_TRUE(budget.exhausted);
  EXPECT_FALSE(reader.crc32(0, 1000)->has_value());
}

TEST(Reader, PartsLieInsideTheirWindow) {
  StringSource source("0123456789");
  Budget budget = default_budget();
  const Reader part = Reader(source, budget).part(4, 3);
  EXPECT_EQ(part.bytes(0, 100).value(), "456");
  EXPECT_EQ(part.part(2, 100).bytes(0, 100).value(), "6");
  EXPECT_EQ(part.part(100, 100).size(), 0u);
  EXPECT_EQ(part.bytes(UINT64_MAX, 1).value(), "");
}

}  // namespace
}  // namespace otaru::inspect
