// SPDX-License-Identifier: Apache-2.0
#include "inspect/match.h"

#include <gtest/gtest.h>

namespace otaru::inspect {
namespace {

struct Said {
  FactName name;
  std::string_view value;
  std::string_view field = "field";
};

Findings findings_that_say(std::string_view kind, std::initializer_list<Said> all) {
  Findings findings;
  findings.kind = kind;
  for (const auto& said : all) {
    findings.add(said.name, said.value, {std::string(said.field), 7, 3, "inside:here"});
  }
  return findings;
}

// The fields that are refused, "version hardware"; those only mentioned in brackets.
std::string fields(const Findings& findings, const Expected& expected) {
  std::string out;
  for (const auto& mismatch : mismatches(findings, expected)) {
    if (!out.empty()) out += " ";
    out += mismatch.weight == Weight::refuse ? mismatch.field : "(" + mismatch.field + ")";
  }
  return out;
}

TEST(Match, VersionsAreTheSameByTextOrWithALeadingV) {
  EXPECT_TRUE(same_version("2.1.0", "2.1.0"));
  EXPECT_TRUE(same_version("v2.1.0", "2.1.0"));
  EXPECT_TRUE(same_version("2.1.0", "V2.1.0"));
  EXPECT_TRUE(same_version("2.1.0-RC1", "2.1.0-rc1"));
  EXPECT_TRUE(same_version("1.2.3+0", "1.2.3"));
  EXPECT_TRUE(same_version("release-2.1.0", "2.1.0"));
  EXPECT_TRUE(same_version("2.1.0", "app-v2.1.0"));
  EXPECT_FALSE(same_version("2.1.0", "2.1"));
  EXPECT_FALSE(same_version("12.1.0", "2.1.0"));
  EXPECT_FALSE(same_version("2.0-1.0", "1.0"));
  EXPECT_FALSE(same_version("1.2.3+1", "1.2.3"));
  EXPECT_FALSE(same_version("vista", "ista"));
  EXPECT_FALSE(same_version("release-", ""));
}

TEST(Match, AnotherVersionIsRefusedWithTheEvidence) {
  const auto findings = findings_that_say("rauc", {{FactName::version, "2.0.0"}});
  const auto all = mismatches(findings, {"gateway", "", "", "2.1.0"});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].weight, Weight::refuse);
  EXPECT_EQ(all[0].sentence,
            "The file says it is version 2.0.0 (inside:here), but the release is 2.1.0.");
  EXPECT_EQ(all[0].evidence.offset, 7u);
  EXPECT_FALSE(all[0].remedy.empty());
}

TEST(Match, OneOfSeveralVersionsIsEnough) {
  const auto mender =
      findings_that_say("mender", {{FactName::version, "1.4"}, {FactName::version, "release-9"}});
  EXPECT_EQ(fields(mender, {"", "", "", "1.4"}), "");
  EXPECT_EQ(fields(mender, {"", "", "", "9"}), "");
  EXPECT_EQ(fields(mender, {"", "", "", "1.5"}), "version");
}

TEST(Match, VersionsOfComponentsAreOnlyMentioned) {
  const auto kernel = findings_that_say("uimage", {{FactName::version, "6.1.0"}});
  EXPECT_EQ(fields(kernel, {"", "", "", "2.1.0"}), "(version)");
}

TEST(Match, RevisionsOfPackagersAreNoOtherVersion) {
  const auto deb = findings_that_say("deb", {{FactName::version, "1:2.1.0-3"}});
  EXPECT_EQ(fields(deb, {"", "", "", "2.1.0"}), "");
  EXPECT_EQ(fields(deb, {"", "", "", "2.1.0-3"}), "");
  EXPECT_EQ(fields(deb, {"", "", "", "2.1.0-4"}), "version");
  EXPECT_EQ(
      fields(findings_that_say("rauc", {{FactName::version, "2.1.0-3"}}), {"", "", "", "2.1.0"}),
      "version");
}

TEST(Match, WhatIsNotKnownIsNotHeldAgainst) {
  const auto empty = findings_that_say("rauc", {});
  EXPECT_EQ(fields(empty, {"gateway", "gateway-a", "1.0", "2.1.0"}), "");
  const auto full =
      findings_that_say("rauc", {{FactName::version, "1"}, {FactName::hardware, "gateway-b"}});
  EXPECT_EQ(fields(full, {}), "");
}

TEST(Match, DevicesMustHaveTheModel) {
  const auto mender = findings_that_say(
      "mender", {{FactName::hardware, "gateway-a"}, {FactName::hardware, "gateway-b"}});
  EXPECT_EQ(fields(mender, {"", "gateway-b", "", ""}), "");
  EXPECT_EQ(fields(mender, {"", "Gateway B", "", ""}), "");
  EXPECT_EQ(fields(mender, {"", "lamp", "gateway-a", ""}), "");
  EXPECT_EQ(fields(mender, {"gateway", "b", "", ""}), "");
  EXPECT_EQ(fields(mender, {"", "gateway-c", "", ""}), "hardware");
  EXPECT_EQ(fields(mender, {"", "gateway", "c", ""}), "");  // a word of it
  EXPECT_EQ(fields(mender, {"", "gate", "", ""}), "hardware");
  const auto rauc = findings_that_say("rauc", {{FactName::hardware, "acme,gateway-a"}});
  EXPECT_EQ(fields(rauc, {"", "gateway-a", "", ""}), "");
  EXPECT_EQ(fields(rauc, {"", "gateway-b", "", ""}), "hardware");
}

TEST(Match, SwupdateHasRevisionsAndBoards) {
  const std::string_view all = "software.hardware-compatibility";
  const auto revisions = findings_that_say("swupdate", {{FactName::hardware, "1.0", all}});
  EXPECT_EQ(fields(revisions, {"", "gateway", "1.0", ""}), "");
  EXPECT_EQ(fields(revisions, {"", "gateway", "", ""}), "");
  EXPECT_EQ(fields(revisions, {"", "gateway", "v1.0", ""}), "");
  EXPECT_EQ(fields(revisions, {"", "gateway", "2.0", ""}), "hardware");
  const auto pattern = findings_that_say("swupdate", {{FactName::hardware, "#RE:^2", all}});
  EXPECT_EQ(fields(pattern, {"", "gateway", "1.0", ""}), "");
  const auto boards = findings_that_say(
      "swupdate", {{FactName::board, "gateway-b"}, {FactName::hardware, "B2", "software.x"}});
  EXPECT_EQ(fields(boards, {"", "gateway-b", "B2", ""}), "");
  EXPECT_EQ(fields(boards, {"", "gateway-c", "B2", ""}), "hardware");
  EXPECT_EQ(fields(boards, {"", "gateway-b", "B3", ""}), "hardware");
}

TEST(Match, ChipsAreComparedWithChipsOnly) {
  const auto chip = findings_that_say("esp-idf-app", {{FactName::hardware, "esp32c3"}});
  EXPECT_EQ(fields(chip, {"", "lamp", "", ""}), "");
  EXPECT_EQ(fields(chip, {"", "lamp", "esp32c3", ""}), "");
  EXPECT_EQ(fields(chip, {"", "lamp", "ESP32-C3", ""}), "");
  EXPECT_EQ(fields(chip, {"", "lamp", "esp32s3", ""}), "hardware");
}

TEST(Match, DeltasNeedTheirBase) {
  const auto delta = findings_that_say("mender", {{FactName::base_version, "2.0.0"}});
  EXPECT_EQ(fields(delta, {"", "", "", "", "2.0.0"}), "");
  EXPECT_EQ(fields(delta, {"", "", "", "", "v2.0.0"}), "");
  EXPECT_EQ(fields(delta, {"", "", "", "", "1.9"}), "base_version");
  EXPECT_EQ(fields(delta, {}), "base_version");
}

}  // namespace
}  // namespace otaru::inspect
