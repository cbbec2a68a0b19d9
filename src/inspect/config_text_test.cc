// SPDX-License-Identifier: Apache-2.0
#include "inspect/config_text.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "tests/support/workshop.h"

namespace otaru::inspect {
namespace {

namespace limits = base::limits;

// The tree on one line: groups in braces, lists in brackets, texts in quotes.
std::string shown(const ConfigNode& node) {
  std::string out;
  switch (node.kind) {
    case ConfigNode::Kind::text:
      return "'" + node.text + "'";
    case ConfigNode::Kind::number:
    case ConfigNode::Kind::flag:
      return node.text;
    case ConfigNode::Kind::list:
      for (const auto& child : node.children) out += (out.empty() ? "" : " ") + shown(child);
      return "[" + out + "]";
    case ConfigNode::Kind::group:
      for (const auto& child : node.children) {
        out += (out.empty() ? "" : " ") + child.name + "=" + shown(child);
      }
      return "{" + out + "}";
  }
  return out;
}

std::string read(std::string_view text) {
  const auto tree = read_config_text(text);
  return tree ? shown(*tree) : "error: " + tree.error().message;
}

TEST(ConfigText, ReadsTheExamplesOfLibconfigsManual) {
  EXPECT_EQ(read(R"(// An example
version = "1.0";

application:
{
  window:
  {
    title = "My Application";
    size = { w = 640; h = 480; };
    pos = { x = 350; y = 250; };
  };
  list = ( ( "abc", 123, true ), 1.234, ( /* an empty list */ ) );
  books = ( { title  = "Treasure Island"; author = "R. L. S.";
              price  = 29.95; qty = 5; } );
  misc: # another comment
  {
    pi = 3.141592654;
    bigint = 9223372036854775807L;
    columns = [ "Last Name", "First Name" ];
    bitmask = 0x1FC3;
  };
};)"),
            "{version='1.0' application={window={title='My Application' size={w=640 h=480} "
            "pos={x=350 y=250}} list=[['abc' 123 true] 1.234 []] books=[{title='Treasure Island' "
            "author='R. L. S.' price=29.95 qty=5}] misc={pi=3.141592654 "
            "bigint=9223372036854775807L columns=['Last Name' 'First Name'] bitmask=0x1FC3}}}");
}

TEST(ConfigText, ReadsStrings) {
  EXPECT_EQ(read(R"(a = "one" " and "
                     "two";)"),
            "{a='one and two'}");
  EXPECT_EQ(read(R"(a = "q\"b\\n\ttab\x41\u00e9\z")"), "{a='q\"b\\n\ttabA\u00e9\\z'}");
  EXPECT_EQ(read("a = \"x\\"), "error: line 1: a string has no end");
}

TEST(ConfigText, ReadsJson) {
  EXPECT_EQ(read(R"({"software": {"version": "1", "list": ["a", {"b": null}], "c": -1e3}})"),
            "{software={version='1' list=['a' {b=null}] c=-1e3}}");
}

TEST(ConfigText, SettingsKnowWhereTheyStand) {
  const std::string_view text = "# x\nsoftware = { version = \"1\"; list: [ \"a\" ] }";
  const auto tree = read_config_text(text);
  ASSERT_TRUE(tree);
  const ConfigNode* software = tree->find("software");
  ASSERT_NE(software, nullptr);
  EXPECT_EQ(text.substr(software->offset, 8), "software");
  EXPECT_EQ(text.substr(software->find("version")->offset, 7), "version");
  const ConfigNode& element = software->find("list")->children.at(0);
  EXPECT_EQ(text.substr(element.offset, 3), "\"a\"");
  EXPECT_EQ(text.substr(element.value_offset, element.value_size), "a");
  EXPECT_EQ(software->find("version")->value_size, 1u);
  EXPECT_EQ(software->text_of("version"), "1");
  EXPECT_EQ(software->find("gone"), nullptr);
  EXPECT_EQ(software->find("list")->find("a"), nullptr);
}

TEST(ConfigText, IncludesAreRefused) {
  for (const auto* text : {"@include \"/etc/passwd\"", "  @include \"a\"\n",
                           "a = 1;\n@include \"a\"", "a = { @include \"a\" }"}) {
    EXPECT_NE(read(text).find("refused"), std::string::npos) << text;
  }
  EXPECT_EQ(read("a = \"@include\"; # @include"), "{a='@include'}");
}

TEST(ConfigText, SaysInWhichLineItEnds) {
  EXPECT_EQ(read("a = 1;\nb = ;"), "error: line 2: a value is missing");
  EXPECT_EQ(read("a\nb"), "error: line 2: '=' or ':' is missing after a name");
  EXPECT_EQ(read("a = word;"), "error: line 1: a value is neither text, number nor flag");
  EXPECT_EQ(read("a = [1 2]"), "error: line 1: ',' or the end of a list is missing");
  EXPECT_EQ(read("a = (1,"), "error: line 1: a list has no end");
  EXPECT_EQ(read("a = {b = 1;"), "error: line 1: a name is missing");
  EXPECT_EQ(read("/* a"), "error: line 1: a comment has no end");
  EXPECT_EQ(read("{\"a\": 1} x"), "error: line 1: text goes on after its end");
}

TEST(ConfigText, DepthSettingsAndSizeAreBounded) {
  for (const auto& [open, close] : {std::pair("a={", "}"), {"a=(", ")"}}) {
    std::string deep;
    for (int i = 0; i < 200'000; ++i) deep += i == 0 || *close == '}' ? open : "(";
    const auto tree = read_config_text(deep);
    ASSERT_FALSE(tree);
    EXPECT_EQ(tree.error().code, base::Code::too_large);
  }
  std::string many;
  for (size_t i = 0; i <= limits::kInspectConfigSettingsMax; ++i) many += "a=1;";
  EXPECT_EQ(read_config_text(many).error().code, base::Code::too_large);
  const std::string large = "# " + std::string(limits::kInspectConfigBytesMax, 'x');
  EXPECT_EQ(read_config_text(large).error().code, base::Code::too_large);
  EXPECT_NE(read(std::string(1000, 'n') + "=1").find("too long"), std::string::npos);
}

// The reader of libconfig syntax that swugenerator itself uses reads the same.
TEST(ConfigText, ReadsWhatAnotherReaderReads) {
  constexpr std::string_view kText = R"(software =
{
  version = "2.1.0"; /* c */ hardware-compatibility: [ "1.0", "#RE:^2\\.[0-9]$" ];
  // two boards
  board-a : { images: ( { filename = "a"; sha256 = "00" "ff"; size = 0x10L; flag = TRUE; },
                        { filename = "b\x41\t"; } ); };
  board-b = { list = ( ); ref = "#./board-a" };
  f = -1.5e-3; n = [ 1, 2, 3 ];
};
)";
  const test::Workshop workshop;
  workshop.write("text.cfg", kText);
  workshop.write("show.py", R"(import libconf, sys
def shown(v):
    if isinstance(v, dict):
        return "{" + " ".join(f"{k}={shown(x)}" for k, x in v.items()) + "}"
    if isinstance(v, (list, tuple)):
        return "[" + " ".join(map(shown, v)) + "]"
    return f"'{v}'" if isinstance(v, str) else "number"
sys.stdout.write(shown(libconf.load(open("text.cfg"))))
)");
  const std::string theirs = workshop.make("/usr/bin/python3 show.py >theirs", "theirs");
  auto tree = read_config_text(kText);
  ASSERT_TRUE(tree);
  // Numbers and flags are kept as they are written.
  const auto plain = [](auto& self, ConfigNode& node) -> void {
    if (node.kind == ConfigNode::Kind::number || node.kind == ConfigNode::Kind::flag) {
      node.text = "number";
    }
    for (auto& child : node.children) self(self, child);
  };
  plain(plain, *tree);
  EXPECT_EQ(shown(*tree), theirs);
}

}  // namespace
}  // namespace otaru::inspect
