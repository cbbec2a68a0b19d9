// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

namespace otaru::cli {
namespace {

const Command& find(const std::string& noun, const std::string& verb) {
  for (const auto& command : commands()) {
    if (command.noun == noun && command.verb == verb) return command;
  }
  ADD_FAILURE() << noun << " " << verb << " is missing";
  return commands().front();
}

// Nothing here names a product or release, so no server is asked.
std::string body(const Command& command, const Values& values) {
  Client nobody("http://127.0.0.1:1", "");
  const auto made = body_of(command, values, nobody);
  return made ? *made : "error: " + made.error().message;
}

TEST(Command, TheTableIsWhole) {
  std::set<std::string> names;
  std::set<std::string> known;
  for (const auto& [noun, help] : nouns()) known.insert(noun);
  for (const auto& command : commands()) {
    const std::string name = command.noun + " " + command.verb;
    EXPECT_TRUE(names.insert(name).second) << name << " twice";
    EXPECT_TRUE(known.count(command.noun)) << name;
    EXPECT_NE(command.examples.find("otaru " + name), std::string::npos) << name;
    EXPECT_FALSE(command.summary.empty()) << name;
    for (const auto& argument : command.arguments) {
      const bool in_path = argument.member.front() == '{';
      EXPECT_EQ(in_path, command.path.find(argument.member) != std::string::npos) << name;
    }
  }
  EXPECT_GT(names.size(), 50u);
}

TEST(Command, BuildsBodies) {
  EXPECT_EQ(body(find("product", "add"), {{"NAME", {"M5310"}}, {"manufacturer", {"001"}}}),
            R"({"name":"M5310","manufacturer":"001"})");
  EXPECT_EQ(body(find("device", "block"), {{"DEVICE", {"1"}}}), R"({"blocked":true})");
  EXPECT_EQ(body(find("key", "add"), {{"NAME", {"ci"}}, {"role", {"viewer"}}}),
            R"({"kind":"api_key","name":"ci","attributes":{"role":"viewer"}})");
}

TEST(Command, ListsAreRepeatedOrWithCommas) {
  EXPECT_EQ(body(find("deployment", "add-devices"),
                 {{"DEPLOYMENT", {"1"}}, {"device", {"a,b", "c", ",d,"}}}),
            R"({"add":["a","b","c","d"]})");
  EXPECT_EQ(body(find("package", "update"), {{"ID", {"1"}}, {"permission", {"79,1"}}}),
            R"({"permissions":[79,1]})");
  EXPECT_EQ(body(find("package", "update"), {{"ID", {"1"}}, {"permission", {"x"}}}),
            "error: --permission: 'x' is no number");
}

TEST(Command, TargetsAreOneObject) {
  EXPECT_EQ(body(find("deployment", "add"),
                 {{"NAME", {"all"}}, {"newest", {"stable"}}, {"product", {"7"}}}),
            R"({"name":"all","target":{"newest_in_channel":"stable","product":7}})");
  EXPECT_EQ(body(find("deployment", "add"),
                 {{"NAME", {"fix"}}, {"release", {"3"}}, {"priority", {"-5"}}}),
            R"({"name":"fix","target":{"release":3},"priority":-5})");
}

TEST(Command, MapsNeedAnEqualsSignAndMayRemove) {
  EXPECT_EQ(body(find("device", "update"), {{"DEVICE", {"1"}}, {"attribute", {"a=b=c", "d="}}}),
            R"({"attributes":{"a":"b=c","d":null}})");
  EXPECT_EQ(body(find("device", "add"), {{"DEVICE", {"1"}}, {"attribute", {"d="}}}),
            R"({"key":"1","attributes":{"d":""}})");
  EXPECT_EQ(body(find("device", "add"), {{"DEVICE", {"1"}}, {"attribute", {"nothing"}}}),
            "error: --attribute: 'nothing' is not KEY=VALUE");
}

TEST(Command, QueryFlagsStayOutOfTheBody) {
  EXPECT_EQ(body(find("device", "update"),
                 {{"DEVICE", {"1"}}, {"tenant", {"harbour"}}, {"attribute", {"a=b"}}}),
            R"({"attributes":{"a":"b"}})");
}

TEST(Command, DevicesComeFromAFile) {
  const std::string path = ::testing::TempDir() + "otaru-devices.txt";
  std::ofstream(path) << "# first wave\n6523\n\n  6524 \r\n";
  EXPECT_EQ(
      body(find("deployment", "add-devices"), {{"DEPLOYMENT", {"1"}}, {"devices-file", {path}}}),
      R"({"add":["6523","6524"]})");
  EXPECT_EQ(body(find("deployment", "add-devices"),
                 {{"DEPLOYMENT", {"1"}}, {"device", {"1"}}, {"devices-file", {path}}}),
            "error: give --device or --devices-file, not both");
  EXPECT_EQ(body(find("deployment", "add-devices"),
                 {{"DEPLOYMENT", {"1"}}, {"devices-file", {path + ".not"}}}),
            "error: cannot read " + path + ".not");
}

TEST(Command, NumbersAreIdsAndNeedNoServer) {
  Client nobody("http://127.0.0.1:1", "");
  EXPECT_EQ(resolve(Names::product, "42", nobody).value(), 42);
  const auto release = resolve(Names::release, "lamp", nobody);
  ASSERT_FALSE(release.has_value());
  EXPECT_EQ(release.error().code, base::Code::invalid);
  const auto unreachable = resolve(Names::product, "lamp", nobody);
  ASSERT_FALSE(unreachable.has_value());
  EXPECT_EQ(unreachable.error().code, base::Code::unavailable);
}

}  // namespace
}  // namespace otaru::cli
