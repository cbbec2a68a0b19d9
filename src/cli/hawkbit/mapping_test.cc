// SPDX-License-Identifier: Apache-2.0
#include "cli/hawkbit/mapping.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "cli/hawkbit/management.h"

namespace otaru::cli::hawkbit {
namespace {

base::JsonDocument json_of(std::string_view text) {
  return base::JsonDocument::parse(text).value();
}

bool mentions(const std::vector<std::string>& lines, std::string_view text) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const auto& line) { return line.find(text) != line.npos; });
}

TEST(HawkbitMappingTest, EveryArtifactOfAModuleIsAProduct) {
  const Module module{7, "app", "1.0", "application", "", "", false};
  const auto list = json_of(R"([{"id":9,"providedFilename":"b.sig","size":2,"hashes":{}},
      {"id":8,"providedFilename":"a.tar","size":5,"hashes":{"sha256":"AB","md5":"cd"}}])");
  const auto artifacts = read_artifacts(list.root());
  ASSERT_EQ(artifacts.size(), 2u);
  EXPECT_EQ(artifacts[0].file_name, "a.tar");
  EXPECT_EQ(artifacts[0].sha256, "ab");
  const auto parts = parts_of(module, artifacts);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0], (Part{"app", "application", "1.0", 0}));
  EXPECT_EQ(parts[1], (Part{"app.b.sig", "application", "1.0", 1}));
  EXPECT_EQ(slot_of(parts[1]), "app.b.sig/application");
  EXPECT_EQ(slot_of({"app", "", "1", 0}), "app");
  EXPECT_EQ(product_type_of("os"), "firmware");
  EXPECT_EQ(product_type_of("runtime"), "software");
}

TEST(HawkbitMappingTest, AChannelIsTheNameOfASetAsFarAsItMayBe) {
  EXPECT_EQ(channel_of("stable"), "stable");
  EXPECT_EQ(channel_of("Lamp Set (EU)"), "lamp-set-eu");
  EXPECT_EQ(channel_of("--v2.1_x--"), "v2.1_x");
  EXPECT_EQ(channel_of("\xE7\x81\xAF"), "");
  EXPECT_EQ(channel_of("!?"), "");
  EXPECT_EQ(channel_of(std::string(64, 'a')), std::string(64, 'a'));
  EXPECT_EQ(channel_of(std::string(65, 'a')), "");
}

TEST(HawkbitMappingTest, AFileNameLosesWhatNoneMayHave) {
  EXPECT_EQ(file_name_of("lamp-1.0+b.swu"), "lamp-1.0+b.swu");
  EXPECT_EQ(file_name_of("jre 11;x.tar.gz"), "jre_11_x.tar.gz");
  EXPECT_EQ(file_name_of("../../etc/passwd"), "passwd");
  EXPECT_EQ(file_name_of("a\\b.bin"), "b.bin");
  EXPECT_EQ(file_name_of(".hidden"), "_.hidden");
  EXPECT_EQ(file_name_of(""), "_");
  EXPECT_EQ(file_name_of("\xC3\xA4.bin"), "__.bin");
  EXPECT_EQ(file_name_of(std::string(400, 'a')).size(), base::limits::kNameBytesMax);
}

TEST(HawkbitMappingTest, TheSchemeTakesEveryVersion) {
  const auto scheme_of = [](std::initializer_list<std::string_view> versions) {
    SchemeGuess guess;
    for (const auto version : versions) guess.add(version);
    return std::string(guess.scheme());
  };
  EXPECT_EQ(scheme_of({"1.0", "1.10.2"}), "dotted");
  EXPECT_EQ(scheme_of({"1.0.0", "1.1.0-rc.1"}), "semver");
  EXPECT_EQ(scheme_of({"1.0", "spring"}), "publish_order");
  EXPECT_EQ(scheme_of({"1.0", "1.1.0-rc.1"}), "publish_order");
}

TEST(HawkbitMappingTest, ATargetIsALineOfAnImport) {
  const auto item = json_of(R"({"controllerId":"lab-1","name":"Lamp","description":"door",
      "securityToken":"bH7XXAprK1ChnLfKSdtlsp7NOlPnZAYY","updateStatus":"in_sync",
      "createdAt":1767225600000,"lastControllerRequestAt":1767312000000,
      "installedAt":1767305600000,"targetType":1,"targetTypeName":"lamp","group":"eu"})");
  TargetDetails details;
  details.attributes = {{"board", "rev2"}};
  details.metadata = {{"site", "north"}};
  details.tags = {"beta"};
  details.installed = {{"os", "os", "1.0", 0}};
  details.assigned = {{"os", "os", "1.1", 0}, {"app", "application", "2", 0}};
  const auto line = device_line(read_target(item.root()), details);
  ASSERT_TRUE(line);
  EXPECT_TRUE(line->left_out.empty());
  EXPECT_EQ(
      line->json,
      R"({"key":"lab-1","door":"hawkbit","secret":"bH7XXAprK1ChnLfKSdtlsp7NOlPnZAYY",)"
      R"("attributes":{"name":"Lamp","description":"door","type":"lamp","group":"eu",)"
      R"("product":"os,app","site":"north"},"reported":{"board":"rev2"},"tags":["beta"],)"
      R"("components":[{"slot":"os/os","product":"os","model":"","feature":"os",)"
      R"("version":"1.0","reported_at":"2026-01-01T22:13:20.000Z"}],)"
      R"("created_at":"2026-01-01T00:00:00.000Z","last_seen_at":"2026-01-02T00:00:00.000Z"})");
}

TEST(HawkbitMappingTest, WhatHasNoPlaceOnADeviceIsTold) {
  Target target;
  target.controller_id = "d";
  target.auto_confirm = true;
  TargetDetails details;
  for (int i = 0; i < 70; ++i) details.attributes.emplace_back("a" + std::to_string(i), "v");
  details.attributes.emplace_back("long", std::string(600, 'x'));
  details.attributes.emplace_back("bad", std::string("\0x", 2));
  details.attributes.emplace_back("lines", "one\ntwo");
  details.metadata = {{"product", "mine"}, {"", "x"}, {"site", "a"}, {"site", "b"}};
  details.tags = {"a;b", " c", std::string(65, 't'), "good"};
  details.assigned = {{"with,comma", "", "1", 0}};
  details.installed = {{"x", "", "1", 0}, {"x", "", "2", 0}};
  const auto line = device_line(target, details);
  ASSERT_TRUE(line);
  for (const auto* what :
       {"security token", "'a64'", "'long'", "'bad'", "metadata 'product'", "''", "'site'", "'a;b'",
        "' c'", "with,comma", "installed twice", "auto-confirmation"}) {
    EXPECT_TRUE(mentions(line->left_out, what)) << what;
  }
  const auto made = json_of(line->json);
  EXPECT_EQ(made.root().find("reported").size(), base::limits::kAttributesPerDeviceMax);
  EXPECT_EQ(made.root().find("tags").size(), 1u);
  EXPECT_EQ(made.root().find("components").size(), 1u);
  EXPECT_EQ(made.root().find("attributes").find("site").text(), "a");
  EXPECT_FALSE(made.root().find("secret").exists());
}

TEST(HawkbitMappingTest, AKeyThatCannotBeOneIsRefused) {
  Target target;
  for (const std::string& key : {std::string(), std::string(129, 'k'), std::string("a\nb")}) {
    target.controller_id = key;
    EXPECT_FALSE(device_line(target, {})) << key;
  }
}

TEST(HawkbitMappingTest, AnyJsonIsReadWithoutHarm) {
  for (const auto* text : {"{}", "[]", "null", "[1,2]", R"({"modules":7,"id":"x"})",
                           R"({"modules":[{"id":-1}],"hashes":[]})"}) {
    const auto item = json_of(text);
    read_module(item.root());
    read_artifacts(item.root());
    read_target_filter(item.root());
    EXPECT_EQ(read_set(item.root()).id, 0);
    EXPECT_FALSE(device_line(read_target(item.root()), {}));
  }
}

TEST(HawkbitManagementTest, AUrlIsTakenAsFarAsItNamesTheServer) {
  EXPECT_EQ(clean_url("http://h:8080/"), "http://h:8080");
  EXPECT_EQ(clean_url("https://h/ota/rest/v1/"), "https://h/ota");
  for (const auto* url :
       {"h:8080", "ftp://h", "http://", "http://u:p@h", "http://h?x", "http://h h"}) {
    EXPECT_FALSE(clean_url(url)) << url;
  }
  // What is in front of '@' is not shown either.
  EXPECT_EQ(clean_url("http://u:p@h").error().message.find("u:p"), std::string::npos);
}

TEST(HawkbitManagementTest, PausesGrowAndHaveAnEnd) {
  EXPECT_EQ(retry_wait_ms(0, ""), 500);
  EXPECT_EQ(retry_wait_ms(3, ""), 4'000);
  EXPECT_EQ(retry_wait_ms(60, ""), base::limits::kHawkbitWaitMsMax);
  EXPECT_EQ(retry_wait_ms(0, "2"), 2'000);
  EXPECT_EQ(retry_wait_ms(0, "0"), 0);
  EXPECT_EQ(retry_wait_ms(0, "86400"), base::limits::kHawkbitWaitMsMax);
  EXPECT_EQ(retry_wait_ms(1, "Wed, 21 Oct 2026 07:28:00 GMT"), 1'000);
}

}  // namespace
}  // namespace otaru::cli::hawkbit
