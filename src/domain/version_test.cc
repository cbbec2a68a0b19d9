// SPDX-License-Identifier: Apache-2.0
#include "domain/version.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace otaru::domain {
namespace {

constexpr VersionScheme kAllSchemes[] = {VersionScheme::dotted, VersionScheme::semver,
                                         VersionScheme::integer, VersionScheme::publish_order};

// '<', '=', '>' or '!' when one of them does not parse.
char version_order(VersionScheme scheme, std::string_view a, std::string_view b) {
  const auto result = compare_versions(VersionFormat{scheme, {}}, a, b);
  if (!result) return '!';
  return *result < 0 ? '<' : *result > 0 ? '>' : '=';
}

bool version_fits(VersionScheme scheme, std::string_view text) {
  return validate_version(VersionFormat{scheme, {}}, text).has_value();
}

void expect_ascending(VersionScheme scheme, const std::vector<std::string>& texts) {
  for (size_t i = 0; i < texts.size(); ++i) {
    for (size_t k = 0; k < texts.size(); ++k) {
      const char expected = i < k ? '<' : i > k ? '>' : '=';
      EXPECT_EQ(version_order(scheme, texts[i], texts[k]), expected) << texts[i] << " " << texts[k];
    }
  }
}

TEST(VersionDotted, OrdersTheVendorsOwnTexts) {
  const auto scheme = VersionScheme::dotted;
  EXPECT_EQ(version_order(scheme, "V1.02.0.0", "1.2.0.0"), '=');
  EXPECT_EQ(version_order(scheme, "V1.02.0.0", "v1.2"), '=');
  EXPECT_EQ(version_order(scheme, "V0.0.1", "2.0.6.11"), '<');
  EXPECT_EQ(version_order(scheme, "7.2.00", "7.2"), '=');
  EXPECT_EQ(version_order(scheme, "00.10", "01.01"), '<');
  EXPECT_EQ(version_order(scheme, "00.10", "0.9"), '>');
  expect_ascending(scheme, {"V0.0.0.0", "V0.0.1", "V0.2.0.4", "1.0.0.4", "V1.1.0.0", "V1.1.0.2",
                            "V1.02.0.0", "V2.0.6.9", "2.0.6.11", "7.2.00"});
}

TEST(VersionDotted, ReadsSixtyFourBitsAndAnyNumberOfLeadingZeros) {
  const auto scheme = VersionScheme::dotted;
  EXPECT_EQ(version_order(scheme, "18446744073709551615", "18446744073709551614"), '>');
  EXPECT_EQ(version_order(scheme, "000000000000000000000000000000000001", "1"), '=');
  EXPECT_FALSE(version_fits(scheme, "18446744073709551616"));
}

TEST(VersionDotted, RefusesWhatIsNoNumber) {
  for (const std::string_view text : {"", "V", "vv1", "1.", ".1", "1..2", "1.a", "a", " 1", "1 ",
                                      "-1", "+1", "1.-2", "1,2", "0x10", "1.2-rc1", "v1.2_3"}) {
    EXPECT_FALSE(version_fits(VersionScheme::dotted, text)) << text;
  }
}

TEST(VersionDotted, HasLimits) {
  std::string parts = "1";
  for (size_t i = 1; i < base::limits::kVersionPartsMax; ++i) parts += ".1";
  EXPECT_TRUE(version_fits(VersionScheme::dotted, parts));
  EXPECT_FALSE(version_fits(VersionScheme::dotted, parts + ".0"));
  const std::string zeros(base::limits::kVersionBytesMax - 1, '0');
  for (const VersionScheme scheme : kAllSchemes) {
    if (scheme == VersionScheme::semver) continue;
    EXPECT_TRUE(version_fits(scheme, zeros + "1")) << scheme_name(scheme);
    EXPECT_FALSE(version_fits(scheme, zeros + "12")) << scheme_name(scheme);
  }
}

TEST(VersionInteger, ComparesNumbersAndFallsBackToDotted) {
  const auto scheme = VersionScheme::integer;
  expect_ascending(scheme, {"6", "17", "18"});
  EXPECT_EQ(version_order(scheme, "6", "006"), '=');
  EXPECT_EQ(version_order(scheme, "6", "6.0.1"), '<');
  EXPECT_EQ(version_order(scheme, "1.9", "1.10"), '<');
  EXPECT_EQ(version_order(scheme, "6", "five"), '!');
}

TEST(VersionSemver, FollowsTheSpecificationsOwnExamples) {
  const auto scheme = VersionScheme::semver;
  // semver.org 2.0.0, item 11.
  expect_ascending(
      scheme, {"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
               "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "2.0.0", "2.1.0", "2.1.1"});
  // Item 2, and item 10: build metadata says nothing about order.
  expect_ascending(scheme, {"1.9.0", "1.10.0", "1.11.0"});
  EXPECT_EQ(version_order(scheme, "1.0.0+20130313144700", "1.0.0+001"), '=');
  EXPECT_EQ(version_order(scheme, "1.0.0-beta+exp.sha.5114f85", "1.0.0-beta"), '=');
  // Identifiers: numbers below letters, ASCII order, any length of number.
  expect_ascending(scheme, {"1.0.0-9", "1.0.0-10", "1.0.0-99999999999999999999999", "1.0.0--",
                            "1.0.0-A", "1.0.0-a"});
}

TEST(VersionSemver, AcceptsWhatTheGrammarAccepts) {
  for (const std::string_view text :
       {"0.0.4", "1.2.3", "10.20.30", "1.1.2-prerelease+meta", "1.1.2+meta", "1.1.2+meta-valid",
        "1.0.0-alpha.beta.1", "1.0.0-alpha0.valid", "1.0.0-alpha.0valid", "1.0.0-x.7.z.92",
        "1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay", "2.0.0-rc.1+build.123",
        "10.2.3-DEV-SNAPSHOT", "1.2.3----RC-SNAPSHOT.12.9.1--.12+788", "1.0.0-x-y-z.--",
        "1.0.0+21AF26D3----117B344092BD", "1.0.0+0.build.1-rc.10000aaa-kk-0.1",
        "1.0.0-0A.is.legal"}) {
    EXPECT_TRUE(version_fits(VersionScheme::semver, text)) << text;
  }
}

TEST(VersionSemver, RefusesWhatTheGrammarRefuses) {
  for (const std::string_view text : {"1",
                                      "1.2",
                                      "1.2.3-0123",
                                      "1.2.3-0123.0123",
                                      "1.1.2+.123",
                                      "+invalid",
                                      "-invalid",
                                      "-invalid+invalid",
                                      "-invalid.01",
                                      "alpha",
                                      "alpha.beta.1",
                                      "alpha+beta",
                                      "alpha_beta",
                                      "alpha.",
                                      "1.0.0-alpha_beta",
                                      "-alpha.",
                                      "1.0.0-alpha..",
                                      "1.0.0-alpha..1",
                                      "01.1.1",
                                      "1.01.1",
                                      "1.1.01",
                                      "1.2.3.DEV",
                                      "1.2-SNAPSHOT",
                                      "1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12+788",
                                      "-1.0.3-gamma+b7718",
                                      "+justmeta",
                                      "9.8.7+meta+meta",
                                      "9.8.7-whatever+meta+meta",
                                      "v1.2.3",
                                      "1.0.0-",
                                      "1.0.0+",
                                      "1.2.3.4",
                                      "1..3",
                                      ""}) {
    EXPECT_FALSE(version_fits(VersionScheme::semver, text)) << text;
  }
}

TEST(VersionPublishOrder, KnowsOnlyEquality) {
  const auto scheme = VersionScheme::publish_order;
  EXPECT_EQ(version_order(scheme, "release candidate", "release candidate"), '=');
  EXPECT_EQ(version_order(scheme, "1", "2"), '!');
  EXPECT_EQ(version_order(scheme, "1", "1.0"), '!');
  EXPECT_TRUE(version_fits(scheme, "\xE4\xBA\x94 #5"));
  EXPECT_FALSE(version_fits(scheme, ""));
  EXPECT_FALSE(version_fits(scheme, "a\nb"));
  EXPECT_FALSE(version_fits(scheme, std::string_view("a\0b", 3)));
  EXPECT_FALSE(version_fits(scheme, "a\x7F"));
}

TEST(Version, SaysWhatIsWrong) {
  const auto status = validate_version(VersionFormat{}, "1.x");
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, base::Code::invalid);
  EXPECT_EQ(status.error().message,
            "version '1.x' has a part that is not a number (scheme dotted)");
  EXPECT_EQ(validate_version(VersionFormat{}, "").error().message,
            "version is empty (scheme dotted)");
  // What a hostile device sent does not get into a message as it is.
  EXPECT_EQ(validate_version(VersionFormat{}, "1.\x01\xFF").error().message,
            "version '1.\?\?' has a part that is not a number (scheme dotted)");
}

TEST(Version, ZeroInTheProductsOwnSpelling) {
  const auto zero = [](VersionScheme scheme, std::string pattern) {
    return zero_version(VersionFormat{scheme, std::move(pattern)});
  };
  EXPECT_EQ(zero(VersionScheme::dotted, "V#N.#N.#N.#N"), "V0.0.0.0");
  EXPECT_EQ(zero(VersionScheme::dotted, "#N.#N.#N.#N"), "0.0.0.0");
  EXPECT_EQ(zero(VersionScheme::dotted, "#N.#N"), "0.0");
  EXPECT_EQ(zero(VersionScheme::dotted, "#NN.#NN"), "00.00");
  EXPECT_EQ(zero(VersionScheme::dotted, "r#-N#"), "r#-N#");
  EXPECT_EQ(zero(VersionScheme::dotted, ""), "0");
  EXPECT_EQ(zero(VersionScheme::semver, ""), "0.0.0");
  EXPECT_EQ(zero(VersionScheme::integer, ""), "0");
}

TEST(Version, SchemesHaveNames) {
  for (const VersionScheme scheme : kAllSchemes) {
    const auto parsed = parse_scheme(scheme_name(scheme));
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(*parsed, scheme);
  }
  EXPECT_EQ(parse_scheme("Dotted").error().message,
            "version scheme 'Dotted' is unknown; accepted: dotted semver integer publish_order");
}

}  // namespace
}  // namespace otaru::domain
